"""The recipient's account that a notification says it is for, where its footer names one.

Instagram ("intended for stoswins_sport"), X ("We sent this email to @StOswinsHigh") and TikTok ("generated for @…") do; most
services name only the mailbox, and several accounts may share one.
"""

from __future__ import annotations

import re

from mailguard.domain.message import MessageFacts

_LAST_CHARS = 1_500
_FOR_ACCOUNT = re.compile(
    r"\b(?:intended\s+for|(?:we\s+)?sent\s+this\s+e-?mail\s+to|generated\s+for|this\s+e-?mail\s+(?:is|was\s+sent)\s+(?:for|to))\s+"
    r"(?P<account>@[A-Za-z0-9._]{2,40}|[a-z0-9._]{3,40})(?![\w@])",
    re.IGNORECASE,
)


def account_of(facts: MessageFacts) -> str:
    """The account's name without "@", "" where none is stated or a name of several words is."""
    for text in (facts.signature_text, facts.own_text):
        found = _FOR_ACCOUNT.search(text[-_LAST_CHARS:])
        if found and not text[-_LAST_CHARS:][found.end() :].startswith(" "):
            return found["account"].strip("@.")
    return ""
