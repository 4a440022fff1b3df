"""The examination behind ``mailguard doctor``: one finding a part, each with its fix.

It opens what the daemon opens, and changes nothing but the audit trail's reading position (none).
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

from mailguard.adapters.clock import SystemClock
from mailguard.adapters.imap_session import ImapSession
from mailguard.adapters.keys import is_genuine_signature
from mailguard.adapters.smtp_out import SmtpCourier
from mailguard.adapters.smtp_settings import TransportSecurity
from mailguard.adapters.store.opening import MIN_FREE_BYTES, OpenedStore, open_store
from mailguard.adapters.store.schema import latest_schema
from mailguard.app.audit_trail import AuditTrail, TrailKey
from mailguard.app.health import Finding, State, health
from mailguard.app.lists import IndexedLists
from mailguard.app.ports import PermanentFailure, TemporaryFailure
from mailguard.app.ports_store import StoreProblem
from mailguard.classifier.registry import SHIPPED, ModelRefused, ModelRegistry
from mailguard.classifier.way_out import way_out
from mailguard.config import ConfigProblem, LoadedConfig, load_config
from mailguard.daemon_settings import (
    courier_settings,
    effects_settings,
    mailboxes_settings,
    own_address,
    store_settings,
)
from mailguard.domain.account import AccountState
from mailguard.domain.words import Role
from mailguard.model_wiring import models_folder, registry_of
from mailguard.wiring import Parts, make_parts, platform_warnings

_MEBIBYTE, _GIBIBYTE = 2**20, 2**30
_REVIEW_SECONDS = 5.0
_NEXT_HOP_SECONDS = 10.0
_FEW_BYTES = 2 * _GIBIBYTE
_MOST_SESSIONS = 500


def examine(config_path: Path, state_folder: Path) -> list[Finding]:
    """Every part, in the order in which faults build on one another. Total: a fault is a finding."""
    try:
        loaded = load_config(config_path)
        parts = make_parts(loaded)
    except ConfigProblem as problem:
        return [
            Finding(State.FAIL, "config", line, "Correct it, then run: mailguard config check")
            for line in problem.problems
        ]
    findings = [
        Finding(State.OK, "config", f"valid; policy {parts.policy.version}; lists {parts.lists.version}")
    ]
    findings += settings_findings(loaded, parts, parts.lists)
    try:
        opened = open_store(store_settings(loaded, state_folder, only_reads=True), SystemClock())
    except StoreProblem as problem:
        findings.append(Finding(State.FAIL, "store", str(problem)))
        findings += _model(ModelRegistry(models_folder(loaded, state_folder), public_key=None))
        findings += next_hop_findings(loaded)
        findings += _route(loaded)
        return findings
    try:
        findings += _store(opened, state_folder)
        findings += _audit(opened)
        findings += _health(opened, loaded)
        findings += review_findings(opened, loaded)
        findings += _model(registry_of(loaded, state_folder, opened.store.keys))
    finally:
        opened.store.close()
    findings += next_hop_findings(loaded)
    findings += _route(loaded)
    findings += _mailboxes(loaded)
    return findings


def settings_findings(loaded: LoadedConfig, parts: Parts, lists: IndexedLists) -> Iterator[Finding]:
    """What settings and lists say of themselves; the review page shows it, too. ``lists``: as they are now."""
    yield from _lists(parts, lists)
    yield from _readers(loaded, parts, lists)


def _lists(parts: Parts, lists: IndexedLists) -> Iterator[Finding]:
    counts = ", ".join(f"{name.value.replace('_', ' ')} {number}" for name, number in lists.counts.items())
    yield Finding(State.OK, "lists", counts)
    for warning in platform_warnings(parts):
        yield Finding(State.WARN, "platforms", warning, "Correct it: as it stands it never matches.")
    missing = [role.value for role in Role if role not in (parts.school.role_addresses or {})]
    if missing:
        yield Finding(
            State.WARN,
            "chain",
            f"no {', '.join(missing)} configured",
            f"Add [roles.{missing[0]}]: fewer can be told.",
        )


def _readers(loaded: LoadedConfig, parts: Parts, lists: IndexedLists) -> Iterator[Finding]:
    """What a report needs of the settings beyond an address."""
    for role, address in (parts.school.role_addresses or {}).items():
        if role is not Role.LADO and not lists.by_address(address):
            yield Finding(
                State.WARN,
                "readers",
                f"roles.{role.value}.address is on no row of the staff list",
                "Add it there: a case about its holder by another address or by name is else not closed to them.",
            )
    if not loaded.config.emergency.children_services_number:
        yield Finding(
            State.WARN,
            "emergency",
            "reports name no number of children's services",
            "Set emergency.children_services_number.",
        )


def _model(registry: ModelRegistry) -> Iterator[Finding]:
    try:
        version = registry.find(registry.pointer().promoted)
        problem = f"{version.name}: {version.problem}" if version.problem else ""
    except ModelRefused as refused:
        problem = str(refused)
    if problem:
        fix = f"The lists go on deciding. {way_out(registry)}"
        yield Finding(State.FAIL, "model", f"dark: {problem}", fix)
        return
    whose = "the one that came with mailguard" if version.name == SHIPPED else f"made by {version.signed_by}"
    yield Finding(State.OK, "model", f"{version.model_id}; signature and hash match; {whose}")
    broken = [each for each in registry.versions() if each.problem and each.name != version.name]
    for each in broken:
        yield Finding(State.WARN, "model", f"{each.name}, not in force, cannot be used: {each.problem}")


def _store(opened: OpenedStore, state_folder: Path) -> Iterator[Finding]:
    store = opened.store
    free = shutil.disk_usage(state_folder).free
    sound = store.is_sound()
    says = f"schema {store.schema} of {latest_schema()}; integrity {'ok' if sound else 'DAMAGED'}; {space_words(free)} free"
    if not sound:
        yield Finding(State.FAIL, "store", says, "Stop mailguard and restore the store from the backup.")
    elif free < _FEW_BYTES:
        wanted = space_words(MIN_FREE_BYTES)
        fix = (
            f"Free disk space now: until {wanted} are free, what must be held is refused with 451, "
            "and a mailguard that stops does not start."
            if free < MIN_FREE_BYTES
            else f"Free disk space: below {wanted} what must be held is refused with 451, and mailguard does not start."
        )
        yield Finding(State.FAIL, "store", says, fix)
    else:
        yield Finding(State.OK, "store", says)


def space_words(count: int) -> str:
    """Of a disk, in the unit that df -h has: 71 GiB, 1.4 GiB, 63 MiB. Rounded down: never more than there is."""
    if count < _GIBIBYTE:
        return f"{count // _MEBIBYTE} MiB"
    if count < 10 * _GIBIBYTE:
        return f"{count * 10 // _GIBIBYTE / 10:.1f} GiB"
    return f"{count // _GIBIBYTE} GiB"


def _audit(opened: OpenedStore) -> Iterator[Finding]:
    store = opened.store
    key = TrailKey(public_key=store.keys.public_key, sign=store.keys.sign)
    trail = AuditTrail(store, key=key, check_signature=is_genuine_signature)
    result = trail.verify()
    if result.problems:
        first = result.problems[0]
        yield Finding(
            State.FAIL,
            "audit",
            f"{len(result.problems)} problems; first at event {first.seq}: {first.says}",
            "Keep the disk as it is, tell the Chair of Governors, and compare with the digests' checkpoints.",
        )
    else:
        yield Finding(
            State.OK,
            "audit",
            f"{result.head.size:,} events; chain intact; checkpoints vouch for {result.checkpointed_size:,}",
        )


def _health(opened: OpenedStore, loaded: LoadedConfig) -> Iterator[Finding]:
    """What the daemon has left on the record: the same rows as in the digest and on the review page."""
    settings = effects_settings(loaded, mark_key=b"", clauses={})
    with opened.store.reading() as transaction:
        yield from health(transaction, settings, is_running=opened.part_locks.is_held).findings


def review_findings(opened: OpenedStore, loaded: LoadedConfig) -> Iterator[Finding]:
    """Whether somebody can read cases on the review page, and whether it answers."""
    section = loaded.config.review
    with opened.store.reading() as transaction:
        accounts = transaction.accounts.all()
    readers = [each for each in accounts if each.reads_content and each.state is AccountState.ACTIVE]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(section.listen.host, section.listen.host)  # noqa: S104
    try:
        socket.create_connection((host, section.listen.port), timeout=_REVIEW_SECONDS).close()
    except OSError as problem:
        yield Finding(
            State.WARN,
            "review page",
            f"does not answer on {section.listen}: {problem.strerror or problem}",
            "Start mailguard-review.service, or see why the daemon could not listen there.",
        )
        return
    invited = [each for each in accounts if each.reads_content and each.state is AccountState.INVITED]
    if not readers and invited:
        yield Finding(
            State.WARN,
            "review page",
            "nobody who reads cases has signed in yet",
            "Hand over the one-time password, or make a new one: mailguard account reset ADDRESS --reason …",
        )
    elif not readers:
        yield Finding(
            State.WARN,
            "review page",
            "nobody has an account that reads cases",
            "Run: mailguard account create head",
        )
    elif not section.url.startswith("https://") and section.tls_certificate is None:
        yield Finding(
            State.WARN,
            "review page",
            f"answers on {section.listen} without TLS, so only this machine can use it",
            "Set review.url and a proxy or a certificate: docs/how-to/review-page.md.",
        )
    else:
        says = f"answers on {section.listen}; {len(readers)} of {len(accounts)} accounts read cases"
        yield Finding(State.OK, "review page", says)


def next_hop_findings(loaded: LoadedConfig) -> Iterator[Finding]:
    """Whether where delivered mail goes on to answers at all: without it everything that comes is refused for now."""
    relay = loaded.config.relay
    if relay.next_hop is None:
        return
    fix = (
        "See that this server runs: until it answers, mail is refused with 4yz and waits where it came from."
    )
    try:
        with socket.create_connection((relay.next_hop.host, relay.next_hop.port), _NEXT_HOP_SECONDS) as hop:
            hop.settimeout(_NEXT_HOP_SECONDS)
            # Under TLS from the first byte on, that somebody listens must do.
            greeting = b"220" if relay.next_hop_security is TransportSecurity.TLS else hop.recv(512)
    except OSError as error:
        reason = error.strerror or f"no greeting within {_NEXT_HOP_SECONDS:g} seconds"
        yield Finding(State.FAIL, "next hop", f"{relay.next_hop}: {reason}", fix)
        return
    if greeting.startswith(b"220"):
        yield Finding(State.OK, "next hop", f"{relay.next_hop} answers")
    else:
        words = greeting.decode("ascii", "replace").strip() or "closed at once"
        yield Finding(State.FAIL, "next hop", f"{relay.next_hop}: {words}", fix)


def _route(loaded: LoadedConfig) -> Iterator[Finding]:
    """Ask the outgoing server whether it would take a report for each role, without sending one."""
    try:
        settings = courier_settings(loaded)
        courier = SmtpCourier(settings)
    except (ConfigProblem, ValueError) as problem:
        yield Finding(State.FAIL, "report route", str(problem))
        return
    sections = {role: getattr(loaded.config.roles, role.value) for role in Role}
    refused = False
    for role, section in sections.items():
        if section is None:
            continue
        try:
            courier.probe(mail_from=own_address(loaded), rcpt_to=section.address)
        except PermanentFailure as failure:
            refused = True
            fix = f"Fix roles.{role.value}.address, then run: mailguard report test"
            yield Finding(State.FAIL, "report route", f"{section.address} refused: {failure}", fix)
        except TemporaryFailure as failure:
            yield Finding(
                State.FAIL, "report route", f"{settings.server}: {failure}", "See that this server runs."
            )
            return
    if not refused:
        yield Finding(State.OK, "report route", f"{settings.server} takes mail for every role")


def _mailboxes(loaded: LoadedConfig) -> Iterator[Finding]:
    """Log in to every mailbox once; say what its server lacks."""
    try:
        settings = mailboxes_settings(loaded)
    except ConfigProblem as problem:
        yield Finding(State.FAIL, "imap", str(problem))
        return
    if settings is None:
        yield Finding(State.OK, "imap", "none configured; the relay sees what passes through it")
        return
    reached = 0
    for account in settings.accounts[:_MOST_SESSIONS]:
        try:
            session = ImapSession(
                account, connect_seconds=settings.connect_seconds, reply_seconds=settings.reply_seconds
            )
        except TemporaryFailure as failure:
            yield Finding(
                State.FAIL, f"imap {account.address}", str(failure), "Check its password and server."
            )
            continue
        reached += 1
        if not session.has_move and not session.has_uidplus:
            yield Finding(
                State.WARN,
                f"imap {account.address}",
                "server has neither MOVE nor UIDPLUS",
                "Held mail goes to the folder only.",
            )
        session.close()
    yield Finding(State.OK, "imap", f"{reached} of {len(settings.accounts)} reached")
