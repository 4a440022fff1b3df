"""A case in a few words."""

from datetime import timedelta

import pytest

from mailguard.app.case_words import case_noun, person_words, short_name, waited, why_in_short
from mailguard.domain.words import Event, Verdict
from tests.effects_fixture import MONDAY, PeopleDirectory, decided


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Priya Nair", "P. Nair"),
        ("Ms Priya Nair", "P. Nair"),
        ("Dr. Anna Maria Żak", "A. Żak"),
        ("Nair", "Nair"),
        ("", ""),
    ],
)
def test_staff_are_named_by_initial_and_surname(name: str, short: str) -> None:
    assert short_name(name) == short


@pytest.mark.parametrize("event", list(Event))
def test_every_event_of_a_platform_has_its_noun(event: Event) -> None:
    decision = decided(platform={"id": "x", "event": event.value, "actor": "Harvey Doyle"})
    noun = case_noun(decision, platform_name="X")
    assert noun.startswith("X ")
    assert "Harvey" not in noun


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_its_noun(verdict: Verdict) -> None:
    assert case_noun(decided(verdict=verdict))


def test_an_event_nobody_listed_is_a_notification() -> None:
    assert case_noun(decided(platform={"id": "x.example", "event": "poked"})) == "x.example notification"


def test_the_gravest_nature_comes_before_the_surest_signal_and_two_are_enough() -> None:
    signals = tuple({"code": code} for code in ("child-voice", "roll-name", "pupil-address"))
    assert (
        why_in_short(decided(nature="disclosure", signals=signals)) == "may tell of harm, address of a pupil"
    )


def test_what_has_no_short_reason_has_none() -> None:
    assert why_in_short(decided(nature="schoolwork", signals=())) == ""


def test_who_did_something_is_known_by_role_by_id_and_by_address() -> None:
    titles = {"head": "Head Teacher"}
    people = PeopleDirectory()
    assert person_words("head", people, titles) == "Head Teacher"
    assert person_words("S002", people, titles) == "J. Adeleke"
    assert person_words("p.nair@school.test", people, titles) == "P. Nair"
    assert person_words("root\r\nBcc: x", people, titles) == "root Bcc: x"


def test_a_pupil_is_never_named_as_the_one_who_did_something() -> None:
    assert person_words("P0003", PeopleDirectory(), {}) == "P0003"


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(hours=3, minutes=59), "3 hours"),
        (timedelta(days=2, hours=23), "2 days"),
        (-timedelta(hours=1), "just now"),
    ],
)
def test_a_wait_is_said_in_its_largest_unit(passed: timedelta, words: str) -> None:
    assert waited(MONDAY - passed, MONDAY) == words
