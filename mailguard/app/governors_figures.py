"""The numbers of a term for the governors: how much came, how quickly it was dealt with, how often it was nothing.

Counts alone: no name, no case, no day on which a single thing happened. Cases that are closed to whoever the
report is made for are in none of them.
Source: SAFEGUARDING.md, "Exports", "Cost of a miss and of a false hold".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from mailguard.app.acknowledged import LevelAcknowledged, ReportTimes, acknowledged_by_level
from mailguard.app.export_making import TAG_MADE
from mailguard.app.ports_store import AuditFilter, AuditRecord, CaseFilter, CaseRecord, Transaction
from mailguard.app.report_words import SUBJECT_NOUNS
from mailguard.app.school_time import SchoolHours
from mailguard.app.terms import Term
from mailguard.domain.audit import AuditTag
from mailguard.domain.case import CaseDecision, Mode
from mailguard.domain.words import ReportWhen

_WEEK = timedelta(days=7)
TAG_LISTS_REPLACED = "lists:school:replaced"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekOpened:
    """Cases opened in the week from ``monday``: told of at once, and in the digest only."""

    monday: date
    at_once: int
    listed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KindDecided:
    """What people decided of one kind of case. ``mistaken``: released or dismissed."""

    noun: str
    opened: int
    confirmed: int
    mistaken: int
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TermFigures:
    """``messages``: judged in all; ``parents``: routine letters of parents that were delivered.

    ``changes``: (what, how often or which). ``exports``: files handed out, by kind. ``outcomes`` by word.
    ``sealed_opened``: pictures and the like opened with a reason; ``glass_broken``: cases read by somebody outside
    the chain with a second person's leave.
    """

    term: Term
    messages: int
    parents: int
    cases: int
    at_once: int
    held: int
    weeks: tuple[WeekOpened, ...]
    acknowledged: tuple[LevelAcknowledged, ...]
    kinds: tuple[KindDecided, ...]
    escalated: int
    undelivered: int
    outcomes: tuple[tuple[str, int], ...]
    changes: tuple[tuple[str, str], ...]
    exports: tuple[tuple[str, int], ...]
    starts: int
    sealed_opened: int
    glass_broken: int
    trail_events: int
    trail_head: str

    @property
    def decided(self) -> int:
        return sum(kind.confirmed + kind.mistaken for kind in self.kinds)

    @property
    def mistaken(self) -> int:
        return sum(kind.mistaken for kind in self.kinds)


def term_figures(
    transaction: Transaction, term: Term, *, hours: SchoolHours, may_see: Callable[[CaseRecord], bool]
) -> TermFigures:
    """Of the cases opened in the term that the report's reader may know of; those of shadow mode left out."""
    begin = _local_midnight(term.days.first_day, hours)
    end = _local_midnight(term.days.last_day + timedelta(days=1), hours)
    cases = [
        case
        for case in transaction.cases.matching(CaseFilter(opened_from=begin, opened_before=end))
        if case.mode is not Mode.SHADOW and may_see(case)
    ]
    counters = transaction.ledger.counts(first_day=term.days.first_day, last_day=term.days.last_day)
    events = transaction.audit.newest(AuditFilter(at_from=begin, at_before=end))[::-1]
    known = {case.id for case in cases}
    tags = Counter(event.tag for event in events if not event.case_id or event.case_id in known)
    head = transaction.audit.head()
    return TermFigures(
        term=term,
        messages=sum(counter.count for counter in counters),
        parents=sum(counter.count for counter in counters if counter.row == "D7"),
        cases=len(cases),
        at_once=sum(case.decision.report_when is ReportWhen.NOW for case in cases),
        held=sum(case.decision.disposition.value == "hold" for case in cases),
        weeks=_weeks(cases, term, hours),
        acknowledged=_acknowledged(cases, hours, transaction.now),
        kinds=_kinds(cases),
        escalated=tags[AuditTag.CASE_ESCALATED],
        undelivered=tags[AuditTag.REPORT_FAILED],
        outcomes=tuple(sorted(Counter(case.outcome.value for case in cases if case.outcome).items())),
        changes=_changes(events),
        exports=tuple(
            sorted(
                Counter(
                    str(event.detail.get("kind"))
                    for event in events
                    if event.tag == TAG_MADE and (not event.case_id or event.case_id in known)
                ).items()
            )
        ),
        starts=tags[AuditTag.DAEMON_STARTED],
        sealed_opened=tags["review:part:opened"],
        glass_broken=tags["glass:case:approved"],
        trail_events=head.size,
        trail_head=head.hash,
    )


