"""Who may have typed what looks like a service's code: "Tia Jones: reset your password" is a code, or a preview of Tia's message.

Only the school's roll can say which: a service's heading ("Security Alert: ") is on no roll.
"""

from __future__ import annotations

import re
from itertools import islice

from mailguard.domain.message import MessageFacts
from mailguard.reading.platforms_text import NotificationText

_BETWEEN = re.compile(
    r"[:꞉|·•»→~/\\,…\"()\[\]<>]|\. | ?[-–—―−]+ |\b(?:via|from|on|in|at|said|says|wrote)\b", re.IGNORECASE
)
# "Message de Tia Jones"; and "Jan de Vries" is a name.
_BEFORE_NAME = re.compile(r"\b(?:from|de la part de|de|da|do|von|van|od|di) ", re.IGNORECASE)
# Not a list of codes: "Harvey Doyle: 482913".
_SPEAKS = re.compile(
    r"(?P<name>[^:꞉：]{2,60}?)(?: (?:said|says|wrote|sent))?\s?[:꞉：]\s*(?:\S+\s+\S|[^\s\d]+$)"
)
_SIGNS = " \t'“”‘’«»*.!?@#\U0001f525\U0001f514"
_MOST_WORDS, _MOST_PIECES, _MOST_LINES, _MOST_AFTER = 4, 60, 40, 6


def may_have_said(facts: MessageFacts, text: NotificationText) -> tuple[str, ...]:
    """What may be a person's whole name or handle, but the recipient's: the pieces of subject and From between marks, what follows a
    "de" or "von" in them, the first words of the subject, and what stands before a colon at the beginning of a line.
    """
    headings = [mailbox.display_name for mailbox in facts.named("From")]
    headings += [line.folded for line in text.subjects]
    own = {mailbox.display_name.casefold() for mailbox in facts.named("To")}
    own |= {name.casefold() for name in text.greeted}
    lines = text.lines[:_MOST_LINES]
    speakers = [found["name"] for line in lines if (found := _SPEAKS.match(line.folded)) is not None]
    between = [piece for heading in headings for piece in _BETWEEN.split(heading)]
    after = [
        piece[found.end() :] for piece in (*between, *speakers) for found in _BEFORE_NAME.finditer(piece)
    ][:_MOST_AFTER]
    # "Harvey Doyle 482913 is your code", "Code de Tia Jones sur Discord": nothing stands behind the name.
    firsts = [
        beginning
        for piece in (*after, *(line.folded for line in text.subjects))
        for beginning in _firsts(piece)
    ]
    names = dict.fromkeys(piece.strip(_SIGNS) for piece in (*after, *firsts, *speakers, *between))
    could_be = (
        name
        for name in names
        if len(name) > 1 and len(name.split()) <= _MOST_WORDS and name.casefold() not in own
    )
    return tuple(islice(could_be, _MOST_PIECES))


def _firsts(piece: str) -> list[str]:
    """Its first word, first two words and so on, but not the whole of it."""
    words = piece.split()[: _MOST_WORDS + 1]
    return [" ".join(words[:count]) for count in range(1, len(words))]


def what_was_said(facts: MessageFacts, text: NotificationText) -> str:
    """Subject and text: which of it the service wrote, nobody can say."""
    return "\n".join([facts.subject, *(line.text for line in text.lines)]).strip()
