"""The trail as a person may read it: filtered, newest first, without the events that are closed to them.

Content is in no event; what is closed to a reader (``trail_closed``) is left out altogether.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from mailguard.app.audit_trail import Opening
from mailguard.app.effects_settings import DirectoryNow, EffectsSettings
from mailguard.app.event_words import EventWords, event_words
from mailguard.app.export_making import Maker, OpenCases
from mailguard.app.person_cases import UnknownPerson, cases_of, sought
from mailguard.app.ports_store import AuditFilter, AuditRecord, Store, Transaction
from mailguard.app.trail_closed import open_to
from mailguard.domain.audit import AuditHead, AuditTag, time_from_text
from mailguard.domain.case import CASE_ID

PAGE_EVENTS = 50
_BATCH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailQuery:
    """What is looked for. ``person``: an id or an address, "" for anybody; ``before_seq`` continues a listing."""

    case_id: str = ""
    person: str = ""
    tag_start: str = ""
    at_from: datetime | None = None
    at_before: datetime | None = None
    before_seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailPage:
    """``next_before``: continue from there, 0 at the end. ``problem``: why nothing can match, "" when it can."""

    events: tuple[AuditRecord, ...]
    words: EventWords
    next_before: int
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailState:
    """``checkpoint_at``, ``checkpoint_size``: of the newest checkpoint; ``mailed_at``: the newest digest that went out."""

    head: AuditHead
    checkpoint_at: datetime | None
    checkpoint_size: int
    mailed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailReading:
    store: Store
    settings: EffectsSettings
    directory: DirectoryNow

    def page(self, query: TrailQuery, *, by: Maker, shows_links: bool = False) -> TrailPage:
        """At most ``PAGE_EVENTS``. ``shows_links``: who asked for a link to write a concern. Raises TemporaryFailure."""
        with self.store.reading() as transaction:
            words = event_words(transaction, self.settings)
            problem, case_ids = self._case_ids(query, by, transaction)
            if problem:
                return TrailPage(events=(), words=words, next_before=0, problem=problem)
            wanted = AuditFilter(
                case_ids=case_ids,
                tag_start=query.tag_start,
                at_from=query.at_from,
                at_before=query.at_before,
                before_seq=query.before_seq,
                limit=_BATCH,
            )
            found = self._collected(wanted, by, transaction, shows_links=shows_links)
        is_more = len(found) > PAGE_EVENTS
        events = tuple(found[:PAGE_EVENTS])
        return TrailPage(events=events, words=words, next_before=events[-1].seq if is_more else 0)

    def opening(self, by: Maker, *, shows_links: bool = False) -> Opening:
        """What tells the events that ``by`` may have in a copy of the trail."""
        return open_to(by, self.settings, self.directory, shows_links=shows_links)

    def state(self) -> TrailState:
        """Raises TemporaryFailure."""
        with self.store.reading() as transaction:
            note = transaction.audit.newest_checkpoint()
            mailed = transaction.audit.newest(AuditFilter(tag_start=AuditTag.DIGEST_SENT, limit=1))
            head = transaction.audit.head()
        lines = note.split("\n") if note else []
        return TrailState(
            head=head,
            checkpoint_at=time_from_text(lines[3].removeprefix("time ")) if lines else None,
            checkpoint_size=int(lines[1]) if lines else 0,
            mailed_at=mailed[0].at if mailed else None,
        )

    def _case_ids(
        self, query: TrailQuery, by: Maker, transaction: Transaction
    ) -> tuple[str, Collection[str] | None]:
        """(why nothing can match, the cases whose events are wanted or None for all)."""
        ids: set[str] | None = None
        if query.case_id:
            if not CASE_ID.fullmatch(query.case_id):
                return "A case number looks like MG-2026-0147.", None
            ids = {query.case_id}
        if query.person:
            try:
                who = sought(query.person, self.directory())
            except UnknownPerson:
                return "That is neither a person's id on the lists nor an e-mail address.", None
            mine = {
                case.id for case in cases_of(who, transaction, OpenCases(self.settings, self.directory), by)
            }
            ids = mine if ids is None else ids & mine
        return "", ids

    def _collected(
        self, wanted: AuditFilter, by: Maker, transaction: Transaction, *, shows_links: bool
    ) -> list[AuditRecord]:
        """One more than a page when there are more."""
        is_open = self.opening(by, shows_links=shows_links)(transaction)
        found: list[AuditRecord] = []
        while len(found) <= PAGE_EVENTS:
            batch = transaction.audit.newest(wanted)
            found += filter(is_open, batch)
            if len(batch) < _BATCH:
                break
            wanted = replace(wanted, before_seq=batch[-1].seq)
        return found
