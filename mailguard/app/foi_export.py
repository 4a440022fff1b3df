"""A freedom-of-information answer: counts and an anonymised table of cases, small numbers suppressed.

No name, address, case number, day or word of a message is in it. Cases that are closed to whoever makes it are
not counted, and the answer says so.
Source: FOIA 2000, section 40; issue "Exports".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from mailguard.app.effects_settings import DirectoryNow, EffectsSettings
from mailguard.app.export_making import ExportLedger, MadeExport, Maker, OpenCases
from mailguard.app.export_records import ExportKind, ExportPurpose
from mailguard.app.ports_store import CaseFilter, CaseRecord, CounterRecord, Store
from mailguard.app.report_words import SUBJECT_NOUNS
from mailguard.app.safe_csv import csv_bytes
from mailguard.app.stored_zip import write_zip
from mailguard.app.suppression import FEW, SMALLEST_SHOWN, suppressed, suppressed_total
from mailguard.app.terms import term_of
from mailguard.domain.case import CaseDecision
from mailguard.domain.concern import VIA
from mailguard.domain.words import Verdict

_DECISION_WORDS = {
    CaseDecision.CONFIRM: "contact confirmed",
    CaseDecision.RELEASE: "released",
    CaseDecision.DISMISS: "dismissed: no contact",
}
COUNT_COLUMNS = ("Table", "Value", "Cases")
CASE_COLUMNS = ("Term", "Kind", "By", "Level", "Decision", "Outcome", "Cases")
_TIMES = ("within 15 minutes", "within an hour", "within a day", "later", "not yet")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoiExports:
    store: Store
    settings: EffectsSettings
    directory: DirectoryNow

    def make(self, first_day: date, last_day: date, *, by: Maker, reason: str) -> MadeExport:
        """Of the cases opened on these days, both included. Raises ReasonMissing, ValueError, TemporaryFailure."""
        if last_day < first_day:
            raise ValueError("the last day is before the first")
        ledger = ExportLedger(self.store)
        export, _ = ledger.request(
            ExportKind.FOI,
            by=by,
            purpose=ExportPurpose.FOI_REQUEST,
            reason=reason,
            about=f"{first_day} to {last_day}",
        )
        open_cases = OpenCases(self.settings, self.directory)
        with self.store.reading() as transaction:
            found = transaction.cases.matching(
                CaseFilter(
                    opened_from=self._begin(first_day),
                    opened_before=self._begin(last_day + timedelta(days=1)),
                )
            )
            cases = [case for case in found if open_cases.may_see(case, by)]
            counters = transaction.ledger.counts(first_day=first_day, last_day=last_day)
            closed = Counter(
                _noun(case.decision.verdict)
                for case in found
                if case.via != VIA and not open_cases.may_see(case, by)
                for _ in transaction.cases.messages(case.id)
            )
        files = {
            "counts.csv": csv_bytes(COUNT_COLUMNS, count_rows(cases, counters, closed)),
            "cases.csv": csv_bytes(CASE_COLUMNS, case_rows(cases, self.settings)),
            "READ-ME.txt": _read_me(first_day, last_day, self.settings).encode(),
        }
        return ledger.made(
            export,
            write_zip(files, at=export.at),
            filename=f"foi-{first_day}-{last_day}.zip",
            media_type="application/zip",
            by=by,
        )

    def _begin(self, day: date) -> datetime:
        return datetime.combine(day, time(0), self.settings.hours.zone).astimezone(UTC)


def count_rows(
    cases: Sequence[CaseRecord], counters: Iterable[CounterRecord], closed: Counter[str]
) -> list[tuple[str, str, str]]:
    """One row for each cell, a total under each table.

    ``closed``: messages by kind of cases that the maker may not know of. They are counted nowhere, or the difference
    between messages and cases would tell of them.
    """
    mail: Counter[str] = Counter()
    for counter in counters:
        mail[_noun(counter.verdict)] += counter.count
    mail -= closed
    tables: Mapping[str, Mapping[str, int]] = {
        "Messages judged, by kind": mail,
        "Cases, by kind": Counter(SUBJECT_NOUNS[case.decision.verdict] for case in cases),
        "Cases, by level": Counter(f"level {int(case.decision.level)}" for case in cases),
        "Cases, by decision": Counter(map(_decision, cases)),
        "Cases, by outcome": Counter(
            case.outcome.value if case.outcome else "none recorded" for case in cases
        ),
        "Reports at level 3 and above, acknowledged": Counter(
            _acknowledged(case) for case in cases if int(case.decision.level) >= 3
        ),
    }
    rows: list[tuple[str, str, str]] = []
    for name, counts in tables.items():
        rows += [(name, label, words) for label, words in sorted(suppressed(counts).items())]
        rows.append((name, "total", suppressed_total(counts)))
    return rows


def case_rows(cases: Iterable[CaseRecord], settings: EffectsSettings) -> list[tuple[str, ...]]:
    """Cases that look alike in every column, counted; what fewer than five share is put together at the end."""
    alike: Counter[tuple[str, ...]] = Counter(
        (
            term_of(case.opened_at.astimezone(settings.hours.zone).date(), settings.hours.terms).title,
            SUBJECT_NOUNS[case.decision.verdict],
            "platform mail" if case.decision.platform else "direct mail",
            f"level {int(case.decision.level)}",
            _decision(case),
            case.outcome.value if case.outcome else "none recorded",
        )
        for case in cases
    )
    rows = [(*columns, str(count)) for columns, count in sorted(alike.items()) if count >= SMALLEST_SHOWN]
    rest = sum(count for count in alike.values() if count < SMALLEST_SHOWN)
    if rest:
        words = FEW if rest < SMALLEST_SHOWN else str(rest)
        rows.append(("all other combinations, each of fewer than 5 cases", "", "", "", "", "", words))
    return rows


def _decision(case: CaseRecord) -> str:
    return _DECISION_WORDS[case.decided_as] if case.decided_as is not None else "not yet decided"


def _acknowledged(case: CaseRecord) -> str:
    if case.acknowledged_at is None:
        return _TIMES[4]
    waited = case.acknowledged_at - case.opened_at
    bounds = (timedelta(minutes=15), timedelta(hours=1), timedelta(days=1))
    return next((words for bound, words in zip(bounds, _TIMES, strict=False) if waited <= bound), _TIMES[3])


def _noun(verdict: str) -> str:
    return SUBJECT_NOUNS[Verdict(verdict)] if verdict in set(Verdict) else verdict


def _read_me(first_day: date, last_day: date, settings: EffectsSettings) -> str:
    return f"""Answer to a freedom of information request
{settings.school_name}, {first_day:%d %B %Y} to {last_day:%d %B %Y}

counts.csv  how many messages were judged and cases opened, by kind, level, decision and outcome
cases.csv   an anonymised table: cases that look alike, counted

Numbers from 1 to 4 are shown as "{FEW}", because so few could point at a person. Where one
such number could be worked out from a total, a second one is not shown either. A zero is shown.
No name, address, case number, day or word of a message is given: Freedom of Information Act
2000, section 40 (personal data).

Cases that are closed to the person who made this answer, because they concern that person,
are not counted here; another member of the chain can make the answer with them.
"""
