"""What the mailbox side needs to know, frozen and checked. The configuration's ``[mailboxes]`` becomes this.

SECURITY: a password is never kept here, only where it is; it is read at each login, so that a changed file
counts at once. A password goes over an open wire to loopback only.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from mailguard.adapters.smtp_settings import LOOPBACK, TransportSecurity, is_within

# RFC 2177 lets a server drop an idle client after 30 minutes; routers in between forget sooner.
_LONGEST_IDLE_SECONDS = 600.0
ALL_FOLDERS = "*"


class HoldIn(StrEnum):
    """Where a held message is kept: ``store`` takes it out of the mailbox, ``folder`` moves it within."""

    STORE = "store"
    FOLDER = "folder"


class SecretMissing(Exception):
    """A password cannot be read. The message names the place, never the secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretPlace:
    """Where a secret is: exactly one of a file, an environment variable, a systemd credential."""

    file: Path | None = None
    environment: str = ""
    credential: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError unless exactly one is named."""
        if sum((self.file is not None, bool(self.environment), bool(self.credential))) != 1:
            raise ValueError("a password is in exactly one of file, environment, credential")

    def read(self) -> str:
        """The secret without the line end that editors put after it. Raises SecretMissing."""
        if self.environment:
            secret = os.environ.get(self.environment, "")
            place = f"environment variable {self.environment}"
        else:
            path = self.file or Path(os.environ.get("CREDENTIALS_DIRECTORY", "")) / self.credential
            place = str(path)
            try:
                secret = path.read_text("utf-8").rstrip("\r\n")
            except OSError as error:
                raise SecretMissing(f"{place}: cannot be read: {error.strerror}") from error
            except UnicodeDecodeError as error:
                raise SecretMissing(f"{place}: is not UTF-8") from error
        if not secret:
            raise SecretMissing(f"{place}: is empty")
        return secret


def account_id(address: str) -> str:
    """Names a mailbox without its address."""
    return "m-" + hashlib.sha256(address.casefold().encode("utf-8", "replace")).hexdigest()[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapAccount:
    """One staff mailbox. ``username`` "" is the address; with ``master_user`` the password is the master's.

    ``aliases``: further addresses delivered here, for which a mark of ours is honoured, too.
    """

    address: str
    host: str
    password: SecretPlace
    port: int = 993
    security: TransportSecurity = TransportSecurity.TLS
    ca_file: Path | None = None
    username: str = ""
    master_user: str = ""
    master_separator: str = "*"
    aliases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises ValueError when a password would go over an open wire."""
        if not self.host:
            raise ValueError(f"mailboxes: {self.address} has no host")
        is_local = self.host == "localhost" or is_within(self.host, LOOPBACK)
        if self.security is TransportSecurity.NONE and not is_local:
            raise ValueError(
                f"mailboxes.security = none would send a password to {self.host}:{self.port} in clear; "
                "use tls or starttls"
            )

    @property
    def id(self) -> str:
        """Names the account in logs, keys and checkpoints: stable, and it tells a log's reader no name."""
        return account_id(self.address)

    @property
    def login_name(self) -> str:
        """What LOGIN says: "user*master" for Dovecot's master users."""
        name = self.username or self.address
        return f"{name}{self.master_separator}{self.master_user}" if self.master_user else name

    @property
    def own_addresses(self) -> tuple[str, ...]:
        return (self.address, *self.aliases)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxesSettings:
    """All accounts of one daemon. Times in seconds, sizes in bytes.

    ``folders``: names, or "*" for every folder that holds mail. ``since`` None: existing mail counts from the
    day before the account is first swept.
    """

    accounts: tuple[ImapAccount, ...]
    hold: HoldIn = HoldIn.STORE
    quarantine_folder: str = "Quarantine"
    folders: tuple[str, ...] = ("INBOX",)
    sent_folders: bool = True
    since: date | None = None
    sweep_seconds: float = 60.0
    idle: bool = True

    idle_renew_seconds: float = 540.0
    connect_seconds: float = 10.0
    reply_seconds: float = 30.0
    retry_first_seconds: float = 1.0
    retry_last_seconds: float = 60.0
    refused_login_seconds: float = 60.0  # less often: many servers lock an account that fails often
    stale_seconds: float = 600.0  # without a successful sweep, somebody is told
    batch_messages: int = 50
    batch_bytes: int = 2_097_152
    pooled_connections: int = 16
    backlog_days: int = 7

    def __post_init__(self) -> None:
        """Raises ValueError naming the first setting that cannot work."""
        for name in (
            "sweep_seconds", "idle_renew_seconds", "connect_seconds", "reply_seconds", "retry_first_seconds",
            "retry_last_seconds", "refused_login_seconds", "stale_seconds", "batch_messages", "batch_bytes",
            "pooled_connections", "backlog_days",
        ):  # fmt: skip
            if getattr(self, name) <= 0:
                raise ValueError(f"mailboxes.{name} = {getattr(self, name)}: must be above 0")
        if self.idle_renew_seconds >= _LONGEST_IDLE_SECONDS:
            raise ValueError("mailboxes.idle_renew_seconds must be below 600")
        if not self.folders:
            raise ValueError('mailboxes.folders is empty: name at least "INBOX"')
        if self.quarantine_folder in self.folders or self.quarantine_folder.upper() in ("", "INBOX"):
            raise ValueError("mailboxes.quarantine_folder must be a folder of its own, not one of folders")
        ids = [account.id for account in self.accounts]
        twice = next((account for account in self.accounts if ids.count(account.id) > 1), None)
        if twice is not None:
            raise ValueError(f"mailboxes.account: {twice.address} is there twice")

    def account(self, account_id: str) -> ImapAccount | None:
        return next((account for account in self.accounts if account.id == account_id), None)
