"""Proof over the whole space of situations that a policy keeps the rules above the table.

The space is the product of all values of every field of :class:`Situation`; each row's share of it is computed exactly.
Checked: no row is dead; nothing falls through; a listed child's contact is never unreported save by X2 and X3, and a
probable child's never either; an approved platform's may wait for the digest; every signal has its dimension; every
chain of roles ends in somebody who can be told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from mailguard.domain.boxes import Box, example, narrowed, size, whole, without
from mailguard.domain.policy import Consequence, Policy, Row
from mailguard.domain.routing import report_route
from mailguard.domain.signal import SignalCode
from mailguard.domain.situation import DIMENSIONS
from mailguard.domain.words import CONTACT_EVENTS, ReportWhen, Role

_CONTACT = frozenset(event.value for event in CONTACT_EVENTS)
_CHILDREN = frozenset({"child", "probable-child"})
_ARRIVING = frozenset({"inbound", "internal"})

# Points that assessment never makes (tested against it): they are left out of the space, each for a stated reason.
IMPOSSIBLE: tuple[tuple[str, dict[str, frozenset[str]]], ...] = (
    (
        "an excluded correspondent is never a listed child, and its content is not read, so nothing else makes it one",
        {"standing": frozenset({"excluded"}), "sender": _CHILDREN},
    ),
    (
        "an excluded correspondent is no platform",
        {"standing": frozenset({"excluded"}), "platform": frozenset(DIMENSIONS["platform"]) - {"none"}},
    ),
    (
        "a declared person acting on a platform counts as other",
        {"standing": frozenset({"declared"}), "actor": frozenset({"child", "probable-child", "parent"})},
    ),
    (
        "mail that is no notification has no event",
        {"platform": frozenset({"none"}), "event": frozenset(DIMENSIONS["event"]) - {"none"}},
    ),
    (
        "a notification always has an event",
        {"platform": frozenset(DIMENSIONS["platform"]) - {"none"}, "event": frozenset({"none"})},
    ),
    (
        "only notifications have an actor",
        {"platform": frozenset({"none"}), "actor": frozenset(DIMENSIONS["actor"]) - {"none"}},
    ),
    (
        "only the platform itself sends its notifications: a listed sender makes it direct mail",
        {
            "platform": frozenset(DIMENSIONS["platform"]) - {"none"},
            "sender": frozenset(DIMENSIONS["sender"]) - {"other"},
        },
    ),
    (
        "a platform's notification is no automatic answer to anybody by its header alone",
        {
            "platform": frozenset(DIMENSIONS["platform"]) - {"none"},
            "automatic": frozenset({"header", "structure"}),
        },
    ),
    (
        "outbound mail is a representative's",
        {
            "direction": frozenset({"outbound"}),
            "sender": frozenset(DIMENSIONS["sender"]) - {"representative"},
        },
    ),
    (
        "a child never writes internal mail",
        {
            "direction": frozenset({"internal"}),
            "sender": frozenset({"child", "probable-child", "parent", "other"}),
        },
    ),
    (
        "only outbound mail has an outside counterpart",
        {
            "direction": frozenset({"inbound", "internal", "other"}),
            "counterpart": frozenset(DIMENSIONS["counterpart"]) - {"none"},
        },
    ),
    (
        "outbound mail always has one",
        {"direction": frozenset({"outbound"}), "counterpart": frozenset({"none"})},
    ),
)


@dataclass(frozen=True, slots=True)
class RowShare:
    """How much of the space a row decides. ``points``: situations; 0 means the row is dead."""

    code: str
    points: int


@dataclass(frozen=True, slots=True)
class PolicyReport:
    """``points`` of the space after the impossible ones; ``problems`` empty when the policy is sound."""

    points: int
    shares: tuple[RowShare, ...]
    problems: tuple[str, ...]


def check_policy(policy: Policy, *, available_roles: frozenset[Role] = frozenset(Role)) -> PolicyReport:
    """Prove the policy over the whole space. Exact; well under a second."""
    problems = list(_signal_problems())
    remaining: list[Box] = [whole(DIMENSIONS)]
    for _, impossible in IMPOSSIBLE:
        remaining = [piece for box in remaining for piece in without(box, impossible)]
    total = sum(map(size, remaining))
    shares: list[RowShare] = []
    for row in policy.rows:
        decided: list[Box] = []
        for condition in row.when:
            decided.extend(part for box in remaining if (part := narrowed(box, condition)) is not None)
            remaining = [piece for box in remaining for piece in without(box, condition)]
        points = sum(map(size, decided))
        shares.append(RowShare(code=row.code, points=points))
        if not points:
            problems.append(
                f"row {row.code} can never match: an earlier row takes all of it; move it up or remove it"
            )
        for box in decided:
            problems.extend(_child_problems(row, box, policy))
    if remaining:
        problems.append(
            f"no row matches {example(remaining[0], DIMENSIONS)}; end the table with a row without conditions"
        )
    problems.extend(_chain_problems(available_roles))
    return PolicyReport(points=total, shares=tuple(shares), problems=tuple(dict.fromkeys(problems)))


def _signal_problems() -> Iterator[str]:
    informed: set[str] = set()
    for signal in SignalCode:
        informed.update(signal.dimensions)
        for name in signal.dimensions:
            if name not in DIMENSIONS:
                yield f"signal {signal.code} informs {name}, which is no dimension of Situation; add the dimension"
    for name in DIMENSIONS:
        if name not in informed:
            yield f"dimension {name} is informed by no signal; name it at the signal code that does"


def _consequences(row: Row, box: Box, policy: Policy) -> Iterator[tuple[Box, Consequence]]:
    """The row's consequences over the box, split by whether the nature is a grave one."""
    if row.grave is None:
        yield box, row.consequence
        return
    grave = {"nature": frozenset(nature.value for nature in policy.grave_natures)}
    inside = narrowed(box, grave)
    if inside is not None:
        yield inside, row.grave
    for outside in without(box, grave):
        yield outside, row.consequence


