"""The review page's first screen: what waits, in the order in which it should be met, for one person.

Whatever somebody asks for, a case that is closed to them does not exist: in rows, in counts, in searches. An
admin gets ids, states and counts; the Chair of Governors gets what is closed to the Head and what was reported
to the Chair. Source: DECISIONS, rule 3; issue "review page", screen 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from mailguard.app.account_records import Account
from mailguard.app.actor_names import ActorNames
from mailguard.app.case_words import case_noun, why_in_short
from mailguard.app.effects_settings import DirectoryNow, EffectsSettings
from mailguard.app.ports import Clock
from mailguard.app.ports_queue import QueueEntry, QueueFilter, ReaderKeys
from mailguard.app.ports_store import AuditEntry, CaseRecord, DecisionRecord, Store, Transaction
from mailguard.app.queue_search import Sought, read_search
from mailguard.app.readers import Readers
from mailguard.app.report_words import SUBJECT_NOUNS, what_happened
from mailguard.app.review_words import held_words, may_endanger_a_child, to_words, who_words
from mailguard.domain.account import SiteRole
from mailguard.domain.audit import AuditTag
from mailguard.domain.people import Person
from mailguard.domain.queue_order import QueueGroup, queue_group
from mailguard.domain.words import Role, Verdict

# The digest counts the same rows as one line: see digest_material.py.
CLUTTER_ROWS = frozenset({"P9"})
MOST_COUNTED = 1_000
# So many of the cases that somebody opened last are searched for words of their subjects.
MOST_OPENED = 500
WAITING = frozenset({QueueGroup.UNACKNOWLEDGED, QueueGroup.ACKNOWLEDGED, QueueGroup.WAITING})


class QueueShow(StrEnum):
    """Which part of the queue. ``clutter``: platform mail that names nobody on the lists and may be closed at once."""

    WAITING = "waiting"
    CLUTTER = "clutter"
    SHADOW = "shadow"
    DECIDED = "decided"
    ALL = "all"


_GROUPS = {
    QueueShow.WAITING: WAITING,
    QueueShow.CLUTTER: frozenset({QueueGroup.WAITING}),
    QueueShow.SHADOW: frozenset({QueueGroup.SHADOW}),
    QueueShow.DECIDED: frozenset({QueueGroup.DECIDED}),
    QueueShow.ALL: None,
}


class QueueAge(StrEnum):
    ANY = ""
    TODAY = "day"
    WEEK = "week"
    OLDER = "older"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueChoice:
    """What a person asked to see; "" and None mean any."""

    show: QueueShow = QueueShow.WAITING
    verdict: Verdict | None = None
    level: int | None = None
    platform: str = ""
    staff_id: str = ""
    age: QueueAge = QueueAge.ANY
    words: str = ""

    @property
    def is_narrowed(self) -> bool:
        return bool(self.verdict or self.level or self.platform or self.staff_id or self.age or self.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """One case in words. Of an admin's rows ``who``, ``to`` and ``platform`` are ""."""

    case: CaseRecord
    group: QueueGroup
    place: str
    noun: str
    says: str
    who: str
    to: str
    held: str
    platform: str
    message_count: int
    recipient_count: int
    held_count: int
    is_unread: bool
    is_alarming: bool
    decided_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePage:
    """``total``: of everything that fits, not of this page; MOST_COUNTED stands for more. ``next_after``: where
    the next page begins, None at the end. ``sought``: what the search's words were taken for, None without a search.
    """

    rows: tuple[QueueRow, ...]
    total: int
    next_after: tuple[str, str] | None
    sought: Sought | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCounts:
    """``last_check``: when a mailbox was last looked through, None where none is watched."""

    waiting: int
    unacknowledged: int
    shadow: int
    last_check: datetime | None


