from __future__ import annotations

import hashlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailguard.domain.message import MessageFacts
from mailguard.reading.bounds import Bounds
from mailguard.reading.message import read
from tests.unit.reading.composing import PNG, attached, html, mail, multipart, part


def is_sound(facts: MessageFacts, bounds: Bounds) -> bool:
    texts = (facts.own_text, facts.quoted_text, facts.forwarded_text, facts.hidden_text, facts.signature_text)
    for text in texts:
        text.encode("utf-8")
    return (
        all(len(text) <= bounds.text_chars for text in texts)
        and len(facts.mailboxes) <= bounds.mailboxes
        and len(facts.links) <= bounds.links
        and len(facts.attachments) <= bounds.attachments
        and not any(defect.startswith("reading-fault") for defect in facts.defects)
    )


def test_hashes_are_of_all_bytes_and_of_those_below_the_trace_block() -> None:
    body = mail("x", "Subject: y")
    trace = (
        b"Return-Path: <a@x.example>\r\nX-Mailguard: v1 id=a\r\n\tfolded\r\nReceived: from a\r\n by b\r\n"
        b"Delivered-To: c@x.example\r\n"
        b"AUTHENTICATION-RESULTS : mx; none\r\nX-Original-To: c\r\nX-Envelope-To: c\r\nX-Mailguard-Tag: t\r\n"
    )
    plain, traced = read(body), read(trace + body)
    assert plain.sha256 == hashlib.sha256(body).hexdigest()
    assert traced.sha256 != plain.sha256
    assert traced.content_sha256 == plain.content_sha256 == plain.sha256
    below = b"From: a@x.example\r\nReceived: from a\r\n\r\nx"
    assert read(below).content_sha256 == hashlib.sha256(below).hexdigest()
    assert read(b"Received: only").content_sha256 == hashlib.sha256(b"Received: only").hexdigest()


def test_headers_keep_their_order_and_are_decoded() -> None:
    facts = read(
        mail(
            "x",
            "X-A: one",
            "Subject: =?utf-8?q?caf=C3=A9?=",
            "X-A: two",
            "Message-ID:\r\n <1@x.example> (comment)",
            "Date: yesterday",
        )
    )
    assert facts.header_all("x-a") == ("one", "two")
    assert (facts.subject, facts.message_id, facts.date_header) == ("café", "<1@x.example>", "yesterday")
    assert facts.size_bytes > 0


@pytest.mark.parametrize(
    "raw",
    [b"", b"\0\xff" * 200, b"\x1f\x8b\x08\0" + bytes(range(256)), b"no colon\r\n\r\nbody", b"\r\n\r\n\r\n"],
)
def test_bytes_without_a_header_are_unreadable(raw: bytes) -> None:
    facts = read(raw)
    assert not facts.is_readable
    assert "no-header" in facts.defects


@pytest.mark.parametrize(
    "rest", [b"\xff\xd8\xff\xe0" + bytes(range(256)) * 3, b"Words alone,\r\nno field,\r\nno empty line.\r\n"]
)
def test_what_carried_a_message_is_no_header_of_it(rest: bytes) -> None:
    trace = b"Return-Path: <x9@post.example>\r\nDelivered-To: office@hill.example\r\nReceived: from a.example\r\n by b.example\r\n"
    facts = read(trace + rest)
    assert not facts.is_readable
    assert "no-header" in facts.defects
    assert [one.address for one in facts.mailboxes if one.header == "Return-Path"] == ["x9@post.example"]
    assert read(trace + b"\r\n" + b"a letter without fields").is_readable
    assert read(trace + b"Subject: the blank line was forgotten\r\na\r\nb\r\nc\r\n").own_text == "a\nb\nc"


def test_a_listed_sender_is_found_in_a_broken_message() -> None:
    facts = read(
        b"\0\x01garbage\r\n\r\nmore\r\nFrom: Kian <kian@pupils.example>\r\nReply-To: k@x.example\r\n\r\nhi"
    )
    assert not facts.is_readable
    assert [one.address for one in facts.mailboxes] == ["kian@pupils.example", "k@x.example"]


