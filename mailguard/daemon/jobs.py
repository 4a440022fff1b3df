"""What time alone brings about. Each job is idempotent: a clock that fires twice, or two daemons, do no harm."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta

from mailguard.adapters.imap_account import AccountStatus
from mailguard.app.audit_trail import AuditTrail
from mailguard.app.drift import forget_old_scores
from mailguard.app.governors_export import governors_job
from mailguard.app.list_editing import DRAFT_HOURS, VERSION_DAYS, VERSIONS_KEPT
from mailguard.app.schedule import Job, digest_job, parent_letters_job
from mailguard.app.trail_blanks import Blanks
from mailguard.daemon.parts import Running
from mailguard.daemon.service_manager import watchdog_jobs
from mailguard.daemon.telling import model_alarm_job
from mailguard.daemon_settings import retention_of
from mailguard.heartbeat import Heartbeat
from mailguard.model_wiring import labelling_of

_FLUSH_SECONDS = 5.0
_HOUR_SECONDS = 3600.0
_WATCH_SECONDS = 30.0


def daemon_jobs(
    running: Running, part_names: frozenset[str], statuses: Callable[[], Iterable[AccountStatus]]
) -> list[Job]:
    """``statuses``: how the mailboxes are, empty when this process reads none."""
    store = running.opened.store
    return [
        *judging_jobs(running),
        digest_job(store, running.settings, running.wake_effects),
        governors_job(store, running.settings),
        parent_letters_job(store, running.settings, running.wake_effects),
        Heartbeat(
            store=store,
            settings=running.settings,
            loaded=running.loaded,
            parts=part_names,
            policy_version=running.parts.policy.version,
            model=running.model,
            lists=running.lists,
            started_at=running.parts.clock.now(),
            statuses=statuses,
        ).job(),
        model_alarm_job(store, running.settings, running.model),
        Job(name="checkpoint", seconds=_HOUR_SECONDS, call=lambda: _checkpoint(running.trail)),
        Blanks(store, running.trail).job(),
        retention_of(running.loaded, store, running.opened.blobs, running.parts.clock).job(),
        Job(name="upkeep", seconds=_HOUR_SECONDS, call=lambda: _upkeep(running)),
        *watchdog_jobs(store),
    ]


def judging_jobs(running: Running) -> list[Job]:
    """Of every process that judges mail, relay workers too."""
    return [
        Job(name="counters", seconds=_FLUSH_SECONDS, call=running.gate.flush_counts),
        Job(name="model-watch", seconds=_WATCH_SECONDS, call=running.watch.flush),
    ]


def _checkpoint(trail: AuditTrail) -> None:
    trail.checkpoint()


def _upkeep(running: Running) -> None:
    """Drop what no longer serves: blobs that no message refers to, old mailbox keys and attempts."""
    now, periods = running.parts.clock.now(), running.loaded.config.retention
    running.opened.blobs.sweep(before=now - timedelta(hours=1))
    with running.opened.store.transaction() as transaction:
        transaction.ledger.forget_old(
            seen_before=now - timedelta(days=periods.seen_days), attempts_before=now - timedelta(days=1)
        )
        transaction.sessions.forget_ended(before=now - timedelta(days=periods.session_days))
        transaction.accounts.forget_throttles(first_before=now - timedelta(days=1))
        transaction.links.forget_old(expired_before=now - timedelta(days=periods.link_days))
        transaction.lists.drop_drafts(made_before=now - timedelta(hours=DRAFT_HOURS))
        transaction.lists.forget_old(before=now - timedelta(days=VERSION_DAYS), kept=VERSIONS_KEPT)
        forget_old_scores(transaction, today=now.date())
    labelling = labelling_of(running.loaded, running.opened.store, running.opened.blobs)
    labelling.forget_old(now=now, shred=running.opened.blobs.shred)
