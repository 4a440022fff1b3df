"""Samples offered for labelling in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, func, or_, select

from mailguard.adapters.store.sealing import Sealer
from mailguard.adapters.store.tables_learning import labelled_examples, samples
from mailguard.app.ports_learning import SampleReason, SampleRecord, SampleState
from mailguard.app.record_json import plain

_TABLE = "samples"
_MOST_RECIPIENTS = 100
_NOT_UNDERSTOOD = tuple(reason.value for reason in SampleReason if reason.is_not_understood)


class SqlSamples:
    """``app.ports_learning.Samples`` over one open transaction."""

    def __init__(self, connection: Connection, *, school: str, sealer: Sealer, now: datetime) -> None:
        self._connection = connection
        self._school = school
        self._sealer = sealer
        self._now = now

    def bound(self, period: str, reason: SampleReason, *, keep: int) -> int | None:
        query = (
            select(samples.c.rank)
            .where(self._of(period, reason))
            .order_by(samples.c.rank)
            .offset(max(keep - 1, 0))
            .limit(1)
        )
        return self._connection.execute(query).scalar_one_or_none()

    def count(self, day: str, reason: SampleReason) -> int:
        query = select(func.count()).where(
            samples.c.school == self._school, samples.c.day == day, samples.c.reason == reason.value
        )
        return int(self._connection.execute(query).scalar_one())

    def offer(self, sample: SampleRecord, *, keep: int | None, keep_rest: int = 0) -> Sequence[str]:
        words_blind = self._sealer.blind("sample", sample.words_key) if sample.words_key else ""
        copies = self._copies(words_blind)
        if any(_is_offered_as(row, sample.reason) for row in copies):
            for row in copies:
                self._add_recipients(self._record(row), sample)
            return (sample.blob_id,)
        self._connection.execute(
            samples.insert().values(
                school=self._school,
                id=sample.id,
                week=sample.week,
                day=sample.day,
                reason=sample.reason.value,
                rank=sample.rank,
                blob_id=sample.blob_id,
                words_blind=words_blind,
                received_at=sample.received_at,
                state=SampleState.WAITING.value,
                opened_at=None,
                decided_by="",
                decided_at=None,
                sealed=self._sealed(sample),
            )
        )
        if keep is None:
            return ()
        if sample.reason is not SampleReason.DOUBTFUL:
            return self._drop(self._surplus(sample.period, sample.reason, keep))
        # What was less sure than the day's others was still unsure: it stays with the week's.
        for row in self._surplus(sample.period, sample.reason, keep):
            values = {"reason": SampleReason.UNCERTAIN.value}
            self._connection.execute(samples.update().where(self._is(row["id"])).values(values))
        return self._drop(self._surplus(sample.week, SampleReason.UNCERTAIN, keep_rest))

    def _surplus(self, period: str, reason: SampleReason, keep: int) -> Sequence[RowMapping]:
        """Beyond the lowest ranks, and nobody has looked at them."""
        kept = self._of(period, reason)
        query = select(samples.c.id, samples.c.blob_id, samples.c.opened_at, samples.c.state).where(kept)
        rows = self._connection.execute(query.order_by(samples.c.rank, samples.c.id)).mappings().all()
        return [
            row
            for row in rows[keep:]
            if row["opened_at"] is None and row["state"] == SampleState.WAITING.value
        ]

    def _drop(self, rows: Sequence[RowMapping]) -> tuple[str, ...]:
        for row in rows:
            self._connection.execute(samples.delete().where(self._is(row["id"])))
        return tuple(row["blob_id"] for row in rows)

    def _copies(self, words_blind: str) -> Sequence[RowMapping]:
        if not words_blind:
            return ()
        query = select(samples).where(samples.c.school == self._school, samples.c.words_blind == words_blind)
        return self._connection.execute(query).mappings().all()

    def _add_recipients(self, known: SampleRecord, copy: SampleRecord) -> None:
        """Who has it is said of all its copies; whom one of them names, none is shown to."""
        merged = {
            each: list(dict.fromkeys([*known.envelope.get(each, ()), *copy.envelope.get(each, ())]))
            for each in ("to", "closed_to")
        }
        envelope = {**known.envelope, **merged, "to": merged["to"][:_MOST_RECIPIENTS]}
        if envelope != known.envelope:
            sealed = self._sealed(replace(known, envelope=envelope))
            self._connection.execute(samples.update().where(self._is(known.id)).values(sealed=sealed))

    def _sealed(self, sample: SampleRecord) -> bytes:
        return self._sealer.seal(plain(sample.envelope), table=_TABLE, row=sample.id)

    def find(self, sample_id: str) -> SampleRecord | None:
        row = self._connection.execute(select(samples).where(self._is(sample_id))).mappings().first()
        return None if row is None else self._record(row)

    def waiting(self) -> tuple[SampleRecord, ...]:
        query = select(samples).where(
            samples.c.school == self._school, samples.c.state == SampleState.WAITING.value
        )
        reasons = list(SampleReason)
        rows = sorted(
            self._connection.execute(query).mappings(),
            key=lambda row: (row["week"], reasons.index(SampleReason(row["reason"])), row["rank"]),
        )
        once: dict[str, RowMapping] = {}
        for row in rows:
            once.setdefault(row["words_blind"] or row["id"], row)
        return tuple(self._record(row) for row in once.values())

    def unread(self, *, received_before: datetime | None = None) -> tuple[SampleRecord, ...]:
        conditions = [] if received_before is None else [samples.c.received_at < received_before]
        query = (
            select(samples)
            .where(
                samples.c.school == self._school,
                samples.c.reason.in_(_NOT_UNDERSTOOD),
                samples.c.state == SampleState.WAITING.value,
                samples.c.opened_at.is_(None),
                *conditions,
            )
            .order_by(samples.c.received_at, samples.c.id)
        )
        rows = self._connection.execute(query).mappings().all()
        return tuple(
            self._record(row) for row in {row["words_blind"] or row["id"]: row for row in rows}.values()
        )

    def note_opened(self, sample_id: str) -> None:
        statement = samples.update().where(self._is_copy_of(sample_id), samples.c.opened_at.is_(None))
        self._connection.execute(statement.values(opened_at=self._now))

    def decide(self, sample_id: str, *, state: SampleState, by: str) -> bool:
        waits = samples.c.state == SampleState.WAITING.value
        values = {"state": state.value, "decided_by": by, "decided_at": self._now}
        # Named first: its copies are found by what it says.
        statement = samples.update().where(self._is(sample_id), waits)
        if self._connection.execute(statement.values(values)).rowcount != 1:
            return False
        self._connection.execute(samples.update().where(self._is_copy_of(sample_id), waits).values(values))
        return True

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
        taught = select(labelled_examples.c.sample_id).where(
            labelled_examples.c.school == self._school,
            labelled_examples.c.sample_id != "",
            labelled_examples.c.withdrawn_at.is_(None),
        )
        old = and_(
            samples.c.school == self._school,
            samples.c.received_at < received_before,
            samples.c.id.not_in(taught),
        )
        blobs = tuple(self._connection.execute(select(samples.c.blob_id).where(old)).scalars())
        self._connection.execute(samples.delete().where(old))
        return blobs

    def _of(self, period: str, reason: SampleReason) -> ColumnElement[bool]:
        column = samples.c.day if reason is SampleReason.DOUBTFUL else samples.c.week
        return and_(samples.c.school == self._school, column == period, samples.c.reason == reason.value)

    def _is_copy_of(self, sample_id: str) -> ColumnElement[bool]:
        words = select(samples.c.words_blind).where(self._is(sample_id), samples.c.words_blind != "")
        same = and_(samples.c.school == self._school, samples.c.words_blind.in_(words))
        return or_(self._is(sample_id), same)

    def _is(self, sample_id: str) -> ColumnElement[bool]:
        return and_(samples.c.school == self._school, samples.c.id == sample_id)

    def _record(self, row: RowMapping) -> SampleRecord:
        return SampleRecord(
            id=row["id"],
            week=row["week"],
            day=row["day"],
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


def _is_offered_as(row: RowMapping, reason: SampleReason) -> bool:
    """Whether a copy for that reason adds nothing. The lot asks nobody what else a message is there for."""
    is_looked_at = row["opened_at"] is not None or row["state"] != SampleState.WAITING.value
    is_more = reason is SampleReason.UNCERTAIN and row["reason"] in _NOT_UNDERSTOOD
    return is_looked_at or is_more or row["reason"] == reason.value
