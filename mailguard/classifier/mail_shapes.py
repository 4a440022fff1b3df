"""Texts put into the shapes in which real mail arrives, as bytes: equal arguments give equal bytes, on every machine.

What is put around a text says nothing about its label, or the model would learn the wrapping: programs, signatures, quotations,
charsets, gateways and enclosures fall on every kind of writer alike. Machines' letters are laid out as machines do it, are
quoted from less often and come from no telephone; that tells a machine and no more. Around the text stands what
``mailguard.reading`` takes away again, and a little that no reader can tell from the sender's words: banners of gateways.
"""

from __future__ import annotations

import random
import zlib
from dataclasses import dataclass, replace
from html import escape

from mailguard.classifier import mail_phrases as phrases
from mailguard.classifier.corpus import Record
from mailguard.classifier.mail_bytes import (
    Body,
    charset_for,
    file_part,
    header_words,
    mailbox,
    multipart,
    text_part,
)
from mailguard.classifier.mail_files import LOGO, File, drawn_files
from mailguard.classifier.mail_gateway import gateway, unchanged
from mailguard.classifier.mail_html import LAYOUTS, LINK, Rewrite, banner_html, document
from mailguard.classifier.mail_quoting import (
    Block,
    forwarded,
    interleaved,
    marked_quotation,
    old_mail,
    program_language,
    quotation,
)
from mailguard.classifier.text_changes import changed_subject, changed_text
from mailguard.domain.words import Kind


@dataclass(frozen=True, slots=True)
class _Program:
    """``mailer``: the header by which it names itself; ``forms``: how often it sends plain text, both, HTML alone."""

    layout: str
    mailer: str
    forms: tuple[int, int, int]
    share: int


_PEOPLE = (
    _Program("outlook", "", (15, 55, 30), 22),
    _Program("outlook-web", "", (10, 50, 40), 14),
    _Program("gmail", "", (8, 90, 2), 20),
    _Program("phone", "", (35, 40, 25), 18),
    _Program("apple", "X-Mailer: iPhone Mail (22F76)", (60, 35, 5), 14),
    _Program("apple", "X-Mailer: Apple Mail (2.3826.600.51)", (55, 45, 0), 4),
    _Program("paragraphs", "User-Agent: Mozilla Thunderbird", (60, 40, 0), 8),
)
_MACHINES = (
    _Program("table", "", (25, 50, 25), 60),
    _Program("paragraphs", "X-Mailer: PHPMailer 6.9.1", (40, 30, 30), 25),
    _Program("apple", "", (50, 25, 25), 15),
)
_ANSWERS = ("re:", "aw:", "odp:", "sv:", "fw:", "fwd:", "wg:", "tr:")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Letter:
    """What is written, by whom and to whom; ``headers`` are further ones, as (name, ASCII value). ``date``: "" to draw one."""

    text: str
    subject: str
    sender: str
    sender_name: str
    recipient: str
    kind: Kind
    language: str
    headers: tuple[tuple[str, str], ...] = ()
    files: tuple[File, ...] = ()
    date: str = ""


def compose_mail(record: Record, *, seed: int, variant: int) -> bytes:
    """`record` as a message on the wire. Variant 0 has its words as written; in others they are disturbed. Lines end in CRLF."""
    rng = random.Random(zlib.crc32(f"{seed}:{variant}:{record.file}:{record.line}".encode()))
    text, subject = record.body, record.subject
    if variant:
        text, subject = changed_text(text, rng), changed_subject(subject, rng)
    return shaped(
        Letter(
            text=text,
            subject=subject,
            sender=_address(record, rng),
            sender_name=record.sender_name or "",
            recipient="teacher@school.example",
            kind=record.kind,
            language=record.language,
            headers=_headers(record, rng),
            files=drawn_files(record, rng),
        ),
        rng,
    )


def _address(record: Record, rng: random.Random) -> str:
    if record.kind is Kind.NOTIFICATION and rng.random() < 0.8:
        return f"{rng.choice(('no-reply', 'noreply', 'notification', 'notify', 'updates'))}@service.example"
    if record.kind in (Kind.BULK, Kind.AUTOMATIC) and rng.random() < 0.4:
        return f"{rng.choice(('news', 'info', 'noreply', 'alerts'))}@service.example"
    return "someone@post.example"


def _headers(record: Record, rng: random.Random) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    if record.kind is Kind.NOTIFICATION:
        if rng.random() < 0.5:
            found.append(("List-Unsubscribe", "<https://service.example/off>"))
        # What services to many put there says nothing of who they are.
        if rng.random() < 0.25:
            found.append(("Precedence", "bulk"))
        if rng.random() < 0.15:
            found.append(("Auto-Submitted", "auto-generated"))
    if record.kind is Kind.BULK:
        if rng.random() < 0.6:
            found.append(("List-Unsubscribe", "<https://service.example/off>"))
        if rng.random() < 0.3:
            found.append(("Precedence", "bulk"))
        if rng.random() < 0.3:
            found.append(("List-ID", "<news.service.example>"))
    if record.kind is Kind.AUTOMATIC:
        if rng.random() < 0.5:
            found.append(("Auto-Submitted", rng.choice(("auto-replied", "auto-generated"))))
        if rng.random() < 0.25:
            found.append(("List-Unsubscribe", "<https://service.example/off>"))
        if rng.random() < 0.15:
            found.append(("Precedence", "bulk"))
    return tuple(found)


