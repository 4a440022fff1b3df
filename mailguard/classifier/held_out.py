"""Held-out texts as mail, judged the way mail is: written to bytes, read, scored, and decided for an invented school.

Each text has one of the shapes of :mod:`mailguard.classifier.mail_shapes`, always the same one.
Nothing here is trained on. ``models/held_out/test`` was never used to choose anything; ``models/held_out/choosing`` is for thresholds.
The roll of the invented school has the children of the texts who write under a full name; nobody's address is on a list but a
parent's. So a child of the texts is found by its name, by what it says of itself, or by the model alone.
"""

from __future__ import annotations

import random
import re
import tomllib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from joblib import Parallel, delayed

from mailguard.app.inspect import Inspection, Inspector
from mailguard.app.list_rows import ListContents
from mailguard.app.lists import IndexedLists, Surroundings, read_domains
from mailguard.app.ports import Classifier
from mailguard.app.replay import MomentClock
from mailguard.classifier.corpus import Record
from mailguard.classifier.examples import Progress, no_progress
from mailguard.classifier.mail_files import PICTURE, speaks_of_a_picture
from mailguard.classifier.mail_shapes import Letter, shaped
from mailguard.domain.message import Envelope
from mailguard.domain.names import Nicknames
from mailguard.domain.people import Person
from mailguard.domain.policy import parse_policy
from mailguard.domain.roll import School
from mailguard.domain.scores import Scores
from mailguard.domain.words import Direction, Initiator, Kind, Nature, PersonList, Role
from mailguard.reading.message import read
from mailguard.reading.platforms import Recognisers
from mailguard.shipped import shipped_path

_WORKERS = 2
_AT_ONCE = 110  # records that one worker judges before it tells
_FEW_PARTS = 2
_AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
_PERSONAL, _SCHOOL = "post.example", "school.example"
_STAFF_ADDRESS, _SECOND_STAFF = f"teacher@{_SCHOOL}", f"colleague@{_SCHOOL}"
_FULL_NAME = re.compile(r"[A-ZÀ-Þ][\w'’-]+(?: [A-ZÀ-Þ][\w'’-]+)+")
_NO_NAMES = frozenset({"mum", "dad", "nan", "mr", "mrs", "ms", "miss", "dr", "sir", "the"})
_LOCAL_PARTS = ("notification", "notifications", "no-reply", "noreply", "info", "mail", "notify", "hello")
_DATE = "Tue, 24 Nov 2026 09:00:00 +0000"


@dataclass(frozen=True, slots=True)
class Judged:
    """One held-out text: its labels, what the model says of it, and what the invented school would have decided.

    ``is_known_platform``: a recogniser lists the notification's platform.
    """

    record: Record
    scores: Scores
    inspection: Inspection
    is_known_platform: bool = False

    @property
    def place(self) -> str:
        return f"{self.record.file}:{self.record.line}"

    @property
    def event(self) -> str:
        """The event as the whole way finds it, "" where no notification was seen."""
        platform = self.inspection.assessment.platform
        return platform.event.value if platform is not None else ""

    @property
    def natures(self) -> tuple[str, ...]:
        """Natures over threshold for a writer whom the lists know, as decisions take them."""
        found = self.scores.natures_of(is_child=self.record.initiator is Initiator.CHILD)
        if self.record.direction is Direction.OUTBOUND:
            return tuple(dict.fromkeys((*found, *self.scores.natures_of(is_child=True))))
        return found

    @property
    def headline(self) -> str:
        """The gravest nature that holds, "" when the model names none."""
        return min(self.natures, key=lambda word: Nature(word).gravity, default="")

    @property
    def is_taken_for_a_child(self) -> bool:
        return self.inspection.assessment.initiator is Initiator.PROBABLE_CHILD


def is_full_name(name: str) -> bool:
    """Two capital words or more, none of them a title or "Mum"."""
    return bool(_FULL_NAME.fullmatch(name)) and not _NO_NAMES.intersection(name.lower().split())


def judge(
    classifier: Classifier, records: Sequence[Record], *, progress: Progress = no_progress
) -> tuple[Judged, ...]:
    """Every record as mail to one invented school, in order; many are judged on two cores."""
    parts = [records[start : start + _AT_ONCE] for start in range(0, len(records), _AT_ONCE)]
    workers = Parallel(n_jobs=_WORKERS if len(parts) > _FEW_PARTS else 1, return_as="generator")
    found: list[Judged] = []
    for some in workers(delayed(_judged)(classifier, part, records) for part in parts):
        found.extend(some)
        progress("judging held-out texts", len(found), len(records))
    return tuple(found)


def _judged(classifier: Classifier, some: Sequence[Record], records: Sequence[Record]) -> list[Judged]:
    inspector = invented_school(classifier, records)
    found: list[Judged] = []
    for record in some:
        mail = mail_of(record)
        inspection = inspector.inspect(mail.raw, mail.envelope)
        found.append(
            Judged(
                record=record,
                scores=inspection.scores
                if inspection.assessment.platform is None
                else classifier.predict(inspection.facts),
                inspection=inspection,
                is_known_platform=record.platform in _senders(),
            )
        )
    return found


