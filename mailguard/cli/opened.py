"""Opening a school's store for a command, and closing it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from mailguard.adapters.blobs import BlobFiles
from mailguard.adapters.clock import SystemClock
from mailguard.adapters.keys import is_genuine_signature
from mailguard.adapters.store.opening import OpenedStore, open_store
from mailguard.adapters.store.sql_store import SqlStore
from mailguard.app.audit_trail import AuditTrail, TrailKey
from mailguard.app.casebook import Casebook
from mailguard.app.ports_store import StoreProblem
from mailguard.cli.settings import settings, stop
from mailguard.config import LoadedConfig
from mailguard.daemon_settings import store_settings


@dataclass(frozen=True, slots=True)
class OpenedSchool:
    """A school's settings with its open store."""

    loaded: LoadedConfig
    store: SqlStore
    blobs: BlobFiles
    casebook: Casebook
    trail: AuditTrail


@contextmanager
def opened_school(
    config_path: Path, state_folder: Path, *, only_reads: bool = False
) -> Iterator[OpenedSchool]:
    """The store of an installation that has run at least once; an end with the reason when it cannot be opened.

    ``only_reads``: for a command that must work on a full disk, too.
    """
    loaded = settings(config_path)
    try:
        opened = open_store(store_settings(loaded, state_folder, only_reads=only_reads), SystemClock())
    except StoreProblem as problem:
        stop([str(problem)])
    with closing(opened.store):
        yield _school(loaded, opened)


@contextmanager
def opened_school_if_any(config_path: Path, state_folder: Path) -> Iterator[OpenedSchool | None]:
    """To read; None, told on standard error, where there is no store yet or this user may not open it."""
    loaded = settings(config_path)
    try:
        opened = open_store(store_settings(loaded, state_folder, only_reads=True), SystemClock())
    except StoreProblem as problem:
        click.echo(f"mailguard: without the store: {problem}", err=True)
        yield None
        return
    with closing(opened.store):
        yield _school(loaded, opened)


def _school(loaded: LoadedConfig, opened: OpenedStore) -> OpenedSchool:
    store = opened.store
    return OpenedSchool(
        loaded=loaded,
        store=store,
        blobs=opened.blobs,
        casebook=Casebook(store, opened.blobs, zone=ZoneInfo(loaded.config.school.timezone)),
        trail=audit_trail(store),
    )


def audit_trail(store: SqlStore) -> AuditTrail:
    key = TrailKey(public_key=store.keys.public_key, sign=store.keys.sign)
    return AuditTrail(store, key=key, check_signature=is_genuine_signature)
