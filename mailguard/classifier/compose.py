"""Training texts put into the shapes in which real mail arrives: seeded, the same for everyone.

What is put around a text says nothing about its label, or the model would learn the wrapping: phone footers, layouts,
quotations, enclosures and slips of the keyboard fall on everyone alike. Only machines' marks (no-reply senders,
List-Unsubscribe) belong to machines' mail.
"""

from __future__ import annotations

import random
import re
import textwrap
import zlib
from collections.abc import Callable, Iterator

from mailguard.classifier.corpus import Record
from mailguard.domain.message import (
    Attachment,
    AttachmentFamily,
    AutomaticMark,
    Link,
    Mailbox,
    MessageFacts,
    TextSource,
)
from mailguard.domain.words import Kind, Nature

_PHONE_FOOTERS = (
    "Sent from my iPhone",
    "Sent from my iPad",
    "Sent from my Galaxy",
    "Sent from Outlook for Android",
    "Get Outlook for iOS",
    "Sent from Yahoo Mail on Android",
    "Sent from my mobile device",
    "Wysłane z iPhone'a",
    "Envoyé de mon téléphone",
    "Sent from Mail for Windows",
)
_NOTICES = (
    "This email and any attachment are confidential and meant for the addressee only. If you are not the addressee please delete it.",
    "CAUTION: this message came from outside the organisation. Do not open links or attachments unless you know the sender.",
    "[EXTERNAL]",
    "Please consider the environment before printing.",
    "This message has been scanned for viruses.",
)
_QUOTED = (
    "On Monday we talked about the timetable and the trip. Please let me know by Friday.",
    "Thank you for your message. I will look into this and come back to you.",
    "Just a reminder that the deadline is next week.",
    "Please find the letter attached.",
    "ok",
)
_FOOTER_LINKS = (
    "https://www.place.example/contact",
    "www.mail-app.example/get",
    "https://maps.example/here https://www.place.example",
    "Avast says this is clean: https://scan.example/free",
    "https://weather.example/today",
)
_LINK = re.compile(r"https?://[^\s<>]+|\b(?:[\w-]+\.)+(?:com|gg|org|net|example|test)/[^\s<>]+")
_NEIGHBOURS = {
    "a": "s",
    "e": "r",
    "i": "o",
    "o": "p",
    "t": "y",
    "n": "m",
    "s": "a",
    "r": "t",
    "l": "k",
    "h": "g",
}
_LEET = {"o": "0", "i": "1", "e": "3", "a": "4", "s": "5"}
_SPEAKS_OF_A_PICTURE = re.compile(
    r"\b(?:photos?|pics?|pictures?|scan(?:ned)?|screenshots?|selfie|attach\w*|voice note|video|img|zdjęcie|llun)\b",
    re.IGNORECASE,
)
_PICTURES = (
    ("IMG_2041.jpg", AttachmentFamily.IMAGE),
    ("image0.jpeg", AttachmentFamily.IMAGE),
    ("VID_0113.mp4", AttachmentFamily.VIDEO),
)
_PAPERS = (
    ("homework.docx", AttachmentFamily.DOCUMENT),
    ("letter.pdf", AttachmentFamily.DOCUMENT),
    ("scan0001.jpg", AttachmentFamily.IMAGE),
)


def compose(record: Record, *, seed: int, variant: int) -> MessageFacts:
    """`record` as a message. Variant 0 is nearly as written; others are disturbed. Equal arguments give equal facts."""
    rng = random.Random(zlib.crc32(f"{seed}:{variant}:{record.file}:{record.line}".encode()))
    text, subject = record.body, record.subject
    quoted = signature = ""
    if variant:
        for change, chance in _CHANGES:
            if rng.random() < chance:
                text = change(text, rng)
        if rng.random() < 0.05:
            subject = rng.choice(("", subject.lower(), subject.upper(), f"Re: {subject}", f"Fwd: {subject}"))
    if rng.random() < 0.12 and record.kind is Kind.DIRECT:
        footer = rng.choice(_PHONE_FOOTERS)
        if rng.random() < 0.5:
            text = f"{text}\n\n{footer}"
        else:
            signature = footer
    if rng.random() < 0.08:
        notice = rng.choice(_NOTICES)
        text = f"{notice}\n\n{text}" if notice.startswith(("[", "CAUTION")) else f"{text}\n\n{notice}"
    if rng.random() < 0.15 and record.kind is Kind.DIRECT:
        quoted = rng.choice(_QUOTED)
        if rng.random() < 0.5 and subject and not subject.lower().startswith("re:"):
            subject = f"Re: {subject}"
    forwarded = rng.choice(_QUOTED) if rng.random() < 0.06 else ""
    links = [Link(url=url, host=_host(url), text="", source=TextSource.OWN) for url in _LINK.findall(text)]
    if rng.random() < 0.15:
        # Signatures and footers of every kind of writer have links.
        signature = f"{signature}\n{rng.choice(_FOOTER_LINKS)}".strip()
        links.extend(
            Link(url=url, host=_host(url), text="", source=TextSource.SIGNATURE)
            for url in _LINK.findall(signature)
        )
    return MessageFacts(
        sha256="",
        content_sha256="",
        size_bytes=len(text),
        subject=subject,
        mailboxes=(Mailbox(address=_address(record, rng), display_name="", header="From"),),
        headers=tuple(_headers(record, rng)),
        own_text=text,
        quoted_text=quoted,
        forwarded_text=forwarded,
        signature_text=signature,
        attachments=_attachments(record, rng),
        links=tuple(links),
        automatic=_automatic_mark(record, rng),
    )


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0] or url.partition("/")[0]


