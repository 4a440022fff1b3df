"""A subject-access export: a draft whose items a reviewer decides, then the file for the person.

What was decided is kept with the export, encrypted; the trail has the numbers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mailguard.app.document import (
    Block,
    Document,
    Fields,
    Grid,
    Heading,
    Notice,
    Paragraph,
    Typesetter,
    Verbatim,
)
from mailguard.app.effects_settings import DirectoryNow, EffectsSettings
from mailguard.app.export_making import ExportLedger, MadeExport, Maker, OpenCases
from mailguard.app.export_records import ExportKind, ExportPurpose, ExportRecord, ExportState
from mailguard.app.person_cases import SoughtPerson, cases_of, sought
from mailguard.app.ports import BlobStore
from mailguard.app.ports_store import Store, Transaction
from mailguard.app.report_attachment import ReadMessage
from mailguard.app.safe_csv import csv_bytes
from mailguard.app.stored_zip import write_zip
from mailguard.app.subject_access import SubjectGathering, SubjectItem
from mailguard.domain.people import Person

REDACTION_COLUMNS = ("Item", "Case", "What", "Places", "What was done", "Why")
_MOST_FURTHER = 200


class UnknownDraft(LookupError):
    """No such draft of theirs, or it has been handed out already."""


class Undecided(ValueError):
    """``item_ids``: the items that nobody has decided."""

    def __init__(self, item_ids: Sequence[str]) -> None:
        super().__init__(f"{len(item_ids)} items are not decided: {', '.join(item_ids[:5])}")
        self.item_ids = tuple(item_ids)


@dataclass(frozen=True, slots=True)
class ItemDecision:
    """``why``: the reviewer's words for leaving it out, "" for the proposed reason."""

    is_given: bool
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectDraft:
    export: ExportRecord
    who: SoughtPerson
    items: tuple[SubjectItem, ...]
    further: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectAccess:
    """``roll``: everyone on the lists as they are now."""

    store: Store
    blobs: BlobStore
    read: ReadMessage
    settings: EffectsSettings
    directory: DirectoryNow
    roll: Callable[[], Sequence[Person]]
    typesetter: Typesetter

    def begin(self, text: str, *, by: Maker, reason: str) -> ExportRecord:
        """A draft about a person id or address. Raises UnknownPerson, ReasonMissing, TemporaryFailure."""
        who = sought(text, self.directory())
        about = text.strip() if "@" in text else who.label
        export, _ = ExportLedger(self.store).request(
            ExportKind.SUBJECT_ACCESS,
            by=by,
            purpose=ExportPurpose.SUBJECT_REQUEST,
            reason=reason,
            about=about,
        )
        return export

    def draft(self, export_id: str, *, by: Maker) -> SubjectDraft:
        """The items as they stand now. Raises UnknownDraft, UnknownPerson, TemporaryFailure."""
        with self.store.reading() as transaction:
            export = _own_draft(export_id, by, transaction)
            who = sought(export.about, self.directory())
            further = tuple(str(each) for each in export.choices.get("further", ()))
            gathering = SubjectGathering(
                who=who,
                directory=self.directory(),
                roll=self.roll(),
                settings=self.settings,
                blobs=self.blobs,
                read=self.read,
                further=further,
            )
            cases = cases_of(who, transaction, OpenCases(self.settings, self.directory), by)
            items = gathering.items(cases, transaction)
        return SubjectDraft(export=export, who=who, items=items, further=further)

    def take_out(self, export_id: str, words: Iterable[str], *, by: Maker) -> None:
        """Further words to take out of every item. Raises UnknownDraft."""
        wanted = tuple(dict.fromkeys(word.strip() for word in words if len(word.strip()) > 1))[:_MOST_FURTHER]
        with self.store.transaction() as transaction:
            export = _own_draft(export_id, by, transaction)
            transaction.exports.replace(replace(export, choices={**export.choices, "further": list(wanted)}))

    def make(self, export_id: str, decisions: Mapping[str, ItemDecision], *, by: Maker) -> MadeExport:
        """The ZIP. Raises UnknownDraft, Undecided, UnknownPerson, TemporaryFailure, PermanentFailure."""
        draft = self.draft(export_id, by=by)
        undecided = [item.id for item in draft.items if item.id not in decisions]
        if undecided:
            raise Undecided(undecided)
        given = [item for item in draft.items if decisions[item.id].is_given]
        left_out = [(item, decisions[item.id]) for item in draft.items if not decisions[item.id].is_given]
        content = self._file(draft, given, left_out)
        choices = {
            **draft.export.choices,
            "decisions": {
                item.id: {"is_given": decisions[item.id].is_given, "why": decisions[item.id].why}
                for item in draft.items
            },
        }
        name = draft.who.label.replace("@", "-at-")
        return ExportLedger(self.store).made(
            replace(draft.export, choices=choices),
            content,
            filename=f"subject-access-{name}.zip",
            media_type="application/zip",
            by=by,
        )

    def _file(
        self,
        draft: SubjectDraft,
        given: Sequence[SubjectItem],
        left_out: Sequence[tuple[SubjectItem, ItemDecision]],
    ) -> bytes:
        rows = _redaction_rows(given, left_out)
        document = _document(draft, given, rows, settings=self.settings)
        files = {
            "what-is-held.pdf": self.typesetter.pdf(document),
            "what-is-held.json": _json(draft, given),
            "what-was-taken-out.csv": csv_bytes(REDACTION_COLUMNS, rows),
        }
        return write_zip(files, at=draft.export.at)


