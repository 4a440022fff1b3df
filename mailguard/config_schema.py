"""What may stand in the settings file: its tables by name, and what holds between them.

The reference and the sample are made from this; an unknown key is an error. Source: docs/reference/configuration.md.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from mailguard.config_sections.mail import (
    AuthenticationSection,
    MailboxesSection,
    OutgoingSection,
    RelaySection,
    SecondChannelSection,
)
from mailguard.config_sections.running import (
    DigestSection,
    LabellingSection,
    MetricsSection,
    ModelSection,
    PolicySection,
    RetentionSection,
    ReviewSection,
    StoreSection,
)
from mailguard.config_sections.school import (
    ChannelSection,
    EmergencySection,
    HoursSection,
    ListsSection,
    RolesSection,
    SchoolSection,
)
from mailguard.config_sections.values import Section, one_of
from mailguard.domain.case import Mode


class Config(Section):
    """The whole file."""

    mode: Annotated[Mode, one_of(Mode)] = Field(
        default=Mode.ENFORCE,
        description="enforce, or shadow: hold nothing, record what would have been done.",
    )
    school: SchoolSection
    lists: ListsSection
    roles: RolesSection
    relay: RelaySection = RelaySection()
    mailboxes: MailboxesSection = MailboxesSection()
    authentication: AuthenticationSection = AuthenticationSection()
    outgoing: OutgoingSection = OutgoingSection()
    second_channel: SecondChannelSection = SecondChannelSection()
    hours: HoursSection = HoursSection()
    digest: DigestSection = DigestSection()
    emergency: EmergencySection = EmergencySection()
    review: ReviewSection = ReviewSection()
    store: StoreSection = StoreSection()
    policy: PolicySection = PolicySection()
    model: ModelSection = ModelSection()
    labelling: LabellingSection = LabellingSection()
    retention: RetentionSection = RetentionSection()
    metrics: MetricsSection = MetricsSection()
    approved_channel: list[ChannelSection] = Field(default=[])

    @model_validator(mode="after")
    def _roles_have_own_addresses(self) -> Config:
        seen: dict[str, str] = {}
        for name in ("head", "deputy", "chair", "lado"):
            role = getattr(self.roles, name)
            if role is None:
                continue
            if role.address.lower() in seen:
                raise ValueError(
                    f"roles.{name}.address is also roles.{seen[role.address.lower()]}.address; "
                    "a report about one would reach the same person: give each role its own"
                )
            seen[role.address.lower()] = name
        return self
