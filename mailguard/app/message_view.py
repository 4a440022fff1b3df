"""A held message as text for its reader: what the sender wrote, what is quoted, what was hidden, what came along.

Nothing in it acts: links are words, characters that show nothing are named, pictures and files are lines of a
list. Long texts are cut, and say so.
SECURITY: every word is the sender's. The view is data; templates escape it.
Source: issue "review page", screen 2; SAFEGUARDING.md, "Images".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from mailguard.app.ports_store import DecisionRecord, MessageRecord
from mailguard.app.report_attachment import concerns_a_child, is_closed_part
from mailguard.domain.defanging import Piece, defanged, visible
from mailguard.domain.message import Attachment, AttachmentFamily, MessageFacts, TextSource
from mailguard.domain.sealed import sealed_parts

ReadMessage = Callable[[bytes], MessageFacts]

SHOWN_CHARS = 20_000
_SHOWN_LINKS = 50
_SHOWN_PARTS = 100
_FAMILY_WORDS = {
    AttachmentFamily.IMAGE: "picture",
    AttachmentFamily.VIDEO: "video",
    AttachmentFamily.AUDIO: "sound",
    AttachmentFamily.ARCHIVE: "archive",
    AttachmentFamily.DOCUMENT: "document",
    AttachmentFamily.CALENDAR: "calendar entry",
    AttachmentFamily.MESSAGE: "message",
    AttachmentFamily.EXECUTABLE: "program",
    AttachmentFamily.ENCRYPTED: "encrypted part",
    AttachmentFamily.TEXT: "text",
    AttachmentFamily.OTHER: "file",
}
_NOTICES = {
    "bidi-override": "It holds marks that turn the direction of text round; the words stand here in the order "
    "in which they were written.",
    "zero-width": "It holds invisible characters inside words; they are left out here.",
    "text-cut": "Its text is longer than mailguard reads.",
    "html-cut": "Its formatted text is longer than mailguard reads.",
    "html-too-deep": "Its formatting is too tangled to tell what a reader would see; all its words are shown.",
    "html-broken": "Its formatting is broken; all its words are shown.",
    "too-deep": "Its parts are nested too deeply to be read.",
    "too-many-parts": "It has too many parts to be read.",
    "too-many-attachments": "It has more files than are listed.",
    "inline-encoded-file": "A file is packed into its text.",
}


@dataclass(frozen=True, slots=True)
class ShownText:
    """``length``: in characters; ``is_cut``: only the beginning of it is in ``pieces``."""

    pieces: tuple[Piece, ...] = ()
    length: int = 0
    is_cut: bool = False

    def __bool__(self) -> bool:
        return bool(self.pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLink:
    """``leads_to`` defanged; ``words``: what stood there to be clicked on; ``is_hidden``: where nobody sees it."""

    leads_to: str
    words: tuple[Piece, ...]
    is_hidden: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPart:
    """A file that came along. ``is_sealed``: nobody opens it but exceptionally, with a reason."""

    name: tuple[Piece, ...]
    kind: str
    content_type: str
    declared_type: str
    size_bytes: int
    sha256: str
    is_embedded: bool
    is_encrypted: bool
    is_sealed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    """``header_*``: as the message names them, claims all. ``notices``: what a reader must know, in words."""

    message_id: str
    number: int
    received_at: datetime
    subject: tuple[Piece, ...]
    sender: tuple[Piece, ...]
    mail_from: tuple[Piece, ...]
    header_to: tuple[Piece, ...]
    date_header: str
    own: ShownText
    signature: ShownText
    quoted: ShownText
    forwarded: ShownText
    hidden: ShownText
    links: tuple[ShownLink, ...]
    more_links: int
    parts: tuple[ShownPart, ...]
    more_parts: int
    notices: tuple[str, ...]
    has_html: bool
    is_readable: bool
    sha256: str
    size_bytes: int
    header_message_id: str
    is_shredded: bool = False

    @property
    def has_sealed_parts(self) -> bool:
        return any(part.is_sealed for part in self.parts)

    def says_same_as(self, other: MessageView) -> bool:
        """Whether a reader of the other has read this one: the same words, links and files, from the same sender."""
        return (
            (self.sender, self.subject, self.notices, self.links, self.parts)
            == (other.sender, other.subject, other.notices, other.links, other.parts)
            and (self.own, self.signature, self.quoted, self.forwarded, self.hidden)
            == (other.own, other.signature, other.quoted, other.forwarded, other.hidden)
            and not self.is_shredded
        )


def view_message(
    message: MessageRecord, raw: bytes, read: ReadMessage, *, number: int, has_html: bool
) -> MessageView:
    """Total: what cannot be read is shown by its envelope, and says so."""
    facts = read(raw)
    concerns_child = concerns_a_child(message.decision)
    recipients = ", ".join(
        f"{mailbox.display_name} <{mailbox.address}>" if mailbox.display_name else mailbox.address
        for mailbox in facts.named("To", "Cc")[:50]
    )
    return MessageView(
        message_id=message.id,
        number=number,
        received_at=message.received_at,
        subject=visible(facts.subject[:1_000]),
        sender=visible(message.sender[:500]),
        mail_from=visible(message.mail_from[:500]),
        header_to=visible(recipients[:2_000]),
        date_header=facts.date_header[:100],
        own=shown_text(facts.own_text),
        signature=shown_text(facts.signature_text),
        quoted=shown_text(facts.quoted_text),
        forwarded=shown_text(facts.forwarded_text),
        hidden=shown_text(facts.hidden_text),
        links=_links(facts),
        more_links=max(0, len(_distinct_links(facts)) - _SHOWN_LINKS),
        parts=tuple(_part(part, concerns_child) for part in facts.attachments[:_SHOWN_PARTS]),
        more_parts=max(0, len(facts.attachments) - _SHOWN_PARTS),
        notices=_notices(facts),
        has_html=has_html,
        is_readable=facts.is_readable,
        sha256=message.sha256,
        size_bytes=message.size_bytes,
        header_message_id=message.header_message_id[:500],
    )


def lost_message(message: MessageRecord, *, number: int) -> MessageView:
    """Of a message whose bytes were destroyed when its time was over: what the record still says."""
    nothing = ShownText()
    return MessageView(
        message_id=message.id,
        number=number,
        received_at=message.received_at,
        subject=(),
        sender=(),
        mail_from=(),
        header_to=(),
        date_header="",
        own=nothing,
        signature=nothing,
        quoted=nothing,
        forwarded=nothing,
        hidden=nothing,
        links=(),
        more_links=0,
        parts=(),
        more_parts=0,
        notices=(),
        has_html=False,
        is_readable=False,
        sha256=message.sha256,
        size_bytes=message.size_bytes,
        header_message_id="",
        is_shredded=True,
    )


def shown_text(text: str) -> ShownText:
    text = text.strip("\n")
    if not text.strip():
        return ShownText()
    is_cut = len(text) > SHOWN_CHARS
    return ShownText(pieces=visible(text[:SHOWN_CHARS]), length=len(text), is_cut=is_cut)


def is_sealed_part(part: Attachment, decision: DecisionRecord) -> bool:
    return concerns_a_child(decision) and is_closed_part(part)


def _part(part: Attachment, concerns_child: bool) -> ShownPart:
    return ShownPart(
        name=visible(part.filename[:300]),
        kind=_FAMILY_WORDS[part.family],
        content_type=part.detected_type or part.declared_type or "unknown",
        declared_type=part.declared_type if part.declared_type != part.detected_type else "",
        size_bytes=part.size_bytes,
        sha256=part.sha256,
        is_embedded=part.is_embedded,
        is_encrypted=part.is_encrypted,
        is_sealed=concerns_child and is_closed_part(part),
    )


def _distinct_links(facts: MessageFacts) -> Sequence[tuple[str, str, bool]]:
    return tuple(
        dict.fromkeys((link.url, link.text, link.source is TextSource.HIDDEN) for link in facts.links)
    )


def _links(facts: MessageFacts) -> tuple[ShownLink, ...]:
    return tuple(
        ShownLink(
            leads_to=defanged(url),
            words=visible(text[:200]) if text and text not in url else (),
            is_hidden=is_hidden,
        )
        for url, text, is_hidden in _distinct_links(facts)[:_SHOWN_LINKS]
    )


def _notices(facts: MessageFacts) -> tuple[str, ...]:
    said = [_NOTICES[defect] for defect in dict.fromkeys(facts.defects) if defect in _NOTICES]
    if not facts.is_readable:
        said.insert(0, "It could not be taken apart; what is shown may not be all.")
    if facts.is_encrypted:
        said.insert(0, "Its content is encrypted; only the person it was sent to can open it.")
    if sealed_parts(facts):
        said.append("Pictures, videos and archives in it are listed by name, never shown.")
    return tuple(said)
