"""A school's outbox for tests.

A real store in a folder, a clock that the test moves, made-up people and messages.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from mailguard.adapters.store.opening import OpenedStore, StoreSettings, open_store
from mailguard.app.case_opening import NewRecipient, Opened, Opening
from mailguard.app.casebook import Casebook
from mailguard.app.concern_links import ConcernLinkPerformer
from mailguard.app.digest import DigestPerformer
from mailguard.app.effects import EffectsWorker, WorkerSettings
from mailguard.app.effects_settings import EffectsSettings, Emergency, RoleContact
from mailguard.app.escalation_performer import EscalationPerformer, SecondChannelPerformer
from mailguard.app.performing import Performer
from mailguard.app.planning import ReportPlanner
from mailguard.app.ports import (
    Courier,
    ImapLocation,
    MailboxMover,
    OutgoingMessage,
    PermanentFailure,
    Receipt,
    SecondChannel,
    TemporaryFailure,
    Versions,
)
from mailguard.app.ports_store import DecisionRecord, EffectRecord
from mailguard.app.release import MovePerformer, ReleasePerformer
from mailguard.app.report_performer import ReportPerformer
from mailguard.app.staff_notice import StaffNoticePerformer
from mailguard.domain.case import EffectKind, EffectState
from mailguard.domain.message import Attachment, MessageFacts
from mailguard.domain.people import Person
from mailguard.domain.words import Disposition, Level, PersonList, ReportWhen, Role, Verdict
from tests.storing import counted

# A Monday in term, 10:00 in London.
MONDAY = datetime(2026, 9, 28, 9, 0, tzinfo=UTC)

HEAD = RoleContact(name="Helen Ormerod", address="head@school.test")
DEPUTY = RoleContact(name="James Adeleke", address="deputy@school.test")
CHAIR = RoleContact(name="Ruth Bellingham", address="chair@school.test")
LADO = RoleContact(name="Designated Officer", address="lado@council.test")
CONTACTS = {Role.HEAD: HEAD, Role.DEPUTY: DEPUTY, Role.CHAIR: CHAIR, Role.LADO: LADO}

PEOPLE = (
    Person(
        id="P0003",
        name="Harvey Doyle",
        list=PersonList.PUPILS,
        source="pupils.csv:4",
        addresses=("harvey@inbox.test",),
    ),
    Person(
        id="S001",
        name="Helen Ormerod",
        list=PersonList.STAFF,
        source="staff.csv:2",
        addresses=("head@school.test",),
    ),
    Person(
        id="S002",
        name="James Adeleke",
        list=PersonList.STAFF,
        source="staff.csv:3",
        addresses=("deputy@school.test",),
    ),
    Person(
        id="S010",
        name="Priya Nair",
        list=PersonList.STAFF,
        source="staff.csv:9",
        addresses=("p.nair@school.test",),
    ),
)
RAW = (
    b"From: Harvey <harvey@inbox.test>\r\nTo: p.nair@school.test\r\nSubject: u awake\r\n"
    b"Message-ID: <one@inbox.test>\r\n\r\nhi miss u awake\r\n"
)


@dataclass(slots=True)
class MovingClock:
    at: datetime = MONDAY

    def now(self) -> datetime:
        return self.at

    def pass_time(self, **amount: float) -> None:
        self.at += timedelta(**amount)


@dataclass(frozen=True, slots=True)
class PeopleDirectory:
    people: Sequence[Person] = PEOPLE

    def by_address(self, address: str) -> tuple[Person, ...]:
        return tuple(person for person in self.people if address.lower() in person.addresses)

    def person(self, person_id: str) -> Person | None:
        return next((person for person in self.people if person.id == person_id), None)


@dataclass(slots=True)
class RememberingCourier:
    """A Courier that keeps what it accepts. ``refusals``: address → the failure it raises instead."""

    sent: list[OutgoingMessage] = field(default_factory=list)
    refusals: dict[str, TemporaryFailure | PermanentFailure] = field(default_factory=dict)

    def send(self, message: OutgoingMessage) -> str:
        failure = self.refusals.get(message.rcpt_to)
        if failure is not None:
            raise failure
        self.sent.append(message)
        return "250 2.0.0 kept"

    def to(self, address: str) -> list[OutgoingMessage]:
        return [message for message in self.sent if message.rcpt_to == address]


@dataclass(slots=True)
class RememberingChannel:
    notices: list[tuple[str, str]] = field(default_factory=list)
    failure: TemporaryFailure | None = None

    def notify(self, title: str, body: str) -> None:
        if self.failure is not None:
            raise self.failure
        self.notices.append((title, body))


def facts_of(
    attachments: tuple[Attachment, ...] = (), own_text: str = "hi miss u awake"
) -> Callable[[bytes], MessageFacts]:
    def read(raw: bytes) -> MessageFacts:
        digest = hashlib.sha256(raw).hexdigest()
        return MessageFacts(
            sha256=digest,
            content_sha256=digest,
            size_bytes=len(raw),
            own_text=own_text,
            attachments=attachments,
        )

    return read


def decided(
    *,
    verdict: Verdict = Verdict.CHILD_CONTACT,
    row: str = "D2",
    level: Level = Level.NOW,
    disposition: Disposition = Disposition.HOLD,
    report_when: ReportWhen = ReportWhen.NOW,
    report_roles: tuple[Role, ...] = (Role.HEAD,),
    nature: str | None = "personal",
    initiator: str = "child",
    subjects: tuple[str, ...] = ("S010",),
    **more: Any,
) -> DecisionRecord:
    fields: dict[str, Any] = {
        "clause": "3.b2",
        "direction": "inbound",
        "persons": (
            {
                "id": "P0003",
                "name": "Harvey Doyle",
                "list": "pupils",
                "matched": "header From",
                "certainty": "exact",
            },
        ),
        "signals": (
            {"code": "pupil-address", "says": "header From is pupil P0003", "source": "lists/pupils.csv:4"},
            {"code": "auth-pass", "says": "sender verified", "source": "Authentication-Results"},
        ),
        "versions": Versions(policy="7f3c1a", lists="22ab90", model="2026-08-14-a"),
        "further": {"authentication": "pass"},
    }
    return DecisionRecord(
        verdict=verdict,
        row=row,
        level=level,
        disposition=disposition,
        report_when=report_when,
        report_roles=report_roles,
        nature=nature,
        initiator=initiator,
        subjects=subjects,
        **{**fields, **more},
    )


class Office:
    """Everything between the gate and the courier, with a real store.

    ``alarms`` are what the admin is told.
    """

    def __init__(
        self,
        folder: Path,
        courier: Courier,
        *,
        settings: EffectsSettings | None = None,
        clock: Any = None,
        mover: MailboxMover | None = None,
        channel: SecondChannel | None = None,
        channels: Mapping[Role, SecondChannel] | None = None,
        read: Callable[[bytes], MessageFacts] | None = None,
        owner: str = "test-worker",
        worker_settings: WorkerSettings | None = None,
        directory: PeopleDirectory | None = None,
    ) -> None:
        self.clock = clock or MovingClock()
        self.courier = courier
        self.settings = settings or school_settings(has_second_channel=channel is not None)
        self.opened: OpenedStore = open_store(
            StoreSettings(
                state_folder=folder,
                school="school",
                message_id_domain="mailguard.school.test",
                draw_number=counted(),
            ),
            self.clock,
        )
        self.store = self.opened.store
        self.casebook = Casebook(self.store, self.opened.blobs, zone=ZoneInfo("Europe/London"))
        self.alarms: list[tuple[str, str]] = []
        self.alarm_causes: list[Exception | None] = []
        self.failed_attempts: list[tuple[str, TemporaryFailure]] = []
        people = directory or PeopleDirectory()
        self.performers: dict[EffectKind, Performer] = {
            EffectKind.REPORT: ReportPerformer(
                store=self.store,
                blobs=self.opened.blobs,
                courier=courier,
                settings=self.settings,
                directory=lambda: people,
                read=read or facts_of(),
                clock=self.clock,
            ),
            EffectKind.RELEASE: ReleasePerformer(
                store=self.store,
                blobs=self.opened.blobs,
                courier=courier,
                settings=self.settings,
                clock=self.clock,
            ),
            EffectKind.STAFF_NOTICE: StaffNoticePerformer(
                store=self.store,
                courier=courier,
                settings=self.settings,
                directory=lambda: people,
                clock=self.clock,
            ),
            EffectKind.ESCALATE: EscalationPerformer(
                store=self.store, settings=self.settings, directory=lambda: people
            ),
            EffectKind.SECOND_CHANNEL: SecondChannelPerformer(
                store=self.store,
                settings=self.settings,
                directory=lambda: people,
                general=channel,
                channels=channels or {},
            ),
        }
        self.performers[EffectKind.DIGEST] = DigestPerformer(
            store=self.store,
            courier=courier,
            settings=self.settings,
            directory=lambda: people,
            clock=self.clock,
        )
        self.performers[EffectKind.CONCERN_LINK] = ConcernLinkPerformer(
            store=self.store, courier=courier, settings=self.settings, clock=self.clock
        )
        if mover is not None:
            self.performers[EffectKind.MOVE] = MovePerformer(store=self.store, mover=mover)
        self.planner = ReportPlanner(self.settings)
        self.worker = EffectsWorker(
            store=self.store,
            casebook=self.casebook,
            performers=self.performers,
            clock=self.clock,
            owner=owner,
            on_alarm=self._alarm,
            on_failed_attempt=lambda effect, failure: self.failed_attempts.append((effect.key, failure)),
            settings=worker_settings,
        )

    def _alarm(self, event: str, subject: str, error: Exception | None = None) -> None:
        self.alarms.append((event, subject))
        self.alarm_causes.append(error)

    def receive(
        self,
        decision: DecisionRecord | None = None,
        *,
        raw: bytes = RAW,
        recipients: Sequence[tuple[str, str]] = (("p.nair@school.test", "S010"),),
        content_key: str = "",
        cluster_key: str = "",
        location: ImapLocation | None = None,
        is_backlog: bool = False,
        sender: str = "Harvey <harvey@inbox.test>",
    ) -> Opened:
        """T1, as the gate does it. ``recipients``: (address, person id)."""
        decision = decision or decided()
        digest = hashlib.sha256(raw).hexdigest()
        return self.casebook.open_or_join(
            Opening(
                raw=raw,
                content_key=content_key or digest,
                sha256=digest,
                receipt=Receipt(
                    via="mailbox" if location else "relay",
                    received_at=self.clock.now(),
                    imap=location,
                    is_backlog=is_backlog,
                ),
                decision=decision,
                recipients=tuple(
                    NewRecipient(
                        delivery_key=f"smtp:{digest}:harvey@inbox.test:{address}",
                        address=address,
                        disposition=decision.disposition,
                        row=decision.row,
                        person_id=person_id,
                    )
                    for address, person_id in recipients
                ),
                subject="u awake",
                sender=sender,
                mail_from="harvey@inbox.test",
                cluster_key=cluster_key,
            ),
            self.planner,
        )

    def work(self, limit: int = 50) -> int:
        """Perform all that is due now; how many effects that were."""
        for count in range(limit):
            if not self.worker.run_once():
                return count
        raise AssertionError(f"more than {limit} effects were due")

    def effects(
        self, *kinds: EffectKind, states: Sequence[EffectState] | None = None
    ) -> tuple[EffectRecord, ...]:
        with self.store.reading() as transaction:
            return transaction.effects.matching(kinds=kinds or None, states=states)

    def tags(self, case_id: str | None = None) -> list[str]:
        with self.store.reading() as transaction:
            return [event.tag for event in transaction.audit.events(case_id=case_id)]

    def close(self) -> None:
        self.store.close()


def school_settings(**changes: Any) -> EffectsSettings:
    values: dict[str, Any] = {
        "school_name": "St Test's",
        "from_address": "mailguard@school.test",
        "contacts": CONTACTS,
        "mark_key": b"k" * 32,
        "clauses": {"3.b2": "Any communication from children is immediately reported."},
        "emergency": Emergency(
            children_services_name="Testshire children's services", children_services_number="01632 960000"
        ),
    }
    return EffectsSettings(**{**values, **changes})
