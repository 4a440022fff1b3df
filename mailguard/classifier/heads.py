"""The model's heads: which words each can say, and where each stands among the weight columns."""

from __future__ import annotations

from itertools import accumulate
from typing import Final

from mailguard.domain.words import Event, Initiator, Kind, Nature

KIND: Final = "kind"
EVENT: Final = "event"
NATURE: Final = "nature"
INITIATOR: Final = "initiator"

HEADS: Final[dict[str, tuple[str, ...]]] = {
    KIND: tuple(word.value for word in Kind),
    EVENT: tuple(word.value for word in Event),
    NATURE: tuple(word.value for word in Nature),
    INITIATOR: tuple(
        word.value
        for word in (Initiator.CHILD, Initiator.PARENT, Initiator.STAFF, Initiator.OTHER, Initiator.NONE)
    ),
}
COLUMNS: Final = sum(len(words) for words in HEADS.values())

# Natures that change what happens to a message: each needs its threshold. Of the others the likeliest is shown.
GRAVE: Final = (
    Nature.DISCLOSURE.value,
    Nature.ALLEGATION.value,
    Nature.THREAT.value,
    Nature.MEETING_OR_SECRECY.value,
    Nature.IMAGE.value,
    Nature.SOCIAL_INVITE.value,
    Nature.PERSONAL.value,
)
HARMLESS: Final = tuple(word for word in HEADS[NATURE] if word not in GRAVE)


def columns(head: str) -> slice:
    """Where `head` stands among the weight columns. Raises KeyError."""
    return _COLUMNS[head]


_ENDS = tuple(accumulate(len(words) for words in HEADS.values()))
_COLUMNS: Final = {
    head: slice(end - len(words), end) for (head, words), end in zip(HEADS.items(), _ENDS, strict=True)
}
