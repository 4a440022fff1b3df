"""Sending raw bytes as a client would, and the smallest message to send."""

import smtplib
import uuid
from collections.abc import Sequence

from tests.servers.process import HOST


def make_message(
    *,
    sender: str = "parent@outside.test",
    to: str = "teacher@school.test",
    subject: str = "Hello",
    body: str = "Hello from outside.",
    message_id: str | None = None,
    headers: Sequence[tuple[str, str]] = (),
) -> bytes:
    """A plain text message with CRLF line ends and a Message-ID of its own."""
    fields = [
        ("From", sender),
        ("To", to),
        ("Subject", subject),
        ("Date", "Mon, 23 Nov 2026 09:00:00 +0000"),
        ("Message-ID", message_id or f"<{uuid.uuid4()}@outside.test>"),
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Transfer-Encoding", "8bit"),
        *headers,
    ]
    lines = [*(f"{name}: {value}" for name, value in fields), "", *body.splitlines(), ""]
    return "\r\n".join(lines).encode()


def send_by_smtp(
    port: int,
    raw: bytes,
    *,
    mail_from: str = "parent@outside.test",
    recipients: Sequence[str] = ("teacher@school.test",),
    mail_options: Sequence[str] = (),
    timeout_seconds: float = 30,
) -> dict[str, tuple[int, bytes]]:
    """Send `raw` unchanged (CRLF expected); returns the refused recipients, raises smtplib's errors."""
    with smtplib.SMTP(HOST, port, local_hostname="client.test", timeout=timeout_seconds) as client:
        return client.sendmail(mail_from, list(recipients), raw, mail_options=list(mail_options))


def deliver_by_lmtp(port: int, mail_from: str, recipients: Sequence[str], raw: bytes) -> None:
    """Hand `raw` to an LMTP server for all `recipients`; smtplib.SMTPDataError when one is refused."""
    with smtplib.LMTP(HOST, port, local_hostname="client.test") as client:
        client.sendmail(mail_from, list(recipients), raw)
