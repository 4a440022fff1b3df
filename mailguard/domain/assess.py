"""From facts to situations: what the evidence says, recipient by recipient and nature by nature.

Pure: lists, settings, the platform reading, the model's scores and today's date come in as arguments. The model can only
add here: a nature, or the suspicion that a child writes. Source: DECISIONS.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from mailguard.domain.accused import Accused, StaffHit, find_accused
from mailguard.domain.automatic_words import has_own_words
from mailguard.domain.message import (
    AttachmentFamily,
    Authentication,
    AuthenticationResult,
    AutomaticMark,
    Envelope,
    MessageFacts,
)
from mailguard.domain.natures import find_natures
from mailguard.domain.parties import Parties, Party, find_direction, find_parties, on_list
from mailguard.domain.people import Person, PersonMatch
from mailguard.domain.platform import PlatformFacts, PostingGateway
from mailguard.domain.platform_actor import find_actor, platform_initiator, standing_of
from mailguard.domain.roll import School, SchoolLists
from mailguard.domain.school_activity import shows_school_activity
from mailguard.domain.scores import Scores
from mailguard.domain.sealed import sealed_parts
from mailguard.domain.sender import PUPILS, SenderFinding, find_sender
from mailguard.domain.signal import Signal, SignalCode
from mailguard.domain.situation import (
    Actor,
    Audience,
    Automatic,
    Counterpart,
    EventOrNone,
    Part,
    PlatformStanding,
    Sender,
    Situation,
    Standing,
)
from mailguard.domain.words import (
    Certainty,
    Direction,
    Event,
    Initiator,
    Kind,
    Nature,
    PersonList,
)

_WHERE_SERVICES_NAME_THE_ACTOR = frozenset(
    {"header Reply-To", "header Sender", "calendar organizer", "calendar attendee"}
)
_PICTURES = frozenset({AttachmentFamily.IMAGE, AttachmentFamily.VIDEO})


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


def excluded_standing(
    parties: Parties, lists: SchoolLists, authentication: AuthenticationResult
) -> tuple[Signal, ...]:
    """Row X1 from envelope and header alone: the signals when every outside party is an excluded correspondent, else ()."""
    signals: dict[str, Signal] = {}
    outsiders = [
        party for party in parties.everyone() if party.address and not lists.is_representative(party.address)
    ]
    representatives = [party for party in parties.everyone() if lists.is_representative(party.address)]
    if not outsiders or not representatives:
        return ()
    for party in outsiders:
        entry = lists.excluded(party.address)
        listed_child = on_list(lists.by_address(party.address), PersonList.PUPILS) or lists.is_pupil_domain(
            party.address
        )
        if entry is None or listed_child:
            return ()
        signals[entry.source] = Signal(
            SignalCode.EXCLUDED_CORRESPONDENT,
            f"{party.where} is an excluded correspondent ({entry.reason})",
            entry.source,
        )
    arrives = any(not lists.is_representative(party.address) for party in parties.senders if party.address)
    needed = (
        {AuthenticationResult.PASS} if arrives else {AuthenticationResult.PASS, AuthenticationResult.NONE}
    )
    return tuple(signals.values()) if authentication in needed else ()


def assess(material: Material) -> Assessment:
    """Fold the evidence into situations. Total: every message gives at least one situation a recipient."""
    facts, lists = material.facts, material.lists
    parties = find_parties(facts, material.envelope)
    authenticated = material.authentication.overall
    signals = _authentication_signals(material.authentication, facts)
    excluded = excluded_standing(parties, lists, authenticated)
    if excluded:
        return _assess_excluded(material, parties, signals + list(excluded))
    finding = find_sender(facts, parties.senders, lists, material.scores, authenticated, _signed(material))
    platform = _platform_that_stands(material, finding)
    if platform is not None:
        return _assess_platform(material, parties, platform, signals)
    signals.extend(finding.signals)
    direction = find_direction(
        parties, lists, sender_is_representative=finding.sender is Sender.REPRESENTATIVE
    )
    declared = _declared(material, parties, authenticated)
    signals.extend(declared)
    automatic = _automatic(material, signals)
    natures, shown = find_natures(
        facts,
        material.scores,
        sender=finding.sender,
        direction=direction,
        signals=signals,
        social_link=material.social_link,
        retold=material.retold,
        is_to_chain=bool(parties.all_recipients)
        and all(material.school.role_of(party.address) is not None for party in parties.all_recipients),
    )
    is_childs = finding.sender in (Sender.CHILD, Sender.PROBABLE_CHILD)
    if automatic is not Automatic.NO and not is_childs:
        shown = Nature.AUTOMATIC
    if is_childs and (sealed := sealed_parts(facts)):
        kinds = ", ".join(sorted({part.family.value for part in sealed}))
        signals.append(
            Signal(
                SignalCode.SEALED_PARTS,
                f"{len(sealed)} sealed {'part' if len(sealed) == 1 else 'parts'} ({kinds})",
                "attachments",
            )
        )
    base = Situation(
        direction=direction,
        sender=finding.sender,
        standing=Standing.DECLARED if declared else Standing.OPEN,
        automatic=automatic,
        has_own_words=automatic is Automatic.NO or has_own_words(facts),
        is_readable=facts.is_readable,
    )
    if automatic is Automatic.STRUCTURE and not base.has_own_words:
        signals.append(Signal(SignalCode.OWN_WORDS, "carries no words of its sender's own", "body"))
        shown = Nature.AUTOMATIC
    if not facts.is_readable:
        signals.append(
            Signal(SignalCode.UNREADABLE, "could not be read: " + ", ".join(facts.defects[:3]), "message")
        )
    signals.append(Signal(SignalCode.DIRECTION, f"direction is {direction.value}", "parties"))
    matches = list(finding.matches)
    accused = _accused(material, parties, natures, finding.sender, signals)
    situations = (
        _outbound(material, parties, base, natures, matches, signals)
        if direction is Direction.OUTBOUND
        else _arriving(material, parties, base, natures, accused, finding, signals)
    )
    return Assessment(
        direction=direction,
        initiator=_direct_initiator(direction, finding.sender, automatic, base.has_own_words, material),
        platform=None,
        natures=natures,
        shown_nature=shown,
        matches=tuple(dict.fromkeys(matches)),
        signals=tuple(dict.fromkeys(signals)),
        situations=situations,
        accused_addresses=_addresses(accused),
        recipient_addresses=_representatives(parties.all_recipients, lists),
        acting_addresses=_representatives(parties.senders, lists)
        if direction is Direction.OUTBOUND
        else frozenset(),
        sender=finding.sender,
    )


def _signed(material: Material) -> Callable[[str], tuple[Person, ...]]:
    return material.signed_names or (lambda text: ())


def _addresses(accused: Accused | None) -> frozenset[str]:
    if accused is None:
        return frozenset()
    return frozenset(address.lower() for person in accused.persons for address in person.addresses)


def _representatives(parties: Sequence[Party], lists: SchoolLists) -> frozenset[str]:
    """Every address of every representative among the parties: a role is known by any of the person's addresses."""
    found: set[str] = set()
    for party in parties:
        if not lists.is_representative(party.address):
            continue
        found.add(party.address.lower())
        for person in on_list(lists.by_address(party.address), PersonList.STAFF):
            found.update(address.lower() for address in person.addresses)
    return frozenset(found)


