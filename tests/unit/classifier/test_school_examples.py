"""What reviewers labelled reaches training as they said it: never a child's pictures, never what is shredded or encrypted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailguard.classifier.examples import Example
from mailguard.classifier.features import extract
from mailguard.classifier.heads import EVENT, HEADS, INITIATOR, NATURE, columns
from mailguard.classifier.labels import labels_of
from mailguard.classifier.school_examples import examples_of, labelled_examples
from mailguard.domain.label import Label, Said, label_of
from mailguard.domain.words import Event, Initiator, Kind, Nature, Verdict
from mailguard.reading.message import read
from tests.storing import School, one_report, open_school, opening, school_settings

PICTURE = b"""From: kid@mail.example\r
Subject: look\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary=b\r
\r
--b\r
Content-Type: text/plain\r
\r
here is my pic miss\r
--b\r
Content-Type: image/jpeg; name=IMG_1.jpg\r
Content-Disposition: attachment; filename=IMG_1.jpg\r
Content-Transfer-Encoding: base64\r
\r
/9j/4AAQSkZJRgABAQAAAQABAAD/2Q==\r
--b--\r
"""
LETTER = b"From: mum@post.example\r\nSubject: ill\r\n\r\nJo is ill today and stays at home.\r\n"


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    opened = open_school(school_settings(tmp_path / "state"))
    yield opened
    opened.opened.store.close()


def one(raw: bytes, label: Label) -> Example:
    return next(iter(examples_of(read(raw), label, source="case MG-2026-0001")))


def taught(example: Example, head: str) -> dict[str, int]:
    row = labels_of([example]).table[0, columns(head)]
    return {word: int(value) for word, value in zip(HEADS[head], row, strict=True) if value >= 0}


def test_a_child_s_message_teaches_its_words_and_not_that_there_was_a_picture():
    label = label_of(Said(word=Verdict.CHILD_CONTACT), is_platform=False, direction="inbound")
    assert label is not None
    example = one(PICTURE, label)
    without = PICTURE[: PICTURE.index(b"--b\r\nContent-Type: image")] + b"--b--\r\n"
    assert example.features.words.tolist() == extract(read(without)).words.tolist()
    assert example.features.structure.tolist() == extract(read(without)).structure.tolist()
    assert taught(example, INITIATOR)[Initiator.CHILD.value] == 1
    assert taught(example, NATURE) == {}


def test_a_parent_s_routine_letter_teaches_that_nothing_grave_is_in_it():
    label = label_of(Said(word=Verdict.PARENT_CONTACT), is_platform=False, direction="inbound")
    assert label is not None
    example = one(LETTER, label)
    assert taught(example, INITIATOR)[Initiator.PARENT.value] == 1
    natures = taught(example, NATURE)
    assert natures[Nature.THREAT.value] == natures[Nature.DISCLOSURE.value] == 0
    assert Nature.ADMIN.value not in natures


def test_what_nobody_said_is_not_learned():
    label = label_of(Said(word=Verdict.THIRD_PARTY_CONCERN), is_platform=False, direction="inbound")
    assert label is not None
    example = one(LETTER, label)
    assert taught(example, INITIATOR) == {}
    assert taught(example, NATURE) == {}


def test_a_notification_teaches_its_kind_alone():
    label = label_of(Said(word=Verdict.CHILD_CONTACT), is_platform=True, direction="inbound")
    assert label == Label(kind=Kind.NOTIFICATION)


def test_a_person_says_what_an_allegation_is_and_the_lists_who_wrote_it():
    said = Said(word=Verdict.THIRD_PARTY_CONCERN, natures=frozenset({Nature.ALLEGATION}))
    label = label_of(said, is_platform=False, direction="inbound", initiator="parent")
    assert label is not None
    example = one(LETTER, label)
    natures = taught(example, NATURE)
    assert natures[Nature.ALLEGATION.value] == 1
    assert natures[Nature.PERSONAL.value] == 0
    assert taught(example, INITIATOR)[Initiator.PARENT.value] == 1
    unknown = label_of(said, is_platform=False, direction="inbound", initiator="other")
    assert unknown is not None
    assert unknown.initiator is None


def test_a_person_says_what_a_notification_tells():
    said = Said(word=Verdict.PLATFORM_NOTIFICATION, event=Event.FOLLOW)
    label = label_of(said, is_platform=True, direction="inbound")
    assert label is not None
    assert taught(one(LETTER, label), EVENT)[Event.FOLLOW.value] == 1
    assert taught(one(LETTER, label), NATURE) == {}
    assert Label.from_dict(label.as_dict()) == label


def test_a_label_of_before_events_were_said_is_read():
    stored = Label(kind=Kind.DIRECT).as_dict()
    del stored["event"]
    assert Label.from_dict(stored) == Label(kind=Kind.DIRECT)


def test_the_same_words_of_one_sender_teach_once_and_the_newest_word_counts(school: School):
    for words, label in (("one fish", "child-contact"), ("ONE  fish", "parent-contact"), ("two", "clear")):
        case_id = school.casebook.open_or_join(opening(words), one_report).case_id
        school.casebook.confirm(case_id, by="head", label=label)
        school.clock.turn(minutes=1)
    found, facts = labelled_examples(school.opened.store, school.opened.blobs, read)
    assert facts["labelled"] == 2
    assert {example.initiator for example in found} == {Initiator.PARENT, Initiator.OTHER}
    assert len({example.variant for example in found}) * 2 == len(found)


@pytest.mark.parametrize("word", ["", "unreadable", "spoofed-platform", "anything else"])
def test_other_words_teach_nothing(word: str):
    assert label_of(Said(word=word), is_platform=False, direction="inbound") is None


@pytest.mark.parametrize("verdict", [each.value for each in Verdict])
def test_a_label_is_read_back_as_it_was_said(verdict: str):
    label = label_of(Said(word=verdict), is_platform=False, direction="inbound") or Label()
    assert Label.from_dict(label.as_dict()) == label


def test_mail_of_one_sender_is_held_out_together_and_counts_several_times():
    label = Label(kind=Kind.DIRECT, initiator=Initiator.PARENT)
    copies = list(examples_of(read(LETTER), label, source="a"))
    assert len(copies) > 1
    assert [copy.variant for copy in copies] == list(range(len(copies)))
    assert len({copy.group for copy in copies}) == 1
    assert "mum@post.example" not in copies[0].group


def test_shredded_messages_are_left_out_and_the_manifest_has_counts_and_no_content(school: School):
    for words in ("one fish", "two fish"):
        case_id = school.casebook.open_or_join(opening(words), one_report).case_id
        school.casebook.confirm(case_id, by="head", label="child-contact")
    with school.opened.store.reading() as transaction:
        first, second = transaction.learning.examples()
    # Its key is there still, its file is not: as after a damaged disk.
    path = school.settings.state_folder / "blobs" / first.blob_id[:2] / first.blob_id[2:]
    path.unlink()
    found, facts = labelled_examples(school.opened.store, school.opened.blobs, read)
    assert facts["labelled"] == 1
    assert {example.source for example in found} == {f"case {second.case_id}"}
    assert set(facts) == {"labelled", "labels_sha256"}
