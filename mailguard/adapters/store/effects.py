"""The outbox in SQL."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, func, or_, select

from mailguard.adapters.store.dialects import insert_if_new
from mailguard.adapters.store.sealing import Sealer
from mailguard.adapters.store.tables import effects
from mailguard.app.ports_store import EffectRecord, NewEffect
from mailguard.app.record_json import plain
from mailguard.domain.case import EffectKind, EffectState

_ERROR_LETTERS = 2000


class SqlEffects:
    """``app.ports_store.Effects`` over one open transaction.

    ``message_id_domain`` ends the Message-IDs of our mail.
    """

    def __init__(
        self, connection: Connection, *, school: str, sealer: Sealer, now: datetime, message_id_domain: str
    ) -> None:
        self._connection = connection
        self._school = school
        self._sealer = sealer
        self._now = now
        self._message_id_domain = message_id_domain

    def add(self, effect: NewEffect) -> EffectRecord | None:
        effect_id = secrets.token_hex(16)
        local_part = self._sealer.blind("header-message-id", effect.key)[:32]
        is_new = insert_if_new(
            self._connection,
            effects,
            school=self._school,
            id=effect_id,
            kind=effect.kind,
            key_blind=self._sealer.blind("effect", effect.key),
            header_message_id=f"<mg.{local_part}@{self._message_id_domain}>",
            state=EffectState.PENDING,
            created_at=self._now,
            due_at=effect.due_at,
            case_id=effect.case_id or None,
            message_id=effect.message_id,
            recipient_id=effect.recipient_id,
            role=effect.role,
            attempts=0,
            lease_owner="",
            lease_until=None,
            finished_at=None,
            sealed=self._sealed(
                effect_id, key=effect.key, address=effect.address, payload=plain(effect.payload)
            ),
            sealed_error=None,
        )
        return self.find(effect_id) if is_new else None

    def find(self, effect_id: str) -> EffectRecord | None:
        return self._one(effects.c.id == effect_id)

    def by_key(self, key: str) -> EffectRecord | None:
        return self._one(effects.c.key_blind == self._sealer.blind("effect", key))

    def by_header_message_id(self, header_message_id: str) -> EffectRecord | None:
        # It comes from outside and may hold what PostgreSQL refuses in a text; ours is plain ASCII.
        if not header_message_id.isascii() or not header_message_id.isprintable():
            return None
        return self._one(effects.c.header_message_id == header_message_id)

    def matching(
        self,
        *,
        case_id: str | None = None,
        recipient_id: str | None = None,
        kinds: Collection[EffectKind] | None = None,
        states: Collection[EffectState] | None = None,
    ) -> tuple[EffectRecord, ...]:
        conditions = self._chosen(case_id=case_id, recipient_id=recipient_id, kinds=kinds)
        if states is not None:
            conditions.append(effects.c.state.in_(sorted(states)))
        query = (
            select(effects).where(*conditions).order_by(effects.c.due_at, effects.c.created_at, effects.c.id)
        )
        return tuple(self._effect(row) for row in self._connection.execute(query).mappings())

    def finish(self, effect: EffectRecord) -> bool:
        return self._end_lease(effect, state=EffectState.DONE, finished_at=self._now, sealed_error=None)

    def retry(self, effect: EffectRecord, *, due_at: datetime, error: str) -> bool:
        return self._end_lease(effect, due_at=due_at, sealed_error=self._sealed_error(effect.id, error))

    def fail(self, effect: EffectRecord, *, error: str) -> bool:
        return self._end_lease(
            effect,
            state=EffectState.FAILED,
            finished_at=self._now,
            sealed_error=self._sealed_error(effect.id, error),
        )

    def cancel(
        self,
        *,
        case_id: str | None = None,
        recipient_id: str | None = None,
        kinds: Collection[EffectKind] | None = None,
    ) -> tuple[EffectRecord, ...]:
        if case_id is None and recipient_id is None:
            raise ValueError("cancel wants a case or a recipient")
        conditions = self._chosen(case_id=case_id, recipient_id=recipient_id, kinds=kinds)
        query = select(effects).where(*conditions, *self._idle()).with_for_update(skip_locked=True)
        found = tuple(self._effect(row) for row in self._connection.execute(query).mappings())
        if found:
            self._connection.execute(
                effects.update()
                .where(effects.c.school == self._school, effects.c.id.in_([effect.id for effect in found]))
                .values(state=EffectState.CANCELLED, finished_at=self._now, lease_owner="", lease_until=None)
            )
        return found

    def amend(self, effect_id: str, *, payload: Mapping[str, Any], due_at: datetime) -> bool:
        query = (
            select(effects)
            .where(effects.c.school == self._school, effects.c.id == effect_id, effects.c.attempts == 0)
            .where(*self._idle())
            .with_for_update(skip_locked=True)
        )
        row = self._connection.execute(query).mappings().first()
        if row is None:
            return False
        before = self._effect(row)
        sealed = self._sealed(effect_id, key=before.key, address=before.address, payload=plain(payload))
        self._connection.execute(
            effects.update()
            .where(effects.c.school == self._school, effects.c.id == effect_id)
            .values(due_at=due_at, sealed=sealed)
        )
        return True

    def overdue(self, *, before: datetime) -> int:
        query = select(func.count()).select_from(effects).where(*self._pending(), effects.c.due_at < before)
        return int(self._connection.execute(query).scalar_one())

    def oldest_due(self) -> datetime | None:
        query = select(effects.c.due_at).where(*self._pending()).order_by(effects.c.due_at).limit(1)
        return self._connection.execute(query).scalar_one_or_none()

    def has_due(self, kinds: Collection[EffectKind] | None) -> bool:
        """Whether a lease is worth trying (a read, so that idle workers do not queue for the write lock)."""
        query = select(effects.c.id).where(*self._due(kinds)).limit(1)
        return self._connection.execute(query).first() is not None

    def lease(
        self, *, owner: str, lease_seconds: float, kinds: Collection[EffectKind] | None
    ) -> EffectRecord | None:
        chosen = (
            select(effects.c.id)
            .where(*self._due(kinds))
            .order_by(effects.c.due_at, effects.c.created_at, effects.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        statement = (
            effects.update()
            .where(effects.c.school == self._school, effects.c.id == chosen)
            .values(
                lease_owner=owner,
                lease_until=self._now + timedelta(seconds=lease_seconds),
                attempts=effects.c.attempts + 1,
            )
            .returning(*effects.c)
        )
        row = self._connection.execute(statement).mappings().first()
        return None if row is None else self._effect(row)

    def renew(self, effect: EffectRecord, *, lease_seconds: float) -> EffectRecord | None:
        statement = (
            effects.update()
            .where(*self._leased(effect))
            .values(lease_until=self._now + timedelta(seconds=lease_seconds))
            .returning(*effects.c)
        )
        row = self._connection.execute(statement).mappings().first()
        return None if row is None else self._effect(row)

    def _pending(self) -> list[ColumnElement[bool]]:
        return [effects.c.school == self._school, effects.c.state == EffectState.PENDING]

    def _idle(self) -> list[ColumnElement[bool]]:
        free = or_(effects.c.lease_until.is_(None), effects.c.lease_until <= self._now)
        return [*self._pending(), free]

    def _due(self, kinds: Collection[EffectKind] | None) -> list[ColumnElement[bool]]:
        conditions = [*self._idle(), effects.c.due_at <= self._now]
        if kinds is not None:
            conditions.append(effects.c.kind.in_(sorted(kinds)))
        return conditions

    def _chosen(
        self, *, case_id: str | None, recipient_id: str | None, kinds: Collection[EffectKind] | None
    ) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = [effects.c.school == self._school]
        if case_id is not None:
            conditions.append(effects.c.case_id == case_id)
        if recipient_id is not None:
            conditions.append(effects.c.recipient_id == recipient_id)
        if kinds is not None:
            conditions.append(effects.c.kind.in_(sorted(kinds)))
        return conditions

    def _leased(self, effect: EffectRecord) -> list[ColumnElement[bool]]:
        # The number of attempts tells this lease from a later one of the same worker.
        return [
            *self._pending(),
            effects.c.id == effect.id,
            effects.c.lease_owner == effect.lease_owner,
            effects.c.attempts == effect.attempts,
        ]

    def _end_lease(self, effect: EffectRecord, **values: Any) -> bool:
        statement = (
            effects.update().where(*self._leased(effect)).values(lease_owner="", lease_until=None, **values)
        )
        return self._connection.execute(statement).rowcount == 1

    def _sealed(self, effect_id: str, *, key: str, address: str, payload: Any) -> bytes:
        content = {"key": key, "address": address, "payload": payload}
        return self._sealer.seal(content, table="effects", row=effect_id)

    def _sealed_error(self, effect_id: str, error: str) -> bytes:
        return self._sealer.seal(error[:_ERROR_LETTERS], table="effects.error", row=effect_id)

    def _one(self, condition: ColumnElement[bool]) -> EffectRecord | None:
        query = select(effects).where(effects.c.school == self._school, condition)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else self._effect(row)

    def _effect(self, row: RowMapping) -> EffectRecord:
        content = self._sealer.open(row["sealed"], table="effects", row=row["id"])
        error = row["sealed_error"]
        return EffectRecord(
            id=row["id"],
            kind=EffectKind(row["kind"]),
            key=content["key"],
            state=EffectState(row["state"]),
            created_at=row["created_at"],
            due_at=row["due_at"],
            header_message_id=row["header_message_id"],
            case_id=row["case_id"] or "",
            message_id=row["message_id"],
            recipient_id=row["recipient_id"],
            role=row["role"],
            address=content["address"],
            payload=content["payload"],
            attempts=row["attempts"],
            lease_owner=row["lease_owner"],
            lease_until=row["lease_until"],
            finished_at=row["finished_at"],
            last_error=""
            if error is None
            else self._sealer.open(error, table="effects.error", row=row["id"]),
        )
