"""Where mail comes from and goes to: the relay, the mailboxes, and mailguard's own mail."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from mailguard.adapters.smtp_settings import BareNewlines, FilterPosition, HostPort, TransportSecurity
from mailguard.config_sections.values import (
    Address,
    Endpoint,
    Network,
    PasswordSource,
    PathText,
    Section,
    network,
    one_of,
)


class RelaySection(Section):
    """[relay]: the SMTP filter between the MTA and the next hop."""

    listen: Endpoint = Field(default=HostPort("127.0.0.1", 10025), description="Where the MTA hands mail in.")
    next_hop: Endpoint | None = Field(default=None, description="Where delivered mail goes on to.")
    position: Annotated[FilterPosition, one_of(FilterPosition)] = Field(
        default=FilterPosition.AFTER_QUEUE,
        description="after-queue (content_filter) or before-queue (smtpd_proxy_filter).",
    )
    hostname: str = Field(default="mailguard.localhost", description="Name in the greeting.")
    trusted_networks: list[Network] = Field(
        default=[network("127.0.0.0/8"), network("::1/128")],
        description="Clients that may use the relay; others are refused.",
    )
    bare_newlines: Annotated[BareNewlines, one_of(BareNewlines)] = Field(
        default=BareNewlines.NORMALISE, description="normalise or refuse a CR or LF outside CRLF."
    )
    next_hop_security: Annotated[TransportSecurity, one_of(TransportSecurity)] = Field(
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
    security: Annotated[TransportSecurity, one_of(TransportSecurity)] = Field(
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
    security: Annotated[TransportSecurity, one_of(TransportSecurity)] = Field(
        default=TransportSecurity.NONE, description="none, starttls or tls."
    )
    username: str = Field(default="", description="SMTP user, if any.")
    password: PasswordSource | None = Field(default=None, description="SMTP password.")
    ca_file: PathText | None = Field(default=None, description="CA certificates, when not the system's.")
    from_address: Address | None = Field(
        default=None, description="From of reports; mailguard@ the first school domain."
    )
    staff_notices: bool = Field(
        default=True,
        description="Tell a member of staff, once a day for each sender and below level 4, that mail was held for them.",
    )


class SecondChannelSection(Section):
    """[second_channel]: for level 5, a way that does not share the mail server's fate."""

    urls: list[str] = Field(default=[], description="apprise URLs (SMS, push, webhook).")
    smarthost: Endpoint | None = Field(
        default=None, description="Another mail server, one that is not the school's."
    )
    smarthost_security: Annotated[TransportSecurity, one_of(TransportSecurity)] = Field(
        default=TransportSecurity.STARTTLS, description="none, starttls or tls towards that server."
    )
    smarthost_addresses: list[Address] = Field(
        default=[], description="Addresses outside the school's mail that it reaches."
    )
