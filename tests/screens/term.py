"""Two weeks of a made-up school, up to a Tuesday morning, as the screens of the documentation show them.

The mail is that of the golden decisions (tests/verdicts), through the real gate, with reports, escalations and
notices performed on the way; nobody in it exists.
"""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from mailguard.app.digest import DigestPerformer
from mailguard.app.effects import EffectsWorker
from mailguard.app.escalation_performer import EscalationPerformer, SecondChannelPerformer
from mailguard.app.health import note_digest_sent
from mailguard.app.performing import Performer
from mailguard.app.ports import Receipt
from mailguard.app.ports_learning import SampleReason, SampleRecord
from mailguard.app.release import ReleasePerformer
from mailguard.app.report_performer import ReportPerformer
from mailguard.app.report_test import send_test_reports
from mailguard.app.sampling import envelope_of_sample, iso_week
from mailguard.app.schedule import add_due_digests
from mailguard.app.sightings import RunningFacts, note_newest_mail, note_running, note_seen
from mailguard.app.site_settings import SiteSettings
from mailguard.app.staff_notice import StaffNoticePerformer
from mailguard.app.tokens import code_hash
from mailguard.domain.account import SiteRole
from mailguard.domain.case import EffectKind
from mailguard.domain.message import Envelope
from mailguard.domain.words import Role
from mailguard.reading.message import read
from tests.effects_fixture import RememberingChannel, RememberingCourier
from tests.web_site import WebSchool, make_web_school

VERDICTS = Path(__file__).parents[1] / "verdicts"
MORE_SETTINGS = """
[review]
url = "https://review.hill.example"
[emergency]
children_services_name = "Borough children's services"
children_services_number = "01632 960100"
[second_channel]
smarthost = "smtp.elsewhere.example:587"
smarthost_addresses = ["head@elsewhere.example"]
"""

# (days ago, hour, minute, golden case, what became of it and after how many minutes)
HISTORY: tuple[tuple[int, int, int, str, str, int], ...] = (
    (13, 11, 20, "d2-french", "confirm", 35),
    (12, 15, 5, "p8-parent-tags", "dismiss", 60),
    (12, 19, 40, "p7-html-only-polish", "confirm", 700),
    (11, 9, 15, "d3-reversed-and-accented", "confirm", 20),
    (8, 10, 30, "p6-holiday-video", "confirm", 240),
    (7, 8, 50, "d6-personal", "release", 95),
    (7, 21, 10, "p7-registered-handle-follows", "confirm", 660),
    (6, 13, 0, "d2-plus-tag-and-case", "confirm", 12),
    (5, 12, 25, "p9-stranger-tags", "dismiss", 180),
    (4, 10, 5, "d3-mums-phone", "confirm", 45),
    (4, 16, 30, "d6-whatsapp-group", "", 0),
    (3, 18, 45, "p9-stranger-asks", "", 0),
    (3, 20, 0, "p9-service-nobody-listed", "", 0),
    (2, 17, 0, "p8-parent-asks", "", 0),
    (1, 8, 30, "p9-first-name-and-initial", "", 0),
    (1, 9, 40, "e1-classroom-private-comment", "", 0),
    (1, 10, 20, "d2-in-sender", "confirm", 25),
    (1, 11, 5, "p7-without-accents", "confirm", 50),
    (1, 12, 15, "p6-welcome", "", 0),
    (1, 15, 41, "p7-surname-slip", "acknowledge", 20),
    (1, 19, 50, "o4-homework-to-a-private-address", "", 0),
    (0, 7, 58, "d2-homework", "", 0),
    (0, 8, 10, "d1-only-a-picture", "", 0),
    (0, 8, 22, "d1-secret-meeting", "", 0),
)


@dataclass(slots=True)
class Term:
    """``case_of``: case id by golden case. ``courier`` keeps every mail that mailguard wrote."""

    school: WebSchool
    courier: RememberingCourier
    worker: EffectsWorker
    case_of: dict[str, str] = field(default_factory=dict)
    tokens: dict[SiteRole, str] = field(default_factory=dict)

    def token(self, role: SiteRole) -> str:
        """Of the one session that ``role`` has: the account's page lists them all."""
        if role not in self.tokens:
            self.tokens[role] = self.school.begin(role).token
        return self.tokens[role]

    def work(self) -> None:
        while self.worker.run_once():
            pass


