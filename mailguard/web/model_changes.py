"""What has changed in what decides: who put which model in force, when none could be used, and starts with another policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailguard.app.ports_store import AuditFilter, AuditRecord, Transaction
from mailguard.classifier.promotion import PROMOTED, RESTORED, ROLLED_BACK
from mailguard.domain.audit import AuditTag
from mailguard.model_wiring import MODEL_DARK, MODEL_REPLACED

_LOOKED_AT = 500
_MOST = 10
_TAGS = (PROMOTED, ROLLED_BACK, RESTORED, MODEL_DARK, MODEL_REPLACED, AuditTag.DAEMON_STARTED)


@dataclass(frozen=True, slots=True)
class Change:
    """``says``: a sentence without its full stop."""

    at: datetime
    says: str


def changes(transaction: Transaction) -> tuple[Change, ...]:
    """The last ones, newest first."""
    events = [
        event
        for tag in _TAGS
        for event in transaction.audit.newest(AuditFilter(tag_start=tag, limit=_LOOKED_AT))
    ]
    events.sort(key=lambda record: record.seq)
    return tuple(reversed(tuple(_told(events))))[:_MOST]


def _told(events: list[AuditRecord]) -> Iterator[Change]:
    """Oldest first. A process that takes what a person put in force is no change of its own."""
    policy, model = "", ""
    is_expected = False
    for event in events:
        detail = event.detail
        match event.tag:
            case tag if tag in (PROMOTED, ROLLED_BACK):
                yield Change(event.at, _act(event.tag, event.actor, detail))
                is_expected = True
            case tag if tag == RESTORED:
                yield Change(
                    event.at, f"the pointer to the model in force was put back: {detail.get('promoted')}"
                )
                is_expected = True
            case tag if tag == MODEL_DARK:
                yield Change(event.at, f"no model could be used: {detail.get('reason')}")
                model = ""
            case tag if tag == MODEL_REPLACED:
                new = str(detail.get("new", ""))
                if not detail.get("old"):
                    yield Change(event.at, f"a model is in use again: {new}")
                elif new != model and not is_expected:
                    yield Change(event.at, f"another model is in use: {new}")
                model, is_expected = new, False
            case _:
                if "policy" not in detail:
                    continue  # a process that decides nothing
                started = str(detail["policy"]), str(detail.get("model", ""))
                if started[0] != policy:
                    yield Change(event.at, f"started with policy {started[0]} and {_model(started[1])}")
                elif started[1] != model and not is_expected:
                    yield Change(event.at, f"started with {_model(started[1])}")
                (policy, model), is_expected = started, False


def _act(tag: str, by: str, detail: Mapping[str, Any]) -> str:
    what = "put into use" if tag == PROMOTED else "put back into use"
    says = f"model {detail.get('promoted')} was {what} by {by}: {detail.get('reason')}"
    failed = detail.get("failed_gates")
    if detail.get("is_forced") and isinstance(failed, list) and failed:
        says += f" (although it did not pass {', '.join(map(str, failed))})"
    return says


def _model(model_id: str) -> str:
    return f"model {model_id}" if model_id else "no model"
