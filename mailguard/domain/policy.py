"""The decision table as data: rows of conditions over :class:`Situation`, first match decides.

Source: DECISIONS.md, kept in config/policy.toml; parsed from a plain mapping so that this module reads no file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mailguard.domain.situation import DIMENSIONS, Situation, coordinates
from mailguard.domain.words import Disposition, Level, Nature, ReportWhen, Verdict

Condition = Mapping[str, frozenset[str]]
"""Dimension → the values that match; a dimension that is not named matches any value."""

SUBJECT_RULES = ("none", "recipients", "recipients-and-accused", "actor", "accused")


class PolicyProblem(ValueError):
    """All that is wrong with a policy file, one line each: where, what, fix."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Consequence:
    """What a row does. ``verdict`` by sender or actor is resolved by :meth:`Row.verdict_for`."""

    disposition: Disposition
    report: ReportWhen
    level: Level


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table.

    ``when``: alternatives; any one whose every dimension matches makes the row match.
    ``grave``: the consequence when the nature is one of the policy's grave ones, where the row has one.
    ``hold_from``: the parts from which the message is held though others get it (row D4), else empty.
    ``subjects``: who may not be told: see SUBJECT_RULES.
    """

    code: str
    when: tuple[Condition, ...]
    verdicts: Mapping[str, Verdict]
    consequence: Consequence
    grave: Consequence | None
    clause: str
    subjects: str
    says: str
    hold_from: frozenset[str] = frozenset()
    opens_case: bool = False
    tag: str = ""
    clause_by_event: Mapping[str, str] = field(default_factory=dict)

    def matches(self, point: Mapping[str, str]) -> bool:
        return any(
            all(point[name] in values for name, values in condition.items()) for condition in self.when
        )

    def verdict_for(self, point: Mapping[str, str]) -> Verdict:
        """The row's verdict; where it depends on who wrote or acted, the child-like reading's."""
        for key in (point["sender"], point["actor"], "otherwise"):
            if key in self.verdicts:
                return self.verdicts[key]
        raise KeyError(self.code)

    def clause_for(self, situation: Situation) -> str:
        """The clause cited; some events have their own."""
        return self.clause_by_event.get(str(situation.event), self.clause)

    def consequence_for(self, situation: Situation, grave_natures: frozenset[Nature]) -> Consequence:
        chosen = (
            self.grave if self.grave is not None and situation.nature in grave_natures else self.consequence
        )
        if self.hold_from:
            held = str(situation.part) in self.hold_from
            return Consequence(
                disposition=Disposition.HOLD if held else Disposition.DELIVER,
                report=chosen.report,
                level=chosen.level,
            )
        return chosen


@dataclass(frozen=True, slots=True)
class Policy:
    """The table. ``version`` is the first 12 hex digits of the SHA-256 of its canonical content."""

    version: str
    rows: tuple[Row, ...]
    grave_natures: frozenset[Nature]
    clauses: Mapping[str, str]

    def row_for(self, situation: Situation) -> Row:
        point = coordinates(situation)
        for row in self.rows:
            if row.matches(point):
                return row
        # policy_check proves that the last row matches everything; a table without one does not load.
        raise PolicyProblem([f"no row matches {point}"])

    def row(self, code: str) -> Row:
        return next(row for row in self.rows if row.code == code)


def parse_policy(document: Mapping[str, Any], *, source: str = "policy.toml") -> Policy:
    """Make a Policy of a TOML document. Raises PolicyProblem with everything that is wrong at once."""
    problems: list[str] = []
    aliases = {name: tuple(values) for name, values in dict(document.get("groups", {})).items()}
    clauses = {str(key): str(value) for key, value in dict(document.get("clauses", {})).items()}
    grave: set[Nature] = set()
    for word in document.get("grave_natures", ()):
        if word in {nature.value for nature in Nature}:
            grave.add(Nature(word))
        else:
            problems.append(f"{source}: grave_natures: {word!r} is no nature; use one of {_words(Nature)}")
    rows: list[Row] = []
    for number, table in enumerate(document.get("row", ()), start=1):
        row = _parse_row(
            table, f"{source}: row {number} ({table.get('code', 'no code')})", aliases, clauses, problems
        )
        if row is not None:
            if any(row.code == other.code for other in rows):
                problems.append(
                    f"{source}: row {number}: code {row.code} is used twice; give each row its own"
                )
            rows.append(row)
    if not rows:
        problems.append(f"{source}: no [[row]]: restore the table from the shipped policy.toml")
    elif any(rows[-1].when[0]):
        problems.append(
            f"{source}: the last row ({rows[-1].code}) must match everything: give it no conditions"
        )
    unknown = set(document) - {"groups", "clauses", "grave_natures", "row", "title"}
    problems.extend(f"{source}: {key}: unknown key; remove it" for key in sorted(unknown))
    if problems:
        raise PolicyProblem(problems)
    canonical = json.dumps(document, sort_keys=True, ensure_ascii=False, default=str)
    version = hashlib.sha256(canonical.encode()).hexdigest()[:12]
    return Policy(version=version, rows=tuple(rows), grave_natures=frozenset(grave), clauses=clauses)


def _parse_row(
    table: Mapping[str, Any],
    where: str,
    aliases: Mapping[str, Sequence[str]],
    clauses: Mapping[str, str],
    problems: list[str],
) -> Row | None:
    before = len(problems)
    known = {
        "code",
        "when",
        "verdict",
        "disposition",
        "report",
        "level",
        "grave",
        "clause",
        "subjects",
        "says",
    }
    known |= {"hold_from", "opens_case", "tag", "clause_by_event"}
    problems.extend(f"{where}: {key}: unknown key; remove it" for key in sorted(set(table) - known))
    when = table.get("when", {})
    alternatives = when if isinstance(when, list) else [when]
    conditions = tuple(_parse_condition(item, f"{where}: when", aliases, problems) for item in alternatives)
    verdict = table.get("verdict", "")
    wanted = verdict if isinstance(verdict, dict) else {"otherwise": verdict}
    verdicts: dict[str, Verdict] = {}
    for key, word in wanted.items():
        try:
            verdicts[key] = Verdict(word)
        except ValueError:
            problems.append(f"{where}: verdict: {word!r} is none; use one of {_words(Verdict)}")
    if "otherwise" not in wanted:
        problems.append(f"{where}: verdict: has no 'otherwise'; add the verdict for everybody else")
    consequence = _parse_consequence(table, where, problems)
    grave = None
    if "grave" in table and consequence is not None:
        merged = {"disposition": table["disposition"], "report": table["report"], "level": table["level"]}
        grave = _parse_consequence({**merged, **table["grave"]}, f"{where}: grave", problems)
    clause = str(table.get("clause", ""))
    by_event = {str(event): str(cited) for event, cited in dict(table.get("clause_by_event", {})).items()}
    problems.extend(
        f"{where}: clause_by_event: {event!r} is no event"
        for event in by_event
        if event not in DIMENSIONS["event"]
    )
    for cited in ",".join([clause, *by_event.values()]).split(","):
        if cited.strip() not in clauses:
            problems.append(f"{where}: clause: {cited.strip()!r} is not in [clauses]; add its words there")
    subjects = str(table.get("subjects", "none"))
    if subjects not in SUBJECT_RULES:
        problems.append(f"{where}: subjects: {subjects!r}; use one of {', '.join(SUBJECT_RULES)}")
    hold_from = frozenset(table.get("hold_from", ()))
    if not hold_from <= set(DIMENSIONS["part"]):
        problems.append(f"{where}: hold_from: use values of part: {', '.join(DIMENSIONS['part'])}")
    if not table.get("says"):
        problems.append(f"{where}: says: is missing; say in words when the row applies")
    if not table.get("code"):
        problems.append(f"{where}: code: is missing")
    if len(problems) > before or consequence is None:
        return None
    return Row(
        code=str(table["code"]),
        when=conditions,
        verdicts=verdicts,
        consequence=consequence,
        grave=grave,
        clause=clause,
        subjects=subjects,
        says=str(table["says"]),
        hold_from=hold_from,
        opens_case=bool(table.get("opens_case", False)),
        tag=str(table.get("tag", "")),
        clause_by_event=by_event,
    )


def _parse_condition(
    item: Mapping[str, Any], where: str, aliases: Mapping[str, Sequence[str]], problems: list[str]
) -> Condition:
    condition: dict[str, frozenset[str]] = {}
    for name, given in item.items():
        negated = name.startswith("not_")
        dimension = name.removeprefix("not_")
        if dimension not in DIMENSIONS:
            problems.append(f"{where}: {name}: is no dimension; use one of {', '.join(DIMENSIONS)}")
            continue
        words: set[str] = set()
        for word in given if isinstance(given, list) else [given]:
            text = str(word).lower() if isinstance(word, bool) else str(word)
            words.update(aliases.get(text, (text,)))
        wrong = words - set(DIMENSIONS[dimension])
        if wrong:
            allowed = ", ".join(DIMENSIONS[dimension])
            problems.append(f"{where}: {name}: {', '.join(sorted(wrong))} unknown; use of: {allowed}")
        values = frozenset(DIMENSIONS[dimension]) - words if negated else frozenset(words)
        condition[dimension] = condition.get(dimension, values) & values
    return condition


def _parse_consequence(table: Mapping[str, Any], where: str, problems: list[str]) -> Consequence | None:
    try:
        return Consequence(
            disposition=Disposition(table.get("disposition", "")),
            report=ReportWhen(table.get("report", "")),
            level=Level(int(table.get("level", -1))),
        )
    except ValueError as problem:
        problems.append(f"{where}: {problem}; disposition deliver|hold, report now|digest|none, level 0 to 5")
        return None


def _words(enumeration: Any) -> str:
    return ", ".join(member.value for member in enumeration)
