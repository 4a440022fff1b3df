"""From facts to situations: what the evidence says, recipient by recipient and nature by nature.

Pure: lists, settings, the platform reading, the model's scores and today's date come in as arguments. The model can only
add here: a nature, or the suspicion that a child writes. Source: DECISIONS.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mailguard.domain.accusation import accused_of
from mailguard.domain.accused import Accused
from mailguard.domain.assess_notification import assess_notification
from mailguard.domain.automatic_words import has_own_words
from mailguard.domain.material import (
    Assessment,
    Material,
    addresses_of,
    recipients_of,
    representative_addresses,
)
from mailguard.domain.message import (
    Authentication,
    AuthenticationResult,
    AutomaticMark,
    MessageFacts,
)
from mailguard.domain.natures import find_natures, is_only_an_echo, is_surely_schoolwork
from mailguard.domain.not_understood import is_letter_from_outside, is_to_or_from_chain
from mailguard.domain.outbound import outbound_situations
from mailguard.domain.parties import Parties, Party, find_direction, find_parties, on_list
from mailguard.domain.people import Person
from mailguard.domain.platform import PlatformFacts
from mailguard.domain.roll import SchoolLists
from mailguard.domain.scores import Scores
from mailguard.domain.sealed import sealed_parts
from mailguard.domain.sender import SenderFinding, find_sender
from mailguard.domain.signal import Signal, SignalCode
from mailguard.domain.situation import (
    Actor,
    Audience,
    Automatic,
    Counterpart,
    Part,
    PlatformStanding,
    Sender,
    Situation,
    Standing,
)
from mailguard.domain.web_form import form_sender
from mailguard.domain.words import (
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
    parties = _with_form_sender(find_parties(facts, material.envelope), facts, lists)
    authenticated = material.authentication.overall
    signals = _authentication_signals(material.authentication, facts)
    excluded = excluded_standing(parties, lists, authenticated)
    if excluded:
        return _assess_excluded(material, parties, signals + list(excluded))
    finding = find_sender(facts, parties.senders, lists, material.scores, authenticated, _signed(material))
    platform = _platform_that_stands(material, finding)
    if platform is not None:
        return assess_notification(material, parties, platform, signals)
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
        is_family=bool(declared),
        is_read_if_delivered=not declared
        and is_letter_from_outside(parties, finding.sender, direction, lists)
        and not is_to_or_from_chain(parties, material.school),
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
        # A grave nature is never a program's: the model may see in a subject what its form hides.
        has_own_words=automatic is Automatic.NO
        or has_own_words(facts)
        or (is_childs and not _UNHEARD.isdisjoint(natures)),
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
    text = f"{facts.own_text}\n{facts.forwarded_text}"
    accused = accused_of(material, parties, natures, text, signals, subject=facts.subject)
    # A letter about bullies names the tutor it is for, and nobody else: no reason to keep it from that tutor.
    names_reader_alone = accused is not None and accused.is_reader_alone
    if names_reader_alone and is_only_an_echo(natures, material.scores, is_child=is_childs):
        accused = None
        natures = tuple(nature for nature in natures if nature is not Nature.ALLEGATION)
        signals.append(
            Signal(
                SignalCode.NATURE_WORDS,
                "surely a disclosure, and names nobody but whom it is for: no allegation",
                "words and names",
            )
        )
    situations = (
        outbound_situations(material, parties, base, natures, matches, signals)
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
        accused_addresses=addresses_of(accused),
        recipient_addresses=representative_addresses(parties.all_recipients, lists),
        acting_addresses=representative_addresses(parties.senders, lists)
        if direction is Direction.OUTBOUND
        else frozenset(),
        sender=finding.sender,
    )


def _with_form_sender(parties: Parties, facts: MessageFacts, lists: SchoolLists) -> Parties:
    """The parties, with the child who filled in the web form that this mail relays to representatives.

    Only a child: anybody may type a parent's address, and a letter from a parent is looked at less closely than a stranger's.
    """
    person = form_sender(facts)
    # To anybody outside it is the school's own mail, and no line in it may make it somebody else's.
    if person is None or not all(lists.is_representative(party.address) for party in parties.all_recipients):
        return parties
    is_pupil = bool(on_list(lists.by_address(person.address), PersonList.PUPILS))
    if not is_pupil and not lists.is_pupil_domain(person.address):
        return parties
    party = Party(person.address, person.display_name, "form field E-mail")
    return replace(parties, senders=(*parties.senders, party))


def _signed(material: Material) -> Callable[[str], tuple[Person, ...]]:
    return material.signed_names or (lambda text: ())


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
        situations={party.address: (situation,) for party in recipients_of(parties)},
        accused_addresses=frozenset(),
        recipient_addresses=representative_addresses(parties.all_recipients, lists),
        acting_addresses=frozenset(),
        sender=situation.sender,
    )


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


_UNHEARD = frozenset(
    {
        Nature.DISCLOSURE,
        Nature.ALLEGATION,
        Nature.THREAT,
        Nature.MEETING_OR_SECRECY,
        Nature.SOCIAL_INVITE,
        Nature.IMAGE,
    }
)


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
    accused_addresses = addresses_of(accused)
    chain_only = bool(parties.all_recipients) and all(
        school.role_of(party.address) is not None and party.address.lower() not in accused_addresses
        for party in parties.all_recipients
    )
    if chain_only and base.direction is Direction.INTERNAL:
        signals.append(Signal(SignalCode.CHAIN_ONLY, "addressed only to members of the chain", "RCPT TO"))
    channel = _approved_channel(material, parties, finding)
    signals.extend(channel)
    if channel and not is_surely_schoolwork(material.scores):
        channel = ()
        signals.append(
            Signal(
                SignalCode.MODEL_UNCERTAIN,
                "no use of the approved channel: it is not surely schoolwork",
                f"model {material.scores.model_id or 'none'}",
            )
        )
    situations: dict[str, tuple[Situation, ...]] = {}
    for party in recipients_of(parties):
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
    for channel in (*material.school.approved_channels, *material.lists.approved_channels()):
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
