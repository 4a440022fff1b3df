"""Records as plain JSON values: what the store seals and what an evidence pack shows are the same words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mailguard.app.ports import Receipt
from mailguard.app.ports_store import DecisionRecord
from mailguard.domain.audit import time_text


def decision_to_json(decision: DecisionRecord) -> dict[str, Any]:
    return {
        "verdict": decision.verdict,
        "row": decision.row,
        "clause": decision.clause,
        "level": int(decision.level),
        "disposition": decision.disposition,
        "report_when": decision.report_when,
        "report_roles": list(decision.report_roles),
        "withheld_roles": list(decision.withheld_roles),
        "subjects": list(decision.subjects),
        "direction": decision.direction,
        "initiator": decision.initiator,
        "nature": decision.nature,
        "platform": None if decision.platform is None else dict(decision.platform),
        "persons": [dict(person) for person in decision.persons],
        "signals": [dict(signal) for signal in decision.signals],
        "scores": plain(decision.scores),
        "versions": {
            "policy": decision.versions.policy,
            "lists": decision.versions.lists,
            "model": decision.versions.model,
        },
        "further": plain(decision.further),
    }


def receipt_to_json(receipt: Receipt) -> dict[str, Any]:
    location = receipt.imap
    return {
        "via": receipt.via,
        "received_at": time_text(receipt.received_at),
        "client_ip": receipt.client_ip,
        "client_name": receipt.client_name,
        "helo": receipt.helo,
        "tls": receipt.tls,
        "queue_id": receipt.queue_id,
        "protocol": receipt.protocol,
        "is_backlog": receipt.is_backlog,
        "imap": None
        if location is None
        else {
            "account": location.account,
            "folder": location.folder,
            "uidvalidity": location.uidvalidity,
            "uid": location.uid,
            "internal_date": _optional_time_text(location.internal_date),
            "flags": list(location.flags),
        },
    }


def plain(value: Any) -> Any:
    """Mappings as dict and sequences as list, all the way down, for JSON."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    return value


def _optional_time_text(at: datetime | None) -> str | None:
    return None if at is None else time_text(at)
