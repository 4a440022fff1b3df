"""Who is who at a school, and how a message's party was matched to a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from mailguard.domain.words import Certainty, PersonList


@dataclass(frozen=True, slots=True)
class Person:
    """One row of a list. ``source`` is "lists/pupils.csv:4" (path as configured, line of the row)."""

    id: str
    name: str
    list: PersonList
    source: str
    addresses: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()  # "platform:handle", lower case
    pupil_ids: tuple[str, ...] = ()  # of a parent
    role: str = ""  # of staff
    year: str = ""  # of a pupil


@dataclass(frozen=True, slots=True)
class PersonMatch:
    """That a party of a message is (or may be) a person. ``matched`` says where: "header From", "MAIL FROM", "platform actor"."""

    person: Person
    matched: str
    certainty: Certainty
    address: str = ""


@dataclass(frozen=True, slots=True)
class OfficialAccount:
    mailbox: str
    platform: str
    handle: str
    owner: str
    expires: date | None
    source: str


@dataclass(frozen=True, slots=True)
class DeclaredRelationship:
    staff_id: str
    person_id: str
    relationship: str
    declared_on: date
    source: str


@dataclass(frozen=True, slots=True)
class ExcludedCorrespondent:
    """``pattern`` is an address or "*@domain", lower case."""

    pattern: str
    reason: str
    source: str


@dataclass(frozen=True, slots=True)
class ApprovedChannel:
    approver: str
    pupil_domain: str
    representatives: tuple[str, ...]
    expires: date
    source: str
