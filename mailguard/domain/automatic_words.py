"""Whether an automatic answer carries words somebody typed.

A read receipt or a calendar answer brings sentences its program wrote; a child's own words in one are the child's.
"""

from __future__ import annotations

import re

from mailguard.domain.message import AutomaticMark, MessageFacts

_RECEIPT_SENTENCES = re.compile(
    r"""(?:
      your \s message [\s\S]{0,400}? (?:was \s read|has \s been \s (?:read|opened|displayed)|was \s (?:displayed|deleted|opened)) .*
    | this \s is \s (?:a|the) \s (?:receipt|return \s receipt|read \s receipt|delivery) [\s\S]{0,400}
    | (?:the|your) \s (?:message|mail) .* (?:displayed|opened|read|deleted|delivered|undeliverable) .*
    | return \s receipt .*
    | your \s message (?: \s to \s .*)?
    | this \s is \s no \s guarantee .*
    | there \s is \s no \s guarantee .*
    | (?:accepted|tentative|tentatively \s accepted|declined) \s* : .*
    | .{0,80} \s has \s (?:accepted|declined|tentatively \s accepted) \s .*
    | (?:to|cc|subject|sent|from|date|when|where|on) \s* : .*
    | (?:was|were) \s (?:read|deleted|displayed) \s .*
    )""",
    re.IGNORECASE | re.VERBOSE,
)


def has_own_words(facts: MessageFacts) -> bool:
    """True unless all that is left, after a program's own sentences, is nothing."""
    if facts.calendar is not None and facts.calendar.comment.strip():
        return True
    if facts.automatic not in (AutomaticMark.REPORT, AutomaticMark.CALENDAR_REPLY):
        return bool(facts.own_text.strip())
    lines = (line.strip() for line in facts.own_text.splitlines())
    rest = " ".join(line for line in lines if line and not _RECEIPT_SENTENCES.fullmatch(line))
    subject = facts.subject.strip().lower()
    return bool(re.search(r"\w", rest)) and rest.strip().lower() != subject
