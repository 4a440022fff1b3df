"""How many bytes of messages one relay process may hold at once; who finds no room waits, then gets 451."""

from __future__ import annotations

import asyncio
from types import TracebackType


class BudgetExhausted(Exception):
    """No room became free in time."""


class MemoryBudget:
    """A shared number of bytes. For one event loop."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._used = 0
        self._waiters: list[asyncio.Future[None]] = []

    @property
    def used_bytes(self) -> int:
        return self._used

    async def take(self, size_bytes: int, *, seconds: float) -> None:
        """Count bytes as used. Raises BudgetExhausted after ``seconds`` without room for them."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while self._used + size_bytes > self._limit:
            waiter: asyncio.Future[None] = loop.create_future()
            self._waiters.append(waiter)
            try:
                async with asyncio.timeout_at(deadline):
                    await waiter
            except TimeoutError:
                raise BudgetExhausted from None
            finally:
                if waiter in self._waiters:
                    self._waiters.remove(waiter)
        self._used += size_bytes

    def give(self, size_bytes: int) -> None:
        """Count bytes as free again."""
        self._used -= size_bytes
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)


class Lease:
    """One message's share of a budget; a context manager that gives it back."""

    def __init__(self, budget: MemoryBudget) -> None:
        self._budget = budget
        self._size = 0

    async def cover(self, size_bytes: int, *, seconds: float) -> None:
        """Make the share at least this large. Raises BudgetExhausted."""
        more = size_bytes - self._size
        if more > 0:
            await self._budget.take(more, seconds=seconds)
            self._size += more

    def release(self) -> None:
        """Give everything back."""
        size, self._size = self._size, 0
        if size:
            self._budget.give(size)

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
