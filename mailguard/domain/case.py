"""What a case is: its states, what may follow what, the outcome words, its number and its cluster.

Pure. Sources: DESIGN "The way of a message"; SAFEGUARDING "Reporting" (new → acknowledged → decided),
"Outcome words".
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import date
from enum import StrEnum

from mailguard.domain.words import Role


class Mode(StrEnum):
    """``shadow`` holds nothing and reports everything in the digest as what would have been done."""

    ENFORCE = "enforce"
    SHADOW = "shadow"


class CaseState(StrEnum):
    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    DECIDED = "decided"


class CaseDecision(StrEnum):
    """What a person decided:

    the contact is confirmed, the mail released, or the case dismissed as no contact.
    """

    CONFIRM = "confirm"
    RELEASE = "release"
    DISMISS = "dismiss"


class Outcome(StrEnum):
    """The words of allegation management (KCSIE part four)."""

    SUBSTANTIATED = "substantiated"
    MALICIOUS = "malicious"
    FALSE = "false"
    UNSUBSTANTIATED = "unsubstantiated"
    UNFOUNDED = "unfounded"


class RecipientState(StrEnum):
    """Where one recipient's copy is now.

    Each "-pending" ends only when the outside world has said yes (T2).
    """

    DELIVERED = "delivered"
    WOULD_HOLD = "would-hold"  # shadow mode: delivered, and enforce mode would have held it
    HELD = "held"  # only mailguard has it
    TAKE_OUT_PENDING = "take-out-pending"  # still in the mailbox, to be moved out of it
    TAKEN_OUT = "taken-out"
    RELEASE_PENDING = "release-pending"
    RELEASED = "released"

    @property
    def is_held(self) -> bool:
        """The recipient is not meant to have it."""
        return self in _HELD_STATES


class EffectKind(StrEnum):
    REPORT = "report"
    RELEASE = "release"
    MOVE = "move"
    STAFF_NOTICE = "staff_notice"
    ESCALATE = "escalate"
    DIGEST = "digest"
    SECOND_CHANNEL = "second_channel"
    CONCERN_LINK = "concern_link"
    CHAIN_NOTICE = "chain_notice"
    GOVERNORS_REPORT = "governors_report"


class EffectState(StrEnum):
    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


_HELD_STATES = frozenset({RecipientState.HELD, RecipientState.TAKE_OUT_PENDING, RecipientState.TAKEN_OUT})

# A decision may come before an acknowledgement, and a decided case is new again when somebody else receives
# its message.
CASE_TRANSITIONS = frozenset(
    {
        (CaseState.NEW, CaseState.ACKNOWLEDGED),
        (CaseState.NEW, CaseState.DECIDED),
        (CaseState.ACKNOWLEDGED, CaseState.DECIDED),
        (CaseState.DECIDED, CaseState.NEW),
    }
)

RECIPIENT_TRANSITIONS = frozenset(
    {
        (RecipientState.TAKE_OUT_PENDING, RecipientState.TAKEN_OUT),
        (RecipientState.TAKE_OUT_PENDING, RecipientState.DELIVERED),
        (RecipientState.TAKE_OUT_PENDING, RecipientState.RELEASE_PENDING),
        (RecipientState.TAKEN_OUT, RecipientState.RELEASE_PENDING),
        (RecipientState.HELD, RecipientState.RELEASE_PENDING),
        (RecipientState.RELEASE_PENDING, RecipientState.RELEASED),
    }
)

CASE_ID = re.compile(r"MG-(\d{4})-(\d{4,})")


def states_before(state: CaseState) -> frozenset[CaseState]:
    """The states from which ``state`` may be reached."""
    return frozenset(before for before, after in CASE_TRANSITIONS if after is state)


def recipient_states_before(state: RecipientState) -> frozenset[RecipientState]:
    """The states from which ``state`` may be reached."""
    return frozenset(before for before, after in RECIPIENT_TRANSITIONS if after is state)


def case_id(year: int, number: int) -> str:
    """MG-2026-480317: a number of six digits, drawn at random, never counted up: a gap would tell of a case that is
    closed to whoever sees it (ADR 18). Ids of earlier stores have four digits or more.
    """
    return f"MG-{year:04d}-{number:04d}"


def notification_cluster_key(
    *, platform: str, event: str, actor: str, row: str, report_roles: Sequence[Role], local_day: date
) -> str:
    """The same notification to forty staff is one case (architecture:

    clusters). ``actor`` is the handle, else the name.
    """
    roles = "+".join(sorted(report_roles))
    return _digest("notification", platform, event, _folded(actor), row, roles, local_day.isoformat())


def words_cluster_key(
    *, sender: str, text: str, row: str, report_roles: Sequence[Role], local_day: date
) -> str:
    """The same words from the same sender to several people are one case.

    Blanks and letter case do not matter.
    """
    roles = "+".join(sorted(report_roles))
    return _digest("words", _folded(sender), _folded(text), row, roles, local_day.isoformat())


def words_key(*, sender: str, text: str, files: Sequence[str]) -> str:
    """The same words of the same sender with the same files (hashes), whoever they are to and whenever they come."""
    return _digest("words-alone", _folded(sender), _folded(text), *files)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _digest(*parts: str) -> str:
    """Hex SHA-256 over length-prefixed parts, so that no two lists of parts run together."""
    hasher = hashlib.sha256()
    for part in parts:
        octets = part.encode("utf-8", "surrogatepass")
        hasher.update(len(octets).to_bytes(8, "big"))
        hasher.update(octets)
    return hasher.hexdigest()
