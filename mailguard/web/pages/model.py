"""Model and policy, to be read: what the model is and how good, where people decided otherwise, and the decision table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from starlette.responses import Response

from mailguard.app.disagreements import BEFORE_DAYS, RECENT_DAYS, disagreements
from mailguard.app.drift import drift
from mailguard.app.drift_words import drift_problems, drift_state
from mailguard.app.model_view import model_view
from mailguard.app.policy_view import grave_words, row_views
from mailguard.app.ports_store import Transaction
from mailguard.app.replay_results import ReplayResult, latest_results
from mailguard.app.sightings import sightings
from mailguard.classifier.artefact import ModelRefused
from mailguard.classifier.registry import THIS_SCHOOL, ModelRegistry, Pointer, Version
from mailguard.domain.account import SiteRole
from mailguard.domain.case import CASE_ID
from mailguard.web.model_changes import changes
from mailguard.web.routing import get
from mailguard.web.visit import Visit

_MOST_REPLAYS = 3
_MOST_CHANGES = 20
# The Chair and others see the figures; which cases were overruled is for those who decide them.
_SEE_CASES = frozenset({SiteRole.HEAD, SiteRole.DEPUTY})
REPLAY_MARKS: Mapping[str, str] = {
    "child_report_lost": "Children's contacts that would no longer be reported",
    "child_report_later": "Children's contacts that would be reported later",
    "report_no_longer": "Would no longer be reported",
    "report_later": "Would wait for the digest",
    "hold_no_longer": "Would no longer be held",
    "new_hold": "Would be held, and were delivered",
    "report_new": "Would be reported, and were not",
}


def show(visit: Visit) -> Response:
    site = visit.site
    pointer, version, problem = _in_force(site.models)
    with site.store.reading() as transaction:
        queue, account = site.review.queue, visit.account
        found = (
            disagreements(
                transaction,
                lambda case_id: queue.is_open_to(case_id, account, transaction),
                now=visit.now,
            )
            if account.role in _SEE_CASES
            else None
        )
        changed = changes(transaction)
        model_id = version.model_id if version is not None else ""
        running = sightings(transaction.ledger).running
        problem = problem or (running.model_problem if running is not None else "")
        drifted = drift(transaction, model=model_id, today=site.today)
        replays = [
            _replay_words(each, partial(_may_name, visit, transaction))
            for each in latest_results(transaction)[:_MOST_REPLAYS]
        ]
    return visit.page(
        "model.html",
        model_id=version.model_id if version is not None and not problem else "",
        problem=problem,
        signed_on=_day(version.signed_at) if version is not None else None,
        promoted_on=_day(pointer.at) if pointer is not None else None,
        pointer=pointer,
        view=model_view(
            version.manifest if version is not None else {},
            is_own=version is not None and version.signed_by == THIS_SCHOOL,
        ),
        found=found,
        row_words={row.code: row.says for row in row_views(site.parts.policy)},
        drift_problems=[says for says, _ in drift_problems(drifted)],
        drift_state=drift_state(drifted),
        recent_days=RECENT_DAYS,
        before_days=BEFORE_DAYS,
        replays=replays,
        policy_version=site.parts.policy.version,
        lists_version=site.directory().version,
        changes=changed,
    )


def table(visit: Visit) -> Response:
    policy = visit.site.parts.policy
    return visit.page(
        "model_policy.html",
        rows=row_views(policy),
        policy=policy,
        grave=grave_words(policy),
        clauses=policy.clauses,
    )


def _in_force(models: ModelRegistry) -> tuple[Pointer | None, Version | None, str]:
    """Which model by its manifest, and what is wrong with that ("" when it is genuine)."""
    try:
        pointer = models.pointer()
        version = models.described(pointer.promoted)
    except ModelRefused as refused:
        return None, None, str(refused)
    return pointer, version, version.problem


def _may_name(visit: Visit, transaction: Transaction, label: str) -> bool:
    """Whether a changed message, by its case or the file it stands in, may be named to the person."""
    if visit.account.role not in _SEE_CASES:
        return False
    is_case = CASE_ID.fullmatch(label) is not None
    return not is_case or visit.site.review.queue.is_open_to(label, visit.account, transaction)


def _replay_words(result: ReplayResult, may_name: Callable[[str], bool]) -> dict[str, Any]:
    counts = result.counts(may_name)
    marks = [(words, counts[key]) for key, words in REPLAY_MARKS.items() if counts.get(key)]
    return {
        "at": result.at,
        "since": result.since,
        "messages": counts.get("messages", 0),
        "changed": counts.get("changed", 0),
        "marks": marks,
        "is_loud": bool(counts.get("child_report_lost") or counts.get("child_report_later")),
        "after": result.after,
        "changes": [each for each in result.changes if may_name(str(each["label"]))][:_MOST_CHANGES],
    }


def _day(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


routes = (get("model", "/model", show), get("model.policy", "/model/policy", table))