def shaped(letter: Letter, rng: random.Random) -> bytes:
    """`letter` as one of the programs in use would send it and the servers on its way would deliver it."""
    program = _drawn_program(letter.kind, rng)
    rewrite = gateway(rng) if rng.random() < 0.12 else unchanged
    block, subject, is_answer = _with_old_mail(letter, program.layout, rng, rewrite)
    block = _with_banner(block, rng)
    if rng.random() < 0.08:
        block = _below(block, rng.choice(phrases.DISCLAIMERS), rewrite)
    if subject and rng.random() < 0.015:
        subject = rng.choice(phrases.SUBJECT_TAGS) + subject
    return _delivered(replace(letter, subject=subject), block, program, rng, is_answer=is_answer)


def answering(letter: Letter, quoted: str, rng: random.Random) -> bytes:
    """`letter` above the words that it answers, as one of the programs in use quotes them, with nothing else around it."""
    program = _drawn_program(letter.kind, rng)
    language = program_language(letter.language, rng)
    old = old_mail(letter.text, letter.subject, letter.recipient, language, rng)
    own = Block(letter.text, LAYOUTS[program.layout](letter.text, unchanged))
    block = _joined(own, quotation(replace(old, body=quoted), program.layout, rng, unchanged))
    answer = replace(letter, subject=f"Re: {letter.subject}")
    return _delivered(answer, block, program, rng, is_answer=True)


def _drawn_program(kind: Kind, rng: random.Random) -> _Program:
    programs = _PEOPLE if kind is Kind.DIRECT else _MACHINES
    return rng.choices(programs, weights=[program.share for program in programs])[0]


def _delivered(
    letter: Letter, block: Block, program: _Program, rng: random.Random, *, is_answer: bool
) -> bytes:
    form = rng.choices(("plain", "alternative", "html"), weights=program.forms)[0]
    body = _body(block, letter, program.layout, form, rng)
    header = _header(letter, program.mailer, rng, is_answer=is_answer)
    return header + body.header + b"\r\n" + body.content


def _with_old_mail(
    letter: Letter, layout: str, rng: random.Random, rewrite: Rewrite
) -> tuple[Block, str, bool]:
    """(the letter with its signature and what it answers or forwards, the subject, whether it answers)."""
    is_by_person = letter.kind is Kind.DIRECT

    def html_of(text: str) -> str:
        return LAYOUTS[layout](text, rewrite)

    own = Block(_plain_links(letter.text, rewrite), html_of(letter.text))
    signature = _signature(letter, layout, rng, rewrite, is_by_person=is_by_person)
    chance = rng.random()
    quoting, forwarding = (0.17, 0.23) if is_by_person else (0.04, 0.06)
    if chance >= forwarding or not letter.text.strip():
        return _joined(own, signature), letter.subject, False
    language = program_language(letter.language, rng)
    old = old_mail(letter.text, letter.subject, letter.recipient, language, rng)
    if chance >= quoting:
        below = forwarded(old, layout, rng, rewrite)
        return _joined(own, signature, below), _prefixed(letter.subject, "Fwd: ", rng), False
    way = rng.random()
    if way < 0.06:
        block = _joined(interleaved(old, letter.text, html_of, rng), signature)
    elif way < 0.12:
        block = _joined(marked_quotation(old, rng, rewrite), own, signature)
    else:
        block = _joined(own, signature, quotation(old, layout, rng, rewrite))
    return block, _prefixed(letter.subject, "Re: ", rng), True


def _joined(*blocks: Block | None) -> Block:
    there = [block for block in blocks if block is not None]
    return Block("\n\n".join(block.plain for block in there), "\n".join(block.html for block in there))


def _prefixed(subject: str, prefix: str, rng: random.Random) -> str:
    if not subject or subject.lower().startswith(_ANSWERS) or rng.random() < 0.4:
        return subject
    return prefix + subject


