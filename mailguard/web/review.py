"""What the queue's and the cases' pages work with, made once for a site."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from mailguard.adapters.blobs import BlobFiles
from mailguard.adapters.store.sql_store import SqlStore
from mailguard.app.case_page import CasePages
from mailguard.app.casebook import Casebook
from mailguard.app.clutter_closing import ClutterClosing
from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.lists import IndexedLists
from mailguard.app.ports import Clock
from mailguard.app.review_queue import CaseQueue
from mailguard.app.sealed_opening import SealedOpening
from mailguard.reading.message import read
from mailguard.reading.parts import file_of, html_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """``casebook`` waits ``undo_seconds`` before a release leaves."""

    queue: CaseQueue
    pages: CasePages
    casebook: Casebook
    clutter: ClutterClosing
    sealed: SealedOpening
    undo_seconds: int


def make_review(
    store: SqlStore,
    blobs: BlobFiles,
    *,
    effects: EffectsSettings,
    directory: Callable[[], IndexedLists],
    clock: Clock,
    undo_seconds: int,
) -> Review:
    delay = timedelta(seconds=undo_seconds)
    queue = CaseQueue(
        store,
        settings=effects,
        directory=directory,
        people=lambda: directory().people(),
        clock=clock,
    )
    pages = CasePages(store, blobs, queue, read=read, html_of=html_of, settings=effects, directory=directory)
    return Review(
        queue=queue,
        pages=pages,
        casebook=Casebook(store, blobs, zone=effects.hours.zone, release_delay=delay),
        clutter=ClutterClosing(store, queue, delay=delay),
        sealed=SealedOpening(store, blobs, queue, find_file=file_of),
        undo_seconds=undo_seconds,
    )