def test_mbox_separator_blank_start_and_byte_order_mark_do_not_hide_the_header() -> None:
    for start in (b"From kian@x Tue Nov 3\r\n", b"\r\n\r\n", b" ", b"\xef\xbb\xbf"):
        facts = read(start + mail("words"))
        assert facts.is_readable, start
        assert facts.mailboxes[0].address == "sam@post.example"
        assert facts.own_text == "words"


@pytest.mark.parametrize(
    ("bounds", "raw", "defect"),
    [
        (Bounds(message_bytes=100), mail("x" * 200), "message-too-large"),
        (Bounds(header_bytes=200), mail("x", "X-Long: " + "y" * 500), "header-too-large"),
        (
            Bounds(header_fields=10),
            mail("x", *[f"X-{number}: y" for number in range(30)]),
            "too-many-header-fields",
        ),
        (Bounds(header_field_bytes=100), mail("x", "X-Long: " + "y" * 500), "header-field-too-long"),
        (Bounds(parts=5), multipart("mixed", *[part("x")] * 9), "too-many-parts"),
        (Bounds(depth=1), multipart("mixed", multipart("mixed", part("x"), boundary="inner")), "too-deep"),
    ],
)
def test_beyond_a_structural_bound_a_message_is_unreadable_and_its_sender_known(
    bounds: Bounds, raw: bytes, defect: str
) -> None:
    facts = read(raw, bounds=bounds)
    assert not facts.is_readable
    assert defect in facts.defects
    assert facts.named("From")[0].address == "sam@post.example"


def test_long_texts_are_cut_and_still_readable() -> None:
    facts = read(mail("word " * 100_000), bounds=Bounds(text_chars=1_000))
    assert facts.is_readable
    assert len(facts.own_text) == 1_000


def nested(depth: int) -> bytes:
    head = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (level, level)
        for level in range(depth)
    )
    return b"From: a@x.example\r\n" + head + b"\r\nwords"


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("make", "is_readable"),
    [
        (lambda: nested(5_000), False),
        (lambda: b"From: a@x.example\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 20_000, False),
        (lambda: multipart("mixed", *[b"\r\nx"] * 100_000), False),
        (lambda: multipart("digest", *[b"\r\nSubject: x\r\n\r\nx"] * 100_000), False),
        (lambda: b"From: a@x.example\r\n" + b"X: y\r\n" * 100_000 + b"\r\nx", False),
        (lambda: b"From: a@x.example\r\n" + b"garbage\r\n" * 100_000, True),
        (lambda: mail(b"x" * 50_000_000), True),
        (lambda: mail(b"> " * 10_000_000), True),
        (lambda: mail(b"\n" * 10_000_000), True),
        (lambda: mail(b"=" * 20_000_000, "Content-Transfer-Encoding: base64"), True),
        (lambda: mail(b"=" * 20_000_000, "Content-Transfer-Encoding: quoted-printable"), True),
        (lambda: mail(b"--b\n" * 3_000_000, "Content-Type: multipart/mixed; boundary=b"), False),
        (lambda: mail(b"--b" * 3_000_000, "Content-Type: multipart/mixed; boundary=b"), True),
        (lambda: mail(b"begin 644 a\n#0V%T\n" * 100_000), True),
        (lambda: mail(b"=ybegin name=a\n" * 100_000), True),
        (lambda: html("<div>" * 2_000_000), True),
        (lambda: mail("\u200bx" * 3_000_000), True),
        (lambda: multipart("mixed", *[attached(PNG, "image/png", "a.png")] * 900), True),
        (lambda: b"x" * 100_000_000, False),
    ],
)
def test_hostile_messages_are_read_in_bounded_time(make, is_readable: bool) -> None:
    raw = make()
    begun = time.monotonic()
    facts = read(raw)
    assert time.monotonic() - begun < 30
    assert facts.is_readable is is_readable
    assert is_sound(facts, Bounds())


