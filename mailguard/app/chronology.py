"""The chronology of a case: everything on the record, in order, with who was told when.

The audit trail is its source; a list sent about several cases at once stands in no single case's events and is
found by the cases it names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from mailguard.app.event_words import EventWords
from mailguard.app.ports_store import AuditFilter, AuditRecord, EffectRecord, Transaction
from mailguard.domain.audit import AuditTag
from mailguard.domain.case import EffectKind, EffectState

_TELLING = (EffectKind.REPORT, EffectKind.SECOND_CHANNEL, EffectKind.STAFF_NOTICE)
_STATE_WORDS = {
    EffectState.DONE: "delivered to the mail server",
    EffectState.PENDING: "on its way",
    EffectState.FAILED: "could not be delivered",
    EffectState.CANCELLED: "not sent: not needed any more",
}
_TOLD_WORDS = {
    EffectKind.REPORT: "report by e-mail",
    EffectKind.SECOND_CHANNEL: "second channel",
    EffectKind.STAFF_NOTICE: "notice that something was held",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChronologyEntry:
    """``seq``: the event's number in the trail. ``is_shared``: told together with other cases.

    ``told``: to whom something was sent, by the title of their role; "" where it was to no role.
    """

    at: datetime
    seq: int
    tag: str
    title: str
    says: str
    actor: str
    told: str = ""
    is_shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One person told (or to be told). ``at`` None while it is on its way or was not sent."""

    at: datetime | None
    who: str
    address: str
    how: str
    came_to: str


def case_chronology(
    case_id: str,
    transaction: Transaction,
    words: EventWords,
    *,
    last: int | None = None,
) -> tuple[ChronologyEntry, ...]:
    """Oldest first, up to event ``last``."""
    own = list(transaction.audit.events(case_id=case_id, last=last))
    if not own:
        return ()
    # Only events of no case can be of several, and there are few of those by comparison.
    of_no_case = AuditFilter(case_ids={""}, tag_start="effects:", at_from=own[0].at)
    shared = [
        event
        for event in transaction.audit.newest(of_no_case)
        if case_id in (event.detail.get("cases") or ()) and (last is None or event.seq <= last)
    ]
    marked = [(event, False) for event in own] + [(event, True) for event in shared]
    return tuple(
        _entry(event, words, is_shared=is_shared)
        for event, is_shared in sorted(marked, key=lambda pair: pair[0].seq)
    )


def who_was_told(
    effects: Iterable[EffectRecord], shared: Sequence[ChronologyEntry], words: EventWords
) -> tuple[Told, ...]:
    """Everyone told of a case, oldest first; what is on its way stands last."""
    told = [
        Told(
            at=effect.finished_at if effect.state is EffectState.DONE else None,
            who=words.role(effect.role) if effect.role else "The member of staff",
            address=effect.address,
            how=_TOLD_WORDS[effect.kind],
            came_to=_STATE_WORDS[effect.state],
        )
        for effect in effects
        if effect.kind in _TELLING
    ]
    told += [
        Told(
            at=entry.at,
            who=entry.told or entry.says,
            address="",
            how="list of several cases by e-mail",
            came_to="delivered",
        )
        for entry in shared
        if entry.is_shared and entry.tag == AuditTag.REPORT_SENT
    ]
    return tuple(sorted(told, key=lambda each: (each.at is None, each.at.timestamp() if each.at else 0.0)))


def _entry(event: AuditRecord, words: EventWords, *, is_shared: bool) -> ChronologyEntry:
    return ChronologyEntry(
        at=event.at,
        seq=event.seq,
        tag=event.tag,
        title=words.heading(event),
        says=words.sentence(event),
        actor=words.actor(event.actor),
        told=words.role(event.detail["role"]) if event.detail.get("role") else "",
        is_shared=is_shared,
    )
