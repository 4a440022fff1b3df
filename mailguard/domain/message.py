"""What was read from a message: facts only, no judgement.

``reading`` makes these from bytes; everything above works on them and never parses mail again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class AuthenticationResult(StrEnum):
    """RFC 8601 results folded to what a decision needs; ``none`` means nobody trusted has said anything."""

    PASS = "pass"  # noqa: S105 - an RFC 8601 result
    FAIL = "fail"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class DkimSignature:
    """One DKIM-Signature field, from the top. Empty texts where it does not say.

    ``domain`` d=, ``selector`` s=, ``algorithm`` a=, ``body_hash`` bh=, ``is_partial``: it has l=, so text may follow what
    it covers. ``result`` and ``key``: of mailguard's own check, where there was one; the key record as DNS gave it, None
    when it was not asked for or gave no answer, "" when DNS said that there is none. Source: RFC 6376 3.5, 3.6.
    """

    domain: str
    selector: str
    algorithm: str
    body_hash: str = ""
    is_partial: bool = False
    result: AuthenticationResult = AuthenticationResult.NONE
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Authentication:
    """What a trusted verifier said of this message, for the domain of header From.

    ``overall`` is DMARC's result where stated, else an aligned DKIM or SPF pass, else fail when one of them failed.
    ``stated``: the trusted header values as they stood; ``signatures``: the topmost DKIM signatures.
    Source: RFC 8601, RFC 7489; only headers of a pinned authserv-id count.
    """

    overall: AuthenticationResult = AuthenticationResult.NONE
    dmarc: AuthenticationResult = AuthenticationResult.NONE
    dkim: AuthenticationResult = AuthenticationResult.NONE
    spf: AuthenticationResult = AuthenticationResult.NONE
    authserv_id: str = ""
    header_from_domain: str = ""
    dkim_domain: str = ""
    spf_domain: str = ""
    stated: tuple[str, ...] = ()
    signatures: tuple[DkimSignature, ...] = ()


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One RFC 5322 mailbox as a header names it.

    ``address`` is the bare addr-spec as written (decoded, without comments; case kept, "" when there is none);
    ``header`` is the field's canonical name: From, Sender, Reply-To, Resent-From, To, Cc, Bcc, Resent-To,
    ORGANIZER, ATTENDEE, Return-Path, Delivered-To, X-Envelope-To.
    """

    address: str
    display_name: str
    header: str


class AttachmentFamily(StrEnum):
    """What a part is by its first bytes (declared type only where there is no magic)."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    ARCHIVE = "archive"
    DOCUMENT = "document"
    CALENDAR = "calendar"
    MESSAGE = "message"
    EXECUTABLE = "executable"
    ENCRYPTED = "encrypted"
    TEXT = "text"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that is not the body. ``sha256`` is hex of the decoded bytes; ``is_embedded``: shown inside the text (cid or inline)."""

    filename: str
    declared_type: str
    detected_type: str
    family: AttachmentFamily
    size_bytes: int
    sha256: str
    is_embedded: bool = False
    is_encrypted: bool = False


class TextSource(StrEnum):
    OWN = "own"
    QUOTED = "quoted"
    FORWARDED = "forwarded"
    HIDDEN = "hidden"
    SIGNATURE = "signature"


@dataclass(frozen=True, slots=True)
class Link:
    """A URL that stands in the text or behind a word. ``host`` is lower-case, IDNA-decoded where possible."""

    url: str
    host: str
    text: str
    source: TextSource


class AutomaticMark(StrEnum):
    """How a message says that a machine answered."""

    NONE = "none"
    REPORT = "report"  # multipart/report (RFC 6522): DSN, MDN
    CALENDAR_REPLY = "calendar-reply"  # text/calendar; method=REPLY
    NULL_SENDER = "null-sender"  # null MAIL FROM with an auto-reply's marks
    HEADER = "header"  # RFC 3834 Auto-Submitted other than "no"


@dataclass(frozen=True, slots=True)
class Calendar:
    """An iCalendar object carried by the message (RFC 5545)."""

    method: str
    organizer: str
    attendees: tuple[str, ...]
    summary: str
    comment: str  # COMMENT of a reply: words somebody typed


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """All that was read from one message. Text fields are Unicode, NFC, bounded (``reading.bounds``).

    ``content_sha256`` is over the message without its leading trace block (DESIGN: the content key);
    ``sha256`` over all bytes. ``headers`` holds decoded (lower-case name, value) pairs in order, topmost first.
    ``own_text``: what this sender wrote and a reader sees; ``signature_text`` is cut from its end.
    ``date_minutes_local`` is left to callers: a Date header is a claim.
    """

    sha256: str
    content_sha256: str
    size_bytes: int
    message_id: str = ""
    subject: str = ""
    date_header: str = ""
    mailboxes: tuple[Mailbox, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    own_text: str = ""
    quoted_text: str = ""
    forwarded_text: str = ""
    hidden_text: str = ""
    signature_text: str = ""
    forwarded_senders: tuple[Mailbox, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    links: tuple[Link, ...] = ()
    calendar: Calendar | None = None
    automatic: AutomaticMark = AutomaticMark.NONE
    authentication: Authentication = field(default_factory=Authentication)
    is_readable: bool = True
    is_encrypted: bool = False
    defects: tuple[str, ...] = ()

    def header(self, name: str) -> str:
        """The topmost value of a field, "" when absent. ``name`` in lower case."""
        return next((value for key, value in self.headers if key == name), "")

    def header_all(self, name: str) -> tuple[str, ...]:
        """Every value of a field, topmost first. ``name`` in lower case."""
        return tuple(value for key, value in self.headers if key == name)

    def named(self, *header_names: str) -> tuple[Mailbox, ...]:
        """Mailboxes of the given header fields (canonical names), in order of appearance."""
        return tuple(mailbox for mailbox in self.mailboxes if mailbox.header in header_names)


@dataclass(frozen=True, slots=True)
class Envelope:
    """RFC 5321 envelope. ``mail_from`` is "" for the null sender."""

    mail_from: str
    rcpt_tos: tuple[str, ...]
    received_via: str = "relay"  # relay | mailbox
    mailbox_address: str = ""  # the staff mailbox, when seen over IMAP
    is_sent_folder: bool = False
