"""The relay's client side: one connection to the next hop, its replies taken as they are.

One :class:`NextHop` serves one client connection; commands are mirrored to it one by one.

SECURITY: the next hop is configured by the admin and trusted, but its replies are bounded in lines, length
and time all the same.
FAILURE: whatever breaks here is :class:`NextHopLost`; the connection is then closed, and closing before the
end of data means that the next hop has accepted nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from mailguard.adapters.smtp_data import encode_data
from mailguard.adapters.smtp_reply import Reply
from mailguard.adapters.smtp_settings import RelaySettings, TransportSecurity

_REPLY_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?")
_LONGEST_REPLY_LINES = 200
_SEGMENT_BYTES = 65_536
_LONGEST_REPLY_LINE_BYTES = 8_192


class NextHopLost(Exception):
    """The next hop cannot be reached, broke the connection, was silent too long, or does not speak SMTP."""


class NextHop:
    """An open connection after EHLO. ``extensions`` maps upper-case keywords to their parameters."""

    def __init__(
        self, settings: RelaySettings, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._settings = settings
        self._reader = reader
        self._writer = writer
        self.extensions: Mapping[str, str] = MappingProxyType({})
        self.in_transaction = False

    @classmethod
    async def connect(cls, settings: RelaySettings) -> NextHop:
        """Connect, read the greeting, say EHLO (and STARTTLS as configured). Raises NextHopLost."""
        seconds = settings.next_hop_connect_seconds
        tls = _tls_context(settings)
        implicit = tls if settings.next_hop_security is TransportSecurity.TLS else None
        try:
            async with asyncio.timeout(seconds):
                reader, writer = await asyncio.open_connection(
                    settings.next_hop.host,
                    settings.next_hop.port,
                    limit=_LONGEST_REPLY_LINE_BYTES,
                    ssl=implicit,
                )
        except (OSError, TimeoutError) as error:
            raise NextHopLost(f"connecting to {settings.next_hop}: {type(error).__name__}") from error
        hop = cls(settings, reader, writer)
        try:
            greeting = await hop._read_reply(seconds=settings.next_hop_reply_seconds)
            if greeting.code != 220:
                raise NextHopLost(f"greeting of {settings.next_hop}: {greeting.text}")
            await hop._hello()
            if settings.next_hop_security is TransportSecurity.STARTTLS:
                assert tls is not None
                await hop._start_tls(tls)
        except BaseException:
            hop.abort()
            raise
        return hop

    @property
    def is_usable(self) -> bool:
        """False once the connection is known to be gone."""
        return not (self._writer.is_closing() or self._reader.at_eof())

    async def command(self, line: bytes, *, seconds: float | None = None) -> Reply:
        """Send a command (without CRLF), read its reply. Raises NextHopLost; a 421 closes the connection."""
        await self._write(line + b"\r\n")
        return await self._read_reply(seconds=seconds or self._settings.next_hop_reply_seconds)

    async def mail(self, line: bytes) -> Reply:
        reply = await self.command(line)
        self.in_transaction = self.in_transaction or reply.is_positive
        return reply

    async def reset(self) -> None:
        """End an open transaction. Raises NextHopLost when the next hop does not agree."""
        reply = await self.command(b"RSET")
        if not reply.is_positive:
            self.abort()
            raise NextHopLost(f"RSET: {reply.text}")
        self.in_transaction = False

    async def begin_data(self) -> Reply:
        """DATA: 354 means go on with :meth:`send_content`; anything else is the answer."""
        reply = await self.command(b"DATA")
        if reply.is_positive:
            self.abort()
            raise NextHopLost(f"DATA answered with {reply.text}")
        return reply

    async def send_content(self, parts: Iterable[bytes]) -> Reply:
        """The message, then its final reply. Raises NextHopLost: whether it was accepted is then unknown."""
        try:
            # A small message is one segment, not one for each of header, body and final dot.
            unsent = b""
            for piece in encode_data(parts):
                unsent += piece
                if len(unsent) >= _SEGMENT_BYTES:
                    await self._write(unsent)
                    unsent = b""
            await self._write(unsent)
        except NextHopLost as lost:
            # A next hop may refuse in the middle and hang up; its words are worth more than ours.
            reply = await self._last_words()
            if reply is None or reply.is_positive:
                raise lost
            self.abort()
            return reply
        except BaseException:
            self.abort()
            raise
        reply = await self._read_reply(seconds=self._settings.next_hop_final_seconds)
        self.in_transaction = False
        return reply

    def quit(self) -> None:
        """Say QUIT without waiting for the answer, and close."""
        if self.is_usable and not self.in_transaction:
            self._writer.write(b"QUIT\r\n")
        self._writer.close()

    def abort(self) -> None:
        """Close at once, without sending what is still buffered."""
        transport = self._writer.transport
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()
        self.in_transaction = False

    async def _hello(self) -> None:
        reply = await self.command(f"EHLO {self._settings.hostname}".encode("ascii", "replace"))
        if reply.is_positive:
            words = (line.strip().partition(" ") for line in reply.lines[1:])
            self.extensions = MappingProxyType(
                {keyword.upper(): rest for keyword, _, rest in words if keyword}
            )
            return
        if reply.code != 421:
            reply = await self.command(f"HELO {self._settings.hostname}".encode("ascii", "replace"))
        if not reply.is_positive:
            raise NextHopLost(f"EHLO to {self._settings.next_hop}: {reply.text}")

    async def _start_tls(self, context: ssl.SSLContext) -> None:
        reply = await self.command(b"STARTTLS") if "STARTTLS" in self.extensions else None
        if reply is None or not reply.is_positive:
            raise NextHopLost(
                f"STARTTLS at {self._settings.next_hop}: {reply.text if reply else 'not offered'}"
            )
        try:
            async with asyncio.timeout(self._settings.next_hop_connect_seconds):
                await self._writer.start_tls(context, server_hostname=self._settings.next_hop.host)
        except (OSError, TimeoutError) as error:
            raise NextHopLost(f"TLS with {self._settings.next_hop}: {error}") from error
        await self._hello()

    async def _write(self, wire: bytes) -> None:
        try:
            async with asyncio.timeout(self._settings.next_hop_reply_seconds):
                self._writer.write(wire)
                await self._writer.drain()
        except (OSError, TimeoutError) as error:
            if isinstance(error, TimeoutError):
                self.abort()
            raise NextHopLost(f"sending to {self._settings.next_hop}: {type(error).__name__}") from error

    async def _last_words(self) -> Reply | None:
        with contextlib.suppress(NextHopLost):
            return await self._read_reply(seconds=1.0)
        return None

    async def _read_reply(self, *, seconds: float) -> Reply:
        lines: list[str] = []
        code = 0
        try:
            async with asyncio.timeout(seconds):
                while True:
                    line = await self._reader.readuntil(b"\n")
                    found = _REPLY_LINE.fullmatch(line.rstrip(b"\r\n"))
                    if found is None or (code and int(found.group(1)) != code):
                        raise NextHopLost(f"{self._settings.next_hop} sent no SMTP reply")
                    code = int(found.group(1))
                    lines.append((found.group(3) or b"").decode("ascii", "replace"))
                    if found.group(2) != b"-":
                        break
                    if len(lines) >= _LONGEST_REPLY_LINES:
                        raise NextHopLost(f"{self._settings.next_hop} sent a reply without end")
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError) as error:
            self.abort()
            raise NextHopLost(f"reading from {self._settings.next_hop}: {type(error).__name__}") from error
        except BaseException:
            self.abort()
            raise
        if code == 421:
            self.abort()
        return Reply(code, tuple(lines))


def _tls_context(settings: RelaySettings) -> ssl.SSLContext | None:
    return None if settings.next_hop_security is TransportSecurity.NONE else ssl.create_default_context()