def _authentication_signals(authentication: Authentication, facts: MessageFacts) -> list[Signal]:
    by = f", stated by {authentication.authserv_id}" if authentication.authserv_id else ""
    match authentication.overall:
        case AuthenticationResult.PASS:
            signals = [Signal(SignalCode.AUTH_PASS, f"sender verified{by}", "Authentication-Results")]
        case AuthenticationResult.FAIL:
            signals = [
                Signal(
                    SignalCode.AUTH_FAIL,
                    f"sender not verified: authentication failed{by}",
                    "Authentication-Results",
                )
            ]
        case AuthenticationResult.NONE:
            signals = [
                Signal(
                    SignalCode.AUTH_NONE,
                    "sender not verified: no trusted statement",
                    "Authentication-Results",
                )
            ]
    if facts.hidden_text.strip():
        signals.append(Signal(SignalCode.HIDDEN_TEXT, "carries text that a reader does not see", "body"))
    return signals


def _assess_excluded(material: Material, parties: Parties, signals: list[Signal]) -> Assessment:
    """Row X1: nothing but envelope and header decides, and nothing else is looked at."""
    lists = material.lists
    outgoing = any(lists.is_representative(party.address) for party in parties.senders)
    direction = Direction.OUTBOUND if outgoing else Direction.INBOUND
    situation = Situation(
        direction=direction,
        sender=Sender.REPRESENTATIVE if outgoing else Sender.OTHER,
        counterpart=Counterpart.OTHER if outgoing else Counterpart.NONE,
        standing=Standing.EXCLUDED,
    )
    return Assessment(
        direction=direction,
        initiator=Initiator.STAFF if outgoing else Initiator.OTHER,
        platform=None,
        natures=(),
        shown_nature=None,
        matches=(),
        signals=tuple(dict.fromkeys(signals)),
        situations={party.address: (situation,) for party in _recipients(parties)},
        accused_addresses=frozenset(),
        recipient_addresses=_representatives(parties.all_recipients, lists),
        acting_addresses=frozenset(),
        sender=situation.sender,
    )