_DIRECT_CHILD = {"direction": _ARRIVING, "sender": _CHILDREN}
_PLATFORM_CHILD = {"direction": _ARRIVING, "actor": _CHILDREN, "event": _CONTACT}


def _child_problems(row: Row, box: Box, policy: Policy) -> Iterator[str]:
    """Rule 1: a child's contact is reported; X2 and X3 are the only exceptions, an approved platform may use the digest."""
    if row.code in {"X2", "X3"}:
        yield from _exception_problems(row, box)
        return
    for contact in (_DIRECT_CHILD, _PLATFORM_CHILD):
        part = narrowed(box, contact)
        if part is None:
            continue
        for piece, consequence in _consequences(row, part, policy):
            if consequence.report is ReportWhen.NOW:
                continue
            trusted = piece["platform"] == {"approved"} or piece["is_approved_channel"] == {"true"}
            if consequence.report is ReportWhen.DIGEST and trusted:
                continue
            yield (
                f"row {row.code} lets a child's contact go unreported, for example {example(piece, DIMENSIONS)}; "
                'set report = "now" or move the row below the one that reports it'
            )


def _exception_problems(row: Row, box: Box) -> Iterator[str]:
    """The exceptions stay as narrow as the contract has them."""
    part = narrowed(box, {"direction": _ARRIVING, "sender": _CHILDREN})
    if part is None:
        return
    declared = part["standing"] == {"declared"} and not part["nature"] & {
        "disclosure",
        "meeting_or_secrecy",
        "threat",
        "allegation",
    }
    wordless = part["has_own_words"] == {"false"} and part["automatic"] == {"structure"}
    if not declared and not wordless:
        yield (
            f"row {row.code} is wider than its exception, for example {example(part, DIMENSIONS)}; "
            "keep it to declared relationships without grave natures, or to wordless automatic answers"
        )


def _chain_problems(available_roles: frozenset[Role]) -> Iterator[str]:
    """Whoever the case is about, somebody is left to tell: every subset of the school's roles but the outside one."""
    inside = sorted(available_roles - {Role.LADO}, key=list(Role).index)
    for count in range(len(inside) + 1):
        for subjects in combinations(inside, count):
            if not report_route(subjects=frozenset(subjects), available=available_roles).to:
                names = ", ".join(subjects) or "nobody"
                yield f"when the case is about {names}, nobody is left to tell; add the next role of the chain ([roles.lado])"
