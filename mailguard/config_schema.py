"""What may stand in the settings file: one class a table, one field a key, each with its meaning.

The reference and the sample are made from this; an unknown key is an error. Source: docs/reference/configuration.md.
"""

from __future__ import annotations

import re
from datetime import date, time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from mailguard.adapters.smtp_settings import (
    BareNewlines,
    FilterPosition,
    HostPort,
    IPNetwork,
    TransportSecurity,
)
from mailguard.domain.case import Mode

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


def _host_port(value: object) -> HostPort:
    return value if isinstance(value, HostPort) else HostPort.parse(str(value))


def _network(value: object) -> IPNetwork:
    import ipaddress

    return ipaddress.ip_network(str(value), strict=False)


def _domain(value: str) -> str:
    if not re.fullmatch(r"[\w.-]+\.[\w-]+", value) or "@" in value:
        raise ValueError("write a domain such as school.example, without @")
    return value.lower().strip(".")


def _address(value: str) -> str:
    if not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>.]+", value):
        raise ValueError("write one address such as head@school.example")
    return value


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as problem:
        raise ValueError("write a time zone such as Europe/London") from problem
    return value


def _enum(kind: type[StrEnum]) -> BeforeValidator:
    def convert(value: object) -> StrEnum:
        try:
            return kind(str(value))
        except ValueError as problem:
            raise ValueError(f"use one of {', '.join(member.value for member in kind)}") from problem

    return BeforeValidator(convert)


def _clock_time(value: object) -> time:
    if isinstance(value, time):
        return value
    return time.fromisoformat(str(value))


Domain = Annotated[str, AfterValidator(_domain)]
Address = Annotated[str, AfterValidator(_address)]
Endpoint = Annotated[HostPort, BeforeValidator(_host_port)]
Network = Annotated[IPNetwork, BeforeValidator(_network)]
ClockTime = Annotated[time, BeforeValidator(_clock_time)]
PathText = Annotated[Path, BeforeValidator(lambda value: Path(str(value)))]


