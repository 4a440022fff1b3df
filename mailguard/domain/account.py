"""Who may use the review page: the roles of accounts, and the states an account goes through. Pure."""

from __future__ import annotations

from enum import StrEnum

from mailguard.domain.words import Role


class SiteRole(StrEnum):
    """What an account may do. The first three are members of the chain and read content."""

    HEAD = "head"
    DEPUTY = "deputy"
    CHAIR = "chair"
    ADMIN = "admin"
    AUDITOR = "auditor"

    @property
    def reads_content(self) -> bool:
        return self in READING_ROLES

    @property
    def chain_role(self) -> Role | None:
        """The place in the chain of readers; None for admin and auditor."""
        return Role(self.value) if self.reads_content else None


READING_ROLES = frozenset({SiteRole.HEAD, SiteRole.DEPUTY, SiteRole.CHAIR})
EVERY_ROLE = frozenset(SiteRole)


class AccountState(StrEnum):
    INVITED = "invited"  # nobody has signed in yet
    ACTIVE = "active"
    DISABLED = "disabled"


class SessionStage(StrEnum):
    """``enrolling`` reaches the pages of the first sign-in and nothing else."""

    ENROLLING = "enrolling"
    FULL = "full"
