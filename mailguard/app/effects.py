"""The effects worker: lease → perform → T2. The durable outbox's other end.

An effect is done only after the outside world has said yes; whatever goes wrong before T2's commit, it is
performed again. A lease is short and renewed while somebody works under it, so that a killed worker's effect
is free again within seconds.
FAILURE: killed anywhere, nothing is lost; a report may arrive twice, with one Message-ID.
"""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from mailguard.app.casebook import Casebook
from mailguard.app.digest import DigestPerformer
from mailguard.app.effects_health import note_report_delivered
from mailguard.app.health import note_digest_sent
from mailguard.app.performing import Performed, Performer
from mailguard.app.ports import Clock, PermanentFailure, TemporaryFailure
from mailguard.app.ports_store import AuditEntry, EffectRecord, NewEffect, Store
from mailguard.app.report_performer import ReportPerformer
from mailguard.domain.case import EffectKind, RecipientState

TAG_NOT_NEEDED = "effects:effect:not-needed"
TAG_MOVE_FAILED = "effects:message:not-moved"
_ACTOR = "effects"
_URGENT_KINDS = frozenset({EffectKind.REPORT, EffectKind.ESCALATE, EffectKind.SECOND_CHANNEL})

OnFailedAttempt = Callable[[EffectRecord, TemporaryFailure], None]
"""An effect that is tried again, and why: for the log."""


