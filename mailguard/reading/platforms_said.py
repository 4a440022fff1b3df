"""Who may have typed what looks like a service's own news: "Tia Jones: reset your password" is a code, or a preview of Tia's message.

Only the school's roll can say which: a service's heading ("Security Alert: ") is on no roll.
"""

from __future__ import annotations

import re

from mailguard.domain.message import MessageFacts
from mailguard.domain.words import Event
from mailguard.reading.platforms_text import NotificationText

# What a service says of the recipient's account, and a person may type: held as a message where a pupil did.
TYPED_TOO = frozenset({Event.SECURITY, Event.MODERATION, Event.SIGN_UP})
_BEFORE = re.compile(r"(?P<who>[^:\n]{2,60}?)(?: ?:| [-–—|·>] )")
_BESIDE = re.compile(
    r"\s*(?:\(|\[|\bvia\b|\bfrom\b|\bon\b|\bin\b|@ ?(?=[A-Z])).*$", re.IGNORECASE | re.DOTALL
)
_SIGNS = " \t\"'“”‘’«»()[]*•·|,;.!…@"
_MOST = 6


def may_have_said(facts: MessageFacts, text: NotificationText) -> tuple[str, ...]:
    """What may be a person's name or handle: before a colon or a dash in the subject, and in From beside the service."""
    found = [match["who"] for line in text.subjects if (match := _BEFORE.match(line.folded))]
    found += [_BESIDE.sub("", mailbox.display_name) for mailbox in facts.named("From")]
    names = (name.strip(_SIGNS) for name in found)
    return tuple(dict.fromkeys(name for name in names if len(name) > 1))[:_MOST]


def what_was_said(text: NotificationText) -> str:
    """The subject behind the name, and the text: which of its lines the service wrote, nobody can say."""
    behind = next(
        (line.text[match.end() :] for line in text.subjects if (match := _BEFORE.match(line.folded))), ""
    )
    return "\n".join([behind.strip(), *(line.text for line in text.lines)]).strip()
