"""The running system: the only place where settings become parts that know each other, and their life from start to end.

Order of start: settings and policy proved, store opened, then effects (reports of the last life go out first), mailboxes,
and the relay last, whose open port says that everything behind it is ready. Order of end: the relay stops taking mail,
mailboxes finish the message at hand, effects finish theirs, counters are written.
FAILURE: every part may be killed at any point; what it had promised is in the store, the rest comes again.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import dns.resolver
import structlog

from mailguard.adapters.dns_authentication import DnsAuthentication
from mailguard.adapters.imap_mailbox import PassProgress, ScanParts
from mailguard.adapters.imap_mover import ImapMover
from mailguard.adapters.imap_supervisor import MailboxSupervisor
from mailguard.adapters.keys import is_genuine_signature
from mailguard.adapters.log_errors import without_content
from mailguard.adapters.relay_workers import RelayWorkers, inherited_socket, run_worker
from mailguard.adapters.scheduler import Clockwork
from mailguard.adapters.sd_notify import notify, watchdog_seconds
from mailguard.adapters.smtp_in import RelayServer, listening_socket
from mailguard.adapters.smtp_out import SmtpCourier
from mailguard.adapters.smtp_settings import FilterPosition, RelaySettings
from mailguard.adapters.store.opening import OpenedStore, open_store
from mailguard.app import failpoints
from mailguard.app.acknowledge import AnswerReader
from mailguard.app.audit_trail import AuditTrail, TrailKey
from mailguard.app.casebook import Casebook
from mailguard.app.digest import DigestPerformer
from mailguard.app.effects import EffectsWorker
from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.escalation_performer import EscalationPerformer, SecondChannelPerformer
from mailguard.app.gate import PolicyGate
from mailguard.app.inspect import Inspector
from mailguard.app.list_reload import CurrentLists, ListsRefused, ListsReplaced
from mailguard.app.lists import IndexedLists
from mailguard.app.own_address_gate import OwnAddressGate
from mailguard.app.performing import Performer
from mailguard.app.planning import ReportPlanner
from mailguard.app.ports_store import AuditEntry, Store
from mailguard.app.readers import Readers
from mailguard.app.release import MovePerformer, ReleasePerformer
from mailguard.app.report_performer import ReportPerformer
from mailguard.app.schedule import Job, digest_job
from mailguard.app.staff_notice import StaffNoticePerformer
from mailguard.classifier.registry import DarkClassifier
from mailguard.config import LoadedConfig
from mailguard.daemon_settings import (
    courier_settings,
    effects_settings,
    mailboxes_settings,
    process_name,
    relay_settings,
    store_settings,
)
from mailguard.domain.audit import AuditTag
from mailguard.domain.case import EffectKind
from mailguard.domain.words import PersonList
from mailguard.reading.message import read
from mailguard.second_channels import second_channels
from mailguard.wiring import Parts, list_files, make_parts, surroundings

log = structlog.get_logger(__name__)

PART_NAMES = ("relay", "mailboxes", "effects")
_MARK_PURPOSE = "mark"
_FLUSH_SECONDS = 5.0
_HOUR_SECONDS = 3600.0
_SEEN_DAYS = 120
_EFFECTS_THREADS = 2


@dataclass(slots=True)
class Running:
    """Everything that lives while the daemon does."""

    loaded: LoadedConfig
    parts: Parts
    opened: OpenedStore
    settings: EffectsSettings
    lists: CurrentLists
    inspector: Inspector
    gate: PolicyGate
    edge: OwnAddressGate
    casebook: Casebook
    trail: AuditTrail
    workers: tuple[EffectsWorker, ...]
    mark_key: bytes


def start_parts(loaded: LoadedConfig, state_folder: Path, *, is_worker: bool = False) -> Running:
    """Wire everything; nothing runs yet. Raises ConfigProblem or StoreProblem, each naming file, key, value and fix.

    ``is_worker``: one of several relay processes, whose parent keeps the record of replaced lists.
    """
    parts = make_parts(loaded)
    courier = SmtpCourier(courier_settings(loaded))
    mailboxes = mailboxes_settings(loaded)
    opened = open_store(store_settings(loaded, state_folder, may_make=True), parts.clock)
    store, blobs = opened.store, opened.blobs
    mark_key = store.keys.derived(_MARK_PURPOSE)
    settings = effects_settings(
        loaded,
        mark_key=mark_key,
        clauses=parts.policy.clauses,
        platform_names=parts.recognisers.names,
    )
    lists = CurrentLists(
        list_files(loaded),
        surroundings(loaded, parts.school),
        lambda news: _lists_news(store, news, is_recorded=not is_worker),
    )

    def directory() -> IndexedLists:
        return lists.lists

    inspector = parts.inspector(lists=directory)
    casebook = Casebook(store, blobs, zone=ZoneInfo(parts.school.timezone))
    trail = AuditTrail(
        store,
        key=TrailKey(public_key=store.keys.public_key, sign=store.keys.sign),
        check_signature=is_genuine_signature,
    )
    report = ReportPerformer(
        store=store,
        blobs=blobs,
        courier=courier,
        settings=settings,
        directory=directory,
        read=read,
        clock=parts.clock,
    )
    channels, general = second_channels(loaded, settings, parts.clock)
    performers: dict[EffectKind, Performer] = {
        EffectKind.REPORT: report,
        EffectKind.ESCALATE: EscalationPerformer(store=store, settings=settings, directory=directory),
        EffectKind.SECOND_CHANNEL: SecondChannelPerformer(
            store=store, settings=settings, directory=directory, channels=channels, general=general
        ),
        EffectKind.RELEASE: ReleasePerformer(
            store=store, blobs=blobs, courier=courier, settings=settings, clock=parts.clock
        ),
        EffectKind.STAFF_NOTICE: StaffNoticePerformer(
            store=store, courier=courier, settings=settings, clock=parts.clock
        ),
        EffectKind.DIGEST: DigestPerformer(
            store=store,
            courier=courier,
            settings=settings,
            directory=directory,
            clock=parts.clock,
            public_key=str(trail.verifier_key),
        ),
    }
    if mailboxes is not None:
        mover = ImapMover(mailboxes, failpoint=failpoints.reach)
        performers[EffectKind.MOVE] = MovePerformer(store=store, mover=mover)
    # Two, because a send to a server that hangs takes minutes, and the next report must not wait for it.
    workers = tuple(
        EffectsWorker(
            store=store,
            casebook=casebook,
            performers=performers,
            clock=parts.clock,
            owner=f"{process_name()}:{number}",
            on_alarm=_alarm,
        )
        for number in range(_EFFECTS_THREADS)
    )

    gate = PolicyGate(
        inspector=inspector,
        casebook=casebook,
        store=store,
        plan_effects=ReportPlanner(settings),
        clock=parts.clock,
        mode=loaded.config.mode,
        on_recorded=partial(_wake, workers),
        on_alarm=_alarm,
    )
    edge = OwnAddressGate(
        gate,
        answers=AnswerReader(store=store, settings=settings, directory=directory),
        read=inspector.read,
        is_role_address=lambda address: _is_role_address(address, settings, directory()),
    )
    return Running(
        loaded=loaded,
        parts=parts,
        opened=opened,
        settings=settings,
        lists=lists,
        inspector=inspector,
        gate=gate,
        edge=edge,
        casebook=casebook,
        trail=trail,
        workers=workers,
        mark_key=mark_key,
    )


def _wake(workers: tuple[EffectsWorker, ...]) -> None:
    for worker in workers:
        worker.wake()


def run(loaded: LoadedConfig, state_folder: Path, names: frozenset[str], *, command: list[str]) -> None:
    """Run the named parts until SIGTERM or SIGINT. ``command`` starts one relay worker of its own."""
    configure_logs()
    running = start_parts(loaded, state_folder)
    stopping = threading.Event()
    threads: list[threading.Thread] = []
    supervisor: MailboxSupervisor | None = None
    clockwork = Clockwork(_jobs(running), on_alarm=_alarm)
    store = running.opened.store
    _tell_start(running, names)
    running.lists.start()
    if "effects" in names:
        for worker in running.workers:
            threads.append(_thread("effects", partial(worker.run, stopping)))
    if "mailboxes" in names:
        supervisor = _mailboxes(running)
    clockwork.start()
    try:
        if "relay" in names:
            _serve_relay(running, stopping, command)
        else:
            _wait_for_end(stopping)
    finally:
        notify("STOPPING=1")
        stopping.set()
        _wake(running.workers)
        if supervisor is not None:
            supervisor.stop()
        clockwork.stop()
        running.lists.stop()
        for thread in threads:
            thread.join(timeout=10.0)
        running.gate.flush_counts()
        _audit(store, AuditTag.DAEMON_STOPPED, {"parts": sorted(names)})
        store.close()


def run_relay_worker(loaded: LoadedConfig, state_folder: Path) -> None:
    """One of several relay processes: its own store connection, the parent's listening socket."""
    configure_logs()
    running = start_parts(loaded, state_folder, is_worker=True)
    running.lists.start()
    clockwork = Clockwork([_counters(running)], on_alarm=_alarm)
    clockwork.start()
    try:
        asyncio.run(run_worker(_relay_server(running, relay_settings(loaded)), os.environ))
    finally:
        clockwork.stop()
        running.lists.stop()
        running.gate.flush_counts()
        running.opened.store.close()