class Section(BaseModel):
    """A table of the file: no unknown key, no silent conversion."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, arbitrary_types_allowed=True)


class SchoolSection(Section):
    """[school]: who the school is."""

    name: str = Field(min_length=1, description="Name as reports show it.")
    domains: list[Domain] = Field(min_length=1, description="Domains of school representatives' addresses.")
    pupil_domains: list[Domain] = Field(default=[], description="Every address under these is a pupil's.")
    personal_mail_domains: list[Domain] = Field(
        default=[], description="Personal-mail providers beside the shipped list."
    )
    timezone: Annotated[str, AfterValidator(_timezone)] = Field(
        default="Europe/London", description="Time zone of school hours and reports."
    )
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


class RelaySection(Section):
    """[relay]: the SMTP filter between the MTA and the next hop."""

    listen: Endpoint = Field(default=HostPort("127.0.0.1", 10025), description="Where the MTA hands mail in.")
    next_hop: Endpoint | None = Field(default=None, description="Where delivered mail goes on to.")
    position: Annotated[FilterPosition, _enum(FilterPosition)] = Field(
        default=FilterPosition.AFTER_QUEUE,
        description="after-queue (content_filter) or before-queue (smtpd_proxy_filter).",
    )
    hostname: str = Field(default="mailguard.localhost", description="Name in the greeting.")
    trusted_networks: list[Network] = Field(
        default=[_network("127.0.0.0/8"), _network("::1/128")],
        description="Clients that may use the relay; others are refused.",
    )
    bare_newlines: Annotated[BareNewlines, _enum(BareNewlines)] = Field(
        default=BareNewlines.NORMALISE, description="normalise or refuse a CR or LF outside CRLF."
    )
    next_hop_security: Annotated[TransportSecurity, _enum(TransportSecurity)] = Field(
        default=TransportSecurity.NONE, description="none, starttls or tls."
    )
    tls_certificate: PathText | None = Field(default=None, description="PEM certificate for STARTTLS.")
    tls_key: PathText | None = Field(default=None, description="PEM key for STARTTLS.")
    max_message_bytes: int = Field(
        default=52_428_800, gt=0, description="Largest message taken; announced as SIZE."
    )
    max_line_bytes: int = Field(default=1_048_576, gt=999, description="Longest line taken.")
    max_recipients: int = Field(default=1_000, gt=0, description="Recipients of one transaction.")
    max_connections: int = Field(default=200, gt=0, description="Connections at a time, each process.")
    max_bytes_in_flight: int = Field(
        default=268_435_456, gt=0, description="Memory for messages under way, each process."
    )
    hop_limit: int = Field(default=50, gt=0, description="Received headers after which mail is a loop.")
    workers: int = Field(default=1, gt=0, le=64, description="Relay processes over one listening socket.")


class PasswordSource(Section):
    """Where a secret is: exactly one of the three."""

    file: PathText | None = None
    environment: str = ""
    credential: str = ""


class AccountSection(Section):
    """[[mailboxes.account]]: one staff mailbox."""

    address: Address = Field(description="The mailbox's address.")
    username: str = Field(default="", description="Login name; the address when empty.")
    host: str = Field(default="", description="Server, when not that of [mailboxes].")
    port: int | None = Field(default=None, gt=0, lt=65536, description="Port, when not that of [mailboxes].")
    password: PasswordSource | None = Field(
        default=None, description="Own password, when there is no master user."
    )


class MailboxesSection(Section):
    """[mailboxes]: staff mailboxes over IMAP."""

    host: str = Field(default="", description="IMAP server.")
    port: int = Field(default=993, gt=0, lt=65536, description="IMAP port.")
    security: Annotated[TransportSecurity, _enum(TransportSecurity)] = Field(
        default=TransportSecurity.TLS, description="tls, starttls, or none (loopback only)."
    )
    ca_file: PathText | None = Field(default=None, description="CA certificates, when not the system's.")
    master_user: str = Field(default="", description="Dovecot master user; logs in as user*master.")
    master_separator: str = Field(default="*", description="Between user and master user.")
    master_password: PasswordSource | None = Field(default=None, description="The master user's password.")
    password: PasswordSource | None = Field(
        default=None, description="Password for accounts without their own."
    )
    hold: Literal["store", "folder"] = Field(
        default="store",
        description="store: removed into mailguard's store; folder: moved to quarantine_folder.",
    )
    quarantine_folder: str = Field(default="Quarantine", description="Folder for hold = folder.")
    folders: list[str] = Field(
        default=["INBOX"], description="Folders watched; Sent is found by special use."
    )
    sent_folders: bool = Field(default=True, description="Report what has gone out through Sent.")
    since: date | None = Field(default=None, description="First pass reads existing mail from this day on.")
    sweep_seconds: int = Field(default=30, gt=0, description="Unconditional sweep beside IDLE.")
    idle: bool = Field(default=True, description="Use IDLE where the server has it.")
    account: list[AccountSection] = Field(default=[], description="The mailboxes.")


class AuthenticationSection(Section):
    """[authentication]: whose word on a sender counts."""

    trusted_authserv_ids: list[str] = Field(
        default=[],
        description="authserv-ids whose Authentication-Results are believed; all others are ignored.",
    )
    verify: Literal["auto", "never"] = Field(
        default="auto",
        description="Verify DKIM, SPF and DMARC here: auto does so before the queue, where nobody has yet.",
    )
    dns_timeout_seconds: float = Field(default=4.0, gt=0, description="Bound on all look-ups of one message.")


class OutgoingSection(Section):
    """[outgoing]: how mailguard's own mail goes out; through relay.next_hop when not set."""

    server: Endpoint | None = Field(default=None, description="SMTP server for reports and releases.")
    security: Annotated[TransportSecurity, _enum(TransportSecurity)] = Field(
        default=TransportSecurity.NONE, description="none, starttls or tls."
    )
    username: str = Field(default="", description="SMTP user, if any.")
    password: PasswordSource | None = Field(default=None, description="SMTP password.")
    ca_file: PathText | None = Field(default=None, description="CA certificates, when not the system's.")
    from_address: Address | None = Field(
        default=None, description="From of reports; mailguard@ the first school domain."
    )
    staff_notices: bool = Field(
        default=True, description="Tell a member of staff, once a day a sender, that mail was held for them."
    )


