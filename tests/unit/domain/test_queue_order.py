from datetime import UTC, datetime, timedelta

from mailguard.domain.case import CaseState, Mode
from mailguard.domain.queue_order import queue_place
from mailguard.domain.words import Level, ReportWhen

NOON = datetime(2026, 9, 28, 12, tzinfo=UTC)


def place(**more) -> str:
    fields = {
        "state": CaseState.NEW,
        "mode": Mode.ENFORCE,
        "report_when": ReportWhen.NOW,
        "level": Level.NOW,
        "opened_at": NOON,
        "decided_at": None,
    }
    return queue_place(**{**fields, **more})


def test_a_graver_report_stands_above_an_older_one():
    assert place(level=Level.EMERGENCY) < place(opened_at=NOON - timedelta(days=1))


def test_among_equals_the_older_stands_above():
    assert place(opened_at=NOON - timedelta(microseconds=1)) < place()


def test_an_acknowledged_report_stands_below_every_other_report_and_above_what_is_only_held():
    read = place(state=CaseState.ACKNOWLEDGED, level=Level.EMERGENCY)
    held = place(report_when=ReportWhen.DIGEST, level=Level.DIGEST, opened_at=NOON - timedelta(days=9))
    assert place() < read < held


def test_among_decided_cases_the_one_decided_last_stands_above():
    earlier = place(state=CaseState.DECIDED, decided_at=NOON)
    later = place(state=CaseState.DECIDED, decided_at=NOON + timedelta(seconds=1))
    assert later < earlier


def test_every_place_has_the_same_length_whatever_the_time():
    times = [datetime(1960, 1, 1, tzinfo=UTC), NOON, datetime(9999, 12, 31, tzinfo=UTC)]
    assert {len(place(opened_at=at)) for at in times} == {19}
