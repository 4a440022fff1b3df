"""Texts in the shapes of real mail: the same bytes for everyone, nothing of the label in them, and the words survive being read."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from mailguard.classifier.compose import compose
from mailguard.classifier.corpus import Record, load_corpus
from mailguard.classifier.examples import author_of
from mailguard.classifier.mail_bytes import charset_for, header_words, mailbox, text_part
from mailguard.classifier.mail_gateway import gateway
from mailguard.classifier.mail_html import LAYOUTS
from mailguard.classifier.mail_phrases import BANNERS
from mailguard.classifier.mail_shapes import compose_mail
from mailguard.domain.message import AttachmentFamily, MessageFacts
from mailguard.domain.words import Initiator, Kind, Nature
from mailguard.reading.charset import clean, decode
from mailguard.reading.message import read

CORPUS = Path(__file__).parents[3] / "models" / "corpus"
SAMPLE = 1_200
_ADDRESS = re.compile(r"\S*(?:://|www\.|/)\S*")


@cache
def sample() -> tuple[Record, ...]:
    return tuple(random.Random(10).sample(load_corpus(CORPUS).records, SAMPLE))


@cache
def mails() -> tuple[bytes, ...]:
    return tuple(compose_mail(record, seed=1, variant=0) for record in sample())


@cache
def facts() -> tuple[MessageFacts, ...]:
    return tuple(map(read, mails()))


def words(text: str) -> list[str]:
    """Without addresses of the web, which gateways rewrite."""
    return _ADDRESS.sub(" ", clean(text)).split()


def without_banner(own: str, record: Record) -> str:
    """No reader can know a gateway's banner from the sender's words."""
    flat = " ".join(own.split())
    found = next((banner for banner in BANNERS if flat.startswith(banner)), "")
    return flat[len(found) :] if not record.body.startswith(found or "\0") else own


def test_equal_arguments_give_equal_bytes_and_others_do_not():
    record = sample()[0]
    assert compose_mail(record, seed=1, variant=1) == compose_mail(record, seed=1, variant=1)
    many = {compose_mail(record, seed=seed, variant=variant) for seed in range(3) for variant in range(3)}
    assert len(many) == 9


def test_another_process_composes_the_same_bytes():
    code = (
        "import hashlib; from mailguard.classifier.corpus import Record;"
        "from mailguard.classifier.mail_shapes import compose_mail;"
        "mails = [compose_mail(Record('a.txt', n, 'x', 'see www.a.example/b and answer'), seed=3, variant=n % 2) for n in range(60)];"
        "print(hashlib.sha256(b''.join(mails)).hexdigest())"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


def test_reading_gives_nearly_every_record_its_own_words_and_no_others():
    lost = [
        f"{record.file}:{record.line}"
        for record, found in zip(sample(), facts(), strict=True)
        if not found.is_readable or words(without_banner(found.own_text, record)) != words(record.body)
    ]
    assert len(lost) <= 0.03 * SAMPLE, lost


def test_subjects_and_names_arrive():
    for record, found in zip(sample(), facts(), strict=True):
        assert found.subject.endswith(clean(" ".join(record.subject.split())))
        assert found.named("From")[0].display_name == clean(" ".join((record.sender_name or "").split()))


@pytest.mark.parametrize("initiator", [Initiator.CHILD, Initiator.PARENT, Initiator.STAFF, Initiator.OTHER])
@pytest.mark.parametrize("nature", [Nature.DISCLOSURE, Nature.SCHOOLWORK, Nature.SOCIAL_INVITE])
def test_the_wrapping_says_nothing_of_writer_and_nature(initiator: Initiator, nature: Nature):
    direct = [record for record in sample() if record.kind is Kind.DIRECT][:60]
    for record in direct:
        if Nature.IMAGE not in record.natures:
            other = replace(record, initiator=initiator, natures=(nature,))
            assert compose_mail(other, seed=1, variant=1) == compose_mail(record, seed=1, variant=1)


def test_every_shape_occurs():
    whole = Counter[str]()
    for raw, found in zip(mails(), facts(), strict=True):
        text = raw.decode("latin-1")
        whole.update(
            name
            for name, holds in {
                "html alone": "\nContent-Type: text/html" in text and "multipart/alternative" not in text,
                "alternatives": "multipart/alternative" in text,
                "plain text alone": "text/html" not in text,
                "format=flowed": "format=flowed" in text,
                "7bit": "Encoding: 7bit" in text,
                "8bit": "Encoding: 8bit" in text,
                "quoted-printable": "quoted-printable" in text,
                "base64": "Encoding: base64" in text,
                "quoted": bool(found.quoted_text),
                "forwarded": bool(found.forwarded_text),
                "signature": bool(found.signature_text),
                "attachment": bool(found.attachments),
                "answer": "In-Reply-To" in text,
                "banner": any(found.own_text.startswith(banner) for banner in BANNERS),
                "gateway": any(".safelinks.example" in link.host for link in found.links),
            }.items()
            if holds
        )
    assert len(whole) == 15, whole
    assert all(count >= 3 for count in whole.values()), whole
    charsets = {name.lower() for raw in mails() for name in re.findall(rb'charset="?([\w-]+)', raw)}
    assert {b"utf-8", b"iso-8859-1", b"windows-1252", b"windows-1250", b"us-ascii"} <= charsets
    quoted = {found.quoted_text for found in facts() if found.quoted_text}
    assert len(quoted) > 0.9 * whole["quoted"]


def test_quotations_are_of_many_makes_and_tongues():
    quoted = "\n".join(found.quoted_text + found.forwarded_text for found in facts())
    for said in ("wrote:", "From:", "Subject:", "Forwarded message"):
        assert said in quoted, said
    # Which of the rarer ones a sample of twelve hundred has, its size decides.
    tongues = ("schrieb", "a écrit", "escribió", "ha scritto", "napisał", "a scris", "escreveu", "schreef")
    assert sum(said in quoted for said in tongues) >= 4


@pytest.mark.parametrize(
    ("text", "name"),
    [("zażółć gęślą jaźń", "windows-1250"), ("Добрый день", "windows-1251"), ("صباح الخير", "windows-1256")],
)
def test_a_text_is_sent_in_any_charset_that_can_say_it(text: str, name: str):
    found = {charset_for(text, random.Random(seed)) for seed in range(60)}
    assert {name, "utf-8"} <= found
    for seed in range(60):
        rng = random.Random(seed)
        raw = text_part(text, "plain", charset_for(text, rng), rng)
        message = b"From: a@b.example\r\nMIME-Version: 1.0\r\n" + raw.header + b"\r\n" + raw.content
        assert read(message).own_text == text


def test_headers_carry_any_letters():
    for seed in range(20):
        rng = random.Random(seed)
        name, subject = (
            'Zoë "Zo" Ní Bhriain',
            "Ёлка — a very long subject that must be folded somewhere ✨✨✨",
        )
        raw = (
            f"From: {mailbox(name, 'z@b.example', rng)}\r\nSubject: {header_words(subject, rng)}\r\n\r\nx\r\n"
        )
        found = read(raw.encode("ascii"))
        assert found.subject == subject
        assert found.named("From")[0].display_name == name


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_link_keeps_its_words_and_leads_through_the_gateway(layout: str):
    html = LAYOUTS[layout]("see https://a.example/x?y=1&z=2.\n\nbye <3", gateway(random.Random(2)))
    raw = f"From: a@b.example\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}".encode()
    found = read(raw)
    assert found.own_text.split() == ["see", "https://a.example/x?y=1&z=2.", "bye", "<3"]
    assert len({link.host for link in found.links}) == 2


def test_a_picture_is_enclosed_where_it_is_the_message():
    record = replace(sample()[0], kind=Kind.DIRECT, natures=(Nature.IMAGE,), body="look what i made")
    for variant in range(5):
        families = {attachment.family for attachment in compose(record, seed=1, variant=variant).attachments}
        assert families & {AttachmentFamily.IMAGE, AttachmentFamily.VIDEO}


def test_a_text_without_words_quotes_nothing_that_would_be_taken_for_its_own():
    for line in range(200):
        record = Record("a.txt", line, "", "", natures=(Nature.OTHER,))
        found = compose(record, seed=1, variant=0)
        assert not without_banner(found.own_text, record).strip()


def test_wrong_bytes_would_be_noticed():
    assert decode("ż".encode("windows-1250"), "windows-1250") == "ż"
    assert words("see https://a.example/b now") == ["see", "now"]


@pytest.mark.parametrize(
    ("file", "author"),
    [
        ("direct/abc-def-3.txt", "direct/abc-def"),
        ("direct/abc-def-13.txt", "direct/abc-def"),
        ("direct/abc-year9.txt", "direct/abc-year9"),
        ("direct/abc.txt", "direct/abc"),
    ],
)
def test_the_author_is_the_file_s_name_without_its_number(file: str, author: str):
    assert author_of(Record(file, 1, "", "x")) == author


def test_a_platform_s_texts_are_of_that_platform():
    record = Record("notifications/mixed-2.txt", 1, "", "x", kind=Kind.NOTIFICATION, platform="perchd")
    assert author_of(record) == "perchd"
