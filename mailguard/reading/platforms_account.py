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
    r"(?P<account>@[\w.]{1,39}\w|[a-z0-9._]{2,39}[a-z0-9_])(?=[.,;]?(?:\s*$|\s*\n|\.\s))",
    re.IGNORECASE | re.MULTILINE,
)


def account_of(facts: MessageFacts) -> str:
    """The account's name without "@", "" where none is stated or a name of several words is. The last statement counts."""
    for text in (facts.signature_text, facts.own_text):
        found = list(_FOR_ACCOUNT.finditer(text[-_LAST_CHARS:]))
        if found:
            return found[-1]["account"].strip("@.")
    return ""
