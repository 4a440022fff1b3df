"""The gate: what both edges ask for each message. Judge (no effect outside), then record (T1), or count.

FAILURE: a death before ``record`` returns leaves the message with its sender or in its mailbox; both come again, and every
key here is idempotent. A message on which inspection itself fails is refused for now (451); at the third attempt it is
judged by its envelope alone and held as unreadable, so that nothing is retried for ever and nothing passes in silence.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from mailguard.app.case_opening import NewRecipient, Opening, PlanEffects
from mailguard.app.casebook import Casebook
from mailguard.app.explain import one_match_a_person, person_object, platform_object, scores_object
from mailguard.app.inspect import INSPECTION_FAILED, Inspection, Inspector
from mailguard.app.ports import Clock, Judgement, Receipt, RecipientOutcome, Recorded, TemporaryFailure
from mailguard.app.ports_store import DecisionRecord, Store
from mailguard.app.sender_check import sender_check
from mailguard.app.sightings import RELAY, note_newest_mail
from mailguard.domain.case import Mode, notification_cluster_key, words_cluster_key
from mailguard.domain.decide import Outcome
from mailguard.domain.message import Authentication, Envelope, MessageFacts
from mailguard.domain.sealed import sealed_parts
from mailguard.domain.words import Direction, Disposition, Initiator, PersonList, ReportWhen

ATTEMPTS_BEFORE_HELD_RAW = 3
# Longer than any edge waits for a judgement.
_LONGEST_INSPECTION = timedelta(seconds=25)
_CHILDREN = frozenset({Initiator.CHILD, Initiator.PROBABLE_CHILD})
# Fewer words than this are no sign that two messages are the same ("hi miss").
_WORDS_THAT_CLUSTER = 4


@dataclass(frozen=True, slots=True)
class Judged:
    """A judged message: implements ``ports.Judgement``."""

    raw: bytes
    envelope: Envelope
    receipt: Receipt
    inspection: Inspection
    mode: Mode

    @property
    def recipients(self) -> tuple[RecipientOutcome, ...]:
        """One for each RCPT in its order: a client may name the same recipient twice."""
        found = {
            outcome.address: RecipientOutcome(
                address=outcome.address,
                disposition=self.disposition_of(outcome),
                row=outcome.row.code,
                tag=outcome.row.tag,
            )
            for outcome in self.inspection.decision.outcomes
        }
        return tuple(found[address] for address in self.envelope.rcpt_tos) or tuple(found.values())

    @property
    def must_record(self) -> bool:
        return self.inspection.decision.must_record

    @property
    def is_outbound(self) -> bool:
        return self.inspection.assessment.direction is Direction.OUTBOUND

    def disposition_of(self, outcome: Outcome) -> Disposition:
        """What has gone out already, as a Sent folder shows, can be reported and no longer held."""
        return Disposition.DELIVER if self.envelope.is_sent_folder else outcome.disposition


class PolicyGate:
    """Implements ``ports.Gate``. ``on_recorded`` wakes the effects worker; ``on_alarm`` gets a word and a delivery key.

    ``on_judged`` sees every message before it is delivered, in the thread that judged it; for what must be durable by then.
    ``on_counted`` sees every message once it is delivered or recorded: what it does must be quick, and stops no mail.
    """

    def __init__(
        self,
        *,
        inspector: Inspector,
        casebook: Casebook,
        store: Store,
        plan_effects: PlanEffects,
        clock: Clock,
        mode: Mode,
        on_recorded: Callable[[], None],
        on_alarm: Callable[[str, str], None],
        on_judged: Callable[[Judged], None] | None = None,
        on_counted: Callable[[Judged], None] | None = None,
    ) -> None:
        self._on_judged = on_judged
        self._on_counted = on_counted
        self._inspector = inspector
        self._casebook = casebook
        self._store = store
        self._plan_effects = plan_effects
        self._clock = clock
        self._mode = mode
        self._on_recorded = on_recorded
        self._on_alarm = on_alarm
        self._zone = ZoneInfo(inspector.school.timezone)
        self._counts: Counter[tuple[date, str, str]] = Counter()
        self._newest: dict[str, datetime] = {}
        self._counts_lock = threading.Lock()
        self._under_way: dict[str, list[datetime]] = {}

    def judge(
        self, raw: bytes, envelope: Envelope, receipt: Receipt, *, verified: Authentication | None = None
    ) -> Judged:
        """Read and decide. Raises TemporaryFailure when inspection itself fails, up to the third time."""
        digest = Inspector.digest(raw)
        begun_at = self._clock.now()
        if self._stuck_attempts(digest, begun_at) >= ATTEMPTS_BEFORE_HELD_RAW:
            # Earlier attempts never ended: the edge gave up on them, and would for ever.
            self._on_alarm("inspection_never_ends", digest[:12])
            return self.judge_unread(raw, envelope, receipt)
        with self._counts_lock:
            self._under_way.setdefault(digest, []).append(begun_at)
        try:
            inspection = self._inspector.inspect(raw, envelope, verified=verified)
        except Exception as problem:
            inspection = self._judge_by_envelope(raw, envelope, problem)
        finally:
            self._end(digest, begun_at)
        judged = Judged(raw, envelope, receipt, inspection, self._mode)
        self._note(self._on_judged, judged)
        return judged

    def _stuck_attempts(self, digest: str, now: datetime) -> int:
        """How many attempts at these bytes began long ago and have not ended. One mail to many has many fresh ones."""
        return sum(
            now - begun_at > _LONGEST_INSPECTION for begun_at in tuple(self._under_way.get(digest, ()))
        )

    def _end(self, digest: str, begun_at: datetime) -> None:
        with self._counts_lock:
            remaining = self._under_way.get(digest, [])
            remaining.remove(begun_at)
            if not remaining:
                del self._under_way[digest]

    def judge_unread(self, raw: bytes, envelope: Envelope, receipt: Receipt) -> Judged:
        """Decide by the envelope alone: for a message that has killed the process before."""
        inspection = self._inspector.inspect_envelope_only(raw, envelope)
        return Judged(raw, envelope, receipt, inspection, self._mode)

    def _judge_by_envelope(self, raw: bytes, envelope: Envelope, problem: Exception) -> Inspection:
        key = f"judge:{Inspector.digest(raw)}"
        with self._store.transaction() as transaction:
            attempts = transaction.ledger.begin_attempt(key)
        self._on_alarm("inspection_failed", type(problem).__name__)
        if attempts < ATTEMPTS_BEFORE_HELD_RAW:
            raise TemporaryFailure(
                f"inspection failed ({type(problem).__name__}), attempt {attempts}"
            ) from problem
        return self._inspector.inspect_envelope_only(raw, envelope)

    def record(self, judgement: Judgement) -> Recorded:
        """Durable hold and T1. Raises TemporaryFailure when it could not be made durable."""
        judgement = _own(judgement)
        opened = self._casebook.open_or_join(self._opening(judgement), self._plan_effects)
        if opened.newly:
            self.count(judgement)
            self._on_recorded()
        return Recorded(case_id=opened.case_id, newly=opened.newly)

    def count(self, judgement: Judgement) -> None:
        judgement = _own(judgement)
        headline = judgement.inspection.headline
        day = judgement.receipt.received_at.astimezone(self._zone).date()
        receipt = judgement.receipt
        source = receipt.imap.account if receipt.imap is not None else RELAY
        with self._counts_lock:
            self._counts[(day, headline.row.code, headline.verdict.value)] += 1
            self._newest[source] = max(receipt.received_at, self._newest.get(source, receipt.received_at))
        self._note(self._on_counted, judgement)

    def _note(self, listener: Callable[[Judged], None] | None, judgement: Judged) -> None:
        if listener is None:
            return
        try:
            listener(judgement)
        except Exception as problem:
            # The message is where it belongs; what is noted beside it must not turn that into a failure.
            self._on_alarm("noting_failed", type(problem).__name__)

    def flush_counts(self) -> None:
        """Write the counters, and when mail last came by which way.

        Raises TemporaryFailure; then they are kept for the next time.
        """
        with self._counts_lock:
            taken, self._counts = self._counts, Counter()
            newest, self._newest = self._newest, {}
        if not taken:
            return
        try:
            with self._store.transaction() as transaction:
                for (day, row, verdict), number in taken.items():
                    transaction.ledger.count(day=day, row=row, verdict=verdict, count=number)
                note_newest_mail(transaction.ledger, newest)
        except TemporaryFailure:
            with self._counts_lock:
                self._counts.update(taken)
                self._newest = {**newest, **self._newest}
            raise

    def _opening(self, judged: Judged) -> Opening:
        inspection, facts = judged.inspection, judged.inspection.facts
        senders = facts.named("From", "Sender")
        names = {mailbox.address.lower(): None for mailbox in facts.mailboxes if mailbox.address}
        names.update(
            {
                address.lower(): None
                for address in (judged.envelope.mail_from, *judged.envelope.rcpt_tos)
                if address
            }
        )
        return Opening(
            raw=judged.raw,
            content_key=f"{facts.content_sha256}:{facts.message_id}",
            sha256=facts.sha256,
            receipt=judged.receipt,
            decision=decision_record(inspection),
            recipients=tuple(
                NewRecipient(
                    delivery_key=_delivery_key(judged, outcome.address),
                    address=outcome.address,
                    disposition=judged.disposition_of(outcome),
                    row=outcome.row.code,
                    person_id=self._person_id(outcome.address),
                    tag=outcome.row.tag,
                )
                for outcome in inspection.decision.outcomes
            ),
            header_message_id=facts.message_id,
            subject=facts.subject,
            sender=f"{senders[0].display_name} <{senders[0].address}>".strip()
            if senders
            else judged.envelope.mail_from,
            mail_from=judged.envelope.mail_from,
            addresses=tuple(names),
            authentication_results=facts.header_all("authentication-results")[:3],
            sender_check=sender_check(
                inspection.authentication,
                facts.authentication,
                at=judged.receipt.received_at,
                is_read=INSPECTION_FAILED not in facts.defects,
            ),
            is_outbound=judged.is_outbound,
            cluster_key=self._cluster_key(judged),
            mode=judged.mode,
        )

    def _person_id(self, address: str) -> str:
        people = self._inspector.lists().by_address(address)
        return next((person.id for person in people if person.list is PersonList.STAFF), "")

    def _cluster_key(self, judged: Judged) -> str:
        inspection = judged.inspection
        headline, platform = inspection.headline, inspection.assessment.platform
        if headline.report is ReportWhen.NONE:
            return ""
        day = judged.receipt.received_at.astimezone(self._zone).date()
        if platform is not None:
            return notification_cluster_key(
                platform=platform.id,
                event=platform.event.value,
                actor=(platform.handle or platform.actor) + "\n" + platform.user_text,
                row=headline.row.code,
                report_roles=inspection.route.to,
                local_day=day,
            )
        text = f"{inspection.facts.subject}\n{inspection.facts.own_text}"
        if len(text.split()) < _WORDS_THAT_CLUSTER or inspection.facts.attachments:
            return ""
        sender = next(
            (mailbox.address for mailbox in inspection.facts.named("From")), judged.envelope.mail_from
        )
        return words_cluster_key(
            sender=sender, text=text, row=headline.row.code, report_roles=inspection.route.to, local_day=day
        )


def _own(judgement: Judgement) -> Judged:
    """What this gate has judged itself. Raises TypeError for anything else: a fault in the wiring."""
    if not isinstance(judgement, Judged):
        raise TypeError(f"{type(judgement).__name__} was not judged by this gate")
    return judgement


def decision_record(inspection: Inspection) -> DecisionRecord:
    """What is stored with a case: all that the decision was made on, so that it can be repeated."""
    headline, assessment, facts = inspection.headline, inspection.assessment, inspection.facts
    return DecisionRecord(
        verdict=headline.verdict,
        row=headline.row.code,
        clause=headline.clause,
        level=headline.level,
        disposition=headline.disposition,
        report_when=headline.report,
        report_roles=inspection.route.to,
        withheld_roles=inspection.route.withheld_from,
        subjects=inspection.subject_ids,
        direction=assessment.direction.value,
        initiator=assessment.initiator.value,
        nature=assessment.shown_nature.value if assessment.shown_nature is not None else None,
        platform=platform_object(assessment.platform),
        persons=tuple(person_object(match) for match in one_match_a_person(assessment.matches)),
        signals=tuple(
            {"code": signal.code.code, "says": signal.says, "source": signal.source}
            for signal in assessment.signals
        ),
        scores=scores_object(inspection),
        versions=inspection.versions,
        further={
            "authentication": inspection.authentication.overall.value,
            "date_header": facts.date_header,
            "recipients": [mailbox.address for mailbox in facts.named("To", "Cc")],
            "attachments": [
                {
                    "name": attachment.filename,
                    "type": attachment.detected_type or attachment.declared_type,
                    "family": attachment.family.value,
                    "size_bytes": attachment.size_bytes,
                    "sha256": attachment.sha256,
                }
                for attachment in facts.attachments
            ],
            "is_sealed": is_sealed(facts, assessment.initiator),
            "natures": [nature.value for nature in assessment.natures],
            "clause_words": headline.row.says,
        },
    )


def is_sealed(facts: MessageFacts, initiator: Initiator) -> bool:
    """True when a child's message carries pictures, videos, archives or encrypted parts: nobody looks without a reason."""
    if initiator not in _CHILDREN:
        return False
    return facts.is_encrypted or bool(sealed_parts(facts))


def _delivery_key(judged: Judged, address: str) -> str:
    location = judged.receipt.imap
    if location is not None:
        key = f"imap:{location.account}:{location.folder}:{location.uidvalidity}:{location.uid}"
        # What went out to several is one message of a Sent folder.
        return f"{key}:{address}" if len(judged.envelope.rcpt_tos) > 1 else key
    return f"smtp:{judged.inspection.facts.sha256}:{judged.envelope.mail_from}:{address}"
