"""What a person says a message was: the only thing from which this school's model may learn. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mailguard.domain.words import Direction, Initiator, Kind, Nature, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """None: the person did not say, and nothing is learned of it.

    ``natures``: those that hold; with ``is_only_not_grave`` it is said only that none of the grave ones does.
    """

    kind: Kind | None = None
    initiator: Initiator | None = None
    natures: frozenset[Nature] | None = None
    is_only_not_grave: bool = False

    def as_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "initiator": self.initiator,
            "natures": None if self.natures is None else sorted(self.natures),
            "is_only_not_grave": self.is_only_not_grave,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Label:
        """Raises KeyError or ValueError for what ``as_dict`` does not write."""
        kind, initiator, natures = stored["kind"], stored["initiator"], stored["natures"]
        return cls(
            kind=None if kind is None else Kind(kind),
            initiator=None if initiator is None else Initiator(initiator),
            natures=None if natures is None else frozenset(Nature(word) for word in natures),
            is_only_not_grave=bool(stored["is_only_not_grave"]),
        )


def label_of_verdict(word: str, *, is_platform: bool, direction: str) -> Label | None:
    """What a verdict that a person gave a case says of its messages; None when it says nothing to learn.

    The event of a notification and the gravest nature were found by machine, so a verdict says nothing of them.
    """
    is_ours = direction in (Direction.OUTBOUND, Direction.INTERNAL)
    match word:
        case Verdict.CHILD_CONTACT | Verdict.PROBABLE_CHILD_CONTACT:
            if is_platform:
                return Label(kind=Kind.NOTIFICATION)
            return Label(kind=Kind.DIRECT, initiator=Initiator.CHILD)
        case Verdict.PARENT_CONTACT:
            return Label(
                kind=Kind.DIRECT, initiator=Initiator.PARENT, natures=frozenset(), is_only_not_grave=True
            )
        case Verdict.PARENT_SOCIAL_CONTACT:
            return Label(kind=Kind.DIRECT, initiator=Initiator.PARENT)
        case Verdict.THIRD_PARTY_CONCERN:
            return Label(kind=Kind.DIRECT)
        case Verdict.STAFF_INITIATED:
            return (
                Label(kind=Kind.NOTIFICATION)
                if is_platform
                else Label(kind=Kind.DIRECT, initiator=Initiator.STAFF)
            )
        case Verdict.PLATFORM_NOTIFICATION | Verdict.OFFICIAL_ACCOUNT:
            return Label(kind=Kind.NOTIFICATION)
        case Verdict.CLEAR:
            # Whether it is mass mail is told by its headers; nobody was asked.
            who = Initiator.STAFF if is_ours else None
            return Label(initiator=who, natures=frozenset(), is_only_not_grave=True)
        case _:
            return None
