"""Blank events: at random, saying nothing, and enough of them that a gap in the numbers says nothing."""

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailguard.app.trail_blanks import Blanks
from mailguard.domain.audit import AuditTag
from tests.storing import School, one_report, open_school, opening, school_settings

MINUTES_A_DAY = 1440


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    opened = open_school(school_settings(tmp_path / "state"))
    yield opened
    opened.opened.store.close()


def minutes(school: School, blanks: Blanks, count: int) -> list[int]:
    """How many were written in each minute."""
    written, before = [], school.trail.head().size
    for _ in range(count):
        blanks.minute()
        after = school.trail.head().size
        written.append(after - before)
        before = after
    return written


def test_a_blank_event_says_nothing_and_is_proved_as_any_other(school: School):
    blanks = Blanks(school.opened.store, school.trail, draw=lambda: 0.0)
    school.casebook.open_or_join(opening(), one_report)
    blanks.minute()
    with school.opened.store.reading() as transaction:
        _, blank, checkpoint = transaction.audit.events()
        (note,) = transaction.audit.checkpoints()
    assert (blank.tag, blank.actor, blank.case_id, dict(blank.detail)) == (AuditTag.BLANK, "daemon", "", {})
    assert len(blank.salt) == 32
    assert checkpoint.tag == AuditTag.CHECKPOINT_SIGNED
    assert note.split("\n")[1] == "3"
    assert school.trail.verify().is_intact


def test_they_come_in_runs_with_quiet_between_and_not_too_many(school: School):
    written = minutes(
        school,
        Blanks(school.opened.store, school.trail, draw=random.Random(20261129).random),
        5 * MINUTES_A_DAY,
    )
    assert 5 * 5 < sum(written) < 5 * 120
    assert max(written) > 1
    with_any = [number for number, count in enumerate(written) if count]
    gaps = [later - earlier for earlier, later in itertools.pairwise(with_any)]
    assert sum(gap < 20 for gap in gaps) > len(gaps) / 2
    assert max(gaps) > 120


def test_the_first_run_begins_with_the_process(school: School):
    draws = iter([0.9, 0.9, 0.1, 0.5, 0.9, 0.9])
    written = minutes(school, Blanks(school.opened.store, school.trail, draw=lambda: next(draws)), 2)
    assert written == [0, 3]
