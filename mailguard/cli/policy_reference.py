"""The generated part of docs/reference/policy.md: dimensions, rows, clauses and signals in Markdown."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator

from mailguard.app.policy_view import consequence_words, not_told_words, shorter
from mailguard.app.policy_words import DIMENSION_WORDS, LEVEL_WORDS, SIGNAL_WORDS, VALUE_WORDS
from mailguard.domain.policy import Condition, Policy, Row, parse_policy
from mailguard.domain.signal import SignalCode
from mailguard.domain.situation import DIMENSIONS
from mailguard.domain.words import Level
from mailguard.shipped import shipped_path


def policy_reference(policy: Policy) -> str:
    """Markdown, ended by a newline. The same policy gives the same text."""
    return "\n".join([*_levels(), *_dimensions(), *_rows(policy), *_clauses(policy), *_signals()]) + "\n"


def _levels() -> Iterator[str]:
    yield from ("## Levels", "", "| level | what it means |", "|---|---|")
    yield from (f"| {int(level)} | {LEVEL_WORDS[level]} |" for level in Level)
    yield ""


def _dimensions() -> Iterator[str]:
    yield from ("## Dimensions and their values", "")
    for name, values in DIMENSIONS.items():
        yield from (f"### `{name}`", "", DIMENSION_WORDS[name], "", "| value | meaning |", "|---|---|")
        yield from (f"| `{value}` | {VALUE_WORDS[name][value]} |" for value in values)
        yield ""


def _rows(policy: Policy) -> Iterator[str]:
    yield from (f"## Rows, in their order (version {policy.version})", "")
    for row in policy.rows:
        yield from _row(row, policy)


def _row(row: Row, policy: Policy) -> Iterator[str]:
    yield from (f"### {row.code}: {row.says}", "")
    alternatives = [_condition(condition) for condition in row.when]
    lead = "*When* " if len(alternatives) == 1 else "*When any of these holds:* "
    yield f"- {lead}{'; or '.join(alternatives)}."
    verdicts = _any_of(list(dict.fromkeys(verdict.value for verdict in row.verdicts.values())))
    yield f"- *Verdict* {verdicts}. {consequence_words(row.consequence, row)}"
    if row.grave is not None:
        grave = ", ".join(
            nature.value for nature in sorted(policy.grave_natures, key=lambda nature: nature.gravity)
        )
        yield f"- *When the nature is grave* ({grave}): {consequence_words(row.grave, row)}"
    if row.tag:
        yield f"- *Tagged* with the header `X-Mailguard-Tag: {row.tag}`."
    if row.opens_case:
        yield "- *A case* is opened all the same."
    if not_told := not_told_words(row):
        yield f"- *Not told:* {not_told}."
    yield from (f"- *Clause* {row.clause}.", "")


def _condition(condition: Condition) -> str:
    """The shorter of "is one of" and "is none of"; an empty condition is anything."""
    words = []
    for name, values in condition.items():
        is_not, shown = shorter(name, values)
        words.append(f"`{name}` is {'not ' if is_not else ''}{_any_of(list(shown))}")
    return ", and ".join(words) or "no row above did"


def _any_of(values: list[str]) -> str:
    return " or ".join(f"`{value}`" for value in values)


def _clauses(policy: Policy) -> Iterator[str]:
    yield from ("## Clauses", "", "| clause | words |", "|---|---|")
    yield from (f"| {clause} | {words} |" for clause, words in policy.clauses.items())
    yield ""


def _signals() -> Iterator[str]:
    yield from ("## Signals", "", "| code | what it tells | dimensions it may move |", "|---|---|---|")
    for signal in SignalCode:
        moved = ", ".join(f"`{name}`" for name in signal.dimensions) or "none: it only informs"
        yield f"| `{signal.code}` | {SIGNAL_WORDS[signal]} | {moved} |"


def shipped_policy() -> Policy:
    """The table that comes with mailguard. Raises ShippedFileMissing."""
    return parse_policy(tomllib.loads(shipped_path("config/policy.toml").read_text(encoding="utf-8")))