@contextmanager
def played_term(folder: Path) -> Iterator[Term]:
    """The school on that Tuesday at half past nine, served over plain HTTP on loopback."""
    shutil.copytree(VERDICTS / "school", folder / "school")
    config = folder / "school" / "mailguard.toml"
    config.write_text(config.read_text("utf-8") + MORE_SETTINGS, encoding="utf-8")
    with make_web_school(folder, settings=SiteSettings(), config=config) as school:
        term = _term(school)
        now = school.clock.at
        _routine(term, now)
        _installed(term, now)
        for days, hour, minute, name, outcome, minutes in HISTORY:
            at = (now - timedelta(days=days)).replace(hour=hour, minute=minute)
            _until(term, at)
            _arrives(term, name)
            _decided(term, name, outcome, at + timedelta(minutes=minutes))
        _sampled(term, now)
        _until(term, now)
        _lived_in(term, now)
        _is_well(term, now)
        yield term


def _term(school: WebSchool) -> Term:
    courier, site = RememberingCourier(), school.site
    store, settings, directory = school.opened.store, site.effects, site.directory
    performers: Mapping[EffectKind, Performer] = {
        EffectKind.REPORT: ReportPerformer(
            store=store,
            blobs=school.opened.blobs,
            courier=courier,
            settings=settings,
            directory=directory,
            read=read,
            clock=school.clock,
        ),
        EffectKind.ESCALATE: EscalationPerformer(store=store, settings=settings, directory=directory),
        EffectKind.SECOND_CHANNEL: SecondChannelPerformer(
            store=store, settings=settings, directory=directory, general=RememberingChannel(), channels={}
        ),
        EffectKind.RELEASE: ReleasePerformer(
            store=store, blobs=school.opened.blobs, courier=courier, settings=settings, clock=school.clock
        ),
        EffectKind.STAFF_NOTICE: StaffNoticePerformer(
            store=store, courier=courier, settings=settings, directory=directory, clock=school.clock
        ),
        EffectKind.DIGEST: DigestPerformer(
            store=store,
            courier=courier,
            settings=settings,
            directory=directory,
            clock=school.clock,
            public_key=str(site.trail.verifier_key),
        ),
    }
    worker = EffectsWorker(
        store=store,
        casebook=site.casebook,
        performers=performers,
        clock=school.clock,
        owner="screens",
        on_alarm=lambda *_: None,
        on_failed_attempt=lambda *_: None,
    )
    return Term(school=school, courier=courier, worker=worker)


def _installed(term: Term, now: datetime) -> None:
    school = term.school
    school.clock.at = now - timedelta(days=20)
    send_test_reports(
        store=school.opened.store,
        courier=term.courier,
        settings=school.site.effects,
        clock=school.clock,
        roles={Role.HEAD, Role.DEPUTY},
    )
    with school.opened.store.transaction() as transaction:
        transaction.ledger.put_state("digest-since", (now - timedelta(days=13)).date().isoformat())
        note_digest_sent(transaction, Role.HEAD.value)


def _until(term: Term, at: datetime) -> None:
    """Time passes: what falls due is performed within the hour, digests are sent, checkpoints signed."""
    school = term.school
    while school.clock.at < at:
        school.clock.at = min(school.clock.at + timedelta(minutes=15), at)
        _is_well(term, school.clock.at)
        with school.opened.store.transaction() as transaction:
            add_due_digests(transaction, school.site.effects)
        if school.clock.at.minute < 15:
            school.site.trail.checkpoint()
        term.work()


def _arrives(term: Term, name: str) -> None:
    raw, mail_from, recipients = _golden(name)
    term.case_of[name] = term.school.receive(raw, mail_from=mail_from, rcpt_tos=recipients)
    term.work()


