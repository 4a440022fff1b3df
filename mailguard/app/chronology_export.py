"""A chronology as CSV for the school's safeguarding system: of a case, or of a person over all their cases.

Staff and pupil chronologies are kept apart: the one for a pupil's record names pupils and speaks of "a member of
staff", the one for a member of staff's names staff and speaks of "a pupil". Free words are left out: they may
name anybody; they stand in the case.
Source: SAFEGUARDING.md, "Outcome words", "Exports".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from mailguard.app.chronology import ChronologyEntry, case_chronology
from mailguard.app.effects_settings import Directory, DirectoryNow, EffectsSettings
from mailguard.app.event_words import event_words
from mailguard.app.export_making import ExportLedger, MadeExport, Maker, OpenCases
from mailguard.app.export_records import ExportKind, ExportPurpose
from mailguard.app.person_cases import SoughtPerson, cases_of, sought
from mailguard.app.ports_store import CaseRecord, Store, Transaction
from mailguard.app.report_words import SUBJECT_NOUNS, what_happened
from mailguard.app.safe_csv import csv_bytes
from mailguard.domain.words import PersonList

COLUMNS = (
    "Date",
    "Time",
    "UTC",
    "Case",
    "Category",
    "About",
    "What happened",
    "Done by",
    "Outcome",
    "Audit event",
)
_NOT_TOLD = ("effects:effect:not-needed", "effects:effect:done", "effects:answer:refused")


class Side(StrEnum):
    """Whose record the chronology is for."""

    PUPIL = "pupil"
    STAFF = "staff"


_SIDES = {PersonList.PUPILS: Side.PUPIL, PersonList.PARENTS: Side.PUPIL, PersonList.STAFF: Side.STAFF}
_KIND_WORDS = {"pupils": "a pupil", "parents": "a parent", "staff": "a member of staff"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChronologyExports:
    store: Store
    settings: EffectsSettings
    directory: DirectoryNow

    def of_case(
        self, case_id: str, side: Side, *, by: Maker, purpose: ExportPurpose, reason: str
    ) -> MadeExport:
        """Raises UnknownCase, ReasonMissing, TemporaryFailure."""
        with self.store.reading() as transaction:
            OpenCases(self.settings, self.directory).find(case_id, by, transaction)
        return self._make(case_id, None, side, by=by, purpose=purpose, reason=reason)

    def of_person(self, text: str, *, by: Maker, purpose: ExportPurpose, reason: str) -> MadeExport:
        """Of a person id or address. Raises UnknownPerson, ReasonMissing, TemporaryFailure."""
        who = sought(text, self.directory())
        side = _SIDES[who.list] if who.list is not None else Side.PUPIL
        return self._make("", who, side, by=by, purpose=purpose, reason=reason)

    def _make(
        self,
        case_id: str,
        who: SoughtPerson | None,
        side: Side,
        *,
        by: Maker,
        purpose: ExportPurpose,
        reason: str,
    ) -> MadeExport:
        ledger = ExportLedger(self.store)
        about = who.label if who is not None else ""
        export, _ = ledger.request(
            ExportKind.CHRONOLOGY,
            by=by,
            purpose=purpose,
            reason=reason,
            case_id=case_id,
            form=side.value,
            about=about,
        )
        open_cases = OpenCases(self.settings, self.directory)
        with self.store.reading() as transaction:
            if who is not None:
                cases = cases_of(who, transaction, open_cases, by)
            else:
                cases = (open_cases.find(case_id, by, transaction),)
            rows = [row for case in cases for row in self._rows(case, who, side, transaction)]
        name = f"chronology-{(case_id or about).replace('@', '-at-')}-{side.value}.csv"
        return ledger.made(
            export, csv_bytes(COLUMNS, rows), filename=name, media_type="text/csv; charset=utf-8", by=by
        )

    def _rows(
        self, case: CaseRecord, who: SoughtPerson | None, side: Side, transaction: Transaction
    ) -> Iterator[tuple[str, ...]]:
        # Without the case's effects, whose addresses the sentences would name.
        words = event_words(transaction, self.settings)
        about = _about(case, who, side, self.directory(), transaction)
        for number, entry in enumerate(case_chronology(case.id, transaction, words)):
            if entry.tag not in _NOT_TOLD:
                yield self._row(case, entry, about, is_first=number == 0)

    def _row(
        self, case: CaseRecord, entry: ChronologyEntry, about: str, *, is_first: bool
    ) -> tuple[str, ...]:
        local = entry.at.astimezone(self.settings.hours.zone)
        platform = self.settings.platform_name(str((case.decision.platform or {}).get("id") or ""))
        says = entry.says
        if is_first:
            says = f"{what_happened(case.decision, platform_name=platform)} {says}"
        return (
            local.strftime("%d/%m/%Y"),
            local.strftime("%H:%M"),
            entry.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            case.id,
            SUBJECT_NOUNS[case.decision.verdict],
            about,
            says,
            entry.actor,
            case.outcome.value if case.outcome else "",
            str(entry.seq),
        )


def _about(
    case: CaseRecord, who: SoughtPerson | None, side: Side, directory: Directory, transaction: Transaction
) -> str:
    """The persons of this side by name, the others by kind. For a person's chronology nobody else has a name."""
    lists: dict[str, str] = {}
    names: dict[str, str] = {}
    for person in case.decision.persons:
        person_id = str(person.get("id", ""))
        lists[person_id] = str(person.get("list", ""))
        names[person_id] = str(person.get("name", ""))
    for recipient in transaction.cases.recipients(case.id):
        known = directory.person(recipient.person_id) if recipient.person_id else None
        if known is not None:
            lists.setdefault(known.id, known.list.value)
            names.setdefault(known.id, known.name)
    words = []
    for person_id, list_name in lists.items():
        is_ours = list_name in set(PersonList) and _SIDES[PersonList(list_name)] is side
        is_named = is_ours if who is None else who.person is not None and who.person.id == person_id
        words.append(
            f"{names[person_id]} ({person_id})" if is_named else _KIND_WORDS.get(list_name, "somebody")
        )
    return "; ".join(dict.fromkeys(words))