class SecondChannelSection(Section):
    """[second_channel]: for level 5, a way that does not share the mail server's fate."""

    urls: list[str] = Field(default=[], description="apprise URLs (SMS, push, webhook).")
    smarthost: Endpoint | None = Field(
        default=None, description="Another mail server, one that is not the school's."
    )
    smarthost_security: Annotated[TransportSecurity, _enum(TransportSecurity)] = Field(
        default=TransportSecurity.STARTTLS, description="none, starttls or tls towards that server."
    )
    smarthost_addresses: list[Address] = Field(
        default=[], description="Addresses outside the school's mail that it reaches."
    )


class HoursSection(Section):
    """[hours]: when the school is open; level 4 counts school hours."""

    opens: ClockTime = Field(default=time(8, 0), description="Start of the school day.")
    closes: ClockTime = Field(default=time(17, 0), description="End of the school day.")
    terms: list[Absence] = Field(
        default=[], description="Terms; when given, only days in one are school days."
    )
    holidays: list[Absence] = Field(default=[], description="School holidays; bank holidays are known.")
    digest_at: ClockTime = Field(default=time(7, 0), description="When the daily digest is sent.")
    region: str = Field(default="ENG", description="Bank holidays of: ENG, WLS, SCT, NIR.")


class EmergencySection(Section):
    """[emergency]: whom a report says to ring."""

    police: str = Field(default="999", description="Emergency number.")
    children_services_name: str = Field(
        default="your local authority's children's services", description="Name."
    )
    children_services_number: str = Field(default="", description="Telephone number.")


class ReviewSection(Section):
    """[review]: the review page."""

    url: str = Field(default="", description="Address of the review page, shown in reports.")
    listen: Endpoint = Field(
        default=HostPort("127.0.0.1", 8460), description="Where the review page listens."
    )


class StoreSection(Section):
    """[store]: where cases, effects and the audit trail are kept."""

    url: str = Field(default="", description="SQLAlchemy URL; SQLite in the state folder when empty.")
    school_id: str = Field(
        default="school", pattern=r"^[a-z0-9-]{1,40}$", description="Key of this school's rows."
    )


class PolicySection(Section):
    """[policy]: the decision table and the recognisers."""

    table: PathText | None = Field(default=None, description="policy.toml; the shipped one when not set.")
    platforms: PathText | None = Field(
        default=None, description="platforms.toml; the shipped one when not set."
    )


class ModelSection(Section):
    """[model]: the classifier's files."""

    directory: PathText | None = Field(
        default=None, description="Registry folder; the shipped model when not set."
    )


class ChannelSection(Section):
    """[[approved_channel]]: schoolwork from a pupil domain that is delivered and reported together."""

    approver: str = Field(min_length=1, description="Who approved it.")
    pupil_domain: Domain = Field(description="Whose mail it covers.")
    representatives: list[Address] = Field(min_length=1, description="To whom.")
    expires: date = Field(description="Last day.")


class Config(Section):
    """The whole file."""

    mode: Annotated[Mode, _enum(Mode)] = Field(
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
    emergency: EmergencySection = EmergencySection()
    review: ReviewSection = ReviewSection()
    store: StoreSection = StoreSection()
    policy: PolicySection = PolicySection()
    model: ModelSection = ModelSection()
    approved_channel: list[ChannelSection] = []

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
