"""Who is named in a display name, an actor's name, a handle."""

import random
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailguard.domain.name_index import NameIndex
from mailguard.domain.names import Nicknames
from mailguard.domain.people import Person
from mailguard.domain.words import PersonList
from mailguard.shipped import shipped_path

PUPILS = frozenset({PersonList.PUPILS})
EVERYONE = frozenset(PersonList)
NICKNAMES = Nicknames.from_csv(shipped_path("config/nicknames.csv").read_text(encoding="utf-8").splitlines())
ROLL = (
    "Jayden Adeyemi", "Zoe Müller", "Zoë Mueller", "Ava Gerrard-Hale", "Libby Hughes", "Jasmine Ó Ceallaigh",
    "Finley O'Neill", "Isla Doyle", "Tomasz Doyle", "Zac Khan", "Siân Green", "Erin McGrath", "Oliver Haworth",
    "Oliver Haworth", "Charlotte Bell", "Mary-Kate Nolan", "Wei Li", "Harry Williams", "Lottie Price", "Noah Taylor",
)  # fmt: skip


def person(name: str, place: int, on: PersonList = PersonList.PUPILS) -> Person:
    return Person(id=f"{on[0].upper()}{place:02}", name=name, list=on, source=f"lists/{on}.csv:{place + 2}")


PEOPLE = [person(name, place) for place, name in enumerate(ROLL)]
INDEX = NameIndex(PEOPLE, NICKNAMES)


def names(text: str, lists: frozenset[PersonList] = PUPILS) -> list[str]:
    return [found.name for found in INDEX.find(text, lists)]


@pytest.mark.parametrize(
    "text",
    [
        "Jayden Adeyemi", "Jay Adeyemi", "ADEYEMI, Jayden", "Adeyemi Jayden", "jayden adeyemi (Classroom)",
        "jayden_adeyemi", "jayden.adeyemi", "JaydenAdeyemi", "jaydenadeyemi", "xXJaydenAdeyemiXx", "@jayden_adeyemi04",
        "Јауdеn Аdеуеmi", "J4yd3n Ad3yemi", "j@yden adeyemi", "Jayden Samuel Adeyemi", "jaiden adeyemi",
        "Jayden Adeymi", "Jayden Adeyemy", "Jayden Adeyemi 9B", "Jayden (Jay) Adeyemi", "jayden-adeyemi-2012",
        "Jayden Adeyemi via Facebook", "Jayden Adeyemi's story", "Mr Jayden Adeyemi",
    ],
)  # fmt: skip
def test_every_way_to_write_a_roll_name_names_the_pupil(text):
    assert names(text) == ["Jayden Adeyemi"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Zoe Muller", ["Zoe Müller"]),
        ("Ava Gerrard", ["Ava Gerrard-Hale"]),
        ("ava hale", ["Ava Gerrard-Hale"]),
        ("Ava Gerrard Hale", ["Ava Gerrard-Hale"]),
        ("Elizabeth Hughes", ["Libby Hughes"]),
        ("Lizzie Hughes", ["Libby Hughes"]),
        ("Jasmine O'Ceallaigh", ["Jasmine Ó Ceallaigh"]),
        ("jasmine ceallaigh", ["Jasmine Ó Ceallaigh"]),
        ("finley o neill", ["Finley O'Neill"]),
        ("Zachary Khan", ["Zac Khan"]),
        ("Sian Green", ["Siân Green"]),
        ("erin_mc_grath", ["Erin McGrath"]),
        ("Marykate Nolan", ["Mary-Kate Nolan"]),
        ("Li Wei", ["Wei Li"]),
        ("Isla Doyle, Tomasz Green", ["Isla Doyle"]),
    ],
)
def test_the_forms_a_name_takes_are_known(text, expected):
    assert names(text) == expected


def test_both_pupils_of_one_name_are_named():
    assert names("Ollie Haworth") == ["Oliver Haworth", "Oliver Haworth"]


def test_two_spellings_of_one_name_name_both_pupils():
    assert sorted(names("Zoë Mueller")) == ["Zoe Müller", "Zoë Mueller"]


@pytest.mark.parametrize(
    "text",
    [
        "", "Jayden", "Adeyemi", "Jayden A.", "Jayden A", "J. Adeyemi", "J Adeyemi", "jayden 9B", "jay.adey.04",
        "Green", "Dr Khan", "Khan Solicitors", "Doyle & Green Ltd", "Isla and Siân", "Isla Khan", "Tomasz Hughes",
        "Isla Green, Tomasz Khan", "Bell Taylor Haworth", "William Harrison", "Charlie Price",
        "Jayden from the Adeyemi family", "2012", "!!!", "Zak Kahn",
    ],
)  # fmt: skip
def test_what_is_no_roll_name_names_nobody(text):
    assert names(text) == []


def test_a_short_surname_allows_no_slip():
    assert names("Zac Kahn") == []
    assert names("Charlotte Ball") == []


def test_a_pupil_listed_by_name_is_preferred_to_a_near_one():
    index = NameIndex([person("Lisa Clarke", 1), person("Lisa Clark", 2, PersonList.PARENTS)], NICKNAMES)
    assert index.find("Lisa Clark", PUPILS) == ()
    assert [found.name for found in index.find("Lisa Clark", EVERYONE)] == ["Lisa Clark"]


def test_only_the_lists_asked_for_answer():
    index = NameIndex([person("Sam Bell", 1), person("Sam Bell", 2, PersonList.PARENTS)], NICKNAMES)
    assert [found.list for found in index.find("Sam Bell", PUPILS)] == [PersonList.PUPILS]
    assert len(index.find("Sam Bell", EVERYONE)) == 2


@given(st.text(max_size=300))
def test_any_text_can_be_asked_about(text):
    INDEX.find(text, EVERYONE)


@given(st.sampled_from(PEOPLE))
def test_everyone_is_found_by_the_listed_name(wanted):
    assert wanted in INDEX.find(wanted.name, PUPILS)
    assert wanted in INDEX.find(wanted.name.upper(), PUPILS)


def calls_during(action: Callable[[], object]) -> int:
    """How many functions, ours and Python's, an action calls."""
    count = 0

    def profile(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        action()
    finally:
        sys.setprofile(None)
    return count


def test_the_work_of_a_query_does_not_grow_with_the_roll():
    source = random.Random(5)

    def word(length: int) -> str:
        return "".join(source.choice("abcdefghijklmnoprstuvwyz") for _ in range(length)).title()

    crowd = [person(f"{word(6)} {word(source.choice((5, 7, 9)))}", place) for place in range(100, 4100)]
    crowd += [person(f"{word(6)} Adeyemi", place) for place in range(5000, 6000)]
    small = NameIndex(PEOPLE, NICKNAMES)
    large = NameIndex(PEOPLE + crowd, NICKNAMES)
    for text in ("Jayden Adeyemi (Classroom)", "jayden adeyemy", "Nobody Special 2012", "jaydenadeyemi"):
        few = calls_during(partial(small.find, text, PUPILS))
        many = calls_during(partial(large.find, text, PUPILS))
        assert many <= few * 1.2 + 50, f"{text}: {few} calls grew to {many}"
