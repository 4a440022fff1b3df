"""Who is told: the chain head, deputy, chair, LADO, less whoever the case is about.

Source: DECISIONS.md, rule 3. A report goes to the first who is not a subject; when the Head is one, to the deputy and the chair.
"""

from __future__ import annotations

from dataclasses import dataclass

from mailguard.domain.words import Role


@dataclass(frozen=True, slots=True)
class Route:
    """``to`` in the chain's order; ``withheld_from`` are the roles the case is about."""

    to: tuple[Role, ...]
    withheld_from: tuple[Role, ...]


def report_route(*, subjects: frozenset[Role], available: frozenset[Role] = frozenset(Role)) -> Route:
    """The first readers of a report. ``to`` is empty only when every available role is a subject."""
    withheld = tuple(role for role in Role if role in subjects)
    eligible = [role for role in Role if role in available and role not in subjects]
    school = [role for role in eligible if role is not Role.LADO]
    if Role.HEAD in subjects:
        chosen = school or eligible
        return Route(to=tuple(chosen), withheld_from=withheld)
    return Route(to=tuple(eligible[:1]), withheld_from=withheld)


def next_in_chain(
    *, told: frozenset[Role], subjects: frozenset[Role], available: frozenset[Role], may_reach_lado: bool
) -> Role | None:
    """The next role to tell when nobody has acknowledged. None: the chain is exhausted (tell the last again, alarm the admin).

    The LADO is reached by timer only for allegations, and when nobody inside the school may be told.
    """
    for role in Role:
        if role in told or role in subjects or role not in available:
            continue
        if role is Role.LADO and not may_reach_lado:
            continue
        return role
    return None
