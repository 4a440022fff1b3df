"""Which two addresses are one mailbox, what covers a domain, and what nearly is another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailguard.domain.address import (
    canonical_address,
    canonical_domain,
    covering_domain,
    deletions,
    domain_skeletons,
    is_one_slip,
    split_address,
)

WORDS = st.text(alphabet="abcde", max_size=7)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Harvey.Doyle@Mail.Example", "harvey.doyle@mail.example"),
        ("harvey+school@mail.example", "harvey@mail.example"),
        ("<harvey@mail.example>", "harvey@mail.example"),
        ("har.vey@gmail.com", "harvey@googlemail.com"),
        ("harvey@bücher.example", "harvey@xn--bcher-kva.example"),
        ("harvey@mail.example.", "harvey@mail.example"),
        ('"harvey"@mail.example', "harvey@mail.example"),
    ],
)
def test_two_spellings_of_one_mailbox_are_equal(one, other):
    assert canonical_address(one) == canonical_address(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("har.vey@mail.example", "harvey@mail.example"),
        ("harvey@mail.example", "harvey@post.example"),
        ("harvey@mail.example", "harvey@sub.mail.example"),
    ],
)
def test_two_mailboxes_are_not_equal(one, other):
    assert canonical_address(one) != canonical_address(other)


def test_dots_count_where_the_settings_say_so():
    assert canonical_address("a.b@gmail.com", dot_blind=()) == "a.b@gmail.com"
    assert canonical_address("a.b@school.example", dot_blind=("school.example",)) == "ab@school.example"


@pytest.mark.parametrize("text", ["", "nobody", "@mail.example", "harvey@", "x" * 1_200 + "@mail.example"])
def test_what_is_no_address_gives_nothing(text):
    assert split_address(text) == ("", "")
    assert canonical_address(text) == ""


def test_an_address_beyond_ascii_keeps_its_local_part():
    assert canonical_address("Siân@mail.example") == "siân@mail.example"


@given(st.text())
def test_any_text_can_be_asked_about(text):
    assert canonical_address(text) == canonical_address(canonical_address(text) or text)
    assert isinstance(canonical_domain(text), str)
    assert isinstance(domain_skeletons(text), tuple)


def test_the_longest_domain_covers():
    domains = {"hill.example", "pupils.hill.example"}
    assert covering_domain("mail.pupils.hill.example", domains) == "pupils.hill.example"
    assert covering_domain("hill.example", domains) == "hill.example"
    assert covering_domain("uphill.example", domains) == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [("doran", "dorran"), ("doran", "dran"), ("doran", "doren"), ("doran", "doarn"), ("a", ""), ("ab", "ba")],
)
def test_one_slip_is_one_slip_in_both_directions(one, other):
    assert is_one_slip(one, other)
    assert is_one_slip(other, one)


@pytest.mark.parametrize(
    ("one", "other"), [("doran", "doran"), ("doran", "darn"), ("doran", "nador"), ("ab", "cd")]
)
def test_no_slip_and_two_slips_are_not_one(one, other):
    assert not is_one_slip(one, other)
    assert not is_one_slip(other, one)


@given(WORDS, WORDS)
def test_words_one_slip_apart_share_a_deletion(one, other):
    if is_one_slip(one, other):
        assert set(deletions(one)) & set(deletions(other))


@pytest.mark.parametrize(
    "imitation",
    [
        "pupi1s.hill.example",
        "pupils.h1ll.test",
        "pupils-hill.example",
        "pupils.hill.co.uk",
        "pupіls.hill.example",
    ],
)
def test_an_imitation_of_a_domain_shows_the_same_words(imitation):
    assert set(domain_skeletons("pupils.hill.example")) & set(domain_skeletons(imitation))
