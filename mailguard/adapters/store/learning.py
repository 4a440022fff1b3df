"""Labelled examples and counts of scores in SQL."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, select

from mailguard.adapters.store.dialects import upsert
from mailguard.adapters.store.sealing import Sealer
from mailguard.adapters.store.tables_learning import labelled_examples, score_counts
from mailguard.app.ports_learning import ExampleCounts, ExampleRecord, ScoreCount, Withdrawn
from mailguard.domain.label import Label

_TABLE = "labelled_examples"


class SqlLearning:
    """``app.ports_learning.Learning`` over one open transaction."""

    def __init__(self, connection: Connection, *, school: str, sealer: Sealer, now: datetime) -> None:
        self._connection = connection
        self._school = school
        self._sealer = sealer
        self._now = now

    def put(self, example: ExampleRecord) -> None:
        table = labelled_examples
        same = and_(table.c.case_id == example.case_id, table.c.sample_id == example.sample_id)
        self._connection.execute(table.delete().where(table.c.school == self._school, same))
        example_id = secrets.token_hex(16)
        self._connection.execute(
            table.insert().values(
                school=self._school,
                id=example_id,
                case_id=example.case_id,
                message_id=example.message_id,
                sample_id=example.sample_id,
                blob_id=example.blob_id,
                labelled_at=example.labelled_at,
                labelled_by=example.by,
                withdrawn_at=None,
                withdrawn_why="",
                sealed=self._sealer.seal(example.label.as_dict(), table=_TABLE, row=example_id),
            )
        )

    def withdraw(self, *, case_id: str = "", sample_id: str = "", blob_id: str = "", why: Withdrawn) -> int:
        table = labelled_examples
        named = {table.c.case_id: case_id, table.c.sample_id: sample_id, table.c.blob_id: blob_id}
        conditions: list[ColumnElement[bool]] = [column == value for column, value in named.items() if value]
        if not conditions:
            raise ValueError("say which examples are withdrawn")
        statement = (
            table.update()
            .where(table.c.school == self._school, table.c.withdrawn_at.is_(None), *conditions)
            .values(withdrawn_at=self._now, withdrawn_why=why.value)
        )
        return self._connection.execute(statement).rowcount

    def of_case(self, case_id: str) -> ExampleRecord | None:
        return next(iter(self._in_use(labelled_examples.c.case_id == case_id)), None) if case_id else None

    def of_sample(self, sample_id: str) -> ExampleRecord | None:
        return (
            next(iter(self._in_use(labelled_examples.c.sample_id == sample_id)), None) if sample_id else None
        )

    def examples(self) -> tuple[ExampleRecord, ...]:
        return self._in_use()

    def _in_use(self, *conditions: ColumnElement[bool]) -> tuple[ExampleRecord, ...]:
        table = labelled_examples
        query = (
            select(table)
            .where(table.c.school == self._school, table.c.withdrawn_at.is_(None), *conditions)
            .order_by(table.c.labelled_at, table.c.id)
        )
        return tuple(
            ExampleRecord(
                id=row["id"],
                case_id=row["case_id"],
                message_id=row["message_id"],
                sample_id=row["sample_id"],
                blob_id=row["blob_id"],
                by=row["labelled_by"],
                labelled_at=row["labelled_at"],
                label=Label.from_dict(self._sealer.open(row["sealed"], table=_TABLE, row=row["id"])),
            )
            for row in self._connection.execute(query).mappings()
        )

    def counts(self) -> ExampleCounts:
        table = labelled_examples
        query = select(func.count(), func.count(table.c.withdrawn_at)).where(table.c.school == self._school)
        total, withdrawn = self._connection.execute(query).one()
        return ExampleCounts(in_use=int(total) - int(withdrawn), withdrawn=int(withdrawn))

    def forget_old(self, *, labelled_before: datetime) -> Sequence[str]:
        table = labelled_examples
        old = and_(
            table.c.school == self._school,
            table.c.sample_id != "",
            table.c.labelled_at < labelled_before,
        )
        statement = table.delete().where(old).returning(table.c.blob_id)
        return tuple(self._connection.execute(statement).scalars())


class SqlScoreCounts:
    """``app.ports_learning.ScoreCounts`` over one open transaction."""

    def __init__(self, connection: Connection, *, school: str) -> None:
        self._connection = connection
        self._school = school

    def add(self, *, week: str, model: str, counts: Mapping[tuple[str, str], int]) -> None:
        for (series, place), count in counts.items():
            values = {
                "school": self._school,
                "week": week,
                "model": model,
                "series": series,
                "bin": place,
                "count": count,
            }
            changes = {"count": score_counts.c.count + count}
            self._connection.execute(upsert(self._connection, score_counts, values=values, changes=changes))

    def between(self, first_week: str, last_week: str) -> tuple[ScoreCount, ...]:
        return self._found(score_counts.c.week >= first_week, score_counts.c.week <= last_week)

    def of_model(self, model: str) -> tuple[ScoreCount, ...]:
        return self._found(score_counts.c.model == model)

    def of_series(self, series: str) -> tuple[ScoreCount, ...]:
        return self._found(score_counts.c.series == series)

    def forget_old(self, *, before_week: str) -> int:
        statement = score_counts.delete().where(
            score_counts.c.school == self._school, score_counts.c.week < before_week
        )
        return self._connection.execute(statement).rowcount

    def _found(self, *conditions: ColumnElement[bool]) -> tuple[ScoreCount, ...]:
        columns = (
            score_counts.c.week,
            score_counts.c.model,
            score_counts.c.series,
            score_counts.c.bin,
            score_counts.c.count,
        )
        query = (
            select(*columns).where(score_counts.c.school == self._school, *conditions).order_by(*columns[:4])
        )
        return tuple(ScoreCount(*row) for row in self._connection.execute(query))
