"""A platform's notification: who acted, how the platform stands, what a user wrote inside. Source: rows P1 to P9, E1, E2."""

from __future__ import annotations

from dataclasses import replace

from mailguard.domain.accusation import accused_of
from mailguard.domain.material import (
    Assessment,
    Material,
    addresses_of,
    recipients_of,
    representative_addresses,
)
from mailguard.domain.natures import find_natures
from mailguard.domain.parties import Parties
from mailguard.domain.platform import PlatformFacts
from mailguard.domain.platform_actor import find_actor, platform_initiator, standing_of, writer_of
from mailguard.domain.school_activity import shows_school_activity
from mailguard.domain.signal import Signal, SignalCode
from mailguard.domain.situation import (
    EventOrNone,
    Sender,
    Situation,
)
from mailguard.domain.words import (
    Direction,
    Nature,
)


def assess_notification(
    material: Material, parties: Parties, platform: PlatformFacts, signals: list[Signal]
) -> Assessment:
    facts, lists = material.facts, material.lists
    mailboxes = [party for party in recipients_of(parties) if lists.is_representative(party.address)]
    actor = find_actor(platform, parties.senders, mailboxes, lists, material.today)
    actor = writer_of(actor, platform, material)
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
    accused = accused_of(material, parties, natures, platform.user_text, signals)
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
    for party in recipients_of(parties):
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
        accused_addresses=addresses_of(accused),
        recipient_addresses=representative_addresses(parties.all_recipients, lists),
        acting_addresses=representative_addresses(parties.all_recipients, lists),
        sender=Sender.OTHER,
    )