class OnAlarm(Protocol):
    def __call__(self, event: str, subject: str, error: Exception | None = None) -> None:
        """For the log. ``subject``: an effect or case id; without names or content. ``error``: why, where one says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """Times in seconds. ``longest_urgent_wait`` bounds the backoff of reports, the other that of the rest."""

    lease_seconds: float = 15.0
    poll_seconds: float = 0.5
    first_wait: float = 2.0
    longest_urgent_wait: float = 60.0
    longest_wait: float = 600.0


class EffectsWorker:
    """One worker: one thread calls ``run``. Several, in any number of processes, share the outbox by leases.

    ``performers``: the kinds that this process can perform; others are left to other processes.
    """

    def __init__(
        self,
        *,
        store: Store,
        casebook: Casebook,
        performers: Mapping[EffectKind, Performer],
        clock: Clock,
        owner: str,
        on_alarm: OnAlarm,
        on_failed_attempt: OnFailedAttempt,
        settings: WorkerSettings | None = None,
    ) -> None:
        self._store = store
        self._casebook = casebook
        self._performers = dict(performers)
        self._clock = clock
        self._owner = owner
        self._on_alarm = on_alarm
        self._on_failed_attempt = on_failed_attempt
        self._settings = settings or WorkerSettings()
        self._wake = threading.Event()

    def wake(self) -> None:
        """Something was added: look at once. Thread-safe; the gate calls it after each commit."""
        self._wake.set()

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set; returns within the poll time, or when the effect at hand is through."""
        while not stop.is_set():
            try:
                has_worked = self.run_once()
            except Exception as problem:
                # The store's fault, not an effect's: the lease runs out and the effect comes again.
                # An alarm that cannot be given (a log on a full disk) must not end the thread that sends reports.
                with contextlib.suppress(Exception):
                    self._on_alarm("effects_worker_failed", type(problem).__name__, problem)
                stop.wait(self._settings.first_wait)
                continue
            if not has_worked:
                self._wake.wait(self._settings.poll_seconds)
                self._wake.clear()

    def run_once(self) -> bool:
        """Perform one due effect.

        False when there was none. Raises TemporaryFailure when the store does not answer.
        """
        effect = self._store.lease_due(
            owner=self._owner, lease_seconds=self._settings.lease_seconds, kinds=frozenset(self._performers)
        )
        if effect is None:
            return False
        try:
            with self._lease_kept(effect):
                performed = self._performers[effect.kind].perform(effect)
        except PermanentFailure as failure:
            self._fail(effect, failure)
        except TemporaryFailure as failure:
            self._retry(effect, str(failure))
            self._on_failed_attempt(effect, failure)
        except Exception as problem:
            self._retry(effect, f"{type(problem).__name__}: {problem}")
            self._on_alarm("effect_crashed", f"{effect.id} {type(problem).__name__}", problem)
        else:
            self._finish(effect, performed)
        return True

    def _finish(self, effect: EffectRecord, performed: Performed) -> None:
        """T2."""
        if performed.is_needed:
            is_mine = self._casebook.effect_done(effect, detail=performed.detail, then=performed.then)
            if is_mine and effect.kind is EffectKind.REPORT:
                with self._store.transaction() as transaction:
                    note_report_delivered(transaction)
            if is_mine and effect.kind is EffectKind.DIGEST:
                with self._store.transaction() as transaction:
                    note_digest_sent(transaction, effect.role)
        else:
            with self._store.transaction("t2") as transaction:
                if transaction.effects.finish(effect):
                    for follower in performed.then:
                        transaction.effects.add(follower)
                    detail = {
                        "effect": effect.id,
                        "kind": effect.kind,
                        "role": effect.role,
                        **performed.detail,
                    }
                    transaction.audit.append(
                        AuditEntry(tag=TAG_NOT_NEEDED, actor=_ACTOR, case_id=effect.case_id, detail=detail)
                    )
        if performed.alarm:
            self._on_alarm(performed.alarm, effect.case_id or effect.id)

    def _fail(self, effect: EffectRecord, failure: PermanentFailure) -> None:
        then = self._after_failure(effect, is_permanent=True)
        # The codes alone: a server's words may name a mailbox, and the trail has no names.
        detail = {"error": failure.reply or "none"}
        self._casebook.effect_failed(effect, error=str(failure), then=then, detail=detail)
        if effect.kind is EffectKind.MOVE:
            self._leave_in_mailbox(effect)
        self._on_alarm("effect_failed", f"{effect.kind.value} {effect.case_id or effect.id}", failure)

    def _retry(self, effect: EffectRecord, error: str) -> None:
        then = self._after_failure(effect, is_permanent=False)
        now = self._clock.now()
        due_at = now + timedelta(seconds=self._wait_before_next(effect))
        performer = self._performers[effect.kind]
        if isinstance(performer, ReportPerformer):
            # The backoff must not carry a report past the moment at which the next in the chain is told.
            turn = performer.undeliverable_at(effect)
            due_at = min(due_at, turn) if now < turn else due_at
        with self._store.transaction() as transaction:
            if transaction.effects.retry(effect, due_at=due_at, error=error):
                for follower in then:
                    transaction.effects.add(follower)

    def _after_failure(self, effect: EffectRecord, *, is_permanent: bool) -> tuple[NewEffect, ...]:
        performer = self._performers[effect.kind]
        if isinstance(performer, ReportPerformer | DigestPerformer):
            return performer.after_failure(effect, is_permanent=is_permanent)
        return ()

    def _leave_in_mailbox(self, effect: EffectRecord) -> None:
        """What cannot be taken out is with its recipient: the case must not say that it is held."""
        with self._store.transaction() as transaction:
            if transaction.cases.move_recipient(effect.recipient_id, RecipientState.DELIVERED):
                detail = {"effect": effect.id, "recipient": effect.recipient_id}
                transaction.audit.append(
                    AuditEntry(tag=TAG_MOVE_FAILED, actor=_ACTOR, case_id=effect.case_id, detail=detail)
                )

    def _wait_before_next(self, effect: EffectRecord) -> float:
        """Seconds: doubling, bounded, a fifth up or down so that many do not come back together."""
        settings = self._settings
        longest = settings.longest_urgent_wait if effect.kind in _URGENT_KINDS else settings.longest_wait
        wait = min(settings.first_wait * 2 ** min(effect.attempts - 1, 16), longest)
        return float(wait * random.uniform(0.8, 1.2))

    @contextmanager
    def _lease_kept(self, effect: EffectRecord) -> Iterator[None]:
        """Renew the lease from a thread of its own until the block ends."""
        done = threading.Event()

        def renew() -> None:
            while not done.wait(self._settings.lease_seconds / 3):
                try:
                    if self._store.renew_lease(effect, lease_seconds=self._settings.lease_seconds) is None:
                        return
                except TemporaryFailure:
                    # A later renewal, or T2's compare and set, decides; doing it twice is allowed.
                    continue

        thread = threading.Thread(target=renew, name="mailguard-lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
