"""The sentences of a report.

What happened, whether it is held, what follows by policy. One glossary, UX.md's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from mailguard.app.ports_store import DecisionRecord, RecipientRecord
from mailguard.domain.case import RecipientState
from mailguard.domain.words import Direction, Event, Level, Nature, Verdict

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
    Event.FRIEND_REQUEST: "asked to be friends with",
    Event.FRIEND_ACCEPTED: "accepted a friend request of",
    Event.FOLLOW: "began to follow",
    Event.DIRECT_MESSAGE: "sent a direct message to",
    Event.GROUP_INVITE: "invited to a group",
    Event.COMMENT: "commented on a post of",
    Event.MENTION: "mentioned",
    Event.PHOTO_TAG: "tagged in a photograph",
    Event.REACTION: "reacted to a post of",
    Event.SHARE: "shared something with",
}

_NATURE_WORDS = {
    Nature.DISCLOSURE: "tells of abuse, neglect, bullying, danger or despair",
    Nature.ALLEGATION: "makes an allegation",
    Nature.THREAT: "threatens",
    Nature.MEETING_OR_SECRECY: "asks to meet away from school or to keep the contact secret",
    Nature.IMAGE: "consists of a picture, video or voice note",
    Nature.SOCIAL_INVITE: "invites to contact off the school's channels",
    Nature.PERSONAL: "is personal",
    Nature.COMPLAINT: "is a complaint",
    Nature.ADMIN: "is about school administration",
    Nature.SCHOOLWORK: "is about schoolwork",
    Nature.AUTOMATIC: "is an automatic answer",
    Nature.OTHER: "is of no particular kind",
}


def nature_words(nature: str | None) -> str:
    return _NATURE_WORDS[Nature(nature)] if nature else ""


def what_happened(decision: DecisionRecord) -> str:
    """One sentence without names."""
    if decision.platform is not None:
        return _on_platform(decision)
    if decision.direction == Direction.OUTBOUND.value:
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


def _on_platform(decision: DecisionRecord) -> str:
    platform = decision.platform or {}
    place = f"on {platform.get('id', 'a platform')}"
    if decision.verdict is Verdict.STAFF_INITIATED:
        return f"The account of a member of staff {place} did what the policy does not allow."
    who = {
        Verdict.CHILD_CONTACT: "A pupil",
        Verdict.PROBABLE_CHILD_CONTACT: "Somebody who may be a pupil",
        Verdict.PARENT_SOCIAL_CONTACT: "A parent",
    }.get(decision.verdict, "Somebody")
    event = str(platform.get("event") or "")
    words = _EVENT_WORDS.get(Event(event), "contacted") if event in set(Event) else "contacted"
    return f"{who} {words} a member of staff {place}."


def what_was_done(recipients: Sequence[RecipientRecord]) -> str:
    """Whether it is held, and whether somebody has seen it."""
    held = [each for each in recipients if each.state.is_held]
    released = [
        each for each in recipients if each.state in {RecipientState.RELEASED, RecipientState.RELEASE_PENDING}
    ]
    others = len(recipients) - len(held) - len(released)
    if released and not held:
        return "The message was held and has been released."
    if not held:
        return "The message was delivered; nothing is held."
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


def next_steps(decision: DecisionRecord) -> tuple[str, ...]:
    """What the policy and the nature ask of the reader, most pressing first."""
    steps = ["Acknowledge this report, read the message, then decide: confirm, release or dismiss."]
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
                "Do not open, copy, forward or print pictures of children. The picture stays sealed in "
                "the case."
            )
        case _:
            pass
    if decision.verdict is Verdict.STAFF_INITIATED:
        steps.append("Staff conduct: speak with nobody concerned before you have decided on the procedure.")
    elif len(steps) == 1 and decision.verdict in {Verdict.CHILD_CONTACT, Verdict.PROBABLE_CHILD_CONTACT}:
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
