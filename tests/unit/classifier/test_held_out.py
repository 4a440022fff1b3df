"""Held-out texts as mail: what reaches the reader is what was written, and the invented school takes nobody by a list."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailguard.classifier.artefact import DarkClassifier
from mailguard.classifier.corpus import Record, load_corpus
from mailguard.classifier.held_out import Judged, invented_school, is_full_name, judge, mail_of
from mailguard.domain.words import Direction, Event, Initiator, Kind, Nature
from mailguard.reading.message import read

HELD_OUT = Path(__file__).parents[3] / "models" / "held_out"


def child(name: str, body: str = "please can i have the sheet again") -> Record:
    return Record(
        "a.txt", 1, "sheet", body, natures=(Nature.SCHOOLWORK,), initiator=Initiator.CHILD, sender_name=name
    )


def judged(*records: Record) -> tuple[Judged, ...]:
    return judge(DarkClassifier("none"), records)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Ella Sharma", True),
        ("Tyrell Boateng-Shaw", True),
        ("xX_Lexi_Xx", False),
        ("Mum", False),
        ("Mrs Bell", False),
    ],
)
def test_a_full_name_is_two_capital_words_without_a_title(name: str, expected: bool):
    assert is_full_name(name) is expected


def test_without_a_model_a_child_is_found_by_its_name_and_not_by_its_handle():
    named, handle = judged(child("Philippa Marsden"), child("mudlark77"))
    assert named.is_taken_for_a_child
    assert not handle.is_taken_for_a_child


def test_a_parent_is_a_parent_and_a_colleague_a_representative():
    parent = Record(
        "a.txt",
        2,
        "x",
        "Ella is ill",
        natures=(Nature.ADMIN,),
        initiator=Initiator.PARENT,
        sender_name="Jo Bell",
    )
    staff = Record(
        "a.txt",
        3,
        "x",
        "cover",
        natures=(Nature.ADMIN,),
        initiator=Initiator.STAFF,
        direction=Direction.INTERNAL,
    )
    first, second = judged(parent, staff)
    assert first.inspection.assessment.initiator is Initiator.PARENT
    assert second.inspection.assessment.direction is Direction.INTERNAL


def test_a_known_platform_s_mail_comes_from_an_address_of_that_platform():
    notice = Record(
        "n.txt", 1, "Tom added you", "Tom wants to be friends on Facebook",
        kind=Kind.NOTIFICATION, platform="facebook", event=Event.FRIEND_REQUEST, initiator=Initiator.NONE,
    )  # fmt: skip
    (found,) = judged(notice)
    assert found.is_known_platform
    assert found.inspection.assessment.platform is not None
    assert found.inspection.assessment.platform.id == "facebook"
    assert found.event == "friend_request"


def test_a_text_reaches_the_reader_as_it_was_written():
    record = child("Zoë Ní Bhriain", "línea uno\n\nОдна строка ✨\n.dot first")
    facts = read(mail_of(record).raw)
    assert facts.own_text.strip() == record.body
    assert facts.named("From")[0].display_name == "Zoë Ní Bhriain"
    assert mail_of(record) == mail_of(record)


def test_no_child_of_the_texts_is_on_a_list_with_an_address():
    records = load_corpus(HELD_OUT / "choosing").records
    school = invented_school(DarkClassifier("none"), records)
    for record in records:
        if record.initiator is Initiator.CHILD:
            assert school.lists().by_address(mail_of(record).envelope.mail_from) == ()
