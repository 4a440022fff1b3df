import re
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from mailguard.app.export_making import Maker
from mailguard.app.governors_export import GovernorsReportPerformer, add_due_report
from mailguard.app.governors_figures import TermFigures
from mailguard.app.ports_store import AuditEntry, EffectRecord
from mailguard.app.school_time import DayRange, SchoolHours
from mailguard.app.terms import term_named
from mailguard.domain.case import EffectKind
from mailguard.domain.words import Level, ReportWhen, Role, Verdict
from tests.effects_fixture import Office, RememberingCourier, decided, school_settings
from tests.exporting import CHAIR_MAKER, HEAD_MAKER, exports_of, office

AUTUMN = DayRange(date(2026, 9, 2), date(2026, 12, 18))


@pytest.fixture
def school(tmp_path: Path):
    made = office(tmp_path / "state", settings=school_settings(hours=SchoolHours(terms=(AUTUMN,))))
    yield made
    made.close()


def busy_term(school: Office) -> None:
    """Five cases: three acknowledged in time, one late, one not at all; two confirmed, one dismissed."""
    for number in range(5):
        raw = f"From: harvey@inbox.test\r\n\r\nmessage {number}\r\n".encode()
        case_id = school.receive(decided(), raw=raw).case_id
        if number == 3:
            school.clock.pass_time(days=2)
        if number < 4:
            school.clock.pass_time(minutes=5)
            school.casebook.acknowledge(case_id, by="head", role="head")
        if number < 2:
            school.casebook.confirm(case_id, by="head")
        if number == 2:
            school.casebook.dismiss(case_id, by="head")
    digest = decided(
        level=Level.DIGEST, report_when=ReportWhen.DIGEST, verdict=Verdict.PARENT_SOCIAL_CONTACT, row="D6"
    )
    school.receive(digest, raw=b"From: mum@inbox.test\r\n\r\nadd me\r\n")
    with school.store.transaction() as transaction:
        transaction.ledger.count(day=date(2026, 9, 28), row="D7", verdict="parent-contact", count=212)
        for policy in ("7f3c1a", "7f3c1a", "9b00aa"):
            detail = {"policy": policy, "model": "m1"}
            transaction.audit.append(AuditEntry(tag="daemon:service:started", actor="daemon", detail=detail))


def figures(school: Office, *, by: Maker = CHAIR_MAKER) -> TermFigures:
    term = term_named("2026-autumn", school.settings.hours.terms)
    return exports_of(school).governors.figures(term, by=by)[0]


def report(school: Office, *, by: Maker = CHAIR_MAKER) -> str:
    made = exports_of(school).governors.make("2026-autumn", by=by, reason="the governors meet")
    words = subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=made.content, capture_output=True, check=True
    )
    return " ".join(words.stdout.decode().split())


def test_volumes_times_and_mistakes_of_a_term_are_counted(school: Office):
    busy_term(school)
    found = figures(school)
    assert (found.cases, found.at_once, found.parents) == (6, 5, 212)
    (level,) = found.acknowledged
    assert (level.reports, level.in_time, level.late, level.waiting, level.overdue) == (5, 3, 1, 1, 0)
    school.clock.pass_time(days=1)
    assert [each.overdue for each in figures(school).acknowledged] == [1]
    assert level.middle is not None
    assert level.middle.total_seconds() == 300
    assert (found.decided, found.mistaken) == (3, 1)
    assert {kind.noun: kind.opened for kind in found.kinds} == {
        "Child contact": 5,
        "Parent social contact": 1,
    }
    assert sum(week.at_once for week in found.weeks) == 5
    assert dict(found.changes)["Decision table"] == "changed once: 7f3c1a, then 9b00aa"


