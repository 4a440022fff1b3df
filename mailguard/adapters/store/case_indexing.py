"""The blind index of cases: by whom and what they are found, and to whom they are closed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, exists

from mailguard.adapters.store.dialects import insert_if_new
from mailguard.adapters.store.sealing import Sealer
from mailguard.adapters.store.tables import case_index, cases
from mailguard.app.ports_store import DecisionRecord


class CaseIndex:
    """Kinds: address, message-id, person (whoever a case names), subject and withheld (whom it is closed to),
    platform.
    """

    def __init__(self, connection: Connection, *, school: str, sealer: Sealer) -> None:
        self._connection = connection
        self._school = school
        self._sealer = sealer

    def add_decision(self, case_id: str, decision: DecisionRecord) -> None:
        """Nothing is ever taken away: who was a subject once stays one."""
        persons = {str(person["id"]) for person in decision.persons if person.get("id")}
        persons.update(decision.subjects)
        self.add_persons(case_id, sorted(persons))
        subjects = sorted(set(decision.subjects))
        self._add(case_id, "subject", [self._sealer.blind("person", each) for each in subjects])
        withheld = [self._sealer.blind("withheld", role.value) for role in decision.withheld_roles]
        self._add(case_id, "withheld", withheld)
        platform = str((decision.platform or {}).get("id") or "")
        if platform:
            self._add(case_id, "platform", [self._sealer.blind("platform", platform)])

    def add_persons(self, case_id: str, person_ids: Sequence[str]) -> None:
        self._add(case_id, "person", [self._sealer.blind("person", each) for each in person_ids if each])

    def add_addresses(self, case_id: str, addresses: Sequence[str]) -> None:
        self._add(case_id, "address", [self._sealer.blind_address(each) for each in addresses if each])

    def add_header_message_id(self, case_id: str, header_message_id: str) -> None:
        if header_message_id:
            self._add(case_id, "message-id", [self._sealer.blind("message-id", header_message_id)])

    def has_address(self, address: str) -> ColumnElement[bool]:
        return self._has("address", self._sealer.blind_address(address))

    def has_person(self, person_id: str) -> ColumnElement[bool]:
        return self._has("person", self._sealer.blind("person", person_id))

    def has_subject(self, person_id: str) -> ColumnElement[bool]:
        return self._has("subject", self._sealer.blind("person", person_id))

    def has_header_message_id(self, header_message_id: str) -> ColumnElement[bool]:
        return self._has("message-id", self._sealer.blind("message-id", header_message_id))

    def _add(self, case_id: str, kind: str, blinds: Sequence[str]) -> None:
        for blind in dict.fromkeys(blinds):
            insert_if_new(
                self._connection, case_index, school=self._school, kind=kind, blind=blind, case_id=case_id
            )

    def _has(self, kind: str, blind: str) -> ColumnElement[bool]:
        return exists().where(
            case_index.c.school == self._school,
            case_index.c.kind == kind,
            case_index.c.blind == blind,
            case_index.c.case_id == cases.c.id,
        )
