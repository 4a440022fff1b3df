"""The cases of one person: everything in which the person, or one of their addresses, appears.

A case that is about whoever looks is not among them.
"""

from __future__ import annotations

from dataclasses import dataclass

from mailguard.app.effects_settings import Directory
from mailguard.app.export_making import Maker, OpenCases
from mailguard.app.ports_store import CaseFilter, CaseRecord, Transaction
from mailguard.domain.people import Person
from mailguard.domain.words import PersonList


class UnknownPerson(LookupError):
    """Neither on the lists nor an address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoughtPerson:
    """``person`` None when only an address is known. ``addresses`` lower case."""

    person: Person | None
    addresses: tuple[str, ...]

    @property
    def label(self) -> str:
        """Id of the person, else the address."""
        return self.person.id if self.person is not None else self.addresses[0]

    @property
    def list(self) -> PersonList | None:
        return self.person.list if self.person is not None else None


def sought(text: str, directory: Directory) -> SoughtPerson:
    """By person id or address. Raises UnknownPerson."""
    wanted = text.strip()
    person = directory.person(wanted)
    if person is None and "@" in wanted:
        found = directory.by_address(wanted)
        if len(found) != 1:
            return SoughtPerson(person=None, addresses=(wanted.lower(),))
        person = found[0]
    if person is None:
        raise UnknownPerson(wanted)
    addresses = dict.fromkeys(address.lower() for address in person.addresses)
    if "@" in wanted:
        addresses.setdefault(wanted.lower())
    return SoughtPerson(person=person, addresses=tuple(addresses))


def cases_of(
    who: SoughtPerson, transaction: Transaction, open_cases: OpenCases, by: Maker
) -> tuple[CaseRecord, ...]:
    """Oldest first: those that ``by`` may read."""
    found: dict[str, CaseRecord] = {}
    filters = [CaseFilter(address=address) for address in who.addresses]
    if who.person is not None:
        filters.append(CaseFilter(person_id=who.person.id))
    for each in filters:
        found.update((case.id, case) for case in transaction.cases.matching(each))
    mine = (case for case in found.values() if open_cases.may_read(case, by, transaction))
    return tuple(sorted(mine, key=lambda case: (case.opened_at, case.id)))
