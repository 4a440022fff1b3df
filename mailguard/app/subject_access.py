"""What is held about a person, gathered as items that a reviewer confirms one by one.

Other people are taken out of every item. What somebody else wrote is proposed to be left out; what the person
wrote, and the facts on record, are proposed to be given. Nothing is handed out before each item was decided.
Source: UK GDPR article 15 and Data Protection Act 2018, schedule 2 (rights of others); issue "Exports".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mailguard.app.chronology import case_chronology
from mailguard.app.effects_settings import Directory, EffectsSettings
from mailguard.app.event_words import EventWords, event_words
from mailguard.app.own_mail import one_line
from mailguard.app.person_cases import SoughtPerson
from mailguard.app.ports import BlobStore, PermanentFailure
from mailguard.app.ports_store import CaseRecord, MessageRecord, Transaction
from mailguard.app.redaction import Redacted, Redaction, Redactor
from mailguard.app.report_attachment import ReadMessage
from mailguard.app.report_words import SUBJECT_NOUNS, what_happened
from mailguard.domain.message import MessageFacts
from mailguard.domain.people import Person


class ItemKind(StrEnum):
    LIST_ENTRY = "list-entry"
    CASE = "case"
    ENVELOPE = "envelope"
    OWN_WORDS = "own-words"
    OTHERS_WORDS = "others-words"
    CHRONOLOGY = "chronology"
    REASON = "reason"


_TITLES = {
    ItemKind.LIST_ENTRY: "What the school's lists say",
    ItemKind.CASE: "The case",
    ItemKind.ENVELOPE: "Who wrote to whom, when",
    ItemKind.OWN_WORDS: "Words the person wrote",
    ItemKind.OTHERS_WORDS: "Words somebody else wrote",
    ItemKind.CHRONOLOGY: "What was done",
    ItemKind.REASON: "Reasons that reviewers gave",
}
_WHY_LEFT_OUT = {
    ItemKind.OTHERS_WORDS: "somebody else wrote it",
    ItemKind.REASON: "it is the opinion of another person",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectItem:
    """One thing held. ``text`` is redacted already. ``is_proposed``: to be given, unless the reviewer says no.

    ``why_not``: why it is proposed to be left out, "" when it is not.
    """

    id: str
    case_id: str
    kind: ItemKind
    title: str
    text: str
    redactions: tuple[Redaction, ...]
    is_proposed: bool
    why_not: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectGathering:
    """Gathers the items of one person. ``roll``: everyone on the lists."""

    who: SoughtPerson
    directory: Directory
    roll: Sequence[Person]
    settings: EffectsSettings
    blobs: BlobStore
    read: ReadMessage
    further: Sequence[str] = ()

    def items(self, cases: Iterable[CaseRecord], transaction: Transaction) -> tuple[SubjectItem, ...]:
        """In order: the list entry, then case by case. Raises TemporaryFailure when the store does not answer."""
        words = event_words(transaction, self.settings)
        found = list(self._list_entry())
        for case in cases:
            found += self._of_case(case, words, transaction)
        return tuple(found)

    def _list_entry(self) -> Iterator[SubjectItem]:
        person = self.who.person
        if person is None:
            return
        rows = [
            ("Id", person.id),
            ("Name", person.name),
            ("List", f"{person.list.value} ({person.source})"),
            ("Addresses", ", ".join(person.addresses)),
            ("Account names", ", ".join(person.handles)),
            ("Year", person.year),
            ("Role", person.role),
        ]
        text = "\n".join(f"{label}: {value}" for label, value in rows if value)
        yield self._item("", ItemKind.LIST_ENTRY, 0, Redacted(text=text, redactions=()))

    def _of_case(
        self, case: CaseRecord, words: EventWords, transaction: Transaction
    ) -> Iterator[SubjectItem]:
        messages = transaction.cases.messages(case.id)
        read = [(message, self._facts(message)) for message in messages]
        redactor = self._redactor(case, read, words, transaction)
        yield self._item(case.id, ItemKind.CASE, 0, redactor.redact(self._case_text(case)))
        for number, (message, facts) in enumerate(read):
            yield self._item(
                case.id, ItemKind.ENVELOPE, number, redactor.redact(self._envelope(message, facts))
            )
            yield from self._words(case.id, number, message, facts, redactor)
        lines = [
            f"{self._time(entry.at)}  {entry.says}" for entry in case_chronology(case.id, transaction, words)
        ]
        yield self._item(case.id, ItemKind.CHRONOLOGY, 0, redactor.redact("\n".join(lines)))
        for number, review in enumerate(transaction.cases.reviews(case.id)):
            if review.reason:
                text = f"{self._time(review.at)}  {review.decision.value}: {review.reason}"
                yield self._item(case.id, ItemKind.REASON, number, redactor.redact(text))

    def _words(
        self,
        case_id: str,
        number: int,
        message: MessageRecord,
        facts: MessageFacts | None,
        redactor: Redactor,
    ) -> Iterator[SubjectItem]:
        if facts is None:
            return
        own = "\n".join(
            part for part in (facts.subject, facts.own_text, facts.signature_text) if part.strip()
        )
        others = "\n".join(part for part in (facts.quoted_text, facts.forwarded_text) if part.strip())
        is_own = self._wrote(message)
        if own:
            kind = ItemKind.OWN_WORDS if is_own else ItemKind.OTHERS_WORDS
            yield self._item(case_id, kind, number, redactor.redact(own))
        if others:
            # What a message quotes may be the person's own; nobody can be sure of it by machine.
            text = f"[quoted or forwarded]\n{others}"
            yield self._item(case_id, ItemKind.OTHERS_WORDS, 1000 + number, redactor.redact(text))

    def _redactor(
        self,
        case: CaseRecord,
        read: Sequence[tuple[MessageRecord, MessageFacts | None]],
        words: EventWords,
        transaction: Transaction,
    ) -> Redactor:
        own_id = self.who.person.id if self.who.person is not None else ""
        involved = [
            str(person.get("name", ""))
            for decision in (case.decision, *(message.decision for message, _ in read))
            for person in decision.persons
            if person.get("id") != own_id
        ]
        for recipient in transaction.cases.recipients(case.id):
            person = self.directory.person(recipient.person_id) if recipient.person_id else None
            if person is not None and person.id != own_id:
                involved.append(person.name)
        for _, facts in read:
            if facts is not None:
                involved += [
                    mailbox.display_name
                    for mailbox in (*facts.mailboxes, *facts.forwarded_senders)
                    if mailbox.address.lower() not in self.who.addresses
                ]
        # The name that a platform's mail bears is nobody's.
        platform = self.settings.platform_name(str((case.decision.platform or {}).get("id") or ""))
        involved = [name for name in involved if name.strip().casefold() != platform.casefold()]
        involved += words.names.values()
        involved += [contact.name for contact in self.settings.contacts.values()]
        own_name = self.who.person.name if self.who.person is not None else ""
        return Redactor(
            own_names=[own_name] if own_name else (),
            own_addresses=self.who.addresses,
            involved=[name for name in involved if name != own_name],
            roll=[person for person in self.roll if person.id != own_id],
            further=self.further,
        )

    def _facts(self, message: MessageRecord) -> MessageFacts | None:
        try:
            raw = self.blobs.get(message.blob_id)
        except PermanentFailure:
            return None
        try:
            return self.read(raw)
        except Exception:
            # A message that cannot be taken apart has no words to give; its envelope is an item all the same.
            return None

    def _wrote(self, message: MessageRecord) -> bool:
        named = f"{message.sender} {message.mail_from}".lower()
        return any(address in named for address in self.who.addresses)

    def _case_text(self, case: CaseRecord) -> str:
        decision = case.decision
        platform = self.settings.platform_name(str((decision.platform or {}).get("id") or ""))
        rows = [
            ("Case", case.id),
            ("Opened", self._time(case.opened_at)),
            ("Kind", f"{SUBJECT_NOUNS[decision.verdict]}, level {int(decision.level)}"),
            ("What happened", what_happened(decision, platform_name=platform)),
            ("Policy", f"row {decision.row}, section {decision.clause}"),
            ("State", case.state.value),
            ("Outcome", case.outcome.value if case.outcome else "none recorded"),
        ]
        return "\n".join(f"{label}: {value}" for label, value in rows)

    def _envelope(self, message: MessageRecord, facts: MessageFacts | None) -> str:
        to = (
            ", ".join(
                f"{mailbox.display_name} <{mailbox.address}>".strip() for mailbox in facts.named("To", "Cc")
            )
            if facts is not None
            else ""
        )
        rows = [
            ("From", one_line(message.sender)),
            ("To", one_line(to)),
            ("Received", self._time(message.received_at)),
            ("Size", f"{message.size_bytes} bytes"),
            ("Attachments", str(len(facts.attachments)) if facts is not None else "not known"),
            ("SHA-256", message.sha256),
        ]
        return "\n".join(f"{label}: {value}" for label, value in rows if value)

    def _item(self, case_id: str, kind: ItemKind, number: int, redacted: Redacted) -> SubjectItem:
        why_not = _WHY_LEFT_OUT.get(kind, "")
        return SubjectItem(
            id=".".join(part for part in (case_id, kind.value, str(number)) if part),
            case_id=case_id,
            kind=kind,
            title=_TITLES[kind],
            text=redacted.text,
            redactions=redacted.redactions,
            is_proposed=not why_not,
            why_not=why_not,
        )

    def _time(self, at: datetime) -> str:
        return at.astimezone(self.settings.hours.zone).strftime("%a %d %b %Y %H:%M")
