"""Accounts and what proves who somebody is, over SQLAlchemy Core: ``app.ports_accounts.Accounts``."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from mailguard.adapters.store.dialects import insert_if_new, upsert
from mailguard.adapters.store.sealing import Sealer
from mailguard.adapters.store.tables_accounts import (
    accounts,
    invitations,
    passkeys,
    recovery_codes,
    throttles,
)
from mailguard.app.account_records import Account, Invitation, Passkey, Throttle
from mailguard.domain.account import AccountState, SiteRole

_SEALED_OF_ACCOUNT = ("name", "address", "password_hash", "totp_secret")


class SqlAccounts:
    def __init__(self, connection: Connection, *, school: str, sealer: Sealer, now: datetime) -> None:
        self._connection = connection
        self._school = school
        self._sealer = sealer
        self._now = now

    def add(self, account: Account) -> bool:
        return insert_if_new(
            self._connection,
            accounts,
            school=self._school,
            id=account.id,
            created_at=account.created_at,
            created_by=account.created_by,
            last_totp_step=0,
            **self._account_values(account),
        )

    def replace(self, account: Account) -> None:
        self._connection.execute(
            accounts.update()
            .where(accounts.c.school == self._school, accounts.c.id == account.id)
            .values(self._account_values(account))
        )

    def find(self, account_id: str) -> Account | None:
        query = select(accounts).where(accounts.c.school == self._school, accounts.c.id == account_id)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else self._account(row)

    def by_address(self, address: str) -> Account | None:
        query = select(accounts).where(
            accounts.c.school == self._school,
            accounts.c.address_blind == self._sealer.blind_address(address),
        )
        row = self._connection.execute(query).mappings().first()
        return None if row is None else self._account(row)

    def all(self) -> tuple[Account, ...]:
        query = (
            select(accounts)
            .where(accounts.c.school == self._school)
            .order_by(accounts.c.created_at, accounts.c.id)
        )
        return tuple(self._account(row) for row in self._connection.execute(query).mappings())

    def use_totp_step(self, account_id: str, step: int) -> bool:
        statement = (
            accounts.update()
            .where(
                accounts.c.school == self._school,
                accounts.c.id == account_id,
                accounts.c.last_totp_step < step,
            )
            .values(last_totp_step=step)
        )
        return self._connection.execute(statement).rowcount == 1

    def put_recovery_codes(self, account_id: str, code_hashes: tuple[str, ...]) -> None:
        self._connection.execute(
            recovery_codes.delete().where(
                recovery_codes.c.school == self._school, recovery_codes.c.account_id == account_id
            )
        )
        for code_hash in code_hashes:
            self._connection.execute(
                recovery_codes.insert().values(
                    school=self._school, account_id=account_id, code_hash=code_hash, used_at=None
                )
            )

    def use_recovery_code(self, account_id: str, code_hash: str) -> bool:
        statement = (
            recovery_codes.update()
            .where(
                recovery_codes.c.school == self._school,
                recovery_codes.c.account_id == account_id,
                recovery_codes.c.code_hash == code_hash,
                recovery_codes.c.used_at.is_(None),
            )
            .values(used_at=self._now)
        )
        return self._connection.execute(statement).rowcount == 1

    def recovery_codes_left(self, account_id: str) -> int:
        query = select(func.count()).where(
            recovery_codes.c.school == self._school,
            recovery_codes.c.account_id == account_id,
            recovery_codes.c.used_at.is_(None),
        )
        return int(self._connection.execute(query).scalar_one())

    def add_invitation(self, invitation: Invitation) -> None:
        self._connection.execute(
            invitations.insert().values(
                school=self._school,
                id=invitation.id,
                sealed=self._seal("invitations", invitation.id, {"reason": invitation.reason}),
                **_invitation_values(invitation),
            )
        )

    def replace_invitation(self, invitation: Invitation) -> None:
        self._connection.execute(
            invitations.update()
            .where(invitations.c.school == self._school, invitations.c.id == invitation.id)
            .values(_invitation_values(invitation))
        )

    def invitation(self, invitation_id: str) -> Invitation | None:
        query = select(invitations).where(
            invitations.c.school == self._school, invitations.c.id == invitation_id
        )
        row = self._connection.execute(query).mappings().first()
        return None if row is None else self._invitation(row)

    def invitations(self, account_id: str | None = None) -> tuple[Invitation, ...]:
        query = select(invitations).where(invitations.c.school == self._school)
        if account_id is not None:
            query = query.where(invitations.c.account_id == account_id)
        query = query.order_by(invitations.c.created_at.desc(), invitations.c.id)
        return tuple(self._invitation(row) for row in self._connection.execute(query).mappings())

    def add_passkey(self, passkey: Passkey) -> bool:
        digest = _credential_hash(passkey.credential_id)
        sealed = {
            "credential_id": base64.b64encode(passkey.credential_id).decode(),
            "public_key": base64.b64encode(passkey.public_key).decode(),
            "name": passkey.name,
        }
        return insert_if_new(
            self._connection,
            passkeys,
            school=self._school,
            credential_hash=digest,
            account_id=passkey.account_id,
            sign_count=passkey.sign_count,
            created_at=passkey.created_at,
            last_used_at=passkey.last_used_at,
            sealed=self._seal("passkeys", digest, sealed),
        )

    def passkeys(self, account_id: str) -> tuple[Passkey, ...]:
        query = (
            select(passkeys)
            .where(passkeys.c.school == self._school, passkeys.c.account_id == account_id)
            .order_by(passkeys.c.created_at, passkeys.c.credential_hash)
        )
        return tuple(self._passkey(row) for row in self._connection.execute(query).mappings())

    def passkey(self, credential_id: bytes) -> Passkey | None:
        query = select(passkeys).where(
            passkeys.c.school == self._school, passkeys.c.credential_hash == _credential_hash(credential_id)
        )
        row = self._connection.execute(query).mappings().first()
        return None if row is None else self._passkey(row)

    def use_passkey(self, credential_id: bytes, *, sign_count: int) -> None:
        self._connection.execute(
            passkeys.update()
            .where(
                passkeys.c.school == self._school,
                passkeys.c.credential_hash == _credential_hash(credential_id),
            )
            .values(sign_count=sign_count, last_used_at=self._now)
        )

    def drop_passkey(self, account_id: str, credential_id: bytes) -> bool:
        statement = passkeys.delete().where(
            passkeys.c.school == self._school,
            passkeys.c.account_id == account_id,
            passkeys.c.credential_hash == _credential_hash(credential_id),
        )
        return self._connection.execute(statement).rowcount == 1

    def throttle(self, key: str) -> Throttle | None:
        query = select(throttles.c.failures, throttles.c.first_at, throttles.c.locked_until).where(
            throttles.c.school == self._school, throttles.c.key_blind == self._sealer.blind("throttle", key)
        )
        row = self._connection.execute(query).mappings().first()
        return None if row is None else Throttle(**row)

    def put_throttle(self, key: str, throttle: Throttle) -> None:
        changes = {
            "failures": throttle.failures,
            "first_at": throttle.first_at,
            "locked_until": throttle.locked_until,
        }
        values = {
            "school": self._school,
            "key_blind": self._sealer.blind("throttle", key),
            **changes,
        }
        self._connection.execute(upsert(self._connection, throttles, values=values, changes=changes))

    def clear_throttle(self, key: str) -> None:
        self._connection.execute(
            throttles.delete().where(
                throttles.c.school == self._school,
                throttles.c.key_blind == self._sealer.blind("throttle", key),
            )
        )

    def forget_throttles(self, *, first_before: datetime) -> int:
        locks_nobody = throttles.c.locked_until.is_(None) | (throttles.c.locked_until <= self._now)
        statement = throttles.delete().where(
            throttles.c.school == self._school, throttles.c.first_at < first_before, locks_nobody
        )
        return self._connection.execute(statement).rowcount

    def _account_values(self, account: Account) -> dict[str, Any]:
        sealed = {name: getattr(account, name) for name in _SEALED_OF_ACCOUNT}
        return {
            "address_blind": self._sealer.blind_address(account.address),
            "role": account.role,
            "state": account.state,
            "updated_at": account.updated_at,
            "password_set_at": account.password_set_at,
            "signed_in_at": account.signed_in_at,
            "sealed": self._seal("accounts", account.id, sealed),
        }

    def _account(self, row: RowMapping) -> Account:
        return Account(
            id=row["id"],
            role=SiteRole(row["role"]),
            state=AccountState(row["state"]),
            created_at=row["created_at"],
            updated_at=row["updated_at"],
            created_by=row["created_by"],
            password_set_at=row["password_set_at"],
            signed_in_at=row["signed_in_at"],
            **self._sealer.open(row["sealed"], table="accounts", row=row["id"]),
        )

    def _invitation(self, row: RowMapping) -> Invitation:
        return Invitation(
            **{name: row[name] for name in row if name not in {"school", "sealed"}},
            **self._sealer.open(row["sealed"], table="invitations", row=row["id"]),
        )

    def _passkey(self, row: RowMapping) -> Passkey:
        sealed = self._sealer.open(row["sealed"], table="passkeys", row=row["credential_hash"])
        return Passkey(
            credential_id=base64.b64decode(sealed["credential_id"]),
            public_key=base64.b64decode(sealed["public_key"]),
            name=sealed["name"],
            account_id=row["account_id"],
            sign_count=row["sign_count"],
            created_at=row["created_at"],
            last_used_at=row["last_used_at"],
        )

    def _seal(self, table: str, row: str, value: Mapping[str, Any]) -> bytes:
        return self._sealer.seal(dict(value), table=table, row=row)


def _invitation_values(invitation: Invitation) -> dict[str, Any]:
    names = (
        "account_id", "secret_hash", "created_by", "created_at", "expires_at", "needs_second", "approved_by",
        "approved_at", "used_at", "withdrawn_at",
    )  # fmt: skip
    return {name: getattr(invitation, name) for name in names}


def _credential_hash(credential_id: bytes) -> str:
    return hashlib.sha256(credential_id).hexdigest()
