from __future__ import annotations

import email

import pytest

from mailguard.domain.message import AttachmentFamily
from mailguard.reading.bounds import DEFAULT_BOUNDS
from mailguard.reading.message import read
from mailguard.reading.mime import Part, read_tree
from tests.unit.reading.composing import PNG, attached, html, mail, multipart, part


def leaves(raw: bytes) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    pending: list[Part] = [read_tree(raw, DEFAULT_BOUNDS).root]
    while pending:
        one = pending.pop()
        if one.children:
            pending.extend(one.children)
        else:
            found.append((one.content_type, one.payload()))
    return sorted(found)


def test_parts_equal_those_of_the_standard_library() -> None:
    raw = multipart(
        "mixed",
        part("first\r\nline"),
        part("<p>caf=C3=A9</p>", "text/html", "Content-Transfer-Encoding: quoted-printable"),
        attached(PNG, "image/png", "a.png"),
        part(b"From: x@y.example\r\nSubject: inner\r\n\r\ninner text", "message/rfc822"),
    )
    theirs = sorted(
        (one.get_content_type(), one.get_payload(decode=True))
        for one in email.message_from_bytes(raw).walk()
        if not one.is_multipart()
    )
    assert leaves(raw) == theirs


def test_a_line_that_is_no_header_does_not_hide_the_fields_below_it() -> None:
    facts = read(b"Subject: x\r\nthis is no header\r\nFrom: a@x.example\r\n\r\nbody")
    assert facts.is_readable
    assert facts.mailboxes[0].address == "a@x.example"
    assert facts.own_text == "body"
    assert "garbage-in-header" in facts.defects


def test_a_forgotten_blank_line_loses_no_words() -> None:
    facts = read(b"From: a@x.example\r\nDear miss,\r\ncan I see you\r\nplease\r\n")
    assert facts.is_readable
    assert facts.own_text == "Dear miss,\ncan I see you\nplease"


@pytest.mark.parametrize("ending", [b"\r\n", b"\n", b"\r"])
def test_any_line_ending_is_read(ending: bytes) -> None:
    raw = multipart("mixed", part("one"), part("two")).replace(b"\r\n", ending)
    assert read(raw).own_text == "one\ntwo"


def test_a_multipart_without_boundary_shows_its_text() -> None:
    facts = read(mail("can I sit next to Poppy", "Content-Type: multipart/alternative"))
    assert facts.own_text == "can I sit next to Poppy"
    assert "boundary-missing" in facts.defects


def test_a_wrong_boundary_is_guessed_from_the_body() -> None:
    raw = multipart("mixed", part("words"), boundary="right").replace(
        b'boundary="right"', b'boundary="wrong"'
    )
    assert read(raw).own_text == "words"


def test_a_boundary_never_closed_keeps_what_came() -> None:
    raw = multipart("mixed", part("words"), attached(PNG, "image/png", "a.png")).rpartition(
        b"\r\n--frontier--"
    )[0][:-20]
    facts = read(raw)
    assert facts.own_text == "words"
    assert facts.attachments[0].family is AttachmentFamily.IMAGE
    assert "boundary-not-closed" in facts.defects


def test_words_after_the_last_boundary_are_hidden_words() -> None:
    raw = multipart("mixed", part("seen")) + b"\r\nunseen words"
    facts = read(raw)
    assert facts.own_text == "seen"
    assert facts.hidden_text == "unseen words"


def test_false_base64_keeps_the_words() -> None:
    facts = read(mail("!!!not base64!!! sir i owe you", "Content-Transfer-Encoding: base64"))
    assert "sir i owe you" in facts.own_text
    assert "base64-broken" in facts.defects


def test_base64_pieces_one_after_the_other_are_all_decoded() -> None:
    facts = read(
        mail(
            "Zmlyc3QgcGllY2Ug\r\n\r\nc2Vjb25kIHBpZWNlIQ==\r\ndGhpcmQgcGllY2UhIQ==",
            "Content-Transfer-Encoding: base64",
        )
    )
    assert facts.own_text == "first piece second piece!third piece!!"


