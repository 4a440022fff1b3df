"""What of the message itself goes along with a report: the original, a text rendition, or nothing.

Pictures, videos, archives and whatever cannot be looked into do not leave the store when a child's message
carries them: the reader gets the header, the sender's own words and a list of the parts.
SECURITY: the parts are hostile. Anything that cannot be told to be harmless is left out, also when looking
itself fails.
Source: SAFEGUARDING.md, "Images"; DESIGN promise 7.
"""

from __future__ import annotations

import base64
import email
import re
from collections.abc import Callable
from email import policy

from mailguard.app.own_mail import Enclosure, one_line
from mailguard.app.ports_store import DecisionRecord, MessageRecord
from mailguard.domain.message import Attachment, AttachmentFamily, MessageFacts
from mailguard.domain.words import Initiator, Nature, Role, Verdict

ReadMessage = Callable[[bytes], MessageFacts]

ORIGINAL_BYTES = 8 * 1024 * 1024
_CHILDREN = frozenset({Initiator.CHILD.value, Initiator.PROBABLE_CHILD.value})
_OPEN_FAMILIES = frozenset(
    {AttachmentFamily.TEXT, AttachmentFamily.CALENDAR, AttachmentFamily.DOCUMENT, AttachmentFamily.AUDIO}
)
# A picture may stand in the HTML itself, or uuencoded in the text.
_INLINE_BYTES = re.compile(
    rb"data:\s*(?:image|video|application)/|^begin [0-7]{3,4} ", re.IGNORECASE | re.MULTILINE
)
_CONTENT_FIELD = re.compile(rb"(?:content-[^:\s]*|mime-version)\s*:", re.IGNORECASE)


def may_have_original(role: Role) -> bool:
    """Head and deputy get the message; others the facts (issue "Report mail")."""
    return role in {Role.HEAD, Role.DEPUTY}


def enclosure_for(
    message: MessageRecord, raw: bytes, read: ReadMessage, *, number: int = 0
) -> tuple[Enclosure, str]:
    """The file and a sentence about it. ``number`` tells several messages of a case apart."""
    stem = message.case_id if not number else f"{message.case_id}-{number + 1}"
    try:
        facts = read(raw)
        is_sealed = must_stay_sealed(message.decision, facts, raw)
    except Exception:
        # What cannot be looked into cannot be shown to be harmless: headers alone then.
        return _rendition(
            stem, raw, None
        ), "The message could not be taken apart safely: only its header is attached."
    if is_sealed:
        return (
            _rendition(stem, raw, facts),
            "Its text and header are attached. Pictures, videos and archives in it are sealed; see the case.",
        )
    if len(raw) > ORIGINAL_BYTES:
        return _rendition(
            stem, raw, facts
        ), "It is too large to send on: text and header are attached; see the case."
    return Enclosure(filename=f"{stem}.eml", content=raw), "The message is attached unchanged."


def must_stay_sealed(decision: DecisionRecord, facts: MessageFacts, raw: bytes) -> bool:
    """Whether the message carries what nobody looks at without a reason.

    May raise whatever looking into a hostile message raises: then it must stay sealed, too.
    """
    if not concerns_a_child(decision):
        return False
    if facts.is_encrypted or not facts.is_readable or bool(decision.further.get("is_sealed")):
        return True
    return any(is_closed_part(part) for part in facts.attachments) or _has_closed_parts(raw)


def concerns_a_child(decision: DecisionRecord) -> bool:
    """Whether pictures and archives in it stay closed: a child sent them, or they may show one."""
    return (
        decision.initiator in _CHILDREN
        or decision.nature == Nature.IMAGE.value
        or decision.verdict is Verdict.THIRD_PARTY_CONCERN
        or bool(decision.further.get("is_sealed"))
    )


def is_closed_part(part: Attachment) -> bool:
    """Of a message that concerns a child: whether this part is not looked at without a reason."""
    return part.family not in _OPEN_FAMILIES or part.is_encrypted


def _has_closed_parts(raw: bytes) -> bool:
    """A second look by other means, so that one reader's mistake does not send a picture out."""
    for part in email.message_from_bytes(raw, policy=policy.compat32).walk():
        kind = part.get_content_maintype()
        if kind in {"image", "video"}:
            return True
        if kind == "text":
            content = part.get_payload(decode=True)
            if isinstance(content, bytes) and _INLINE_BYTES.search(content):
                return True
    return False


def _rendition(stem: str, raw: bytes, facts: MessageFacts | None) -> Enclosure:
    """A message of its own: the original's header, then its words and the list of its parts as plain text."""
    lines = ["[Text rendition by mailguard. The original is held unchanged.]", "", *_words(facts)]
    body = base64.encodebytes("\r\n".join(lines).encode("utf-8", "replace")).replace(b"\n", b"\r\n")
    fields = [
        b"X-Mailguard-Rendition: text only",
        b"MIME-Version: 1.0",
        b"Content-Type: text/plain; charset=utf-8",
        b"Content-Transfer-Encoding: base64",
    ]
    return Enclosure(
        filename=f"{stem}-text.eml", content=b"\r\n".join([*_header_lines(raw), *fields, b"", body])
    )


def header_text(raw: bytes) -> str:
    """The original's header as it stands, at most its first 64 KiB; what is no UTF-8 is replaced."""
    end = min((place for mark in (b"\r\n\r\n", b"\n\n") if (place := raw.find(mark)) >= 0), default=len(raw))
    return raw[: min(end, 65536)].decode("utf-8", "replace").replace("\r\n", "\n")


def words_text(facts: MessageFacts | None) -> str:
    """A message's words as plain text, its parts not listed; "" when it could not be taken apart."""
    return "\n".join(_words(facts, has_parts=False)).rstrip("\n")


def _words(facts: MessageFacts | None, *, has_parts: bool = True) -> list[str]:
    if facts is None:
        return []
    lines: list[str] = []
    for title, text in (
        ("", facts.own_text),
        ("[Signature]", facts.signature_text),
        ("[Quoted]", facts.quoted_text),
        ("[Forwarded]", facts.forwarded_text),
        ("[Hidden from a reader]", facts.hidden_text),
    ):
        if text.strip():
            lines += [*([title] if title else []), *text.splitlines(), ""]
    if facts.attachments and has_parts:
        lines += ["[Parts]", *(_part_line(part) for part in facts.attachments), ""]
    return lines


def _header_lines(raw: bytes) -> list[bytes]:
    """The original's fields but those that describe its body. At most the first 64 KiB."""
    end = min((place for mark in (b"\r\n\r\n", b"\n\n") if (place := raw.find(mark)) >= 0), default=0)
    kept: list[bytes] = []
    is_kept = False
    for line in raw[: min(end, 65536)].splitlines():
        if line[:1] not in {b" ", b"\t"}:
            is_kept = b":" in line and not _CONTENT_FIELD.match(line)
        if is_kept:
            kept.append(line)
    return kept


def _part_line(part: Attachment) -> str:
    kind = part.detected_type or part.declared_type or part.family.value
    name = one_line(part.filename, limit=120) or "(no name)"
    return f"{name}  {kind}  {part.size_bytes} bytes  SHA-256 {part.sha256}"
