"""The relay's server side of the wire: aiosmtpd's command loop with our own commands and DATA.

aiosmtpd gives the connection, the command loop and STARTTLS. Ours are: strict end of data read in large
pieces; replies that never tell an exception's text; DSN parameters and XFORWARD; refusal at connect; an idle
timeout that says 421; and draining. What commands mean is the business of a :class:`Conversation`.

SECURITY: the peer is hostile. Commands, lines, messages, recipients, time and memory are bounded.
FAILURE: whatever is raised here answers 451; a client that vanishes takes only its own transaction along.
Source: RFC 5321; ENGINEERING.md, aiosmtpd traps.
"""

from __future__ import annotations

import asyncio
import collections
import io
import logging
import ssl
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog
from aiosmtpd.smtp import SMTP

from mailguard.adapters import smtp_reply
from mailguard.adapters.memory_budget import BudgetExhausted, Lease
from mailguard.adapters.smtp_data import DataDecoder
from mailguard.adapters.smtp_reply import Reply
from mailguard.adapters.smtp_settings import RelaySettings

log = structlog.get_logger(__name__)

# aiosmtpd logs addresses and command lines at INFO and below, and unknown commands at WARNING.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)

_READ_ALL = 1 << 30
_COMMAND_BYTES = 4_096
# A sender who goes on far beyond the limit is not worth listening to.
_DISCARD_FACTOR = 4


class Conversation(Protocol):
    """What one client connection means. Every method answers with the reply to give."""

    def admit(self, peer_address: str) -> Reply | None:
        """None, or why this client is refused at connect."""
        ...

    async def hello(self, name: str, *, is_extended: bool, tls: str) -> Reply: ...

    async def xforward(self, argument: str | None) -> Reply: ...

    async def mail(self, argument: str | None) -> Reply: ...

    async def rcpt(self, argument: str | None) -> Reply: ...

    async def before_data(self) -> Lease | Reply:
        """Memory for the message that is about to come, or the reply instead of 354."""
        ...

    async def message(self, raw: bytes) -> Reply:
        """The whole message arrived. Ends the transaction, whatever the reply."""
        ...

    async def reset(self) -> None:
        """Forget the transaction, here and at the next hop."""
        ...

    def reply_sent(self) -> None:
        """The reply to a message has been written."""
        ...

    def close(self) -> None:
        """The client is gone, or is being sent away."""
        ...


