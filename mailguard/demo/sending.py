"""Handing demo messages to the relay, as the school's MTA does after its queue: one recipient a transaction."""

from __future__ import annotations

import smtplib
import time
from dataclasses import dataclass

from mailguard.demo.imap_server import HOST
from mailguard.demo.letters import Copy, DemoMessage, Via
from mailguard.demo.servers import MailServers

_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """``started_at``: ``time.perf_counter`` before the first command. ``seconds``: until the last reply.

    ``reply``: of the relay, "" for what went straight into a mailbox.
    """

    copy: Copy
    started_at: float
    seconds: float
    reply: str


def send(message: DemoMessage, servers: MailServers, *, relay_port: int) -> list[Sent]:
    """Send every copy. Raises smtplib.SMTPException when the relay refuses, OSError, MailboxProblem."""
    if message.via is Via.MAILBOX:
        return [_append(copy, servers) for copy in message.copies]
    with smtplib.SMTP(HOST, relay_port, local_hostname="mx.localhost", timeout=_TIMEOUT_SECONDS) as client:
        client.ehlo()
        return [_transact(client, message.mail_from, copy) for copy in message.copies]


def _transact(client: smtplib.SMTP, mail_from: str, copy: Copy) -> Sent:
    started_at = time.perf_counter()
    options = [f"SIZE={len(copy.raw)}", *(() if copy.raw.isascii() else ("BODY=8BITMIME",))]
    _demand(client.mail(mail_from, options), 250)
    _demand(client.rcpt(copy.rcpt_to), 250)
    code, words = client.data(copy.raw)
    _demand((code, words), 250)
    return Sent(
        copy=copy,
        started_at=started_at,
        seconds=time.perf_counter() - started_at,
        reply=f"{code} {words.decode('utf-8', 'replace')}",
    )


def _append(copy: Copy, servers: MailServers) -> Sent:
    started_at = time.perf_counter()
    servers.append(copy.rcpt_to, copy.raw)
    return Sent(copy=copy, started_at=started_at, seconds=time.perf_counter() - started_at, reply="")


def _demand(answer: tuple[int, bytes], wanted: int) -> None:
    code, words = answer
    if code != wanted:
        raise smtplib.SMTPResponseException(code, words)
