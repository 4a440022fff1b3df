"""What assessment looks at, and what it comes to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from mailguard.domain.accused import Accused, StaffHit
from mailguard.domain.message import (
    Authentication,
    Envelope,
    MessageFacts,
)
from mailguard.domain.parties import Parties, Party, on_list
from mailguard.domain.people import Person, PersonMatch
from mailguard.domain.platform import PlatformFacts, PostingGateway
from mailguard.domain.roll import School, SchoolLists
from mailguard.domain.scores import Scores
from mailguard.domain.signal import Signal
from mailguard.domain.situation import (
    Sender,
    Situation,
)
from mailguard.domain.words import (
    Direction,
    Initiator,
    Nature,
    PersonList,
)


@dataclass(frozen=True, slots=True)
class Material:
    """Everything assessment looks at. ``platform`` only when From is the service's; ``has_null_sender_marks`` from reading."""

    facts: MessageFacts
    envelope: Envelope
    authentication: Authentication
    school: School
    lists: SchoolLists
    scores: Scores
    today: date
    platform: PlatformFacts | None = None
    gateways: Mapping[str, PostingGateway] | None = None
    has_null_sender_marks: bool = False
    retold: Scores | None = None
    signed_names: Callable[[str], tuple[Person, ...]] | None = None
    staff_in_text: Callable[[str], Sequence[StaffHit]] | None = None
    social_link: Callable[[str], str] | None = None


@dataclass(frozen=True, slots=True)
class Assessment:
    """``situations``: envelope recipient → one situation a nature. ``natures`` gravest first, empty where none applies.

    ``accused``: staff an allegation names; ``recipient_staff``: staff the message is addressed to, in envelope or headers;
    ``acting_staff``: who sent outbound mail, or whose account a notification is of.
    """

    direction: Direction
    initiator: Initiator
    platform: PlatformFacts | None
    natures: tuple[Nature, ...]
    shown_nature: Nature | None
    matches: tuple[PersonMatch, ...]
    signals: tuple[Signal, ...]
    situations: Mapping[str, tuple[Situation, ...]]
    accused_addresses: frozenset[str]
    recipient_addresses: frozenset[str]
    acting_addresses: frozenset[str]
    sender: Sender


def addresses_of(accused: Accused | None) -> frozenset[str]:
    if accused is None:
        return frozenset()
    return frozenset(address.lower() for person in accused.persons for address in person.addresses)


def representative_addresses(parties: Sequence[Party], lists: SchoolLists) -> frozenset[str]:
    """Every address of every representative among the parties: a role is known by any of the person's addresses."""
    found: set[str] = set()
    for party in parties:
        if not lists.is_representative(party.address):
            continue
        found.add(party.address.lower())
        for person in on_list(lists.by_address(party.address), PersonList.STAFF):
            found.update(address.lower() for address in person.addresses)
    return frozenset(found)


def recipients_of(parties: Parties) -> tuple[Party, ...]:
    """Envelope recipients; without any (a message read from a file) those of the headers, else one nobody."""
    return parties.recipients or parties.all_recipients or (Party("", "", "RCPT TO"),)
