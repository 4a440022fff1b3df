"""Lines as services send them in many languages: each tells its event, and its person.

``tests/wordings``: event, language, line, who acts ("" where nobody is named), with tabs between.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from mailguard.reading.platforms_actor import name_of
from mailguard.reading.platforms_text import subject_readings
from tests.unit.reading.platforms.messages import shipped

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