class RelayProtocol(SMTP):
    """One client connection."""

    line_length_limit = 65_536
    command_size_limit = _COMMAND_BYTES

    def __init__(
        self,
        conversation: Conversation,
        settings: RelaySettings,
        *,
        tls_context: ssl.SSLContext | None,
        loop: asyncio.AbstractEventLoop,
        when_closed: Callable[[RelayProtocol], None],
    ) -> None:
        super().__init__(
            None,
            data_size_limit=None,
            enable_SMTPUTF8=True,
            hostname=settings.hostname,
            ident="ESMTP",
            tls_context=tls_context,
            timeout=settings.idle_timeout_seconds,
            loop=loop,
        )
        # aiosmtpd keeps these limits in the class, and each EHLO raises them for everyone.
        self.command_size_limits = collections.defaultdict(lambda: _COMMAND_BYTES)
        self._conversation = conversation
        self._settings = settings
        self._when_closed = when_closed
        self._last_activity = loop.time()
        self._is_working = False
        self._is_draining = False
        self._smtp_methods = {name: self._working(method) for name, method in self._smtp_methods.items()}

    # Connection

    async def _handle_client(self) -> None:
        try:
            refusal = self._conversation.admit(self._peer_address())
            if refusal is not None:
                self._say_goodbye(refusal)
                return
            await super()._handle_client()
        except (ConnectionError, asyncio.IncompleteReadError):
            log.info("relay_client_lost")
        finally:
            self._conversation.close()

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._conversation.close()
        self._when_closed(self)

    async def handle_exception(self, error: Exception) -> str:
        """Never 500 and never the exception's words: RFC 5321 4.2.1, the same command may succeed later."""
        log.error("relay_command_failed", error=type(error).__name__)
        return f"{smtp_reply.INTERNAL_FAILURE.code} {smtp_reply.INTERNAL_FAILURE.lines[0]}"

    def drain(self) -> None:
        """Send the client away now, or after the message that is being worked on."""
        self._is_draining = True
        if not self._is_working:
            self._say_goodbye(smtp_reply.SHUTTING_DOWN)

    def abort(self) -> None:
        """Close at once, whatever is being done."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    def _working(
        self, method: Callable[[str | None], Awaitable[None]]
    ) -> Callable[[str | None], Awaitable[None]]:
        """The command, during which the client is not idle and is not sent away."""

        async def command(argument: str | None) -> None:
            self._is_working = True
            try:
                await method(argument)
            finally:
                self._is_working = False
                self._last_activity = self.loop.time()
            if self._is_draining:
                self._say_goodbye(smtp_reply.SHUTTING_DOWN)

        return command

    # aiosmtpd re-arms a timer at every command; one that looks at the clock costs nothing on each read.
    def _reset_timeout(self, duration: float | None = None) -> None:
        self._last_activity = self.loop.time()
        if self._timeout_handle is None or self._timeout_handle.cancelled():
            self._timeout_handle = self.loop.call_later(self._timeout_duration, self._timeout_cb)

    def _timeout_cb(self) -> None:
        idle_until = self._last_activity + self._timeout_duration
        now = self.loop.time()
        if self._is_working or now < idle_until:
            pause = self._timeout_duration if self._is_working else idle_until - now
            self._timeout_handle = self.loop.call_later(pause, self._timeout_cb)
            return
        log.info("relay_client_idle_too_long")
        self._say_goodbye(smtp_reply.IDLE_TOO_LONG)

    def _peer_address(self) -> str:
        peer: object = self.session.peer if self.session is not None else None
        return str(peer[0]) if isinstance(peer, tuple) else ""

    def _say_goodbye(self, reply: Reply) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self._writer.write(reply.wire)
            self.transport.close()

    async def _push(self, reply: Reply) -> None:
        self._writer.write(reply.wire)
        await self._writer.drain()
        if reply.code == 421 and self.transport is not None:
            self.transport.close()

    # Commands

    async def smtp_HELO(self, argument: str | None) -> None:
        await self._hello(argument, is_extended=False)

    async def smtp_EHLO(self, argument: str | None) -> None:
        await self._hello(argument, is_extended=True)

    async def _hello(self, argument: str | None, *, is_extended: bool) -> None:
        words = (argument or "").split()
        if len(words) != 1 or not words[0].isprintable():
            await self._push(Reply.of(501, "5.5.4 Syntax: EHLO hostname"))
            return
        assert self.session is not None
        cipher = self.transport.get_extra_info("cipher") if self.transport is not None else None
        tls = f"{cipher[1]} {cipher[0]}" if cipher else ""
        reply = await self._conversation.hello(words[0], is_extended=is_extended, tls=tls)
        if reply.is_positive:
            self.session.host_name = words[0]
            self.session.extended_smtp = is_extended
            if is_extended and self.tls_context and not self._tls_protocol:
                reply = Reply(reply.code, (*reply.lines, "STARTTLS"))
        await self._push(reply)

    async def smtp_XFORWARD(self, argument: str | None) -> None:
        if not await self._refused_before_hello():
            await self._push(await self._conversation.xforward(argument))

    async def smtp_MAIL(self, argument: str | None) -> None:
        if not await self._refused_before_hello():
            await self._push(await self._conversation.mail(argument))

    async def smtp_RCPT(self, argument: str | None) -> None:
        if not await self._refused_before_hello():
            await self._push(await self._conversation.rcpt(argument))

    async def smtp_RSET(self, argument: str | None) -> None:
        await self._conversation.reset()
        await self._push(smtp_reply.OK)

    async def smtp_NOOP(self, argument: str | None) -> None:
        await self._push(smtp_reply.OK)

    async def smtp_VRFY(self, argument: str | None) -> None:
        await self._push(Reply.of(252, "2.0.0 Send some mail and see"))

    async def smtp_STARTTLS(self, argument: str | None) -> None:
        if argument or not self.tls_context or self._tls_protocol:
            await self._push(smtp_reply.BAD_SEQUENCE)
            return
        # RFC 3207 4.2: nothing said in clear counts afterwards; aiosmtpd also drops what was sent too early.
        await self._conversation.reset()
        await super().smtp_STARTTLS(None)

    async def smtp_AUTH(self, argument: str | None) -> None:
        await self._push(smtp_reply.NOT_IMPLEMENTED)

    async def smtp_EXPN(self, argument: str | None) -> None:
        await self._push(smtp_reply.NOT_IMPLEMENTED)

    async def smtp_HELP(self, argument: str | None) -> None:
        await self._push(Reply.of(214, "2.0.0 RFC 5321"))

    async def _refused_before_hello(self) -> bool:
        if self.session is not None and self.session.host_name:
            return False
        await self._push(Reply.of(503, "5.5.1 Say EHLO first"))
        return True

    # Message

    async def smtp_DATA(self, argument: str | None) -> None:
        if argument:
            await self._push(Reply.of(501, "5.5.4 Syntax: DATA"))
            return
        if await self._refused_before_hello():
            return
        lease = await self._conversation.before_data()
        if isinstance(lease, Reply):
            await self._push(lease)
            return
        with lease:
            await self._push(Reply.of(354, "End data with <CR><LF>.<CR><LF>"))
            received = await self._receive(lease)
            if isinstance(received, Reply):
                await self._conversation.reset()
                reply = received
            else:
                reply = await self._conversation.message(received)
            del received
        await self._push(reply)
        self._conversation.reply_sent()

    async def _receive(self, lease: Lease) -> bytes | Reply:
        """The message, or the reply when it could not be taken; always read up to end of data or a 421."""
        decoder = DataDecoder()
        # BytesIO hands out its own buffer at the end: one copy of the message, not two.
        message = io.BytesIO()
        refusal: Reply | None = None
        total = 0
        deadline = self.loop.time() + self._settings.data_timeout_seconds
        while True:
            seconds = min(self._settings.idle_timeout_seconds, deadline - self.loop.time())
            try:
                async with asyncio.timeout(max(0.0, seconds)):
                    chunk = await self._reader.read(_READ_ALL)
            except TimeoutError:
                return smtp_reply.IDLE_TOO_LONG
            if not chunk:
                raise ConnectionResetError
            decoded, rest = decoder.feed(chunk)
            total += len(decoded)
            if refusal is None:
                refusal = await self._take(decoded, message, total, lease)
            if refusal is not None:
                message = io.BytesIO()
                lease.release()
            if total > _DISCARD_FACTOR * self._settings.max_message_bytes:
                return Reply.of(421, "4.3.0 Far too much data, closing")
            if rest is not None:
                # The reader's buffer is empty: read() took all of it and nothing was awaited since.
                if rest:
                    self._reader.feed_data(rest)
                return refusal or message.getvalue()

    async def _take(self, decoded: bytes, message: io.BytesIO, total: int, lease: Lease) -> Reply | None:
        if total > self._settings.max_message_bytes:
            return smtp_reply.TOO_MUCH_DATA
        try:
            await lease.cover(total, seconds=self._settings.memory_wait_seconds)
        except BudgetExhausted:
            return smtp_reply.NO_MEMORY
        message.write(decoded)
        return None
