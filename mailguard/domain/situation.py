"""One recipient's view of one message, folded to the finite dimensions on which the policy decides.

Every field is an enum or a bool, so the whole space of situations can be enumerated and the policy proved over it
(:mod:`mailguard.domain.policy_check`). A new kind of evidence needs a dimension here, or the check fails.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import get_type_hints

from mailguard.domain.words import Direction, Event, Nature


class Sender(StrEnum):
    """Who wrote, on the most child-like reading. A platform's own mail is ``other``; its actor is :class:`Actor`."""

    CHILD = "child"
    PROBABLE_CHILD = "probable-child"
    PARENT = "parent"
    REPRESENTATIVE = "representative"
    FALSE_REPRESENTATIVE = "false-representative"  # claims to be one; authentication failed
    OTHER = "other"


class Actor(StrEnum):
    """Who acted on a platform. ``child`` is exact: a registered handle or a listed address."""

    CHILD = "child"
    PROBABLE_CHILD = "probable-child"
    PARENT = "parent"
    STAFF = "staff"
    OTHER = "other"
    NONE = "none"


class Standing(StrEnum):
    """Whether all outside parties are ones the school has said it trusts, with nothing that contradicts it."""

    OPEN = "open"
    EXCLUDED = "excluded"
    DECLARED = "declared"


class Automatic(StrEnum):
    """How a machine's answer shows: by structure, or only by an RFC 3834 header."""

    NO = "no"
    HEADER = "header"
    STRUCTURE = "structure"


class PlatformStanding(StrEnum):
    NONE = "none"
    APPROVED = "approved"
    OFFICIAL = "official"
    ORDINARY = "ordinary"
    CONTRADICTED = "contradicted"  # claims a platform; authentication fails or the domain imitates one


class Counterpart(StrEnum):
    """The outside recipient of outbound mail; ``none`` for other directions."""

    NONE = "none"
    CHILD_AT_SCHOOL = "child-at-school"
    CHILD_ELSEWHERE = "child-elsewhere"
    PROBABLE_CHILD = "probable-child"
    PARENT = "parent"
    GATEWAY = "gateway"  # posts to a platform, no official account there
    OFFICIAL_GATEWAY = "official-gateway"
    UNLISTED_PERSONAL = "unlisted-personal"
    OTHER = "other"


class Part(StrEnum):
    """This recipient's part in an allegation: ``may-be-accused`` when a representative is accused without a name that fits one."""

    FREE = "free"
    ACCUSED = "accused"
    MAY_BE_ACCUSED = "may-be-accused"


class Audience(StrEnum):
    """``chain-only``: addressed only to members of the chain, none of whom it is about."""

    CHAIN_ONLY = "chain-only"
    ANYONE = "anyone"


class EventOrNone(StrEnum):
    """:class:`Event`, and ``none`` for mail that is no notification."""

    NONE = "none"
    FRIEND_REQUEST = Event.FRIEND_REQUEST.value
    FRIEND_ACCEPTED = Event.FRIEND_ACCEPTED.value
    FOLLOW = Event.FOLLOW.value
    DIRECT_MESSAGE = Event.DIRECT_MESSAGE.value
    GROUP_INVITE = Event.GROUP_INVITE.value
    COMMENT = Event.COMMENT.value
    MENTION = Event.MENTION.value
    PHOTO_TAG = Event.PHOTO_TAG.value
    REACTION = Event.REACTION.value
    SHARE = Event.SHARE.value
    UPLOAD = Event.UPLOAD.value
    LIVE = Event.LIVE.value
    SUGGESTION = Event.SUGGESTION.value
    DIGEST = Event.DIGEST.value
    MARKETING = Event.MARKETING.value
    SIGN_UP = Event.SIGN_UP.value
    SECURITY = Event.SECURITY.value
    MODERATION = Event.MODERATION.value
    OTHER = Event.OTHER.value


@dataclass(frozen=True, slots=True)
class Situation:
    """A point in the space the policy decides over. One per recipient and per nature that holds."""

    direction: Direction = Direction.INBOUND
    sender: Sender = Sender.OTHER
    counterpart: Counterpart = Counterpart.NONE
    standing: Standing = Standing.OPEN
    automatic: Automatic = Automatic.NO
    has_own_words: bool = True
    platform: PlatformStanding = PlatformStanding.NONE
    event: EventOrNone = EventOrNone.NONE
    actor: Actor = Actor.NONE
    shows_school_activity: bool = False
    nature: Nature = Nature.OTHER
    audience: Audience = Audience.ANYONE
    part: Part = Part.FREE
    is_approved_channel: bool = False
    is_readable: bool = True


def _dimensions() -> dict[str, tuple[str, ...]]:
    hints = get_type_hints(Situation)
    found: dict[str, tuple[str, ...]] = {}
    for item in fields(Situation):
        kind = hints[item.name]
        found[item.name] = ("false", "true") if kind is bool else tuple(member.value for member in kind)
    return found


DIMENSIONS: dict[str, tuple[str, ...]] = _dimensions()
"""Each field of :class:`Situation` with all its values as words; the space is their product."""


def coordinates(situation: Situation) -> dict[str, str]:
    """The situation's value in every dimension, as the words the policy file uses."""
    return {name: _word(getattr(situation, name)) for name in DIMENSIONS}


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