def _address(record: Record, rng: random.Random) -> str:
    if record.kind is Kind.NOTIFICATION and rng.random() < 0.8:
        return f"{rng.choice(('no-reply', 'noreply', 'notification', 'notify', 'updates'))}@service.example"
    if record.kind in (Kind.BULK, Kind.AUTOMATIC) and rng.random() < 0.4:
        return f"{rng.choice(('news', 'info', 'noreply', 'alerts'))}@service.example"
    return "someone@post.example"


def _headers(record: Record, rng: random.Random) -> Iterator[tuple[str, str]]:
    if record.kind is Kind.NOTIFICATION and rng.random() < 0.5:
        yield "list-unsubscribe", "<https://service.example/off>"
    if record.kind is Kind.BULK:
        if rng.random() < 0.6:
            yield "list-unsubscribe", "<https://service.example/off>"
        if rng.random() < 0.3:
            yield "precedence", "bulk"
        if rng.random() < 0.3:
            yield "list-id", "<news.service.example>"
    if record.kind is Kind.AUTOMATIC and rng.random() < 0.5:
        yield "auto-submitted", "auto-replied"


def _automatic_mark(record: Record, rng: random.Random) -> AutomaticMark:
    is_marked = record.kind is Kind.AUTOMATIC and rng.random() < 0.5
    return AutomaticMark.HEADER if is_marked else AutomaticMark.NONE


def speaks_of_a_picture(record: Record) -> bool:
    """Such mail has one with it, or the attachment alone would tell whose nature is an image."""
    return _SPEAKS_OF_A_PICTURE.search(f"{record.subject}\n{record.body}") is not None


def _attachments(record: Record, rng: random.Random) -> tuple[Attachment, ...]:
    is_direct = record.kind is Kind.DIRECT
    if Nature.IMAGE in record.natures or (is_direct and speaks_of_a_picture(record) and rng.random() < 0.7):
        names = [rng.choice(_PICTURES)]
    elif is_direct and rng.random() < 0.12:
        names = [rng.choice(_PAPERS if rng.random() < 0.7 else _PICTURES)]
    else:
        return ()
    return tuple(
        Attachment(filename=name, declared_type="", detected_type="", family=family, size_bytes=1, sha256="")
        for name, family in names
    )


def _lower(text: str, rng: random.Random) -> str:
    return text.lower()


def _unpunctuated(text: str, rng: random.Random) -> str:
    return re.sub(r"[.,'’]", "", text)


def _upper(text: str, rng: random.Random) -> str:
    return text.upper() if len(text) < 300 else text


def _one_line(text: str, rng: random.Random) -> str:
    return " ".join(text.split())


def _wrapped(text: str, rng: random.Random) -> str:
    width = rng.choice((60, 72, 76))
    return "\n".join(textwrap.fill(line, width) if line.strip() else "" for line in text.split("\n"))


def _spaced_out(text: str, rng: random.Random) -> str:
    return text.replace("\n", "\n\n")


def _hard_spaces(text: str, rng: random.Random) -> str:
    return text.replace(". ", ".\u00a0 ").replace("'", "’")


def _slips(text: str, rng: random.Random) -> str:
    """About one slip in forty letters: left out, doubled, swapped or the next key."""
    letters = list(text)
    for place in range(len(letters) - 1):
        if letters[place].isalpha() and rng.random() < 0.025:
            match rng.randrange(4):
                case 0:
                    letters[place] = ""
                case 1:
                    letters[place] *= 2
                case 2:
                    letters[place], letters[place + 1] = letters[place + 1], letters[place]
                case _:
                    letters[place] = _NEIGHBOURS.get(letters[place], letters[place])
    return "".join(letters)


def _leet(text: str, rng: random.Random) -> str:
    return "".join(_LEET[letter] if letter in _LEET and rng.random() < 0.3 else letter for letter in text)


def _cut(text: str, rng: random.Random) -> str:
    """The first sentences of a longer text, as when a reader cuts at a signature."""
    sentences = re.split(r"(?<=[.!?])\s+", text)
    keep = max(2, int(len(sentences) * rng.uniform(0.5, 0.9)))
    return " ".join(sentences[:keep]) if len(sentences) > 4 else text


_CHANGES: tuple[tuple[Callable[[str, random.Random], str], float], ...] = (
    (_lower, 0.12),
    (_unpunctuated, 0.08),
    (_upper, 0.02),
    (_one_line, 0.15),
    (_wrapped, 0.35),
    (_spaced_out, 0.08),
    (_hard_spaces, 0.1),
    (_slips, 0.25),
    (_leet, 0.02),
    (_cut, 0.08),
)
