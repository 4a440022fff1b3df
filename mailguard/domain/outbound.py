"""Outbound mail: the outside recipients decide; representatives who are copied in follow them. Source: rows O1 to O5."""

from __future__ import annotations

from dataclasses import replace

from mailguard.domain.material import Material, recipients_of
from mailguard.domain.message import (
    AttachmentFamily,
)
from mailguard.domain.parties import Parties, Party, on_list
from mailguard.domain.people import PersonMatch
from mailguard.domain.school_activity import shows_school_activity
from mailguard.domain.sender import PUPILS
from mailguard.domain.signal import Signal, SignalCode
from mailguard.domain.situation import (
    Counterpart,
    Situation,
)
from mailguard.domain.words import (
    Certainty,
    Nature,
    PersonList,
)

_PICTURES = frozenset({AttachmentFamily.IMAGE, AttachmentFamily.VIDEO})


def outbound_situations(
    material: Material,
    parties: Parties,
    base: Situation,
    natures: tuple[Nature, ...],
    matches: list[PersonMatch],
    signals: list[Signal],
) -> dict[str, tuple[Situation, ...]]:
    """The outside recipients decide; representatives who are copied in follow them."""
    lists = material.lists
    sender_address = next(
        (party.address for party in parties.senders if lists.is_representative(party.address)), ""
    )
    facts = material.facts
    has_pictures = any(attachment.family in _PICTURES for attachment in facts.attachments)
    words = (facts.subject, facts.own_text, *(attachment.filename for attachment in facts.attachments))
    activity = shows_school_activity(words, material.school.name) if has_pictures else ""
    outside: dict[str, tuple[Situation, ...]] = {}
    for party in parties.all_recipients:
        if lists.is_representative(party.address):
            continue
        counterpart = _counterpart(material, party, sender_address, matches, signals)
        situation = replace(base, counterpart=counterpart, shows_school_activity=bool(activity))
        outside[party.address] = tuple(replace(situation, nature=nature) for nature in natures)
        if activity and counterpart is Counterpart.UNLISTED_PERSONAL:
            signals.append(
                Signal(
                    SignalCode.SCHOOL_ACTIVITY, f'pictures of a school activity ("{activity}")', "own words"
                )
            )
    everything = tuple(dict.fromkeys(situation for several in outside.values() for situation in several))
    return {party.address: outside.get(party.address, everything) for party in recipients_of(parties)}


def _counterpart(
    material: Material, party: Party, sender_address: str, matches: list[PersonMatch], signals: list[Signal]
) -> Counterpart:
    lists = material.lists
    gateway = (material.gateways or {}).get(party.address.lower())
    if gateway is not None:
        account = lists.official_gateway(sender_address, gateway.platform_id, party.address, material.today)
        says = f"{party.where} posts to {gateway.platform_id}"
        signals.append(Signal(SignalCode.POSTING_GATEWAY, says, "config/platforms.toml"))
        if account is not None:
            signals.append(
                Signal(
                    SignalCode.OFFICIAL_ACCOUNT, "the mailbox has an official account there", account.source
                )
            )
            return Counterpart.OFFICIAL_GATEWAY
        return Counterpart.GATEWAY
    people = lists.by_address(party.address)
    pupils = on_list(people, PersonList.PUPILS)
    at_school = lists.is_pupil_domain(party.address)
    for person in pupils:
        matches.append(PersonMatch(person, party.where, Certainty.EXACT, party.address))
        signals.append(Signal(SignalCode.PUPIL_ADDRESS, f"{party.where} is pupil {person.id}", person.source))
    if at_school and not pupils:
        signals.append(
            Signal(SignalCode.PUPIL_DOMAIN, f"{party.where} is under a pupil domain", "school.pupil_domains")
        )
    if at_school:
        return Counterpart.CHILD_AT_SCHOOL
    if pupils:
        return Counterpart.CHILD_ELSEWHERE
    parents = on_list(people, PersonList.PARENTS)
    for person in parents:
        matches.append(PersonMatch(person, party.where, Certainty.EXACT, party.address))
        signals.append(
            Signal(SignalCode.PARENT_ADDRESS, f"{party.where} is parent {person.id}", person.source)
        )
    if parents:
        return Counterpart.PARENT
    near = lists.near_address(party.address)
    named = lists.named(party.display_name, PUPILS) if lists.is_personal_mail(party.address) else ()
    for people_found, code, certainty, says in (
        (near, SignalCode.NEAR_ADDRESS, Certainty.NEAR, "is nearly an address of pupil"),
        (named, SignalCode.ROLL_NAME, Certainty.NAME, "carries the name of pupil"),
    ):
        for person in people_found:
            shown = certainty if len(people_found) == 1 else Certainty.ONE_OF
            matches.append(PersonMatch(person, party.where, shown, party.address))
            signals.append(Signal(code, f"{party.where} {says} {person.id}", person.source))
    if near or named:
        return Counterpart.PROBABLE_CHILD
    if lists.is_personal_mail(party.address):
        signals.append(
            Signal(
                SignalCode.PERSONAL_MAIL,
                f"{party.where} is a personal address on no list",
                "personal-mail domains",
            )
        )
        return Counterpart.UNLISTED_PERSONAL
    return Counterpart.OTHER
