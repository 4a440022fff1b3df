"""The sample of delivered mail: some a week by lot, whatever the model said, some of which the model was least sure, and some
letters a day that somebody should read because it was not sure. What it does not understand at all: ``not_understood``.

It exists to find what was missed, and what the model should learn. Which messages may never be in it is decided here:
``may_sample``. In memory only the candidates of the week that could still be among the kept ones are held, for half a minute;
then they go, encrypted, into the store, and whatever a lower rank displaces is shredded.
FAILURE: a death loses the candidates of that half minute; the sample is then of the rest.
"""

from __future__ import annotations

import random
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from mailguard.app.gate import Judged
from mailguard.app.inspect import Inspection
from mailguard.app.lists import IndexedLists
from mailguard.app.ports import BlobStore, TemporaryFailure
from mailguard.app.ports_learning import SampleReason, SampleRecord
from mailguard.app.ports_store import Store
from mailguard.domain.case import words_key
from mailguard.domain.message import MessageFacts
from mailguard.domain.not_understood import (
    certainty,
    is_doubtful,
    is_letter_from_outside,
    is_unknown_to_model,
)
from mailguard.domain.parties import find_parties
from mailguard.domain.words import Direction, Disposition, Initiator, ReportWhen

MOST_BYTES = 256 * 1024
_RANKS = 1 << 52
_CERTAIN = 0.95
_WORDS_THAT_TELL = 4
# Rows of mail that is not ours to look at: no representative a party, excluded, declared, wordless automatic answers.
_CLOSED_ROWS = frozenset({"X0", "X1", "X2", "X3"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingSettings:
    """How many a week of each, and of doubtful letters a day; 0 for none.

    ``chain_addresses``: of everyone who may read samples, lower case.
    """

    blind_per_week: int
    uncertain_per_week: int
    doubtful_per_day: int = 0
    chain_addresses: frozenset[str] = frozenset()

    @property
    def is_off(self) -> bool:
        return not (self.blind_per_week or self.uncertain_per_week or self.doubtful_per_day)

    def keep(self, reason: SampleReason) -> int:
        return {
            SampleReason.BLIND: self.blind_per_week,
            SampleReason.UNCERTAIN: self.uncertain_per_week,
            SampleReason.DOUBTFUL: self.doubtful_per_day,
        }.get(reason, 0)


def iso_week(day: date) -> str:
    """2026-W48; weeks sort as texts do."""
    year, week, _ = day.isocalendar()
    return f"{year:04d}-W{week:02d}"


def may_sample(
    inspection: Inspection, lists: IndexedLists, settings: SamplingSettings, *, today: date
) -> bool:
    """Whether a message may be in a sample at all. Never: what may not be offered, what names a member of the chain (whoever
    reads the sample could be the one it is about), and what is too large.
    """
    return (
        inspection.facts.size_bytes <= MOST_BYTES
        and may_offer(inspection, lists, settings, today=today)
        and not named_of_chain(inspection, lists, settings)
    )


def may_offer(
    inspection: Inspection, lists: IndexedLists, settings: SamplingSettings, *, today: date
) -> bool:
    """Whether a person may be asked to read a delivered message. Never: what was held or reported (a person sees it anyway),
    mail among colleagues or sent by them, and anything with an excluded correspondent, a declared relationship or a member of
    the chain as a party.
    """
    headline = inspection.headline
    if (
        inspection.assessment.direction is not Direction.INBOUND
        or headline.row.code in _CLOSED_ROWS
        or headline.report is not ReportWhen.NONE
        or any(outcome.disposition is Disposition.HOLD for outcome in inspection.decision.outcomes)
        or not inspection.facts.is_readable
        or inspection.facts.is_encrypted
    ):
        return False
    parties = find_parties(inspection.facts, inspection.envelope)
    addresses = {party.address.lower() for party in parties.everyone() if party.address}
    if any(lists.excluded(address) for address in addresses):
        return False
    persons = {person.id for address in addresses for person in lists.by_address(address)}
    if any(persons.intersection(lists.declared_with(each, today)) for each in persons):
        return False
    return not (addresses & settings.chain_addresses or persons & _chain(lists, settings))


def named_of_chain(inspection: Inspection, lists: IndexedLists, settings: SamplingSettings) -> frozenset[str]:
    """Ids of the chain's persons whom the text names, and "roles.head" of the role: who acts for the Head is told no more."""
    facts = inspection.facts
    words = "\n".join((facts.subject, facts.own_text, facts.quoted_text, facts.forwarded_text))
    named = {person.id for hit in lists.staff_in_text(words) for person in hit.persons}
    chain = _chain(lists, settings)
    found = {each for each in named if each in chain or each.startswith("roles.")}
    holders = (inspection.school.role_addresses or {}).items()
    roles = {
        f"roles.{role}"
        for role, address in holders
        if found.intersection(person.id for person in lists.by_address(address))
    }
    return frozenset(found | roles)


def _chain(lists: IndexedLists, settings: SamplingSettings) -> set[str]:
    return {person.id for address in settings.chain_addresses for person in lists.by_address(address)}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    rank: int
    day: str
    week: str
    reason: SampleReason
    judged: Judged

    @property
    def slot(self) -> tuple[str, SampleReason]:
        return (self.day if self.reason is SampleReason.DOUBTFUL else self.week, self.reason)


@dataclass(slots=True)
class Sampler:
    """One process's part. Thread-safe. ``shred`` lets a blob go; ``today`` is the school's day; ``thresholds``: the model's, of
    grave natures in adults' letters.
    """

    store: Store
    blobs: BlobStore
    shred: Callable[[str], None]
    lists: Callable[[], IndexedLists]
    settings: SamplingSettings
    today: Callable[[], date]
    thresholds: Callable[[], Mapping[str, float]] = dict
    chance: random.Random = field(default_factory=random.SystemRandom)
    _waiting: list[_Candidate] = field(default_factory=list)
    _bounds: dict[tuple[str, SampleReason], int | None] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def consider(self, judged: Judged) -> None:
        """Look at a message that was just counted. Cheap, and never raises for what a message says."""
        if self.settings.is_off or judged.must_record or judged.receipt.is_backlog:
            return
        inspection = judged.inspection
        today = self.today()
        wanted = [
            candidate
            for candidate in self._candidates(judged, today)
            if self._is_low_enough(candidate.slot, candidate.rank)
        ]
        if not wanted or not may_sample(inspection, self.lists(), self.settings, today=today):
            return
        with self._lock:
            for candidate in wanted:
                self._keep(candidate)

    def _candidates(self, judged: Judged, today: date) -> Iterator[_Candidate]:
        """The lot is drawn of every message, whatever else it may be there for: else it would favour what the model is sure of."""
        scores, thresholds = judged.inspection.scores, self.thresholds()
        ranks = {SampleReason.BLIND: self.chance.randrange(_RANKS)}
        if scores.model_id and not is_waiting_to_be_read(judged.inspection, self.lists()):
            sure = certainty(scores, thresholds)
            if sure < _CERTAIN:
                ranks[SampleReason.UNCERTAIN] = int(sure * _RANKS)
            if is_doubtful(scores, thresholds) and is_letter(judged.inspection, self.lists()):
                ranks[SampleReason.DOUBTFUL] = int(sure * _RANKS)
        for reason, rank in ranks.items():
            yield _Candidate(
                rank=rank, day=today.isoformat(), week=iso_week(today), reason=reason, judged=judged
            )

    def flush(self) -> int:
        """Put the candidates into the store; how many are there now. Raises TemporaryFailure; then they are gone, not mail."""
        with self._lock:
            taken, self._waiting = self._waiting, []
        stored = 0
        # A doubtful one that finds room among the day's needs none among the week's.
        order = list(SampleReason)
        taken.sort(key=lambda each: (order.index(each.reason), each.rank))
        doubtful: set[int] = set()
        for candidate in taken:
            message = id(candidate.judged)
            if candidate.reason is SampleReason.UNCERTAIN and message in doubtful:
                continue
            if self._store(candidate):
                stored += 1
                if candidate.reason is SampleReason.DOUBTFUL:
                    doubtful.add(message)
        return stored

    def _is_low_enough(self, slot: tuple[str, SampleReason], rank: int) -> bool:
        if not self.settings.keep(slot[1]):
            return False
        bound = self._bounds.get(slot)
        return bound is None or rank < bound

    def _keep(self, candidate: _Candidate) -> None:
        """Of each period and reason only as many candidates as could be kept: a bound on memory."""
        same = sorted(
            (each for each in (*self._waiting, candidate) if each.slot == candidate.slot),
            key=lambda each: each.rank,
        )[: self.settings.keep(candidate.reason)]
        self._waiting = [*(each for each in self._waiting if each.slot != candidate.slot), *same]

    def _store(self, candidate: _Candidate) -> bool:
        keep = self.settings.keep(candidate.reason)
        period, reason = candidate.slot
        with self.store.reading() as transaction:
            bound = transaction.samples.bound(period, reason, keep=keep)
        periods = {candidate.day, candidate.week}
        self._bounds = {key: value for key, value in self._bounds.items() if key[0] in periods}
        self._bounds[candidate.slot] = bound
        if bound is not None and candidate.rank >= bound:
            return False
        sample = replace(
            sample_of(candidate.judged, reason, thresholds=self.thresholds()),
            day=candidate.day,
            week=candidate.week,
            rank=candidate.rank,
            blob_id=self.blobs.put(candidate.judged.raw),
        )
        return put_sample(
            self.store, sample, keep=keep, keep_rest=self.settings.uncertain_per_week, shred=self.shred
        )


def put_sample(
    store: Store, sample: SampleRecord, *, keep: int | None, shred: Callable[[str], None], keep_rest: int = 0
) -> bool:
    """Offer it; whatever has no place any more is shredded. False when that is its own blob. Raises TemporaryFailure."""
    try:
        with store.transaction() as transaction:
            gone = tuple(transaction.samples.offer(sample, keep=keep, keep_rest=keep_rest))
    except TemporaryFailure:
        shred(sample.blob_id)
        raise
    for each in gone:
        shred(each)
    return sample.blob_id not in gone


def is_letter(inspection: Inspection, lists: IndexedLists) -> bool:
    """A person's letter from outside, of a parent or from a personal-mail address."""
    return inspection.assessment.initiator is not Initiator.NONE and _is_from_outside(inspection, lists)


def is_waiting_to_be_read(inspection: Inspection, lists: IndexedLists) -> bool:
    """A letter of which the model knows nothing: an unknown language makes no difference between person and machine."""
    return is_unknown_to_model(inspection.scores) and _is_from_outside(inspection, lists)


def _is_from_outside(inspection: Inspection, lists: IndexedLists) -> bool:
    assessment = inspection.assessment
    if assessment.platform is not None:
        return False
    parties = find_parties(inspection.facts, inspection.envelope)
    return is_letter_from_outside(parties, assessment.sender, assessment.direction, lists)


def sample_of(judged: Judged, reason: SampleReason, *, thresholds: Mapping[str, float]) -> SampleRecord:
    """A sample without its place: week, day, rank and blob are the caller's."""
    inspection, facts = judged.inspection, judged.inspection.facts
    senders = facts.named("From", "Sender")
    sender = senders[0].address if senders else judged.envelope.mail_from
    return SampleRecord(
        id=secrets.token_hex(16),
        week="",
        reason=reason,
        rank=0,
        blob_id="",
        received_at=judged.receipt.received_at,
        words_key=words_key_of(facts, sender),
        envelope={
            **envelope_of_sample(judged),
            "certainty": round(certainty(inspection.scores, thresholds), 3),
        },
    )


def words_key_of(facts: MessageFacts, sender: str) -> str:
    """Equal for copies of one message to many, also where each is addressed by itself."""
    text = f"{facts.subject}\n{facts.own_text}"
    files = sorted(attachment.sha256 for attachment in facts.attachments)
    # So few words are no sign that two messages are the same ("hi miss").
    if len(text.split()) < _WORDS_THAT_TELL and not files:
        return facts.content_sha256
    return words_key(sender=sender, text=text, files=files)


def envelope_of_sample(judged: Judged) -> dict[str, object]:
    """What is shown before anybody opens it: who to whom, how large, what the model made of it. No subject, no word of it."""
    inspection, facts = judged.inspection, judged.inspection.facts
    senders = facts.named("From", "Sender")
    scores = inspection.scores
    return {
        "from": senders[0].address if senders else judged.envelope.mail_from,
        "to": list(judged.envelope.rcpt_tos)[:20],
        "row": inspection.headline.row.code,
        "verdict": inspection.headline.verdict.value,
        "size_bytes": facts.size_bytes,
        "attachments": len(facts.attachments),
        "model": scores.model_id,
        "certainty": round(certainty(scores, {}), 3),
    }
