"""Samples offered for labelling in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, func, select

from mailguard.adapters.store.sealing import Sealer
from mailguard.adapters.store.tables_learning import labelled_examples, samples
from mailguard.app.ports_learning import SampleReason, SampleRecord, SampleState
from mailguard.app.record_json import plain

_TABLE = "samples"
# The ones that the model was unsure of teach most.
_FIRST = (SampleReason.UNCERTAIN, SampleReason.BLIND)


class SqlSamples:
    """``app.ports_learning.Samples`` over one open transaction."""

    def __init__(self, connection: Connection, *, school: str, sealer: Sealer, now: datetime) -> None:
        self._connection = connection
        self._school = school
        self._sealer = sealer
        self._now = now

    def bound(self, week: str, reason: SampleReason, *, keep: int) -> int | None:
        query = (
            select(samples.c.rank)
            .where(self._of(week, reason))
            .order_by(samples.c.rank)
            .offset(max(keep - 1, 0))
            .limit(1)
        )
        return self._connection.execute(query).scalar_one_or_none()

    def offer(self, sample: SampleRecord, *, keep: int) -> Sequence[str]:
        self._connection.execute(
            samples.insert().values(
                school=self._school,
                id=sample.id,
                week=sample.week,
                reason=sample.reason.value,
                rank=sample.rank,
                blob_id=sample.blob_id,
                received_at=sample.received_at,
                state=SampleState.WAITING.value,
                opened_at=None,
                decided_by="",
                decided_at=None,
                sealed=self._sealer.seal(plain(sample.envelope), table=_TABLE, row=sample.id),
            )
        )
        kept = self._of(sample.week, sample.reason)
        query = select(samples.c.id, samples.c.blob_id, samples.c.opened_at, samples.c.state).where(kept)
        rows = self._connection.execute(query.order_by(samples.c.rank, samples.c.id)).all()
        surplus = [
            row for row in rows[keep:] if row.opened_at is None and row.state == SampleState.WAITING.value
        ]
        for row in surplus:
            self._connection.execute(samples.delete().where(self._is(row.id)))
        return tuple(row.blob_id for row in surplus)

    def find(self, sample_id: str) -> SampleRecord | None:
        row = self._connection.execute(select(samples).where(self._is(sample_id))).mappings().first()
        return None if row is None else self._record(row)

    def waiting(self) -> tuple[SampleRecord, ...]:
        query = select(samples).where(
            samples.c.school == self._school, samples.c.state == SampleState.WAITING.value
        )
        found = [self._record(row) for row in self._connection.execute(query).mappings()]
        return tuple(sorted(found, key=lambda each: (each.week, _FIRST.index(each.reason), each.rank)))

    def note_opened(self, sample_id: str) -> None:
        statement = samples.update().where(self._is(sample_id), samples.c.opened_at.is_(None))
        self._connection.execute(statement.values(opened_at=self._now))

    def decide(self, sample_id: str, *, state: SampleState, by: str) -> bool:
        statement = (
            samples.update()
            .where(self._is(sample_id), samples.c.state == SampleState.WAITING.value)
            .values(state=state.value, decided_by=by, decided_at=self._now)
        )
        return self._connection.execute(statement).rowcount == 1

    def counts(self, week: str) -> Mapping[tuple[SampleReason, SampleState], int]:
        query = (
            select(samples.c.reason, samples.c.state, func.count())
            .where(samples.c.school == self._school, samples.c.week == week)
            .group_by(samples.c.reason, samples.c.state)
        )
        return {
            (SampleReason(reason), SampleState(state)): int(count)
            for reason, state, count in self._connection.execute(query)
        }

    def forget_old(self, *, received_before: datetime) -> Sequence[str]:
        old = and_(samples.c.school == self._school, samples.c.received_at < received_before)
        taught = select(labelled_examples.c.blob_id).where(
            labelled_examples.c.school == self._school,
            labelled_examples.c.sample_id != "",
            labelled_examples.c.withdrawn_at.is_(None),
        )
        blobs = tuple(
            self._connection.execute(
                select(samples.c.blob_id).where(old, samples.c.blob_id.not_in(taught))
            ).scalars()
        )
        self._connection.execute(samples.delete().where(old))
        return blobs

    def _of(self, week: str, reason: SampleReason) -> ColumnElement[bool]:
        return and_(
            samples.c.school == self._school, samples.c.week == week, samples.c.reason == reason.value
        )

    def _is(self, sample_id: str) -> ColumnElement[bool]:
        return and_(samples.c.school == self._school, samples.c.id == sample_id)

    def _record(self, row: RowMapping) -> SampleRecord:
        return SampleRecord(
            id=row["id"],
            week=row["week"],
            reason=SampleReason(row["reason"]),
            rank=row["rank"],
            blob_id=row["blob_id"],
            received_at=row["received_at"],
            envelope=self._sealer.open(row["sealed"], table=_TABLE, row=row["id"]),
            state=SampleState(row["state"]),
            opened_at=row["opened_at"],
            decided_by=row["decided_by"],
            decided_at=row["decided_at"],
        )
