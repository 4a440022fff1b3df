"""The review page on a socket: uvicorn in a thread, ended by whoever started it.

SECURITY: X-Forwarded-For and -Proto count only from the proxies that the settings name; anybody else could write them.
Slow connections are bounded (``slow_connections``).
FAILURE: a request under way when the site stops gets some seconds to end; what it had not committed is not done.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from mailguard.web.slow_connections import BoundedState, ConnectionBounds, TimedConnection

_START_SECONDS = 15.0
_END_SECONDS = 5
# Beyond this uvicorn answers 503; at ``bounds.most`` those that dawdle make room, so that it does not come to this.
_MOST_CONNECTIONS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenSettings:
    """``port`` 0 takes a free one. ``certificate`` and ``key`` are PEM files, both or neither."""

    host: str
    port: int
    certificate: Path | None = None
    key: Path | None = None
    trusted_proxies: tuple[str, ...] = ()
    bounds: ConnectionBounds = field(default_factory=ConnectionBounds)


class _Loop(asyncio.SelectorEventLoop):
    """``handshake_seconds``: how long a client may take to agree on TLS; asyncio would wait a minute."""

    def __init__(self, handshake_seconds: float) -> None:
        super().__init__()
        self._handshake_seconds = handshake_seconds

    async def create_server(self, *arguments: Any, **options: Any) -> asyncio.Server:
        if options.get("ssl") is not None:
            options.setdefault("ssl_handshake_timeout", self._handshake_seconds)
        return await super().create_server(*arguments, **options)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, bounds: ConnectionBounds) -> None:
        super().__init__(config)
        self.server_state: BoundedState = BoundedState(bounds)

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second."""
        if counter % 5 == 0:
            self.server_state.drop_overdue(asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """uvicorn would take SIGTERM away from the daemon, which ends more than this."""
        yield


class ReviewServer:
    """Start it once, stop it once."""

    def __init__(self, app: ASGIApp, settings: ListenSettings) -> None:
        self._settings = settings
        self._socket: socket.socket | None = None
        self._server = _Server(
            uvicorn.Config(
                app,
                http=TimedConnection,
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="off",
                ws="none",
                proxy_headers=bool(settings.trusted_proxies),
                forwarded_allow_ips=list(settings.trusted_proxies),
                ssl_certfile=settings.certificate,
                ssl_keyfile=settings.key,
                limit_concurrency=_MOST_CONNECTIONS,
                timeout_keep_alive=20,
                timeout_graceful_shutdown=_END_SECONDS,
            ),
            settings.bounds,
        )
        self._thread = threading.Thread(target=self._serve, name="review-site", daemon=True)

    @property
    def port(self) -> int:
        """The one that it listens on, once started."""
        return int(self._socket.getsockname()[1]) if self._socket is not None else self._settings.port

    def start(self) -> None:
        """Returns when it listens. Raises OSError when it cannot."""
        address = (self._settings.host, self._settings.port)
        family = socket.AF_INET6 if ":" in self._settings.host else socket.AF_INET
        self._socket = socket.create_server(address, family=family, backlog=128)
        self._thread.start()
        deadline = threading.Event()
        waited = 0.0
        while not self._server.started:
            if not self._thread.is_alive() or waited > _START_SECONDS:
                raise OSError("the review page did not start")
            deadline.wait(0.02)
            waited += 0.02

    def stop(self) -> None:
        """Let requests under way end, then close."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(_END_SECONDS + 5.0)
        if self._socket is not None:
            self._socket.close()

    def _serve(self) -> None:
        assert self._socket is not None
        loop = partial(_Loop, self._settings.bounds.handshake_seconds)
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(self._server.serve(sockets=[self._socket]))
