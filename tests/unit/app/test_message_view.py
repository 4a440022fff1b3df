"""A hostile message as data for a page: cut, named, listed; nothing is lost in silence."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mailguard.app.message_view import SHOWN_CHARS, MessageView, lost_message, shown_text, view_message
from mailguard.app.ports_store import MessageRecord
from mailguard.domain.message import (
    Attachment,
    AttachmentFamily,
    Link,
    MessageFacts,
    TextSource,
)
from tests.effects_fixture import decided

RECORD = MessageRecord(
    id="m1",
    case_id="MG-2026-0001",
    content_key="k",
    sha256="a" * 64,
    size_bytes=5,
    blob_id="b1",
    received_at=datetime(2026, 9, 28, tzinfo=UTC),
    header_message_id="<1@inbox.test>",
    subject="hi",
    sender="Harvey <harvey@inbox.test>",
    mail_from="harvey@inbox.test",
    decision=decided(),
)


def part(family: AttachmentFamily, *, name: str = "x", is_encrypted: bool = False) -> Attachment:
    return Attachment(
        filename=name,
        declared_type="application/octet-stream",
        detected_type="image/png",
        family=family,
        size_bytes=10,
        sha256="b" * 64,
        is_encrypted=is_encrypted,
    )


def view(record: MessageRecord = RECORD, **facts) -> MessageView:
    made = MessageFacts(sha256="a" * 64, content_sha256="c" * 64, size_bytes=5, **facts)
    return view_message(record, b"", lambda _: made, number=1, has_html=False)


def plain(pieces) -> str:
    return "".join(piece.text for piece in pieces)


def test_a_long_text_is_cut_and_says_how_long_it_is():
    text = shown_text("x" * (SHOWN_CHARS + 1))
    assert (text.is_cut, text.length, len(plain(text.pieces))) == (True, SHOWN_CHARS + 1, SHOWN_CHARS)
    assert not shown_text("x" * SHOWN_CHARS).is_cut


def test_blanks_alone_are_no_text():
    assert not shown_text(" \n\t ")


def test_the_parts_of_the_text_are_kept_apart():
    shown = view(
        own_text="own", quoted_text="old", hidden_text="hidden", signature_text="H.", forwarded_text="fw"
    )
    assert [
        plain(each.pieces)
        for each in (shown.own, shown.quoted, shown.hidden, shown.signature, shown.forwarded)
    ] == [
        "own",
        "old",
        "hidden",
        "H.",
        "fw",
    ]


def test_links_are_words_and_the_hidden_ones_are_told():
    links = (
        Link(url="https://evil.example/a", host="evil.example", text="my pics", source=TextSource.OWN),
        Link(url="https://evil.example/b", host="evil.example", text="", source=TextSource.HIDDEN),
    )
    shown = view(links=links).links
    assert [each.leads_to for each in shown] == ["hxxps://evil[.]example/a", "hxxps://evil[.]example/b"]
    assert [each.is_hidden for each in shown] == [False, True]
    assert plain(shown[0].words) == "my pics"


def test_very_many_links_and_files_are_counted():
    links = tuple(
        Link(url=f"https://e.example/{number}", host="e.example", text="", source=TextSource.OWN)
        for number in range(80)
    )
    shown = view(links=links, attachments=(part(AttachmentFamily.TEXT),) * 130)
    assert (len(shown.links), shown.more_links) == (50, 30)
    assert (len(shown.parts), shown.more_parts) == (100, 30)


@pytest.mark.parametrize("family", [AttachmentFamily.IMAGE, AttachmentFamily.VIDEO, AttachmentFamily.ARCHIVE])
def test_pictures_videos_and_archives_of_a_child_are_sealed(family: AttachmentFamily):
    assert view(attachments=(part(family),)).parts[0].is_sealed


def test_a_locked_document_of_a_child_is_sealed_and_an_open_one_is_not():
    locked = part(AttachmentFamily.DOCUMENT, is_encrypted=True)
    assert [each.is_sealed for each in view(attachments=(locked, part(AttachmentFamily.DOCUMENT))).parts] == [
        True,
        False,
    ]


def test_a_file_of_an_adult_is_listed_unsealed():
    adult = replace(
        RECORD, decision=decided(initiator="other", nature="complaint", verdict=RECORD.decision.verdict)
    )
    assert not view(adult, attachments=(part(AttachmentFamily.IMAGE),)).parts[0].is_sealed


def test_what_was_wrong_with_it_is_said_in_words():
    shown = view(defects=("bidi-override", "unknown-defect", "bidi-override"), is_readable=False)
    assert shown.notices[0].startswith("It could not be taken apart")
    assert sum("direction" in notice for notice in shown.notices) == 1


def test_a_file_name_with_a_turned_direction_is_named():
    shown = view(attachments=(part(AttachmentFamily.EXECUTABLE, name="photo\u202egpj.exe"),)).parts[0]
    assert [piece.text for piece in shown.name if piece.is_mark] == ["right-to-left override"]


def test_a_destroyed_message_keeps_its_hash_and_nothing_else():
    lost = lost_message(RECORD, number=2)
    assert (lost.is_shredded, lost.sha256, lost.number) == (True, "a" * 64, 2)
    assert not lost.own
    assert not lost.sender