class CaseQueue:
    """``people``: everybody on the lists as they are now, for searching by name."""

    def __init__(
        self,
        store: Store,
        *,
        settings: EffectsSettings,
        directory: DirectoryNow,
        people: Callable[[], Iterable[Person]],
        clock: Clock,
    ) -> None:
        self._store = store
        self._settings = settings
        self._directory = directory
        self._people = people
        self._clock = clock

    def page(
        self,
        choice: QueueChoice,
        account: Account,
        *,
        after: tuple[str, str] | None = None,
        limit: int = 50,
    ) -> QueuePage:
        """Raises TemporaryFailure. A search is on the record: who, how many found, which people; not the words."""
        sought = self._sought(choice) if choice.words else None
        wanted = self._filter(choice, account, sought, after=after, limit=limit + 1)
        with self._store.reading() as transaction:
            entries: tuple[QueueEntry, ...] = ()
            total = 0
            by_subject = _by_subject(sought, account, transaction)
            if by_subject:
                wanted = replace(wanted, case_ids=(*wanted.case_ids, *by_subject))
            if sought is None or by_subject or not sought.is_empty:
                entries = transaction.queue.page(wanted, person=account.id)
                total = self._total(wanted, entries, transaction)
            names = ActorNames(transaction, self._settings, self._directory())
            rows = tuple(self._row(entry, account, names) for entry in entries[:limit])
        if sought is not None:
            self._record_search(sought, account, found=total)
        last = rows[-1] if len(entries) > limit else None
        return QueuePage(
            rows=rows,
            total=total,
            next_after=None if last is None else (last.place, last.case.id),
            sought=sought,
        )

    def _total(self, wanted: QueueFilter, entries: Sequence[QueueEntry], transaction: Transaction) -> int:
        if wanted.after is None and len(entries) < wanted.limit:
            return len(entries)
        return transaction.queue.count(replace(wanted, after=None, limit=MOST_COUNTED))

    def counts(self, account: Account) -> QueueCounts:
        with self._store.reading() as transaction:
            return self._counts(account, transaction)

    def is_open_to(self, case_id: str, account: Account, transaction: Transaction) -> bool:
        """Whether this case exists for that person."""
        case = transaction.cases.find(case_id)
        role = account.role.chain_role
        if case is None or not self._readers.may_see(account.address, case.decision, role=role):
            return False
        return transaction.queue.has(case_id, self._part_of(account))

    def all_ids(self, choice: QueueChoice, account: Account, *, limit: int) -> tuple[str, ...]:
        """The ids of everything that fits, at most ``limit``: what a bulk act would concern."""
        wanted = self._filter(choice, account, None, limit=limit)
        with self._store.reading() as transaction:
            return tuple(entry.case.id for entry in transaction.queue.page(wanted, person=account.id))

    def rows_of(
        self, case_ids: tuple[str, ...], account: Account, transaction: Transaction
    ) -> tuple[QueueRow, ...]:
        """Those of the cases that exist for ``account``."""
        if not case_ids:
            return ()
        return self._rows(replace(self._part_of(account), case_ids=case_ids), account, transaction)

    def of_person(
        self, person_id: str, account: Account, transaction: Transaction, *, limit: int
    ) -> tuple[QueueRow, ...]:
        """The newest cases that name one person, open and decided; those closed to ``account`` left out."""
        part = self._part_of(account)
        wanted = replace(part, person_ids=(person_id,), limit=limit, is_newest_first=True)
        return self._rows(wanted, account, transaction)

    def _rows(self, wanted: QueueFilter, account: Account, transaction: Transaction) -> tuple[QueueRow, ...]:
        names = ActorNames(transaction, self._settings, self._directory())
        entries = transaction.queue.page(wanted, person=account.id)
        return tuple(self._row(entry, account, names) for entry in entries)

    def keys_of(self, account: Account) -> ReaderKeys:
        """By what a case is closed to somebody: person, address, and every role they hold."""
        address = account.address.lower()
        roles = {
            role for role, contact in self._settings.contacts.items() if contact.address.lower() == address
        }
        if account.role.chain_role is not None:
            roles.add(account.role.chain_role)
        return self._keys(account.address, tuple(role for role in Role if role in roles))

    @property
    def _readers(self) -> Readers:
        return Readers(settings=self._settings, directory=self._directory())

    def _keys(self, address: str, roles: tuple[Role, ...]) -> ReaderKeys:
        persons = self._readers.person_ids(address)
        return ReaderKeys(subjects=tuple(sorted({*persons, address, address.lower()})), roles=roles)

    def _part_of(self, account: Account) -> QueueFilter:
        """Everything that exists for this person: of the Chair a part, of everybody else all but their own cases."""
        own = QueueFilter(closed_to=self.keys_of(account))
        if account.role is not SiteRole.CHAIR:
            return own
        head = self._settings.contacts.get(Role.HEAD)
        closed = (
            self._keys(head.address, (Role.HEAD,)) if head is not None else ReaderKeys(roles=(Role.HEAD,))
        )
        return replace(own, only_closed_to=closed, or_told=Role.CHAIR)

    def _filter(
        self,
        choice: QueueChoice,
        account: Account,
        sought: Sought | None,
        *,
        after: tuple[str, str] | None = None,
        limit: int = 0,
    ) -> QueueFilter:
        opened_from, opened_before = self._between(choice.age)
        return replace(
            self._part_of(account),
            groups=_GROUPS[choice.show],
            rows=CLUTTER_ROWS if choice.show is QueueShow.CLUTTER else None,
            verdicts=None if choice.verdict is None else {choice.verdict},
            level=choice.level,
            opened_from=opened_from,
            opened_before=opened_before,
            platform=choice.platform,
            staff_id=choice.staff_id,
            case_ids=() if sought is None else sought.case_ids,
            addresses=() if sought is None else sought.addresses,
            person_ids=() if sought is None else tuple(person.id for person in sought.people),
            after=after,
            limit=limit,
        )

    def _between(self, age: QueueAge) -> tuple[datetime | None, datetime | None]:
        match age:
            case QueueAge.TODAY:
                return self._clock.now() - timedelta(days=1), None
            case QueueAge.WEEK:
                return self._clock.now() - timedelta(days=7), None
            case QueueAge.OLDER:
                return None, self._clock.now() - timedelta(days=7)
            case _:
                return None, None

    def _sought(self, choice: QueueChoice) -> Sought:
        year = self._clock.now().astimezone(self._settings.hours.zone).year
        return read_search(choice.words, self._people(), year=year)

    def _record_search(self, sought: Sought, account: Account, *, found: int) -> None:
        detail = {
            "found": found,
            "case_ids": list(sought.case_ids),
            "persons": [person.id for person in sought.people],
            "addresses": len(sought.addresses),
            "in_subjects": bool(sought.subject_words),
        }
        with self._store.transaction() as transaction:
            entry = AuditEntry(tag=AuditTag.CASES_SEARCHED, actor=account.id, detail=detail)
            transaction.audit.append(entry)

    def _counts(self, account: Account, transaction: Transaction) -> QueueCounts:
        part = self._part_of(account)

        def count(groups: frozenset[QueueGroup]) -> int:
            return transaction.queue.count(replace(part, groups=groups))

        sweeps = [each.last_sweep_at for each in transaction.ledger.imap_checkpoints()]
        return QueueCounts(
            waiting=count(WAITING),
            unacknowledged=count(frozenset({QueueGroup.UNACKNOWLEDGED})),
            shadow=count(frozenset({QueueGroup.SHADOW})),
            last_check=max((at for at in sweeps if at is not None), default=None),
        )

    def _row(self, entry: QueueEntry, account: Account, names: ActorNames) -> QueueRow:
        case, decision = entry.case, entry.case.decision
        platform = self._settings.platform_name(str(decision.platform.get("id"))) if decision.platform else ""
        directory = self._directory()
        reads = account.reads_content
        return QueueRow(
            case=case,
            group=queue_group(state=case.state, mode=case.mode, report_when=decision.report_when),
            place=entry.place,
            noun=SUBJECT_NOUNS[decision.verdict],
            says=_says(decision, platform) if reads else "",
            who=who_words(decision, entry.sender, platform=platform) if reads else "",
            to=to_words(entry.first_recipients, entry.recipient_count, directory) if reads else "",
            held=held_words(entry.held_count, entry.recipient_count),
            platform=platform if reads else "",
            message_count=entry.message_count,
            recipient_count=entry.recipient_count,
            held_count=entry.held_count,
            is_unread=entry.is_unread,
            is_alarming=may_endanger_a_child(case),
            decided_by=names.of(case.decided_by),
        )


def _by_subject(sought: Sought | None, account: Account, transaction: Transaction) -> tuple[str, ...]:
    """Ids of cases that this person has opened and whose subject has the words."""
    if sought is None or not sought.subject_words:
        return ()
    opened = transaction.queue.opened_subjects(person=account.id, most_cases=MOST_OPENED)
    return tuple(dict.fromkeys(each.case_id for each in opened if sought.has_words(each.subject)))


def _says(decision: DecisionRecord, platform: str) -> str:
    """What happened; of mail that nobody in particular is in, what kind of mail it is."""
    if decision.row not in {"P6", "P9"}:
        return what_happened(decision, platform_name=platform)
    noun, why = case_noun(decision, platform_name=platform), why_in_short(decision)
    return f"{noun[:1].upper()}{noun[1:]}{f': {why}' if why else ''}."