def _own_draft(export_id: str, by: Maker, transaction: Transaction) -> ExportRecord:
    """Whoever began it goes on with it: the words taken out may come from cases that are closed to another."""
    export = transaction.exports.find(export_id)
    is_open = export is not None and export.kind is ExportKind.SUBJECT_ACCESS
    if export is None or not is_open or export.state is not ExportState.DRAFT or export.by != by.actor:
        raise UnknownDraft(export_id)
    return export


def _redaction_rows(
    given: Sequence[SubjectItem], left_out: Sequence[tuple[SubjectItem, ItemDecision]]
) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [
        (item.title, item.case_id, each.what, str(each.count), "replaced by a word in brackets", each.why)
        for item in given
        for each in item.redactions
    ]
    return rows + [
        (
            item.title,
            item.case_id,
            "the whole item",
            "1",
            "left out",
            decision.why or item.why_not or "the reviewer's decision",
        )
        for item, decision in left_out
    ]


def _document(
    draft: SubjectDraft,
    given: Sequence[SubjectItem],
    rows: Sequence[tuple[str, ...]],
    *,
    settings: EffectsSettings,
) -> Document:
    person = draft.who.person
    whom = person.name if person is not None else draft.who.label
    made = _date(draft.export.at, settings)
    blocks: list[Block] = [
        Paragraph(
            f"This is what {settings.school_name} holds about {whom} in its mail safeguarding system.",
            is_lead=True,
        ),
        Fields(
            (
                ("Sought by", ", ".join([*([person.id] if person else []), *draft.who.addresses])),
                ("Asked for", made),
                ("Items given", str(len(given))),
            )
        ),
        Notice(
            "What was taken out",
            "Words that would tell of other people were replaced by words in brackets; some items were left out. "
            "Each is listed at the end with the reason. You may ask the school to look at this again, and you may "
            "complain to the Information Commissioner (ico.org.uk).",
        ),
    ]
    case_id = None
    for item in given:
        if item.case_id != case_id:
            case_id = item.case_id
            blocks.append(Heading(f"Case {case_id}" if case_id else "On the school's lists"))
        blocks += [Heading(item.title, 2), Verbatim(item.text)]
    blocks += [
        Heading("What was taken out, and why"),
        Grid(
            ("Item", "Case", "What", "Places", "Why"),
            (3, 2, 2, 0.9, 3.4),
            tuple((row[0], row[1], row[2], row[3], row[5]) for row in rows),
            empty="Nothing was taken out.",
        ),
        Heading("How mail is judged"),
        Paragraph(
            "A programme compares senders and recipients with the school's lists of pupils, parents and staff and, "
            "by a trained model, judges what a message is about. It can hold a message and tell the Designated Child "
            "Protection Officer; people decide what follows. Its rules are the school's social networking policy."
        ),
    ]
    return Document(
        title=f"What is held about {whom}",
        subtitle=f"Answer to a subject access request of {made}",
        organisation=settings.school_name,
        made_at=draft.export.at,
        running="Subject access",
        foot="Personal: for the person it is about.",
        blocks=tuple(blocks),
    )


def _json(draft: SubjectDraft, given: Sequence[SubjectItem]) -> bytes:
    value = {
        "format": "mailguard-subject-access-1",
        "about": draft.who.label,
        "items": [
            {
                "id": item.id,
                "case": item.case_id,
                "kind": item.kind.value,
                "text": item.text,
                "taken_out": [
                    {"what": each.what, "why": each.why, "places": each.count} for each in item.redactions
                ],
            }
            for item in given
        ],
    }
    return (json.dumps(value, indent=1, ensure_ascii=True) + "\n").encode("ascii")


def _date(at: datetime, settings: EffectsSettings) -> str:
    return at.astimezone(settings.hours.zone).strftime("%d %B %Y")