def _recipients(parties: Parties) -> tuple[Party, ...]:
    """Envelope recipients; without any (a message read from a file) those of the headers, else one nobody."""
    return parties.recipients or parties.all_recipients or (Party("", "", "RCPT TO"),)


def _platform_that_stands(material: Material, finding: SenderFinding) -> PlatformFacts | None:
    """The platform reading, unless a person from the lists is in From (direct mail) or a mail system reports (bounces)."""
    if material.platform is None or material.facts.automatic in (
        AutomaticMark.REPORT,
        AutomaticMark.CALENDAR_REPLY,
    ):
        return None
    from_people = [match for match in finding.matches if match.matched == "header From"]
    if from_people or finding.sender in (Sender.REPRESENTATIVE, Sender.FALSE_REPRESENTATIVE):
        return None
    if finding.is_school_account and any(
        material.lists.is_pupil_domain(mailbox.address) for mailbox in material.facts.named("From")
    ):
        return None
    return None if finding.sender is Sender.CHILD and _imitates(material, finding) else material.platform


def _imitates(material: Material, finding: SenderFinding) -> bool:
    """True when a child passes for the service: services name a child who acted in Reply-To or Sender, verified, and never
    as the one their mail comes back to.
    """
    platform = material.platform
    if platform is None or not finding.childs_places <= _WHERE_SERVICES_NAME_THE_ACTOR:
        return True
    return (
        material.authentication.overall is AuthenticationResult.FAIL
        or platform.event is Event.SECURITY
        or platform.is_lookalike
    )


