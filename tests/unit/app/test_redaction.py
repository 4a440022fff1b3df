import time

import pytest

from mailguard.app.redaction import Redactor
from tests.effects_fixture import PEOPLE

ELLA = "Ella Doyle"


def redactor(*involved: str, further: tuple[str, ...] = ()) -> Redactor:
    return Redactor(
        own_names=[ELLA],
        own_addresses=["ella@inbox.test"],
        involved=involved,
        roll=PEOPLE,
        further=further,
    )


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Priya Nair said hello to Ella Doyle", "[name of another person] said hello to Ella Doyle"),
        ("priya   nair", "[name of another person]"),
        ("Miss Nair was kind", "[name of another person] was kind"),
        ("nairobi is a town", "nairobi is a town"),
        ("write to p.nair@school.test or ella@inbox.test", "write to [e-mail address] or ella@inbox.test"),
        ("ring 01632 960123 or +44 1632 960 123", "ring [number] or [number]"),
        ("see https://chat.example/abc?x=1 now", "see [link] now"),
        ("at https://chat.example/Priya Nair", "at [link]"),
        ("see www.nair.example/Priya/Nair?to=Ella now", "see [link] now"),
        ("add @harvey_x32 there", "add [account name] there"),
        ("case MG-2026-675000, Tel. 01632-960123", "case MG-2026-675000, Tel. [number]"),
        ("room 12, 28 September 2026", "room 12, 28 September 2026"),
        ("Harvey Doyle is her brother", "[name of another person] is her brother"),
    ],
)
def test_other_people_are_taken_out_and_the_asker_stays(text: str, redacted: str):
    assert redactor().redact(text).text == redacted


def test_of_those_involved_every_part_of_the_name_goes():
    words = redactor("Harvey Doyle", "Zoë O'Neill").redact("harvey, zoe and Ms O’Neill met Doyle; ZOË left")
    assert words.text == (
        "[name of another person], [name of another person] and Ms [name of another person] met Doyle; "
        "[name of another person] left"
    )


def test_the_title_of_an_office_goes_whole_and_takes_no_common_words_with_it():
    words = redactor(
        "Clerk to the governors", "Borough Designated Officer", "Alice Head", "The Larks"
    ).redact(
        "The clerk to the governors asked the designated officer of the borough; Alice, Ms Head and Larks heard the head. "
        "Borough Designated Officer."
    )
    gone = "[name of another person]"
    assert words.text == (
        f"The {gone} asked the designated officer of the borough; {gone}, Ms {gone} and {gone} heard the {gone}. {gone}."
    )


def test_what_the_reviewer_names_goes_too():
    found = redactor(further=("the caretaker", "blue house")).redact(
        "The caretaker lives in the Blue  House."
    )
    assert found.text == "[taken out by the reviewer] lives in the [taken out by the reviewer]."


def test_each_kind_is_listed_with_its_number_and_its_reason():
    found = redactor().redact("Priya Nair, Priya Nair, p.nair@school.test")
    assert [(each.what, each.count) for each in found.redactions] == [("e-mail address", 1), ("name", 2)]
    assert all(each.why for each in found.redactions)
    assert "Nair" not in repr(found)


@pytest.mark.parametrize("piece", ["a", "@", "a@", "a.", "@a.", "a@b.", "x@.", "1", "mr "])
def test_no_hostile_text_takes_longer_than_its_length(piece: str):
    redactor = Redactor(own_names=["Ann Bee"], own_addresses=[], involved=["Tom Ash"], roll=[])
    began = time.monotonic()
    redactor.redact(piece * 20_000)
    assert time.monotonic() - began < 5


def test_an_address_inside_a_hostile_heap_of_signs_is_taken_out_all_the_same():
    redactor = Redactor(own_names=[], own_addresses=[], involved=[], roll=[])
    text = "@" * 200 + " write to tom.ash@inbox.test@ or @@tom@inbox.test now"
    assert "inbox.test" not in redactor.redact(text).text
