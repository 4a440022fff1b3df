"""What is kept for how long, with a clock that is turned: by class, never what is open or held, and never half on the record."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mailguard.app.case_destruction import CaseDestruction
from mailguard.app.export_making import OpenCases
from mailguard.app.ports import PermanentFailure
from mailguard.app.retention import TAG_DESTROYED, CaseClass, Retention, class_of
from mailguard.domain import concern
from mailguard.domain.words import Level, Verdict
from tests.effects_fixture import RAW, Office, PeopleDirectory, decided
from tests.exporting import HEAD_MAKER, office, trail_of

DAYS = {
    CaseClass.CLUTTER: 30,
    CaseClass.DISMISSED: 365,
    CaseClass.CONFIRMED: 0,
    CaseClass.ALLEGATIONS: 0,
    CaseClass.CONCERNS: 0,
}
CLUTTER: dict[str, Any] = {"row": "P9", "level": Level.DIGEST, "verdict": Verdict.PLATFORM_NOTIFICATION}


@pytest.fixture
def school(tmp_path: Path) -> Iterator[Office]:
    made = office(tmp_path / "state")
    yield made
    made.close()


def retention(school: Office, **days: int) -> Retention:
    periods = DAYS | {CaseClass(name): count for name, count in days.items()}
    return Retention(store=school.store, blobs=school.opened.blobs, days=periods, clock=school.clock)


def case(school: Office, words: str, *, as_: str = "dismiss", **decision: Any) -> str:
    case_id = school.receive(decided(**decision), raw=RAW + words.encode()).case_id
    school.work()
    act = {"dismiss": school.casebook.dismiss, "confirm": school.casebook.confirm}.get(as_)
    if act is not None:
        act(case_id, by="head", reason="seen")
    school.work()
    return case_id


def later(school: Office, days: int) -> None:
    """What was on its way has come by then."""
    school.clock.pass_time(days=days)
    school.work()


def is_readable(school: Office, case_id: str) -> bool:
    with school.store.reading() as transaction:
        (message,) = transaction.cases.messages(case_id)
    try:
        school.opened.blobs.get(message.blob_id)
    except PermanentFailure:
        return False
    return True


def destructions(school: Office, case_id: str) -> list[dict[str, object]]:
    with school.store.reading() as transaction:
        events = list(transaction.audit.events(case_id=case_id))
    return [dict(event.detail) for event in events if event.tag == TAG_DESTROYED]


def test_each_class_ends_by_its_own_period_and_no_sooner(school: Office) -> None:
    clutter = case(school, "news", **CLUTTER)
    dismissed = case(school, "hi")
    confirmed = case(school, "hello", as_="confirm")
    service = retention(school)
    later(school, 29)
    assert service.run() == 0
    later(school, 2)
    assert service.run() == 1
    assert [is_readable(school, each) for each in (clutter, dismissed, confirmed)] == [False, True, True]
    later(school, 335)
    assert service.run() == 1
    assert [is_readable(school, each) for each in (clutter, dismissed, confirmed)] == [False, False, True]
    later(school, 40 * 365)
    assert service.run() == 0
    assert is_readable(school, confirmed)
    assert retention(school, confirmed=3650).run() == 1
    assert not is_readable(school, confirmed)


def test_what_is_open_new_again_or_on_legal_hold_never_ends(school: Office) -> None:
    open_case = case(school, "open", as_="", **CLUTTER)
    held = case(school, "held", **CLUTTER)
    over = case(school, "over", **CLUTTER)
    holds = CaseDestruction(school.store, school.opened.blobs, OpenCases(school.settings, PeopleDirectory))
    holds.set_legal_hold(held, by=HEAD_MAKER, is_held=True)
    later(school, 5000)
    service = retention(school)
    with school.store.reading() as transaction:
        due = {each.case.id: each.kept for each in service.due(transaction, at=school.clock.now())}
    assert due == {held: "it is on legal hold", over: ""}
    assert service.run() == 1
    assert [is_readable(school, each) for each in (open_case, held, over)] == [True, True, False]
    holds.set_legal_hold(held, by=HEAD_MAKER, is_held=False)
    assert service.run() == 1
    assert not is_readable(school, held)


def test_allegations_and_concerns_are_classes_of_their_own_however_they_were_decided(school: Office) -> None:
    with school.store.reading() as transaction:
        found = transaction.cases.find(case(school, "x", **CLUTTER))
    assert found is not None
    assert class_of(found) is CaseClass.CLUTTER

    def of(**changes: object) -> CaseClass:
        return class_of(replace(found, decision=replace(found.decision, **changes)))  # type: ignore[arg-type]

    assert of(level=Level.NOW) is CaseClass.DISMISSED
    assert of(nature="allegation") is CaseClass.ALLEGATIONS
    accused = ({"code": "accused-named", "says": "", "source": ""},)
    assert of(signals=accused) is CaseClass.ALLEGATIONS
    assert of(row=concern.ROW, nature="allegation") is CaseClass.CONCERNS


def test_each_destruction_is_on_the_record_once_with_class_period_and_hashes(school: Office) -> None:
    case_id = case(school, "news", **CLUTTER)
    later(school, 31)
    service = retention(school)
    service.run()
    service.run()
    (event,) = destructions(school, case_id)
    with school.store.reading() as transaction:
        (message,) = transaction.cases.messages(case_id)
    assert event == {
        "class": "clutter",
        "days": 30,
        "messages": [{"id": message.id, "sha256": message.sha256}],
    }
    assert not trail_of(school).verify().problems


def test_the_clock_does_it_once_a_day(school: Office) -> None:
    service = retention(school)
    service.daily()
    case_id = case(school, "news", **CLUTTER)
    with school.store.reading() as transaction:
        assert service.last_day(transaction) == school.clock.now().date().isoformat()
    later(school, 31)
    service.daily()
    assert not is_readable(school, case_id)
    assert service.job().name == "retention"


def test_a_preview_shows_what_ends_later_and_changes_nothing(school: Office) -> None:
    case_id = case(school, "news", **CLUTTER)
    later(school, 7)
    service = retention(school)
    with school.store.reading() as transaction:
        assert service.due(transaction, at=school.clock.now()) == ()
        (ahead,) = service.due(transaction, at=school.clock.now() + timedelta(days=31))
        assert (
            service.due(transaction, at=school.clock.now() + timedelta(days=31), may_know=lambda _: False)
            == ()
        )
    assert (ahead.case.id, ahead.case_class, ahead.kept) == (case_id, CaseClass.CLUTTER, "")
    assert is_readable(school, case_id)
    assert destructions(school, case_id) == []


_RUN = (
    "import sys\n"
    "from pathlib import Path\n"
    "from tests.exporting import office\n"
    "from tests.unit.app.test_retention import later, retention\n"
    "school = office(Path(sys.argv[1]))\n"
    "later(school, 40)\n"
    "retention(school).daily()\n"
)


@pytest.mark.parametrize(
    "point", ["retention-recorded=kill", "retention-shredded=kill@1", "retention-shredded=kill@2"]
)
def test_killed_in_the_middle_the_next_look_ends_the_rest_and_writes_nothing_twice(
    tmp_path: Path, point: str
) -> None:
    folder = tmp_path / "state"
    school = office(folder)
    ids = [case(school, f"news {number}", **CLUTTER) for number in range(3)]
    school.close()
    killed = subprocess.run(
        [sys.executable, "-c", _RUN, str(folder)],
        env=os.environ | {"MAILGUARD_FAILPOINTS": point},
        timeout=100,
    )
    assert killed.returncode == -signal.SIGKILL
    school = office(folder)
    try:
        recorded = [len(destructions(school, each)) for each in ids]
        gone = [not is_readable(school, each) for each in ids]
        # Nothing is gone that is not on the record.
        assert all(count == 1 for count, is_gone in zip(recorded, gone, strict=True) if is_gone)
        assert sum(recorded) in {1, 2}
        later(school, 40)
        retention(school).daily()
        assert [is_readable(school, each) for each in ids] == [False] * 3
        assert [len(destructions(school, each)) for each in ids] == [1, 1, 1]
        assert not trail_of(school).verify().problems
    finally:
        school.close()
