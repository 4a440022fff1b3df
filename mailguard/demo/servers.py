"""Both mail servers of the throw-away school in one event loop of its own thread.

FAILURE: they live and die with the demo's process; nothing of theirs is on disk.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from types import TracebackType
from typing import Self

from mailguard.demo.imap_server import HOST, start_imap_server
from mailguard.demo.mailbox import append, read_inbox
from mailguard.demo.next_hop import NextHop, start_next_hop

_START_SECONDS = 20.0


class MailServers:
    """``with MailServers(addresses, password) as servers``: two ports, and what was delivered where."""

    def __init__(self, addresses: frozenset[str], password: str) -> None:
        self.addresses = addresses
        self._password = password
        self._loop = asyncio.new_event_loop()
        self._is_ready = threading.Event()
        self._problem: Exception | None = None
        self._ended: asyncio.Event
        self._thread = threading.Thread(target=self._run, name="throw-away-school", daemon=True)
        self.imap_port = 0
        self.next_hop_port = 0
        self.next_hop = NextHop(mailboxes=addresses, append=self.append)

    def __enter__(self) -> Self:
        self._thread.start()
        self._is_ready.wait(_START_SECONDS)
        if self._problem is not None:
            raise self._problem
        if not self.next_hop_port:
            raise TimeoutError(f"the demo's mail servers did not start within {_START_SECONDS:g} s")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(_START_SECONDS)

    def append(self, address: str, raw: bytes) -> None:
        append(self.imap_port, address, self._password, raw)

    def inbox(self, address: str) -> list[bytes]:
        return read_inbox(self.imap_port, address, self._password)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        except OSError as problem:
            self._problem = problem
        finally:
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()
            self._is_ready.set()

    async def _serve(self) -> None:
        self._ended = asyncio.Event()
        # Connections are cut when the daemon is killed and at the end: what is said about it concerns nobody.
        self._loop.set_exception_handler(lambda loop, context: None)
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        imap = await start_imap_server(self.addresses, self._password)
        hop = await start_next_hop(self.next_hop, host=HOST)
        self.imap_port = imap.sockets[0].getsockname()[1]
        self.next_hop_port = hop.sockets[0].getsockname()[1]
        self._is_ready.set()
        await self._ended.wait()
        for server in (imap, hop):
            server.close()
        mine = asyncio.current_task()
        others = [task for task in asyncio.all_tasks() if task is not mine]
        for task in others:
            task.cancel()
        await asyncio.wait_for(_all_ended(others), _START_SECONDS)


async def _all_ended(tasks: list[asyncio.Task[object]]) -> None:
    await asyncio.gather(*tasks, return_exceptions=True)
