"""Absences set on the review page, and leave to break the glass: ``app.ports_accounts.Rota`` and ``Glass``."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, select

from mailguard.adapters.store.sealing import Sealer
from mailguard.adapters.store.tables_accounts import absences, glass_grants
from mailguard.app.account_records import GlassGrant, RoleAbsence
from mailguard.domain.words import Role


class SqlRota:
    def __init__(self, connection: Connection, *, school: str, sealer: Sealer, now: datetime) -> None:
        self._connection = connection
        self._school = school
        self._sealer = sealer
        self._now = now

    def add(self, absence: RoleAbsence) -> None:
        acting = {"acting_name": absence.acting_name, "acting_address": absence.acting_address}
        self._connection.execute(
            absences.insert().values(
                school=self._school,
                id=absence.id,
                role=absence.role,
                first_day=absence.first_day.isoformat(),
                last_day=absence.last_day.isoformat(),
                created_by=absence.created_by,
                created_at=absence.created_at,
                withdrawn_by=absence.withdrawn_by,
                withdrawn_at=absence.withdrawn_at,
                sealed=self._sealer.seal(acting, table="absences", row=absence.id),
            )
        )

    def find(self, absence_id: str) -> RoleAbsence | None:
        return next(iter(self._matching(absences.c.id == absence_id)), None)

    def withdraw(self, absence_id: str, *, by: str) -> bool:
        statement = (
            absences.update()
            .where(
                absences.c.school == self._school,
                absences.c.id == absence_id,
                absences.c.withdrawn_at.is_(None),
            )
            .values(withdrawn_by=by, withdrawn_at=self._now)
        )
        return self._connection.execute(statement).rowcount == 1

    def absences(self) -> tuple[RoleAbsence, ...]:
        return self._matching(absences.c.withdrawn_at.is_(None))

    def _matching(self, condition: ColumnElement[bool]) -> tuple[RoleAbsence, ...]:
        query = (
            select(absences)
            .where(absences.c.school == self._school, condition)
            .order_by(absences.c.first_day, absences.c.id)
        )
        return tuple(self._absence(row) for row in self._connection.execute(query).mappings())

    def _absence(self, row: RowMapping) -> RoleAbsence:
        return RoleAbsence(
            id=row["id"],
            role=Role(row["role"]),
            first_day=date.fromisoformat(row["first_day"]),
            last_day=date.fromisoformat(row["last_day"]),
            created_by=row["created_by"],
            created_at=row["created_at"],
            withdrawn_at=row["withdrawn_at"],
            withdrawn_by=row["withdrawn_by"],
            **self._sealer.open(row["sealed"], table="absences", row=row["id"]),
        )


class SqlGlass:
    def __init__(self, connection: Connection, *, school: str, sealer: Sealer) -> None:
        self._connection = connection
        self._school = school
        self._sealer = sealer

    def add(self, grant: GlassGrant) -> None:
        self._connection.execute(
            glass_grants.insert().values(
                school=self._school,
                id=grant.id,
                case_id=grant.case_id,
                account_id=grant.account_id,
                asked_at=grant.asked_at,
                sealed=self._sealer.seal({"reason": grant.reason}, table="glass_grants", row=grant.id),
                **_glass_values(grant),
            )
        )

    def find(self, grant_id: str) -> GlassGrant | None:
        query = select(glass_grants).where(
            glass_grants.c.school == self._school, glass_grants.c.id == grant_id
        )
        row = self._connection.execute(query).mappings().first()
        return None if row is None else self._grant(row)

    def replace(self, grant: GlassGrant) -> None:
        self._connection.execute(
            glass_grants.update()
            .where(glass_grants.c.school == self._school, glass_grants.c.id == grant.id)
            .values(_glass_values(grant))
        )

    def of_account(self, account_id: str) -> tuple[GlassGrant, ...]:
        query = (
            select(glass_grants)
            .where(glass_grants.c.school == self._school, glass_grants.c.account_id == account_id)
            .order_by(glass_grants.c.asked_at.desc(), glass_grants.c.id)
        )
        return tuple(self._grant(row) for row in self._connection.execute(query).mappings())

    def recent(self, *, limit: int) -> tuple[GlassGrant, ...]:
        query = (
            select(glass_grants)
            .where(glass_grants.c.school == self._school)
            .order_by(glass_grants.c.asked_at.desc(), glass_grants.c.id)
            .limit(limit)
        )
        return tuple(self._grant(row) for row in self._connection.execute(query).mappings())

    def _grant(self, row: RowMapping) -> GlassGrant:
        return GlassGrant(
            **{name: row[name] for name in row if name not in {"school", "sealed"}},
            **self._sealer.open(row["sealed"], table="glass_grants", row=row["id"]),
        )


def _glass_values(grant: GlassGrant) -> dict[str, Any]:
    return {
        "approved_by": grant.approved_by,
        "approved_at": grant.approved_at,
        "expires_at": grant.expires_at,
        "ended_by": grant.ended_by,
        "ended_at": grant.ended_at,
    }
