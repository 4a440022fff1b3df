"""What a person may say a message was, in words, and what a case suggests: for the pages on which labels are given and read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mailguard.app.ports_store import DecisionRecord
from mailguard.domain.case import CaseDecision
from mailguard.domain.label import Label, Said
from mailguard.domain.words import Event, Initiator, Kind, Nature, Verdict

NATURE_WORDS: Mapping[Nature, str] = {
    Nature.DISCLOSURE: "It tells of harm, neglect, bullying or despair",
    Nature.ALLEGATION: "It accuses somebody of the school",
    Nature.THREAT: "It threatens",
    Nature.MEETING_OR_SECRECY: "It asks to meet outside school, or to keep the contact secret",
    Nature.IMAGE: "A picture or video is the message",
    Nature.SOCIAL_INVITE: "It asks to connect elsewhere: a handle, a number, a link",
    Nature.PERSONAL: "It is private: not about school",
    Nature.COMPLAINT: "It complains",
    Nature.ADMIN: "It is about absence, a trip, a form or the like",
    Nature.SCHOOLWORK: "It is about schoolwork",
}
EVENT_WORDS: Mapping[Event, str] = {
    Event.FRIEND_REQUEST: "Somebody asks to be friends or to connect",
    Event.FRIEND_ACCEPTED: "A request to be friends was accepted",
    Event.FOLLOW: "Somebody follows",
    Event.DIRECT_MESSAGE: "Somebody sent a message there",
    Event.GROUP_INVITE: "An invitation to a group",
    Event.COMMENT: "A comment or post",
    Event.MENTION: "A mention",
    Event.PHOTO_TAG: "A tag in a picture",
    Event.REACTION: "A like or reaction",
    Event.SHARE: "A document or album was shared",
    Event.UPLOAD: "Something was uploaded",
    Event.LIVE: "A live broadcast",
    Event.SUGGESTION: "A suggestion: people you may know",
    Event.DIGEST: "A summary of what happened",
    Event.MARKETING: "Advertising of the service",
    Event.SIGN_UP: "A welcome, a new account",
    Event.SECURITY: "A code, a log-in, a password",
    Event.MODERATION: "A notice about rules",
    Event.OTHER: "Something else",
}
CASE_WORDS: Mapping[str, str] = {
    Verdict.CHILD_CONTACT.value: "A child wrote",
    Verdict.PARENT_CONTACT.value: "A parent, about school business",
    Verdict.PARENT_SOCIAL_CONTACT.value: "A parent, privately",
    Verdict.THIRD_PARTY_CONCERN.value: "A concern, an allegation or a threat",
    Verdict.STAFF_INITIATED.value: "A member of staff began it",
    Verdict.PLATFORM_NOTIFICATION.value: "A service's automatic mail",
    Verdict.CLEAR.value: "None of these: nothing for the school to look at",
}
_SAME: Mapping[str, str] = {
    Verdict.PROBABLE_CHILD_CONTACT.value: Verdict.CHILD_CONTACT.value,
    Verdict.OFFICIAL_ACCOUNT.value: Verdict.PLATFORM_NOTIFICATION.value,
}
_KIND_WORDS: Mapping[Kind, str] = {
    Kind.NOTIFICATION: "a service's automatic mail",
    Kind.BULK: "a newsletter or advertising",
    Kind.AUTOMATIC: "an automatic answer",
}
_WHO_WORDS: Mapping[Initiator, str] = {
    Initiator.CHILD: "a child wrote it",
    Initiator.PARENT: "a parent wrote it",
    Initiator.STAFF: "a member of staff wrote it",
    Initiator.OTHER: "another adult wrote it",
}


def suggested(decision: DecisionRecord, how: CaseDecision) -> Said:
    """What the case says, for a person to confirm or change; of one that is dismissed, that it was nothing."""
    is_platform = decision.platform is not None
    event = (
        Event(decision.platform["event"]) if decision.platform is not None and _has_event(decision) else None
    )
    if how is CaseDecision.DISMISS:
        word = Verdict.PLATFORM_NOTIFICATION if is_platform else Verdict.CLEAR
        return Said(word=word.value, natures=frozenset(), event=event)
    word = Verdict.PLATFORM_NOTIFICATION if is_platform else decision.verdict
    said = _SAME.get(word, word.value)
    return Said(word=said if said in CASE_WORDS else "", natures=natures_of(decision), event=event)


def _has_event(decision: DecisionRecord) -> bool:
    return str((decision.platform or {}).get("event")) in set(Event)


def natures_of(decision: DecisionRecord) -> frozenset[Nature]:
    """Those shown with the case that can be ticked; of a case of before only the gravest is known."""
    stored = decision.further.get("natures") or ([decision.nature] if decision.nature else [])
    return frozenset(Nature(word) for word in map(str, stored) if word in NATURE_WORDS)


def choices(decision: DecisionRecord) -> tuple[tuple[str, str], ...]:
    """(value, words) of what a case may have been: what the case itself says first."""
    first = suggested(decision, CaseDecision.CONFIRM).word
    found = [first, *(word for word in CASE_WORDS if word != first and word != Verdict.STAFF_INITIATED)]
    return tuple((word, CASE_WORDS[word]) for word in found if word)


def label_words(label: Label) -> str:
    """One sentence: "A child wrote it. It tells of harm, neglect, bullying or despair."."""
    who = _WHO_WORDS.get(label.initiator) if label.initiator is not None else None
    kind = _KIND_WORDS.get(label.kind) if label.kind is not None else None
    parts = [
        kind or who or ("nothing for the school to look at" if label.kind is None else "a person wrote it")
    ]
    if label.event is not None:
        parts.append(EVENT_WORDS[label.event])
    parts += [NATURE_WORDS.get(nature, nature.value) for nature in _in_order(label.natures or ())]
    if label.is_only_not_grave and label.kind is not None:
        parts.append("Nothing grave in it")
    return ". ".join(f"{part[:1].upper()}{part[1:]}" for part in parts) + "."


def _in_order(natures: Sequence[Nature] | frozenset[Nature]) -> list[Nature]:
    return sorted(natures, key=lambda nature: nature.gravity)
