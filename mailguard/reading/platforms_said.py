"""Who may have typed what looks like a service's code: "Tia Jones: reset your password" is a code, or a preview of Tia's message.

Only the school's roll can say which: a service's heading ("Security Alert: ") is on no roll.
"""

from __future__ import annotations

import re

from mailguard.domain.message import MessageFacts
from mailguard.reading.platforms_text import NotificationText

_BETWEEN = re.compile(
    r"[:꞉|·•»→~/\\,…\"()\[\]<>]|\. | ?[-–—―−]+ |\b(?:via|from|on|in|at|said|says|wrote)\b", re.IGNORECASE
)
_SIGNS = " \t'“”‘’«»*.!?@#\U0001f525\U0001f514"
_MOST_WORDS, _MOST_PIECES = 4, 12


def may_have_said(facts: MessageFacts, text: NotificationText) -> tuple[str, ...]:
    """What may be a person's whole name or handle in the subject or in From, but the recipient's: its pieces between marks."""
    headings = [line.folded for line in text.subjects]
    headings += [mailbox.display_name for mailbox in facts.named("From")]
    own = {mailbox.display_name.casefold() for mailbox in facts.named("To")}
    own |= {name.casefold() for name in text.greeted}
    found: dict[str, None] = {}
    for heading in headings:
        for piece in _BETWEEN.split(heading)[:_MOST_PIECES]:
            name = piece.strip(_SIGNS)
            if len(name) > 1 and len(name.split()) <= _MOST_WORDS and name.casefold() not in own:
                found[name] = None
    return tuple(found)[:_MOST_PIECES]


def what_was_said(facts: MessageFacts, text: NotificationText) -> str:
    """Subject and text: which of it the service wrote, nobody can say."""
    return "\n".join([facts.subject, *(line.text for line in text.lines)]).strip()
