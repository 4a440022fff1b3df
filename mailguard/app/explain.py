"""What ``mailguard explain`` answers, as the contract in DECISIONS.md words it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailguard.app.inspect import Inspection
from mailguard.domain.people import PersonMatch
from mailguard.domain.platform import PlatformFacts
from mailguard.domain.words import ReportWhen

_SHOWN_SCORES = 5


def explanation(inspection: Inspection, *, path: str) -> dict[str, Any]:
    """One JSON-ready object; key names and their order are the contract's."""
    facts, assessment, headline = inspection.facts, inspection.assessment, inspection.headline
    answer: dict[str, Any] = {
        "path": path,
        "message": {
            "sha256": facts.sha256,
            "size_bytes": facts.size_bytes,
            "message_id": facts.message_id,
            "defects": list(facts.defects),
        },
        "envelope": {
            "mail_from": inspection.envelope.mail_from,
            "rcpt_tos": list(inspection.envelope.rcpt_tos),
        },
        "direction": assessment.direction.value,
        "initiator": assessment.initiator.value,
        "persons": [person_object(match) for match in one_match_a_person(assessment.matches)],
        "platform": platform_object(assessment.platform),
        "nature": assessment.shown_nature.value if assessment.shown_nature is not None else None,
        "signals": [
            {"code": signal.code.code, "says": signal.says, "source": signal.source}
            for signal in assessment.signals
        ],
        "scores": scores_object(inspection),
        "verdict": headline.verdict.value,
        "row": headline.row.code,
        "clause": headline.clause,
        "level": int(headline.level),
        "disposition": headline.disposition.value,
        "report": {
            "when": headline.report.value,
            "to": [role.value for role in inspection.route.to]
            if headline.report is not ReportWhen.NONE
            else [],
            "withheld_from": [role.value for role in inspection.route.withheld_from],
        },
        "policy_version": inspection.versions.policy,
        "lists_version": inspection.versions.lists,
        "model_id": inspection.versions.model,
    }
    outcomes = inspection.decision.outcomes
    if len({(outcome.disposition, outcome.row.code) for outcome in outcomes}) > 1:
        answer["recipients"] = [
            {"address": outcome.address, "disposition": outcome.disposition.value, "row": outcome.row.code}
            for outcome in outcomes
        ]
    return answer


def one_match_a_person(matches: tuple[PersonMatch, ...]) -> tuple[PersonMatch, ...]:
    """The first match of each person: a person found in MAIL FROM and From is one person."""
    return tuple({match.person.id: match for match in reversed(matches)}.values())[::-1]


def person_object(match: PersonMatch) -> dict[str, str]:
    return {
        "id": match.person.id,
        "name": match.person.name,
        "list": match.person.list.value,
        "matched": match.matched,
        "certainty": match.certainty.value,
    }


def platform_object(platform: PlatformFacts | None) -> dict[str, Any] | None:
    if platform is None:
        return None
    return {
        "id": platform.id,
        "class": platform.platform_class.value,
        "event": platform.event.value,
        "actor": platform.actor or None,
        "handle": platform.handle or None,
        "authenticated": platform.authenticated.value,
    }


def scores_object(inspection: Inspection) -> dict[str, dict[str, float]]:
    scores = inspection.scores
    heads: dict[str, Mapping[str, float]] = {
        "kind": scores.kind,
        "nature": scores.nature,
        "event": scores.event if inspection.assessment.platform is not None else {},
        "initiator": scores.initiator,
    }
    return {head: _highest(values) for head, values in heads.items() if values}


def _highest(values: Mapping[str, float]) -> dict[str, float]:
    ranked = sorted(values.items(), key=lambda item: -item[1])[:_SHOWN_SCORES]
    return {word: round(float(value), 4) for word, value in ranked if value >= 0.005}
