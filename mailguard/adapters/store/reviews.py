"""What people decided about cases, in SQL. A review that was undone stays, withdrawn."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from mailguard.adapters.store.sealing import Sealer
from mailguard.adapters.store.tables import reviews
from mailguard.app.ports_store import ReviewRecord
from mailguard.domain.case import CaseDecision


class SqlReviews:
    """Over one open transaction; ``SqlCases`` gives its methods to the application."""

    def __init__(self, connection: Connection, *, school: str, sealer: Sealer, now: datetime) -> None:
        self._connection = connection
        self._school = school
        self._sealer = sealer
        self._now = now

    def add(self, review: ReviewRecord) -> None:
        review_id = secrets.token_hex(16)
        content = {"by": review.by, "label": review.label, "reason": review.reason}
        self._connection.execute(
            reviews.insert().values(
                school=self._school,
                id=review_id,
                case_id=review.case_id,
                position=self._next_position(review.case_id),
                at=review.at,
                decision=review.decision,
                sealed=self._sealer.seal(content, table="reviews", row=review_id),
            )
        )

    def label(self, case_id: str, label: str) -> bool:
        row = self._newest(case_id)
        if row is None:
            return False
        content = {**self._sealer.open(row["sealed"], table="reviews", row=row["id"]), "label": label}
        self._change(row["id"], sealed=self._sealer.seal(content, table="reviews", row=row["id"]))
        return True

    def withdraw(self, case_id: str) -> None:
        row = self._newest(case_id)
        if row is not None:
            self._change(row["id"], withdrawn_at=self._now)

    def _newest(self, case_id: str) -> RowMapping | None:
        query = (
            select(reviews)
            .where(
                reviews.c.school == self._school,
                reviews.c.case_id == case_id,
                reviews.c.withdrawn_at.is_(None),
            )
            .order_by(reviews.c.position.desc())
            .limit(1)
        )
        return self._connection.execute(query).mappings().first()

    def _change(self, review_id: str, **values: Any) -> None:
        statement = reviews.update().where(reviews.c.school == self._school, reviews.c.id == review_id)
        self._connection.execute(statement.values(**values))

    def of(self, case_id: str) -> tuple[ReviewRecord, ...]:
        query = (
            select(reviews)
            .where(
                reviews.c.school == self._school,
                reviews.c.case_id == case_id,
                reviews.c.withdrawn_at.is_(None),
            )
            .order_by(reviews.c.position)
        )
        return tuple(self._review(row) for row in self._connection.execute(query).mappings())

    def _review(self, row: RowMapping) -> ReviewRecord:
        content = self._sealer.open(row["sealed"], table="reviews", row=row["id"])
        return ReviewRecord(
            case_id=row["case_id"], at=row["at"], decision=CaseDecision(row["decision"]), **content
        )

    def _next_position(self, case_id: str) -> int:
        # Withdrawn ones keep their places.
        query = select(func.coalesce(func.max(reviews.c.position), 0) + 1).where(
            reviews.c.school == self._school, reviews.c.case_id == case_id
        )
        return int(self._connection.execute(query).scalar_one())
