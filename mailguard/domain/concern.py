"""What a person reports that did not come by mail: its kind, and what follows from it.

A written concern has no bytes for the decision table to weigh, so its kind decides: row M of
docs/explanation/decisions.md. It is always reported now, and never below level 3. Source: policy, sections
3.b2, 3.b5 and 4.b1; docs/adr/0011-written-concerns.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from mailguard.domain.words import Level, Nature

ROW = "M"
VIA = "manual"
"""How a written concern reached mailguard: a receipt's ``via``."""


class ConcernKind(StrEnum):
    """In the order in which the form offers them, gravest first."""

    HARM = "harm"  # a child is being harmed, or may be
    ADULT = "adult"  # what an adult of the school did or said
    THREAT = "threat"  # malicious or threatening comments (policy, section 4)
    SECRECY = "secrecy"  # asked to meet, or to keep contact secret
    PICTURE = "picture"  # a picture or video of a child
    CONTACT = "contact"  # a pupil or parent made contact outside the school's channels
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Weight:
    """What follows from a kind."""

    nature: Nature
    level: Level
    clause: str


WEIGHTS: Mapping[ConcernKind, Weight] = {
    ConcernKind.HARM: Weight(Nature.DISCLOSURE, Level.EMERGENCY, "3.b5"),
    ConcernKind.ADULT: Weight(Nature.ALLEGATION, Level.EMERGENCY, "3.b5"),
    ConcernKind.THREAT: Weight(Nature.THREAT, Level.URGENT, "4.b1"),
    ConcernKind.SECRECY: Weight(Nature.MEETING_OR_SECRECY, Level.EMERGENCY, "3.b2, 3.b5"),
    ConcernKind.PICTURE: Weight(Nature.IMAGE, Level.EMERGENCY, "3.b2, 3.b5"),
    ConcernKind.CONTACT: Weight(Nature.SOCIAL_INVITE, Level.NOW, "3.b2"),
    ConcernKind.OTHER: Weight(Nature.OTHER, Level.NOW, "3.b5"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """One written concern, as its writer gave it. Texts are plain, with "\\n" for line ends.

    ``staff_ids``: the adults of the school it concerns, of the staff list, or "roles.chair" for a member of
    the chain who is on no list. ``is_staff_unnamed``: an adult of the school, and the writer cannot say who.
    ``told_by``: from whom the writer has it, when not from their own eyes.
    ``children``: as written, one each; they need not be on the roll. ``quoted``: a comment as it was posted.
    """

    kind: ConcernKind
    words: str
    told_by: str = ""
    when: str = ""
    where: str = ""
    platform: str = ""
    url: str = ""
    quoted: str = ""
    children: tuple[str, ...] = ()
    staff_ids: tuple[str, ...] = ()
    is_staff_unnamed: bool = False
    is_danger: bool = False

    @property
    def weight(self) -> Weight:
        """A child in danger now is level 5, whatever the kind."""
        weight = WEIGHTS[self.kind]
        return replace(weight, level=Level.EMERGENCY) if self.is_danger else weight

    @property
    def accuses(self) -> bool:
        """The adults it is about are accused: the LADO may be reached by timer."""
        return self.kind in {ConcernKind.HARM, ConcernKind.ADULT}

    @property
    def is_closed_to_staff(self) -> bool:
        """The adults it is about may not be told. The victim of a threat may (DECISIONS, rule 3)."""
        return self.kind is not ConcernKind.THREAT


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """Who writes it down. ``person_id`` of the staff list, "" for an account that is on no list."""

    name: str
    address: str
    person_id: str = ""
    through: str = "review page"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenConcern:
    """A concern with who wrote it, when. ``item``: random, one for each form; ``at`` aware UTC."""

    concern: Concern
    reporter: Reporter
    item: str
    at: datetime
