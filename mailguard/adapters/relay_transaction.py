"""What the relay does with one message: examine, verify, judge, record, deliver, and the one reply to it.

Order, so that 250 is said only when nothing can be lost any more: a case is recorded (durable) first, then
the other recipients' copy goes to the next hop, then the next hop's reply is the client's. A crash anywhere
in between makes the client try again, and recording again is idempotent.

SECURITY: the message is hostile; the gate's words and exceptions never reach the client.
FAILURE: anything that goes wrong inside is 451 and leaves the message with the client.
Source: DESIGN.md promise 1 and "The way of a message".
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeVar

import structlog

from mailguard.adapters import smtp_reply
from mailguard.adapters.authentication_header import HeaderBlock
from mailguard.adapters.log_errors import cause_of
from mailguard.adapters.next_hop import NextHop, NextHopLost
from mailguard.adapters.smtp_commands import PathCommand, xforward_line
from mailguard.adapters.smtp_reply import Reply
from mailguard.adapters.smtp_settings import BareNewlines, FilterPosition, RelayMode, RelaySettings
from mailguard.app import mark
from mailguard.app.newlines import to_crlf
from mailguard.app.ports import Clock, Gate, Judgement, Receipt
from mailguard.domain.message import Authentication, Envelope
from mailguard.domain.words import Disposition

log = structlog.get_logger(__name__)

Result = TypeVar("Result")

_RECEIVED = re.compile(rb"^received[ \t]*:", re.IGNORECASE | re.MULTILINE)
_OWN_MARK = re.compile(rb"^x-mailguard[ \t]*:", re.IGNORECASE | re.MULTILINE)
_LARGEST_HEADER_BYTES = 1_048_576
# A redirect or two brings a marked message back; a loop does it without end.
_MOST_OWN_MARKS = 5
# Below this, a look at the bytes takes less time than the way to another thread.
_SMALL_BYTES = 131_072


class Verifier(Protocol):
    """Sender authentication before the queue."""

    async def verify(self, raw: bytes, *, client_ip: str, helo: str, mail_from: str) -> Authentication: ...


@dataclass(frozen=True, slots=True)
class Transaction:
    """One accepted envelope. ``recipients`` are those that the next hop accepted, in order; never empty."""

    mail: PathCommand
    recipients: tuple[PathCommand, ...]
    xforward: Mapping[str, str]
    receipt: Receipt

    @property
    def envelope(self) -> Envelope:
        return Envelope(self.mail.address, tuple(command.address for command in self.recipients))


class MessageRelay:
    """Shared by all connections of one process. Judging and recording run in bounded thread pools."""

    def __init__(
        self,
        *,
        settings: RelaySettings,
        gate: Gate,
        mark_key: bytes,
        clock: Clock,
        verifier: Verifier | None,
        failpoint: Callable[[str], None],
    ) -> None:
        self.clock = clock
        self.failpoint = failpoint
        self._settings = settings
        self._gate = gate
        self._mark_key = mark_key
        self._verifier = verifier if settings.position is FilterPosition.BEFORE_QUEUE else None
        self._judges = ThreadPoolExecutor(settings.judge_threads, thread_name_prefix="relay-judge")
        self._recorders = ThreadPoolExecutor(settings.record_threads, thread_name_prefix="relay-record")

    def shutdown(self) -> None:
        """Begin nothing more; what runs in a thread ends by itself."""
        self._judges.shutdown(wait=False, cancel_futures=True)
        self._recorders.shutdown(wait=False, cancel_futures=True)

    async def relay(self, raw: bytes, transaction: Transaction, hop: NextHop | None) -> Reply:
        """The reply to the end of data. Raises only cancellation; ``hop`` may be left in a transaction.

        ``hop`` is None when it was lost: what is held needs none.
        """
        started = time.monotonic()
        held = delivered = 0
        try:
            reply, held, delivered = await self._relay(raw, transaction, hop)
        except NextHopLost as lost:
            log.warning("relay_next_hop_lost", error=str(lost))
            reply = smtp_reply.NEXT_HOP_UNAVAILABLE
        except Exception as error:
            log.error(
                "relay_transaction_failed",
                error=type(error).__name__,
                cause=cause_of(error),
                exc_info=_is_our_bug(error),
            )
            reply = smtp_reply.INTERNAL_FAILURE
        log.info(
            "relay_transaction_ended",
            code=reply.code,
            size_bytes=len(raw),
            recipients=len(transaction.recipients),
            held=held,
            delivered=delivered,
            milliseconds=round((time.monotonic() - started) * 1000, 1),
        )
        return reply

    async def _relay(
        self, raw: bytes, transaction: Transaction, hop: NextHop | None
    ) -> tuple[Reply, int, int]:
        self.failpoint("data-received")
        settings = self._settings
        examined = await self._look(self._examine, raw, transaction)
        if isinstance(examined, Reply):
            return examined, 0, 0
        verified = await self._verify(raw, transaction)
        judgement = await self._in_thread(
            self._judges, lambda: self._judge(raw, transaction, verified), settings.judge_timeout_seconds
        )
        self.failpoint("judged")
        outcomes = tuple(zip(transaction.recipients, judgement.recipients, strict=True))
        held = [
            command
            for command, outcome in outcomes
            if outcome.disposition is Disposition.HOLD and settings.mode is RelayMode.ENFORCE
        ]
        is_recorded = judgement.must_record or bool(held)
        if is_recorded:
            await self._in_thread(
                self._recorders, lambda: self._gate.record(judgement), settings.record_timeout_seconds
            )
        kept = set(map(id, held))
        delivered = [(command, outcome) for command, outcome in outcomes if id(command) not in kept]
        if not delivered:
            return Reply.of(250, f"2.0.0 Ok: queued as {secrets.token_hex(5).upper()}"), len(held), 0
        to_deliver = [command for command, _ in delivered]
        if hop is None:
            raise NextHopLost("lost before the message came")
        if held:
            refusal = await _begin_again(hop, transaction, to_deliver)
            if refusal is not None:
                return refusal, len(held), 0
        tags = [] if judgement.is_outbound else [outcome.tag for _, outcome in delivered]
        marked = [] if judgement.is_outbound else [command.address for command in to_deliver]
        header = await self._look(self._trace_header, examined, marked, tags)
        self.failpoint("next-hop-before-data")
        reply = await hop.begin_data()
        if reply.code == 354:
            reply = await hop.send_content((header, examined))
        if not reply.is_positive:
            return reply, len(held), 0
        self.failpoint("next-hop-accepted")
        if not is_recorded:
            self._gate.count(judgement)
        return reply, len(held), len(delivered)

    def _examine(self, raw: bytes, transaction: Transaction) -> bytes | Reply:
        """The bytes to deliver, or why the message is refused."""
        if _has_longer_line(raw, self._settings.max_line_bytes):
            return smtp_reply.LINE_TOO_LONG
        wire = to_crlf(raw)
        if wire is not raw and self._settings.bare_newlines is BareNewlines.REFUSE:
            return smtp_reply.BARE_NEWLINE
        header = wire[:_LARGEST_HEADER_BYTES].partition(b"\r\n\r\n")[0]
        hops = sum(1 for _ in _RECEIVED.finditer(header))
        if hops > self._settings.hop_limit or self._own_marks(header, wire, transaction) > _MOST_OWN_MARKS:
            log.warning("relay_loop_refused", hops=hops)
            return smtp_reply.ROUTING_LOOP
        # A last line without its end cannot be: end of data begins with CRLF. Empty stays empty.
        return wire

    def _own_marks(self, header: bytes, wire: bytes, transaction: Transaction) -> int:
        """How often this very message has already been through here for one of these recipients."""
        if sum(1 for _ in _OWN_MARK.finditer(header)) <= _MOST_OWN_MARKS:
            return 0
        digest, now = mark.body_sha256(wire), self.clock.now()
        addresses = transaction.envelope.rcpt_tos
        return sum(
            mark.is_valid_for(value, key=self._mark_key, body_digest=digest, recipients=addresses, now=now)
            for value in HeaderBlock.read(header).values("x-mailguard")[:100]
        )

    async def _verify(self, raw: bytes, transaction: Transaction) -> Authentication | None:
        if self._verifier is None:
            return None
        receipt = transaction.receipt
        return await self._verifier.verify(
            raw, client_ip=receipt.client_ip, helo=receipt.helo, mail_from=transaction.mail.address
        )

    def _judge(self, raw: bytes, transaction: Transaction, verified: Authentication | None) -> Judgement:
        return self._gate.judge(raw, transaction.envelope, transaction.receipt, verified=verified)

    def _trace_header(self, wire: bytes, marked: Sequence[str], tags: Sequence[str]) -> bytes:
        """What is put above the message: nothing on outbound mail."""
        fields = [
            f"{mark.TAG_HEADER_NAME}: {tag}\r\n".encode("ascii") for tag in sorted(set(filter(None, tags)))
        ]
        if marked:
            value = mark.make(
                key=self._mark_key,
                mark_id=secrets.token_urlsafe(12),
                body_digest=mark.body_sha256(wire),
                recipients=marked,
                expires_at=self.clock.now() + timedelta(seconds=self._settings.mark_lifetime_seconds),
            )
            fields.insert(0, mark.header_field(value))
        return b"".join(fields)

    async def _look(self, look: Callable[..., Result], raw: bytes, *arguments: object) -> Result:
        """Run something that only looks at bytes: here when they are few, in a thread when they are many."""
        if len(raw) <= _SMALL_BYTES:
            return look(raw, *arguments)
        return await self._in_thread(
            self._judges, lambda: look(raw, *arguments), self._settings.judge_timeout_seconds
        )

    async def _in_thread(
        self, pool: ThreadPoolExecutor, work: Callable[[], Result], seconds: float
    ) -> Result:
        async with asyncio.timeout(seconds):
            return await asyncio.get_running_loop().run_in_executor(pool, work)


async def _begin_again(
    hop: NextHop, transaction: Transaction, recipients: Sequence[PathCommand]
) -> Reply | None:
    """Replace the mirrored transaction by one for fewer recipients. None, or the next hop's refusal."""
    await hop.reset()
    # RSET ends what XFORWARD said, too.
    line = xforward_line(transaction.xforward, hop.extensions.get("XFORWARD", ""))
    if line:
        await hop.command(line)
    reply = await hop.mail(transaction.mail.wire)
    for command in recipients:
        if not reply.is_positive:
            break
        reply = await hop.command(command.wire)
    return None if reply.is_positive else reply


def _has_longer_line(raw: bytes, limit: int) -> bool:
    """True when more than ``limit`` bytes stand between two LFs; looks at each stretch once."""
    position = 0
    while len(raw) - position > limit:
        line_end = raw.rfind(b"\n", position, position + limit + 1)
        if line_end < 0:
            return True
        position = line_end + 1
    return False


def _is_our_bug(error: Exception) -> bool:
    """A traceback helps only where the failure has no words of its own; it shows code, never content."""
    return isinstance(error, (TypeError, AttributeError, NameError, KeyError, IndexError, AssertionError))