def invented_school(classifier: Classifier, records: Sequence[Record]) -> Inspector:
    """A school whose pupils are the texts' children with full names, each with a parent at a listed address."""
    names = sorted(
        {
            record.sender_name
            for record in records
            if record.initiator is Initiator.CHILD and record.sender_name and is_full_name(record.sender_name)
        }
    )
    people = [
        Person(id=f"P{number}", name=name, list=PersonList.PUPILS, source=f"pupils.csv:{number}")
        for number, name in enumerate(names, start=2)
    ]
    people.append(Person(id="P1", name="Zebedee Quillfeather", list=PersonList.PUPILS, source="pupils.csv:1"))
    people.extend(
        Person(
            id=f"G{number}",
            name=record.sender_name or "",
            list=PersonList.PARENTS,
            source=f"parents.csv:{number}",
            addresses=(_sender_address(record),),
            pupil_ids=("P1",),
        )
        for number, record in enumerate(records)
        if record.initiator is Initiator.PARENT and record.direction is Direction.INBOUND
    )
    people.extend(
        Person(
            id=id_, name=name, list=PersonList.STAFF, source="staff.csv:2", addresses=(address,), role=role
        )
        for id_, name, address, role in (
            ("S1", "Honoria Blackwood-Tennant", f"head@{_SCHOOL}", "head"),
            ("S2", "Ignatius Pomfret", _STAFF_ADDRESS, "teacher"),
            ("S3", "Perpetua Lovelace-Odd", _SECOND_STAFF, "teacher"),
        )
    )
    school = School(
        name="Invented School",
        domains=(_SCHOOL,),
        role_addresses={Role.HEAD: f"head@{_SCHOOL}", Role.DEPUTY: f"deputy@{_SCHOOL}"},
    )
    surroundings = Surroundings(
        school=school,
        nicknames=Nicknames.from_csv(shipped_path("config/nicknames.csv").read_text("utf-8").splitlines()),
        free_mail_domains=read_domains(
            shipped_path("config/free_mail_domains.txt").read_text("utf-8").splitlines()
        ),
        personal_mail_domains=(_PERSONAL,),
    )
    lists = IndexedLists(ListContents(people=people), surroundings, version="held-out")
    return Inspector(
        school=school,
        policy=parse_policy(tomllib.loads(shipped_path("config/policy.toml").read_text("utf-8"))),
        recognisers=_recognisers(),
        lists=lambda: lists,
        classifier=lambda: classifier,
        clock=MomentClock(_AT),
        trusted_authserv_ids=frozenset(),
    )


@cache
def _recognisers() -> Recognisers:
    path = shipped_path("config/platforms.toml")
    return Recognisers.from_toml(path.read_bytes(), str(path), is_known=True)


@cache
def _senders() -> dict[str, str]:
    """Platform id → an address that its recogniser takes for the service's."""
    table: dict[str, Any] = tomllib.loads(shipped_path("config/platforms.toml").read_text("utf-8"))[
        "platform"
    ]
    recognisers = _recognisers()
    found: dict[str, str] = {}
    for platform, entry in table.items():
        for domain in entry.get("from", ()):
            choices = [domain] if "@" in domain else [f"{local}@{domain}" for local in _LOCAL_PARTS]
            for address in choices:
                raw = f"From: <{address}>\r\nSubject: news\r\n\r\nnews\r\n".encode()
                recognised = recognisers.recognise(read(raw))
                if recognised is not None and recognised.id == platform:
                    found.setdefault(platform, address)
    return found


@dataclass(frozen=True, slots=True)
class Mail:
    raw: bytes
    envelope: Envelope


def mail_of(record: Record) -> Mail:
    """`record` in the shape of real mail with its envelope: a sender of its kind, a picture where it is the message or is spoken of."""
    place = f"{record.file}:{record.line}"
    chance = zlib.crc32(place.encode())
    sender = _sender_address(record)
    recipient = _STAFF_ADDRESS if record.direction is not Direction.OUTBOUND else f"somebody@{_PERSONAL}"
    if record.direction is Direction.INTERNAL:
        recipient = _SECOND_STAFF
    headers: list[tuple[str, str]] = []
    if _has_unsubscribe(record, chance):
        headers.append(("List-Unsubscribe", f"<https://{sender.rpartition('@')[2]}/off>"))
    if record.kind is Kind.AUTOMATIC and chance % 2:
        headers.append(("Auto-Submitted", "auto-replied"))
    has_picture = Nature.IMAGE in record.natures or (
        record.kind is Kind.DIRECT and speaks_of_a_picture(record)
    )
    letter = Letter(
        text=record.body,
        subject=record.subject,
        sender=sender,
        sender_name=record.sender_name or _service_name(record),
        recipient=recipient,
        kind=record.kind,
        language=record.language,
        headers=tuple(headers),
        files=(PICTURE,) if has_picture else (),
        date=_DATE,
    )
    raw = shaped(letter, random.Random(zlib.crc32(f"{place}:shape".encode())))
    return Mail(raw=raw, envelope=Envelope(mail_from=sender, rcpt_tos=(recipient,)))


def _has_unsubscribe(record: Record, chance: int) -> bool:
    """Services and mass mail carry List-Unsubscribe nearly always today; half of it before 2013."""
    if record.kind not in (Kind.BULK, Kind.NOTIFICATION):
        return False
    is_old = record.era[:4].isdigit() and int(record.era[:4]) < 2013
    return bool(chance % 2 if is_old else chance % 10)


def _service_name(record: Record) -> str:
    return record.platform.title() if record.kind is Kind.NOTIFICATION else ""


def _sender_address(record: Record) -> str:
    number = zlib.crc32(f"{record.file}:{record.line}:sender".encode())
    match record.kind:
        case Kind.NOTIFICATION:
            host = re.sub(r"[^a-z0-9-]", "", record.platform.lower()) or "service"
            return _senders().get(record.platform, f"notifications@{host}.example")
        case Kind.BULK | Kind.AUTOMATIC:
            return (
                f"news@service{number % 97}.example"
                if record.initiator is Initiator.NONE
                else f"w{number}@{_PERSONAL}"
            )
        case Kind.DIRECT:
            if record.initiator is Initiator.STAFF:
                return _STAFF_ADDRESS
            return f"w{number}@{_PERSONAL}"
