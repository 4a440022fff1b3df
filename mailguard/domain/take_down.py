"""A request to take a malicious or threatening comment down, from its letter to its end. Pure.

Source: policy, section 4: the school "should request the comments to be removed if the site is administered
externally".
"""

from __future__ import annotations

from enum import StrEnum


class TakeDownState(StrEnum):
    WRITTEN = "written"  # the letter is there, nobody has sent it
    SENT = "sent"
    ANSWERED = "answered"  # they asked back, or said that they look into it
    REFUSED = "refused"
    REMOVED = "removed"
    WITHDRAWN = "withdrawn"  # the school does not ask any more

    @property
    def is_over(self) -> bool:
        return self in _OVER


_OVER = frozenset({TakeDownState.REMOVED, TakeDownState.WITHDRAWN})
_ANSWERS = frozenset({TakeDownState.ANSWERED, TakeDownState.REFUSED, TakeDownState.REMOVED})


def states_after(state: TakeDownState) -> tuple[TakeDownState, ...]:
    """What may be noted next, in the order in which a form offers it. What is over may only be sent again."""
    if state is TakeDownState.WRITTEN:
        return (TakeDownState.SENT, TakeDownState.REMOVED, TakeDownState.WITHDRAWN)
    if state.is_over:
        return (TakeDownState.SENT,)
    return (
        TakeDownState.SENT,
        *(each for each in TakeDownState if each in _ANSWERS),
        TakeDownState.WITHDRAWN,
    )
