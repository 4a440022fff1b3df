"""The contract's vocabulary (DECISIONS.md, "Words"): one enum a word, values exactly as ``mailguard explain`` prints them."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Direction(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"
    OTHER = "other"


class Initiator(StrEnum):
    CHILD = "child"
    PROBABLE_CHILD = "probable-child"
    PARENT = "parent"
    STAFF = "staff"
    OTHER = "other"
    NONE = "none"


class PlatformClass(StrEnum):
    SOCIAL = "social"
    MESSAGING = "messaging"
    MEDIA = "media"
    BLOG = "blog"
    FORUM = "forum"
    COLLABORATION = "collaboration"
    GAMING = "gaming"
    VIRTUAL_WORLD = "virtual-world"
    PROFESSIONAL = "professional"
    EDUCATION = "education"


class Event(StrEnum):
    FRIEND_REQUEST = "friend_request"
    FRIEND_ACCEPTED = "friend_accepted"
    FOLLOW = "follow"
    DIRECT_MESSAGE = "direct_message"
    GROUP_INVITE = "group_invite"
    COMMENT = "comment"
    MENTION = "mention"
    PHOTO_TAG = "photo_tag"
    REACTION = "reaction"
    SHARE = "share"
    UPLOAD = "upload"
    LIVE = "live"
    SUGGESTION = "suggestion"
    DIGEST = "digest"
    MARKETING = "marketing"
    SIGN_UP = "sign_up"
    SECURITY = "security"
    MODERATION = "moderation"
    OTHER = "other"


CONTACT_EVENTS = frozenset(
    {
        Event.FRIEND_REQUEST,
        Event.FRIEND_ACCEPTED,
        Event.FOLLOW,
        Event.DIRECT_MESSAGE,
        Event.GROUP_INVITE,
        Event.COMMENT,
        Event.MENTION,
        Event.PHOTO_TAG,
        Event.REACTION,
        Event.SHARE,
    }
)


class Nature(StrEnum):
    """Nature of a direct message, declared in the contract's order of gravity, gravest first."""

    DISCLOSURE = "disclosure"
    ALLEGATION = "allegation"
    THREAT = "threat"
    MEETING_OR_SECRECY = "meeting_or_secrecy"
    IMAGE = "image"
    SOCIAL_INVITE = "social_invite"
    PERSONAL = "personal"
    COMPLAINT = "complaint"
    ADMIN = "admin"
    SCHOOLWORK = "schoolwork"
    AUTOMATIC = "automatic"
    OTHER = "other"

    @property
    def gravity(self) -> int:
        """0 for the gravest."""
        return _GRAVITY[self]


_GRAVITY = {nature: index for index, nature in enumerate(Nature)}


class Verdict(StrEnum):
    CHILD_CONTACT = "child-contact"
    PROBABLE_CHILD_CONTACT = "probable-child-contact"
    STAFF_INITIATED = "staff-initiated"
    THIRD_PARTY_CONCERN = "third-party-concern"
    PARENT_SOCIAL_CONTACT = "parent-social-contact"
    PARENT_CONTACT = "parent-contact"
    PLATFORM_NOTIFICATION = "platform-notification"
    OFFICIAL_ACCOUNT = "official-account"
    SPOOFED_PLATFORM = "spoofed-platform"
    SPOOFED_REPRESENTATIVE = "spoofed-representative"
    CLEAR = "clear"
    UNREADABLE = "unreadable"


class Disposition(StrEnum):
    DELIVER = "deliver"
    HOLD = "hold"


class ReportWhen(StrEnum):
    NOW = "now"
    DIGEST = "digest"
    NONE = "none"

    @property
    def urgency(self) -> int:
        return {"now": 2, "digest": 1, "none": 0}[self.value]


class Level(IntEnum):
    """0 ledger · 1 count · 2 digest · 3 now · 4 now, acknowledge within a school hour · 5 now, within 15 minutes."""

    LEDGER = 0
    COUNT = 1
    DIGEST = 2
    NOW = 3
    URGENT = 4
    EMERGENCY = 5


class Role(StrEnum):
    """The chain, in the order in which a report looks for its first reader."""

    HEAD = "head"
    DEPUTY = "deputy"
    CHAIR = "chair"
    LADO = "lado"


class PersonList(StrEnum):
    PUPILS = "pupils"
    PARENTS = "parents"
    STAFF = "staff"


class Certainty(StrEnum):
    EXACT = "exact"
    NEAR = "near"
    NAME = "name"
    ONE_OF = "one-of"


class Kind(StrEnum):
    """What a message is, as the model says it."""

    DIRECT = "direct"
    NOTIFICATION = "notification"
    BULK = "bulk"
    AUTOMATIC = "automatic"
