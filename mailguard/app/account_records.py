"""What the store keeps about accounts, sessions, invitations and absences, as frozen records. Times are aware UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from mailguard.domain.account import AccountState, SessionStage, SiteRole
from mailguard.domain.words import Role

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One person who may sign in. ``address`` is unique in the school, letter case apart.

    ``password_hash`` and ``totp_secret`` (base32) are "" before enrolment; both are encrypted at rest.
    """

    id: str
    role: SiteRole
    state: AccountState
    name: str
    address: str
    created_at: datetime
    updated_at: datetime
    created_by: str
    password_hash: str = ""
    totp_secret: str = ""
    password_set_at: datetime | None = None
    signed_in_at: datetime | None = None

    @property
    def reads_content(self) -> bool:
        return self.role.reads_content

    @property
    def is_enrolled(self) -> bool:
        return bool(self.password_hash and self.totp_secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in browser. Its token is known to the browser alone; the store has the hash.

    ``expires_at``: absolute end. ``fresh_until``: until then the person counts as just identified.
    ``client``: address and browser as shown to the account's owner. ``notes``: JSON of steps half done.
    """

    id: str
    account_id: str
    token_hash: str
    stage: SessionStage
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    fresh_until: datetime
    client: str = ""
    notes: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """Leave to set up an account anew with a one-time password, once.

    ``needs_second``: it opens nothing before another member of the chain has approved it. ``reason`` is in the
    inviter's words. ``created_by`` and ``approved_by`` are account ids, or "console".
    """

    id: str
    account_id: str
    secret_hash: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    needs_second: bool
    reason: str = ""
    approved_by: str = ""
    approved_at: datetime | None = None
    used_at: datetime | None = None
    withdrawn_at: datetime | None = None

    def opens_at(self, now: datetime) -> bool:
        """Whether its one-time password works now."""
        is_approved = not self.needs_second or self.approved_at is not None
        return is_approved and self.is_open(now)

    def is_open(self, now: datetime) -> bool:
        """Neither used, withdrawn nor expired."""
        return self.used_at is None and self.withdrawn_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """Failed tries under one key. ``locked_until`` None when the next try may come at once."""

    failures: int
    first_at: datetime
    locked_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A WebAuthn credential. ``credential_id`` and ``public_key`` as the library gives them."""

    credential_id: bytes
    account_id: str
    public_key: bytes
    sign_count: int
    name: str
    created_at: datetime
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleAbsence:
    """Days on which a role's holder is away (both included, in the school's zone), set on the review page.

    ``acting_address`` "" when nobody stands in: the next in the chain is told then.
    """

    id: str
    role: Role
    first_day: date
    last_day: date
    acting_name: str
    acting_address: str
    created_by: str
    created_at: datetime
    withdrawn_at: datetime | None = None
    withdrawn_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GlassGrant:
    """Leave to see the content of one case for a time: asked for with a reason, given by a member of the chain."""

    id: str
    case_id: str
    account_id: str
    reason: str
    asked_at: datetime
    approved_by: str = ""
    approved_at: datetime | None = None
    expires_at: datetime | None = None
    ended_by: str = ""
    ended_at: datetime | None = None

    def opens_at(self, now: datetime) -> bool:
        return (
            self.approved_at is not None
            and self.ended_at is None
            and self.expires_at is not None
            and now < self.expires_at
        )

    @property
    def is_waiting(self) -> bool:
        return self.approved_at is None and self.ended_at is None
