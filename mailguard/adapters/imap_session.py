"""One connection to one mailbox: IMAPClient with its traps closed.

Every method raises TemporaryFailure: LoginRefused, ImapRefused (a tagged NO or BAD: the connection lives on),
or ConnectionGone (the connection is useless). Nothing here sets \\Seen: reading is EXAMINE and BODY.PEEK[].

SECURITY: the server is trusted with the password only after its certificate is verified. Its words go into
exceptions, never into logs; imaplib's and IMAPClient's own logs would hold names and mail and are off.
FAILURE: not thread-safe but for ``abort``; a connection after ConnectionGone is thrown away.
Source: RFC 3501, 2177 (IDLE), 4315 (UIDPLUS), 6851 (MOVE), 6154 (special use); ENGINEERING.md "IMAPClient".
"""

from __future__ import annotations

import contextlib
import imaplib
import logging
import re
import select
import socket
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError, LoginError, ProtocolError

from mailguard.adapters.imap_settings import ImapAccount, SecretMissing
from mailguard.adapters.smtp_settings import TransportSecurity
from mailguard.app.ports import TemporaryFailure

_LONGEST_WORDS = 200
_LOGOUT_SECONDS = 2.0
# RFC 5530: not the credentials' fault.
_PASSING_CODES = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]")
_COPYUID = re.compile(rb"\[COPYUID (\d+) \S+ (\d+)\]")
_SHUT_FOLDERS = {b"\\noselect", b"\\nonexistent"}

# Both log every line, so names and bodies, at levels that somebody may switch on.
logging.getLogger("imapclient").disabled = True
logging.getLogger("imapclient.imapclient").disabled = True
logging.getLogger("imapclient.imaplib").disabled = True


class ConnectionGone(TemporaryFailure):
    """The connection could not be made, or was lost; or its answers cannot be understood."""


class LoginRefused(TemporaryFailure):
    """The server does not take these credentials now."""


class ImapRefused(TemporaryFailure):
    """The server answered NO or BAD to one command."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that holds mail. ``use``: its special-use flags in lower case, such as "\\sent"."""

    name: str
    use: frozenset[str]


@dataclass(frozen=True, slots=True)
class FolderState:
    """``uid_next`` is 0 where the server does not say."""

    uidvalidity: int
    uid_next: int
    message_count: int


@dataclass(frozen=True, slots=True)
class MessageHead:
    """What is known before the bytes are fetched. ``internal_date``: aware UTC, None where it is no date."""

    uid: int
    size_bytes: int
    internal_date: datetime | None
    flags: tuple[str, ...]


class _Client(IMAPClient):
    """Polls for IDLE news so that none is overlooked, and so that another thread can end the wait."""

    wake_fd = -1

    def _poll_socket(self, sock: Any, timeout: float | None = None) -> Any:
        # What came in one piece with "+ idling" lies in the buffer already: no poll would tell.
        with contextlib.suppress(OSError):
            if self._imap.file.peek(1):
                return [(sock.fileno(), select.POLLIN)]
        poller = select.poll()
        poller.register(sock.fileno(), select.POLLIN)
        if self.wake_fd >= 0:
            poller.register(self.wake_fd, select.POLLIN)
        events = poller.poll(None if timeout is None else timeout * 1000)
        return [event for event in events if event[0] != self.wake_fd]


