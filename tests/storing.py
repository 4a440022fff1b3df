"""What tests of the store share: a clock they turn, openings of both databases, and messages to record."""

import hashlib
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from mailguard.adapters.keys import is_genuine_signature
from mailguard.adapters.store.opening import OpenedStore, StoreSettings, open_store
from mailguard.app.audit_trail import AuditTrail, TrailKey
from mailguard.app.case_opening import Joined, NewRecipient, Opening
from mailguard.app.casebook import Casebook
from mailguard.app.ports import ImapLocation, Receipt, Versions
from mailguard.app.ports_store import DecisionRecord, NewEffect, Transaction
from mailguard.domain.case import EffectKind, Mode
from mailguard.domain.words import Disposition, Level, ReportWhen, Role, Verdict

LONDON = ZoneInfo("Europe/London")
START = datetime(2026, 9, 28, 22, 40, tzinfo=UTC)


@dataclass(slots=True)
class TurnedClock:
    """A clock that stands still until a test turns it."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def turn(self, **span: float) -> None:
        self.at += timedelta(**span)


@dataclass(slots=True)
class School:
    """An opened store with what works on it."""

    settings: StoreSettings
    clock: TurnedClock
    opened: OpenedStore
    casebook: Casebook = field(init=False)
    trail: AuditTrail = field(init=False)

    def __post_init__(self) -> None:
        store = self.opened.store
        self.casebook = Casebook(store, self.opened.blobs, zone=LONDON)
        key = TrailKey(public_key=store.keys.public_key, sign=store.keys.sign)
        self.trail = AuditTrail(store, key=key, check_signature=is_genuine_signature)


def counted() -> Callable[[int], int]:
    """Case numbers 1, 2, 3: what an installed store never gives, and a test can name."""
    numbers = itertools.count(1)
    return lambda _digits: next(numbers)


def school_settings(state_folder: Path, *, url: str = "", school: str = "st-oswins") -> StoreSettings:
    return StoreSettings(
        state_folder=state_folder,
        school=school,
        message_id_domain="mg.example",
        url=url,
        draw_number=counted(),
    )


def open_school(settings: StoreSettings, clock: TurnedClock | None = None) -> School:
    clock = clock or TurnedClock()
    return School(settings=settings, clock=clock, opened=open_store(settings, clock))


def decision(
    *,
    row: str = "D2",
    level: Level = Level.NOW,
    disposition: Disposition = Disposition.HOLD,
    report_when: ReportWhen = ReportWhen.NOW,
    roles: tuple[Role, ...] = (Role.HEAD,),
    withheld: tuple[Role, ...] = (),
    subjects: tuple[str, ...] = (),
) -> DecisionRecord:
    return DecisionRecord(
        verdict=Verdict.CHILD_CONTACT,
        row=row,
        clause="3.b2",
        level=level,
        disposition=disposition,
        report_when=report_when,
        report_roles=roles,
        withheld_roles=withheld,
        subjects=subjects,
        direction="inbound",
        initiator="child",
        nature="personal",
        persons=({"id": "P0003", "name": "Harvey Doyle", "list": "pupils"},),
        signals=({"code": "pupil-address", "says": "header From is pupil P0003", "source": "pupils.csv:4"},),
        scores={"kind": {"direct": 0.99}},
        versions=Versions(policy="7f3c1a", lists="22ab90", model="m1"),
    )


def opening(
    words: str = "u awake",
    *,
    to: Sequence[str] = ("p.nair@stoswins.example",),
    made: DecisionRecord | None = None,
    trace: str = "",
    location: ImapLocation | None = None,
    cluster_key: str = "",
    mode: Mode = Mode.ENFORCE,
    sender: str = "xharveyx32@inbox.example",
) -> Opening:
    """A message from Harvey with ``words``; ``trace`` stands above it and is no part of its content key."""
    made = made or decision()
    content = f"From: {sender}\r\nSubject: hi\r\n\r\n{words}\r\n".encode()
    raw = trace.encode() + content
    sha256 = hashlib.sha256(raw).hexdigest()
    if location is None:
        keys = [f"smtp:{sha256}:{sender}:{address}" for address in to]
    else:
        keys = [f"imap:{location.account}:{location.folder}:{location.uidvalidity}:{location.uid}"]
    return Opening(
        raw=raw,
        content_key=hashlib.sha256(content).hexdigest(),
        sha256=sha256,
        receipt=Receipt(
            via="relay" if location is None else "mailbox",
            received_at=START,
            client_ip="192.0.2.7",
            helo="mx.inbox.example",
            queue_id="4Xyz",
            imap=location,
        ),
        decision=made,
        recipients=tuple(
            NewRecipient(
                delivery_key=key,
                address=address,
                disposition=made.disposition,
                row=made.row,
                person_id="S0002",
            )
            for key, address in zip(keys, to, strict=True)
        ),
        header_message_id=f"<{sha256[:8]}@inbox.example>",
        subject="hi",
        sender=sender,
        mail_from=sender,
        addresses=(sender, *to),
        authentication_results=("mx.stoswins.example; dmarc=pass",),
        cluster_key=cluster_key,
        mode=mode,
    )


def one_report(joined: Joined, _transaction: Transaction) -> list[NewEffect]:
    """A report for a new case, an escalation behind it, and nothing for a joined one."""
    if joined.before is not None:
        return []
    return [
        NewEffect(
            kind=EffectKind.REPORT,
            key=f"report:{joined.case.id}:head",
            due_at=joined.now,
            case_id=joined.case.id,
            message_id=joined.message.id,
            role="head",
            address="head@stoswins.example",
            payload={"attach": True},
        ),
        NewEffect(
            kind=EffectKind.ESCALATE,
            key=f"escalate:{joined.case.id}:1",
            due_at=joined.now + timedelta(hours=1),
            case_id=joined.case.id,
        ),
    ]
