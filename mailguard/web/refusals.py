"""What people read when a page cannot be shown: what happened, and what to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    title: str
    says: str


_REFUSALS = {
    400: Refusal("That could not be read", "The address or the form is not one of this site."),
    403: Refusal("This page is not for your role", "Ask the Head Teacher or a deputy if you need it."),
    404: Refusal(
        "There is no such page",
        "It does not exist, or not for you. If you followed a link in an e-mail, it may have been cut in two.",
    ),
    405: Refusal("That could not be read", "The address or the form is not one of this site."),
    408: Refusal(
        "That took too long", "The form did not arrive in time. Nothing was changed; send it once more."
    ),
    413: Refusal("That is too large", "Send a smaller file. Nothing was changed."),
    500: Refusal(
        "Something is broken here",
        "Nothing was changed. The fault is in the log for the IT admin. Reports are sent all the same.",
    ),
    503: Refusal(
        "Not now",
        "The site is busy or its store does not answer. Try again in a minute. Reports are sent all the same.",
    ),
}


def refusal(status: int, says: str = "") -> Refusal:
    """The words for a status; ``says`` in place of the usual sentence."""
    usual = _REFUSALS.get(status, _REFUSALS[400])
    return Refusal("That did not work", says) if says else usual
