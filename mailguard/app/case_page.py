"""One case as its reader sees it: what happened, why we think so, who was told, the message, what can be done.

Opening a case is on the record before anything of it is shown. A case that is closed to somebody does not exist
for them, also as "another case of the same child". Source: issue "review page", screen 2; UX.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from mailguard.app.account_records import Account
from mailguard.app.actor_names import ActorNames
from mailguard.app.case_deciding import undo_until
from mailguard.app.chronology import ChronologyEntry, Told, case_chronology, who_was_told
from mailguard.app.effects_settings import Directory, DirectoryNow, EffectsSettings
from mailguard.app.event_words import EventWords
from mailguard.app.message_view import MessageView, ReadMessage, lost_message, view_message
from mailguard.app.ports import BlobStore, PermanentFailure
from mailguard.app.ports_store import (
    AuditEntry,
    CaseFilter,
    CaseRecord,
    EffectRecord,
    MessageRecord,
    RecipientRecord,
    ReviewRecord,
    Store,
    Transaction,
)
from mailguard.app.report import (
    SILENT_SIGNALS,
    other_persons,
    person_words,
    plain_reason,
    weighing_words,
)
from mailguard.app.report_words import (
    is_outgoing,
    is_written,
    nature_words,
    next_steps,
    what_happened,
    what_was_done,
)
from mailguard.app.review_queue import CaseQueue, QueueRow
from mailguard.app.review_words import (
    is_child_contact,
    may_endanger_a_child,
    recipient_name,
    recipient_says,
)
from mailguard.domain.audit import AuditTag
from mailguard.domain.case import CaseState, EffectKind, EffectState, Outcome
from mailguard.domain.label import Label
from mailguard.domain.words import Level, PersonList, Role

SHOWN_MESSAGES = 5
_RELATED_PEOPLE = 3
_RELATED_CASES = 6
_THREAD_REFERENCES = 20
_GRAVE = frozenset({"disclosure", "allegation", "threat", "meeting_or_secrecy", "image"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason in words. ``source``: where it comes from, such as "lists/pupils.csv:4"."""

    says: str
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    number: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientRow:
    record: RecipientRecord
    name: str
    says: str
    is_subject: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedCases:
    """The newest other cases that name one person; ``title`` says whom."""

    person_id: str
    title: str
    rows: tuple[QueueRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """Who has read the case: by name, how often, when last."""

    who: str
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePage:
    """``next_step``: acknowledge | decide | undo | done. ``label``: the word in which the model was
    told what it was, "" for nothing; ``taught``: what it may learn from that.

    ``undo_at``: until when the decision can be taken back, None when it cannot.
    """

    case: CaseRecord
    headline: str
    done: str
    is_alarming: bool
    is_outgoing: bool
    is_child_contact: bool
    is_grave: bool
    platform: str
    persons: tuple[str, ...]
    reasons: tuple[Reason, ...]
    row_says: str
    clauses: tuple[Clause, ...]
    steps: tuple[str, ...]
    recipients: tuple[RecipientRow, ...]
    messages: tuple[MessageView, ...]
    message_count: int
    chronology: tuple[ChronologyEntry, ...]
    views: tuple[Views, ...]
    told: tuple[Told, ...]
    failures: tuple[str, ...]
    thread: tuple[QueueRow, ...]
    of_children: tuple[RelatedCases, ...]
    of_staff: tuple[RelatedCases, ...]
    next_step: str
    acknowledged_by: str
    decided_by: str
    reason: str
    label: str
    taught: Label | None
    outcome: Outcome | None
    undo_at: datetime | None
    is_releasing: bool
    sender_address: str

    @property
    def is_passed_on(self) -> bool:
        """Whether somebody further in the chain was told, because nobody had acknowledged in time."""
        return any(entry.tag == AuditTag.CASE_ESCALATED for entry in self.chronology)

    @property
    def held(self) -> tuple[RecipientRow, ...]:
        return tuple(each for each in self.recipients if each.record.state.is_held)


class CasePages:
    """``html_of``: the HTML of a message, "" without one (``reading.parts.html_of``)."""

    def __init__(
        self,
        store: Store,
        blobs: BlobStore,
        queue: CaseQueue,
        *,
        read: ReadMessage,
        html_of: Callable[[bytes], str],
        settings: EffectsSettings,
        directory: DirectoryNow,
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._queue = queue
        self._read = read
        self._html_of = html_of
        self._settings = settings
        self._directory = directory

    def open(self, case_id: str, account: Account, *, first_message: int = 1) -> CasePage | None:
        """Record the view, then gather. None when the case does not exist for this person.

        ``first_message``: from which message on, counted from 1, when a case has many. Raises TemporaryFailure.
        """
        if not self.record_view(case_id, account, view="page"):
            return None
        with self._store.reading() as transaction:
            gathered = self._gather(case_id, account, transaction)
        shown = gathered.messages[first_message - 1 :][:SHOWN_MESSAGES]
        views = tuple(
            self._message(message, number) for number, message in enumerate(shown, start=first_message)
        )
        return self._page(gathered, views)

    def record_view(self, case_id: str, account: Account, *, view: str) -> bool:
        """False, and nothing is recorded, when the case does not exist for this person."""
        with self._store.transaction() as transaction:
            if not self._queue.is_open_to(case_id, account, transaction):
                return False
            transaction.queue.see(case_id, person=account.id)
            transaction.audit.append(
                AuditEntry(
                    tag=AuditTag.CASE_VIEWED,
                    actor=account.id,
                    case_id=case_id,
                    detail={"view": view, "role": account.role},
                )
            )
            return True

    def _message(self, message: MessageRecord, number: int) -> MessageView:
        try:
            raw = self._blobs.get(message.blob_id)
        except PermanentFailure:
            return lost_message(message, number=number)
        return view_message(
            message, raw, self._read, number=number, has_html=bool(self._html_of(raw).strip())
        )

    def _gather(self, case_id: str, account: Account, transaction: Transaction) -> _Gathered:
        case = transaction.cases.find(case_id)
        assert case is not None
        directory = self._directory()
        effects = transaction.effects.matching(case_id=case_id)
        recipients = transaction.cases.recipients(case_id)
        words = EventWords(
            role_titles={role: self._settings.title(role) for role in Role},
            effects={effect.id: effect for effect in effects},
            people={each.address.lower(): recipient_name(each, directory) for each in recipients},
        )
        chronology = case_chronology(
            case_id,
            transaction,
            words,
        )
        messages = transaction.cases.messages(case_id)
        example = transaction.learning.of_case(case_id)
        return _Gathered(
            case=case,
            messages=messages,
            recipients=recipients,
            reviews=transaction.cases.reviews(case_id),
            effects=effects,
            chronology=chronology,
            told=who_was_told(effects, chronology, words),
            taught=example.label if example is not None else None,
            names=_resolved(chronology, case, transaction, self._settings, directory),
            thread=self._thread(case, messages, account, transaction),
            of_children=self._of_children(case, account, transaction),
            of_staff=self._of_staff(case, recipients, account, transaction, directory),
        )

    def _thread(
        self,
        case: CaseRecord,
        messages: Sequence[MessageRecord],
        account: Account,
        transaction: Transaction,
    ) -> tuple[QueueRow, ...]:
        """Cases of messages that this one answers."""
        if not messages:
            return ()
        try:
            facts = self._read(self._blobs.get(messages[0].blob_id))
        except PermanentFailure:
            return ()
        named = " ".join((facts.header("references"), facts.header("in-reply-to"))).split()
        ids: dict[str, None] = {}
        for reference in list(dict.fromkeys(named))[-_THREAD_REFERENCES:]:
            found = transaction.cases.matching(CaseFilter(header_message_id=reference, limit=3))
            ids.update((each.id, None) for each in found if each.id != case.id)
        return self._queue.rows_of(tuple(ids), account, transaction)

    def _of_children(
        self, case: CaseRecord, account: Account, transaction: Transaction
    ) -> tuple[RelatedCases, ...]:
        people = [(str(each.get("id")), str(each.get("name"))) for each in other_persons(case.decision)]
        return self._related(people, case, account, transaction)

    def _of_staff(
        self,
        case: CaseRecord,
        recipients: Sequence[RecipientRecord],
        account: Account,
        transaction: Transaction,
        directory: Directory,
    ) -> tuple[RelatedCases, ...]:
        people = [
            (str(each.get("id")), str(each.get("name")))
            for each in case.decision.persons
            if each.get("list") == PersonList.STAFF.value
        ]
        people += [(each.person_id, recipient_name(each, directory)) for each in recipients if each.person_id]
        return self._related(people, case, account, transaction)

    def _related(
        self,
        people: Sequence[tuple[str, str]],
        case: CaseRecord,
        account: Account,
        transaction: Transaction,
    ) -> tuple[RelatedCases, ...]:
        found = []
        for person_id, name in list(dict(people).items())[:_RELATED_PEOPLE]:
            rows = self._queue.of_person(person_id, account, transaction, limit=_RELATED_CASES + 1)
            others = tuple(row for row in rows if row.case.id != case.id)[:_RELATED_CASES]
            if others:
                found.append(RelatedCases(person_id=person_id, title=name or person_id, rows=others))
        return tuple(found)

    def _page(self, gathered: _Gathered, views: tuple[MessageView, ...]) -> CasePage:
        case, decision = gathered.case, gathered.case.decision
        platform = self._settings.platform_name(str(decision.platform.get("id"))) if decision.platform else ""
        outgoing = is_outgoing(decision)
        releases = [effect for effect in gathered.effects if effect.kind is EffectKind.RELEASE]
        undo_at = undo_until(gathered.reviews, releases) if case.state is CaseState.DECIDED else None
        review = gathered.reviews[-1] if gathered.reviews and case.state is CaseState.DECIDED else None
        is_held = any(each.state.is_held for each in gathered.recipients)
        directory = self._directory()
        return CasePage(
            case=case,
            headline=what_happened(decision, platform_name=platform),
            done=what_was_done(gathered.recipients, is_outgoing=outgoing),
            is_alarming=may_endanger_a_child(case),
            is_outgoing=outgoing,
            is_child_contact=is_child_contact(decision),
            is_grave=decision.nature in _GRAVE or decision.level >= Level.URGENT,
            platform=platform,
            persons=tuple(person_words(person) for person in other_persons(decision)),
            reasons=_reasons(case, platform),
            row_says=str(decision.further.get("clause_words") or ""),
            clauses=_clauses(decision.clause, self._settings),
            steps=next_steps(decision, is_held=is_held)[1:],
            recipients=_recipient_rows(case, gathered.recipients, directory),
            messages=views,
            message_count=len(gathered.messages),
            chronology=_without_views(gathered),
            views=_views(gathered),
            told=gathered.told,
            failures=_failures(gathered.effects, self._settings),
            thread=gathered.thread,
            of_children=gathered.of_children,
            of_staff=gathered.of_staff,
            next_step=_next_step(case, undo_at),
            acknowledged_by=gathered.names.get(case.acknowledged_by, ""),
            decided_by=gathered.names.get(case.decided_by, ""),
            reason=review.reason if review is not None else "",
            label=review.label if review is not None else "",
            taught=gathered.taught,
            outcome=case.outcome,
            undo_at=undo_at,
            is_releasing=any(effect.state is EffectState.PENDING for effect in releases),
            sender_address=_sender_address(gathered.messages),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gathered:
    """What one reading transaction gave. ``names``: of every actor, by id."""

    case: CaseRecord
    messages: tuple[MessageRecord, ...]
    recipients: tuple[RecipientRecord, ...]
    reviews: tuple[ReviewRecord, ...]
    effects: tuple[EffectRecord, ...]
    chronology: tuple[ChronologyEntry, ...]
    told: tuple[Told, ...]
    names: dict[str, str]
    taught: Label | None
    thread: tuple[QueueRow, ...]
    of_children: tuple[RelatedCases, ...]
    of_staff: tuple[RelatedCases, ...]


def _resolved(
    chronology: Sequence[ChronologyEntry],
    case: CaseRecord,
    transaction: Transaction,
    settings: EffectsSettings,
    directory: Directory,
) -> dict[str, str]:
    names = ActorNames(transaction, settings, directory)
    actors = {entry.actor for entry in chronology} | {case.acknowledged_by, case.decided_by}
    return {actor: names.of(actor) for actor in actors}


def _reasons(case: CaseRecord, platform: str) -> tuple[Reason, ...]:
    """The signals in words, then what the model or the wording says of the message's nature."""
    decision = case.decision
    found = [
        Reason(
            says=plain_reason(str(signal.get("says", "")), decision, platform),
            source=str(signal.get("source", "")),
        )
        for signal in decision.signals
        if signal.get("code") not in SILENT_SIGNALS
    ]
    nature = "" if is_written(decision) else nature_words(decision.nature)
    if nature:
        found.append(Reason(says=f"the message {nature}{weighing_words(decision)}", source=_model(case)))
    return tuple(dict.fromkeys(found))


def _model(case: CaseRecord) -> str:
    """How sure the model was, where it was; the wording or the structure may have told the nature instead."""
    decision = case.decision
    natures = decision.scores.get("nature") if isinstance(decision.scores.get("nature"), dict) else {}
    likelihood = (natures or {}).get(decision.nature or "")
    if not isinstance(likelihood, int | float) or likelihood < 0.5:
        return ""
    percent = round(float(likelihood) * 100)
    # A likelihood is never a certainty, however it rounds.
    return f"the model is {'over 99' if percent > 99 else percent} % sure"


def _clauses(cited: str, settings: EffectsSettings) -> tuple[Clause, ...]:
    numbers = [number.strip() for number in cited.split(",") if number.strip()]
    return tuple(Clause(number=number, text=settings.clauses.get(number, "")) for number in numbers)


def _recipient_rows(
    case: CaseRecord, recipients: Sequence[RecipientRecord], directory: Directory
) -> tuple[RecipientRow, ...]:
    subjects = {subject.lower() for subject in case.decision.subjects}
    return tuple(
        RecipientRow(
            record=each,
            name=recipient_name(each, directory),
            says=recipient_says(each),
            is_subject=bool({each.address.lower(), each.person_id.lower()} & subjects),
        )
        for each in recipients
    )


def _without_views(gathered: _Gathered) -> tuple[ChronologyEntry, ...]:
    return tuple(
        ChronologyEntry(
            at=entry.at,
            seq=entry.seq,
            tag=entry.tag,
            title=entry.title,
            says=entry.says,
            actor=gathered.names.get(entry.actor, entry.actor),
            is_shared=entry.is_shared,
        )
        for entry in gathered.chronology
        if entry.tag != AuditTag.CASE_VIEWED
    )


def _views(gathered: _Gathered) -> tuple[Views, ...]:
    seen: dict[str, Views] = {}
    for entry in gathered.chronology:
        if entry.tag == AuditTag.CASE_VIEWED:
            who = gathered.names.get(entry.actor, entry.actor)
            count = seen[who].count + 1 if who in seen else 1
            seen[who] = Views(who=who, count=count, last_at=entry.at)
    return tuple(seen.values())


def _failures(effects: Sequence[EffectRecord], settings: EffectsSettings) -> tuple[str, ...]:
    """What could not be done, or has not been done yet though it was tried."""
    found = []
    for effect in effects:
        what = {
            EffectKind.REPORT: "The report",
            EffectKind.RELEASE: "The release",
            EffectKind.MOVE: "Taking the message out of the mailbox",
            EffectKind.STAFF_NOTICE: "The notice to the member of staff",
            EffectKind.SECOND_CHANNEL: "The notice by the second channel",
        }.get(effect.kind, "An effect")
        to = f" to the {settings.title(Role(effect.role))}" if effect.role in set(Role) else ""
        if effect.state is EffectState.FAILED:
            found.append(f"{what}{to} failed and will not be tried again.")
        elif effect.state is EffectState.PENDING and effect.last_error:
            found.append(f"{what}{to} has not succeeded yet; it is tried again.")
    return tuple(dict.fromkeys(found))


def _next_step(case: CaseRecord, undo_at: datetime | None) -> str:
    match case.state:
        case CaseState.NEW:
            return "acknowledge"
        case CaseState.ACKNOWLEDGED:
            return "decide"
        case CaseState.DECIDED:
            return "done" if undo_at is None else "undo"


def _sender_address(messages: Sequence[MessageRecord]) -> str:
    """The bare address of the first message's sender, for a list's form."""
    if not messages:
        return ""
    sender = messages[0].sender
    inside = sender.rpartition("<")[2].partition(">")[0]
    return inside.strip() or messages[0].mail_from