def test_broken_quoted_printable_keeps_the_words() -> None:
    facts = read(mail("caf=C3=A9 =ZZ 100% = \r\nend=", "Content-Transfer-Encoding: quoted-printable"))
    assert facts.own_text.startswith("café =ZZ 100%")
    assert "end" in facts.own_text


def test_inline_uuencode_is_a_file_and_not_text() -> None:
    facts = read(mail("look\r\nbegin 644 cat.txt\r\n#0V%T\r\n`\r\nend\r\nnice isn't it"))
    assert facts.own_text == "look\nnice isn't it"
    assert [(one.filename, one.size_bytes) for one in facts.attachments] == [("cat.txt", 3)]


def test_inline_yenc_is_a_file() -> None:
    encoded = bytes((value + 42) & 255 for value in PNG)
    for critical in (b"=", b"\0", b"\n", b"\r"):
        encoded = encoded.replace(critical, b"=" + bytes(((critical[0] + 64) & 255,)))
    raw = mail(b"look\r\n=ybegin line=128 size=70 name=dot.png\r\n" + encoded + b"\r\n=yend size=70\r\nbye")
    facts = read(raw)
    assert facts.own_text == "look\nbye"
    assert facts.attachments[0].detected_type == "image/png"


def test_a_forwarded_message_part_gives_its_senders_and_words() -> None:
    inner = (
        b"From: Ava <ava@pupils.example>\r\nReply-To: other@x.example\r\nSubject: help\r\n\r\nplease help me"
    )
    facts = read(multipart("mixed", part("see below"), part(inner, "message/rfc822")))
    assert facts.own_text == "see below"
    assert facts.forwarded_text == "please help me"
    assert [one.address for one in facts.forwarded_senders] == ["ava@pupils.example", "other@x.example"]
    assert facts.named("From")[0].address == "sam@post.example"
    assert facts.attachments[0].family is AttachmentFamily.MESSAGE


def test_a_forwarded_message_is_read_in_base64_and_as_an_eml_file_too() -> None:
    inner = (
        b"From: Ava <ava@pupils.example>\r\nSubject: help\r\nMessage-ID: <1@x.example>\r\n\r\nplease help me"
    )
    for declared in ("message/rfc822", "application/octet-stream"):
        facts = read(multipart("mixed", part("see"), attached(inner, declared, "mail.eml")))
        assert facts.forwarded_text == "please help me", declared
        assert facts.forwarded_senders[0].address == "ava@pupils.example"


def test_a_body_that_says_it_is_an_attachment_is_still_the_body() -> None:
    assert read(mail("words", "Content-Disposition: attachment; filename=x.txt")).own_text == "words"


def test_a_text_file_is_an_attachment() -> None:
    facts = read(multipart("mixed", part("see file"), attached(b"homework", "text/plain", "essay.txt")))
    assert facts.own_text == "see file"
    assert facts.attachments[0].family is AttachmentFamily.TEXT


def test_html_charset_is_taken_from_its_meta_element() -> None:
    raw = mail(b"<meta charset=koi8-r><p>" + "привет".encode("koi8-r"), "Content-Type: text/html")
    assert read(raw).own_text == "привет"
    assert read(html("<p>caf&eacute;</p>")).own_text == "café"


def test_flowed_lines_are_joined_by_their_depth() -> None:
    body = "this is \r\none line\r\n> quoted \r\n> too\r\nsecond\r\n-- \r\nSam\r\n"
    facts = read(mail(body, "Content-Type: text/plain; format=flowed", "In-Reply-To: <1@x.example>"))
    assert facts.own_text == "this is one line\nsecond"
    assert facts.quoted_text == "quoted too"
    assert facts.signature_text.splitlines()[-1] == "Sam"


def test_the_first_fragment_of_a_split_message_gives_its_words() -> None:
    inner = b"Subject: x\r\nContent-Type: text/plain\r\n\r\nfirst words"
    facts = read(mail(inner, 'Content-Type: message/partial; id="1"; number=1; total=2'))
    assert facts.own_text == "first words"
    assert "message-partial" in facts.defects
