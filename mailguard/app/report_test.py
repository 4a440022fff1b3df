"""``mailguard report test``: does a report reach each contact? Until two do, doctor, digest and log say so.

A product that alerts nobody by default fails in silence; so the proof is asked for, and goes stale with the
address.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass

from mailguard.app.effects_settings import EffectsSettings, RoleContact
from mailguard.app.own_mail import OwnMail, outgoing
from mailguard.app.ports import Clock, Courier, PermanentFailure, TemporaryFailure
from mailguard.app.ports_store import AuditEntry, Store, Transaction
from mailguard.domain.audit import time_text
from mailguard.domain.words import Role

CONTACTS_WANTED = 2
TAG_TESTED = "effects:contact:tested"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactTest:
    """``words``: the server's, for the person who runs the test."""

    role: Role
    address: str
    is_accepted: bool
    words: str


def send_test_reports(
    *,
    store: Store,
    courier: Courier,
    settings: EffectsSettings,
    clock: Clock,
    roles: Collection[Role] | None = None,
) -> tuple[ContactTest, ...]:
    """Send one to each role (None.

    All) and record what the server said. Raises TemporaryFailure of the store only.
    """
    results = []
    for role, contact in settings.contacts.items():
        if roles is not None and role not in roles:
            continue
        result = _test(role, contact, courier, settings, clock)
        results.append(result)
        outcome = {
            "at": time_text(clock.now()),
            "address": _fingerprint(contact.address),
            "ok": result.is_accepted,
        }
        with store.transaction() as transaction:
            transaction.ledger.put_state(_key(role), json.dumps(outcome))
            detail = {"role": role.value, "is_accepted": result.is_accepted}
            transaction.audit.append(AuditEntry(tag=TAG_TESTED, actor="report-test", detail=detail))
    return tuple(results)


def contacts_tested(transaction: Transaction, settings: EffectsSettings) -> frozenset[Role]:
    """The roles whose present address has taken a test report."""
    tested = set()
    for role, contact in settings.contacts.items():
        stored = transaction.ledger.state(_key(role))
        outcome = json.loads(stored) if stored else {}
        if outcome.get("ok") and outcome.get("address") == _fingerprint(contact.address):
            tested.add(role)
    return frozenset(tested)


def _test(
    role: Role, contact: RoleContact, courier: Courier, settings: EffectsSettings, clock: Clock
) -> ContactTest:
    now = clock.now()
    digest = hashlib.sha256(f"{role.value} {contact.address} {now.isoformat()}".encode()).hexdigest()[:32]
    text = (
        f"This is a test of mailguard at {settings.school_name}. No child is concerned.\n\n"
        f"Reports for the {settings.title(role)} come to this address, {contact.address}.\n"
        "If that is not you, tell whoever looks after the school's mail.\n"
        "You need not do anything else.\n"
    )
    mail = OwnMail(
        to_address=contact.address,
        to_name=contact.name,
        subject="[mailguard] Test of the report route: nothing to do",
        text=text,
        header_message_id=f"<mg.test.{digest}@{settings.domain}>",
    )
    try:
        words = courier.send(outgoing(mail, settings, now=now))
    except (TemporaryFailure, PermanentFailure) as failure:
        return ContactTest(role=role, address=contact.address, is_accepted=False, words=str(failure))
    return ContactTest(role=role, address=contact.address, is_accepted=True, words=words)


def _key(role: Role) -> str:
    return f"contact-test:{role.value}"


def _fingerprint(address: str) -> str:
    # Named states are not encrypted: the address itself does not go there.
    return hashlib.sha256(address.lower().encode()).hexdigest()[:16]
