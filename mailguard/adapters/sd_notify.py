"""Telling systemd how the service is: sd_notify(3), a datagram to the socket that it names.

FAILURE: without systemd, or when it does not listen, nothing happens: the service runs all the same.
"""

from __future__ import annotations

import os
import socket

import structlog

log = structlog.get_logger(__name__)


def notify(state: str) -> None:
    """Send ``state`` ("READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=…") when systemd asked to be told."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.sendto(state.encode(), address)
    except OSError as error:
        log.warning("sd_notify_failed", error=type(error).__name__)


def watchdog_seconds() -> float:
    """Half of what systemd allows between two signs of life; 0 when it watches nothing."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    mine = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(microseconds) / 2_000_000 if microseconds.isdigit() and mine else 0.0
