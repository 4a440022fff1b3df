"""The weekly sample of delivered mail: some by lot, whatever the model said, and some of which the model was least sure.

It exists to find what was missed, and what the model should learn. Which messages may never be in it is decided here:
``may_sample``. In memory only the candidates of the week that could still be among the kept ones are held, for half a minute;
then they go, encrypted, into the store, and whatever a lower rank displaces is shredded.
FAILURE: a death loses the candidates of that half minute; the sample is then of the rest.
"""

from __future__ import annotations

import random
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from mailguard.app.gate import Judged
from mailguard.app.inspect import Inspection
from mailguard.app.lists import IndexedLists
from mailguard.app.ports import BlobStore, TemporaryFailure
from mailguard.app.ports_learning import SampleReason, SampleRecord
from mailguard.app.ports_store import Store
from mailguard.domain.parties import find_parties
from mailguard.domain.scores import Scores
from mailguard.domain.words import Direction, Disposition, Kind, ReportWhen

MOST_BYTES = 256 * 1024
_RANKS = 1 << 52
_CERTAIN = 0.95
# Rows of mail that is not ours to look at: no representative a party, excluded, declared, wordless automatic answers.
_CLOSED_ROWS = frozenset({"X0", "X1", "X2", "X3"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingSettings:
    """How many a week of each; 0 for none. ``chain_addresses``: of everyone who may read samples, lower case."""

    blind_per_week: int
    uncertain_per_week: int
    chain_addresses: frozenset[str] = frozenset()

    @property
    def is_off(self) -> bool:
        return not (self.blind_per_week or self.uncertain_per_week)

    def keep(self, reason: SampleReason) -> int:
        return self.blind_per_week if reason is SampleReason.BLIND else self.uncertain_per_week


def iso_week(day: date) -> str:
    """2026-W48; weeks sort as texts do."""
    year, week, _ = day.isocalendar()
    return f"{year:04d}-W{week:02d}"


def may_sample(
    inspection: Inspection, lists: IndexedLists, settings: SamplingSettings, *, today: date
) -> bool:
    """Whether a message may be in a sample at all. Never: what was held or reported (a person sees it anyway), mail among
    colleagues or sent by them, anything with an excluded correspondent, a declared relationship or a member of the chain as a
    party, and what names a member of the chain: whoever reads the sample could be the one it is about.
    """
    headline = inspection.headline
    if (
        inspection.assessment.direction is not Direction.INBOUND
        or headline.row.code in _CLOSED_ROWS
        or headline.report is not ReportWhen.NONE
        or any(outcome.disposition is Disposition.HOLD for outcome in inspection.decision.outcomes)
        or inspection.facts.size_bytes > MOST_BYTES
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
    chain = {person.id for address in settings.chain_addresses for person in lists.by_address(address)}
    if addresses & settings.chain_addresses or persons & chain:
        return False
    facts = inspection.facts
    words = "\n".join((facts.subject, facts.own_text, facts.quoted_text, facts.forwarded_text))
    named = {person.id for hit in lists.staff_in_text(words) for person in hit.persons}
    return not named & chain and not any(each.startswith("roles.") for each in named)


def certainty(scores: Scores) -> float:
    """0..1: how sure the model is of what matters most, who writes and what kind of message it is."""
    best = [max(said.values(), default=0.0) for said in (scores.kind, scores.initiator)]
    if scores.kind and max(scores.kind, key=scores.kind.__getitem__) == Kind.NOTIFICATION.value:
        best = [best[0], max(scores.event.values(), default=0.0)]
    return min(best) * (0.5 if scores.is_uncertain else 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    rank: int
    week: str
    reason: SampleReason
    judged: Judged


@dataclass(slots=True)
class Sampler:
    """One process's part. Thread-safe. ``shred`` lets a blob go; ``today`` is the school's day."""

    store: Store
    blobs: BlobStore
    shred: Callable[[str], None]
    lists: Callable[[], IndexedLists]
    settings: SamplingSettings
    today: Callable[[], date]
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
        week = iso_week(today)
        ranks = {SampleReason.BLIND: self.chance.randrange(_RANKS)}
        if inspection.scores.model_id and (sure := certainty(inspection.scores)) < _CERTAIN:
            ranks[SampleReason.UNCERTAIN] = int(sure * _RANKS)
        wanted = [
            _Candidate(rank=rank, week=week, reason=reason, judged=judged)
            for reason, rank in ranks.items()
            if self._is_low_enough(week, reason, rank)
        ]
        if not wanted or not may_sample(inspection, self.lists(), self.settings, today=today):
            return
        with self._lock:
            for candidate in wanted:
                self._keep(candidate)

    def flush(self) -> int:
        """Put the candidates into the store; how many are there now. Raises TemporaryFailure; then they are gone, not mail."""
        with self._lock:
            taken, self._waiting = self._waiting, []
        stored = 0
        # One message is in the sample for one reason only, the rarer one.
        taken.sort(key=lambda each: (each.reason is SampleReason.BLIND, each.rank))
        seen: set[str] = set()
        for candidate in taken:
            digest = candidate.judged.inspection.facts.sha256
            if digest not in seen and self._store(candidate):
                seen.add(digest)
                stored += 1
        return stored

    def _is_low_enough(self, week: str, reason: SampleReason, rank: int) -> bool:
        if not self.settings.keep(reason):
            return False
        bound = self._bounds.get((week, reason))
        return bound is None or rank < bound

    def _keep(self, candidate: _Candidate) -> None:
        """Of each week and reason only as many candidates as could be kept: a bound on memory."""
        same = sorted(
            (
                each
                for each in (*self._waiting, candidate)
                if (each.week, each.reason) == (candidate.week, candidate.reason)
            ),
            key=lambda each: each.rank,
        )[: self.settings.keep(candidate.reason)]
        others = [
            each for each in self._waiting if (each.week, each.reason) != (candidate.week, candidate.reason)
        ]
        self._waiting = [*others, *same]

    def _store(self, candidate: _Candidate) -> bool:
        week, reason = candidate.week, candidate.reason
        keep = self.settings.keep(reason)
        with self.store.reading() as transaction:
            bound = transaction.samples.bound(week, reason, keep=keep)
        self._bounds = {key: value for key, value in self._bounds.items() if key[0] == week}
        self._bounds[(week, reason)] = bound
        if bound is not None and candidate.rank >= bound:
            return False
        blob_id = self.blobs.put(candidate.judged.raw)
        sample = SampleRecord(
            id=secrets.token_hex(16),
            week=week,
            reason=reason,
            rank=candidate.rank,
            blob_id=blob_id,
            received_at=candidate.judged.receipt.received_at,
            envelope=envelope_of_sample(candidate.judged),
        )
        gone: tuple[str, ...] = (blob_id,)
        try:
            with self.store.transaction() as transaction:
                gone = tuple(transaction.samples.offer(sample, keep=keep))
        except TemporaryFailure:
            self.shred(blob_id)
            raise
        for each in gone:
            self.shred(each)
        return blob_id not in gone


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
        "certainty": round(certainty(scores), 3),
    }
