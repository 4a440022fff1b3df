"""Who signs a running text, and which members of staff it mentions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailguard.domain.name_index import NameIndex
from mailguard.domain.name_mentions import StaffMentions, signed_lines
from mailguard.domain.names import Nicknames
from mailguard.domain.people import Person
from mailguard.domain.words import PersonList

NICKNAMES = Nicknames.from_csv(["name,kind,forms", "thomas,nickname,tom", "michael,nickname,mike"])


def member(name: str, place: int, role: str = "teacher") -> Person:
    return Person(f"S{place:02}", name, PersonList.STAFF, f"lists/staff.csv:{place + 2}", role=role)


STAFF = (
    member("Helen Ormerod", 1, "head"),
    member("James Adeleke", 2, "deputy-head"),
    member("Michael Doran", 3),
    member("Priya Nair", 4),
    member("Thomas Price", 5),
    member("Gethin Price", 6),
    member("Anne-Marie Ó Briain", 7),
    member("Dawn Eccleston", 8, "school-nurse"),
    member("Rev Alan Sugden", 9, "chair-of-governors"),
    member("Julia van der Berg", 10),
)
MENTIONS = StaffMentions(STAFF, NICKNAMES)
ROLL = NameIndex(
    [
        Person("P1", "Tomasz Begum", PersonList.PUPILS, "x:2"),
        Person("P2", "Jasmine Ó Ceallaigh", PersonList.PUPILS, "x:3"),
    ],
    NICKNAMES,
)


def mentioned(text: str) -> list[tuple[str, list[str]]]:
    return [(hit.words, [person.name for person in hit.persons]) for hit in MENTIONS.find(text)]


@pytest.mark.parametrize(
    ("text", "words", "name"),
    [
        ("yesterday Mr Doran hit him", "Mr Doran", "Michael Doran"),
        ("mr doran is always shouting", "mr doran", "Michael Doran"),
        ("Mr. M. Doran again", "Mr. M. Doran", "Michael Doran"),
        ("Sir Doran said", "Sir Doran", "Michael Doran"),
        ("Mr Dorran said", "Mr Dorran", "Michael Doran"),
        ("ask Miss Nair's class", "Miss Nair", "Priya Nair"),
        ("MIKE DORAN", "MIKE DORAN", "Michael Doran"),
        ("it was Priya   Nair", "Priya   Nair", "Priya Nair"),
        ("Mr Tom Price did", "Mr Tom Price", "Thomas Price"),
        ("Mrs O'Briain knows", "Mrs O'Briain", "Anne-Marie Ó Briain"),
        ("Ms van der Berg knows", "Ms van der Berg", "Julia van der Berg"),
        ("the Headteacher himself", "Headteacher", "Helen Ormerod"),
        ("your head teacher", "head teacher", "Helen Ormerod"),
        ("the principal, Mrs X", "the principal", "Helen Ormerod"),
        ("the deputy headteacher", "deputy headteacher", "James Adeleke"),
        ("the deputy head", "deputy head", "James Adeleke"),
        ("the school nurse", "school nurse", "Dawn Eccleston"),
        ("the Chair of the Governors", "Chair of the Governors", "Alan Sugden"),
    ],
)
def test_a_member_of_staff_is_known_by_name_title_or_role(text, words, name):
    assert [(said, [found.removeprefix("Rev ") for found in people]) for said, people in mentioned(text)] == [
        (words, [name])
    ]


def test_a_mention_says_where_it_stands():
    text = "On Monday Mr Doran left; Miss Nair came."
    assert [hit.start for hit in MENTIONS.find(text)] == [text.index("Mr"), text.index("Miss")]


def test_a_shared_surname_fits_both():
    assert mentioned("Mr Price did it") == [("Mr Price", ["Thomas Price", "Gethin Price"])]


@pytest.mark.parametrize(
    "text",
    [
        "", "the price of a ticket", "Doran", "Mr Nobody", "I miss Monday", "Sir, please help", "Mr. Then Doran came",
        "the principal reason is cost", "she hit her head", "Miss! Nair came", "Priya. Nair", "the governors met",
    ],
)  # fmt: skip
def test_what_names_no_member_of_staff_gives_nothing(text):
    assert mentioned(text) == []


def test_a_role_nobody_holds_names_nobody():
    hits = StaffMentions((member("Helen Ormerod", 1, "head"),), NICKNAMES).find(
        "the deputy headteacher shouted"
    )
    assert [hit.persons for hit in hits] == [()]


def test_no_staff_gives_no_mentions():
    assert StaffMentions((), NICKNAMES).find("the headteacher and Mr Doran") == ()


@given(st.text())
def test_any_text_can_be_searched(text):
    MENTIONS.find(text)
    list(signed_lines(text))


def signed(text: str) -> set[str]:
    found = {person.id for line in signed_lines(text) for person in ROLL.find(line, frozenset(PersonList))}
    return found


@pytest.mark.parametrize(
    "text",
    [
        "hi sir its tomasz begum from 8b can i have the sheet",
        "Hello,\nthis is Tomasz Begum.\nCan you help?",
        "my name is Tomasz Begum and I am stuck",
        "i'm tomasz begum",
        "Please help\n\nThanks\nTomasz Begum 8B",
        "Please help\n\nfrom Tomasz Begum, year 8",
        "Please help\n- Begum, Tomasz",
        "Tomasz Begum 8B\n\nMy homework is attached.",
        "its tomasz james begum ur in my form",
        "lost it\n" * 40 + "\nthanks tomasz begum x",
    ],
)
def test_a_letter_is_signed_or_introduced_by_its_writer(text):
    assert signed(text) == {"P1"}


def test_a_surname_of_two_words_introduces_too():
    assert signed("hi its Jasmine Ó Ceallaigh") == {"P2"}


@pytest.mark.parametrize(
    "text",
    [
        "Dear Tomasz Begum,\nYour place is confirmed.",
        "I am the mother of Tomasz Begum in 8B.",
        "This is Tomasz Begum's mum.",
        "I'm writing about Tomasz Begum.",
        "Please excuse him.\nSarah Jones\nParent of Tomasz Begum",
        "Please excuse him.\nTomasz Begum's dad",
        "Pupil: Tomasz Begum\nAbsent today",
        "Yesterday Tomasz Begum and two others were seen by the gate with a ball that was not theirs.",
        "thanks tomasz",
        "",
    ],
)
def test_a_letter_about_a_pupil_is_not_by_the_pupil(text):
    assert signed(text) == set()


@pytest.mark.parametrize(
    "text",
    [
        "slapped him across the back of the head",
        "a blow to the head",
        "hit on the head",
        "the side of the head was red",
    ],
)
def test_a_part_of_the_body_is_nobody(text: str) -> None:
    assert mentioned(text) == []
