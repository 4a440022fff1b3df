"""What tests of the whole way share: a message of each kind, a client that tries again as an MTA does, the last account."""

from __future__ import annotations

import contextlib
import smtplib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes

from mailguard.adapters.clock import SystemClock
from mailguard.adapters.keys import is_genuine_signature
from mailguard.adapters.store.opening import OpenedStore
from mailguard.app.audit_trail import AuditTrail, TrailKey
from mailguard.app.ports_store import CaseFilter, CaseRecord, EffectRecord
from mailguard.domain.case import EffectKind, EffectState
from tests.daemon import Daemon
from tests.schooling import HEAD, OFFICE, PARENT, PUPIL, STRANGER, TEACHER
from tests.servers import HOST, CollectingNextHop, make_message, wait_until

ALLEGATION = "Mr Tom Brown hit my son in the PE lesson today and left a bruise on his arm."
DISCLOSURE = (
    "my stepdad hits me every night when he is drunk and i am scared to go home please dont tell anyone"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One message on its way. ``held_from``: who must not get it; ``is_reported``: one case, and a report now."""

    mail_from: str
    recipients: tuple[str, ...]
    raw: bytes
    held_from: frozenset[str]
    is_reported: bool

    @property
    def is_recorded(self) -> bool:
        return bool(self.held_from) or self.is_reported


def post(kind: str) -> Post:
    """A fresh message of that kind: KINDS names them."""
    sender, recipients, subject, body, held, reported = KINDS[kind]
    return Post(
        mail_from=sender,
        recipients=recipients,
        raw=make_message(sender=sender, to=", ".join(recipients), subject=subject, body=body),
        held_from=frozenset(held),
        is_reported=reported,
    )


# kind: sender, recipients, subject, body, held from, reported now
KINDS: dict[str, tuple[str, tuple[str, ...], str, str, tuple[str, ...], bool]] = {
    "held": (PUPIL, (TEACHER,), "hi", "hello sir, can you help me?\r\n.dot first", (TEACHER,), True),
    "reported": (PARENT, (OFFICE,), "Concern", ALLEGATION, (), True),
    "mixed": (PARENT, (OFFICE, TEACHER), "Concern", ALLEGATION, (TEACHER,), True),
    "follow": (
        "no-reply@mail.instagram.com",
        (TEACHER,),
        "ella.bee started following you",
        "ella.bee (@ella.bee) started following you on Instagram. See profile.",
        (TEACHER,),
        True,
    ),
    "clear": (
        STRANGER,
        (TEACHER,),
        "Order",
        "Your order of exercise books is ready for collection.",
        (),
        False,
    ),
}


def try_to_send(port: int, sent: Post, *, timeout_seconds: float = 30.0) -> bool:
    """One attempt of an MTA: True when every recipient has its 250."""
    try:
        with contextlib.closing(smtplib.SMTP(HOST, port, "client.test", timeout=timeout_seconds)) as client:
            return not client.sendmail(
                sent.mail_from, list(sent.recipients), sent.raw, mail_options=["BODY=8BITMIME"]
            )
    except (OSError, smtplib.SMTPException):
        return False


def send_until_taken(port: int, sent: Post, *, seconds: float = 30.0) -> int:
    """Try again and again, as an MTA does; how often it took."""
    deadline = time.monotonic() + seconds
    attempts = 1
    while not try_to_send(port, sent):
        assert time.monotonic() < deadline, "not taken in time"
        attempts += 1
        time.sleep(0.1)
    return attempts


def reports_to(hop: CollectingNextHop, address: str = HEAD) -> list[bytes]:
    """mailguard's own mail for that reader."""
    return [
        each.raw
        for each in list(hop.deliveries)
        if each.recipients == (address,) and b"List-Id: mailguard" in each.raw[:4000]
    ]


def message_ids(mails: Sequence[bytes]) -> set[str]:
    return {str(message_from_bytes(each)["Message-ID"]) for each in mails}


def all_cases(opened: OpenedStore) -> tuple[CaseRecord, ...]:
    with opened.store.reading() as transaction:
        return transaction.cases.matching(CaseFilter())


def all_effects(opened: OpenedStore, *kinds: EffectKind) -> tuple[EffectRecord, ...]:
    with opened.store.reading() as transaction:
        return transaction.effects.matching(kinds=kinds or None)


def held_bytes(opened: OpenedStore) -> dict[str, list[bytes]]:
    """Recipient → what is held for it, as the store gives it back."""
    found: dict[str, list[bytes]] = {}
    with opened.store.reading() as transaction:
        for case in transaction.cases.matching(CaseFilter()):
            blobs = {each.id: each.blob_id for each in transaction.cases.messages(case.id)}
            for recipient in transaction.cases.recipients(case.id):
                if recipient.state.is_held:
                    raw = opened.blobs.get(blobs[recipient.message_id])
                    found.setdefault(recipient.address, []).append(raw)
    return found


def free_leases(opened: OpenedStore) -> None:
    """As if the leases of a killed process had run out."""
    for effect in all_effects(opened):
        if effect.state is EffectState.PENDING and effect.lease_until is not None:
            opened.store.renew_lease(effect, lease_seconds=-1)


def assert_trail_is_whole(opened: OpenedStore) -> None:
    key = TrailKey(public_key=opened.store.keys.public_key, sign=opened.store.keys.sign)
    assert not AuditTrail(opened.store, key=key, check_signature=is_genuine_signature).verify().problems


def audit_tags(opened: OpenedStore) -> list[str]:
    with opened.store.reading() as transaction:
        return [str(event.tag) for event in transaction.audit.events()]


def wait_for_reports(daemon: Daemon, *, seconds: float = 40.0) -> None:
    """Until every report of the outbox is done, but for those that gather news and are due later."""

    def is_through(report: EffectRecord) -> bool:
        return report.state is EffectState.DONE or (
            not report.attempts and report.due_at > SystemClock().now()
        )

    with daemon.store() as opened:
        wait_until(
            lambda: all(map(is_through, all_effects(opened, EffectKind.REPORT))),
            "every report sent",
            seconds=seconds,
        )


def account_for(sent: Post, daemon: Daemon, hop: CollectingNextHop) -> None:
    """Nothing lost, nothing leaked, one case, the report at least once under one Message-ID, the trail whole."""
    delivered = {
        address for each in list(hop.deliveries) if each.raw.endswith(sent.raw) for address in each.recipients
    }
    assert delivered == set(sent.recipients) - sent.held_from
    with daemon.store() as opened:
        assert held_bytes(opened) == {address: [sent.raw] for address in sent.held_from}
        cases = all_cases(opened)
        assert len(cases) == int(sent.is_recorded)
        with opened.store.reading() as transaction:
            for case in cases:
                assert len(transaction.cases.messages(case.id)) == 1
                rows = transaction.cases.recipients(case.id)
                assert sorted(each.address for each in rows) == sorted(sent.recipients)
        states = [each.state for each in all_effects(opened, EffectKind.REPORT)]
        assert states == [EffectState.DONE] * int(sent.is_reported)
        assert_trail_is_whole(opened)
    assert len(message_ids(reports_to(hop))) == int(sent.is_reported)
