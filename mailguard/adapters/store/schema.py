"""Moving a store's schema forward, once, however many processes start together.

Migrations are append-only and numbered from 0001; a store of a newer mailguard is refused, never changed. Each spells out
what it makes, although ``tables`` says it again: a migration built on the tables would make today's shape in the name of
an old one, and the next that adds a column would find it there. A test holds their sum against ``tables``. Source: ADR 5.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DatabaseError, OperationalError

from mailguard.adapters.store.engines import Engines
from mailguard.app.ports_store import StoreProblem

_MIGRATIONS = Path(__file__).parent / "migrations"
# Any fixed number: it only has to be the same in every mailguard.
_ADVISORY_LOCK = 7_431_009_852


def latest_schema() -> int:
    """The number of the newest migration of this mailguard."""
    return len(_revisions())


def migrate(engines: Engines) -> int:
    """Bring the schema to the newest and give its number. Raises StoreProblem."""
    with _errors_as_problems(engines), engines.writing.connect() as connection, connection.begin():
        if not engines.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK})
        return _migrate(connection, engines.place)


def is_newest(engines: Engines) -> bool:
    """Whether nothing is left for ``migrate`` to do. Writes nothing. Raises StoreProblem."""
    with _errors_as_problems(engines), engines.reading.connect() as connection, connection.begin():
        return MigrationContext.configure(connection).get_current_revision() == _revisions()[-1]


@contextmanager
def _errors_as_problems(engines: Engines) -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise StoreProblem(
            file=engines.place,
            key="store",
            value=f"cannot be opened: {_first_line(error)}",
            fix="See that the database runs, that its address is right, and that mailguard may write to it.",
        ) from error
    except DatabaseError as error:
        raise StoreProblem(
            file=engines.place,
            key="store",
            value=f"cannot be used: {_first_line(error)}",
            fix="Put it back from the backup, or move it away to begin an empty one.",
        ) from error


def _migrate(connection: Connection, place: str) -> int:
    revisions = _revisions()
    current = MigrationContext.configure(connection).get_current_revision()
    if current is None and inspect(connection).get_table_names():
        raise StoreProblem(
            file=place,
            key="schema",
            value="is not mailguard's: it has other tables",
            fix="Give mailguard a database of its own.",
        )
    if current is not None and current not in revisions:
        raise StoreProblem(
            file=place,
            key="schema",
            value=f"{current} is newer than this mailguard, which knows {len(revisions)}",
            fix="Start the mailguard that last wrote it, or a newer one; a store never goes back.",
        )
    if current != revisions[-1]:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return len(revisions)


def _config() -> Config:
    config = Config()
    # Alembic reads "%" as the start of a substitution.
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


def _revisions() -> list[str]:
    """Oldest first."""
    scripts = ScriptDirectory.from_config(_config())
    return [script.revision for script in scripts.walk_revisions()][::-1]


def _first_line(error: DatabaseError) -> str:
    lines = str(error.orig).strip().splitlines()
    return lines[0] if lines else type(error.orig).__name__
