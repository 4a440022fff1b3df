"""From the settings file to what each adapter and effect wants to know. No part decides anything here."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from mailguard.adapters.imap_settings import (
    HoldIn,
    ImapAccount,
    MailboxesSettings,
    SecretPlace,
    account_id,
)
from mailguard.adapters.smtp_settings import CourierSettings, HostPort, RelayMode, RelaySettings
from mailguard.adapters.store.opening import StoreSettings
from mailguard.app.case_destruction import Shredder
from mailguard.app.digest_calendar import ADMIN, DigestPlan, Frequency
from mailguard.app.effects_settings import EffectsSettings, Emergency, RoleContact
from mailguard.app.ports import Clock
from mailguard.app.ports_store import Store
from mailguard.app.retention import CaseClass, Retention
from mailguard.app.school_time import DayRange, SchoolHours
from mailguard.app.site_settings import SiteSettings
from mailguard.config import ConfigProblem, LoadedConfig
from mailguard.config_sections.mail import AccountSection
from mailguard.config_sections.school import RoleSection
from mailguard.config_sections.values import PasswordSource
from mailguard.domain.words import Role


def store_settings(
    loaded: LoadedConfig, state_folder: Path, *, may_make: bool = False, only_reads: bool = False
) -> StoreSettings:
    return StoreSettings(
        state_folder=state_folder,
        school=loaded.config.store.school_id,
        message_id_domain=loaded.config.school.domains[0],
        url=loaded.config.store.url,
        may_make=may_make,
        only_reads=only_reads,
    )


def retention_of(loaded: LoadedConfig, store: Store, blobs: Shredder, clock: Clock) -> Retention:
    section = loaded.config.retention
    days = {
        CaseClass.CLUTTER: section.clutter_days,
        CaseClass.DISMISSED: section.dismissed_days,
        CaseClass.CONFIRMED: section.confirmed_days,
        CaseClass.ALLEGATIONS: section.allegations_days,
        CaseClass.CONCERNS: section.concerns_days,
    }
    return Retention(store=store, blobs=blobs, days=days, clock=clock)


def relay_settings(loaded: LoadedConfig) -> RelaySettings:
    """Raises ConfigProblem when the relay is to run and has no next hop, or a setting cannot work."""
    section = loaded.config.relay
    if section.next_hop is None:
        raise ConfigProblem(
            [f"{loaded.path}: relay.next_hop: is missing; name where delivered mail goes on to"]
        )
    try:
        return RelaySettings(
            next_hop=section.next_hop,
            listen=section.listen,
            hostname=section.hostname,
            trusted_networks=tuple(section.trusted_networks),
            position=section.position,
            mode=RelayMode(loaded.config.mode.value),
            bare_newlines=section.bare_newlines,
            next_hop_security=section.next_hop_security,
            tls_certificate=_resolved(loaded, section.tls_certificate),
            tls_key=_resolved(loaded, section.tls_key),
            max_message_bytes=section.max_message_bytes,
            max_line_bytes=section.max_line_bytes,
            max_recipients=section.max_recipients,
            max_connections=section.max_connections,
            max_connections_per_client=section.max_connections,
            max_bytes_in_flight=max(section.max_bytes_in_flight, section.max_message_bytes),
            hop_limit=section.hop_limit,
            workers=section.workers,
        )
    except ValueError as problem:
        raise ConfigProblem([f"{loaded.path}: {problem}"]) from problem


def courier_settings(loaded: LoadedConfig) -> CourierSettings:
    """The outgoing route; the relay's next hop unless [outgoing] says otherwise. Raises ConfigProblem."""
    section = loaded.config.outgoing
    server: HostPort | None = section.server or loaded.config.relay.next_hop
    if server is None:
        raise ConfigProblem(
            [f"{loaded.path}: outgoing.server: is missing, and so is relay.next_hop; name one"]
        )
    return CourierSettings(
        server=server,
        security=section.security,
        username=section.username,
        password=_secret(loaded, section.password, "outgoing.password")
        if section.password is not None
        else "",
        ca_file=_resolved(loaded, section.ca_file),
    )


def mailboxes_settings(
    loaded: LoadedConfig, *, aliases: Callable[[str], tuple[str, ...]] = lambda address: ()
) -> MailboxesSettings | None:
    """None when no mailbox is configured. ``aliases``: a mailbox's further addresses. Raises ConfigProblem."""
    section = loaded.config.mailboxes
    if not section.account:
        return None
    try:
        return MailboxesSettings(
            accounts=tuple(
                _account(loaded, account, aliases(account.address)) for account in section.account
            ),
            hold=HoldIn(section.hold),
            quarantine_folder=section.quarantine_folder,
            folders=tuple(section.folders),
            sent_folders=section.sent_folders,
            since=section.since,
            sweep_seconds=float(section.sweep_seconds),
            idle=section.idle,
        )
    except ValueError as problem:
        raise ConfigProblem([f"{loaded.path}: {problem}"]) from problem