def _serve_relay(running: Running, stopping: threading.Event, command: list[str]) -> None:
    settings = relay_settings(running.loaded)
    if settings.workers > 1:
        listening = inherited_socket(os.environ, pid=os.getpid()) or listening_socket(settings)
        workers = RelayWorkers(
            command, count=settings.workers, listening=listening, drain_seconds=settings.drain_seconds
        )
        _on_signals(stopping.set)
        _ready()
        workers.run(stopping)
        listening.close()
        return
    asyncio.run(_serve_here(running, settings))


async def _serve_here(running: Running, settings: RelaySettings) -> None:
    server = _relay_server(running, settings)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    await server.start(inherited_socket(os.environ, pid=os.getpid()))
    _ready()
    await ended.wait()
    await server.stop()


def _relay_server(running: Running, settings: RelaySettings) -> RelayServer:
    section = running.loaded.config.authentication
    before_queue = settings.position is FilterPosition.BEFORE_QUEUE
    verifies = section.verify == "auto" and before_queue
    verifier = (
        DnsAuthentication(
            resolver=dns.resolver.Resolver(),
            seconds=section.dns_timeout_seconds,
        )
        if verifies
        else None
    )
    return RelayServer(
        settings, gate=running.edge, mark_key=running.mark_key, clock=running.parts.clock, verifier=verifier
    )


