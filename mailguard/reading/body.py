"""The body of a message: its texts by whose they are, its attachments, what it forwards, what is locked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from mailguard.domain.message import Attachment, AttachmentFamily, Link, Mailbox, TextSource
from mailguard.reading import phrases
from mailguard.reading.attachments import read_attachment
from mailguard.reading.bounds import Bounds
from mailguard.reading.calendar import CalendarFacts, read_calendar
from mailguard.reading.charset import decode
from mailguard.reading.encoded_words import decode_words
from mailguard.reading.fields import HeaderBlock, read_header, text_of
from mailguard.reading.inline_files import cut_inline_files
from mailguard.reading.links import link_behind, links_in
from mailguard.reading.mailboxes import ADDRESS_FIELDS, read_mailboxes
from mailguard.reading.mime import Part, read_tree
from mailguard.reading.texts import (
    HTML_TYPES,
    Seen,
    Text,
    Threading,
    as_forwarded,
    only_new_words,
    read_html,
    read_plain,
    read_text,
    weigh_alternatives,
)
from mailguard.reading.tnef import read_tnef

_NOT_BODY = frozenset(
    {
        "text/calendar", "text/csv", "text/vcard", "text/x-vcard", "text/directory", "text/css",
        "text/rtf", "text/xml", "text/javascript",
        "text/x-patch", "text/x-diff", "text/rfc822-headers", "text/x-vcalendar",
    }
)  # fmt: skip
_MESSAGE_FIELD = re.compile(rb"(?im)^(?:from|received|return-path|subject|message-id):")
_SENDER_FIELDS = ("from", "sender", "reply-to")
_PGP = "-----BEGIN PGP MESSAGE-----"
_MIME_TEXT = re.compile(r"multi-?part|mime", re.IGNORECASE)


@dataclass(slots=True)
class Body:
    """Texts are pieces in order, not yet joined or cut."""

    texts: dict[TextSource, list[str]] = field(default_factory=lambda: {source: [] for source in TextSource})
    links: dict[tuple[str, TextSource], Link] = field(default_factory=dict)
    attachments: list[Attachment] = field(default_factory=list)
    forwarded_senders: list[Mailbox] = field(default_factory=list)
    calendar: CalendarFacts | None = None
    defects: list[str] = field(default_factory=list)
    is_encrypted: bool = False
    is_within_bounds: bool = True


def threading_of(header: HeaderBlock) -> Threading:
    """Whether a message answers or forwards, by its threading fields and its subject."""
    subject = decode_words(header.first("subject")[:500])
    is_forward = phrases.FORWARD_SUBJECT.match(subject) is not None
    has_thread = any(name in ("in-reply-to", "references") for name, _ in header.fields)
    return Threading(
        is_forward=is_forward,
        is_reply=has_thread or is_forward or phrases.REPLY_SUBJECT.match(subject) is not None,
    )


def read_body(root: Part, bounds: Bounds, *, part_count: int) -> Body:
    """All that the parts under ``root`` hold. Recursion is bounded by ``bounds.depth``."""
    reader = _BodyReader(bounds, part_count)
    texts = reader.collect(root, threading_of(root.header), is_root=True)
    reader.finish(texts)
    return reader.body


def find_file(root: Part, bounds: Bounds, *, part_count: int, sha256: str) -> tuple[Attachment, bytes] | None:
    """The attachment with that hash and its bytes, found by the same walk that lists them."""
    reader = _BodyReader(bounds, part_count, wanted_sha256=sha256)
    reader.collect(root, threading_of(root.header), is_root=True)
    return reader.found


class _BodyReader:
    """``found``: the attachment with ``wanted_sha256`` and its bytes."""

    def __init__(self, bounds: Bounds, part_count: int, *, wanted_sha256: str = "") -> None:
        self._bounds = bounds
        self._part_count = part_count
        self._wanted_sha256 = wanted_sha256
        self.found: tuple[Attachment, bytes] | None = None
        self.body = Body()
        self._later: list[Text] = []  # words of calendars and winmail.dat: kept where they stand nowhere else

    def collect(
        self, part: Part, threading: Threading, *, is_root: bool = False, is_related: bool = False
    ) -> list[Text]:
        """The texts of a part and its children in order; attachments and forwarded mail go to the body at
        once.
        """
        if part.children and part.is_message:
            return self._message(part)
        if part.is_multipart:
            return self._multipart(part, threading)
        texts = self._leaf(part, threading, is_root=is_root, is_related=is_related)
        self.body.defects.extend(part.defects)
        return texts

    def _multipart(self, part: Part, threading: Threading) -> list[Text]:
        if part.content_type == "multipart/encrypted":
            self.body.is_encrypted = True
        is_related = part.content_type == "multipart/related"
        branches = [self.collect(child, threading, is_related=is_related) for child in part.children]
        for aside in (part.preamble, part.epilogue):
            words = decode(aside).strip() if aside.strip() else ""
            if re.search(r"\w{2}", words) and not _MIME_TEXT.search(words[:500]):
                self.body.texts[TextSource.HIDDEN].append(words)
        if part.content_type == "multipart/alternative":
            return weigh_alternatives(branches)
        return [text for branch in branches for text in branch]

    def _message(self, part: Part) -> list[Text]:
        inner = part.children[0]
        self._attach(part, is_embedded=False)
        self._forwarded_senders(inner.header)
        self.body.defects.extend(part.defects)
        is_encrypted, self.body.is_encrypted = self.body.is_encrypted, False
        texts = as_forwarded(self.collect(inner, threading_of(inner.header)))
        # A forwarded message may be locked: its own sender locked it, and the words around it can be read.
        self.body.is_encrypted = is_encrypted
        return texts

    def _forwarded_senders(self, header: HeaderBlock) -> None:
        for name, value in header.fields:
            if name in _SENDER_FIELDS and len(self.body.forwarded_senders) < self._bounds.mailboxes:
                self.body.forwarded_senders.extend(read_mailboxes(text_of(value), ADDRESS_FIELDS[name], 50))

    def _leaf(self, part: Part, threading: Threading, *, is_root: bool, is_related: bool) -> list[Text]:
        content_type = part.content_type
        is_attached = part.disposition.startswith("attachment")
        is_text = (
            content_type.startswith("text/") and content_type not in _NOT_BODY
        ) or content_type in HTML_TYPES
        if is_text and (is_root or not is_attached) and not (part.filename and _is_file(part)):
            if part.filename and not is_root:
                self._attach(part, is_embedded=True)
            return [self._text(part, threading)]
        data = part.payload()
        if (
            content_type in ("text/calendar", "application/ics", "text/x-vcalendar")
            or b"BEGIN:VCALENDAR" in data[:200]
        ):
            self._calendar(data, part, is_attached=is_attached)
        elif content_type == "text/rfc822-headers":
            self._forwarded_senders(read_header(data, 0, len(data), self._bounds))
        elif "pkcs7-mime" in content_type or content_type == "application/x-pkcs7-mime":
            return self._smime(part, data, threading)
        elif content_type == "message/partial":
            # RFC 2046 5.2.2: the first fragment holds the words; where the others are nobody can say.
            self.body.defects.append("message-partial")
            self._attach(part, is_embedded=False)
            return self._nested(data, part.depth + 1, is_forwarded=False, threading=threading)
        elif data[:4] == b"\x78\x9f\x3e\x22":
            self._tnef(data, threading)
        is_embedded = not is_attached and (
            is_related or part.disposition.startswith("inline") or bool(part.header.first("content-id"))
        )
        attachment = self._attach(part, is_embedded=is_embedded)
        if is_root and attachment is not None and attachment.family is AttachmentFamily.ENCRYPTED:
            self.body.is_encrypted = True
        if (
            attachment is not None
            and attachment.family is not AttachmentFamily.ENCRYPTED
            and _is_message_file(part, data)
        ):
            return self._nested(data, part.depth + 1, is_forwarded=True)
        return []

    def _text(self, part: Part, threading: Threading) -> Text:
        data = part.payload()
        if b"begin " in data or b"=ybegin " in data:
            data, files = cut_inline_files(data)
            for name, content in files:
                self._add(content, filename=name, is_embedded=True)
            if files:
                self.body.defects.append("inline-encoded-file")
        text = read_text(data, part.content_type, part.parameters, threading, self._bounds)
        self.body.defects.extend(text.defects)
        return text

    def _attach(self, part: Part, *, is_embedded: bool) -> Attachment | None:
        if len(self.body.attachments) >= self._bounds.attachments:
            self.body.defects.append("too-many-attachments")
            return None
        return self._add(
            part.payload(), filename=part.filename, declared_type=part.content_type, is_embedded=is_embedded
        )

    def _add(
        self, content: bytes, *, filename: str, declared_type: str = "", is_embedded: bool = False
    ) -> Attachment:
        attachment = read_attachment(
            content, filename=filename, declared_type=declared_type, is_embedded=is_embedded
        )
        if len(self.body.attachments) < self._bounds.attachments:
            self.body.attachments.append(attachment)
            if attachment.sha256 == self._wanted_sha256:
                self.found = attachment, content
        return attachment

    def _calendar(self, data: bytes, part: Part, *, is_attached: bool) -> None:
        text = decode(data[: self._bounds.calendar_chars], part.parameters.get("charset", ""))
        found = read_calendar(text, declared_method=part.parameters.get("method", ""))
        if found is None:
            self.body.defects.append("calendar-broken")
        elif self.body.calendar is None or (found.calendar.method and not self.body.calendar.calendar.method):
            self.body.calendar = found
            self._later.append(read_plain(found.typed, Threading(), self._bounds))

    def _smime(self, part: Part, data: bytes, threading: Threading) -> list[Text]:
        attachment = self._attach(part, is_embedded=False)
        if attachment is not None and attachment.family is AttachmentFamily.ENCRYPTED:
            self.body.is_encrypted = True
            return []
        # An opaque signature holds the message in the clear inside its envelope (RFC 8551 3.5.2).
        start = re.search(rb"(?i)(?:content-type|mime-version):", data[:65_536])
        return (
            self._nested(data[start.start() :], part.depth + 1, is_forwarded=False, threading=threading)
            if start
            else []
        )

    def _nested(
        self, data: bytes, depth: int, *, is_forwarded: bool, threading: Threading | None = None
    ) -> list[Text]:
        tree = read_tree(data, self._bounds, base_depth=depth, base_parts=self._part_count)
        self._part_count = tree.part_count
        self.body.defects.extend(tree.defects)
        self.body.is_within_bounds = self.body.is_within_bounds and tree.is_within_bounds
        if not tree.is_within_bounds:
            return []
        texts = self.collect(tree.root, threading or threading_of(tree.root.header))
        if not is_forwarded:
            return texts
        self._forwarded_senders(tree.root.header)
        return as_forwarded(texts)

    def _tnef(self, data: bytes, threading: Threading) -> None:
        found = read_tnef(data)
        if found is None:
            return
        self.body.defects.extend(found.defects)
        if found.html:
            self._later.append(read_html(decode(found.html), threading, self._bounds))
        if found.text:
            self._later.append(read_plain(found.text, threading, self._bounds))
        for name, content in found.files:
            self._add(content, filename=name)

    def finish(self, texts: list[Text]) -> None:
        """Sort all lines into the body, and from them the links."""
        seen = Seen()
        for text in texts if self._later else ():
            seen.add(text)
        for text in self._later:
            if (other := only_new_words(text, seen)) is not None:
                texts.append(other)
                seen.add(other)
        for text in texts:
            self._sort(text)
        self.body.forwarded_senders[:] = list(dict.fromkeys(self.body.forwarded_senders))[
            : self._bounds.mailboxes
        ]
        if any(_PGP in piece for piece in self.body.texts[TextSource.OWN]):
            self.body.is_encrypted = True

    def _sort(self, text: Text) -> None:
        pieces: dict[TextSource, list[str]] = {}
        for line, source in zip(text.lines, text.sources, strict=True):
            pieces.setdefault(source, []).append(line.text)
            for href, words in line.links:
                self._keep(link_behind(href, words, source))
            if line.text:
                self._keep(links_in(line.text, source))
        for source, lines in pieces.items():
            if joined := "\n".join(lines).strip():
                self.body.texts[source].append(joined)
        if text.hidden:
            self.body.texts[TextSource.HIDDEN].append(text.hidden)
            for line_text in text.hidden.split("\n"):
                self._keep(links_in(line_text, TextSource.HIDDEN))
        for href, words in text.hidden_links:
            self._keep(link_behind(href, words, TextSource.HIDDEN))
        for value in text.forwarded_from:
            self.body.forwarded_senders.extend(read_mailboxes(value.replace("mailto:", ""), "From", 5))

    def _keep(self, links: list[Link]) -> None:
        for link in links:
            if len(self.body.links) < self._bounds.links:
                self.body.links.setdefault((link.url, link.source), link)


def _is_file(part: Part) -> bool:
    """A text part that programs offer as a file and do not show: named, neither inline nor without
    disposition.
    """
    return part.disposition.startswith("attachment") and part.depth > 0


def _is_message_file(part: Part, data: bytes) -> bool:
    is_named = part.filename.lower().endswith(".eml") or part.content_type.startswith("message/rfc")
    return is_named and len(_MESSAGE_FIELD.findall(data[:20_000])) >= 2
