"""The sentences of a report.

What happened, whether it is held, what follows by policy. One glossary, UX.md's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from mailguard.app.ports_store import DecisionRecord, RecipientRecord
from mailguard.domain import concern
from mailguard.domain.case import RecipientState
from mailguard.domain.concern import ConcernKind
from mailguard.domain.words import Direction, Event, Level, Nature, PersonList, Role, Verdict

SUBJECT_NOUNS = {
    Verdict.CHILD_CONTACT: "Child contact",
    Verdict.PROBABLE_CHILD_CONTACT: "Probable child contact",
    Verdict.STAFF_INITIATED: "Contact by staff",
    Verdict.THIRD_PARTY_CONCERN: "Concern",
    Verdict.PARENT_SOCIAL_CONTACT: "Parent social contact",
    Verdict.PARENT_CONTACT: "Parent contact",
    Verdict.PLATFORM_NOTIFICATION: "Platform notification",
    Verdict.OFFICIAL_ACCOUNT: "Official account",
    Verdict.SPOOFED_PLATFORM: "False platform mail",
    Verdict.SPOOFED_REPRESENTATIVE: "False staff sender",
    Verdict.CLEAR: "Message",
    Verdict.UNREADABLE: "Unreadable message",
}

_EVENT_WORDS = {
    Event.FRIEND_REQUEST: "asked a member of staff to be friends on {place}.",
    Event.FRIEND_ACCEPTED: "accepted a friend request of a member of staff on {place}.",
    Event.FOLLOW: "began to follow a member of staff on {place}.",
    Event.DIRECT_MESSAGE: "sent a member of staff a direct message on {place}.",
    Event.GROUP_INVITE: "invited a member of staff to a group on {place}.",
    Event.COMMENT: "commented on a post of a member of staff on {place}.",
    Event.MENTION: "mentioned a member of staff on {place}.",
    Event.PHOTO_TAG: "tagged a member of staff in a photograph on {place}.",
    Event.REACTION: "reacted to a post of a member of staff on {place}.",
    Event.SHARE: "shared something with a member of staff on {place}.",
}
_OWN_EVENT_WORDS = {
    Event.UPLOAD: "The account of a member of staff on {place} uploaded a picture or video.",
    Event.LIVE: "The account of a member of staff on {place} went live.",
    Event.SIGN_UP: "An account on {place} was set up with a member of staff's school address.",
}
# What cannot wait until the reader has come to the reasons.
_GRAVE_WORDS = {
    Nature.DISCLOSURE: "It seems to tell of abuse, neglect, bullying, danger or despair.",
    Nature.ALLEGATION: "It seems to make an allegation against an adult.",
    Nature.THREAT: "It seems to contain a threat.",
    Nature.MEETING_OR_SECRECY: "It seems to ask to meet away from school or to keep the contact secret.",
    Nature.IMAGE: "It is a picture, video or voice note.",
}
_CONCERN_WORDS = {
    ConcernKind.HARM: "Somebody reported that a child is being harmed, or may be.",
    ConcernKind.ADULT: "Somebody reported what an adult of the school did or said.",
    ConcernKind.THREAT: "Somebody reported malicious or threatening comments about a pupil or a member of staff.",
    ConcernKind.SECRECY: "Somebody reported that a child was asked to meet, or to keep contact secret.",
    ConcernKind.PICTURE: "Somebody reported pictures or videos of a child that were sent, posted or asked for.",
    ConcernKind.CONTACT: "Somebody reported that a pupil or parent made contact outside the school's channels.",
    ConcernKind.OTHER: "Somebody reported a concern.",
}
_CHILD_VERDICTS = frozenset({Verdict.CHILD_CONTACT, Verdict.PROBABLE_CHILD_CONTACT})

_NATURE_WORDS = {
    Nature.DISCLOSURE: "tells of abuse, neglect, bullying, danger or despair",
    Nature.ALLEGATION: "makes an allegation",
    Nature.THREAT: "contains a threat",
    Nature.MEETING_OR_SECRECY: "asks to meet away from school or to keep the contact secret",
    Nature.IMAGE: "consists of a picture, video or voice note",
    Nature.SOCIAL_INVITE: "invites contact outside the school's channels",
    Nature.PERSONAL: "is personal",
    Nature.COMPLAINT: "is a complaint",
    Nature.ADMIN: "is about school administration",
    Nature.SCHOOLWORK: "is about schoolwork",
    Nature.AUTOMATIC: "is an automatic answer",
    Nature.OTHER: "is of no particular kind",
}


def nature_words(nature: str | None) -> str:
    return _NATURE_WORDS[Nature(nature)] if nature else ""


def is_written(decision: DecisionRecord) -> bool:
    """Whether a person wrote it down on the review page; nothing of it came by mail."""
    return decision.row == concern.ROW


def is_outgoing(decision: DecisionRecord) -> bool:
    """Whether a member of staff wrote it."""
    return decision.platform is None and decision.direction == Direction.OUTBOUND.value


def what_happened(decision: DecisionRecord, *, platform_name: str = "") -> str:
    """One or two sentences without names. ``platform_name``: as the service writes it, "" for its id."""
    happened = _happened(decision, platform_name)
    says_more = decision.verdict in _CHILD_VERDICTS or decision.row == "O1"
    grave = _GRAVE_WORDS.get(Nature(decision.nature), "") if decision.nature and says_more else ""
    return f"{happened} {grave}".rstrip()


def _happened(decision: DecisionRecord, platform_name: str) -> str:
    if is_written(decision):
        return _written(decision)
    if decision.platform is not None:
        return _on_platform(decision, platform_name)
    if is_outgoing(decision):
        return {
            "O2": "A member of staff wrote to a parent in a way the policy does not allow.",
            "O3": "A member of staff posted to a social network by e-mail outside an official account.",
            "O5": "A member of staff sent pictures of a school activity to a private address.",
        }.get(decision.row, "A member of staff wrote to a pupil, or to somebody who may be a pupil.")
    match decision.verdict:
        case Verdict.CHILD_CONTACT:
            return "A pupil wrote to a member of staff."
        case Verdict.PROBABLE_CHILD_CONTACT:
            return "Somebody who may be a pupil wrote to a member of staff."
        case Verdict.STAFF_INITIATED:
            return "A member of staff began a contact that the policy does not allow."
        case Verdict.THIRD_PARTY_CONCERN if decision.nature == Nature.THREAT.value:
            return "A message threatens a child, a member of staff or the school."
        case Verdict.THIRD_PARTY_CONCERN if decision.nature == Nature.ALLEGATION.value:
            return "A message seems to make an allegation about a member of staff."
        case Verdict.THIRD_PARTY_CONCERN if decision.nature == Nature.DISCLOSURE.value:
            return "A message seems to tell of harm to a child."
        case Verdict.THIRD_PARTY_CONCERN:
            return "A message raises a concern about a child's safety or about a member of staff."
        case Verdict.PARENT_SOCIAL_CONTACT:
            return "A parent contacted a member of staff privately."
        case Verdict.PARENT_CONTACT if decision.nature == Nature.THREAT.value:
            return "A parent's message threatens a child, a member of staff or the school."
        case Verdict.PARENT_CONTACT:
            return "A parent wrote to a member of staff."
        case Verdict.SPOOFED_REPRESENTATIVE:
            return "A message claims to come from a member of staff, and does not."
        case Verdict.UNREADABLE:
            return "A message could not be read."
        case (
            Verdict.PLATFORM_NOTIFICATION
            | Verdict.OFFICIAL_ACCOUNT
            | Verdict.SPOOFED_PLATFORM
            | Verdict.CLEAR
        ):
            return "A message needs your attention."
        case unreachable:
            assert_never(unreachable)


def _written(decision: DecisionRecord) -> str:
    word = str(decision.further.get("kind", ""))
    kind = ConcernKind(word) if word in set(ConcernKind) else ConcernKind.OTHER
    danger = " They say that a child is in immediate danger." if decision.further.get("is_danger") else ""
    return f"{_CONCERN_WORDS[kind]}{danger}"


def _on_platform(decision: DecisionRecord, platform_name: str) -> str:
    platform = decision.platform or {}
    place = platform_name or str(platform.get("id") or "a platform")
    word = str(platform.get("event") or "")
    event = Event(word) if word in set(Event) else Event.OTHER
    if decision.verdict is Verdict.STAFF_INITIATED and event is not Event.FRIEND_ACCEPTED:
        general = "The account of a member of staff on {place} did what the policy does not allow."
        return _OWN_EVENT_WORDS.get(event, general).format(place=place)
    who = (
        _listed_actor(decision)
        if decision.verdict is Verdict.STAFF_INITIATED
        else {
            Verdict.CHILD_CONTACT: "A pupil",
            Verdict.PROBABLE_CHILD_CONTACT: "Somebody who may be a pupil",
            Verdict.PARENT_SOCIAL_CONTACT: "A parent",
        }.get(decision.verdict, "Somebody")
    )
    return f"{who} {_EVENT_WORDS.get(event, 'appears in mail to a member of staff from {place}.').format(place=place)}"


def _listed_actor(decision: DecisionRecord) -> str:
    """Who acted, where the verdict tells only that staff began it."""
    for person in decision.persons:
        if person.get("list") == PersonList.PUPILS.value:
            return "A pupil" if person.get("certainty") == "exact" else "Somebody who may be a pupil"
        if person.get("list") == PersonList.PARENTS.value:
            return "A parent"
    return "Somebody"


def what_was_done(recipients: Sequence[RecipientRecord], *, is_outgoing: bool = False) -> str:
    """Whether it is held, and whether somebody has seen it."""
    if recipients and all(each.row == concern.ROW for each in recipients):
        return "It was written down for you on the review page; there is nothing to hold or release."
    held = [each for each in recipients if each.state.is_held]
    released = [
        each for each in recipients if each.state in {RecipientState.RELEASED, RecipientState.RELEASE_PENDING}
    ]
    others = len(recipients) - len(held) - len(released)
    if released and not held:
        return "The message was held and has been released."
    if not held and is_outgoing:
        return "The message has gone out; nothing is held."
    if not held:
        return "The message was delivered; nothing is held."
    if is_outgoing and not others:
        return "The message is held; it has not gone out."
    if others:
        return f"The message is held for {len(held)} of {len(recipients)} recipients; the others have it."
    read = sum(1 for each in held if each.location is not None and "\\seen" in _flags(each))
    if read:
        return "The message is held; it had been opened in the mailbox before."
    if len(held) > 1:
        return f"The message is held; none of the {len(held)} recipients has been given it."
    if held[0].location is not None:
        return "The message is held; it had not been opened in the mailbox."
    return "The message is held; the member of staff has not seen it."


def _flags(recipient: RecipientRecord) -> frozenset[str]:
    location = recipient.location
    return frozenset() if location is None else frozenset(flag.lower() for flag in location.flags)


def next_steps(decision: DecisionRecord, *, is_held: bool = True, role: Role = Role.HEAD) -> tuple[str, ...]:
    """What the policy and the nature ask of the reader, most pressing first.

    ``is_held``: somebody's copy can still be released. ``role``: the LADO decides nothing in the school.
    """
    is_contact = decision.verdict in _CHILD_VERDICTS
    confirm, dismiss = (
        ("confirm contact", "dismiss (not a contact)") if is_contact else ("confirm", "dismiss")
    )
    choices = f"{confirm}, release or {dismiss}" if is_held else f"{confirm} or {dismiss}"
    steps = [
        "Acknowledge this report; the school can send you the message."
        if role is Role.LADO
        else f"Acknowledge this report, read the message, then decide: {choices}."
    ]
    match decision.nature:
        case Nature.DISCLOSURE.value:
            steps.append(
                "A child may be at risk: the child-protection procedure applies today. Do not question "
                "the child; do not promise confidentiality; record what is said in the child's own words."
            )
        case Nature.ALLEGATION.value:
            steps.append(
                "An allegation about an adult: the procedure for allegations applies. Consult the Local "
                "Authority Designated Officer within one working day; do not tell the person it is about."
            )
        case Nature.THREAT.value:
            steps.append("A threat: judge whether to ring the police, and who must be warned.")
        case Nature.MEETING_OR_SECRECY.value:
            steps.append(
                "A meeting or secrecy is asked for: find out today who knows of it, and see that it does "
                "not take place."
            )
        case Nature.IMAGE.value:
            steps.append(
                "Do not open, copy, forward or print pictures of children. What was sent stays sealed "
                "in the case."
            )
        case _:
            pass
    if decision.verdict is Verdict.STAFF_INITIATED:
        steps.append("Staff conduct: speak with nobody concerned before you have decided on the procedure.")
    elif len(steps) == 1 and decision.verdict in _CHILD_VERDICTS:
        steps.append(
            "The safeguarding procedure applies: speak with the member of staff; answer the pupil through "
            "the school only."
        )
    return tuple(steps)


def deadline_words(level: Level) -> str:
    return {
        Level.EMERGENCY: "within 15 minutes",
        Level.URGENT: "within one school hour",
        Level.NOW: "by the end of the school day",
    }.get(level, "when you can")
