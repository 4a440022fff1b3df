"""Lines as services send them in many languages: each tells its event, and its person.

``tests/wordings``: event, language, line, who acts ("" where nobody is named), with tabs between.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from mailguard.reading.platforms_actor import name_of
from mailguard.reading.platforms_text import line_of, subject_readings
from tests.unit.reading.platforms.messages import facts_of, shipped

WORDINGS = Path(__file__).parents[3] / "wordings"


def examples(path: Path) -> list[tuple[str, str, str]]:
    rows = [
        line.split("\t")
        for line in path.read_text("utf-8").splitlines()
        if line.strip() and not line.startswith("#")
    ]
    return [(event, line, who.strip().strip('"')) for event, _, line, who in rows]


def told(line: str) -> tuple[str, str]:
    wordings, rules = shipped()._wordings[""], shipped()._rules
    found = next(filter(None, (wordings.find(reading) for reading in subject_readings(line, []))), None)
    if found is None:
        return "", ""
    return found.event.value, name_of(found.who, None, rules).shown if found.who else ""


@pytest.mark.parametrize("path", sorted(WORDINGS.glob("*.txt")), ids=lambda path: path.stem)
def test_every_line_tells_its_event_and_its_person(path: Path):
    rows = examples(path)

    wrong = [(line, event, who, told(line)) for event, line, who in rows if told(line) != (event, who)]

    assert len(rows) > 100
    assert not wrong


NO_CONTACTS = (
    "security",
    "moderation",
    "sign_up",
    "suggestion",
    "digest",
    "upload",
    "live",
    "marketing",
    "other",
)


def lines_of(*events: str) -> list[str]:
    """Lines of these events that say of nobody that he did something."""
    return [
        line
        for path in sorted(WORDINGS.glob("*.txt"))
        for event, line, who in examples(path)
        if event in events and (not who or event == "suggestion")
    ]


def test_what_a_person_types_behind_a_contact_makes_nothing_else_of_it():
    wordings = shipped()._wordings[""]
    typed = lines_of("security", "moderation")

    lost = [
        (line, found)
        for line in typed
        if (found := wordings.find(line_of(f"Tia Jones sent you a message: {line}"))) is None
        or (found.event.value, found.who) != ("direct_message", "Tia Jones")
    ]

    assert len(typed) > 200
    assert not lost


def test_a_subject_that_names_nobody_hides_no_contact_that_the_text_names():
    subjects = [line for line in lines_of(*NO_CONTACTS) if len(line) < 120]

    lost = [
        (subject, found and (found.event.value, found.actor))
        for subject in subjects
        if not (
            (
                found := shipped().recognise(
                    facts_of(
                        "Instagram <no-reply@mail.instagram.com>",
                        subject,
                        "Harvey Doyle sent you a message\n\nmiss its me\n\nReply\n",
                    )
                )
            )
            and found.actor == "Harvey Doyle"
            and found.event.value == "direct_message"
        )
    ]

    assert len(subjects) > 500
    assert not lost
