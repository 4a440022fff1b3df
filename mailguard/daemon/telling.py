"""What the running system tells: alarms and progress to the log, its own life and its lists to the record too."""

from __future__ import annotations

import structlog

from mailguard.adapters.imap_mailbox import PassProgress
from mailguard.adapters.log_errors import cause_of, types_of
from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.list_editing import ListEditing
from mailguard.app.list_reload import ListsRefused, ListsReplaced
from mailguard.app.ports import PermanentFailure, TemporaryFailure
from mailguard.app.ports_store import AuditEntry, EffectRecord, Store
from mailguard.app.schedule import Job
from mailguard.app.sightings import begin_model_faults
from mailguard.classifier.artefact import DarkClassifier
from mailguard.classifier.reload import CurrentModel
from mailguard.domain.audit import AuditTag
from mailguard.model_wiring import tell_model_state

log = structlog.get_logger(__name__)

_ACTOR = "daemon"
_ALARM_SECONDS = 30.0


def record(store: Store, tag: str, detail: dict[str, object]) -> None:
    with store.transaction() as transaction:
        transaction.audit.append(AuditEntry(tag=tag, actor=_ACTOR, detail=detail))


def tell_start(
    store: Store,
    settings: EffectsSettings,
    *,
    part_names: frozenset[str],
    policy: str,
    lists: str,
    model: CurrentModel,
) -> None:
    """With which policy, lists and model it begins; of a model that is not used people are told, if they do not know yet."""
    classifier = model.classifier
    detail: dict[str, object] = {
        "parts": sorted(part_names),
        "policy": policy,
        "lists": lists,
        "model": classifier.model_id,
    }
    problem = classifier.reason if isinstance(classifier, DarkClassifier) else ""
    if problem:
        log.error("model_dark", reason=problem)
        detail["model_dark"] = problem
    with store.transaction() as transaction:
        transaction.audit.append(AuditEntry(tag=AuditTag.DAEMON_STARTED, actor=_ACTOR, detail=detail))
        begin_model_faults(transaction.ledger)
        tell_model_state(transaction, settings, model=classifier.model_id, problem=problem, fix=model.fix)


def model_alarm_job(store: Store, settings: EffectsSettings, model: CurrentModel) -> Job:
    """That a model is in use again is told when it has lasted, which no change of it brings about."""

    def look() -> None:
        """Raises TemporaryFailure; the next one comes soon."""
        classifier, fix = model.classifier, model.fix
        problem = classifier.reason if isinstance(classifier, DarkClassifier) else ""
        with store.transaction() as transaction:
            tell_model_state(transaction, settings, model=classifier.model_id, problem=problem, fix=fix)

    return Job(name="model-alarm", seconds=_ALARM_SECONDS, call=look)


def keep_lists(editing: ListEditing) -> None:
    """What is in the files now, as a version that can be put back."""
    try:
        editing.note_outside()
    except PermanentFailure as failure:
        tell_alarm("lists_not_kept", str(failure))


def tell_lists_news(store: Store, news: ListsReplaced | ListsRefused, editing: ListEditing | None) -> None:
    """On the record and in the log; problems may name people, so the log has files, lines and counts only.

    ``editing`` None: another process keeps the record.
    """
    detail: dict[str, object]
    match news:
        case ListsReplaced():
            log.info("lists_replaced", old=news.old_version, new=news.new_version)
            tag, detail = "lists:school:replaced", {"old": news.old_version, "new": news.new_version}
        case ListsRefused():
            places = [f"{problem.file}:{problem.line}" for problem in news.problems]
            log.error("lists_refused", kept=news.kept_version, places=places[:20])
            tag, detail = "lists:school:refused", {"kept": news.kept_version, "problems": len(places)}
    if editing is not None:
        if isinstance(news, ListsReplaced):
            keep_lists(editing)
        record(store, tag, detail)


def tell_alarm(event: str, subject: str, error: Exception | None = None) -> None:
    """``error``: why, where an exception says it; of it the log has types, lines of code and what ``cause_of`` gives."""
    if error is None:
        log.error("alarm", alarm=event, subject=subject)
        return
    is_foreseen = isinstance(error, TemporaryFailure | PermanentFailure)
    log.error(
        "alarm",
        alarm=event,
        subject=subject,
        error=types_of(error),
        cause=cause_of(error),
        exc_info=None if is_foreseen else error,
    )


def tell_failed_attempt(effect: EffectRecord, error: TemporaryFailure) -> None:
    """It is tried again; the server's words, which may name a mailbox, are with the effect in the store."""
    log.warning(
        "effect_attempt_failed",
        kind=effect.kind.value,
        effect=effect.id,
        case_id=effect.case_id,
        role=effect.role,
        attempts=effect.attempts,
        error=types_of(error),
        cause=cause_of(error),
    )


def tell_progress(progress: PassProgress) -> None:
    log.info(
        "mailbox_pass",
        account=progress.account,
        folder=progress.folder,
        done=progress.done,
        total=progress.total,
    )
