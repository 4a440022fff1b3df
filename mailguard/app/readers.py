"""Who reads a report for a role on a day: its holder, the acting person, or nobody (then the next role is
asked).

Whoever a case is about is never a reader, whatever hat they wear: the role, the address and the person are
all looked at.
Source: DECISIONS.md, rule 3; issue "absence and acting persons".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from mailguard.app.effects_settings import Directory, EffectsSettings
from mailguard.app.ports_store import DecisionRecord
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
class Readers:
    """Answers for one school at one time."""

    settings: EffectsSettings
    directory: Directory

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
        if not contact.is_absent(day):
            return Reader(role=role, address=contact.address, name=contact.name, title=title)
        if not contact.acting_address or self._is_closed_to(contact.acting_address, decision):
            return None
        return Reader(
            role=role,
            address=contact.acting_address,
            name=contact.acting_name or contact.acting_address,
            title=f"acting for the {title}",
            absent_name=contact.name,
        )

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
            if not here.is_absent(day):
                return Reader(role=each, address=here.address, name=here.name, title=title)
            if here.acting_address:
                return Reader(
                    role=each,
                    address=here.acting_address,
                    name=here.acting_name or here.acting_address,
                    title=f"acting for the {title}",
                    absent_name=here.name,
                )
        return Reader(role=role, address=contact.address, name=contact.name, title=self.settings.title(role))

    def may_see(self, address: str, decision: DecisionRecord) -> bool:
        """False for whoever a case is about, whatever hat they wear."""
        return not self._is_closed_to(address, decision)

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
        return frozenset(address.lower() for address in (contact.address, contact.acting_address) if address)

    def person_ids(self, address: str) -> frozenset[str]:
        return frozenset(person.id for person in self.directory.by_address(address))

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