def _assess_platform(
    material: Material, parties: Parties, platform: PlatformFacts, signals: list[Signal]
) -> Assessment:
    facts, lists = material.facts, material.lists
    mailboxes = [party for party in _recipients(parties) if lists.is_representative(party.address)]
    actor = find_actor(platform, parties.senders, mailboxes, lists, material.today)
    activity = shows_school_activity((facts.subject, facts.own_text), material.school.name)
    has_user_text = bool(platform.user_text.strip())
    natures: tuple[Nature, ...] = ()
    shown: Nature | None = None
    if has_user_text:
        user_facts = replace(facts, own_text=platform.user_text, subject="", attachments=(), links=())
        natures, shown = find_natures(
            user_facts,
            material.scores,
            sender=actor.as_sender,
            direction=Direction.INBOUND,
            signals=signals,
            social_link=material.social_link,
        )
    source = "config/platforms.toml" if platform.is_listed else "content"
    code = SignalCode.PLATFORM if platform.is_listed else SignalCode.PLATFORM_BY_CONTENT
    signals.append(
        Signal(code, f"a notification of {platform.id} ({platform.evidence or 'sender domain'})", source)
    )
    signals.append(Signal(SignalCode.EVENT, f"event {platform.event.value}", source))
    signals.extend(actor.signals)
    if activity:
        signals.append(
            Signal(SignalCode.SCHOOL_ACTIVITY, f'shows a school activity ("{activity}")', "subject or text")
        )
    situations: dict[str, tuple[Situation, ...]] = {}
    for party in _recipients(parties):
        standing, says = standing_of(platform, party.address, material.school, lists, material.today)
        signals.extend(says)
        base = Situation(
            direction=Direction.INBOUND if mailboxes else Direction.OTHER,
            platform=standing,
            event=EventOrNone(platform.event.value),
            actor=actor.kind,
            shows_school_activity=bool(activity),
            is_readable=facts.is_readable,
        )
        situations[party.address] = tuple(replace(base, nature=nature) for nature in natures) or (base,)
    return Assessment(
        direction=Direction.INBOUND if mailboxes else Direction.OTHER,
        initiator=platform_initiator(platform, actor.kind),
        platform=platform,
        natures=natures,
        shown_nature=shown,
        matches=actor.matches,
        signals=tuple(dict.fromkeys(signals)),
        situations=situations,
        accused_addresses=frozenset(),
        recipient_addresses=_representatives(parties.all_recipients, lists),
        acting_addresses=_representatives(parties.all_recipients, lists),
        sender=Sender.OTHER,
    )


def _declared(
    material: Material, parties: Parties, authenticated: AuthenticationResult
) -> tuple[Signal, ...]:
    """Row X2: the parties are exactly one representative and the person of a declared relationship with that one."""
    if authenticated is AuthenticationResult.FAIL:
        return ()
    lists = material.lists
    staff: dict[str, object] = {}
    people: dict[str, object] = {}
    for party in parties.everyone():
        if not party.address:
            return ()
        listed = lists.by_address(party.address)
        if lists.is_representative(party.address):
            own = on_list(listed, PersonList.STAFF)
            if len(own) != 1:
                return ()
            staff[own[0].id] = own[0]
        elif len(listed) == 1:
            people[listed[0].id] = listed[0]
        else:
            return ()
    if len(staff) != 1 or len(people) != 1:
        return ()
    relationship = lists.declared(next(iter(staff)), next(iter(people)), material.today)
    if relationship is None:
        return ()
    says = f"{relationship.person_id} is the declared {relationship.relationship} of {relationship.staff_id}"
    return (Signal(SignalCode.DECLARED_RELATIONSHIP, says, relationship.source),)


def _automatic(material: Material, signals: list[Signal]) -> Automatic:
    mark = material.facts.automatic
    if mark in (AutomaticMark.REPORT, AutomaticMark.CALENDAR_REPLY, AutomaticMark.NULL_SENDER) or (
        material.envelope.mail_from == "" and material.has_null_sender_marks
    ):
        signals.append(
            Signal(SignalCode.AUTOMATIC_STRUCTURE, "an automatic answer by its structure", "structure")
        )
        return Automatic.STRUCTURE
    if mark is AutomaticMark.HEADER:
        signals.append(
            Signal(SignalCode.AUTOMATIC_HEADER, "marked as automatic (RFC 3834)", "header Auto-Submitted")
        )
        return Automatic.HEADER
    return Automatic.NO


def _accused(
    material: Material, parties: Parties, natures: tuple[Nature, ...], sender: Sender, signals: list[Signal]
) -> Accused | None:
    if Nature.ALLEGATION not in natures or material.staff_in_text is None:
        return None
    lists = material.lists
    recipients = [
        person
        for party in parties.all_recipients
        for person in on_list(lists.by_address(party.address), PersonList.STAFF)
    ]
    facts = material.facts
    text = "\n".join((facts.subject, facts.own_text, facts.forwarded_text))
    accused = find_accused(text, material.staff_in_text, recipients)
    if not accused.persons and not accused.is_unnamed:
        return None
    code = SignalCode.ACCUSED_UNNAMED if accused.is_unnamed else SignalCode.ACCUSED_NAMED
    signals.append(Signal(code, f"an allegation that {accused.says}", "own words"))
    return accused


