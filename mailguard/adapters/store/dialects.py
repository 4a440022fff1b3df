"""The two statements that SQLite and PostgreSQL spell alike but SQLAlchemy keeps in their dialects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def _insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def insert_if_new(connection: Connection, table: Table, **values: Any) -> bool:
    """Insert the row, or do nothing and say False when a unique key of it is taken."""
    statement = _insert(connection, table).values(values).on_conflict_do_nothing()
    # The row count of an INSERT is not told alike by both drivers; a returned row is.
    return connection.execute(statement.returning(table.c.school)).first() is not None


def upsert(
    connection: Connection, table: Table, *, values: Mapping[str, Any], changes: Mapping[str, Any]
) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that makes ``changes`` to the row that holds the primary key already."""
    return (
        _insert(connection, table)
        .values(dict(values))
        .on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=dict(changes))
    )
