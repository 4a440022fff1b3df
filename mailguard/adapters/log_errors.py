"""What a log may say of an exception: its type and the lines of code it came through.

SECURITY: neither local variables nor the exception's own words: a KeyError's is the key, which may be an address.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any

_MOST_FRAMES = 30
_MOST_CAUSES = 5


def without_content(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: ``exc_info`` becomes ``exception``, one object for each exception of the chain."""
    info = event.pop("exc_info", None)
    error = _exception_of(info)
    chain: list[dict[str, Any]] = []
    while error is not None and len(chain) < _MOST_CAUSES:
        chain.append({"type": type(error).__name__, "frames": _frames(error.__traceback__)})
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if chain:
        event["exception"] = chain
    return event


def cause_of(error: BaseException) -> str:
    """What the system said at the root of a failure ("No space left on device"), "" where it said nothing.

    Only the system's own sentence for an error number, and SQLite's of a full disk: neither holds a name or an address.
    """
    seen = 0
    cause: BaseException | None = error
    while cause is not None and seen < _MOST_CAUSES:
        if isinstance(cause, OSError) and cause.errno:
            return os.strerror(cause.errno)
        if "database or disk is full" in str(cause):
            return "database or disk is full"
        cause, seen = cause.__cause__ or cause.__context__, seen + 1
    return ""


def _exception_of(info: object) -> BaseException | None:
    if isinstance(info, BaseException):
        return info
    if isinstance(info, tuple):
        return info[1] if len(info) > 1 and isinstance(info[1], BaseException) else None
    return sys.exc_info()[1] if info else None


def _frames(where: TracebackType | None) -> list[str]:
    found = traceback.extract_tb(where)[-_MOST_FRAMES:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in found]
