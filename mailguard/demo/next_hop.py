"""The throw-away school's delivering server: takes mail from mailguard's relay and puts it into the mailboxes.

Mail to addresses outside the school is kept in a list: nothing leaves the machine. It can be told to stall at
the next message for one address, so that mailguard can be killed while it sends just that one.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

SIZE_LIMIT_BYTES = 26_214_400
LONGEST_LINE_BYTES = 1_048_576


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """One message for one recipient, as it was handed over. ``at``: seconds of ``time.perf_counter``."""

    address: str
    mail_from: str
    message_id: str
    subject: str
    raw: bytes
    at: float
    is_outside: bool


class NextHop:
    """aiosmtpd handler. ``append``: (address, bytes), blocking; ``mailboxes``: the addresses that have one."""

    def __init__(self, *, mailboxes: frozenset[str], append: Callable[[str, bytes], None]) -> None:
        self._mailboxes = mailboxes
        self._domains = frozenset(address.rpartition("@")[2] for address in mailboxes)
        self._append = append
        self._changed = threading.Condition()
        self._delivered: list[Delivered] = []
        self._stall_for = ""
        self.has_stalled = threading.Event()

    @property
    def delivered(self) -> list[Delivered]:
        with self._changed:
            return list(self._delivered)

    def wait_for(self, is_there: Callable[[list[Delivered]], bool], *, seconds: float) -> bool:
        """True as soon as what was delivered satisfies the condition; False after that time."""
        with self._changed:
            return self._changed.wait_for(lambda: is_there(self._delivered), timeout=seconds)

    def stall_at_next_for(self, address: str) -> None:
        """Take the next message for that address in, and never answer; ``has_stalled`` is set then."""
        self.has_stalled.clear()
        self._stall_for = address

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        domain = address.rpartition("@")[2].lower()
        if domain in self._domains and address.lower() not in self._mailboxes:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        raw = envelope.original_content or b""
        if self._stall_for and self._stall_for in envelope.rcpt_tos:
            self._stall_for = ""
            self.has_stalled.set()
            # Whoever waits for this answer is killed; aiosmtpd ends this coroutine with the connection.
            await asyncio.sleep(60)
            return "451 4.3.0 not taken"
        for address in envelope.rcpt_tos:
            await self._deliver(address, envelope.mail_from or "", raw)
        return "250 2.0.0 delivered"

    async def handle_exception(self, error: Exception) -> str:
        return f"451 4.3.0 {type(error).__name__}"

    async def _deliver(self, address: str, mail_from: str, raw: bytes) -> None:
        is_outside = address.lower() not in self._mailboxes
        if not is_outside:
            # RFC 5321 4.4: final delivery adds Return-Path.
            # aiosmtpd writes the null sender with its brackets.
            trace = f"Return-Path: <{mail_from.strip('<>')}>\r\n".encode()
            await asyncio.to_thread(self._append, address.lower(), trace + raw)
        header = BytesHeaderParser().parsebytes(raw)
        delivered = Delivered(
            address=address.lower(),
            mail_from=mail_from,
            message_id=_unfolded(header.get("Message-ID", "")),
            subject=_unfolded(header.get("Subject", "")),
            raw=raw,
            at=time.perf_counter(),
            is_outside=is_outside,
        )
        with self._changed:
            self._delivered.append(delivered)
            self._changed.notify_all()


def _unfolded(value: object) -> str:
    return " ".join(str(value).split())


async def start_next_hop(handler: NextHop, *, host: str) -> asyncio.Server:
    """Listen on a free port. Call it where the event loop runs."""
    loop = asyncio.get_running_loop()

    def session() -> Any:
        protocol = SMTP(
            handler,
            hostname="mx.throw-away.example",
            ident="throw-away school",
            data_size_limit=SIZE_LIMIT_BYTES,
            enable_SMTPUTF8=True,
            loop=loop,
        )
        protocol.line_length_limit = LONGEST_LINE_BYTES
        return protocol

    return await loop.create_server(session, host=host, port=0)
