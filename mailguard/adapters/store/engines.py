"""Connections to SQLite (pysqlite3) and PostgreSQL (psycopg 3): a commit is on disk when it returns.

Two engines each: one whose transactions may write, one whose may only read. An engine must not be carried
over a fork.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2 as sqlite
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    NotSupportedError,
    PendingRollbackError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from mailguard.app.ports import TemporaryFailure
from mailguard.app.ports_store import StoreProblem

BUSY_TIMEOUT_SECONDS = 15
_POOL_SIZE = 8


@dataclass(frozen=True, slots=True)
class Engines:
    """``place`` names the database in error words, without a password."""

    writing: Engine
    reading: Engine
    place: str

    @property
    def is_sqlite(self) -> bool:
        return self.writing.dialect.name == "sqlite"

    def only_reading(self) -> Engines:
        """The same with no engine that may write."""
        self.writing.dispose()
        return replace(self, writing=self.reading)

    def dispose(self) -> None:
        self.writing.dispose()
        self.reading.dispose()


def sqlite_engines(path: Path, *, only_reads: bool = False) -> Engines:
    """WAL, synchronous=FULL, BEGIN IMMEDIATE for writers.

    The file must exist (its mode is inherited by -wal and -shm). ``only_reads``: for ``Engines.only_reading``; it reads
    where there is no room for the -shm file, too.
    """
    return Engines(
        writing=_sqlite_engine(path, is_reading=False),
        reading=_sqlite_engine(path, is_reading=True, is_alone=only_reads and not _can_share(path)),
        place=str(path),
    )


def postgresql_engines(url: str) -> Engines:
    """``url`` as postgresql://user@host/name. Raises StoreProblem when it is not one."""
    scheme, separator, rest = url.partition("://")
    if scheme not in {"postgresql", "postgres", "postgresql+psycopg"} or not separator:
        raise StoreProblem(
            file="configuration",
            key="store.url",
            value="is not a postgresql:// address",
            fix="Write postgresql://user@host/database, or leave store.url out for SQLite.",
        )
    options = f"-c synchronous_commit=on -c lock_timeout={BUSY_TIMEOUT_SECONDS}s"
    arguments: dict[str, Any] = {"options": options, "connect_timeout": 5, "application_name": "mailguard"}
    writing, reading = (
        create_engine(
            f"postgresql+psycopg://{rest}",
            connect_args=arguments,
            hide_parameters=True,
            pool_pre_ping=True,
            pool_size=_POOL_SIZE,
            max_overflow=_POOL_SIZE,
            pool_timeout=BUSY_TIMEOUT_SECONDS,
        )
        for _ in range(2)
    )
    return Engines(
        writing=writing,
        reading=reading.execution_options(postgresql_readonly=True, isolation_level="REPEATABLE READ"),
        place=writing.url.render_as_string(hide_password=True),
    )


@contextmanager
def database_errors_as_failures(place: str) -> Iterator[None]:
    """Turn what the database cannot help (busy, full, gone) into TemporaryFailure.

    Our own mistakes stay what they are.
    """
    try:
        yield
    except (IntegrityError, ProgrammingError, DataError, NotSupportedError):
        raise
    except DBAPIError as error:
        words = str(error.orig).strip().splitlines()
        raise TemporaryFailure(
            f"store {place}: {words[0] if words else type(error.orig).__name__}"
        ) from error
    except PoolTimeout as error:
        raise TemporaryFailure(f"store {place}: no free connection in {BUSY_TIMEOUT_SECONDS} s") from error
    except PendingRollbackError as error:
        # A connection that broke inside the block leaves a transaction that can only be rolled back.
        raise TemporaryFailure(f"store {place}: the connection was lost") from error


def _sqlite_engine(path: Path, *, is_reading: bool, is_alone: bool = False) -> Engine:
    """``is_alone``: under a lock that keeps every other process out, and without a -shm file."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        module=sqlite,
        hide_parameters=True,
        pool_size=_POOL_SIZE,
        max_overflow=_POOL_SIZE,
        pool_timeout=BUSY_TIMEOUT_SECONDS,
        connect_args={"timeout": BUSY_TIMEOUT_SECONDS, "isolation_level": None},
    )

    def set_up(connection: Any, _entry: ConnectionPoolEntry) -> None:
        if is_alone:
            # First of all: other PRAGMAs read the database, and then it is too late.
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        if is_reading:
            connection.execute("PRAGMA query_only = ON")
        else:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA secure_delete = ON")

    def begin(connection: Connection) -> None:
        # A deferred transaction that reads first and then writes fails at once when another has written
        # meanwhile.
        connection.exec_driver_sql("BEGIN" if is_reading else "BEGIN IMMEDIATE")

    event.listen(engine, "connect", set_up)
    event.listen(engine, "begin", begin)
    return engine


def _can_share(path: Path) -> bool:
    """False where the disk has no room for the -shm file, which the first process to open a WAL database makes.

    Under an exclusive lock SQLite keeps in memory what is in that file otherwise. Other faults are told by who opens next.
    """
    connection = sqlite.connect(path, timeout=BUSY_TIMEOUT_SECONDS)
    try:
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite.DatabaseError as error:
        return bool(error.sqlite_errorname != "SQLITE_IOERR")
    finally:
        connection.close()
    return True
