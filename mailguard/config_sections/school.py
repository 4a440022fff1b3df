"""Who the school is, whom its reports go to, when it is open, and what it has approved."""

from __future__ import annotations

from datetime import date, time

from pydantic import Field

from mailguard.config_sections.values import Address, ClockTime, Domain, PathText, Section, Timezone

DEFAULT_APPROVED_PLATFORMS = (
    "google-classroom",
    "google-docs",
    "google-calendar",
    "google-meet",
    "microsoft-teams",
    "sharepoint",
    "classdojo",
    "padlet",
    "kahoot",
    "remind",
    "twinkl",
    "seesaw.me",
    "showbie.com",
    "satchelone.com",
    "arbor-education.com",
    "parentpay.com",
    "tapestryjournal.com",
    "edmodo.com",
    "quizlet.com",
    "flipgrid.com",
)


class SchoolSection(Section):
    """[school]: who the school is."""

    name: str = Field(min_length=1, description="Name as reports show it.")
    domains: list[Domain] = Field(min_length=1, description="Domains of school representatives' addresses.")
    pupil_domains: list[Domain] = Field(default=[], description="Every address under these is a pupil's.")
    personal_mail_domains: list[Domain] = Field(
        default=[], description="Personal-mail providers beside the shipped list."
    )
    timezone: Timezone = Field(default="Europe/London", description="Time zone of school hours and reports.")
    approved_platforms: list[str] = Field(
        default=list(DEFAULT_APPROVED_PLATFORMS), description="Platforms the school works with (rows E1, E2)."
    )
    dot_blind_domains: list[Domain] = Field(
        default=["gmail.com", "googlemail.com"], description="Domains where dots in an address do not count."
    )


class ListsSection(Section):
    """[lists]: CSV files, relative to this file. Reloaded when replaced."""

    pupils: PathText = Field(description="id,name,year,addresses,handles")
    parents: PathText | None = Field(default=None, description="id,name,pupils,addresses")
    staff: PathText = Field(description="id,name,role,addresses")
    official_accounts: PathText | None = Field(
        default=None, description="mailbox,platform,handle,owner,expires"
    )
    declared_relationships: PathText | None = Field(
        default=None, description="staff,person,relationship,declared_on"
    )
    excluded_correspondents: PathText | None = Field(default=None, description="address,reason")
    approved_channels: PathText | None = Field(
        default=None, description="approver,pupil_domain,representatives,expires"
    )


class Absence(Section):
    """A time in which a role's holder is away; both days included."""

    first_day: date
    last_day: date


class RoleSection(Section):
    """[roles.NAME]: one reader of reports."""

    name: str = Field(min_length=1, description="The holder's name, used in reports.")
    address: Address = Field(description="Where reports go: one named person's address.")
    title: str = Field(default="", description="Title as shown, such as Designated Safeguarding Lead.")
    absent: list[Absence] = Field(
        default=[], description="Days away; the acting person or the next role is told."
    )
    acting_name: str = Field(default="", description="Who stands in during an absence.")
    acting_address: Address | None = Field(default=None, description="Address of the acting person.")
    second_channel: str = Field(
        default="", description="apprise URL of this person's own second channel (level 5)."
    )


class RolesSection(Section):
    """[roles]: the chain of readers."""

    head: RoleSection = Field(description="Head Teacher and Designated Child Protection Officer.")
    deputy: RoleSection | None = Field(default=None, description="Told when the Head is a subject or silent.")
    chair: RoleSection | None = Field(
        default=None, description="Chair of Governors: takes what concerns the Head."
    )
    lado: RoleSection | None = Field(
        default=None, description="Outside the school, when everyone in it is a party."
    )


class HoursSection(Section):
    """[hours]: when the school is open; level 4 counts school hours."""

    opens: ClockTime = Field(default=time(8, 0), description="Start of the school day.")
    closes: ClockTime = Field(default=time(17, 0), description="End of the school day.")
    terms: list[Absence] = Field(
        default=[], description="Terms; when given, only days in one are school days."
    )
    holidays: list[Absence] = Field(default=[], description="School holidays; bank holidays are known.")
    digest_at: ClockTime = Field(default=time(7, 0), description="When the digest is sent.")
    region: str = Field(default="ENG", description="Bank holidays of: ENG, WLS, SCT, NIR.")


class EmergencySection(Section):
    """[emergency]: whom a report says to ring."""

    police: str = Field(default="999", description="Emergency number.")
    children_services_name: str = Field(
        default="your local authority's children's services", description="Name."
    )
    children_services_number: str = Field(default="", description="Telephone number.")


class ChannelSection(Section):
    """[[approved_channel]]: schoolwork from a pupil domain that is delivered and reported together."""

    approver: str = Field(min_length=1, description="Who approved it.")
    pupil_domain: Domain = Field(description="Whose mail it covers.")
    representatives: list[Address] = Field(min_length=1, description="To whom.")
    expires: date = Field(description="Last day.")
