"""Connections that take their time: how long each may, and which one goes when there are too many.

SECURITY: strangers open connections here and send, or read, a byte at a time; left alone, a few hundred of them would keep
the Head out. Nobody is turned away while others dawdle: whoever has waited longest, of whoever holds most, makes room.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from enum import Enum, auto

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.server import ServerState

from mailguard.app.throttling import network_of

_PIECE_BYTES = 64 * 1024


class Phase(Enum):
    """What a connection waits for."""

    HEAD = auto()  # the first lines of a request
    BODY = auto()  # the rest of a request
    READER = auto()  # the client, which does not take what was written
    CLOSING = auto()  # the client, to take the end
    US = auto()  # our answer
    NEXT = auto()  # another request, if one comes: uvicorn closes it soon


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionBounds:
    """A slow phone sends a form within seconds, and takes 64 KiB of an evidence pack at least once a minute.

    ``handshake_seconds``: for TLS. ``reader_seconds`` and ``closing_seconds``: for each 64 KiB that wait.
    ``most``: connections at a time before one must make room.
    """

    handshake_seconds: float = 15.0
    head_seconds: float = 15.0
    # A little more than app's own bound on a form, whose answer says what happened.
    body_seconds: float = 130.0
    reader_seconds: float = 60.0
    closing_seconds: float = 20.0
    most: int = 150

    def limit(self, phase: Phase) -> float | None:
        """Seconds; None where the client keeps nobody waiting."""
        return {
            Phase.HEAD: self.head_seconds,
            Phase.BODY: self.body_seconds,
            Phase.READER: self.reader_seconds,
            Phase.CLOSING: self.closing_seconds,
        }.get(phase)


class BoundedState(ServerState):
    """uvicorn's state of a server, with the bounds of its connections."""

    def __init__(self, bounds: ConnectionBounds) -> None:
        super().__init__()
        self.bounds = bounds

    def drop_overdue(self, now: float) -> int:
        """Asked about once a second; ``now``: the loop's seconds. How many went."""
        dropped = 0
        for connection in self._timed():
            limit = self.bounds.limit(connection.look(now))
            if limit is not None and now - connection.since > limit:
                connection.drop()
                dropped += 1
        return dropped

    def make_room(self) -> None:
        """For the connection that has just come. None goes that waits for our answer."""
        if len(self.connections) <= self.bounds.most:
            return
        timed = self._timed()
        held = Counter(each.network for each in timed)
        waiting = [each for each in timed if each.phase is not Phase.US]
        if waiting:
            max(waiting, key=lambda each: (held[each.network], -each.since)).drop()

    def _timed(self) -> list[TimedConnection]:
        return [each for each in self.connections if isinstance(each, TimedConnection)]


class TimedConnection(H11Protocol):
    """uvicorn's connection, which also says what it waits for, and since when (the loop's seconds)."""

    server_state: BoundedState
    cycle: RequestResponseCycle | None  # type: ignore[assignment]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.since = self.loop.time()
        self.network = network_of(self.client[0]) if self.client is not None else ""
        self._seen: tuple[Phase, RequestResponseCycle | None, int] = (Phase.HEAD, None, 0)
        self.server_state.make_room()

    @property
    def phase(self) -> Phase:
        if self.transport.is_closing():
            return Phase.CLOSING
        if self.flow.write_paused:
            return Phase.READER
        if self.conn.their_state is h11.SEND_BODY:
            return Phase.BODY
        if self.cycle is None:
            return Phase.HEAD
        if not self.cycle.response_complete:
            return Phase.US
        has_begun_another = bool(self.conn.trailing_data[0])
        return Phase.HEAD if has_begun_another else Phase.NEXT

    def look(self, now: float) -> Phase:
        """Note when the phase, the request or what waits to be taken is another than at the last look."""
        pieces = self.transport.get_write_buffer_size() // _PIECE_BYTES
        seen = (self.phase, self.cycle, pieces)
        if seen != self._seen:
            self._seen, self.since = seen, now
        return seen[0]

    def drop(self) -> None:
        """At once: whoever dawdles would take its time with a farewell too."""
        self.connections.discard(self)
        self.transport.abort()
