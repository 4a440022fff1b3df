"""The decision table as a DCPO reads it: each row with when it matches, what then happens, and the clause.

The page and ``docs/reference/policy.md`` are made of the same sentences.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mailguard.app.policy_words import DIMENSION_LABELS, LEVEL_WORDS, VALUE_WORDS
from mailguard.app.report_words import SUBJECT_NOUNS
from mailguard.domain.policy import Condition, Consequence, Policy, Row
from mailguard.domain.situation import DIMENSIONS
from mailguard.domain.words import Disposition, Level, ReportWhen

_NOT_TOLD = {
    "none": "",
    "recipients": "the recipients",
    "recipients-and-accused": "the recipients and whoever is accused",
    "actor": "the representative who acted",
    "accused": "whoever is accused",
}
_PART_WORDS = {
    "accused": "whoever is accused",
    "may-be-accused": "anybody outside the chain who may be accused",
}


@dataclass(frozen=True, slots=True)
class ConditionView:
    """``label`` is or is not one of ``values``. ``meaning``: of a single value, a sentence; else ""."""

    label: str
    is_not: bool
    values: tuple[str, ...]
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowView:
    """``when``: alternatives, each a list of conditions that hold together; an empty one is "everything else"."""

    code: str
    says: str
    verdicts: tuple[str, ...]
    level: int
    level_says: str
    is_held: bool
    does: str
    does_when_grave: str
    when: tuple[tuple[ConditionView, ...], ...]
    not_told: str
    clauses: tuple[tuple[str, str], ...]


def row_views(policy: Policy) -> tuple[RowView, ...]:
    """In the order in which they are tried."""
    return tuple(_view(row, policy) for row in policy.rows)


def _view(row: Row, policy: Policy) -> RowView:
    consequence = row.consequence
    numbers = [number.strip() for number in row.clause.split(",") if number.strip()]
    return RowView(
        code=row.code,
        says=row.says,
        verdicts=tuple(dict.fromkeys(SUBJECT_NOUNS[verdict] for verdict in row.verdicts.values())),
        level=int(consequence.level),
        level_says=LEVEL_WORDS[consequence.level],
        is_held=consequence.disposition is Disposition.HOLD,
        does=consequence_words(consequence, row),
        does_when_grave=consequence_words(row.grave, row) if row.grave is not None else "",
        when=tuple(tuple(condition_views(each)) for each in row.when),
        not_told=not_told_words(row),
        clauses=tuple((number, policy.clauses.get(number, "")) for number in numbers),
    )


def condition_views(condition: Condition) -> list[ConditionView]:
    """The shorter of "is one of" and "is none of"."""
    found = []
    for name, values in condition.items():
        is_not, shown = shorter(name, values)
        meaning = VALUE_WORDS[name][shown[0]] if len(shown) == 1 and not is_not else ""
        found.append(ConditionView(DIMENSION_LABELS[name], is_not, tuple(map(plain_value, shown)), meaning))
    return found


def shorter(name: str, values: frozenset[str]) -> tuple[bool, tuple[str, ...]]:
    """Whether the values left out are fewer, and the fewer of the two, in the dimension's order."""
    others = tuple(value for value in DIMENSIONS[name] if value not in values)
    chosen = tuple(value for value in DIMENSIONS[name] if value in values)
    return (True, others) if len(others) < len(chosen) else (False, chosen)


def plain_value(value: str) -> str:
    return {"true": "yes", "false": "no"}.get(value, value.replace("_", " ").replace("-", " "))


def grave_words(policy: Policy) -> str:
    natures = sorted(policy.grave_natures, key=lambda nature: nature.gravity)
    return ", ".join(plain_value(nature.value) for nature in natures)


def consequence_words(consequence: Consequence, row: Row) -> str:
    held = "Held" if consequence.disposition is Disposition.HOLD else "Delivered"
    if row.hold_from:
        names = " and ".join(_PART_WORDS[part] for part in sorted(row.hold_from))
        held = f"Held from {names}; delivered to the rest"
    report: Mapping[ReportWhen, str] = {
        ReportWhen.NOW: "reported now",
        ReportWhen.DIGEST: "in the digest",
        ReportWhen.NONE: "not reported",
    }
    return f"{held}, {report[consequence.report]}, level {int(consequence.level)}."


def not_told_words(row: Row) -> str:
    """Rule 3: whoever acted or is accused is a subject at any level, a recipient at level 3 and above."""
    words = _NOT_TOLD[row.subjects]
    if not row.subjects.startswith("recipients") or row.consequence.level >= Level.NOW:
        return words
    if row.grave is None or row.grave.level < Level.NOW:
        return ""
    return f"{words}, at level {int(row.grave.level)}"
