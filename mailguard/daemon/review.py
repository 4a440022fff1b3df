"""The review page in the running system: beside the other parts, or alone in a process without mail credentials.

SECURITY: alone, it reads the settings but opens no secret of a mail server; what people decide is committed to the store,
and the daemon's effects worker carries it out.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import structlog

from mailguard.adapters.logs import configure_logs
from mailguard.adapters.scheduler import Clockwork
from mailguard.adapters.sd_notify import notify
from mailguard.adapters.store.opening import OpenedStore, open_store
from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.list_reload import CurrentLists, ListsRefused, ListsReplaced
from mailguard.app.lists import IndexedLists
from mailguard.app.ports_store import AuditEntry
from mailguard.classifier.registry import ModelRegistry
from mailguard.config import LoadedConfig
from mailguard.daemon.service_manager import wait_for_end, watchdog_jobs
from mailguard.daemon_settings import effects_settings, site_settings, store_settings
from mailguard.domain.audit import AuditTag
from mailguard.model_wiring import registry_of
from mailguard.web.app import make_app
from mailguard.web.serving import ListenSettings, ReviewServer
from mailguard.web.wiring import make_site
from mailguard.wiring import Parts, list_files, make_parts, surroundings

log = structlog.get_logger(__name__)

_ACTOR = "review-page"


def review_server(
    loaded: LoadedConfig,
    parts: Parts,
    opened: OpenedStore,
    *,
    effects: EffectsSettings,
    directory: Callable[[], IndexedLists],
    models: ModelRegistry,
) -> ReviewServer:
    """Wired, not started. Raises AccessProblem when the access matrix does not fit the routes."""
    section = loaded.config.review
    site = make_site(
        parts,
        opened,
        effects=effects,
        directory=directory,
        models=models,
        settings=site_settings(loaded),
        listen_host=section.listen.host,
    )
    return ReviewServer(
        make_app(site),
        ListenSettings(
            host=section.listen.host,
            port=section.listen.port,
            certificate=loaded.resolve(section.tls_certificate) if section.tls_certificate else None,
            key=loaded.resolve(section.tls_key) if section.tls_key else None,
            trusted_proxies=tuple(map(str, section.trusted_proxies)),
        ),
    )


def start_beside(
    loaded: LoadedConfig,
    parts: Parts,
    opened: OpenedStore,
    *,
    effects: EffectsSettings,
    directory: Callable[[], IndexedLists],
    models: ModelRegistry,
) -> ReviewServer | None:
    """Beside the daemon's other parts. None when its port is taken: mail is guarded all the same, and log and doctor tell."""
    server = review_server(loaded, parts, opened, effects=effects, directory=directory, models=models)
    try:
        server.start()
    except OSError as problem:
        log.error("review_page_not_started", listen=str(loaded.config.review.listen), errno=problem.errno)
        with opened.store.transaction() as transaction:
            detail = {"errno": problem.errno}
            transaction.audit.append(
                AuditEntry(tag="daemon:review-page:not-started", actor=_ACTOR, detail=detail)
            )
        return None
    log.info("review_page_listens", port=server.port)
    return server


def run_review(loaded: LoadedConfig, state_folder: Path) -> None:
    """Serve until SIGTERM or SIGINT. Raises ConfigProblem, StoreProblem, OSError when it cannot listen."""
    configure_logs()
    parts = make_parts(loaded)
    opened = open_store(store_settings(loaded, state_folder, may_make=True), parts.clock)
    store = opened.store
    lists = CurrentLists(list_files(loaded), surroundings(loaded, parts.school), _lists_news)
    server = review_server(
        loaded,
        parts,
        opened,
        effects=effects_settings(
            loaded,
            mark_key=store.keys.mark_key,
            clauses=parts.policy.clauses,
            platform_names=parts.recognisers.names,
        ),
        directory=lambda: lists.lists,
        models=registry_of(loaded, state_folder, store.keys),
    )
    stopping = threading.Event()
    clockwork = Clockwork(
        watchdog_jobs(store), on_alarm=lambda event, subject: log.error("alarm", alarm=event)
    )
    try:
        server.start()
        lists.start()
        clockwork.start()
        _audit(opened, AuditTag.DAEMON_STARTED)
        log.info("review_page_listens", port=server.port)
        wait_for_end(stopping)
    finally:
        notify("STOPPING=1")
        server.stop()
        clockwork.stop()
        lists.stop()
        if stopping.is_set():
            _audit(opened, AuditTag.DAEMON_STOPPED)
        store.close()


def _lists_news(news: ListsReplaced | ListsRefused) -> None:
    """The daemon has it on the record; here only the log tells."""
    match news:
        case ListsReplaced():
            log.info("lists_replaced", old=news.old_version, new=news.new_version)
        case ListsRefused():
            log.error("lists_refused", kept=news.kept_version, problems=len(news.problems))


def _audit(opened: OpenedStore, tag: AuditTag) -> None:
    with opened.store.transaction() as transaction:
        transaction.audit.append(AuditEntry(tag=tag, actor=_ACTOR, detail={"parts": ["web"]}))