PIECES = st.sampled_from(
    [
        b"From: ",
        b"To: ",
        b"Subject: ",
        b"Content-Type: multipart/mixed; boundary=b\r\n",
        b"Content-Type: text/html\r\n",
        b"Content-Type: message/rfc822\r\n",
        b"Content-Type: text/calendar\r\n",
        b"Content-Type: text/plain; format=flowed\r\n",
        b"Content-Type: application/pkcs7-mime\r\n",
        b'Content-Type: multipart/alternative; boundary="b\r\n',
        b"Content-Transfer-Encoding: base64\r\n",
        b"Content-Transfer-Encoding: quoted-printable\r\n",
        b"Content-Transfer-Encoding: x-uuencode\r\n",
        b"Content-Disposition: attachment; filename*0*=utf-8''%\r\n",
        b"Authentication-Results: mx; dmarc=pass (",
        b"--b\r\n",
        b"--b--\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b"\r\n\r\n",
        b" ",
        b"\t",
        b">",
        b"<",
        b'"',
        b"(",
        b":",
        b";",
        b",",
        b"@x.example",
        b"=?utf-8?q?",
        b"?=",
        b"=?utf-8?b?",
        b"<div style='display:none'>",
        b"<a href='",
        b"</",
        b"<!--[if mso]>",
        b"<blockquote type=cite>",
        b'BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nATTENDEE;CN="',
        b"begin 644 x\r\n",
        b"=ybegin name=x\r\n",
        b"\x78\x9f\x3e\x22",
        b"charset=utf-16",
        b"charset=idna",
        b"PK\x03\x04",
        b"-- \r\n",
        b"On 1 wrote:\r\n",
        b"\xff",
        b"\0",
        b"\xc3",
        b"http://",
        b"xn--",
        b"words ",
        b"-----Original Message-----\r\n",
        b"<style>.a{",
        b"}",
        b"&#8203;",
        b"&#x110000;",
        b"+AGE-",
    ]
)


@given(st.lists(st.one_of(PIECES, st.binary(max_size=12)), max_size=60).map(b"".join))
def test_no_bytes_make_reading_raise_or_exceed_its_bounds(raw: bytes) -> None:
    bounds = Bounds(
        text_chars=300, mailboxes=3, links=2, attachments=2, parts=6, depth=3, html_nodes=50, html_depth=10
    )
    assert is_sound(read(raw, trusted_authserv_ids=frozenset({"mx", ""}), bounds=bounds), bounds)
    assert is_sound(read(raw), Bounds())
    read(raw[: len(raw) // 2])


@given(st.binary(max_size=400), st.integers(min_value=0, max_value=1_200))
def test_no_change_of_an_ordinary_message_makes_reading_raise(noise: bytes, at: int) -> None:
    raw = multipart(
        "mixed", part("words"), part("<p>x</p>", "text/html"), attached(PNG, "image/png", "a.png")
    )
    at = min(at, len(raw))
    assert is_sound(read(raw[:at] + noise + raw[at + len(noise) // 2 :]), Bounds())


@given(st.text(max_size=200))
def test_plain_words_of_any_script_are_all_read(text: str) -> None:
    facts = read(mail(text.encode("utf-8", "replace"), "Content-Type: text/plain; charset=utf-8"))
    assert is_sound(facts, Bounds())


def test_ordinary_mail_is_read_in_a_few_milliseconds() -> None:
    body = "Dear Miss Lee,\r\n\r\nplease find my essay.\r\n" * 20
    raw = multipart(
        "alternative", part(body), part(b"<html><body>" + body.replace("\r\n", "<br>").encode(), "text/html")
    )
    read(raw)
    times = []
    for _ in range(30):
        begun = time.perf_counter()
        read(raw)
        times.append(time.perf_counter() - begun)
    assert sorted(times)[15] < 0.02
