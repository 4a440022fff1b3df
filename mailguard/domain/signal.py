"""Signals: one piece of evidence each, in words, with where it came from.

Each code names the dimensions of :class:`~mailguard.domain.situation.Situation` it may move (none: it only informs).
``mailguard policy check`` fails when a code names a dimension that does not exist, or when a dimension has no code.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class SignalCode(Enum):
    """value: (code as printed, dimensions it informs)."""

    DIRECTION = ("direction", ("direction",))
    PUPIL_ADDRESS = ("pupil-address", ("sender", "actor", "counterpart"))
    PUPIL_DOMAIN = ("pupil-domain", ("sender", "actor", "counterpart"))
    REGISTERED_HANDLE = ("registered-handle", ("actor", "sender"))
    ROLL_NAME = ("roll-name", ("sender", "actor", "counterpart"))
    NEAR_ADDRESS = ("near-address", ("sender", "counterpart"))
    LOOKALIKE_PUPIL_DOMAIN = ("lookalike-pupil-domain", ("sender", "counterpart"))
    CHILD_ON_PARENT_ADDRESS = ("child-on-parent-address", ("sender", "actor"))
    CHILD_VOICE = ("child-voice", ("sender", "actor"))
    CHILD_CLAIM = ("child-claim", ("sender", "actor"))
    PARENT_ADDRESS = ("parent-address", ("sender", "actor", "counterpart"))
    PARENT_NAME = ("parent-name", ("actor", "counterpart"))
    STAFF_ADDRESS = ("staff-address", ("sender", "direction"))
    STAFF_NAME = ("staff-name", ("actor",))
    FALSE_REPRESENTATIVE = ("false-representative", ("sender",))
    EXCLUDED_CORRESPONDENT = ("excluded-correspondent", ("standing",))
    DECLARED_RELATIONSHIP = ("declared-relationship", ("standing",))
    AUTOMATIC_STRUCTURE = ("automatic-structure", ("automatic",))
    AUTOMATIC_HEADER = ("automatic-header", ("automatic",))
    OWN_WORDS = ("own-words", ("has_own_words",))
    PLATFORM = ("platform", ("platform",))
    PLATFORM_BY_CONTENT = ("platform-by-content", ("platform",))
    APPROVED_PLATFORM = ("approved-platform", ("platform",))
    OFFICIAL_ACCOUNT = ("official-account", ("platform", "counterpart"))
    PLATFORM_CONTRADICTED = ("platform-contradicted", ("platform",))
    EVENT = ("event", ("event",))
    SCHOOL_ACTIVITY = ("school-activity", ("shows_school_activity",))
    POSTING_GATEWAY = ("posting-gateway", ("counterpart",))
    PERSONAL_MAIL = ("personal-mail", ("counterpart",))
    NATURE_MODEL = ("nature-model", ("nature",))
    NATURE_WORDS = ("nature-words", ("nature",))
    NATURE_LINK = ("nature-link", ("nature",))
    PICTURE_ONLY = ("picture-only", ("nature",))
    ACCUSED_NAMED = ("accused-named", ("part",))
    ACCUSED_UNNAMED = ("accused-unnamed", ("part",))
    CHAIN_ONLY = ("chain-only", ("audience",))
    APPROVED_CHANNEL = ("approved-channel", ("is_approved_channel",))
    WRITTEN_CONCERN = ("written-concern", ())
    UNREADABLE = ("unreadable", ("is_readable",))
    AUTH_PASS = ("auth-pass", ())
    AUTH_FAIL = ("auth-fail", ())
    AUTH_NONE = ("auth-none", ())
    HIDDEN_TEXT = ("hidden-text", ())
    SEALED_PARTS = ("sealed-parts", ())
    MODEL_UNCERTAIN = ("model-uncertain", ())

    @property
    def code(self) -> str:
        code: str = self.value[0]
        return code

    @property
    def dimensions(self) -> tuple[str, ...]:
        dimensions: tuple[str, ...] = self.value[1]
        return dimensions


@dataclass(frozen=True, slots=True)
class Signal:
    """``says`` in words for a DCPO; ``source`` is a list row ("lists/pupils.csv:4"), a header, a recogniser or "model"."""

    code: SignalCode
    says: str
    source: str = ""
