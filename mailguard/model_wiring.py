"""From settings and keys to the registry of models, and to the model that a running process follows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from mailguard.adapters.keys import SchoolKeys
from mailguard.adapters.store.opening import OpenedStore, open_store
from mailguard.adapters.store.sql_store import SqlStore
from mailguard.app.drift import ScoreTally
from mailguard.app.effects_settings import EffectsSettings, RoleContact
from mailguard.app.labelling import Labelling
from mailguard.app.lists import IndexedLists
from mailguard.app.model_alarm import tell_bright, tell_dark
from mailguard.app.model_watch import ModelWatch
from mailguard.app.not_understood import NotUnderstood
from mailguard.app.ports import BlobStore, Classifier, Clock
from mailguard.app.ports_store import AuditEntry, Store, StoreProblem, Transaction
from mailguard.app.sampling import Sampler, SamplingSettings
from mailguard.app.sightings import note_model_in_use
from mailguard.classifier.artefact import DarkClassifier, open_classifier
from mailguard.classifier.predict import LinearClassifier
from mailguard.classifier.promotion import Promoter
from mailguard.classifier.registry import POINTER, ModelRegistry
from mailguard.classifier.reload import CurrentModel, ModelDark, ModelNews, ModelReplaced
from mailguard.config import LoadedConfig
from mailguard.daemon_settings import store_settings
from mailguard.reading.message import read

log = structlog.get_logger(__name__)

MODEL_REPLACED, MODEL_DARK = "daemon:model:replaced", "daemon:model:dark"


def models_folder(loaded: LoadedConfig, state_folder: Path) -> Path:
    own = loaded.config.model.directory
    return loaded.resolve(own) if own is not None else state_folder / "models"


def registry_of(loaded: LoadedConfig, state_folder: Path, keys: SchoolKeys) -> ModelRegistry:
    return ModelRegistry(
        models_folder(loaded, state_folder), public_key=keys.model_key.public_key().public_bytes_raw()
    )


def promoter_of(loaded: LoadedConfig, state_folder: Path, store: SqlStore) -> Promoter:
    return Promoter(
        registry=registry_of(loaded, state_folder, store.keys), store=store, key=store.keys.model_key
    )


def follow_model(
    loaded: LoadedConfig,
    state_folder: Path,
    store: SqlStore,
    *,
    settings: EffectsSettings,
    is_worker: bool,
) -> CurrentModel:
    """The model in force, for a process that lives on. A worker follows too; its parent keeps the record and tells people."""
    promoter = promoter_of(loaded, state_folder, store)
    return CurrentModel(
        promoter.registry,
        lambda news: tell_model_news(store, news, settings=settings, is_recorded=not is_worker),
        restore=lambda: _restore(promoter),
    )


def _restore(promoter: Promoter) -> None:
    """The record has it as an event; whoever watches the log hears of it as of an alarm."""
    if promoter.restore():
        log.error("model_pointer_restored", promoted=promoter.registry.pointer().promoted)


def tell_model_news(store: Store, news: ModelNews, *, settings: EffectsSettings, is_recorded: bool) -> None:
    """In the log, on the record, by mail to people when it goes dark and when that is over, and for doctor and the digest.

    Raises TemporaryFailure; then the news comes again.
    """
    match news:
        case ModelReplaced():
            log.info("model_replaced", old=news.old_id, new=news.new_id)
            tag, detail = MODEL_REPLACED, {"old": news.old_id, "new": news.new_id}
            in_use, problem, fix = news.new_id, "", ""
        case ModelDark():
            log.error("model_dark", old=news.old_id, reason=news.reason)
            tag, detail = MODEL_DARK, {"old": news.old_id, "reason": news.reason}
            in_use, problem, fix = "", news.reason, news.fix
    if not is_recorded:
        return
    with store.transaction() as transaction:
        transaction.audit.append(AuditEntry(tag=tag, actor="daemon", detail=detail))
        note_model_in_use(transaction.ledger, model=in_use, problem=problem, fix=fix)
        tell_model_state(transaction, settings, model=in_use, problem=problem, fix=fix)


def tell_model_state(
    transaction: Transaction, settings: EffectsSettings, *, model: str, problem: str, fix: str
) -> None:
    """A mail to people when that is another state than they were last told of; asked at a start, at a change and now and then."""
    machine = os.uname().nodename
    if problem:
        tell_dark(transaction, settings, machine=machine, reason=problem, fix=fix)
    else:
        tell_bright(transaction, settings, machine=machine, model=model)


def model_in_force(
    loaded: LoadedConfig, state_folder: Path, clock: Clock, *, on_problem: Callable[[str], None]
) -> Classifier:
    """For a command that may run without a store: the promoted model where one was promoted, else the shipped one.

    ``on_problem`` hears when the school's keys cannot be opened; then the shipped model stands in.
    """
    folder = models_folder(loaded, state_folder)
    try:
        has_own = (folder / POINTER).exists()
    except OSError:
        # Another user's state folder: nothing can be known of it.
        has_own = False
    if not has_own:
        return open_classifier()
    found = _in_registry(loaded, state_folder, clock, lambda registry: registry.classifier())
    if isinstance(found, StoreProblem):
        on_problem(f"the model in force is not at hand ({found}); the shipped one is used instead")
        return open_classifier()
    return found


def model_of_registry(loaded: LoadedConfig, state_folder: Path, clock: Clock, name: str) -> Classifier:
    """A version by its id, or dark with the reason."""
    found = _in_registry(loaded, state_folder, clock, lambda registry: registry.open(name))
    return DarkClassifier(reason=str(found)) if isinstance(found, StoreProblem) else found


def _in_registry(
    loaded: LoadedConfig, state_folder: Path, clock: Clock, ask: Callable[[ModelRegistry], Classifier]
) -> Classifier | StoreProblem:
    try:
        opened = open_store(store_settings(loaded, state_folder, only_reads=True), clock)
    except StoreProblem as problem:
        return problem
    try:
        return ask(registry_of(loaded, state_folder, opened.store.keys))
    finally:
        opened.store.close()


def watch_of(
    loaded: LoadedConfig,
    opened: OpenedStore,
    *,
    contacts: Iterable[RoleContact],
    lists: Callable[[], IndexedLists],
    clock: Clock,
    classifier: Callable[[], Classifier],
    on_alarm: Callable[[str, str], None],
) -> ModelWatch:
    """What a process that judges mail notes beside it. ``contacts``: everyone who may read the sample."""
    zone = ZoneInfo(loaded.config.school.timezone)
    section = loaded.config.labelling
    chain = {
        address.lower() for each in contacts for address in (each.address, each.acting_address) if address
    }

    def today() -> date:
        return clock.now().astimezone(zone).date()

    def thresholds() -> Mapping[str, float]:
        return grave_thresholds(classifier())

    settings = SamplingSettings(
        blind_per_week=section.blind_per_week,
        uncertain_per_week=section.uncertain_per_week,
        doubtful_per_day=section.doubtful_per_day,
        chain_addresses=frozenset(chain),
    )
    return ModelWatch(
        tally=ScoreTally(opened.store, today),
        sampler=Sampler(
            store=opened.store,
            blobs=opened.blobs,
            shred=opened.blobs.shred,
            lists=lists,
            settings=settings,
            today=today,
            thresholds=thresholds,
        ),
        not_understood=NotUnderstood(
            store=opened.store,
            blobs=opened.blobs,
            shred=opened.blobs.shred,
            lists=lists,
            settings=settings,
            today=today,
            thresholds=thresholds,
            on_problem=on_alarm,
        ),
    )


def grave_thresholds(classifier: Classifier) -> Mapping[str, float]:
    """Of adults' letters, by nature; none when no model is in force."""
    return classifier.thresholds.nature_of_adult if isinstance(classifier, LinearClassifier) else {}


def labelling_of(loaded: LoadedConfig, store: Store, blobs: BlobStore) -> Labelling:
    section = loaded.config.labelling
    return Labelling(
        store=store,
        blobs=blobs,
        read=read,
        keep_days=section.keep_days,
        examples_keep_days=section.examples_keep_days,
    )