def _mailboxes(running: Running) -> MailboxSupervisor | None:
    settings = mailboxes_settings(running.loaded, aliases=_aliases_of(running.lists))
    if settings is None:
        return None
    supervisor = MailboxSupervisor(
        ScanParts(
            settings=settings,
            gate=running.edge,
            store=running.opened.store,
            mark_key=running.mark_key,
            clock=running.parts.clock,
            failpoint=failpoints.reach,
            on_alarm=_alarm,
            on_progress=_progress,
        )
    )
    supervisor.start()
    return supervisor


def _aliases_of(lists: CurrentLists) -> Callable[[str], tuple[str, ...]]:
    """A mailbox's further addresses are those of the same person on the staff list."""

    def aliases(address: str) -> tuple[str, ...]:
        people = (person for person in lists.lists.by_address(address) if person.list is PersonList.STAFF)
        return tuple(
            other for person in people for other in person.addresses if other.lower() != address.lower()
        )

    return aliases


def _jobs(running: Running) -> list[Job]:
    """What time alone brings about. Each is idempotent: a clock that fires twice, or two daemons, do no harm."""
    store = running.opened.store
    jobs = [
        _counters(running),
        digest_job(store, running.settings, partial(_wake, running.workers)),
        Job(name="checkpoint", seconds=_HOUR_SECONDS, call=lambda: _checkpoint(running.trail)),
        Job(name="upkeep", seconds=_HOUR_SECONDS, call=lambda: _upkeep(running)),
    ]
    if (pause := watchdog_seconds()) > 0:
        jobs.append(Job(name="watchdog", seconds=pause, call=lambda: _sign_of_life(store)))
    return jobs


