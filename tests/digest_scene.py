"""A school morning with something of everything that a digest can tell, for golden texts and for looking at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from mailguard.app.health import note_digest_sent
from mailguard.app.ports_store import DecisionRecord
from mailguard.app.schedule import add_due_digests
from mailguard.app.sightings import RunningFacts, note_newest_mail, note_running, note_seen
from mailguard.domain.people import Person
from mailguard.domain.words import Disposition, Level, PersonList, ReportWhen, Role, Verdict
from tests.effects_fixture import (
    PEOPLE,
    MovingClock,
    Office,
    PeopleDirectory,
    RememberingCourier,
    decided,
    school_settings,
)

# Tuesday 29 September 2026, 07:00 in London.
MORNING = datetime(2026, 9, 29, 6, 0, tzinfo=UTC)
STAFF = (
    Person(
        id="S011", name="Ms Tara Halliwell", list=PersonList.STAFF, source="staff.csv:10",
        addresses=("t.halliwell@school.test",),
    ),
    Person(
        id="S012", name="Owen Marsh", list=PersonList.STAFF, source="staff.csv:11",
        addresses=("o.marsh@school.test",),
    ),
)  # fmt: skip
MAILBOXES = {f"m-{number:012x}": f"staff{number}@school.test" for number in range(96)}
PLATFORM_NAMES = {"instagram": "Instagram", "facebook": "Facebook", "google-classroom": "Google Classroom"}


def follow_request() -> DecisionRecord:
    return decided(
        verdict=Verdict.PROBABLE_CHILD_CONTACT,
        row="P7",
        level=Level.DIGEST,
        report_when=ReportWhen.DIGEST,
        initiator="probable-child",
        nature=None,
        platform={"id": "instagram", "class": "social", "event": "follow", "actor": "Harvey Doyle"},
        signals=(
            {"code": "roll-name", "says": "the actor's name is that of pupil P0003", "source": "pupils"},
        ),
    )


def parents_letter(**more: Any) -> DecisionRecord:
    return decided(
        verdict=Verdict.PARENT_SOCIAL_CONTACT,
        row="D6",
        level=Level.DIGEST,
        report_when=ReportWhen.DIGEST,
        initiator="parent",
        subjects=(),
        signals=({"code": "parent-address", "says": "header From is parent G1", "source": "parents.csv:2"},),
        **more,
    )


def clutter(platform: str) -> DecisionRecord:
    return decided(
        verdict=Verdict.PLATFORM_NOTIFICATION,
        row="P9",
        level=Level.DIGEST,
        report_when=ReportWhen.DIGEST,
        initiator="none",
        nature=None,
        persons=(),
        subjects=(),
        signals=({"code": "platform", "says": f"mail of {platform}", "source": "platforms.toml"},),
        platform={"id": platform, "class": "social", "event": "marketing", "actor": ""},
    )


def classroom_comment() -> DecisionRecord:
    return decided(
        verdict=Verdict.CHILD_CONTACT,
        row="E1",
        level=Level.DIGEST,
        report_when=ReportWhen.DIGEST,
        disposition=Disposition.DELIVER,
        nature=None,
        platform={
            "id": "google-classroom",
            "class": "education",
            "event": "comment",
            "actor": "Harvey Doyle",
        },
    )


@dataclass(slots=True)
class Scene:
    """``clock`` is moved by what happens; ``office`` performs it."""

    office: Office
    clock: MovingClock
    courier: RememberingCourier
    number: int = 0

    def at(self, moment: datetime) -> Scene:
        self.clock.at = moment
        return self

    def comes(self, decision: DecisionRecord, *, to: tuple[tuple[str, str], ...]) -> str:
        """One message arrives; its case id."""
        self.number += 1
        case_id = self.office.receive(
            decision, raw=b"Subject: x\r\n\r\n%d\r\n" % self.number, recipients=to
        ).case_id
        self.office.work()
        return case_id

    def is_well(self, *, since: datetime) -> None:
        """As a daemon leaves it that has run without a fault."""
        now = self.clock.now()
        with self.office.store.transaction() as transaction:
            note_seen(transaction.ledger, dict.fromkeys(["relay", "mailboxes", "effects", *MAILBOXES], now))
            note_newest_mail(
                transaction.ledger,
                {"relay": now - timedelta(minutes=2), next(iter(MAILBOXES)): now - timedelta(minutes=9)},
            )
            note_running(
                transaction.ledger,
                RunningFacts(
                    started_at=since,
                    program="0.1.0",
                    policy="7f3c1a",
                    lists="22ab90",
                    lists_changed_at=now - timedelta(days=3),
                    model="2026-08-14-a",
                    model_signed_at=now - timedelta(days=46),
                ),
            )

    def digests_fall_due(self) -> None:
        with self.office.store.transaction() as transaction:
            add_due_digests(transaction, self.office.settings)
        self.office.work()


@contextmanager
def scene(folder: Path, **settings: Any) -> Iterator[Scene]:
    """An installation that has run for weeks and sent its digest yesterday."""
    clock = MovingClock(at=MORNING - timedelta(days=1))
    courier = RememberingCourier()
    values: dict[str, Any] = {
        "review_url": "https://mailguard.school.test",
        "platform_names": PLATFORM_NAMES,
        "watched_mailboxes": MAILBOXES,
        "has_relay": True,
        "has_second_channel": True,
        **settings,
    }
    office = Office(
        folder,
        courier,
        clock=clock,
        settings=school_settings(**values),
        directory=PeopleDirectory((*PEOPLE, *STAFF)),
    )
    try:
        with office.store.transaction() as transaction:
            transaction.ledger.put_state("digest-since", date(2026, 9, 1).isoformat())
            for reader in ("head", "deputy", "chair", "admin"):
                note_digest_sent(transaction, reader)
        yield Scene(office, clock, courier)
    finally:
        office.close()


NAIR = (("p.nair@school.test", "S010"),)
HALLIWELL = (("t.halliwell@school.test", "S011"),)
MARSH = (("o.marsh@school.test", "S012"),)


def busy_weekend(played: Scene) -> None:
    """Everything happens between Saturday and Tuesday morning."""
    office = played.office
    saturday = datetime(2026, 9, 26, 9, 0, tzinfo=UTC)
    played.at(saturday)
    old = [played.comes(decided(), to=MARSH) for _ in range(3)]
    played.comes(follow_request(), to=HALLIWELL)
    played.comes(parents_letter(), to=NAIR)
    played.at(saturday + timedelta(days=1))
    for number in range(7):
        played.comes(
            clutter("instagram" if number < 5 else "facebook"), to=((f"staff{number}@school.test", ""),)
        )
    played.comes(replace(parents_letter(), withheld_roles=(Role.HEAD,), subjects=("S001",)), to=NAIR)
    played.at(datetime(2026, 9, 28, 10, 0, tzinfo=UTC))
    for case_id in old[:2]:
        office.casebook.confirm(case_id, by="S001")
    office.casebook.dismiss(old[2], by="S002")
    played.at(datetime(2026, 9, 28, 13, 5, tzinfo=UTC))
    acknowledged = played.comes(decided(nature="social_invite"), to=MARSH)
    office.casebook.acknowledge(acknowledged, by="S001")
    played.comes(classroom_comment(), to=HALLIWELL)
    played.comes(classroom_comment(), to=MARSH)
    played.at(datetime(2026, 9, 28, 15, 41, tzinfo=UTC))
    played.comes(decided(row="D1", level=Level.EMERGENCY, nature="disclosure"), to=NAIR)
    for _ in range(2):
        played.clock.pass_time(minutes=15)
        office.work()
    with office.store.transaction() as transaction:
        for row, verdict, count in (
            ("D7", "parent-contact", 212),
            ("P2", "clear", 31),
            ("P9", "platform-notification", 64),
            ("E2", "clear", 118),
        ):
            transaction.ledger.count(day=date(2026, 9, 28), row=row, verdict=verdict, count=count)
    played.at(MORNING)
    office.work()
    played.is_well(since=datetime(2026, 9, 20, 5, 0, tzinfo=UTC))
