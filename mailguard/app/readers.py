"""Who reads a report for a role on a day: its holder, the acting person, or nobody (then the next role is
asked).

Whoever a case is about is never a reader, whatever hat they wear: the role, the address and the person are
all looked at.
Source: DECISIONS.md, rule 3; issue "absence and acting persons".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from mailguard.app.account_records import RoleAbsence
from mailguard.app.effects_settings import Directory, DirectoryNow, EffectsSettings, RoleContact
from mailguard.app.ports_store import DecisionRecord, Store, Transaction
from mailguard.domain.routing import next_in_chain
from mailguard.domain.signal import SignalCode
from mailguard.domain.words import Nature, Role

_ACCUSED_SIGNALS = frozenset({SignalCode.ACCUSED_NAMED.code, SignalCode.ACCUSED_UNNAMED.code})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """``absent_name``: of the holder whom an acting person stands in for, "" when the holder reads it."""

    role: Role
    address: str
    name: str
    title: str
    absent_name: str = ""


@dataclass(frozen=True, slots=True)
class _Away:
    """Who acts, "" and "" when nobody does."""

    acting_name: str
    acting_address: str


@dataclass(frozen=True, slots=True)
class Readers:
    """Answers for one school at one time.

    ``rota``: absences set on the review page; on their days they stand in place of those of the settings.
    """

    settings: EffectsSettings
    directory: Directory
    rota: Sequence[RoleAbsence] = field(default=())

    def withheld_roles(self, decision: DecisionRecord) -> frozenset[Role]:
        """The roles that the case is closed to.

        Those the decision names, and any whose holder is a subject.
        """
        by_person = {
            role
            for role, contact in self.settings.contacts.items()
            if self._is_subject(contact.address, decision)
        }
        return frozenset(decision.withheld_roles) | by_person

    def reader(self, role: Role, decision: DecisionRecord, day: date) -> Reader | None:
        """None when the role is withheld or not configured, or away and nobody who may read it is acting."""
        contact = self.settings.contacts.get(role)
        if contact is None or role in self.withheld_roles(decision):
            return None
        title = self.settings.title(role)
        away = self._away(role, contact, day)
        if away is None:
            return Reader(role=role, address=contact.address, name=contact.name, title=title)
        if not away.acting_address or self._is_closed_to(away.acting_address, decision):
            return None
        return _acting(role, contact, away, title)

    def holder(self, role: Role, decision: DecisionRecord) -> Reader | None:
        """The holder though away: better than nobody. None when withheld or not configured."""
        contact = self.settings.contacts.get(role)
        if contact is None or role in self.withheld_roles(decision):
            return None
        return Reader(role=role, address=contact.address, name=contact.name, title=self.settings.title(role))

    def daily_reader(self, role: Role, day: date) -> Reader | None:
        """Who reads a digest: the holder, the acting person, else the next in the school who is there.

        None when not configured.
        """
        contact = self.settings.contacts.get(role)
        if contact is None:
            return None
        chain = [role, *(each for each in (Role.DEPUTY, Role.CHAIR) if each is not role)]
        for each in chain:
            here = self.settings.contacts.get(each)
            if here is None:
                continue
            title = self.settings.title(each)
            away = self._away(each, here, day)
            if away is None:
                return Reader(role=each, address=here.address, name=here.name, title=title)
            if away.acting_address:
                return _acting(each, here, away, title)
        return Reader(role=role, address=contact.address, name=contact.name, title=self.settings.title(role))

    def may_see(self, address: str, decision: DecisionRecord, *, role: Role | None = None) -> bool:
        """False for whoever a case is about, whatever hat they wear.

        ``role``: one that the person has here, whatever address stands for it in the settings: who acts for the Head
        sees no case that is closed to the Head.
        """
        if role is not None and role in self.withheld_roles(decision):
            return False
        return not self._is_closed_to(address, decision)

    def is_about(self, text: str, address: str) -> bool:
        """Whether ``text``, a person's id or an address, means whoever has ``address``."""
        own = {address.lower(), *(each.lower() for each in self.person_ids(address))}
        return text.lower() in own or any(each.lower() in own for each in self.person_ids(text))

    def next_role(self, told: frozenset[Role], decision: DecisionRecord, day: date) -> Role | None:
        """The next in the chain who is there; when all are away, the next who is not."""
        withheld = self.withheld_roles(decision)
        configured = frozenset(self.settings.contacts)
        present = frozenset(role for role in configured if self.reader(role, decision, day) is not None)
        for available in (present, configured):
            role = next_in_chain(
                told=told,
                subjects=withheld,
                available=available,
                may_reach_lado=self._may_reach_lado(decision, withheld),
            )
            if role is not None:
                return role
        return None

    def addresses_of(self, role: Role) -> frozenset[str]:
        """Lower case: the holder's and the acting person's."""
        contact = self.settings.contacts.get(role)
        if contact is None:
            return frozenset()
        acting = (absence.acting_address for absence in self.rota if absence.role is role)
        addresses = (contact.address, contact.acting_address, *acting)
        return frozenset(address.lower() for address in addresses if address)

    def is_role_address(self, address: str) -> bool:
        """Whether it belongs to the chain: a holder's or an acting person's."""
        return any(address.lower() in self.addresses_of(role) for role in self.settings.contacts)

    def person_ids(self, address: str) -> frozenset[str]:
        return frozenset(person.id for person in self.directory.by_address(address))

    def _away(self, role: Role, contact: RoleContact, day: date) -> _Away | None:
        """None when the holder is there that day."""
        for absence in self.rota:
            if absence.role is role and absence.first_day <= day <= absence.last_day:
                return _Away(absence.acting_name, absence.acting_address)
        if contact.is_absent(day):
            return _Away(contact.acting_name, contact.acting_address)
        return None

    def _may_reach_lado(self, decision: DecisionRecord, withheld: frozenset[Role]) -> bool:
        school = {role for role in self.settings.contacts if role is not Role.LADO}
        # The nature shown is the gravest: an allegation inside a disclosure shows only by who is accused.
        codes = {str(signal.get("code", "")) for signal in decision.signals}
        is_allegation = decision.nature == Nature.ALLEGATION.value or bool(codes & _ACCUSED_SIGNALS)
        return is_allegation or school <= withheld

    def _is_subject(self, address: str, decision: DecisionRecord) -> bool:
        subjects = {subject.lower() for subject in decision.subjects}
        return address.lower() in subjects or any(
            each.lower() in subjects for each in self.person_ids(address)
        )

    def _is_closed_to(self, address: str, decision: DecisionRecord) -> bool:
        contacts = (self.settings.contacts.get(role) for role in decision.withheld_roles)
        closed = {contact.address.lower() for contact in contacts if contact is not None}
        return address.lower() in closed or self._is_subject(address, decision)


def readers_now(store: Store, settings: EffectsSettings, directory: DirectoryNow) -> Readers:
    """With the lists and the rota as they are at the moment. Raises TemporaryFailure."""
    with store.reading() as transaction:
        return readers_within(transaction, settings, directory())


def readers_within(transaction: Transaction, settings: EffectsSettings, directory: Directory) -> Readers:
    """As ``readers_now``, of the transaction's state."""
    return Readers(settings=settings, directory=directory, rota=transaction.rota.absences())


def _acting(role: Role, contact: RoleContact, away: _Away, title: str) -> Reader:
    return Reader(
        role=role,
        address=away.acting_address,
        name=away.acting_name or away.acting_address,
        title=f"acting for the {title}",
        absent_name=contact.name,
    )