class ImapSession:
    """A logged-in connection. ``tls`` is its TLS version, "" without."""

    def __init__(self, account: ImapAccount, *, connect_seconds: float, reply_seconds: float) -> None:
        """Connect, verify, log in. Raises ConnectionGone or LoginRefused."""
        self._place = f"{account.host}:{account.port}"
        self._client: _Client | None = None
        try:
            password = account.password.read()
        except SecretMissing as error:
            raise LoginRefused(str(error)) from error
        with self._answers("connecting"):
            self._client = self._connect(account, SocketTimeout(connect_seconds, reply_seconds))
        try:
            if account.security is TransportSecurity.STARTTLS:
                with self._answers("STARTTLS"):
                    self._client.starttls(_tls_context(account))
            self._log_in(account, password)
        except BaseException:
            self.close()
            raise
        self.tls = str(getattr(self._client.socket(), "version", lambda: "")() or "")

    def _connect(self, account: ImapAccount, timeout: SocketTimeout) -> _Client:
        is_tls = account.security is TransportSecurity.TLS
        client = _Client(
            account.host,
            account.port,
            ssl=is_tls,
            ssl_context=_tls_context(account) if is_tls else None,
            timeout=timeout,
        )
        # At IMAPClient's debug level 5 every body is formatted for a log nobody reads.
        client._imap.debug = 0
        # Local times without a zone otherwise.
        client.normalise_times = False
        return client

    def _log_in(self, account: ImapAccount, password: str) -> None:
        client = self._live
        name = account.login_name
        with self._answers("logging in"):
            is_plain_wire = not client.has_capability("AUTH=PLAIN")
            if is_plain_wire or (
                name.isascii() and password.isascii() and not client.has_capability("LOGINDISABLED")
            ):
                client.login(name, password)
            else:
                client.plain_login(name, password)
            # What was announced before login is not what holds after it.
            client._cached_capabilities = None
            client._imap.untagged_responses.clear()
            self._capabilities = frozenset(client.capabilities())

    @property
    def has_move(self) -> bool:
        return b"MOVE" in self._capabilities

    @property
    def has_uidplus(self) -> bool:
        return b"UIDPLUS" in self._capabilities

    @property
    def has_idle(self) -> bool:
        return b"IDLE" in self._capabilities

    @property
    def is_alive(self) -> bool:
        return self._client is not None

    def noop(self) -> None:
        with self._answers("NOOP"):
            self._live.noop()

    def folders(self) -> tuple[Folder, ...]:
        """Every folder that can be opened."""
        with self._answers("LIST"):
            listed = self._live.list_folders()
        found = []
        for flags, _, name in listed:
            lowered = {bytes(flag).lower() for flag in flags}
            if not lowered & _SHUT_FOLDERS:
                found.append(
                    Folder(str(name), frozenset(flag.decode("ascii", "replace") for flag in lowered))
                )
        return tuple(found)

    def personal_prefix(self) -> str:
        """What the names of a user's own folders begin with: "" or such as "INBOX."."""
        if b"NAMESPACE" not in self._capabilities:
            return ""
        with self._answers("NAMESPACE"):
            personal = self._live.namespace().personal
        return str(personal[0][0]) if personal else ""

    def create_folder(self, name: str) -> None:
        with self._answers("CREATE"):
            self._live.create_folder(name)

    def open_folder(self, name: str, *, writable: bool = False) -> FolderState:
        """SELECT, or EXAMINE unless ``writable``."""
        with self._answers("SELECT" if writable else "EXAMINE"):
            answer = self._live.select_folder(name, readonly=not writable)
        uidvalidity = int(answer.get(b"UIDVALIDITY", 0))
        if not uidvalidity:
            raise ImapRefused(f"EXAMINE at {self._place}: the server gives no UIDVALIDITY")
        return FolderState(uidvalidity, int(answer.get(b"UIDNEXT", 0)), int(answer.get(b"EXISTS", 0)))

    def status(self, name: str) -> FolderState:
        """STATUS: for folders that are not open."""
        with self._answers("STATUS"):
            answer = self._live.folder_status(name, ["UIDVALIDITY", "UIDNEXT", "MESSAGES"])
        return FolderState(
            int(answer.get(b"UIDVALIDITY", 0)),
            int(answer.get(b"UIDNEXT", 0)),
            int(answer.get(b"MESSAGES", 0)),
        )

    def uids_above(self, uid: int) -> list[int]:
        """UIDs greater than ``uid``, ascending. "n:*" always names the last message, so that is left out."""
        return [found for found in self._search(["UID", f"{uid + 1}:*"]) if found > uid]

    def has_come_above(self, uid: int) -> bool:
        """Whether the open folder has UIDs above, or the server says just now that there is more mail."""
        untagged = self._live._imap.untagged_responses
        untagged.pop("EXISTS", None)
        return bool(self.uids_above(uid)) or "EXISTS" in untagged

    def uids_since(self, day: date, *, before: date | None = None) -> list[int]:
        """UIDs by INTERNALDATE's day in the server's zone, ascending; ``before`` is not included."""
        return self._search(["SINCE", day, *(["BEFORE", before] if before else [])])

    def uids_with_message_id(self, message_id: str) -> list[int]:
        return self._search(["HEADER", "Message-ID", message_id])

    def has_uid(self, uid: int) -> bool:
        return uid in self._search(["UID", str(uid)])

    def _search(self, criteria: Sequence[Any]) -> list[int]:
        with self._answers("SEARCH"):
            return sorted(int(uid) for uid in self._live.search(list(criteria)))

    def heads(self, uids: Sequence[int]) -> list[MessageHead]:
        """In the order of ``uids``, without those that are gone."""
        with self._answers("FETCH"):
            answer = self._live.fetch(list(uids), ["RFC822.SIZE", "INTERNALDATE", "FLAGS"])
        return [
            MessageHead(
                uid=uid,
                size_bytes=int(item.get(b"RFC822.SIZE", 0)),
                internal_date=_utc(item.get(b"INTERNALDATE")),
                flags=tuple(bytes(flag).decode("ascii", "replace") for flag in item.get(b"FLAGS", ())),
            )
            for uid in uids
            if (item := answer.get(uid)) is not None
        ]

    def bodies(self, uids: Sequence[int]) -> dict[int, bytes]:
        """UID → whole message, not marked read; without those that are gone."""
        with self._answers("FETCH"):
            answer = self._live.fetch(list(uids), ["BODY.PEEK[]"])
        bodies = {int(uid): item.get(b"BODY[]") for uid, item in answer.items()}
        return {uid: body for uid, body in bodies.items() if isinstance(body, bytes)}

    def move(self, uid: int, folder: str) -> int | None:
        """UID MOVE. The new UID where the server says it."""
        with self._answers("MOVE"):
            client = self._live
            client._imap.untagged_responses.pop("COPYUID", None)
            words = bytes(client.move([uid], folder) or b"")
            told = client._imap.untagged_responses.pop("COPYUID", None)
            # RFC 6851 4.3: in an untagged OK before the EXPUNGE.
            return _new_uid(words) or (_new_uid(b"[COPYUID " + bytes(told[-1]) + b"]") if told else None)

    def copy(self, uid: int, folder: str) -> int | None:
        """UID COPY. The new UID from COPYUID, None without."""
        with self._answers("COPY"):
            return _new_uid(bytes(self._live.copy([uid], folder) or b""))

    def mark_deleted(self, uid: int) -> None:
        with self._answers("STORE"):
            self._live.add_flags([uid], [b"\\Deleted"], silent=True)

    def expunge_one(self, uid: int) -> None:
        """UID EXPUNGE: removes this message only, whatever else is marked \\Deleted."""
        with self._answers("UID EXPUNGE"):
            self._live.uid_expunge([uid])

    def wait_for_news(self, seconds: float, *, wake_fd: int) -> None:
        """IDLE until something happens in the open folder, ``wake_fd`` is readable, or the time is over.

        Always leaves IDLE again: a closed connection shows then, where waiting on would spin.
        """
        client = self._live
        with self._answers("IDLE"):
            client.wake_fd = wake_fd
            client.idle()
            news = client.idle_check(timeout=seconds)
            client.idle_done()
        if any(item and item[0] == b"BYE" for item in news):
            self.abort()
            raise ConnectionGone(f"IDLE at {self._place}: the server said BYE")

    def close(self) -> None:
        """Log out and close; never raises."""
        client, self._client = self._client, None
        if client is None:
            return
        try:
            client._imap.sock.settimeout(_LOGOUT_SECONDS)
            client.logout()
        except (imaplib.IMAP4.error, OSError, ValueError):
            _shut(client)

    def abort(self) -> None:
        """End whatever another thread is waiting for on this connection; never raises, waits for nothing."""
        client = self._client
        if client is not None:
            with contextlib.suppress(OSError, AttributeError):
                client._imap.sock.shutdown(socket.SHUT_RDWR)

    @property
    def _live(self) -> _Client:
        if self._client is None:
            raise ConnectionGone(f"{self._place}: the connection is closed")
        return self._client

    @contextlib.contextmanager
    def _answers(self, step: str) -> Iterator[None]:
        """Say what was tried, on what, and the server's words; throw away a connection of no more use."""
        try:
            yield
        except LoginError as error:
            if isinstance(error.__context__, imaplib.IMAP4.abort):
                self._throw_away()
                raise ConnectionGone(f"{step} at {self._place}: the server hung up") from error
            if any(code in str(error).upper() for code in _PASSING_CODES):
                raise ImapRefused(f"{step} at {self._place}: {_words(error)}") from error
            raise LoginRefused(f"{step} at {self._place}: {_words(error)}") from error
        except (imaplib.IMAP4.abort, ProtocolError, OSError, EOFError) as error:
            self._throw_away()
            # imaplib quotes the line it did not understand, which may be mail.
            shown = _words(error) if isinstance(error, OSError) else type(error).__name__
            raise ConnectionGone(f"{step} at {self._place}: {shown}") from error
        except (IMAPClientError, imaplib.IMAP4.error) as error:
            raise ImapRefused(f"{step} at {self._place}: {_words(error)}") from error
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            # IMAPClient's parsers raise these on answers that no grammar allows.
            self._throw_away()
            raise ConnectionGone(
                f"{step} at {self._place}: answer not understood ({type(error).__name__})"
            ) from error

    def _throw_away(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            _shut(client)


def _shut(client: IMAPClient) -> None:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        client.shutdown()


def _tls_context(account: ImapAccount) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(account.ca_file) if account.ca_file else None)


def _utc(value: object) -> datetime | None:
    if not isinstance(value, datetime) or value.tzinfo is None:
        return None
    with contextlib.suppress(OverflowError):
        return value.astimezone(UTC)
    return None


def _new_uid(words: bytes) -> int | None:
    found = _COPYUID.search(words)
    return int(found.group(2)) if found else None


def _words(error: BaseException) -> str:
    return " ".join(str(error).split())[:_LONGEST_WORDS]
