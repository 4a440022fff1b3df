"""What a digest tells, gathered from one consistent state of the store: never a case that is closed to its reader.

Source: UX.md "digest"; DECISIONS.md, rule 3; SAFEGUARDING.md, "Fatigue".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from mailguard.app.case_words import (
    DECIDED_WORDS,
    case_noun,
    person_words,
    short_name,
    staff_of,
    why_in_short,
)
from mailguard.app.digest_not_understood import NotUnderstoodCounts, not_understood_counts
from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.health import Health, health
from mailguard.app.list_editing import ListEditing
from mailguard.app.list_records import ListVersion
from mailguard.app.parent_letters import HeldLetter, held_letter
from mailguard.app.ports_learning import SampleReason
from mailguard.app.ports_store import CaseFilter, CaseRecord, EffectRecord, Transaction
from mailguard.app.readers import Reader, Readers
from mailguard.app.take_downs import DueTakeDown, due_take_downs
from mailguard.domain.audit import AuditHead
from mailguard.domain.case import CaseState, EffectKind, EffectState, Mode
from mailguard.domain.words import ReportWhen, Role

# Routine: rows of which the digest gives the number and nothing else.
COUNTED_ROWS: Mapping[str, str] = {
    "D7": "parent messages delivered",
    "P2": "security codes",
    "E2": "notices of approved platforms",
    "P9": "platform mails of no person",
    "P1": "platform mails marked as false",
}
# Held or delivered by the dozen; a reader wants their number, and the review page for the rest.
_COLLAPSED_HELD = frozenset({"P9"})
_COLLAPSED_DELIVERED = frozenset({"E1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedCase:
    """``told``: (role, when) of each report that was delivered, in order. ``held``: copies nobody has been given.

    ``letter``: of a parent's letter, how long it waits and when it goes on.
    """

    case: CaseRecord
    noun: str
    staff: str
    why: str
    held: int
    acknowledged_by: str = ""
    told: tuple[tuple[str, datetime], ...] = ()
    letter: HeldLetter | None = None

    @property
    def since(self) -> datetime:
        return self.letter.held_since if self.letter is not None else self.case.opened_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """``word``: confirmed, released or dismissed; ``by``: as a reader knows them."""

    word: str
    by: str
    case_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListChange:
    """A change of the lists by which less is reported or held. ``by``: as a reader knows them."""

    version: ListVersion
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestMaterial:
    """Cases oldest first. ``since``: of the last digest of this reader; what is new or decided counts from there.

    ``clutter`` and ``pupils_on_platforms``: numbers by platform name. ``counted``: by row, from
    ``counted_from`` to ``counted_to``, both included; empty for who reads only what is closed to the Head.
    """

    since: datetime
    late: tuple[ListedCase, ...] = ()
    acknowledged: tuple[ListedCase, ...] = ()
    waiting: tuple[ListedCase, ...] = ()
    clutter: Mapping[str, int]
    delivered: tuple[ListedCase, ...] = ()
    pupils_on_platforms: Mapping[str, int]
    shadowed: tuple[ListedCase, ...] = ()
    decided: tuple[Decided, ...] = ()
    take_downs: tuple[DueTakeDown, ...] = ()
    list_changes: tuple[ListChange, ...] = ()
    not_understood: NotUnderstoodCounts = field(default_factory=NotUnderstoodCounts)
    samples: Mapping[SampleReason, int] = field(default_factory=dict)
    counted: Mapping[str, int]
    counted_from: date
    counted_to: date
    health: Health
    head: AuditHead
    checkpoint: str

    @property
    def is_empty(self) -> bool:
        """Nothing of any case, whatever was only counted."""
        return not (
            self.late
            or self.acknowledged
            or self.waiting
            or self.clutter
            or self.delivered
            or self.pupils_on_platforms
            or self.shadowed
            or self.decided
            or self.take_downs
            or self.not_understood.is_any
        )

    @property
    def to_decide(self) -> int:
        return len(self.acknowledged) + len(self.waiting)


def gather(
    transaction: Transaction,
    *,
    settings: EffectsSettings,
    readers: Readers,
    reader: Reader,
    is_for_all: bool,
    day: date,
    since: datetime,
) -> DigestMaterial:
    """``is_for_all``: every case that is not closed to the reader; else only those that are closed to the Head."""
    gatherer = _Gatherer(transaction, settings, readers, reader, is_for_all)
    undecided = gatherer.mine(
        CaseFilter(states={CaseState.NEW, CaseState.ACKNOWLEDGED}, is_oldest_first=True)
    )
    shadowed = [case for case in undecided if case.mode is Mode.SHADOW]
    real = [case for case in undecided if case.mode is not Mode.SHADOW]
    now_cases = [case for case in real if case.decision.report_when is ReportWhen.NOW]
    late = [gatherer.listed(case, is_told=True) for case in now_cases if case.state is CaseState.NEW]
    acknowledged = [gatherer.listed(case) for case in now_cases if case.state is CaseState.ACKNOWLEDGED]
    others = [gatherer.listed(case) for case in real if case.decision.report_when is not ReportWhen.NOW]
    held = [each for each in others if each.held]
    delivered = [each for each in others if not each.held and each.case.opened_at >= since]
    counted_from, counted_to = _counted_days(since, day, settings)
    return DigestMaterial(
        since=since,
        late=tuple(late),
        acknowledged=tuple(acknowledged),
        waiting=tuple(_oldest_first(each for each in held if each.case.decision.row not in _COLLAPSED_HELD)),
        clutter=gatherer.by_platform(each for each in held if each.case.decision.row in _COLLAPSED_HELD),
        delivered=tuple(each for each in delivered if each.case.decision.row not in _COLLAPSED_DELIVERED),
        pupils_on_platforms=gatherer.by_platform(
            each for each in delivered if each.case.decision.row in _COLLAPSED_DELIVERED
        ),
        shadowed=tuple(gatherer.listed(case) for case in shadowed if case.opened_at >= since),
        decided=gatherer.decided(since),
        take_downs=due_take_downs(transaction, gatherer.is_mine, today=day),
        list_changes=gatherer.list_changes(since) if is_for_all else (),
        not_understood=not_understood_counts(
            transaction,
            settings=settings,
            directory=readers.directory,
            reader=reader,
            is_for_all=is_for_all,
            since=since,
        ),
        samples=_samples(transaction) if is_for_all else {},
        counted=_counted(transaction, counted_from, counted_to) if is_for_all else {},
        counted_from=counted_from,
        counted_to=counted_to,
        health=health(transaction, settings, may_know=gatherer.may_know),
        head=transaction.audit.head(),
        checkpoint=transaction.audit.newest_checkpoint() or "",
    )


def _samples(transaction: Transaction) -> Mapping[SampleReason, int]:
    """Of the weekly sample."""
    return Counter(each.reason for each in transaction.samples.waiting() if not each.reason.is_not_understood)


class _Gatherer:
    def __init__(
        self,
        transaction: Transaction,
        settings: EffectsSettings,
        readers: Readers,
        reader: Reader,
        is_for_all: bool,
    ) -> None:
        self._transaction = transaction
        self._settings = settings
        self._readers = readers
        self._reader = reader
        self._is_for_all = is_for_all
        self._gathered: dict[str, list[EffectRecord]] | None = None

    def mine(self, wanted: CaseFilter) -> list[CaseRecord]:
        return [case for case in self._transaction.cases.matching(wanted) if self.is_mine(case)]

    def listed(self, case: CaseRecord, *, is_told: bool = False) -> ListedCase:
        recipients = self._transaction.cases.recipients(case.id)
        letter = held_letter(case, recipients, self._transaction, self._settings)
        return ListedCase(
            case=case,
            noun=case_noun(case.decision, platform_name=self._platform(case)),
            staff=staff_of(case.decision, recipients, self._readers.directory),
            why=why_in_short(case.decision),
            held=sum(recipient.state.is_held for recipient in recipients),
            acknowledged_by=self._person(case.acknowledged_by),
            told=self._told(case) if is_told or (letter is not None and letter.next_round > 1) else (),
            letter=letter,
        )

    def by_platform(self, cases: Iterable[ListedCase]) -> Mapping[str, int]:
        return dict(Counter(self._platform(each.case) for each in cases).most_common())

    def decided(self, since: datetime) -> tuple[Decided, ...]:
        groups: dict[tuple[str, str], list[str]] = {}
        for case in sorted(self.mine(CaseFilter(decided_from=since)), key=lambda case: case.id):
            if case.decided_as is not None:
                by = self._person(case.decided_by)
                groups.setdefault((DECIDED_WORDS[case.decided_as], by), []).append(case.id)
        return tuple(Decided(word=word, by=by, case_ids=tuple(ids)) for (word, by), ids in groups.items())

    def list_changes(self, since: datetime) -> tuple[ListChange, ...]:
        return tuple(
            ListChange(
                version=version,
                by="on the server" if version.by == ListEditing.OUTSIDE else self._person(version.by),
            )
            for version in self._transaction.lists.lowered_since(since)
        )

    def may_know(self, case_id: str) -> bool:
        """Whether a number may tell of it."""
        case = self._transaction.cases.find(case_id) if case_id else None
        return case is None or self._readers.may_see(
            self._reader.address, case.decision, role=self._reader.role
        )

    def is_mine(self, case: CaseRecord) -> bool:
        if not self._readers.may_see(self._reader.address, case.decision, role=self._reader.role):
            return False
        return self._is_for_all or Role.HEAD in self._readers.withheld_roles(case.decision)

    def _person(self, by: str) -> str:
        account = self._transaction.accounts.find(by) if by else None
        if account is not None:
            return short_name(account.name)
        titles = {role.value: self._settings.title(role) for role in Role}
        return person_words(by, self._readers.directory, titles)

    def _platform(self, case: CaseRecord) -> str:
        platform = case.decision.platform
        return (
            "" if platform is None else self._settings.platform_name(str(platform.get("id") or "a platform"))
        )

    def _told(self, case: CaseRecord) -> tuple[tuple[str, datetime], ...]:
        own = self._transaction.effects.matching(
            case_id=case.id, kinds={EffectKind.REPORT}, states={EffectState.DONE}
        )
        first: dict[str, datetime] = {}
        for effect in sorted((*own, *self._in_lists(case.id)), key=_finished):
            first.setdefault(effect.role, _finished(effect))
        return tuple(first.items())

    def _in_lists(self, case_id: str) -> Sequence[EffectRecord]:
        """Reports of several cases at once are nobody's own: an approved channel's, a first pass's."""
        if self._gathered is None:
            self._gathered = {}
            sent = self._transaction.effects.matching(kinds={EffectKind.REPORT}, states={EffectState.DONE})
            for effect in sent:
                for each in () if effect.case_id else effect.payload.get("cases", ()):
                    self._gathered.setdefault(str(each), []).append(effect)
        return self._gathered.get(case_id, [])


def _finished(effect: EffectRecord) -> datetime:
    return effect.finished_at or effect.due_at


def _oldest_first(cases: Iterable[ListedCase]) -> list[ListedCase]:
    return sorted(cases, key=lambda each: (each.since, each.case.id))


def _counted_days(since: datetime, day: date, settings: EffectsSettings) -> tuple[date, date]:
    """Whole days, each told once: from the day of the last digest to yesterday."""
    yesterday = day - timedelta(days=1)
    return min(since.astimezone(settings.hours.zone).date(), yesterday), yesterday


def _counted(transaction: Transaction, first: date, last: date) -> Mapping[str, int]:
    counted: Counter[str] = Counter()
    for counter in transaction.ledger.counts(first_day=first, last_day=last):
        if counter.row in COUNTED_ROWS:
            counted[counter.row] += counter.count
    return {row: counted[row] for row in COUNTED_ROWS if counted[row]}
