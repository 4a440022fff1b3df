"""The log of a running mailguard."""

from __future__ import annotations

import contextlib
import sys
from typing import TextIO, cast

import structlog

from mailguard.adapters.log_errors import without_content


class Steadfast:
    """Lines to ``file``. One that cannot be written (full disk, terminal gone, dead pipe) is lost: reports must go out."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, words: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._file.write(words)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._file.flush()


def configure_logs() -> None:
    """JSON lines on standard error: events, ids and counts; never subjects, names, addresses or texts."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_content,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(file=cast("TextIO", Steadfast(sys.stderr))),
        cache_logger_on_first_use=True,
    )
