"""Mail that mailguard writes itself: built once a kind, with the fields that stop loops and remote content.

``Auto-Submitted`` (RFC 3834) and ``X-Auto-Response-Suppress`` keep machines from answering; the X-Mailguard
mark keeps our own mailbox scan from judging it. Text and HTML say the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.mark import body_sha256, header_field, make
from mailguard.app.ports import OutgoingMessage, PermanentFailure

_HEADER_LINE_LENGTH = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A file of a report, sent as base64 ``application/octet-stream`` so that no mail system touches it."""

    filename: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMail:
    """``html`` "" for text only. ``thread_message_id``: of the first report, "" when this is the first."""

    to_address: str
    to_name: str
    subject: str
    text: str
    header_message_id: str
    html: str = ""
    thread_message_id: str = ""
    list_name: str = "reports"
    enclosures: Sequence[Enclosure] = ()


def outgoing(mail: OwnMail, settings: EffectsSettings, *, now: datetime) -> OutgoingMessage:
    """The whole message with CRLF, marked for its recipient.

    Raises PermanentFailure on an address nothing can carry.
    """
    is_ascii = (mail.to_address + settings.from_address).isascii()
    message = EmailMessage(policy=policy.SMTP if is_ascii else policy.SMTPUTF8)
    try:
        message["From"] = _address("mailguard", settings.from_address)
        message["To"] = _address(mail.to_name, mail.to_address)
        message["Subject"] = mail.subject
    except (ValueError, IndexError) as problem:
        raise PermanentFailure(f"an address of ours cannot be written in a header: {problem}") from problem
    message["Date"] = format_datetime(now.astimezone(settings.hours.zone))
    message["Message-ID"] = mail.header_message_id
    if mail.thread_message_id and mail.thread_message_id != mail.header_message_id:
        message["In-Reply-To"] = mail.thread_message_id
        message["References"] = mail.thread_message_id
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["List-Id"] = f"mailguard {mail.list_name} <{mail.list_name}.mailguard.{settings.domain}>"
    message.set_content(mail.text, cte="quoted-printable")
    if mail.html:
        message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    for enclosure in mail.enclosures:
        message.add_attachment(
            enclosure.content, maintype="application", subtype="octet-stream", filename=enclosure.filename
        )
    # A subject that is folded right behind its name shows a leading blank in some readers.
    raw = message.as_bytes(policy=message.policy.clone(max_line_length=_HEADER_LINE_LENGTH))
    field = own_mark(
        raw, settings, mark_id=mark_id_of(mail.header_message_id), recipient=mail.to_address, now=now
    )
    return OutgoingMessage(
        mail_from=settings.bounce_address,
        rcpt_to=mail.to_address,
        raw=field + raw,
        message_id=mail.header_message_id,
    )


def _address(display_name: str, address: str) -> Address:
    """As it stands: parsing it anew would refuse letters outside ASCII. Raises ValueError on line ends."""
    local, _, domain = address.rpartition("@")
    return Address(display_name, username=local, domain=domain)


def own_mark(raw: bytes, settings: EffectsSettings, *, mark_id: str, recipient: str, now: datetime) -> bytes:
    """The X-Mailguard field to put on top of ``raw`` for one recipient."""
    value = make(
        key=settings.mark_key,
        mark_id=mark_id,
        body_digest=body_sha256(raw),
        recipients=[recipient],
        expires_at=now + timedelta(days=settings.mark_days),
    )
    return header_field(value)


def mark_id_of(header_message_id: str) -> str:
    """The random part of one of our Message-IDs: it tells nothing about a case."""
    local = parseaddr(header_message_id)[1].partition("@")[0]
    return "".join(letter for letter in local if letter.isalnum())[:64] or "own"


def one_line(text: str, *, limit: int = 400) -> str:
    """What somebody else wrote, safe inside our own lines.

    No line ends, no control or direction characters.
    """
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    joined = " ".join(plain.split())
    return joined if len(joined) <= limit else joined[: limit - 1] + "…"
