"""What the effects need of the settings, apart from how they are written in a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from mailguard.app.digest_calendar import DigestPlan
from mailguard.app.school_time import DayRange, SchoolHours
from mailguard.domain.people import Person
from mailguard.domain.words import Role

DEFAULT_TITLES: Mapping[Role, str] = {
    Role.HEAD: "Head Teacher (Designated Child Protection Officer)",
    Role.DEPUTY: "Deputy Designated Child Protection Officer",
    Role.CHAIR: "Chair of Governors",
    Role.LADO: "Local Authority Designated Officer",
}


class Directory(Protocol):
    """Who is who; the school's lists are one."""

    def by_address(self, address: str) -> tuple[Person, ...]: ...

    def person(self, person_id: str) -> Person | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleContact:
    """One reader of reports. ``absent``: days on which the acting person, or else the next role, is told."""

    name: str
    address: str
    title: str = ""
    absent: tuple[DayRange, ...] = ()
    acting_name: str = ""
    acting_address: str = ""

    def is_absent(self, day: date) -> bool:
        return any(day in each for each in self.absent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergency:
    """Whom a report says to ring. ``children_services_number`` "" when the school has not set it."""

    police: str = "999"
    children_services_name: str = "your local authority's children's services"
    children_services_number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectsSettings:
    """``bounce_address`` "" for the null sender; ``review_url`` "" when there is no review page.

    ``mark_key``: 32 bytes for the X-Mailguard mark. ``clauses``: the policy's clauses in words;
    ``platform_names``: how platforms write their names, by id.
    ``contacts`` holds the configured roles only. A held parent's letter goes to the next reader after so many
    school hours or days of the calendar. ``watched_mailboxes``: address by account id. Times in seconds unless named otherwise.
    """

    school_name: str
    from_address: str
    contacts: Mapping[Role, RoleContact]
    mark_key: bytes
    clauses: Mapping[str, str] = field(default_factory=dict)
    platform_names: Mapping[str, str] = field(default_factory=dict)
    hours: SchoolHours = field(default_factory=SchoolHours)
    emergency: Emergency = field(default_factory=Emergency)
    bounce_address: str = ""
    review_url: str = ""
    digest: DigestPlan = field(default_factory=DigestPlan)
    parent_letter_school_hours: float = 18.0
    parent_letter_days: float = 5.0
    has_relay: bool = False
    watched_mailboxes: Mapping[str, str] = field(default_factory=dict)
    has_second_channel: bool = False
    staff_notices: bool = True
    follow_up_seconds: float = 40.0
    channel_seconds: float = 540.0
    backlog_seconds: float = 300.0
    undeliverable_seconds: float = 30.0
    mark_days: int = 30

    def title(self, role: Role) -> str:
        contact = self.contacts.get(role)
        return (contact.title if contact is not None else "") or DEFAULT_TITLES[role]

    def platform_name(self, platform_id: str) -> str:
        return self.platform_names.get(platform_id, platform_id)

    @property
    def domain(self) -> str:
        return self.from_address.rpartition("@")[2]


DirectoryNow = Callable[[], Directory]
"""The lists as they are at the moment: a reload takes effect at the next effect."""
