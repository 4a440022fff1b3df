"""The numbers of the Health page, over a real store."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from mailguard.app.health_figures import HealthFigures, health_figures
from mailguard.app.ports_queue import ReaderKeys
from mailguard.domain.words import Level, Role
from tests.digest_scene import MARSH, NAIR, Scene, parents_letter, scene
from tests.effects_fixture import decided

# A Friday in term, 15:00 in London.
FRIDAY = datetime(2026, 10, 2, 14, 0, tzinfo=UTC)
NOBODY = ReaderKeys()


@pytest.fixture
def school(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path) as played:
        yield played.at(FRIDAY)


def figures(school: Scene, closed_to: ReaderKeys = NOBODY) -> HealthFigures:
    with school.office.store.reading() as transaction:
        return health_figures(
            transaction,
            closed_to=closed_to,
            routine_rows=frozenset({"D7", "P2"}),
            hours=school.office.settings.hours,
        )


def test_each_day_has_its_routine_its_reports_and_its_digest_cases(school: Scene) -> None:
    school.at(FRIDAY - timedelta(days=1))
    school.comes(decided(), to=NAIR)
    school.comes(parents_letter(), to=NAIR)
    school.comes(parents_letter(), to=MARSH)
    with school.office.store.transaction() as transaction:
        for row, count in (("D7", 200), ("P2", 12), ("D2", 1)):
            transaction.ledger.count(day=date(2026, 10, 1), row=row, verdict="clear", count=count)
    school.at(FRIDAY)
    days = figures(school).days
    assert [day.day for day in days] == [date(2026, 9, 5) + timedelta(days=n) for n in range(28)]
    assert (days[-2].routine, days[-2].reported, days[-2].listed) == (212, 1, 2)
    assert (days[-1].routine, days[-1].reported, days[-1].listed) == (0, 0, 0)
    assert [day.is_school_day for day in days[-7:]] == [False, False, True, True, True, True, True]


def test_a_day_is_the_schools_and_not_that_of_utc(school: Scene) -> None:
    school.at(datetime(2026, 10, 1, 23, 30, tzinfo=UTC))
    school.comes(decided(), to=NAIR)
    school.at(FRIDAY)
    assert [day.reported for day in figures(school).days[-2:]] == [0, 1]


def test_acknowledged_in_time_is_before_the_next_in_the_chain_was_due(school: Scene) -> None:
    book = school.office.casebook
    quick = school.comes(decided(level=Level.EMERGENCY), to=NAIR)
    slow = school.comes(decided(level=Level.EMERGENCY), to=MARSH)
    school.comes(decided(level=Level.EMERGENCY), to=MARSH)
    by_evening = school.comes(decided(), to=NAIR)
    school.clock.pass_time(minutes=10)
    book.acknowledge(quick, by="S001")
    school.clock.pass_time(minutes=20)
    book.acknowledge(slow, by="S001")
    school.clock.pass_time(minutes=60)
    book.acknowledge(by_evening, by="S001")
    gravest, now = figures(school).acknowledged
    assert (gravest.level, gravest.reports, gravest.in_time, gravest.late, gravest.waiting) == (5, 3, 1, 1, 1)
    assert gravest.middle == timedelta(minutes=20)
    assert gravest.longest == timedelta(minutes=30)
    assert (now.level, now.in_time, now.late) == (3, 1, 0)


def test_what_was_decided_counts_in_its_week_and_what_was_for_nothing_is_known(school: Scene) -> None:
    book = school.office.casebook
    ids = [school.comes(decided(), to=NAIR) for _ in range(4)]
    book.confirm(ids[0], by="S001")
    book.confirm(ids[1], by="S001")
    book.release(ids[2], by="S001")
    school.at(FRIDAY + timedelta(days=3))
    book.dismiss(ids[3], by="S001")
    found = figures(school)
    assert [week.count for week in found.weeks[-2:]] == [3, 1]
    assert (found.decided, found.mistaken) == (4, 2)
    assert found.weeks[-1].monday == date(2026, 10, 5)


def test_a_case_closed_to_whoever_looks_is_in_no_number(school: Scene) -> None:
    about_head = replace(decided(), withheld_roles=(Role.HEAD,), subjects=("S001",))
    school.comes(about_head, to=NAIR)
    school.comes(decided(subjects=("S010",)), to=NAIR)
    assert sum(day.reported for day in figures(school).days) == 2
    assert sum(day.reported for day in figures(school, ReaderKeys(roles=(Role.HEAD,))).days) == 1
    by_person = ReaderKeys(subjects=("S001", "head@school.test"))
    assert sum(day.reported for day in figures(school, by_person).days) == 1
    assert sum(each.reports for each in figures(school, by_person).acknowledged) == 1


def test_an_empty_school_has_days_and_weeks_and_no_report(school: Scene) -> None:
    found = figures(school)
    assert found.acknowledged == ()
    assert len(found.weeks) == 12
    assert found.decided == 0


def test_the_week_of_the_end_of_summer_time_has_every_day_once(school: Scene) -> None:
    school.at(datetime(2026, 10, 27, 12, 0, tzinfo=UTC))
    days = [day.day for day in figures(school).days]
    assert len(set(days)) == 28
    assert date(2026, 10, 25) in days
