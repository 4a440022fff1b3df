"""A case in a few words, for lists: what it is, why, to whom, how long it waits.

No word of the message, no name of a child, a parent or anybody outside the school; members of staff are named
as the staff list has them ("P. Nair").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from mailguard.app.effects_settings import Directory
from mailguard.app.own_mail import one_line
from mailguard.app.ports_store import DecisionRecord, RecipientRecord
from mailguard.app.report_words import SUBJECT_NOUNS, is_outgoing, is_written
from mailguard.domain.case import CaseDecision
from mailguard.domain.signal import SignalCode
from mailguard.domain.words import Event, Nature, PersonList, Role, Verdict

DECIDED_WORDS: Mapping[CaseDecision, str] = {
    CaseDecision.CONFIRM: "confirmed",
    CaseDecision.RELEASE: "released",
    CaseDecision.DISMISS: "dismissed",
}
ROLE_WORDS: Mapping[str, str] = {
    Role.HEAD.value: "Head",
    Role.DEPUTY.value: "deputy",
    Role.CHAIR.value: "chair",
    Role.LADO.value: "LADO",
    "admin": "IT",
}
EVENT_NOUNS: Mapping[Event, str] = {
    Event.FRIEND_REQUEST: "friend request",
    Event.FRIEND_ACCEPTED: "accepted friend request",
    Event.FOLLOW: "follow request",
    Event.DIRECT_MESSAGE: "direct message",
    Event.GROUP_INVITE: "group invitation",
    Event.COMMENT: "comment",
    Event.MENTION: "mention",
    Event.PHOTO_TAG: "photo tag",
    Event.REACTION: "reaction",
    Event.SHARE: "share",
    Event.UPLOAD: "upload",
    Event.LIVE: "live broadcast",
    Event.SUGGESTION: "suggestion",
    Event.DIGEST: "summary",
    Event.MARKETING: "advertising",
    Event.SIGN_UP: "sign-up",
    Event.SECURITY: "security notice",
    Event.MODERATION: "moderation notice",
    Event.OTHER: "notification",
}
_OUTGOING_NOUNS = {
    "O1": "staff mail to a pupil",
    "O2": "staff mail to a parent",
    "O3": "post to a social network",
    "O4": "staff mail to a pupil's private address",
    "O5": "pictures of a school activity",
}
# Gravest first: what a reader would want to know if there were room for one thing only.
_NATURE_REASONS: Mapping[str, str] = {
    Nature.DISCLOSURE.value: "may tell of harm",
    Nature.ALLEGATION.value: "may be an allegation",
    Nature.THREAT.value: "may be a threat",
    Nature.MEETING_OR_SECRECY.value: "asks to meet or to keep a secret",
    Nature.IMAGE.value: "a picture, video or voice note",
    Nature.SOCIAL_INVITE.value: "invites off the school's channels",
    Nature.PERSONAL.value: "personal",
}
# Most certain first.
_SIGNAL_REASONS: Mapping[str, str] = {
    SignalCode.REGISTERED_HANDLE.code: "account registered for a pupil",
    SignalCode.PUPIL_ADDRESS.code: "address of a pupil",
    SignalCode.PUPIL_DOMAIN.code: "address under the pupils' domain",
    SignalCode.CHILD_ON_PARENT_ADDRESS.code: "a child on a parent's address",
    SignalCode.NEAR_ADDRESS.code: "address nearly a pupil's",
    SignalCode.LOOKALIKE_PUPIL_DOMAIN.code: "domain imitates the pupils'",
    SignalCode.ROLL_NAME.code: "name fits a pupil",
    SignalCode.CHILD_CLAIM.code: "says that a pupil writes",
    SignalCode.CHILD_VOICE.code: "reads like a child",
    SignalCode.FALSE_REPRESENTATIVE.code: "claims to be staff, not verified",
    SignalCode.POSTING_GATEWAY.code: "address that posts to a platform",
    SignalCode.SCHOOL_ACTIVITY.code: "shows a school activity",
    SignalCode.PARENT_ADDRESS.code: "address of a parent",
    SignalCode.PARENT_NAME.code: "name fits a parent",
    SignalCode.UNREADABLE.code: "could not be read",
    SignalCode.OFFICIAL_ACCOUNT.code: "registered official account",
}
# When nothing else can be said.
_VERDICT_REASONS: Mapping[Verdict, str] = {
    Verdict.PLATFORM_NOTIFICATION: "no pupil or parent recognised",
    Verdict.STAFF_INITIATED: "an account under the school address",
}
_MOST_REASONS = 2


def case_noun(decision: DecisionRecord, *, platform_name: str = "") -> str:
    """Lower case but for names: "Instagram follow request", "child contact", "parent's letter"."""
    if decision.platform is not None:
        word = str(decision.platform.get("event") or "")
        event = Event(word) if word in set(Event) else Event.OTHER
        place = one_line(platform_name or str(decision.platform.get("id") or "platform"), limit=40)
        return f"{place} {EVENT_NOUNS[event]}"
    if is_outgoing(decision):
        return _OUTGOING_NOUNS.get(decision.row, "staff mail")
    if decision.verdict in {Verdict.PARENT_SOCIAL_CONTACT, Verdict.PARENT_CONTACT}:
        return "parent's letter"
    return SUBJECT_NOUNS[decision.verdict].lower()


def why_in_short(decision: DecisionRecord) -> str:
    """Two reasons at most, the gravest and the surest; "" when there is nothing short to say."""
    grave = _NATURE_REASONS.get(decision.nature or "", "")
    reasons = [grave] if grave else []
    codes = {str(signal.get("code", "")) for signal in decision.signals}
    reasons += [words for code, words in _SIGNAL_REASONS.items() if code in codes]
    if not reasons and decision.platform is not None:
        return _VERDICT_REASONS.get(decision.verdict, "")
    return ", ".join(reasons[:_MOST_REASONS])


def staff_of(decision: DecisionRecord, recipients: Sequence[RecipientRecord], directory: Directory) -> str:
    """ "to P. Nair", "to P. Nair and 39 others", "from P. Nair" of outgoing mail; "" when no staff is known.

    SECURITY: of outgoing mail the recipients are children or parents, so whoever is on no staff list is not named.
    """
    if is_written(decision):
        # Whom a concern is about is not for a digest, and nobody received it.
        return ""
    if is_outgoing(decision):
        names = [
            short_name(str(person.get("name", "")))
            for person in decision.persons
            if person.get("list") == PersonList.STAFF.value
        ]
        return f"from {names[0]}" if names and names[0] else ""
    names = list(dict.fromkeys(filter(None, (_staff_name(each, directory) for each in recipients))))
    others = len({each.address.lower() for each in recipients}) - 1
    if not names:
        return "" if not recipients else ("to staff" if not others else f"to {others + 1} addresses")
    more = "" if others < 1 else (" and 1 other" if others == 1 else f" and {others} others")
    return f"to {names[0]}{more}"


def short_name(name: str) -> str:
    """ "P. Nair" of "Priya Nair" or "Ms Priya Nair"."""
    words = [word for word in one_line(name, limit=80).split() if word.rstrip(".").lower() not in _HONORIFICS]
    if len(words) < 2:
        return " ".join(words)
    return f"{words[0][0]}. {words[-1]}"


_HONORIFICS = frozenset({"mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "rev"})


def person_words(by: str, directory: Directory, titles: Mapping[str, str]) -> str:
    """Who did something, from what stands on the record: a role, a person's id, an address, or another word."""
    if by in titles:
        return titles[by]
    person = directory.person(by) or next(iter(directory.by_address(by)), None)
    if person is not None and person.list is PersonList.STAFF:
        return short_name(person.name)
    return one_line(by, limit=60)


def waited(since: datetime, now: datetime) -> str:
    """ "12 minutes", "3 hours", "2 days"."""
    passed = max(now - since, timedelta(0))
    for size, unit in (
        (timedelta(days=1), "day"),
        (timedelta(hours=1), "hour"),
        (timedelta(minutes=1), "minute"),
    ):
        if passed >= size:
            count = int(passed / size)
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    return "just now"


def _staff_name(recipient: RecipientRecord, directory: Directory) -> str:
    """ "" unless everybody who has that address is staff: one that a child or parent shares is nobody's to name."""
    person = directory.person(recipient.person_id) if recipient.person_id else None
    found = (person,) if person is not None else directory.by_address(recipient.address)
    if not found or any(each.list is not PersonList.STAFF for each in found):
        return ""
    return short_name(found[0].name)
