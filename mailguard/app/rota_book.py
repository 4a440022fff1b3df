"""Who is away and who stands in, as the chain's members say on the review page.

A report goes to the acting person on those days, or else to the next in the chain. So only a member of the chain may say
it, the one who stands in is on the staff list, and the whole chain gets mail about it.
SECURITY: whoever could set this alone and in silence could have a child's words sent to themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from mailguard.app.account_records import Account, RoleAbsence
from mailguard.app.chain_notice import tell_chain
from mailguard.app.effects_settings import DirectoryNow, EffectsSettings
from mailguard.app.ports_store import AuditEntry, Store, Transaction
from mailguard.app.school_time import DayRange
from mailguard.app.tokens import new_id
from mailguard.domain.words import PersonList, Role

_LONGEST = timedelta(days=366)
CHAIN = (Role.HEAD, Role.DEPUTY, Role.CHAIR)


class RotaProblem(Exception):
    """It may not be done, or makes no sense; the words are for the person who wanted it."""


@dataclass(frozen=True, slots=True)
class RoleDays:
    """One role of the chain with its days away. ``set_here`` can be taken back; ``configured`` stands in the settings."""

    role: Role
    name: str
    title: str
    is_away: bool
    reader_name: str
    set_here: tuple[RoleAbsence, ...]
    configured: tuple[DayRange, ...]


class RotaBook:
    """``may_act``: a further test of an acting person's address, by the lists."""

    def __init__(self, store: Store, *, effects: EffectsSettings, directory: DirectoryNow) -> None:
        self._store = store
        self._effects = effects
        self._directory = directory

    def days(self, reader_name: Callable[[Role, date], str]) -> tuple[RoleDays, ...]:
        """Of each configured role, from today on. ``reader_name``: who reads for a role on a day."""
        with self._store.reading() as transaction:
            absences = transaction.rota.absences()
            today = self._today(transaction)
        found = []
        for role in CHAIN:
            contact = self._effects.contacts.get(role)
            if contact is None:
                continue
            mine = tuple(each for each in absences if each.role is role and each.last_day >= today)
            configured = tuple(days for days in contact.absent if days.last_day >= today)
            is_away = any(each.first_day <= today <= each.last_day for each in mine) or contact.is_absent(
                today
            )
            found.append(
                RoleDays(
                    role=role,
                    name=contact.name,
                    title=self._effects.title(role),
                    is_away=is_away,
                    reader_name=reader_name(role, today),
                    set_here=mine,
                    configured=configured,
                )
            )
        return tuple(found)

    def add(
        self, *, role: Role, first_day: date, last_day: date, acting_address: str, by: Account
    ) -> RoleAbsence:
        """Raises RotaProblem."""
        contact = self._effects.contacts.get(role)
        if contact is None or role not in CHAIN:
            raise RotaProblem("Choose who is away.")
        if not by.reads_content:
            raise RotaProblem("Only a member of the chain may say who is away.")
        acting_name = self._acting_name(acting_address, holder=contact.address)
        with self._store.transaction() as transaction:
            if last_day < first_day:
                raise RotaProblem("The last day is before the first.")
            if last_day < self._today(transaction):
                raise RotaProblem("These days are over.")
            if last_day - first_day > _LONGEST:
                raise RotaProblem("That is more than a year. For somebody who has left, change the settings.")
            absence = RoleAbsence(
                id=new_id("abs"),
                role=role,
                first_day=first_day,
                last_day=last_day,
                acting_name=acting_name,
                acting_address=acting_address,
                created_by=by.id,
                created_at=transaction.now,
            )
            transaction.rota.add(absence)
            days = f"{first_day.isoformat()} to {last_day.isoformat()}"
            detail = {
                "absence": absence.id,
                "role": role.value,
                "days": days,
                "has_acting_person": bool(acting_address),
            }
            transaction.audit.append(AuditEntry(tag="rota:absence:set", actor=by.id, detail=detail))
            instead = (
                f"{acting_name} ({acting_address}) stands in"
                if acting_address
                else "the next in the chain is told"
            )
            self._tell(
                transaction,
                f"absence:{absence.id}",
                f"{by.name} has noted that {contact.name} ({self._effects.title(role)}) is away, {days}; {instead}.",
                also_to=(acting_address,) if acting_address else (),
            )
            return absence

    def withdraw(self, absence_id: str, *, by: Account) -> None:
        """Raises RotaProblem."""
        with self._store.transaction() as transaction:
            absence = transaction.rota.find(absence_id)
            if not by.reads_content or absence is None or not transaction.rota.withdraw(absence_id, by=by.id):
                raise RotaProblem("These days were taken back already.")
            detail = {"absence": absence.id, "role": absence.role.value}
            transaction.audit.append(AuditEntry(tag="rota:absence:withdrawn", actor=by.id, detail=detail))
            contact = self._effects.contacts.get(absence.role)
            name = contact.name if contact is not None else absence.role.value
            self._tell(
                transaction,
                f"absence-withdrawn:{absence.id}",
                f"{by.name} has taken back that {name} is away, {absence.first_day} to {absence.last_day}.",
                also_to=(absence.acting_address,) if absence.acting_address else (),
            )

    def _acting_name(self, address: str, *, holder: str) -> str:
        """ "" for nobody. Raises RotaProblem for whoever may not stand in."""
        if not address:
            return ""
        if address.lower() == holder.lower():
            raise RotaProblem("Somebody else has to stand in.")
        people = self._directory().by_address(address)
        staff = [person for person in people if person.list is PersonList.STAFF]
        if not staff or len(staff) != len(people):
            raise RotaProblem("Who stands in must be on the staff list, with that address.")
        return staff[0].name

    def _tell(self, transaction: Transaction, key: str, line: str, *, also_to: tuple[str, ...]) -> None:
        tell_chain(
            transaction,
            self._effects,
            key=key,
            subject="Who reads reports",
            lines=[line, "If this surprises you, ask the person named, and take it back on the review page."],
            also_to=also_to,
        )

    def _today(self, transaction: Transaction) -> date:
        return transaction.now.astimezone(self._effects.hours.zone).date()