def _account(loaded: LoadedConfig, account: AccountSection, aliases: tuple[str, ...]) -> ImapAccount:
    section = loaded.config.mailboxes
    uses_master = account.password is None and section.master_password is not None
    source = account.password or section.master_password or section.password
    if source is None:
        raise ValueError(
            f"mailboxes.account: {account.address} has no password; "
            "set its password, mailboxes.password, or master_user with master_password"
        )
    return ImapAccount(
        address=account.address,
        host=account.host or section.host,
        port=account.port or section.port,
        security=section.security,
        ca_file=_resolved(loaded, section.ca_file),
        username=account.username,
        master_user=section.master_user if uses_master else "",
        master_separator=section.master_separator,
        password=secret_place(loaded, source),
        aliases=aliases,
    )


def secret_place(loaded: LoadedConfig, source: PasswordSource) -> SecretPlace:
    """Raises ValueError unless exactly one place is named."""
    return SecretPlace(
        file=_resolved(loaded, source.file), environment=source.environment, credential=source.credential
    )


def _secret(loaded: LoadedConfig, source: PasswordSource, key: str) -> str:
    from mailguard.adapters.imap_settings import SecretMissing

    try:
        return secret_place(loaded, source).read()
    except (ValueError, SecretMissing) as problem:
        raise ConfigProblem([f"{loaded.path}: {key}: {problem}"]) from problem


def own_address(loaded: LoadedConfig) -> str:
    """From of mailguard's own mail."""
    return loaded.config.outgoing.from_address or f"mailguard@{loaded.config.school.domains[0]}"


def effects_settings(
    loaded: LoadedConfig,
    *,
    mark_key: bytes,
    clauses: Mapping[str, str],
    platform_names: Mapping[str, str] | None = None,
) -> EffectsSettings:
    config = loaded.config
    sections = {role: getattr(config.roles, role.value) for role in Role}
    return EffectsSettings(
        school_name=config.school.name,
        from_address=own_address(loaded),
        contacts={role: _contact(section) for role, section in sections.items() if section is not None},
        mark_key=mark_key,
        clauses=clauses,
        platform_names=platform_names or {},
        hours=SchoolHours(
            opens=config.hours.opens,
            closes=config.hours.closes,
            terms=tuple(DayRange(each.first_day, each.last_day) for each in config.hours.terms),
            breaks=tuple(DayRange(each.first_day, each.last_day) for each in config.hours.holidays),
            region=config.hours.region,
            timezone=config.school.timezone,
        ),
        emergency=Emergency(
            police=config.emergency.police,
            children_services_name=config.emergency.children_services_name,
            children_services_number=config.emergency.children_services_number,
        ),
        review_url=config.review.url,
        digest=_digest_plan(loaded),
        parent_letter_school_hours=config.digest.parent_letter_school_hours,
        parent_letter_days=config.digest.parent_letter_days,
        has_relay=config.relay.next_hop is not None,
        watched_mailboxes={account_id(each.address): each.address for each in config.mailboxes.account},
        has_second_channel=bool(config.second_channel.urls)
        or config.second_channel.smarthost is not None
        or any(section is not None and bool(section.second_channel) for section in sections.values()),
        staff_notices=config.outgoing.staff_notices,
    )


def _digest_plan(loaded: LoadedConfig) -> DigestPlan:
    section = loaded.config.digest
    return DigestPlan(
        at=loaded.config.hours.digest_at,
        frequencies={name: Frequency(getattr(section, name)) for name in ("head", "deputy", "chair", ADMIN)},
        weekly_on=_WEEKDAYS.index(section.weekly_on),
        comes_in_holidays=section.in_holidays == "weekly",
        admin_address=section.admin_address or "",
    )


_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")


def site_settings(loaded: LoadedConfig) -> SiteSettings:
    section = loaded.config.review
    return SiteSettings(
        url=section.url.rstrip("/"),
        has_certificate=section.tls_certificate is not None,
        idle_seconds=section.idle_minutes * 60,
        absolute_seconds=section.session_hours * 3600,
        undo_seconds=section.undo_seconds,
    )


def _contact(section: RoleSection) -> RoleContact:
    return RoleContact(
        name=section.name,
        address=section.address,
        title=section.title,
        absent=tuple(DayRange(each.first_day, each.last_day) for each in section.absent),
        acting_name=section.acting_name,
        acting_address=section.acting_address or "",
    )


def _resolved(loaded: LoadedConfig, path: Path | None) -> Path | None:
    return loaded.resolve(path) if path is not None else None


def process_name() -> str:
    """Names this process in leases."""
    return f"{os.uname().nodename}:{os.getpid()}"
