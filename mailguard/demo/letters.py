"""What a demo message is, and how one is written: complete bytes with CRLF, as a mail server hands them over."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from enum import StrEnum

from mailguard.domain.words import Disposition, ReportWhen, Role

AUTHSERV_ID = "mx.harrowlane.example"


class Via(StrEnum):
    RELAY = "relay"
    MAILBOX = "mailbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One delivery: after the queue an MTA hands over one recipient at a time. ``raw`` may be shared by several."""

    rcpt_to: str
    message_id: str
    raw: bytes
    expected: Disposition


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoMessage:
    """One story: what is sent, and what the policy wants to become of it. ``copies`` are one case, if any."""

    title: str
    mail_from: str
    copies: tuple[Copy, ...]
    row: str
    report: ReportWhen = ReportWhen.NONE
    told: tuple[Role, ...] = ()
    via: Via = Via.RELAY

    @property
    def has_case(self) -> bool:
        return self.report is not ReportWhen.NONE or any(
            copy.expected is Disposition.HOLD for copy in self.copies
        )


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes letters that all came at ``now``. ``run`` makes the Message-IDs of each run its own."""

    now: datetime
    run: str

    def letter(
        self,
        number: str,
        *,
        sender: str,
        to: str,
        subject: str,
        text: str,
        domain: str,
        stated: str = "pass",
        further: tuple[str, ...] = (),
    ) -> tuple[str, bytes]:
        """(Message-ID, bytes) of a plain letter. ``stated``: what the school's MX found DMARC to be; "" for nothing."""
        message_id = f"<{number}.{self.run}@{domain}>"
        results = f"{AUTHSERV_ID}; dmarc={stated} header.from={domain}"
        header = [
            *([f"Authentication-Results: {results}"] if stated else []),
            f"Date: {format_datetime(self.now)}",
            f"From: {_with_encoded_name(sender)}",
            f"To: {to}",
            f"Subject: {_encoded(subject)}",
            f"Message-ID: {message_id}",
            "MIME-Version: 1.0",
            *further,
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: 8bit",
        ]
        return message_id, _wire("\n".join(header) + "\n\n" + text.strip() + "\n")

    def bounce(self, number: str, *, to: str, domain: str, lost_address: str) -> tuple[str, bytes]:
        """(Message-ID, bytes) of a delivery status notification (RFC 3464)."""
        message_id = f"<{number}.{self.run}@{domain}>"
        boundary = f"part-{self.run}"
        text = f"""\
Date: {format_datetime(self.now)}
From: Mail Delivery System <postmaster@{domain}>
To: {to}
Subject: Undelivered mail
Message-ID: {message_id}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="{boundary}"

--{boundary}
Content-Type: text/plain; charset=us-ascii

The message to {lost_address} could not be delivered: there is no such mailbox.

--{boundary}
Content-Type: message/delivery-status

Reporting-MTA: dns; {domain}

Final-Recipient: rfc822; {lost_address}
Action: failed
Status: 5.1.1

--{boundary}--
"""
        return message_id, _wire(text)


TO_HEAD = (Role.HEAD,)


def held(
    letter: tuple[str, bytes],
    *,
    title: str,
    mail_from: str,
    rcpt_to: str,
    row: str,
    report: ReportWhen = ReportWhen.NOW,
    told: tuple[Role, ...] = TO_HEAD,
    via: Via = Via.RELAY,
    disposition: Disposition = Disposition.HOLD,
) -> DemoMessage:
    message_id, raw = letter
    copy = Copy(rcpt_to=rcpt_to, message_id=message_id, raw=raw, expected=disposition)
    return DemoMessage(
        title=title, mail_from=mail_from, copies=(copy,), row=row, report=report, told=told, via=via
    )


def delivered(
    letter: tuple[str, bytes],
    *,
    title: str,
    mail_from: str,
    rcpt_to: str,
    row: str,
    report: ReportWhen = ReportWhen.NONE,
    via: Via = Via.RELAY,
) -> DemoMessage:
    return held(
        letter,
        title=title,
        mail_from=mail_from,
        rcpt_to=rcpt_to,
        row=row,
        report=report,
        told=TO_HEAD if report is not ReportWhen.NONE else (),
        via=via,
        disposition=Disposition.DELIVER,
    )


def _wire(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def _with_encoded_name(mailbox: str) -> str:
    name, bracket, rest = mailbox.rpartition(" <")
    return mailbox if name.isascii() else f"{_encoded(name)}{bracket}{rest}"


def _encoded(text: str) -> str:
    """RFC 2047, one encoded word: our texts are short."""
    if text.isascii():
        return text
    return f"=?utf-8?b?{base64.b64encode(text.encode()).decode('ascii')}?="