def _arriving(
    material: Material,
    parties: Parties,
    base: Situation,
    natures: tuple[Nature, ...],
    accused: Accused | None,
    finding: SenderFinding,
    signals: list[Signal],
) -> dict[str, tuple[Situation, ...]]:
    school = material.school
    accused_addresses = _addresses(accused)
    chain_only = bool(parties.all_recipients) and all(
        school.role_of(party.address) is not None and party.address.lower() not in accused_addresses
        for party in parties.all_recipients
    )
    if chain_only and base.direction is Direction.INTERNAL:
        signals.append(Signal(SignalCode.CHAIN_ONLY, "addressed only to members of the chain", "RCPT TO"))
    channel = _approved_channel(material, parties, finding)
    signals.extend(channel)
    situations: dict[str, tuple[Situation, ...]] = {}
    for party in _recipients(parties):
        part = Part.FREE
        if party.address.lower() in accused_addresses:
            part = Part.ACCUSED
        elif accused is not None and accused.is_unnamed and school.role_of(party.address) is None:
            part = Part.MAY_BE_ACCUSED
        situation = replace(
            base,
            audience=Audience.CHAIN_ONLY if chain_only else Audience.ANYONE,
            part=part,
            is_approved_channel=bool(channel),
        )
        situations[party.address] = tuple(replace(situation, nature=nature) for nature in natures)
    return situations


def _approved_channel(material: Material, parties: Parties, finding: SenderFinding) -> tuple[Signal, ...]:
    if finding.sender is not Sender.CHILD or material.authentication.overall is AuthenticationResult.FAIL:
        return ()
    for channel in material.school.approved_channels:
        senders = all(
            party.address.lower().endswith("@" + channel.pupil_domain)
            for party in parties.senders
            if party.address
        )
        staff = {address.lower() for address in channel.representatives}
        recipients = all(party.address.lower() in staff for party in parties.all_recipients)
        if senders and recipients and material.today <= channel.expires:
            says = f"an approved channel ({channel.pupil_domain}, approved by {channel.approver})"
            return (Signal(SignalCode.APPROVED_CHANNEL, says, channel.source),)
    return ()


def _outbound(
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
    return {party.address: outside.get(party.address, everything) for party in _recipients(parties)}


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


def _direct_initiator(
    direction: Direction, sender: Sender, automatic: Automatic, own_words: bool, material: Material
) -> Initiator:
    match sender:
        case Sender.CHILD | Sender.PROBABLE_CHILD:
            return Initiator.CHILD if sender is Sender.CHILD else Initiator.PROBABLE_CHILD
        case Sender.REPRESENTATIVE:
            return Initiator.NONE if automatic is not Automatic.NO else Initiator.STAFF
        case Sender.PARENT:
            return Initiator.NONE if automatic is not Automatic.NO else Initiator.PARENT
        case Sender.FALSE_REPRESENTATIVE | Sender.OTHER:
            machine = automatic is not Automatic.NO or is_machine(material.facts, material.scores)
            return Initiator.NONE if machine else Initiator.OTHER


def is_machine(facts: MessageFacts, scores: Scores) -> bool:
    """Bulk or automatic mail: nobody in person wrote to this recipient."""
    marks = bool(facts.header("list-unsubscribe")) or facts.header("precedence").lower() in {
        "bulk",
        "junk",
        "list",
    }
    likely = scores.kind.get(Kind.BULK.value, 0.0) + scores.kind.get(Kind.AUTOMATIC.value, 0.0)
    return marks or likely > 0.5


__all__ = ["Actor", "Assessment", "Material", "PlatformStanding", "assess", "excluded_standing"]
