"""Addresses and domains that nearly are a pupil's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailguard.domain.near_addresses import LookalikeDomains, NearAddresses
from mailguard.domain.people import Person
from mailguard.domain.words import PersonList

PUPILS = (
    Person("P1", "Fatima Walker", PersonList.PUPILS, "x:2", ("fatima.walker15@mail.example",)),
    Person("P2", "Luca Sefton", PersonList.PUPILS, "x:3", ("22lsefton7@pupils.hill.example",)),
    Person("P3", "Tia Bell", PersonList.PUPILS, "x:4", ("tia@mail.example", "tiabell@gmail.com")),
)
NEAR = NearAddresses(PUPILS, covered={"pupils.hill.example"}, dot_blind={"gmail.com"})


def near(address: str) -> list[str]:
    return [person.id for person in NEAR.find(address)]


@pytest.mark.parametrize(
    "address",
    [
        "fatimawalker15@mail.example", "fatima_walker15@mail.example", "fatima.walker.15@mail.example",
        "fatima.walker5@mail.example", "fatima.wallker15@mail.example", "fatima.wakler15@mail.example",
        "fatima.walker16@mail.example", "fatima.walker15@mai1.example", "fatima.walker15@mail.test",
        "Fatima-Walker15+new@mail.example",
    ],
)  # fmt: skip
def test_a_variant_of_a_listed_address_is_near(address):
    assert near(address) == ["P1"]


@pytest.mark.parametrize(
    "address",
    [
        "", "nobody", "fatima.walker99@mail.example", "fatima.walker15@post.example", "tla@mail.example",
        "tia.b@mail.example", "walker@mail.example",
    ],
)  # fmt: skip
def test_another_address_is_not_near(address):
    assert near(address) == []


def test_a_look_alike_of_the_pupil_domain_keeps_the_pupil():
    assert near("22lsefton7@pupils.hi11.example") == ["P2"]


def test_under_a_pupil_domain_another_local_part_is_another_pupil():
    assert near("22lsefton8@pupils.hill.example") == []


@given(st.text())
def test_any_text_can_be_asked_about(text):
    NEAR.find(text)
    LookalikeDomains(("pupils.hill.example",)).imitates(text)


@pytest.mark.parametrize(
    "domain",
    [
        "pupils.hi11.example", "pupils-hill.example", "hill-pupils.example", "pupils.hill.co.uk", "pupilshill.test",
        "pupils.hilll.example", "pupil.hill.test", "pupіls.hіll.example", "pupіls.hіll.example".encode("idna").decode(),
    ],
)  # fmt: skip
def test_a_domain_imitates_the_pupils_domain(domain):
    assert LookalikeDomains(("pupils.hill.example",)).imitates(domain)


@pytest.mark.parametrize(
    "domain", ["", "hill.example", "students.hill.example", "pupils.dale.example", "example"]
)
def test_an_unlike_domain_imitates_nothing(domain):
    assert not LookalikeDomains(("pupils.hill.example",)).imitates(domain)


def test_a_short_domain_protects_nothing():
    assert not LookalikeDomains(("abc.example",)).imitates("abc.test")
