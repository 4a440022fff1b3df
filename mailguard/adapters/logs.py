"""The log of a running mailguard."""

from __future__ import annotations

import sys

import structlog

from mailguard.adapters.log_errors import without_content


def configure_logs() -> None:
    """JSON lines on standard error: events, ids and counts; never subjects, names, addresses or texts."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_content,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
