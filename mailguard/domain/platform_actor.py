"""Who acted in a platform's notification, and how that platform stands with the school.

Source: DECISIONS.md, "Initiator", "Approved platforms", rows E1 to P9.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from mailguard.domain.material import Material
from mailguard.domain.message import AuthenticationResult
from mailguard.domain.parties import Party, on_list
from mailguard.domain.people import Person, PersonMatch
from mailguard.domain.platform import PlatformFacts
from mailguard.domain.roll import School, SchoolLists
from mailguard.domain.sender import child_in_typed_words
from mailguard.domain.signal import Signal, SignalCode
from mailguard.domain.situation import Actor, PlatformStanding, Sender
from mailguard.domain.words import CONTACT_EVENTS, Certainty, Event, Initiator, PersonList

# What the recipient did, or has done to an account of their own.
STAFF_EVENTS = frozenset({Event.FRIEND_ACCEPTED, Event.UPLOAD, Event.LIVE, Event.SIGN_UP})


@dataclass(frozen=True, slots=True)
class ActorFinding:
    """``is_declared``: the actor is the person of a declared relationship with the mailbox, and so counts as other."""

    kind: Actor
    matches: tuple[PersonMatch, ...]
    signals: tuple[Signal, ...]
    is_declared: bool = False

    @property
    def as_sender(self) -> Sender:
        """Who wrote the user's text inside the notification."""
        return {
            Actor.CHILD: Sender.CHILD,
            Actor.PROBABLE_CHILD: Sender.PROBABLE_CHILD,
            Actor.PARENT: Sender.PARENT,
        }.get(self.kind, Sender.OTHER)


def find_actor(
    platform: PlatformFacts,
    senders: tuple[Party, ...],
    mailboxes: list[Party],
    lists: SchoolLists,
    today: date,
) -> ActorFinding:
    """The person who acted: by registered handle or listed address exactly, else by name on the roll, parents, staff."""
    declared_people = _declared_people(mailboxes, lists, today)
    exact: list[tuple[Person, str, SignalCode]] = []
    for handle in filter(None, (platform.handle, platform.actor)):
        # On a federated service a handle is user@instance; a list may have it either way.
        known = lists.by_handle(platform.id, handle) or lists.by_handle(platform.id, handle.partition("@")[0])
        for person in known:
            exact.append(
                (
                    person,
                    f"the actor's handle is registered for pupil {person.id}",
                    SignalCode.REGISTERED_HANDLE,
                )
            )
    addresses = [(platform.actor_address, "the actor's address")]
    addresses += [
        (party.address, party.where)
        for party in senders
        if party.where in ("header Reply-To", "header Sender")
    ]
    for address, where in addresses:
        if not address:
            continue
        for person in on_list(lists.by_address(address), PersonList.PUPILS):
            exact.append((person, f"{where} is pupil {person.id}", SignalCode.PUPIL_ADDRESS))
        for person in on_list(lists.by_address(address), PersonList.PARENTS):
            exact.append((person, f"{where} is parent {person.id}", SignalCode.PARENT_ADDRESS))
        if lists.is_pupil_domain(address) and not lists.by_address(address):
            signal = Signal(
                SignalCode.PUPIL_DOMAIN, f"{where} is under a pupil domain", "school.pupil_domains"
            )
            return ActorFinding(Actor.CHILD, (), (signal,))
    if any(person.id in declared_people for person, _, _ in exact):
        return ActorFinding(Actor.OTHER, (), (), is_declared=True)
    for wanted, kind in ((PersonList.PUPILS, Actor.CHILD), (PersonList.PARENTS, Actor.PARENT)):
        chosen = [entry for entry in exact if entry[0].list is wanted]
        if chosen:
            return ActorFinding(
                kind=kind,
                matches=tuple(
                    PersonMatch(person, "platform actor", Certainty.EXACT) for person, _, _ in chosen
                ),
                signals=tuple(Signal(code, says, person.source) for person, says, code in chosen),
            )
    return _named_actor(platform, lists, declared_people)


