"""``read``: bytes to MessageFacts, the only door into this package for a whole message.

SECURITY: every byte is the sender's. Total: no input raises. Bounded: time and memory grow with the message's
size and stop at ``Bounds``; what is beyond them is unreadable (row U1), its header mailboxes are read all the
same, so that a listed sender is found in a broken message too.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection

from mailguard.domain.message import AutomaticMark, Mailbox, MessageFacts, TextSource
from mailguard.reading.authentication import read_authentication
from mailguard.reading.automatic import automatic_mark
from mailguard.reading.body import Body, read_body
from mailguard.reading.bounds import DEFAULT_BOUNDS, Bounds
from mailguard.reading.content_key import content_sha256
from mailguard.reading.encoded_words import decode_words
from mailguard.reading.fields import HeaderBlock, read_header, text_of
from mailguard.reading.mailboxes import ADDRESS_FIELDS, read_mailboxes
from mailguard.reading.mime import read_tree

_LOOSE_FIELD = re.compile(
    rb"(?im)^[ \t]{0,8}(from|sender|reply-to|return-path|to|cc|subject)[ \t]*:([^\r\n]{0,4000})"
)
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,900}>")
_LOOSE_BYTES = 65_536
_BARE_CR = re.compile(rb"\r(?!\n)")
_HEADER_END = re.compile(rb"\n\r?\n")
_SENDERS = frozenset({"From", "Sender", "Reply-To", "Resent-From"})


def read(
    raw: bytes, *, trusted_authserv_ids: Collection[str] = frozenset(), bounds: Bounds = DEFAULT_BOUNDS
) -> MessageFacts:
    """All that mailguard knows of a message. Never raises.

    ``trusted_authserv_ids``: whose Authentication-Results count ("" for a verifier that writes none,
    Microsoft 365).
    """
    buffer = raw if b"\n" in raw or b"\r" not in raw else raw.replace(b"\r", b"\n")
    if _BARE_CR.search(buffer, 0, bounds.header_bytes):
        buffer = _with_lines_in_header(buffer, bounds)
    defects: list[str] = []
    body = Body()
    content_type = report_type = ""
    if len(buffer) > bounds.message_bytes:
        header = read_header(buffer, 0, len(buffer), bounds, is_top=True)
        defects.extend([*header.defects, "message-too-large"])
        is_readable = False
    else:
        tree = read_tree(buffer, bounds)
        header = tree.root.header
        defects.extend(tree.defects)
        is_readable = tree.is_within_bounds and header.is_header
        content_type = tree.root.content_type
        report_type = tree.root.parameters.get("report-type", "")
        if is_readable:
            try:
                body = read_body(tree.root, bounds, part_count=tree.part_count)
            except Exception as error:
                # A fault of ours must not lose a message: it is held as unreadable, and the tests see the
                # defect.
                defects.append(f"reading-fault:{type(error).__name__}")
                is_readable = False
            is_readable = is_readable and body.is_within_bounds
    if not header.is_header:
        defects.append("no-header")
        header.fields.extend(_loose_fields(buffer, header))
    headers = _decoded(header, bounds)
    mailboxes, is_all = _mailboxes(header, bounds)
    if not is_all:
        # Nobody can say who sent it.
        defects.append("too-many-senders")
        is_readable = False
    if body.calendar is not None:
        mailboxes = (*mailboxes, *body.calendar.mailboxes)[: bounds.mailboxes]
    first = dict(reversed(headers))
    message_id = _MESSAGE_ID.search(first.get("message-id", ""))
    calendar = body.calendar.calendar if body.calendar is not None else None
    facts_text = {source: _joined(pieces, bounds) for source, pieces in body.texts.items()}
    return MessageFacts(
        sha256=hashlib.sha256(raw).hexdigest(),
        content_sha256=content_sha256(raw),
        size_bytes=len(raw),
        message_id=message_id.group() if message_id else first.get("message-id", "")[:900],
        subject=first.get("subject", ""),
        date_header=first.get("date", ""),
        mailboxes=mailboxes,
        headers=headers,
        own_text=facts_text[TextSource.OWN],
        quoted_text=facts_text[TextSource.QUOTED],
        forwarded_text=facts_text[TextSource.FORWARDED],
        hidden_text=facts_text[TextSource.HIDDEN],
        signature_text=facts_text[TextSource.SIGNATURE],
        forwarded_senders=tuple(body.forwarded_senders),
        attachments=tuple(body.attachments),
        links=tuple(body.links.values()),
        calendar=calendar,
        automatic=(
            automatic_mark(content_type, report_type, calendar, first.get("auto-submitted", ""))
            if is_readable
            else AutomaticMark.NONE
        ),
        authentication=read_authentication(headers, mailboxes, trusted_authserv_ids),
        is_readable=is_readable,
        is_encrypted=body.is_encrypted,
        defects=tuple(dict.fromkeys([*defects, *body.defects])),
    )


def _with_lines_in_header(buffer: bytes, bounds: Bounds) -> bytes:
    """A CR of its own ends a line of the header, as at the next hop (docs/adr/0003-bare-newlines.md); same length."""
    end = _HEADER_END.search(buffer, 0, bounds.header_bytes)
    stop = end.end() if end else min(len(buffer), bounds.header_bytes)
    return _BARE_CR.sub(b"\n", buffer[:stop]) + buffer[stop:]


def _decoded(header: HeaderBlock, bounds: Bounds) -> tuple[tuple[str, str], ...]:
    return tuple(
        (
            name,
            decode_words(text_of(value[: bounds.header_value_chars * 4]))[
                : bounds.header_value_chars
            ].strip(),
        )
        for name, value in header.fields
    )


def _mailboxes(header: HeaderBlock, bounds: Bounds) -> tuple[tuple[Mailbox, ...], bool]:
    """Senders before recipients, so that no number of recipients hides one; False when there were more senders."""
    found: list[Mailbox] = []
    named = [(ADDRESS_FIELDS[name], value) for name, value in header.fields if name in ADDRESS_FIELDS]
    for canonical, value in sorted(named, key=lambda field: field[0] not in _SENDERS):
        if len(found) < bounds.mailboxes:
            found.extend(read_mailboxes(text_of(value), canonical, bounds.mailboxes - len(found)))
    return tuple(found), len(found) < bounds.mailboxes or found[-1].header not in _SENDERS


def _loose_fields(buffer: bytes, header: HeaderBlock) -> list[tuple[str, bytes]]:
    """Lines like address fields anywhere near the top of what has no header."""
    known = {name for name, _ in header.fields}
    found = [
        (match.group(1).decode("ascii").lower(), match.group(2).strip())
        for match in _LOOSE_FIELD.finditer(buffer[:_LOOSE_BYTES])
    ]
    return [(name, value) for name, value in found[:100] if name not in known]


def _joined(pieces: list[str], bounds: Bounds) -> str:
    return "\n".join(pieces)[: bounds.text_chars]
