"""Reading and filling the throw-away school's mailboxes, as a mail program does: over IMAP."""

from __future__ import annotations

import imaplib
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from mailguard.demo.imap_server import HOST

_TIMEOUT_SECONDS = 15.0


class MailboxProblem(Exception):
    """The IMAP server said no."""


@contextmanager
def _logged_in(port: int, address: str, password: str) -> Iterator[imaplib.IMAP4]:
    with imaplib.IMAP4(HOST, port, timeout=_TIMEOUT_SECONDS) as connection:
        # A literal goes out in small pieces; without this each waits for the other side's delayed acknowledgement.
        connection.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.login(address, password)
        yield connection


def append(port: int, address: str, password: str, raw: bytes) -> None:
    """Put a message into the INBOX. ``raw`` has CRLF line ends. Raises MailboxProblem, OSError."""
    with _logged_in(port, address, password) as connection:
        status, words = connection.append("INBOX", None, None, raw)
        if status != "OK":
            raise MailboxProblem(f"APPEND to {address}: {words!r}")


def read_inbox(port: int, address: str, password: str) -> list[bytes]:
    """Every message of the INBOX, in the order of arrival; nothing is marked as read."""
    with _logged_in(port, address, password) as connection:
        connection.select("INBOX", readonly=True)
        status, found = connection.uid("SEARCH", "ALL")
        if status != "OK":
            raise MailboxProblem(f"SEARCH in {address}: {found!r}")
        uids = found[0].split() if found and found[0] else []
        if not uids:
            return []
        status, parts = connection.uid("FETCH", b",".join(uids).decode("ascii"), "(BODY.PEEK[])")
        if status != "OK":
            raise MailboxProblem(f"FETCH in {address}: {parts!r}")
        return [bytes(part[1]) for part in parts if isinstance(part, tuple)]