def _named_actor(
    platform: PlatformFacts, lists: SchoolLists, declared_people: frozenset[str]
) -> ActorFinding:
    is_declared = False
    for wanted, kind, code in (
        (PersonList.PUPILS, Actor.PROBABLE_CHILD, SignalCode.ROLL_NAME),
        (PersonList.PARENTS, Actor.PARENT, SignalCode.PARENT_NAME),
        (PersonList.STAFF, Actor.STAFF, SignalCode.STAFF_NAME),
    ):
        for text in filter(None, (platform.actor, platform.handle)):
            fitting = lists.named(text, frozenset({wanted}))
            is_declared = is_declared or any(person.id in declared_people for person in fitting)
            named = tuple(person for person in fitting if person.id not in declared_people)
            if named:
                certainty = Certainty.NAME if len(named) == 1 else Certainty.ONE_OF
                return ActorFinding(
                    kind=kind,
                    matches=tuple(PersonMatch(person, "platform actor", certainty) for person in named),
                    signals=tuple(
                        Signal(code, f"the actor's name fits {person.id}", person.source) for person in named
                    ),
                )
    acted = bool(platform.actor or platform.handle)
    return ActorFinding(Actor.OTHER if acted else Actor.NONE, (), (), is_declared=is_declared)


def writer_of(actor: ActorFinding, platform: PlatformFacts, material: Material) -> ActorFinding:
    """The actor, made a probable child where the words typed into the notification say that a child writes them.

    Only ever raises: a child stays one, and so does a colleague; a declared relationship's person counts as other.
    """
    if actor.kind not in (Actor.OTHER, Actor.PARENT, Actor.NONE) or actor.is_declared:
        return actor
    if not platform.user_text.strip():
        return actor
    matches, signals = child_in_typed_words(
        platform.user_text,
        lists=material.lists,
        scores=material.scores,
        signed_names=material.signed_names or (lambda text: ()),
        parents=tuple(match for match in actor.matches if match.person.list is PersonList.PARENTS),
    )
    if not signals:
        return actor
    return ActorFinding(Actor.PROBABLE_CHILD, (*matches, *actor.matches), (*actor.signals, *signals))


def _declared_people(mailboxes: list[Party], lists: SchoolLists, today: date) -> frozenset[str]:
    """Persons with a declared relationship with every mailbox this notification goes to."""
    owners = [on_list(lists.by_address(party.address), PersonList.STAFF) for party in mailboxes]
    if not owners or any(len(own) != 1 for own in owners):
        return frozenset()
    found: frozenset[str] | None = None
    for (owner,) in owners:
        theirs = frozenset(lists.declared_with(owner.id, today))
        found = theirs if found is None else found & theirs
    return found or frozenset()


def standing_of(
    platform: PlatformFacts, mailbox: str, school: School, lists: SchoolLists, today: date
) -> tuple[PlatformStanding, tuple[Signal, ...]]:
    """How this platform stands for this mailbox. A contradicted claim earns no trust."""
    if platform.is_lookalike or platform.authenticated is AuthenticationResult.FAIL:
        why = "its domain imitates a platform's" if platform.is_lookalike else "authentication failed"
        signal = Signal(
            SignalCode.PLATFORM_CONTRADICTED, f"claims to be {platform.id}, but {why}", "authentication"
        )
        return PlatformStanding.CONTRADICTED, (signal,)
    if platform.id in school.approved_platforms:
        signal = Signal(
            SignalCode.APPROVED_PLATFORM,
            f"{platform.id} is an approved platform",
            "school.approved_platforms",
        )
        return PlatformStanding.APPROVED, (signal,)
    account = lists.official_account(mailbox, platform.id, today, stated=platform.account)
    if account is not None:
        signal = Signal(
            SignalCode.OFFICIAL_ACCOUNT,
            f"the mailbox has an official account on {platform.id}",
            account.source,
        )
        return PlatformStanding.OFFICIAL, (signal,)
    return PlatformStanding.ORDINARY, ()


def platform_initiator(platform: PlatformFacts, actor: Actor) -> Initiator:
    """Who started this contact, as the contract words it."""
    if platform.event in STAFF_EVENTS:
        return Initiator.STAFF
    if platform.event in CONTACT_EVENTS:
        return {
            Actor.CHILD: Initiator.CHILD,
            Actor.PROBABLE_CHILD: Initiator.PROBABLE_CHILD,
            Actor.PARENT: Initiator.PARENT,
            Actor.STAFF: Initiator.STAFF,
        }.get(actor, Initiator.OTHER)
    if actor is Actor.CHILD and platform.event is not Event.SUGGESTION:
        return Initiator.CHILD
    return Initiator.NONE