def _counters(running: Running) -> Job:
    return Job(name="counters", seconds=_FLUSH_SECONDS, call=running.gate.flush_counts)


def _checkpoint(trail: AuditTrail) -> None:
    trail.checkpoint()


def _upkeep(running: Running) -> None:
    """Drop what no longer serves: blobs that no message refers to, old mailbox keys and attempts."""
    now = running.parts.clock.now()
    running.opened.blobs.sweep(before=now - timedelta(hours=1))
    with running.opened.store.transaction() as transaction:
        transaction.ledger.forget_old(
            seen_before=now - timedelta(days=_SEEN_DAYS), attempts_before=now - timedelta(days=1)
        )


def _sign_of_life(store: Store) -> None:
    """Only a daemon whose store answers is alive."""
    with store.reading() as transaction:
        transaction.audit.head()
    notify("WATCHDOG=1")


def _audit(store: Store, tag: str, detail: dict[str, object]) -> None:
    with store.transaction() as transaction:
        transaction.audit.append(AuditEntry(tag=tag, actor="daemon", detail=detail))


def _tell_start(running: Running, names: frozenset[str]) -> None:
    """With which policy, lists and model it begins; a model that is not used is an error that doctor shows, too."""
    parts = running.parts
    detail: dict[str, object] = {
        "parts": sorted(names),
        "policy": parts.policy.version,
        "lists": running.lists.lists.version,
        "model": parts.classifier.model_id,
    }
    if isinstance(parts.classifier, DarkClassifier):
        log.error("model_dark", reason=parts.classifier.reason)
        detail["model_dark"] = parts.classifier.reason
    _audit(running.opened.store, AuditTag.DAEMON_STARTED, detail)


def _lists_news(store: Store, news: ListsReplaced | ListsRefused, *, is_recorded: bool) -> None:
    """On the record and in the log; problems may name people, so the log has files, lines and counts only."""
    detail: dict[str, object]
    match news:
        case ListsReplaced():
            log.info("lists_replaced", old=news.old_version, new=news.new_version)
            tag, detail = "lists:school:replaced", {"old": news.old_version, "new": news.new_version}
        case ListsRefused():
            places = [f"{problem.file}:{problem.line}" for problem in news.problems]
            log.error("lists_refused", kept=news.kept_version, places=places[:20])
            tag, detail = "lists:school:refused", {"kept": news.kept_version, "problems": len(places)}
    if is_recorded:
        _audit(store, tag, detail)


def _is_role_address(address: str, settings: EffectsSettings, lists: IndexedLists) -> bool:
    readers = Readers(settings=settings, directory=lists)
    return any(address.lower() in readers.addresses_of(role) for role in settings.contacts)


def _alarm(event: str, subject: str) -> None:
    log.error("alarm", alarm=event, subject=subject)


def _progress(progress: PassProgress) -> None:
    log.info(
        "mailbox_pass",
        account=progress.account,
        folder=progress.folder,
        done=progress.done,
        total=progress.total,
    )


def _ready() -> None:
    log.info("ready")
    notify("READY=1")


def _wait_for_end(stopping: threading.Event) -> None:
    _on_signals(stopping.set)
    _ready()
    stopping.wait()


def _on_signals(act: Callable[[], None]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: act())


def _thread(name: str, target: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=target, name=name, daemon=True)
    thread.start()
    return thread


def configure_logs() -> None:
    """JSON lines on standard error: events, ids and counts; never subjects, names, addresses or texts."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_content,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
