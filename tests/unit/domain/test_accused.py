"""Whom the text of an allegation accuses: the person named, or the one it is addressed to."""

import pytest

from mailguard.domain.accused import StaffHit, find_accused
from mailguard.domain.people import Person
from mailguard.domain.words import PersonList

BROWN = Person(id="S1", name="Tom Brown", list=PersonList.STAFF, source="staff.csv:2")
READER = Person(id="S2", name="Helen Green", list=PersonList.STAFF, source="staff.csv:3")


def hits(text: str) -> tuple[StaffHit, ...]:
    start = text.find("Mr Brown")
    return (StaffHit(persons=(BROWN,), start=start, words="Mr Brown"),) if start >= 0 else ()


@pytest.mark.parametrize(
    "text",
    [
        "I need to tell you that Mr Brown hit my son.",
        "I am writing to let you know Mr Brown hit my son.",
        "You asked me about it: Mr Brown grabbed her.",
        "Do you know that Mr Brown has been messaging my daughter?",
    ],
)
def test_a_letter_that_tells_its_reader_of_somebody_accuses_the_one_it_names(text: str) -> None:
    accused = find_accused(text, hits, (READER,))
    assert accused.persons == (BROWN,)


@pytest.mark.parametrize(
    "text",
    [
        "One of your teachers has been messaging a girl in year 10.",
        "Your staff have hit a child.",
        "I tell you somebody there touched my daughter.",
    ],
)
def test_a_letter_about_somebody_of_the_readers_school_does_not_accuse_its_reader(text: str) -> None:
    accused = find_accused(text, hits, (READER,))
    assert accused.is_unnamed
    assert accused.persons == ()


@pytest.mark.parametrize(
    "text",
    [
        "You hit my son.",
        "you have been messaging my daughter at night",
        "You've repeatedly shouted at her.",
        "You were alone with her in the store room.",
        "You put your hands on my daughter.",
        "Your hands were on her.",
        "You told me not to tell anyone.",
        "you sent me pictures of yourself",
        "You asked her to send you photos.",
    ],
)
def test_a_letter_that_says_you_did_it_accuses_its_reader(text: str) -> None:
    assert find_accused(text, hits, (READER,)).persons == (READER,)
