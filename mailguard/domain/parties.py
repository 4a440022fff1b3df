"""Who a message names: senders and recipients, and which way it goes.

Source: DECISIONS.md, "Party" and "Direction".
"""

from __future__ import annotations

from dataclasses import dataclass

from mailguard.domain.message import AutomaticMark, Envelope, Mailbox, MessageFacts
from mailguard.domain.people import Person
from mailguard.domain.roll import SchoolLists
from mailguard.domain.words import Direction, PersonList

SENDER_HEADERS = ("From", "Sender", "Reply-To", "Resent-From")
RECIPIENT_HEADERS = ("To", "Cc", "Bcc", "Resent-To", "Resent-Cc")


@dataclass(frozen=True, slots=True)
class Party:
    """One named party. ``where`` as a signal says it: "MAIL FROM", "header From", "RCPT TO", "calendar organizer"."""

    address: str
    display_name: str
    where: str


@dataclass(frozen=True, slots=True)
class Parties:
    """``recipients`` are the envelope's; ``all_recipients`` add what the headers name. Addresses without "@" are left out."""

    senders: tuple[Party, ...]
    recipients: tuple[Party, ...]
    all_recipients: tuple[Party, ...]

    def everyone(self) -> tuple[Party, ...]:
        return self.senders + self.all_recipients


def find_parties(facts: MessageFacts, envelope: Envelope) -> Parties:
    """Everyone the message names, each address once a place."""
    senders = [_party(mailbox) for mailbox in facts.named(*SENDER_HEADERS)]
    if envelope.mail_from:
        senders.append(Party(envelope.mail_from, "", "MAIL FROM"))
    if facts.calendar is not None:
        answering = (
            facts.calendar.method.upper() == "REPLY" or facts.automatic is AutomaticMark.CALENDAR_REPLY
        )
        if answering:
            senders.extend(Party(address, "", "calendar attendee") for address in facts.calendar.attendees)
        elif facts.calendar.organizer:
            senders.append(Party(facts.calendar.organizer, "", "calendar organizer"))
    names = {mailbox.address.lower(): mailbox.display_name for mailbox in facts.named(*RECIPIENT_HEADERS)}
    recipients = [Party(address, names.get(address.lower(), ""), "RCPT TO") for address in envelope.rcpt_tos]
    known = {party.address.lower() for party in recipients}
    others = [
        _party(mailbox) for mailbox in facts.named(*RECIPIENT_HEADERS) if mailbox.address.lower() not in known
    ]
    return Parties(
        senders=tuple(party for party in senders if party.address or party.display_name),
        recipients=tuple(recipients),
        all_recipients=tuple(recipients) + tuple(party for party in others if "@" in party.address),
    )


def _party(mailbox: Mailbox) -> Party:
    return Party(mailbox.address, mailbox.display_name, f"header {mailbox.header}")


def find_direction(parties: Parties, lists: SchoolLists, *, sender_is_representative: bool) -> Direction:
    """Inbound, outbound, internal, or nobody's business here.

    ``sender_is_representative``: the claim stands (not contradicted, and no child or parent among the senders).
    """
    inside = [party for party in parties.all_recipients if _is_ours(party.address, lists)]
    outside = [party for party in parties.all_recipients if not _is_ours(party.address, lists)]
    if sender_is_representative:
        return Direction.OUTBOUND if outside else Direction.INTERNAL
    return Direction.INBOUND if inside else Direction.OTHER


def _is_ours(address: str, lists: SchoolLists) -> bool:
    """A representative's, or one that only this school's own server can mean: <postmaster>, an address literal."""
    _, at, domain = address.rpartition("@")
    return lists.is_representative(address) or (bool(address) and (not at or domain.startswith("[")))


def on_list(people: tuple[Person, ...], wanted: PersonList) -> tuple[Person, ...]:
    return tuple(person for person in people if person.list is wanted)
