"""Opening a store:

folder, database, schema, keys. Whatever is wrong is one StoreProblem that says how to mend it.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from mailguard.adapters.blobs import BlobFiles
from mailguard.adapters.keys import (
    KeyEncryptionKey,
    SchoolKeys,
    WrongKey,
    load_key_encryption_key,
    public_key_of,
)
from mailguard.adapters.part_locks import PartLocks
from mailguard.adapters.store.dialects import insert_if_new
from mailguard.adapters.store.engines import (
    Engines,
    database_errors_as_failures,
    postgresql_engines,
    sqlite_engines,
)
from mailguard.adapters.store.reindexing import reindex_cases
from mailguard.adapters.store.schema import is_newest, latest_schema, migrate
from mailguard.adapters.store.sql_store import SqlStore
from mailguard.adapters.store.tables import audit_heads, school_keys
from mailguard.app.ports import Clock, TemporaryFailure
from mailguard.app.ports_store import StoreProblem
from mailguard.domain.audit import FIRST_PREVIOUS

SQLITE_NAME = "mailguard.sqlite3"
_SCHOOL_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_MEBIBYTE = 1024 * 1024
MIN_FREE_BYTES = 64 * _MEBIBYTE
"""Room for a message that must be held, whatever else fills the disk."""


def drawn_number(digits: int) -> int:
    """Random, the first digit not 0."""
    lowest = int(10 ** (digits - 1))
    return lowest + secrets.randbelow(9 * lowest)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """``url`` "" for SQLite in ``state_folder``; ``message_id_domain`` ends the Message-IDs of our own mail.

    ``min_free_bytes`` must stay free on the state folder's disk. ``may_make``: a missing store is begun.
    ``only_reads``: none is begun, it opens on a full disk too, and whoever writes hears TemporaryFailure.
    ``draw_number``: a random number of so many digits, for case ids.
    """

    state_folder: Path
    school: str
    message_id_domain: str
    url: str = ""
    min_free_bytes: int = MIN_FREE_BYTES
    may_make: bool = True
    only_reads: bool = False
    draw_number: Callable[[int], int] = drawn_number


@dataclass(frozen=True, slots=True)
class OpenedStore:
    """What ``open_store`` gives. Close the store when done; never carry it over a fork."""

    store: SqlStore
    blobs: BlobFiles
    key_encryption_key: KeyEncryptionKey
    part_locks: PartLocks


def open_store(settings: StoreSettings, clock: Clock) -> OpenedStore:
    """Open, or make at the first start; migrations run by themselves. Raises StoreProblem."""
    if not _SCHOOL_ID.fullmatch(settings.school):
        raise StoreProblem(
            file="configuration",
            key="school.id",
            value=f"{settings.school!r} is not a school id",
            fix="Use small letters, digits, dots and hyphens, at most 64, a letter or digit first.",
        )
    database = settings.state_folder / SQLITE_NAME
    may_make = settings.may_make and not settings.only_reads
    if not may_make and not settings.url and not database.exists():
        raise StoreProblem(
            file=str(database),
            key="store",
            value="does not exist",
            fix="Start mailguard once with this --state folder, or name the folder that it uses.",
        )
    opened = _open_as_it_is(settings, clock, database) if settings.only_reads else None
    if opened is not None:
        return opened
    _prepare_folder(settings)
    if not settings.url:
        _make_private_file(database)
    engines = postgresql_engines(settings.url) if settings.url else sqlite_engines(database)
    with _closed_on_failure(engines):
        schema = migrate(engines)
        kek = load_key_encryption_key(settings.state_folder, may_make=not _has_keys(engines))
        opened = _opened(engines, settings, clock, schema, kek, _school_keys(engines, settings, kek, clock))
        reindex_cases(opened.store)
    return opened


def _open_as_it_is(settings: StoreSettings, clock: Clock, database: Path) -> OpenedStore | None:
    """Without writing anything; None where something must be made or brought forward first. Raises StoreProblem.

    An index of an older mailguard stays as it is: the next start brings it forward, and only searches look into it.
    """
    engines = (
        postgresql_engines(settings.url) if settings.url else sqlite_engines(database, only_reads=True)
    ).only_reading()
    with _closed_on_failure(engines):
        if is_newest(engines) and (wrapped := _wrapped_keys(engines, settings)):
            kek = load_key_encryption_key(settings.state_folder, may_make=False)
            keys = _unwrapped(wrapped, kek, engines)
            return _opened(engines, settings, clock, latest_schema(), kek, keys)
    engines.dispose()
    return None


@contextmanager
def _closed_on_failure(engines: Engines) -> Iterator[None]:
    """A failure of the database becomes a StoreProblem; on any problem the connections are given back."""
    try:
        yield
    except StoreProblem:
        engines.dispose()
        raise
    except TemporaryFailure as error:
        engines.dispose()
        raise _unanswered(engines, error) from error


def _opened(
    engines: Engines,
    settings: StoreSettings,
    clock: Clock,
    schema: int,
    kek: KeyEncryptionKey,
    keys: SchoolKeys,
) -> OpenedStore:
    store = SqlStore(
        engines,
        school=settings.school,
        keys=keys,
        clock=clock,
        message_id_domain=settings.message_id_domain,
        schema=schema,
        draw_number=settings.draw_number,
    )
    blobs = BlobFiles(
        settings.state_folder / "blobs",
        keys=store,
        key_encryption_key=kek,
        min_free_bytes=settings.min_free_bytes,
    )
    return OpenedStore(
        store=store,
        blobs=blobs,
        key_encryption_key=kek,
        part_locks=PartLocks(settings.state_folder, is_shared=bool(settings.url)),
    )


def _unanswered(engines: Engines, error: TemporaryFailure) -> StoreProblem:
    return StoreProblem(
        file=engines.place,
        key="store",
        value=f"does not answer: {error}",
        fix="See that the database runs and its disk is not full, then start again.",
    )


def _prepare_folder(settings: StoreSettings) -> None:
    folder = settings.state_folder
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Before anything is written: of a full disk the space is to be told, not the first write that fails.
        _want_room(folder, settings.min_free_bytes)
        (folder / "blobs").mkdir(mode=0o700, exist_ok=True)
        # A folder may be listed and yet refuse files (read-only mounts, quotas): only writing tells.
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"mailguard")
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        raise StoreProblem(
            file=str(folder),
            key="--state",
            value=f"cannot be written ({error.strerror})",
            fix="Name a folder on a disk with space that the user mailguard runs as may write to.",
        ) from error


def _want_room(folder: Path, min_free_bytes: int) -> None:
    """Raises StoreProblem, and OSError where the folder cannot be asked."""
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < min_free_bytes:
        raise StoreProblem(
            file=str(folder),
            key="free space",
            value=f"is {free_bytes // _MEBIBYTE} MiB of {min_free_bytes // _MEBIBYTE} MiB wanted",
            fix="Free some space or move the state folder to a larger disk. Until then mailguard does not start, and what "
            "must be held is refused with 451: whoever sent it tries again. Commands that only read still work.",
        )


def _make_private_file(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreProblem(
            file=str(path),
            key="store",
            value=f"cannot be opened ({error.strerror})",
            fix="Give it to the user that mailguard runs as, mode 0600.",
        ) from error


def _has_keys(engines: Engines) -> bool:
    with (
        database_errors_as_failures(engines.place),
        engines.reading.connect() as connection,
        connection.begin(),
    ):
        return connection.execute(select(school_keys.c.school).limit(1)).first() is not None


def _school_keys(
    engines: Engines, settings: StoreSettings, kek: KeyEncryptionKey, clock: Clock
) -> SchoolKeys:
    """Read the school's keys, after making them where there are none; whoever comes first makes them."""
    with (
        database_errors_as_failures(engines.place),
        engines.writing.connect() as connection,
        connection.begin(),
    ):
        if not _read_keys(connection, settings):
            # The head's row is the lock: a second opener waits here and then finds these keys.
            insert_if_new(connection, audit_heads, school=settings.school, size=0, hash=FIRST_PREVIOUS)
            for purpose, secret in SchoolKeys.fresh().items():
                insert_if_new(
                    connection,
                    school_keys,
                    school=settings.school,
                    purpose=purpose,
                    wrapped_key=kek.wrap(secret),
                    public_key=public_key_of(secret) if purpose == "audit" else b"",
                    made_at=clock.now(),
                )
        wrapped = _read_keys(connection, settings)
    return _unwrapped(wrapped, kek, engines)


def _wrapped_keys(engines: Engines, settings: StoreSettings) -> dict[str, bytes]:
    """By purpose; empty where the school has none yet."""
    with (
        database_errors_as_failures(engines.place),
        engines.reading.connect() as connection,
        connection.begin(),
    ):
        return _read_keys(connection, settings)


def _read_keys(connection: Connection, settings: StoreSettings) -> dict[str, bytes]:
    query = select(school_keys.c.purpose, school_keys.c.wrapped_key).where(
        school_keys.c.school == settings.school
    )
    return {row.purpose: bytes(row.wrapped_key) for row in connection.execute(query)}


def _unwrapped(wrapped: dict[str, bytes], kek: KeyEncryptionKey, engines: Engines) -> SchoolKeys:
    try:
        return SchoolKeys(**{purpose: kek.unwrap(wrapped[purpose]) for purpose in SchoolKeys.PURPOSES})
    except (WrongKey, KeyError):
        raise StoreProblem(
            file=str(kek.path),
            key="key-encryption key",
            value=f"is not the one that {engines.place} was made with",
            fix="Put back the key file that belongs to this store; a new one cannot open it.",
        ) from None
