"""The parts of the running system, wired once: the only place where they come to know each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from mailguard.adapters.keys import is_genuine_signature
from mailguard.adapters.smtp_out import SmtpCourier
from mailguard.adapters.store.opening import OpenedStore, open_store
from mailguard.app.acknowledge import AnswerReader
from mailguard.app.audit_trail import AuditTrail, TrailKey
from mailguard.app.casebook import Casebook
from mailguard.app.effects import EffectsWorker
from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.gate import PolicyGate
from mailguard.app.list_editing import ListEditing
from mailguard.app.list_reload import CurrentLists
from mailguard.app.lists import IndexedLists
from mailguard.app.model_watch import ModelWatch
from mailguard.app.own_address_gate import OwnAddressGate
from mailguard.app.planning import ReportPlanner
from mailguard.app.readers import readers_now
from mailguard.classifier.reload import CurrentModel
from mailguard.config import LoadedConfig
from mailguard.daemon.performers import EffectsParts, effects_workers
from mailguard.daemon.telling import tell_alarm, tell_lists_news
from mailguard.daemon_settings import courier_settings, effects_settings, mailboxes_settings, store_settings
from mailguard.model_wiring import follow_model, watch_of
from mailguard.wiring import Parts, list_editing, list_files, make_parts, surroundings


@dataclass(slots=True)
class Running:
    """Everything that lives while the daemon does."""

    loaded: LoadedConfig
    parts: Parts
    opened: OpenedStore
    settings: EffectsSettings
    lists: CurrentLists
    model: CurrentModel
    watch: ModelWatch
    gate: PolicyGate
    edge: OwnAddressGate
    editing: ListEditing
    trail: AuditTrail
    workers: tuple[EffectsWorker, ...]
    mark_key: bytes

    def wake_effects(self) -> None:
        wake(self.workers)


def wake(workers: Iterable[EffectsWorker]) -> None:
    """Something has been added that is due now."""
    for worker in workers:
        worker.wake()


def make_running(loaded: LoadedConfig, state_folder: Path, *, is_worker: bool = False) -> Running:
    """Wire everything; nothing runs yet. Raises ConfigProblem or StoreProblem, each naming file, key, value and fix.

    ``is_worker``: one of several relay processes, whose parent keeps the record of replaced lists.
    """
    parts = make_parts(loaded)
    # Settings that cannot work are refused before a store is made.
    courier = SmtpCourier(courier_settings(loaded))
    mailboxes = mailboxes_settings(loaded)
    opened = open_store(store_settings(loaded, state_folder, may_make=True), parts.clock)
    store, blobs = opened.store, opened.blobs
    mark_key = store.keys.mark_key
    settings = effects_settings(
        loaded,
        mark_key=mark_key,
        clauses=parts.policy.clauses,
        platform_names=parts.recognisers.names,
    )
    editing = list_editing(loaded, parts.school, store, settings)
    lists = CurrentLists(
        list_files(loaded),
        surroundings(loaded, parts.school),
        lambda news: tell_lists_news(store, news, None if is_worker else editing),
    )

    def directory() -> IndexedLists:
        return lists.lists

    model = follow_model(loaded, state_folder, store, settings=settings, is_worker=is_worker)
    parts = replace(parts, classifier=model.classifier)
    inspector = parts.inspector(lists=directory, classifier=lambda: model.classifier)
    casebook = Casebook(store, blobs, zone=ZoneInfo(parts.school.timezone))
    trail = AuditTrail(
        store,
        key=TrailKey(public_key=store.keys.public_key, sign=store.keys.sign),
        check_signature=is_genuine_signature,
    )
    workers = effects_workers(
        loaded,
        EffectsParts(
            courier=courier,
            mailboxes=mailboxes,
            opened=opened,
            settings=settings,
            directory=directory,
            clock=parts.clock,
            public_key=str(trail.verifier_key),
        ),
        casebook,
    )
    watch = watch_of(
        loaded,
        opened,
        contacts=settings.contacts.values(),
        lists=directory,
        clock=parts.clock,
        classifier=lambda: model.classifier,
        on_alarm=tell_alarm,
    )
    gate = PolicyGate(
        inspector=inspector,
        casebook=casebook,
        store=store,
        plan_effects=ReportPlanner(settings),
        clock=parts.clock,
        mode=loaded.config.mode,
        on_recorded=partial(wake, workers),
        on_alarm=tell_alarm,
        on_judged=watch.consider_first,
        on_counted=watch.consider,
    )
    edge = OwnAddressGate(
        gate,
        answers=AnswerReader(store=store, settings=settings, directory=directory),
        read=inspector.read,
        is_role_address=lambda address: readers_now(store, settings, directory).is_role_address(address),
    )
    return Running(
        loaded=loaded,
        parts=parts,
        opened=opened,
        settings=settings,
        lists=lists,
        model=model,
        watch=watch,
        gate=gate,
        edge=edge,
        editing=editing,
        trail=trail,
        workers=workers,
        mark_key=mark_key,
    )