def test_the_first_sentence_says_whether_reports_were_acknowledged_in_time(school: Office):
    busy_term(school)
    assert "5 reports had to be made at once; 1 was not acknowledged in time." in report(school)
    school.clock.pass_time(days=1)
    words = report(school)
    assert "5 reports had to be made at once; 2 were not acknowledged in time." in words
    assert "One report of this term has not been acknowledged by anybody to this day." in words


def test_the_report_names_nobody_and_no_case(school: Office):
    busy_term(school)
    words = report(school)
    for name in ("Harvey", "harvey", "Nair", "P0003", "S010", "Ormerod", "Bellingham", "MG-2026", "@"):
        assert name not in words, name


def test_an_empty_term_makes_a_report_that_says_so(school: Office):
    words = report(school)
    assert "No report had to be made at once this term." in words
    assert "No case was opened this term." in words


def test_the_same_state_gives_the_same_report(school: Office):
    busy_term(school)
    reports = exports_of(school).governors
    term = term_named("2026-autumn", school.settings.hours.terms)
    at = datetime(2027, 1, 4, tzinfo=UTC)
    first, second = (
        reports.typesetter.pdf(reports.document(term, by=CHAIR_MAKER, made_at=at)) for _ in range(2)
    )
    assert first == second


def test_a_chart_holds_no_script_and_loads_nothing(school: Office):
    busy_term(school)
    reports = exports_of(school).governors
    document = reports.document(
        term_named("2026-autumn", ()), by=CHAIR_MAKER, made_at=datetime(2027, 1, 4, tzinfo=UTC)
    )
    charts = [block.svg for block in document.blocks if hasattr(block, "svg")]
    assert len(charts) == 2
    for svg in charts:
        assert "<script" not in svg
        assert not re.findall(r"""(?:href|src|url\()\s*=?\s*["']?(?:https?:)?//""", svg)


def test_a_case_about_the_reader_is_in_no_number(school: Office):
    about_head = decided(subjects=("S001",), withheld_roles=(Role.HEAD,), report_roles=(Role.DEPUTY,))
    school.receive(about_head)
    assert figures(school, by=HEAD_MAKER).cases == 0
    assert figures(school).cases == 1


def reports_due(school: Office) -> tuple[EffectRecord, ...]:
    with school.store.transaction() as transaction:
        add_due_report(transaction, school.settings)
    return school.effects(EffectKind.GOVERNORS_REPORT)


def test_the_chair_gets_it_once_on_the_day_after_the_term(school: Office):
    assert reports_due(school) == ()
    school.clock.at = datetime(2026, 12, 18, 20, 0, tzinfo=UTC)
    assert reports_due(school) == ()
    school.clock.at = datetime(2026, 12, 19, 6, 0, tzinfo=UTC)
    (effect,) = reports_due(school)
    assert (effect.role, effect.payload["term"]) == ("chair", "2026-autumn")
    assert reports_due(school) == (effect,)
    school.clock.pass_time(days=40)
    assert reports_due(school) == (effect,)


def test_a_term_that_ended_before_mailguard_came_is_not_reported(school: Office):
    school.clock.at = datetime(2027, 2, 1, 9, 0, tzinfo=UTC)
    assert reports_due(school) == ()
    school.clock.pass_time(days=7)
    assert reports_due(school) == ()


def test_the_mail_has_the_report_attached_and_no_name_in_its_subject(school: Office):
    reports_due(school)
    busy_term(school)
    school.clock.at = datetime(2026, 12, 19, 6, 0, tzinfo=UTC)
    (effect,) = reports_due(school)
    courier = RememberingCourier()
    performer = GovernorsReportPerformer(
        reports=exports_of(school).governors, courier=courier, clock=school.clock
    )
    first = performer.perform(effect)
    assert first.detail["term"] == "2026-autumn"
    (mail,) = courier.to("chair@school.test")
    assert b"Subject: [mailguard] Report to the governors: Autumn term 2026" in mail.raw
    assert b"governors-2026-autumn.pdf" in mail.raw
    assert b"Harvey" not in mail.raw