def _signature(
    letter: Letter, layout: str, rng: random.Random, rewrite: Rewrite, *, is_by_person: bool
) -> Block | None:
    """A telephone's line, a signature below its separator, both or none."""
    blocks: list[Block] = []
    if is_by_person and rng.random() < (0.35 if layout in ("phone", "apple") else 0.04):
        own = letter.language.partition("-")[0]
        lines = phrases.PHONE_LINES.get(own if rng.random() < 0.5 else "en") or phrases.PHONE_LINES["en"]
        line = rng.choice(lines)
        blocks.append(Block(line, f'<br><div dir="ltr">{escape(line, quote=False)}</div>'))
    if rng.random() < 0.15:
        words = rng.choice(phrases.SIGNATURE_LINES).format(
            name=rng.choice(phrases.NAMES),
            place=rng.choice(phrases.PLACES),
            number=rng.randrange(100, 1000),
        )
        inner = "<br>".join(LAYOUTS["apple"](words, rewrite).split("\n"))
        html = rng.choice(
            (
                '<br><div><br></div><span class="gmail_signature_prefix">-- </span><br><div dir="ltr" '
                f'class="gmail_signature" data-smartmail="gmail_signature">{inner}</div>',
                f'<div id="Signature"><div>{inner}</div></div>',
                f'<div class="moz-signature">-- <br>{inner}</div>',
            )
        )
        blocks.append(Block(f"-- \n{_plain_links(words, rewrite)}", html))
    return _joined(*blocks) if blocks else None


def _plain_links(text: str, rewrite: Rewrite) -> str:
    if rewrite is unchanged or "/" not in text:
        return text
    return LINK.sub(lambda found: rewrite(found.group()) if "://" in found.group() else found.group(), text)


def _with_banner(block: Block, rng: random.Random) -> Block:
    if rng.random() >= 0.04:
        return block
    banner = rng.choice(phrases.BANNERS)
    return Block(f"{banner}\n\n{block.plain}", banner_html(banner, rng) + block.html)


def _below(block: Block, words: str, rewrite: Rewrite) -> Block:
    html = LAYOUTS["paragraphs"](words, rewrite)
    return Block(f"{block.plain}\n\n{_plain_links(words, rewrite)}", f"{block.html}\n<br>{html}")


def _body(block: Block, letter: Letter, layout: str, form: str, rng: random.Random) -> Body:
    texts: list[Body] = []
    charset = charset_for(block.plain, rng)
    if form != "html":
        is_flowed = form == "plain" and rng.random() < 0.2
        plain = _flowed(block.plain) if is_flowed else block.plain
        texts.append(text_part(plain, "plain", charset, rng, is_flowed=is_flowed))
    if form != "plain":
        html = document(block.html, layout, rng)
        if charset == "us-ascii" or not html.isascii():
            charset = charset_for(html, rng)
        texts.append(text_part(html, "html", charset, rng))
    body = multipart("alternative", texts, rng)
    if form != "plain" and rng.random() < 0.01:
        # A signature's logo.
        body = multipart(
            "related", [body, file_part(LOGO, content_id=f"image001.png@{rng.getrandbits(32):08X}")], rng
        )
    is_inline = layout in ("apple", "phone") and rng.random() < 0.4
    files = [
        file_part(file, content_id=f"{rng.getrandbits(40):x}" if is_inline else "") for file in letter.files
    ]
    return multipart("mixed", [body, *files], rng)


def _flowed(text: str) -> str:
    """RFC 3676 4.2: a space at the end of a line that goes on, one before what would look like a mark."""
    lines: list[str] = []
    for line in text.split("\n"):
        if line == "-- ":
            lines.append(line)
            continue
        mark = "> " if line.startswith("> ") else ""
        rest = line[len(mark) :].rstrip(" ")
        while len(rest) > 72 and (cut := rest.rfind(" ", 1, 72)) > 0:
            lines.append(_stuffed(mark, rest[: cut + 1]))
            rest = rest[cut + 1 :]
        lines.append(_stuffed(mark, rest))
    return "\n".join(lines)


def _stuffed(mark: str, line: str) -> str:
    if mark:
        return mark + line
    is_mark = line.startswith(">") and not line.startswith("> ") and line != ">"
    return f" {line}" if is_mark or line.startswith((" ", "From ")) else line


def _header(letter: Letter, mailer: str, rng: random.Random, *, is_answer: bool) -> bytes:
    host = letter.sender.rpartition("@")[2]
    number = f"{rng.getrandbits(64):016x}"
    date = letter.date or (
        f"{rng.choice(_DAYS)}, {rng.randrange(1, 29)} {rng.choice(phrases.MONTHS['en'].split())} {rng.choice((2024, 2025, 2026))} "
        f"{rng.randrange(6, 23):02}:{rng.randrange(60):02}:{rng.randrange(60):02} {rng.choice(('+0000', '+0100'))}"
    )
    lines = [
        f"Received: from mx.{host} (mx.{host} [192.0.2.{rng.randrange(1, 255)}]) by mail.school.example with ESMTPS id {number[:10]}",
        f"Date: {date}",
        f"From: {mailbox(letter.sender_name, letter.sender, rng)}",
        f"To: {letter.recipient}",
        f"Subject: {header_words(letter.subject, rng)}",
        f"Message-ID: <{number}@{host}>",
    ]
    if is_answer and rng.random() < 0.8:
        before = f"<{rng.getrandbits(64):016x}@school.example>"
        lines += [f"In-Reply-To: {before}", f"References: {before}"]
    lines += [f"{name}: {value}" for name, value in letter.headers]
    if mailer:
        lines.append(mailer)
    lines.append("MIME-Version: 1.0")
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")
