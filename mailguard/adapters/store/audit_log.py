"""The audit chain in SQL.

The database itself refuses to change or remove its rows (triggers of migration 0001).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, RowMapping, func, select

from mailguard.adapters.store.tables import audit_checkpoints, audit_events, audit_heads
from mailguard.app.ports_store import AuditEntry, AuditFilter, AuditRecord
from mailguard.domain.audit import AuditEvent, AuditHead, canonical_json, link

_ROWS_AT_A_TIME = 500


class SqlAuditLog:
    """``app.ports_store.AuditLog`` over one open transaction, which holds the school's chain for itself."""

    def __init__(self, connection: Connection, *, school: str, now: datetime) -> None:
        self._connection = connection
        self._school = school
        self._now = now

    def append(self, entry: AuditEntry) -> AuditRecord:
        event = link(
            self.head(),
            school=self._school,
            at=self._now,
            tag=entry.tag,
            actor=entry.actor,
            case_id=entry.case_id,
            detail=entry.detail,
            salt=secrets.token_hex(16),
        )
        self._connection.execute(
            audit_events.insert().values(
                school=event.school,
                seq=event.seq,
                at=event.at,
                tag=event.tag,
                actor=event.actor,
                case_id=event.case_id,
                detail=canonical_json(event.detail),
                previous=event.previous,
                hash=event.hash,
                salt=event.salt,
            )
        )
        self._connection.execute(
            audit_heads.update()
            .where(audit_heads.c.school == self._school)
            .values(size=event.seq, hash=event.hash)
        )
        return event

    def head(self) -> AuditHead:
        query = select(audit_heads.c.size, audit_heads.c.hash).where(audit_heads.c.school == self._school)
        row = self._connection.execute(query).one()
        return AuditHead(size=row.size, hash=row.hash)

    def events(
        self, *, first: int = 1, last: int | None = None, case_id: str | None = None
    ) -> Iterator[AuditRecord]:
        query = (
            select(audit_events)
            .where(audit_events.c.school == self._school, audit_events.c.seq >= first)
            .order_by(audit_events.c.seq)
        )
        if last is not None:
            query = query.where(audit_events.c.seq <= last)
        if case_id is not None:
            query = query.where(audit_events.c.case_id == case_id)
        result = self._connection.execute(query.execution_options(yield_per=_ROWS_AT_A_TIME))
        for row in result.mappings():
            yield _event(row)

    def newest(self, audit_filter: AuditFilter) -> tuple[AuditRecord, ...]:
        columns = audit_events.c
        query = select(audit_events).where(columns.school == self._school).order_by(columns.seq.desc())
        if audit_filter.case_ids is not None:
            query = query.where(columns.case_id.in_(sorted(audit_filter.case_ids)))
        if audit_filter.tag_start:
            query = query.where(columns.tag.startswith(audit_filter.tag_start, autoescape=True))
        if audit_filter.actor:
            query = query.where(columns.actor == audit_filter.actor)
        if audit_filter.at_from is not None:
            query = query.where(columns.at >= audit_filter.at_from)
        if audit_filter.at_before is not None:
            query = query.where(columns.at < audit_filter.at_before)
        if audit_filter.before_seq:
            query = query.where(columns.seq < audit_filter.before_seq)
        if audit_filter.limit:
            query = query.limit(audit_filter.limit)
        return tuple(_event(row) for row in self._connection.execute(query).mappings())

    def add_checkpoint(self, *, size: int, note: str) -> None:
        number = select(func.coalesce(func.max(audit_checkpoints.c.number), 0) + 1).where(
            audit_checkpoints.c.school == self._school
        )
        self._connection.execute(
            audit_checkpoints.insert().values(
                school=self._school,
                number=self._connection.execute(number).scalar_one(),
                size=size,
                note=note,
            )
        )

    def newest_checkpoint(self) -> str | None:
        query = (
            select(audit_checkpoints.c.note)
            .where(audit_checkpoints.c.school == self._school)
            .order_by(audit_checkpoints.c.number.desc())
            .limit(1)
        )
        return self._connection.execute(query).scalar_one_or_none()

    def checkpoints(self) -> tuple[str, ...]:
        query = (
            select(audit_checkpoints.c.note)
            .where(audit_checkpoints.c.school == self._school)
            .order_by(audit_checkpoints.c.number)
        )
        return tuple(self._connection.execute(query).scalars())


def _event(row: RowMapping) -> AuditEvent:
    return AuditEvent(
        school=row["school"],
        seq=row["seq"],
        at=row["at"],
        tag=row["tag"],
        actor=row["actor"],
        case_id=row["case_id"],
        detail=json.loads(row["detail"]),
        previous=row["previous"],
        hash=row["hash"],
        salt=row["salt"],
    )
