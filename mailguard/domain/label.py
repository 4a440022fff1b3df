"""What a person says a message was: the only thing from which this school's model may learn. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mailguard.domain.words import Direction, Event, Initiator, Kind, Nature, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """None: the person did not say, and nothing is learned of it.

    ``natures``: those that hold; with ``is_only_not_grave`` it is said only that none of the grave ones does.
    ``event``: of a notification.
    """

    kind: Kind | None = None
    event: Event | None = None
    initiator: Initiator | None = None
    natures: frozenset[Nature] | None = None
    is_only_not_grave: bool = False

    def as_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "event": self.event,
            "initiator": self.initiator,
            "natures": None if self.natures is None else sorted(self.natures),
            "is_only_not_grave": self.is_only_not_grave,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Label:
        """Raises KeyError or ValueError for what ``as_dict`` does not write."""
        kind, initiator, natures = stored["kind"], stored["initiator"], stored["natures"]
        # Labels of before have none.
        event = stored.get("event")
        return cls(
            event=None if event is None else Event(event),
            kind=None if kind is None else Kind(kind),
            initiator=None if initiator is None else Initiator(initiator),
            natures=None if natures is None else frozenset(Nature(word) for word in natures),
            is_only_not_grave=bool(stored["is_only_not_grave"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a person says a case's message was. ``word``: a verdict's. ``natures``: those that hold, empty for none that is
    grave; None when the person was not asked. ``event``: of a notification, None when the person does not say.
    """

    word: str
    natures: frozenset[Nature] | None = None
    event: Event | None = None


def label_of(said: Said, *, is_platform: bool, direction: str, initiator: str = "") -> Label | None:
    """What a person's word about a case says of its message; None when it says nothing to learn.

    A verdict alone says nothing of event and natures, which were found by machine: the person says them. ``initiator``: the
    case's own. Of a concern it counts where the lists know the writer, and nowhere else.
    """
    word = said.word
    is_ours = direction in (Direction.OUTBOUND, Direction.INTERNAL)
    match word:
        case Verdict.CHILD_CONTACT | Verdict.PROBABLE_CHILD_CONTACT:
            return _notification(said) if is_platform else _direct(said, Initiator.CHILD)
        case Verdict.PARENT_CONTACT:
            return _direct(said, Initiator.PARENT, is_ordinary=True)
        case Verdict.PARENT_SOCIAL_CONTACT:
            return _direct(said, Initiator.PARENT)
        case Verdict.THIRD_PARTY_CONCERN:
            return _direct(said, _LISTED.get(initiator))
        case Verdict.STAFF_INITIATED:
            return _notification(said) if is_platform else _direct(said, Initiator.STAFF)
        case Verdict.PLATFORM_NOTIFICATION | Verdict.OFFICIAL_ACCOUNT:
            return _notification(said)
        case Verdict.CLEAR:
            # Whether it is mass mail is told by its headers; nobody was asked.
            who = Initiator.STAFF if is_ours else None
            return Label(initiator=who, natures=frozenset(), is_only_not_grave=True)
        case _:
            return None


_LISTED = {each.value: each for each in (Initiator.PARENT, Initiator.STAFF)}


def _notification(said: Said) -> Label:
    return Label(kind=Kind.NOTIFICATION, event=said.event)


def _direct(said: Said, initiator: Initiator | None, *, is_ordinary: bool = False) -> Label:
    """``is_ordinary``: that nothing grave is in it goes without saying."""
    natures = frozenset() if said.natures is None and is_ordinary else said.natures
    return Label(
        kind=Kind.DIRECT,
        initiator=initiator,
        natures=natures,
        is_only_not_grave=natures is not None and not natures,
    )
