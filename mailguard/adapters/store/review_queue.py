"""The review queue in SQL: an index that holds what it is filtered and sorted by, and rows for one page only.

Cases are found by ``ix_cases_queue`` alone; what is sealed is opened for the rows that are shown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    func,
    literal,
    or_,
    select,
    tuple_,
    union_all,
)

from mailguard.adapters.store.cases import SqlCases
from mailguard.adapters.store.dialects import upsert
from mailguard.adapters.store.sealing import Sealer
from mailguard.adapters.store.tables import case_index, case_views, cases, effects, messages, recipients
from mailguard.app.ports_queue import CaseTimes, OpenedSubject, QueueEntry, QueueFilter, ReaderKeys
from mailguard.app.store_records import RecipientRecord
from mailguard.domain.case import CaseDecision, EffectKind, Mode, RecipientState
from mailguard.domain.queue_order import QueueGroup
from mailguard.domain.words import Level, ReportWhen

_SHOWN_RECIPIENTS = 2
_MOST_SUBJECTS_EACH = 5
# Of one search; databases take some ten thousand parameters in a statement.
_MOST_SOUGHT = 5_000
_HELD = sorted(state for state in RecipientState if state.is_held)


class SqlReviewQueue:
    """``app.ports_queue.ReviewQueue`` over one open transaction."""

    def __init__(
        self, connection: Connection, *, school: str, sealer: Sealer, cases: SqlCases, now: datetime
    ) -> None:
        self._connection = connection
        self._school = school
        self._sealer = sealer
        self._cases = cases
        self._now = now

    def page(self, wanted: QueueFilter, *, person: str) -> tuple[QueueEntry, ...]:
        query = (
            select(cases.c.id, cases.c.queue_place).where(*self._conditions(wanted)).order_by(*_order(wanted))
        )
        if wanted.limit:
            query = query.limit(wanted.limit)
        places = {row.id: row.queue_place for row in self._connection.execute(query)}
        ids = list(places)
        records = self._cases.several(ids)
        senders = self._senders(ids)
        counts = self._recipient_counts(ids)
        held = self._recipient_counts(ids, recipients.c.state.in_(_HELD))
        message_counts = self._message_counts(ids)
        first = self._first_recipients(ids)
        seen = self._seen(ids, person)
        return tuple(
            QueueEntry(
                case=records[case_id],
                place=place,
                sender=senders.get(case_id, ""),
                message_count=message_counts.get(case_id, 0),
                recipient_count=counts.get(case_id, 0),
                held_count=held.get(case_id, 0),
                first_recipients=tuple(first.get(case_id, ())),
                seen_at=seen.get(case_id),
            )
            for case_id, place in places.items()
        )

    def count(self, wanted: QueueFilter) -> int:
        found = select(cases.c.id).where(*self._conditions(wanted))
        if wanted.limit:
            found = found.limit(wanted.limit)
        query = select(func.count()).select_from(found.subquery())
        return int(self._connection.execute(query).scalar_one())

    def times(self, wanted: QueueFilter) -> tuple[CaseTimes, ...]:
        columns = (
            cases.c.opened_at,
            cases.c.acknowledged_at,
            cases.c.decided_at,
            cases.c.decided_as,
            cases.c.level,
            cases.c.report_when,
            cases.c.mode,
        )
        query = select(*columns).where(*self._conditions(wanted))
        return tuple(
            CaseTimes(
                opened_at=row.opened_at,
                acknowledged_at=row.acknowledged_at,
                decided_at=row.decided_at,
                decided_as=None if row.decided_as is None else CaseDecision(row.decided_as),
                level=Level(row.level),
                report_when=ReportWhen(row.report_when),
                mode=Mode(row.mode),
            )
            for row in self._connection.execute(query)
        )

    def has(self, case_id: str, wanted: QueueFilter) -> bool:
        query = select(cases.c.id).where(*self._conditions(wanted), cases.c.id == case_id)
        return self._connection.execute(query).first() is not None

    def opened_subjects(self, *, person: str, most_cases: int) -> tuple[OpenedSubject, ...]:
        newest = (
            select(case_views.c.case_id)
            .where(case_views.c.school == self._school, case_views.c.person == person)
            .order_by(case_views.c.seen_at.desc(), case_views.c.case_id.desc())
            .limit(most_cases)
        )
        opened = list(self._connection.execute(newest).scalars())
        query = select(messages.c.id, messages.c.case_id, messages.c.sealed).where(
            messages.c.school == self._school,
            messages.c.case_id.in_(opened),
            messages.c.position <= _MOST_SUBJECTS_EACH,
        )
        found: dict[str, list[OpenedSubject]] = {case_id: [] for case_id in opened}
        for row in self._connection.execute(query):
            subject = str(self._sealer.open(row.sealed, table="messages", row=row.id)["subject"])
            found[row.case_id].append(OpenedSubject(row.case_id, subject))
        return tuple(each for subjects in found.values() for each in subjects)

    def see(self, case_id: str, *, person: str) -> None:
        values = {"school": self._school, "person": person, "case_id": case_id, "seen_at": self._now}
        self._connection.execute(
            upsert(self._connection, case_views, values=values, changes={"seen_at": self._now})
        )

    def _conditions(self, wanted: QueueFilter) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = [cases.c.school == self._school]
        conditions += self._open_to_reader(wanted)
        conditions += self._in_columns(wanted)
        conditions += self._in_index(wanted)
        if wanted.after is not None:
            place, case_id = wanted.after
            conditions.append(
                tuple_(cases.c.queue_place, cases.c.id) > tuple_(literal(place), literal(case_id))
            )
        return conditions

    def _open_to_reader(self, wanted: QueueFilter) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = []
        closed = self._closed_to(wanted.closed_to)
        if closed is not None:
            conditions.append(cases.c.id.not_in(closed))
        if wanted.only_closed_to is not None:
            theirs: list[ColumnElement[bool]] = []
            closed_to_others = self._closed_to(wanted.only_closed_to)
            if closed_to_others is not None:
                theirs.append(cases.c.id.in_(closed_to_others))
            if wanted.or_told is not None:
                theirs.append(cases.c.id.in_(self._told(wanted.or_told.value)))
            # Closed to nobody else and told of nothing: then nothing is theirs.
            conditions.append(or_(literal(1) == 0, *theirs))
        return conditions

    def _in_columns(self, wanted: QueueFilter) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = []
        if wanted.groups is not None:
            conditions.append(or_(*(_between(first, last) for first, last in _runs(wanted.groups))))
        if wanted.verdicts is not None:
            conditions.append(cases.c.verdict.in_(sorted(wanted.verdicts)))
        if wanted.rows is not None:
            conditions.append(cases.c.row.in_(sorted(wanted.rows)))
        if wanted.level is not None:
            conditions.append(cases.c.level == wanted.level)
        if wanted.opened_from is not None:
            conditions.append(cases.c.opened_at >= wanted.opened_from)
        if wanted.opened_before is not None:
            conditions.append(cases.c.opened_at < wanted.opened_before)
        return conditions

    def _in_index(self, wanted: QueueFilter) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = []
        if wanted.platform:
            blind = self._sealer.blind("platform", wanted.platform)
            conditions.append(cases.c.id.in_(self._indexed("platform", [blind])))
        if wanted.staff_id:
            blind = self._sealer.blind("person", wanted.staff_id)
            conditions.append(cases.c.id.in_(self._indexed("person", [blind])))
        if wanted.case_ids or wanted.person_ids or wanted.addresses:
            conditions.append(cases.c.id.in_(self._sought_ids(wanted)))
        return conditions

    def _sought_ids(self, wanted: QueueFilter) -> list[str]:
        """Looked up first: few fit, and walking the queue for them would read all of it."""
        choices = []
        if wanted.person_ids:
            blinds = [self._sealer.blind("person", each) for each in wanted.person_ids]
            choices.append(self._indexed("person", blinds))
        if wanted.addresses:
            blinds = [self._sealer.blind_address(each) for each in wanted.addresses]
            choices.append(self._indexed("address", blinds))
        found: dict[str, None] = dict.fromkeys(wanted.case_ids)
        for query in choices:
            newest_first = query.order_by(case_index.c.case_id.desc()).limit(_MOST_SOUGHT)
            found.update((row.case_id, None) for row in self._connection.execute(newest_first))
        return list(found)

    def _closed_to(self, reader: ReaderKeys) -> CompoundSelect[tuple[str]] | None:
        # One SELECT for each kind: an OR over kinds would walk the whole index.
        choices = []
        if reader.subjects:
            blinds = [self._sealer.blind("person", each) for each in reader.subjects]
            choices.append(self._indexed("subject", blinds))
        if reader.roles:
            blinds = [self._sealer.blind("withheld", role.value) for role in reader.roles]
            choices.append(self._indexed("withheld", blinds))
        return union_all(*choices) if choices else None

    def _told(self, role: str) -> Select[tuple[str]]:
        return select(effects.c.case_id).where(
            effects.c.school == self._school,
            effects.c.kind == EffectKind.REPORT,
            effects.c.role == role,
            effects.c.case_id.is_not(None),
        )

    def _indexed(self, kind: str, blinds: Sequence[str]) -> Select[tuple[str]]:
        return select(case_index.c.case_id).where(
            case_index.c.school == self._school, case_index.c.kind == kind, case_index.c.blind.in_(blinds)
        )

    def _senders(self, ids: Iterable[str]) -> dict[str, str]:
        query = select(messages.c.id, messages.c.case_id, messages.c.sealed).where(
            messages.c.school == self._school, messages.c.case_id.in_(ids), messages.c.position == 1
        )
        return {
            row.case_id: str(self._sealer.open(row.sealed, table="messages", row=row.id)["sender"])
            for row in self._connection.execute(query)
        }

    def _message_counts(self, ids: Iterable[str]) -> dict[str, int]:
        query = (
            select(messages.c.case_id, func.count())
            .where(messages.c.school == self._school, messages.c.case_id.in_(ids))
            .group_by(messages.c.case_id)
        )
        return {case_id: int(count) for case_id, count in self._connection.execute(query)}

    def _recipient_counts(self, ids: Iterable[str], *conditions: ColumnElement[bool]) -> dict[str, int]:
        query = (
            select(recipients.c.case_id, func.count())
            .where(recipients.c.school == self._school, recipients.c.case_id.in_(ids), *conditions)
            .group_by(recipients.c.case_id)
        )
        return {case_id: int(count) for case_id, count in self._connection.execute(query)}

    def _first_recipients(self, ids: Iterable[str]) -> dict[str, list[RecipientRecord]]:
        found: dict[str, list[RecipientRecord]] = {}
        for record in self._cases.recipients_of_several(ids, most_each=_SHOWN_RECIPIENTS):
            found.setdefault(record.case_id, []).append(record)
        return found

    def _seen(self, ids: Iterable[str], person: str) -> dict[str, datetime]:
        query = select(case_views.c.case_id, case_views.c.seen_at).where(
            case_views.c.school == self._school,
            case_views.c.person == person,
            case_views.c.case_id.in_(ids),
        )
        return {row.case_id: row.seen_at for row in self._connection.execute(query)}


def _order(wanted: QueueFilter) -> tuple[ColumnElement[Any], ...]:
    if wanted.is_newest_first:
        return cases.c.opened_at.desc(), cases.c.id.desc()
    if wanted.person_ids or wanted.addresses or wanted.case_ids:
        # Few fit: found by their ids and then sorted, instead of walking everything in the queue's order.
        return func.coalesce(cases.c.queue_place, ""), cases.c.id
    return cases.c.queue_place, cases.c.id


def _runs(groups: Collection[QueueGroup]) -> list[tuple[QueueGroup, QueueGroup]]:
    """Neighbouring groups as one stretch (first, last): the index is walked once where they lie, in its order."""
    runs: list[tuple[QueueGroup, QueueGroup]] = []
    for group in QueueGroup:
        if group not in groups:
            continue
        if runs and _ORDER.index(runs[-1][1]) + 1 == _ORDER.index(group):
            runs[-1] = (runs[-1][0], group)
        else:
            runs.append((group, group))
    return runs


def _between(first: QueueGroup, last: QueueGroup) -> ColumnElement[bool]:
    # Digits alone: any other character sorts differently from one database to the next.
    begins = cases.c.queue_place >= first.value
    return begins if last.value == "9" else begins & (cases.c.queue_place < str(int(last.value) + 1))


_ORDER = tuple(QueueGroup)
