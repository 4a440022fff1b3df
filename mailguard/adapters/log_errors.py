"""What a log may say of an exception: its type and the lines of code it came through.

SECURITY: neither local variables nor the exception's own words: a KeyError's is the key, which may be an address.
"""

from __future__ import annotations

import os
import socket
import ssl
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from types import TracebackType
from typing import Any

from mailguard.app.ports import PermanentFailure, TemporaryFailure

_MOST_FRAMES = 30
_MOST_CAUSES = 5
_ERROR_NUMBERS = 4096  # beyond any of the system's


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
    """What system or server said at the root of a failure ("No space left on device", "550 5.1.1"), "" where nothing was said.

    Only the codes of an SMTP reply, the system's own sentence for an error number, OpenSSL's word for what is wrong, and
    SQLite's of a full disk: none of them holds a name or an address.
    """
    for cause in _chain(error):
        if isinstance(cause, TemporaryFailure | PermanentFailure) and cause.reply:
            return cause.reply
        # Their numbers are not the system's: its sentence for the same number would be a wrong one.
        if isinstance(cause, ssl.SSLError):
            return cause.reason or ""
        if isinstance(cause, socket.gaierror):
            return cause.strerror or ""
        if isinstance(cause, OSError) and isinstance(cause.errno, int) and 0 < cause.errno < _ERROR_NUMBERS:
            return os.strerror(cause.errno)
        if "database or disk is full" in str(cause):
            return "database or disk is full"
    return ""


def types_of(error: BaseException) -> list[str]:
    """The types of a failure and of what led to it, outermost first."""
    return [type(each).__name__ for each in _chain(error)]


def _chain(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__ or cause.__context__


def _exception_of(info: object) -> BaseException | None:
    if isinstance(info, BaseException):
        return info
    if isinstance(info, tuple):
        return info[1] if len(info) > 1 and isinstance(info[1], BaseException) else None
    return sys.exc_info()[1] if info else None


def _frames(where: TracebackType | None) -> list[str]:
    found = traceback.extract_tb(where)[-_MOST_FRAMES:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in found]
