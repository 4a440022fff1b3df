"""The decision: one pure function over the table.

A message names several recipients, and several natures may hold at once. Each recipient is decided for each nature;
the highest level wins for a recipient, and the gravest recipient is the headline (report now > digest > none, then level,
then hold > deliver). Nothing here weighs scores: a score can only have added a nature or made a sender a probable child.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mailguard.domain.policy import Policy, Row
from mailguard.domain.situation import Situation, coordinates
from mailguard.domain.words import Disposition, Level, Nature, ReportWhen, Verdict


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one recipient's copy comes to. ``address`` is the envelope recipient."""

    address: str
    verdict: Verdict
    row: Row
    disposition: Disposition
    report: ReportWhen
    level: Level
    nature: Nature
    situation: Situation

    @property
    def clause(self) -> str:
        return self.row.clause_for(self.situation)

    @property
    def rank(self) -> tuple[int, int, int, int]:
        """Greater is graver."""
        return (
            self.report.urgency,
            int(self.level),
            int(self.disposition is Disposition.HOLD),
            -self.nature.gravity,
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """``outcomes`` in envelope order; ``headline`` is the gravest of them."""

    headline: Outcome
    outcomes: tuple[Outcome, ...]

    @property
    def must_record(self) -> bool:
        """True when anything is held or reported, or a case is opened: more than a counter."""
        return any(
            outcome.disposition is Disposition.HOLD
            or outcome.report is not ReportWhen.NONE
            or outcome.row.opens_case
            for outcome in self.outcomes
        )


def decide_situation(address: str, situation: Situation, policy: Policy) -> Outcome:
    """Decide one situation. Total: the policy's last row matches everything."""
    row = policy.row_for(situation)
    consequence = row.consequence_for(situation, policy.grave_natures)
    return Outcome(
        address=address,
        verdict=row.verdict_for(coordinates(situation)),
        row=row,
        disposition=consequence.disposition,
        report=consequence.report,
        level=consequence.level,
        nature=situation.nature,
        situation=situation,
    )


def decide(situations: Mapping[str, Sequence[Situation]], policy: Policy) -> Decision:
    """Decide every recipient over every nature that holds.

    ``situations``: envelope recipient → its situations, at least one each.
    Per recipient the highest level wins ("each is decided and the highest level wins"); equal levels: the graver rank.
    """
    outcomes: list[Outcome] = []
    for address, choices in situations.items():
        decided = [decide_situation(address, choice, policy) for choice in choices]
        outcomes.append(max(decided, key=lambda outcome: (int(outcome.level), outcome.rank)))
    if not outcomes:
        raise ValueError("decide needs at least one recipient")
    return Decision(headline=max(outcomes, key=lambda outcome: outcome.rank), outcomes=tuple(outcomes))