def _weeks(cases: Iterable[CaseRecord], term: Term, hours: SchoolHours) -> tuple[WeekOpened, ...]:
    opened = [
        (_monday(case.opened_at.astimezone(hours.zone).date()), case.decision.report_when is ReportWhen.NOW)
        for case in cases
    ]
    first, last = _monday(term.days.first_day), _monday(term.days.last_day)
    mondays = [first + number * _WEEK for number in range((last - first).days // 7 + 1)]
    return tuple(
        WeekOpened(
            monday=monday,
            at_once=sum(1 for day, is_at_once in opened if day == monday and is_at_once),
            listed=sum(1 for day, is_at_once in opened if day == monday and not is_at_once),
        )
        for monday in mondays
    )


def _acknowledged(
    cases: Iterable[CaseRecord], hours: SchoolHours, now: datetime
) -> tuple[LevelAcknowledged, ...]:
    reports = (
        ReportTimes(level=case.decision.level, opened_at=case.opened_at, acknowledged_at=case.acknowledged_at)
        for case in cases
        if case.decision.report_when is ReportWhen.NOW
    )
    return acknowledged_by_level(reports, hours, now=now)


def _kinds(cases: Sequence[CaseRecord]) -> tuple[KindDecided, ...]:
    by_noun: dict[str, list[CaseRecord]] = {}
    for case in cases:
        by_noun.setdefault(SUBJECT_NOUNS[case.decision.verdict], []).append(case)
    kinds = []
    for noun, mine in by_noun.items():
        words = [case.decided_as for case in mine]
        confirmed = words.count(CaseDecision.CONFIRM)
        waiting = words.count(None)
        kinds.append(
            KindDecided(
                noun=noun,
                opened=len(mine),
                confirmed=confirmed,
                mistaken=len(mine) - confirmed - waiting,
                waiting=waiting,
            )
        )
    return tuple(sorted(kinds, key=lambda kind: (-kind.opened, kind.noun)))


def _changes(events: Iterable[AuditRecord]) -> tuple[tuple[str, str], ...]:
    """What the rules were, and how often they changed: policy and model by version, lists by number."""
    versions: dict[str, dict[str, None]] = {"policy": {}, "model": {}}
    lists = 0
    for event in events:
        if event.tag == AuditTag.DAEMON_STARTED:
            for name, seen in versions.items():
                if event.detail.get(name):
                    seen.setdefault(str(event.detail[name]))
        if event.tag == "daemon:model:replaced":
            versions["model"].setdefault(str(event.detail.get("new")))
        lists += event.tag == TAG_LISTS_REPLACED
    return (
        ("Decision table", _version_words(list(versions["policy"]))),
        ("Trained model", _version_words(list(versions["model"]))),
        ("Lists of people", f"replaced {_times(lists)}" if lists else "never replaced"),
    )


def _version_words(versions: Sequence[str]) -> str:
    if not versions:
        return "no change"
    if len(versions) == 1:
        return f"no change, version {versions[0]}"
    return f"changed {_times(len(versions) - 1)}: {', then '.join(versions)}"


def _times(count: int) -> str:
    return {0: "never", 1: "once"}.get(count, f"{count} times")


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _local_midnight(day: date, hours: SchoolHours) -> datetime:
    return datetime.combine(day, time(0), hours.zone).astimezone(UTC)
