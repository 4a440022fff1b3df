"""Counters, mailbox checkpoints, seen keys, attempts, codes and named states in SQL."""

from __future__ import annotations

import base64
import hashlib
import secrets
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, select

from mailguard.adapters.store.dialects import insert_if_new, upsert
from mailguard.adapters.store.sealing import Sealer
from mailguard.adapters.store.tables import attempts, codes, counters, imap_checkpoints, seen_messages, states
from mailguard.app.ports_store import CodeGrant, CounterRecord, ImapCheckpoint

_CODE_BYTES = 16
_GROUP_LETTERS = 4


class SqlLedger:
    """``app.ports_store.Ledger`` over one open transaction."""

    def __init__(self, connection: Connection, *, school: str, sealer: Sealer, now: datetime) -> None:
        self._connection = connection
        self._school = school
        self._sealer = sealer
        self._now = now

    def count(self, *, day: date, row: str, verdict: str, count: int = 1) -> None:
        values = {
            "school": self._school,
            "day": day.isoformat(),
            "row": row,
            "verdict": verdict,
            "count": count,
        }
        changes = {"count": counters.c.count + count}
        self._connection.execute(upsert(self._connection, counters, values=values, changes=changes))

    def counts(self, *, first_day: date, last_day: date) -> tuple[CounterRecord, ...]:
        query = (
            select(counters)
            .where(
                counters.c.school == self._school,
                counters.c.day >= first_day.isoformat(),
                counters.c.day <= last_day.isoformat(),
            )
            .order_by(counters.c.day, counters.c.row, counters.c.verdict)
        )
        return tuple(
            CounterRecord(
                day=date.fromisoformat(row["day"]),
                row=row["row"],
                verdict=row["verdict"],
                count=row["count"],
            )
            for row in self._connection.execute(query).mappings()
        )

    def imap_checkpoint(self, account: str, folder: str) -> ImapCheckpoint | None:
        found = self._imap_checkpoints(
            imap_checkpoints.c.account == account, imap_checkpoints.c.folder == folder
        )
        return found[0] if found else None

    def imap_checkpoints(self) -> tuple[ImapCheckpoint, ...]:
        return self._imap_checkpoints()

    def put_imap_checkpoint(self, checkpoint: ImapCheckpoint) -> None:
        changes = {
            "uidvalidity": checkpoint.uidvalidity,
            "last_uid": checkpoint.last_uid,
            "last_sweep_at": checkpoint.last_sweep_at,
        }
        values = {
            "school": self._school,
            "account": checkpoint.account,
            "folder": checkpoint.folder,
            **changes,
        }
        self._connection.execute(upsert(self._connection, imap_checkpoints, values=values, changes=changes))

    def see(self, account: str, key: str) -> bool:
        return insert_if_new(
            self._connection,
            seen_messages,
            school=self._school,
            blind=self._seen_blind(account, key),
            seen_at=self._now,
        )

    def has_seen(self, account: str, key: str) -> bool:
        query = select(seen_messages.c.blind).where(
            seen_messages.c.school == self._school,
            seen_messages.c.blind == self._seen_blind(account, key),
        )
        return self._connection.execute(query).first() is not None

    def forget_old(self, *, seen_before: datetime, attempts_before: datetime) -> int:
        seen = seen_messages.delete().where(
            seen_messages.c.school == self._school, seen_messages.c.seen_at < seen_before
        )
        begun = attempts.delete().where(
            attempts.c.school == self._school, attempts.c.last_at < attempts_before
        )
        expired = codes.delete().where(codes.c.school == self._school, codes.c.expires_at <= self._now)
        return sum(self._connection.execute(statement).rowcount for statement in (seen, begun, expired))

    def begin_attempt(self, delivery_key: str) -> int:
        values = {
            "school": self._school,
            "delivery_blind": self._sealer.blind("delivery", delivery_key),
            "count": 1,
            "last_at": self._now,
        }
        changes = {"count": attempts.c.count + 1, "last_at": self._now}
        statement = upsert(self._connection, attempts, values=values, changes=changes)
        return int(self._connection.execute(statement.returning(attempts.c.count)).scalar_one())

    def forget_attempts(self, delivery_key: str) -> None:
        blind = self._sealer.blind("delivery", delivery_key)
        self._connection.execute(
            attempts.delete().where(attempts.c.school == self._school, attempts.c.delivery_blind == blind)
        )

    def issue_code(self, *, case_id: str, role: str, action: str, expires_at: datetime) -> str:
        # Base32 has neither 0 nor 1, so the code survives handwriting and a telephone.
        letters = base64.b32encode(secrets.token_bytes(_CODE_BYTES)).decode().rstrip("=").lower()
        self._connection.execute(
            codes.insert().values(
                school=self._school,
                code_hash=_code_hash(letters),
                case_id=case_id,
                role=role,
                action=action,
                expires_at=expires_at,
                used_at=None,
            )
        )
        groups = range(0, len(letters), _GROUP_LETTERS)
        return "-".join(letters[start : start + _GROUP_LETTERS] for start in groups)

    def use_code(self, code: str, *, action: str) -> CodeGrant | None:
        statement = (
            codes.update()
            .where(
                codes.c.school == self._school,
                codes.c.code_hash == _code_hash(code),
                codes.c.action == action,
                codes.c.used_at.is_(None),
                codes.c.expires_at > self._now,
            )
            .values(used_at=self._now)
            .returning(codes.c.case_id, codes.c.role, codes.c.action)
        )
        row = self._connection.execute(statement).first()
        return None if row is None else CodeGrant(case_id=row.case_id, role=row.role, action=row.action)

    def state(self, key: str) -> str | None:
        query = select(states.c.value).where(states.c.school == self._school, states.c.key == key)
        return self._connection.execute(query).scalar_one_or_none()

    def put_state(self, key: str, value: str) -> None:
        changes = {"value": value, "updated_at": self._now}
        values = {"school": self._school, "key": key, **changes}
        self._connection.execute(upsert(self._connection, states, values=values, changes=changes))

    def _imap_checkpoints(self, *conditions: ColumnElement[bool]) -> tuple[ImapCheckpoint, ...]:
        query = (
            select(
                imap_checkpoints.c.account,
                imap_checkpoints.c.folder,
                imap_checkpoints.c.uidvalidity,
                imap_checkpoints.c.last_uid,
                imap_checkpoints.c.last_sweep_at,
            )
            .where(imap_checkpoints.c.school == self._school, *conditions)
            .order_by(imap_checkpoints.c.account, imap_checkpoints.c.folder)
        )
        return tuple(ImapCheckpoint(**row) for row in self._connection.execute(query).mappings())

    def _seen_blind(self, account: str, key: str) -> str:
        return self._sealer.blind("seen", f"{account}\0{key}")


def _code_hash(code: str) -> str:
    """128 random bits need no salt and no slow hash."""
    letters = "".join(letter for letter in code.lower() if letter.isalnum())
    return hashlib.sha256(letters.encode()).hexdigest()
