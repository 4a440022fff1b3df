"""Cases, messages and recipients in SQL."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    Table,
    func,
    literal,
    or_,
    select,
    tuple_,
)

from mailguard.adapters.store.case_indexing import CaseIndex
from mailguard.adapters.store.columns import UtcTime
from mailguard.adapters.store.dialects import insert_if_new, upsert
from mailguard.adapters.store.reviews import SqlReviews
from mailguard.adapters.store.sealing import (
    Sealer,
    decision_from_json,
    receipt_from_json,
)
from mailguard.adapters.store.tables import (
    audit_events,
    blobs,
    cases,
    cluster_keys,
    content_keys,
    messages,
    recipients,
)
from mailguard.app.ports_store import (
    CaseFilter,
    CaseRecord,
    MessageRecord,
    RecipientRecord,
    ReviewRecord,
)
from mailguard.app.record_json import decision_to_json, plain, receipt_to_json
from mailguard.domain.case import (
    CASE_ID,
    CaseDecision,
    CaseState,
    Mode,
    Outcome,
    RecipientState,
    case_id,
    recipient_states_before,
)
from mailguard.domain.queue_order import queue_place
from mailguard.domain.words import Disposition

_DIGITS = 6
_DRAWS_EACH = 20


class SqlCases:
    """``app.ports_store.Cases`` over one open transaction."""

    def __init__(
        self,
        connection: Connection,
        *,
        school: str,
        sealer: Sealer,
        now: datetime,
        draw_number: Callable[[int], int],
    ) -> None:
        """``draw_number``: a random number of so many digits."""
        self._connection = connection
        self._draw_number = draw_number
        self._school = school
        self._sealer = sealer
        self._now = now
        self._index = CaseIndex(connection, school=school, sealer=sealer)
        self._reviews = SqlReviews(connection, school=school, sealer=sealer, now=now)

    def find(self, case_id: str) -> CaseRecord | None:
        # What a person typed may hold what PostgreSQL refuses in a text.
        if not CASE_ID.fullmatch(case_id):
            return None
        query = select(cases).where(cases.c.school == self._school, cases.c.id == case_id)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else self._case(row)

    def several(self, case_ids: Collection[str]) -> dict[str, CaseRecord]:
        """By id; what is unknown is left out."""
        query = select(cases).where(cases.c.school == self._school, cases.c.id.in_(case_ids))
        return {row["id"]: self._case(row) for row in self._connection.execute(query).mappings()}

    def recipients_of_several(
        self, case_ids: Iterable[str], *, most_each: int
    ) -> tuple[RecipientRecord, ...]:
        """The first of each case, in the order in which they came."""
        query = (
            select(recipients)
            .where(
                recipients.c.school == self._school,
                recipients.c.case_id.in_(case_ids),
                recipients.c.position <= most_each,
            )
            .order_by(recipients.c.case_id, recipients.c.position)
        )
        return tuple(self._recipient(row) for row in self._connection.execute(query).mappings())

    def matching(self, case_filter: CaseFilter) -> tuple[CaseRecord, ...]:
        order = (cases.c.opened_at, cases.c.id)
        query = select(cases).where(*self._conditions(case_filter))
        if case_filter.after_id:
            last = select(*order).where(cases.c.school == self._school, cases.c.id == case_filter.after_id)
            place = self._connection.execute(last).first()
            if place is None:
                return ()
            here = tuple_(*order)
            there = tuple_(literal(place.opened_at, UtcTime), literal(place.id))
            query = query.where(here > there if case_filter.is_oldest_first else here < there)
        if case_filter.is_oldest_first:
            query = query.order_by(*order)
        else:
            query = query.order_by(*(column.desc() for column in order))
        if case_filter.limit:
            query = query.limit(case_filter.limit)
        return tuple(self._case(row) for row in self._connection.execute(query).mappings())

    def count(self, case_filter: CaseFilter) -> int:
        query = select(func.count()).select_from(cases).where(*self._conditions(case_filter))
        return int(self._connection.execute(query).scalar_one())

    def by_content_key(self, content_key: str) -> CaseRecord | None:
        blind = self._sealer.blind("content", content_key)
        query = select(content_keys.c.case_id).where(
            content_keys.c.school == self._school, content_keys.c.content_blind == blind
        )
        return self._case_named_by(query)

    def by_cluster_key(self, cluster_key: str) -> CaseRecord | None:
        blind = self._sealer.blind("cluster", cluster_key)
        query = select(cluster_keys.c.case_id).where(
            cluster_keys.c.school == self._school, cluster_keys.c.cluster_blind == blind
        )
        return self._case_named_by(query)

    def messages(self, case_id: str) -> tuple[MessageRecord, ...]:
        query = (
            select(messages)
            .where(messages.c.school == self._school, messages.c.case_id == case_id)
            .order_by(messages.c.position)
        )
        return tuple(self._message(row) for row in self._connection.execute(query).mappings())

    def message(self, message_id: str) -> MessageRecord | None:
        query = select(messages).where(messages.c.school == self._school, messages.c.id == message_id)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else self._message(row)

    def recipients(self, case_id: str) -> tuple[RecipientRecord, ...]:
        query = (
            select(recipients)
            .where(recipients.c.school == self._school, recipients.c.case_id == case_id)
            .order_by(recipients.c.position)
        )
        return tuple(self._recipient(row) for row in self._connection.execute(query).mappings())

    def recipient(self, recipient_id: str) -> RecipientRecord | None:
        return self._one_recipient(recipients.c.id == recipient_id)

    def by_delivery_key(self, delivery_key: str) -> RecipientRecord | None:
        blind = self._sealer.blind("delivery", delivery_key)
        return self._one_recipient(recipients.c.delivery_blind == blind)

    def reviews(self, case_id: str) -> tuple[ReviewRecord, ...]:
        return self._reviews.of(case_id)

    def add_review(self, review: ReviewRecord) -> None:
        self._reviews.add(review)

    def label_review(self, case_id: str, label: str) -> bool:
        return self._reviews.label(case_id, label)

    def withdraw_review(self, case_id: str) -> None:
        self._reviews.withdraw(case_id)

    def next_id(self, local_year: int) -> str:
        draws = 0
        while True:
            # A year that fills up gets longer numbers.
            drawn = case_id(local_year, self._draw_number(_DIGITS + draws // _DRAWS_EACH))
            if not self._is_used(drawn):
                return drawn
            draws += 1

    def _is_used(self, case_id: str) -> bool:
        """By a case, or by one that is on the record only."""
        for table, column in ((cases, cases.c.id), (audit_events, audit_events.c.case_id)):
            query = select(column).where(table.c.school == self._school, column == case_id).limit(1)
            if self._connection.execute(query).first() is not None:
                return True
        return False

    def add(self, case: CaseRecord, *, content_key: str, cluster_key: str = "") -> None:
        values = {"school": self._school, "id": case.id, **self._case_columns(case)}
        self._connection.execute(cases.insert().values(values))
        self.point_content(content_key, case.id)
        if cluster_key:
            self.point_cluster(cluster_key, case.id)
        self._index.add_decision(case.id, case.decision)

    def add_message(self, message: MessageRecord) -> None:
        content = {
            "content_key": message.content_key,
            "header_message_id": message.header_message_id,
            "subject": message.subject,
            "sender": message.sender,
            "mail_from": message.mail_from,
            "addresses": list(message.addresses),
            "authentication_results": list(message.authentication_results),
            "sender_check": plain(message.sender_check),
            "decision": decision_to_json(message.decision),
        }
        self._connection.execute(
            messages.insert().values(
                school=self._school,
                id=message.id,
                case_id=message.case_id,
                position=self._next_position(messages, message.case_id),
                sha256=message.sha256,
                size_bytes=message.size_bytes,
                blob_id=message.blob_id,
                received_at=message.received_at,
                is_outbound=message.is_outbound,
                sealed=self._sealer.seal(content, table="messages", row=message.id),
            )
        )
        addresses = (message.sender, message.mail_from, *message.addresses)
        self._index.add_addresses(message.case_id, addresses)
        self._index.add_header_message_id(message.case_id, message.header_message_id)
        self._index.add_decision(message.case_id, message.decision)

    def add_recipient(self, recipient: RecipientRecord) -> bool:
        content = {
            "delivery_key": recipient.delivery_key,
            "address": recipient.address,
            "person_id": recipient.person_id,
            "tag": recipient.tag,
            "receipt": receipt_to_json(recipient.receipt),
        }
        is_new = insert_if_new(
            self._connection,
            recipients,
            school=self._school,
            id=recipient.id,
            case_id=recipient.case_id,
            message_id=recipient.message_id,
            position=self._next_position(recipients, recipient.case_id),
            delivery_blind=self._sealer.blind("delivery", recipient.delivery_key),
            disposition=recipient.disposition,
            row=recipient.row,
            state=recipient.state,
            updated_at=recipient.updated_at,
            sealed=self._sealer.seal(content, table="recipients", row=recipient.id),
        )
        if not is_new:
            return False
        self._index.add_addresses(recipient.case_id, [recipient.address])
        self._index.add_persons(recipient.case_id, [recipient.person_id])
        return True

    def point_cluster(self, cluster_key: str, case_id: str) -> None:
        blind = self._sealer.blind("cluster", cluster_key)
        values = {"school": self._school, "cluster_blind": blind, "case_id": case_id}
        self._connection.execute(
            upsert(self._connection, cluster_keys, values=values, changes={"case_id": case_id})
        )

    def point_content(self, content_key: str, case_id: str) -> None:
        blind = self._sealer.blind("content", content_key)
        self._connection.execute(
            content_keys.insert().values(school=self._school, content_blind=blind, case_id=case_id)
        )

    def replace(self, case: CaseRecord, *, expected: Collection[CaseState] | None = None) -> bool:
        statement = (
            cases.update()
            .where(cases.c.school == self._school, cases.c.id == case.id)
            .values(self._case_columns(case))
        )
        if expected is not None:
            statement = statement.where(cases.c.state.in_(sorted(expected)))
        if self._connection.execute(statement).rowcount == 0:
            return False
        self._index.add_decision(case.id, case.decision)
        return True

    def move_recipient(self, recipient_id: str, to: RecipientState) -> bool:
        return self._move_recipient(recipient_id, recipient_states_before(to), to)

    def hold_again(self, recipient: RecipientRecord) -> bool:
        held_as = RecipientState.HELD if recipient.location is None else RecipientState.TAKEN_OUT
        return self._move_recipient(recipient.id, {RecipientState.RELEASE_PENDING}, held_as)

    def _move_recipient(
        self, recipient_id: str, before: Collection[RecipientState], to: RecipientState
    ) -> bool:
        statement = (
            recipients.update()
            .where(
                recipients.c.school == self._school,
                recipients.c.id == recipient_id,
                recipients.c.state.in_(sorted(before)),
            )
            .values(state=to, updated_at=self._now)
        )
        return self._connection.execute(statement).rowcount == 1

    def _case_columns(self, case: CaseRecord) -> dict[str, Any]:
        return {
            "state": case.state,
            "mode": case.mode,
            "opened_at": case.opened_at,
            "updated_at": case.updated_at,
            "via": case.via,
            "is_backlog": case.is_backlog,
            "verdict": case.decision.verdict,
            "row": case.decision.row,
            "level": int(case.decision.level),
            "disposition": case.decision.disposition,
            "report_when": case.decision.report_when,
            "thread_message_id": case.thread_message_id,
            "acknowledged_by": case.acknowledged_by,
            "acknowledged_at": case.acknowledged_at,
            "decided_by": case.decided_by,
            "decided_at": case.decided_at,
            "decided_as": case.decided_as,
            "outcome": case.outcome,
            "queue_place": _place_of(case),
            "sealed": self._sealer.seal(decision_to_json(case.decision), table="cases", row=case.id),
        }

    def _case(self, row: RowMapping) -> CaseRecord:
        decision = self._sealer.open(row["sealed"], table="cases", row=row["id"])
        return CaseRecord(
            id=row["id"],
            state=CaseState(row["state"]),
            mode=Mode(row["mode"]),
            opened_at=row["opened_at"],
            updated_at=row["updated_at"],
            via=row["via"],
            is_backlog=row["is_backlog"],
            decision=decision_from_json(decision),
            thread_message_id=row["thread_message_id"],
            acknowledged_by=row["acknowledged_by"],
            acknowledged_at=row["acknowledged_at"],
            decided_by=row["decided_by"],
            decided_at=row["decided_at"],
            decided_as=None if row["decided_as"] is None else CaseDecision(row["decided_as"]),
            outcome=None if row["outcome"] is None else Outcome(row["outcome"]),
        )

    def _message(self, row: RowMapping) -> MessageRecord:
        content = self._sealer.open(row["sealed"], table="messages", row=row["id"])
        return MessageRecord(
            id=row["id"],
            case_id=row["case_id"],
            content_key=content["content_key"],
            sha256=row["sha256"],
            size_bytes=row["size_bytes"],
            blob_id=row["blob_id"],
            received_at=row["received_at"],
            header_message_id=content["header_message_id"],
            subject=content["subject"],
            sender=content["sender"],
            mail_from=content["mail_from"],
            decision=decision_from_json(content["decision"]),
            addresses=tuple(content["addresses"]),
            authentication_results=tuple(content["authentication_results"]),
            # Messages of earlier versions have none.
            sender_check=content.get("sender_check"),
            is_outbound=row["is_outbound"],
        )

    def _recipient(self, row: RowMapping) -> RecipientRecord:
        content = self._sealer.open(row["sealed"], table="recipients", row=row["id"])
        return RecipientRecord(
            id=row["id"],
            case_id=row["case_id"],
            message_id=row["message_id"],
            delivery_key=content["delivery_key"],
            address=content["address"],
            person_id=content["person_id"],
            disposition=Disposition(row["disposition"]),
            row=row["row"],
            state=RecipientState(row["state"]),
            receipt=receipt_from_json(content["receipt"]),
            updated_at=row["updated_at"],
            tag=content["tag"],
        )

    def _case_named_by(self, query: Select[str]) -> CaseRecord | None:
        found = self._connection.execute(query).scalar_one_or_none()
        return None if found is None else self.find(found)

    def _one_recipient(self, condition: ColumnElement[bool]) -> RecipientRecord | None:
        query = select(recipients).where(recipients.c.school == self._school, condition)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else self._recipient(row)

    def _next_position(self, table: Table, case_id: str) -> int:
        # Writers of a school are serialised, so nobody else can be given the same place.
        query = select(func.coalesce(func.max(table.c.position), 0) + 1).where(
            table.c.school == self._school, table.c.case_id == case_id
        )
        return int(self._connection.execute(query).scalar_one())

    def index_again(self, *, after_id: str, limit: int) -> str:
        """Index a further ``limit`` cases as today's mailguard does; the last one's id, "" when none is left."""
        query = (
            select(cases)
            .where(cases.c.school == self._school, cases.c.id > after_id)
            .order_by(cases.c.id)
            .limit(limit)
        )
        last = ""
        for row in self._connection.execute(query).mappings().all():
            last = row["id"]
            case = self._case(row)
            self._index.add_decision(last, case.decision)
            self._connection.execute(
                cases.update()
                .where(cases.c.school == self._school, cases.c.id == last)
                .values(queue_place=_place_of(case))
            )
        return last

    def _conditions(self, wanted: CaseFilter) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = [cases.c.school == self._school]
        if wanted.states is not None:
            conditions.append(cases.c.state.in_(sorted(wanted.states)))
        if wanted.modes is not None:
            conditions.append(cases.c.mode.in_(sorted(wanted.modes)))
        if wanted.report_when is not None:
            conditions.append(cases.c.report_when == wanted.report_when)
        if wanted.min_level:
            conditions.append(cases.c.level >= wanted.min_level)
        if wanted.is_backlog is not None:
            conditions.append(cases.c.is_backlog.is_(wanted.is_backlog))
        if wanted.opened_from is not None:
            conditions.append(cases.c.opened_at >= wanted.opened_from)
        if wanted.opened_before is not None:
            conditions.append(cases.c.opened_at < wanted.opened_before)
        if wanted.decided_from is not None:
            conditions.append(cases.c.decided_at >= wanted.decided_from)
        if wanted.decided_before is not None:
            conditions.append(cases.c.decided_at < wanted.decided_before)
        if wanted.decided_as is not None:
            conditions.append(cases.c.decided_as.in_(sorted(wanted.decided_as)))
        if wanted.has_bytes:
            readable = select(messages.c.id).where(
                messages.c.school == cases.c.school,
                messages.c.case_id == cases.c.id,
                blobs.c.school == messages.c.school,
                blobs.c.blob_id == messages.c.blob_id,
                blobs.c.wrapped_key.is_not(None),
            )
            conditions.append(readable.exists())
        if wanted.address:
            conditions.append(self._index.has_address(wanted.address))
        if wanted.person_id:
            conditions.append(self._index.has_person(wanted.person_id))
        if wanted.header_message_id:
            conditions.append(self._index.has_header_message_id(wanted.header_message_id))
        if wanted.not_about:
            conditions.append(~or_(*(self._index.has_subject(each) for each in wanted.not_about)))
        return conditions


def _place_of(case: CaseRecord) -> str:
    return queue_place(
        state=case.state,
        mode=case.mode,
        report_when=case.decision.report_when,
        level=case.decision.level,
        opened_at=case.opened_at,
        decided_at=case.decided_at,
    )
