"""What replays came to, kept so that a person can look at them before anything is promoted. Ids, rows and counts: no content."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailguard.app.ports import Versions
from mailguard.app.ports_store import AuditEntry, Store, Transaction
from mailguard.app.replay import Replayed, Tally
from mailguard.domain.audit import AuditTag

_STATE = "replay-results"
_KEPT_RESULTS = 10
_KEPT_CHANGES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayResult:
    """One replay of the store. ``at`` and ``since`` aware UTC.

    ``before`` None: held against what was decided then. ``tally`` and ``changes`` as ``Tally.as_dict`` and
    ``Replayed.as_dict`` give them; of the changes the gravest 200 are kept. ``tally["open"]``: the same counts without
    the cases that are closed to somebody.
    """

    at: datetime
    since: datetime
    after: Versions
    before: Versions | None
    tally: Mapping[str, Any]
    changes: tuple[Mapping[str, Any], ...]

    def counts(self, may_name: Callable[[str], bool]) -> dict[str, int]:
        """As one reader may count: what is open to everybody, and the closed changes that are open to this one."""
        counts = dict(self.tally.get("open", self.tally))
        for change in self.changes:
            if is_closed_to_some(change) and may_name(str(change["label"])):
                counts["messages"] += 1
                counts["changed"] += 1
                for mark in change["marks"]:
                    counts[mark.replace("-", "_")] += 1
        return {key: int(value) for key, value in counts.items() if isinstance(value, int)}


def keep_result(
    store: Store,
    *,
    actor: str,
    since: datetime,
    before: Versions | None,
    after: Versions,
    tally: Tally,
    changed: Sequence[Replayed],
) -> ReplayResult:
    """Keep the result and its audit event in one transaction: the only thing that a replay changes.

    The event counts what is open to everybody: a number that does not fit the list would tell of a closed case.
    """
    open_counts = _open_counts(tally, changed)
    gravest = sorted(changed, key=_gravity)[:_KEPT_CHANGES]
    with store.transaction() as transaction:
        result = ReplayResult(
            at=transaction.now,
            since=since,
            after=after,
            before=before,
            tally={**tally.as_dict(), "open": open_counts},
            changes=tuple(replayed.as_dict() for replayed in gravest),
        )
        kept = [_as_json(result), *_stored(transaction)][:_KEPT_RESULTS]
        transaction.ledger.put_state(_STATE, json.dumps(kept, ensure_ascii=False))
        transaction.audit.append(
            AuditEntry(
                tag=AuditTag.POLICY_REPLAYED,
                actor=actor,
                detail={
                    "since": since.isoformat(),
                    "before": _versions(before),
                    "after": _versions(after),
                    **open_counts,
                    "unread": len(tally.unread),
                },
            )
        )
    return result


def is_closed_to_some(change: Mapping[str, Any]) -> bool:
    return bool(change["before"]["withheld_from"] or change["after"]["withheld_from"])


def _open_counts(tally: Tally, changed: Sequence[Replayed]) -> dict[str, int]:
    closed = [each for each in changed if each.is_closed_to_some]
    counts = {"messages": tally.messages - tally.closed, "changed": tally.changed - len(closed)}
    for mark, count in tally.marks.items():
        counts[mark.replace("-", "_")] = count - sum(mark in each.marks for each in closed)
    return counts


def latest_results(transaction: Transaction) -> tuple[ReplayResult, ...]:
    """The last ten replays of the store, newest first: for the review page's Model and policy page."""
    return tuple(_from_json(entry) for entry in _stored(transaction))


def _gravity(replayed: Replayed) -> tuple[bool, bool, bool, int, datetime]:
    """Sorts what was lost before what was won."""
    return (
        not replayed.loses_a_childs_report,
        not replayed.is_report_no_longer,
        not replayed.is_hold_no_longer,
        -int(max(replayed.before.level, replayed.after.level)),
        replayed.came_at,
    )


def _stored(transaction: Transaction) -> list[Any]:
    text = transaction.ledger.state(_STATE)
    return list(json.loads(text)) if text else []


def _versions(versions: Versions | None) -> dict[str, str] | None:
    if versions is None:
        return None
    return {"policy": versions.policy, "lists": versions.lists, "model": versions.model}


def _as_json(result: ReplayResult) -> dict[str, Any]:
    return {
        "at": result.at.isoformat(),
        "since": result.since.isoformat(),
        "before": _versions(result.before),
        "after": _versions(result.after),
        "tally": dict(result.tally),
        "changes": [dict(change) for change in result.changes],
    }


def _from_json(entry: Mapping[str, Any]) -> ReplayResult:
    before = entry["before"]
    return ReplayResult(
        at=datetime.fromisoformat(entry["at"]),
        since=datetime.fromisoformat(entry["since"]),
        before=None if before is None else Versions(**before),
        after=Versions(**entry["after"]),
        tally=entry["tally"],
        changes=tuple(entry["changes"]),
    )
