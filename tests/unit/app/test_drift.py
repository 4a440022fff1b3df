"""Drift is told when what the model says has moved, and not when only chance moved it."""

import random
from collections import Counter
from datetime import date, timedelta

import pytest

from mailguard.app.drift import (
    DRIFTED,
    WATCH,
    measured_drift,
    stability_index,
)
from mailguard.app.drift_words import drift_figures, drift_problems, drift_state
from mailguard.app.ports_learning import ScoreCount
from mailguard.app.sampling import iso_week

TODAY = date(2026, 11, 25)
BEFORE = {"0.0": 0.80, "0.1": 0.12, "0.5": 0.05, "0.9": 0.03}


def weeks(count: int) -> list[str]:
    """The last full ones, oldest first."""
    return [iso_week(TODAY - timedelta(weeks=back)) for back in range(count, 0, -1)]


def drawn(shares: dict[str, float], count: int, chance: random.Random) -> Counter[str]:
    return Counter(chance.choices(list(shares), weights=list(shares.values()), k=count))


def counts(
    shares_by_week: list[dict[str, float]],
    *,
    messages: int = 2000,
    unlisted: list[float] | None = None,
    seed: int = 1,
) -> list[ScoreCount]:
    chance = random.Random(seed)
    found = []
    for place, (week, shares) in enumerate(zip(weeks(len(shares_by_week)), shares_by_week, strict=True)):
        for each, count in drawn(shares, messages, chance).items():
            found.append(ScoreCount(week, "m", "child", each, count))
        found.append(ScoreCount(week, "m", "kind", "direct", messages))
        rate = unlisted[place] if unlisted else 0.05
        for each, count in drawn({"unlisted": rate, "listed": 1 - rate}, 200, chance).items():
            found.append(ScoreCount(week, "m", "platform", each, count))
    return found


def test_equal_distributions_have_no_distance_and_a_moved_one_has():
    same = {"a": 500, "b": 500}
    assert stability_index(same, {"a": 50, "b": 50}) < 0.001
    assert stability_index(same, {"a": 900, "b": 100}) > DRIFTED
    assert WATCH > stability_index(same, {"a": 560, "b": 440}) > 0


@pytest.mark.parametrize("seed", range(5))
def test_chance_alone_is_no_drift(seed: int):
    found = measured_drift(counts([BEFORE] * 8, messages=400, seed=seed), model="m", today=TODAY)
    assert found.drifted == ()
    assert list(drift_problems(found)) == []
    assert "as in the model's first weeks" in drift_state(found)


def test_a_school_whose_mail_reads_more_like_children_s_is_told_so_in_words():
    shifted = {"0.0": 0.45, "0.1": 0.15, "0.5": 0.15, "0.9": 0.25}
    found = measured_drift(counts([BEFORE] * 6 + [shifted] * 2), model="m", today=TODAY)
    assert [each.series for each in found.drifted] == ["child"]
    ((says, fix),) = drift_problems(found)
    assert "read like a child's" in says
    assert "mailguard model train" in fix


def test_more_notifications_of_services_nobody_listed_are_told():
    rates = [0.05] * 6 + [0.30] * 2
    found = measured_drift(counts([BEFORE] * 8, unlisted=rates, seed=2), model="m", today=TODAY)
    assert found.has_more_unknown_platforms
    ((says, _),) = drift_problems(found)
    assert "services nobody listed" in says


def test_drift_is_measured_against_the_first_weeks_and_not_against_last_month():
    creeping = [{"0.0": 0.80 - 0.05 * step, "0.9": 0.20 + 0.05 * step} for step in range(10)]
    assert measured_drift(counts(creeping), model="m", today=TODAY).drifted


@pytest.mark.parametrize(("how_many", "messages"), [(0, 2000), (4, 2000), (6, 20)])
def test_too_little_is_said_to_be_too_little(how_many: int, messages: int):
    found = measured_drift(counts([BEFORE] * how_many, messages=messages), model="m", today=TODAY)
    assert found.missing
    assert "not known yet" in drift_state(found)
    assert list(drift_problems(found)) == []
    assert list(drift_figures(found)) == []


def test_the_running_week_does_not_count():
    full = counts([BEFORE] * 6)
    now = [
        ScoreCount(iso_week(TODAY), "m", "child", "0.9", 50_000),
        ScoreCount(iso_week(TODAY), "m", "kind", "direct", 50_000),
    ]
    assert measured_drift([*full, *now], model="m", today=TODAY).drifted == ()


def test_figures_name_each_series_once():
    found = measured_drift(counts([BEFORE] * 8), model="m", today=TODAY)
    names = [(name, value_of) for name, _, _, _, value_of in drift_figures(found)]
    assert len(names) == len(set(names))
    assert ("model_drift_index", "child") in names
    assert ("unknown_platform_share", "") in names


def test_weeks_sort_as_texts_over_the_new_year():
    days = [date(2026, 12, 21) + timedelta(days=7 * step) for step in range(4)]
    assert [iso_week(day) for day in days] == sorted(iso_week(day) for day in days)
