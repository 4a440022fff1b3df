"""The relay as a server: one listening socket, its connections, their common limits, and an orderly end.

SECURITY: never an open relay: see ``relay_conversation``. Limits hold for one process; a relay of several
workers has each of them as often as it has workers.
FAILURE: when this process dies, clients see a closed connection and keep their mail.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable

import structlog

from mailguard.adapters.memory_budget import MemoryBudget
from mailguard.adapters.relay_conversation import Connections, RelayConversation
from mailguard.adapters.relay_transaction import MessageRelay, Verifier
from mailguard.adapters.smtp_protocol import RelayProtocol
from mailguard.adapters.smtp_settings import RelaySettings
from mailguard.app import failpoints
from mailguard.app.ports import Clock, Gate

log = structlog.get_logger(__name__)

_BACKLOG = 512
_ACCEPT_PAUSE_SECONDS = 0.5


class RelayServer:
    """One relay process. Construct it anywhere, use it in one event loop."""

    def __init__(
        self,
        settings: RelaySettings,
        *,
        gate: Gate,
        mark_key: bytes,
        clock: Clock,
        verifier: Verifier | None = None,
        failpoint: Callable[[str], None] = failpoints.reach,
    ) -> None:
        """Raises OSError or ssl.SSLError when certificate or key cannot be used.

        ``verifier`` is asked only before the queue.
        """
        self._settings = settings
        self._relay = MessageRelay(
            settings=settings,
            gate=gate,
            mark_key=mark_key,
            clock=clock,
            verifier=verifier,
            failpoint=failpoint,
        )
        self._connections = Connections(settings)
        self._budget = MemoryBudget(settings.max_bytes_in_flight)
        self._tls_context = _server_tls(settings)
        self._protocols: set[RelayProtocol] = set()
        self._emptied = asyncio.Event()
        self._listening: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None

    async def start(self, listening: socket.socket | None = None) -> None:
        """Take clients from ``listening``, else from the socket that the settings name. Raises OSError."""
        self._listening = listening or listening_socket(self._settings)
        self._listening.setblocking(False)
        self._accepting = asyncio.get_running_loop().create_task(self._accept(self._listening))
        log.info("relay_started", port=self.port)

    @property
    def port(self) -> int:
        """The port listened on. Only after :meth:`start`."""
        assert self._listening is not None
        return int(self._listening.getsockname()[1])

    @property
    def connections(self) -> int:
        return self._connections.total

    @property
    def bytes_in_flight(self) -> int:
        return self._budget.used_bytes

    async def stop(self) -> None:
        """Take no more clients, let each finish its message for ``drain_seconds``, then close the rest."""
        if self._accepting is not None:
            self._accepting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._accepting
        if self._listening is not None:
            self._listening.close()
        for protocol in tuple(self._protocols):
            protocol.drain()
        if self._protocols:
            self._emptied.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._emptied.wait(), self._settings.drain_seconds)
        cut_off = len(self._protocols)
        for protocol in tuple(self._protocols):
            protocol.abort()
        self._relay.shutdown()
        log.info("relay_stopped", cut_off=cut_off)

    async def _accept(self, listening: socket.socket) -> None:
        """One connection at a time: with several workers on one socket, none takes a whole queue of them."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listening)
                await loop.connect_accepted_socket(self._new_protocol, connection)
            except OSError as error:
                log.error("relay_accept_failed", error=type(error).__name__)
                await asyncio.sleep(_ACCEPT_PAUSE_SECONDS)

    def _new_protocol(self) -> RelayProtocol:
        conversation = RelayConversation(
            self._settings, relay=self._relay, connections=self._connections, budget=self._budget
        )
        protocol = RelayProtocol(
            conversation,
            self._settings,
            tls_context=self._tls_context,
            loop=asyncio.get_running_loop(),
            when_closed=self._forget,
        )
        self._protocols.add(protocol)
        return protocol

    def _forget(self, protocol: RelayProtocol) -> None:
        self._protocols.discard(protocol)
        if not self._protocols:
            self._emptied.set()


def listening_socket(settings: RelaySettings) -> socket.socket:
    """An inherited socket when ``listen_fd`` names one, else a new one. Raises OSError."""
    if settings.listen_fd is not None:
        return socket.socket(fileno=settings.listen_fd)
    family = socket.AF_INET6 if ":" in settings.listen.host else socket.AF_INET
    return socket.create_server((settings.listen.host, settings.listen.port), family=family, backlog=_BACKLOG)


def _server_tls(settings: RelaySettings) -> ssl.SSLContext | None:
    if settings.tls_certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    return context