def _decided(term: Term, name: str, outcome: str, at: datetime) -> None:
    if not outcome:
        return
    _until(term, at)
    book, case_id = term.school.site.casebook, term.case_of[name]
    book.acknowledge(case_id, by="acc-head", role="head", through="review")
    reason = {"dismiss": "Not a person of ours.", "release": "Known family matter."}.get(outcome, "")
    if outcome != "acknowledge":
        act = {"confirm": book.confirm, "release": book.release, "dismiss": book.dismiss}[outcome]
        act(case_id, by="acc-head", reason=reason)
    term.work()


def _sampled(term: Term, now: datetime) -> None:
    """The weekly sample: ordinary letters that were delivered."""
    school = term.school
    for number, name in enumerate(("d7-absence", "d7-complaint", "d7-ordinary-confidence")):
        raw, mail_from, recipients = _golden(name)
        receipt = Receipt(via="relay", received_at=school.clock.at, client_ip="192.0.2.7", helo="mx.example")
        judged = school.gate.judge(raw, Envelope(mail_from=mail_from, rcpt_tos=recipients), receipt)
        sample = SampleRecord(
            id=f"sample-{number}",
            week=iso_week(now.date()),
            reason=SampleReason.UNCERTAIN if number == 2 else SampleReason.BLIND,
            rank=number,
            blob_id=school.opened.blobs.put(raw),
            received_at=now - timedelta(days=1, hours=number),
            envelope=envelope_of_sample(judged),
        )
        with school.opened.store.transaction() as transaction:
            transaction.samples.offer(sample, keep=20)


def _lived_in(term: Term, now: datetime) -> None:
    """Recovery codes on paper, somebody who will be away, and the admin's request to see a case."""
    school, site = term.school, term.school.site
    with school.opened.store.transaction() as transaction:
        for account in school.accounts.values():
            codes = tuple(code_hash(f"{account.id}-{number}") for number in range(10))
            transaction.accounts.put_recovery_codes(account.id, codes)
    site.rota_book.add(
        role=Role.DEPUTY,
        first_day=now.date() + timedelta(days=6),
        last_day=now.date() + timedelta(days=8),
        acting_address="r.novak@hill.example",
        by=school.accounts[SiteRole.DEPUTY],
    )
    site.glass_book.ask(
        term.case_of["d3-reversed-and-accented"],
        "The teacher says that a released message came twice; the two copies have to be compared.",
        by=school.accounts[SiteRole.ADMIN],
    )


def _golden(name: str) -> tuple[bytes, str, tuple[str, ...]]:
    """A golden case's message and envelope."""
    folder = VERDICTS / name
    expected = tomllib.loads((folder / "expected.toml").read_text("utf-8"))
    return (folder / "message.eml").read_bytes(), expected["mail_from"], tuple(expected["rcpt_tos"])


def _is_well(term: Term, now: datetime) -> None:
    """As a daemon leaves it that has run for these weeks."""
    with term.school.opened.store.transaction() as transaction:
        note_seen(transaction.ledger, dict.fromkeys(("relay", "effects"), now))
        note_newest_mail(transaction.ledger, {"relay": now - timedelta(minutes=2)})
        note_running(
            transaction.ledger,
            RunningFacts(
                started_at=now - timedelta(days=9),
                program="0.1.0",
                policy=term.school.parts.policy.version,
                lists=term.school.parts.lists.version,
                lists_changed_at=now - timedelta(days=3),
                model=term.school.parts.classifier.model_id,
                model_signed_at=now - timedelta(days=46),
            ),
        )


def _routine(term: Term, now: datetime) -> None:
    """What is only counted, of the four weeks before."""
    with term.school.opened.store.transaction() as transaction:
        for number in range(28):
            day = (now - timedelta(days=number)).date()
            if not term.school.site.effects.hours.is_school_day(day):
                continue
            share = 30 + (day.toordinal() * 37) % 70
            for row, verdict, count in (
                ("D7", "parent-contact", 180),
                ("P2", "clear", 28),
                ("Z", "clear", 940),
            ):
                transaction.ledger.count(day=day, row=row, verdict=verdict, count=count * share // 100)
