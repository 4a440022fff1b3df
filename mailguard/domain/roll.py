"""What deciding needs to ask of the school's lists and settings.

:class:`SchoolLists` is implemented by ``mailguard.app.lists`` from CSV files; every answer takes time that does not grow with the roll.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from mailguard.domain.people import (
    ApprovedChannel,
    DeclaredRelationship,
    ExcludedCorrespondent,
    OfficialAccount,
    Person,
)
from mailguard.domain.words import PersonList, Role


@dataclass(frozen=True, slots=True)
class School:
    """The settings a decision depends on. Domains lower case; a domain covers its subdomains, and the longest match wins."""

    name: str
    domains: tuple[str, ...]
    pupil_domains: tuple[str, ...] = ()
    timezone: str = "Europe/London"
    approved_platforms: frozenset[str] = frozenset()
    role_addresses: Mapping[Role, str] | None = None
    role_names: Mapping[Role, str] | None = None
    approved_channels: tuple[ApprovedChannel, ...] = ()

    def role_of(self, address: str) -> Role | None:
        """The role whose configured address this is (case apart), else None."""
        wanted = address.lower()
        return next(
            (role for role, own in (self.role_addresses or {}).items() if own.lower() == wanted), None
        )


class SchoolLists(Protocol):
    """The lists, indexed. Addresses are compared regardless of case and plus tag; dots only where the domain counts them."""

    @property
    def version(self) -> str:
        """First 12 hex digits of the SHA-256 over all list files."""
        ...

    def by_address(self, address: str) -> tuple[Person, ...]:
        """Everyone listed with this address, on any list, pupils first."""
        ...

    def near_address(self, address: str) -> tuple[Person, ...]:
        """Pupils whose listed address this nearly is: dots, one slip in the local part, a look-alike domain. Never an exact match."""
        ...

    def is_pupil_domain(self, address: str) -> bool: ...

    def is_lookalike_of_pupil_domain(self, address: str) -> bool:
        """The domain imitates a pupil domain (one slip, look-alike letters, hyphens, another ending)."""
        ...

    def is_representative(self, address: str) -> bool:
        """On the staff list or under the school's domains, and neither on the pupil list nor under a pupil domain."""
        ...

    def is_personal_mail(self, address: str) -> bool:
        """Under a free-mail provider: the shipped list or ``school.personal_mail_domains``."""
        ...

    def named(self, text: str, lists: frozenset[PersonList]) -> tuple[Person, ...]:
        """Everyone whose given name and surname together stand in a short text (a display name, an actor, a local part).

        Regardless of case, accents, order, nickname, look-alike letters, and one slip in a surname of five letters or more.
        A first name alone, or with an initial or a form, names nobody.
        """
        ...

    def by_handle(self, platform_id: str, handle: str) -> tuple[Person, ...]:
        """Pupils with this registered handle (case, "@" and "u/" apart)."""
        ...

    def person(self, person_id: str) -> Person | None: ...

    def staff(self) -> tuple[Person, ...]: ...

    def pupils_of(self, parent_id: str) -> tuple[Person, ...]: ...

    def official_account(
        self, mailbox: str, platform_id: str, today: date, *, stated: str = ""
    ) -> OfficialAccount | None:
        """The mailbox's account on that platform, not expired by the clock.

        ``stated``: the account that a notification says it is for. One registered by its handle must be that; a name of several
        words ("St Oswin's High School") cannot be compared and counts.
        """
        ...

    def official_gateway(
        self, mailbox: str, platform_id: str, gateway_address: str, today: date
    ) -> OfficialAccount | None:
        """As official_account; a registered handle that is itself a gateway address counts only for that address."""
        ...

    def declared(self, staff_id: str, person_id: str, today: date) -> DeclaredRelationship | None: ...

    def declared_with(self, staff_id: str, today: date) -> tuple[str, ...]:
        """Ids of everyone with a declared relationship with this member of staff, in force today."""
        ...

    def excluded(self, address: str) -> ExcludedCorrespondent | None: ...

    def approved_channels(self) -> tuple[ApprovedChannel, ...]:
        """Those of the list, expired ones too; others stand in the settings (``School.approved_channels``)."""
        ...
