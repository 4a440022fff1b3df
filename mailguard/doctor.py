"""The examination behind ``mailguard doctor``: one finding a part, each with its fix.

It opens what the daemon opens, and changes nothing but the audit trail's reading position (none).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mailguard.adapters.clock import SystemClock
from mailguard.adapters.imap_session import ImapSession
from mailguard.adapters.keys import is_genuine_signature
from mailguard.adapters.smtp_out import SmtpCourier
from mailguard.adapters.store.opening import OpenedStore, open_store
from mailguard.adapters.store.schema import latest_schema
from mailguard.app.audit_trail import AuditTrail, TrailKey
from mailguard.app.effects_health import effects_health
from mailguard.app.ports import PermanentFailure, TemporaryFailure
from mailguard.app.ports_store import StoreProblem
from mailguard.classifier.registry import model_status
from mailguard.config import ConfigProblem, LoadedConfig, load_config
from mailguard.daemon_settings import (
    courier_settings,
    effects_settings,
    mailboxes_settings,
    own_address,
    store_settings,
)
from mailguard.domain.words import Role
from mailguard.wiring import Parts, make_parts, model_directory, platform_warnings

_GIBIBYTE = 2**30
_FEW_BYTES = 2 * _GIBIBYTE
_MOST_SESSIONS = 500


class State(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """``fix``: what to do, "" when nothing is wrong."""

    state: State
    what: str
    says: str
    fix: str = ""


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
    findings += _lists(parts)
    findings += _readers(loaded, parts)
    findings += _model(loaded)
    try:
        opened = open_store(store_settings(loaded, state_folder, may_make=False), SystemClock())
    except StoreProblem as problem:
        findings.append(Finding(State.FAIL, "store", str(problem)))
        findings += _route(loaded)
        return findings
    try:
        findings += _store(opened, state_folder)
        findings += _audit(opened)
        findings += _effects(opened, loaded)
    finally:
        opened.store.close()
    findings += _route(loaded)
    findings += _mailboxes(loaded)
    return findings


def _lists(parts: Parts) -> Iterator[Finding]:
    counts = ", ".join(f"{name.value} {number}" for name, number in parts.lists.counts.items())
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


def _readers(loaded: LoadedConfig, parts: Parts) -> Iterator[Finding]:
    """What a report needs of the settings beyond an address."""
    for role, address in (parts.school.role_addresses or {}).items():
        if role is not Role.LADO and not parts.lists.by_address(address):
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


def _model(loaded: LoadedConfig) -> Iterator[Finding]:
    status = model_status(model_directory(loaded))
    if status.problem:
        fix = "The lists go on deciding. Restore the shipped model: mailguard model status says which is in use."
        yield Finding(State.FAIL, "model", f"dark: {status.problem}", fix)
    else:
        yield Finding(State.OK, "model", f"{status.model_id}; signature and hash match")


def _store(opened: OpenedStore, state_folder: Path) -> Iterator[Finding]:
    store = opened.store
    free = shutil.disk_usage(state_folder).free
    sound = store.is_sound()
    says = f"schema {store.schema} of {latest_schema()}; integrity {'ok' if sound else 'DAMAGED'}; {free // _GIBIBYTE} GB free"
    if not sound:
        yield Finding(State.FAIL, "store", says, "Stop mailguard and restore the store from the backup.")
    elif free < _FEW_BYTES:
        yield Finding(State.FAIL, "store", says, "Free disk space: below 64 MB mail is refused with 451.")
    else:
        yield Finding(State.OK, "store", says)


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


def _effects(opened: OpenedStore, loaded: LoadedConfig) -> Iterator[Finding]:
    settings = effects_settings(loaded, mark_key=b"", clauses={})
    with opened.store.reading() as transaction:
        health = effects_health(transaction, settings)
    problems = health.problems()
    for problem in problems:
        state = State.WARN if "tested" in problem else State.FAIL
        yield Finding(state, "effects", problem)
    if not problems:
        yield Finding(State.OK, "effects", "0 overdue; two contacts tested")


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
        yield Finding(State.FAIL, "mailboxes", str(problem))
        return
    if settings is None:
        yield Finding(State.OK, "mailboxes", "none configured; the relay sees what passes through it")
        return
    reached = 0
    for account in settings.accounts[:_MOST_SESSIONS]:
        try:
            session = ImapSession(
                account, connect_seconds=settings.connect_seconds, reply_seconds=settings.reply_seconds
            )
        except TemporaryFailure as failure:
            yield Finding(State.FAIL, f"imap {account.id}", str(failure), "Check its password and server.")
            continue
        reached += 1
        if not session.has_move and not session.has_uidplus:
            yield Finding(
                State.WARN,
                f"imap {account.id}",
                "server has neither MOVE nor UIDPLUS",
                "Held mail goes to the folder only.",
            )
        session.close()
    yield Finding(State.OK, "mailboxes", f"{reached} of {len(settings.accounts)} reached")
