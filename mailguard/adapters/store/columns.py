"""Of what the tables are made: times, ids, and the column of the school that every row has."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, MetaData, String
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from mailguard.domain.audit import time_from_text, time_text


class UtcTime(TypeDecorator[datetime]):
    """An aware time as 2026-09-28T22:40:00.000000Z."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        return None if value is None else time_text(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else time_from_text(value)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

BLIND = String(64)
ID = String(32)
CASE_ID = String(24)


def school_column() -> Column[str]:
    """First in every table."""
    return Column("school", String(64), nullable=False)
