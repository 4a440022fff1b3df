"""What a transaction of the store can do with accounts, sessions, the rota and broken glass.

Parts of ``ports_store.Transaction``. Secrets reach the store hashed (tokens, codes) or are encrypted there
(password hashes, TOTP secrets, names, addresses, reasons).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from mailguard.app.account_records import (
    Account,
    GlassGrant,
    Invitation,
    Passkey,
    RoleAbsence,
    Session,
    Throttle,
)


class Accounts(Protocol):
    """Accounts with what proves who somebody is: recovery codes, passkeys, invitations, failed tries."""

    def add(self, account: Account) -> bool:
        """False, and nothing is added, when its address has an account."""
        ...

    def replace(self, account: Account) -> None: ...

    def find(self, account_id: str) -> Account | None: ...

    def by_address(self, address: str) -> Account | None: ...

    def all(self) -> tuple[Account, ...]:
        """In the order in which they were made."""
        ...

    def use_totp_step(self, account_id: str, step: int) -> bool:
        """Spend a time step: False when it, or a later one, was used before (a replayed code)."""
        ...

    def put_recovery_codes(self, account_id: str, code_hashes: tuple[str, ...]) -> None:
        """In place of all earlier ones."""
        ...

    def use_recovery_code(self, account_id: str, code_hash: str) -> bool: ...

    def recovery_codes_left(self, account_id: str) -> int: ...

    def add_invitation(self, invitation: Invitation) -> None: ...

    def replace_invitation(self, invitation: Invitation) -> None: ...

    def invitation(self, invitation_id: str) -> Invitation | None: ...

    def invitations(self, account_id: str | None = None) -> tuple[Invitation, ...]:
        """Newest first."""
        ...

    def add_passkey(self, passkey: Passkey) -> bool: ...

    def passkeys(self, account_id: str) -> tuple[Passkey, ...]: ...

    def passkey(self, credential_id: bytes) -> Passkey | None: ...

    def use_passkey(self, credential_id: bytes, *, sign_count: int) -> None: ...

    def drop_passkey(self, account_id: str, credential_id: bytes) -> bool: ...

    def throttle(self, key: str) -> Throttle | None: ...

    def put_throttle(self, key: str, throttle: Throttle) -> None: ...

    def clear_throttle(self, key: str) -> None: ...

    def forget_throttles(self, *, first_before: datetime) -> int:
        """Drop those whose tries began before that time and that lock nobody now; how many went."""
        ...


class Sessions(Protocol):
    """Signed-in browsers."""

    def add(self, session: Session) -> None: ...

    def by_token_hash(self, token_hash: str) -> Session | None:
        """Ended and expired ones too: the caller judges."""
        ...

    def find(self, session_id: str) -> Session | None: ...

    def open_of(self, account_id: str) -> tuple[Session, ...]:
        """Not ended; last seen first."""
        ...

    def see(self, session_id: str) -> None:
        """Last seen now."""
        ...

    def freshen(self, session_id: str, *, until: datetime) -> None: ...

    def note(self, session_id: str, notes: Mapping[str, Any]) -> None:
        """Keep steps half done, in place of what was noted before."""
        ...

    def end(self, session_id: str) -> bool:
        """False when it had ended."""
        ...

    def forget_ended(self, *, before: datetime) -> int:
        """Drop sessions that ended or expired before that time; how many went."""
        ...


class Rota(Protocol):
    """Absences of the chain's members, set on the review page beside those of the settings."""

    def add(self, absence: RoleAbsence) -> None: ...

    def find(self, absence_id: str) -> RoleAbsence | None: ...

    def withdraw(self, absence_id: str, *, by: str) -> bool:
        """False when it was withdrawn before."""
        ...

    def absences(self) -> tuple[RoleAbsence, ...]:
        """Those not withdrawn, by first day."""
        ...


class Glass(Protocol):
    """Leave to see one case's content, asked for and given."""

    def add(self, grant: GlassGrant) -> None: ...

    def find(self, grant_id: str) -> GlassGrant | None: ...

    def replace(self, grant: GlassGrant) -> None: ...

    def of_account(self, account_id: str) -> tuple[GlassGrant, ...]:
        """Newest first."""
        ...

    def recent(self, *, limit: int) -> tuple[GlassGrant, ...]:
        """Of everybody; newest first."""
        ...


class PasswordHasher(Protocol):
    """Slow, salted hashes of passwords. Blocking and costly: bounded by who makes it."""

    def hash(self, password: str) -> str: ...

    def is_match(self, password_hash: str, password: str) -> bool:
        """Takes as long for "" (an account that does not exist) as for a wrong password; False then."""
        ...
