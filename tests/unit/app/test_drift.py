"""Drift is told when what the model says has moved, and not when only chance moved it."""

import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from mailguard.app.drift import (
    DRIFTED,
    KIND,
    NATURE,
    WATCH,
    ScoreTally,
    SeriesDrift,
    drift,
    measured_drift,
    stability_index,
    unknown_platforms,
)
from mailguard.app.drift_words import drift_figures, drift_problems, drift_state, series_words
from mailguard.app.ports_learning import ScoreCount
from mailguard.app.sampling import iso_week
from mailguard.app.sightings import ModelFaults, begin_model_faults, sightings
from mailguard.classifier.predict import LinearClassifier, Thresholds
from mailguard.classifier.weights import unpack
from mailguard.domain.scores import Scores
from mailguard.domain.words import Kind, Nature
from mailguard.reading.message import read
from tests.models import flat_weights, manifest
from tests.storing import School, open_school, school_settings

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
    assert drift_state(found) == "mail looks to the model as it did in its first weeks here"


def test_a_school_whose_mail_reads_more_like_children_s_is_told_so_in_words():
    shifted = {"0.0": 0.45, "0.1": 0.15, "0.5": 0.15, "0.9": 0.25}
    found = measured_drift(counts([BEFORE] * 6 + [shifted] * 2), model="m", today=TODAY)
    assert [each.series for each in found.drifted] == ["child"]
    ((says, fix),) = drift_problems(found)
    assert re.fullmatch(
        r"letters that read clearly like a child's: 3 of 100 in the model's first weeks here, 2\d of 100 now",
        says,
    ) or re.fullmatch(
        r"letters that do not read like a child's: \d\d of 100 in the model's first weeks here, 4\d of 100 now",
        says,
    )
    assert "mailguard model train" in fix


@pytest.mark.parametrize(
    ("series", "before", "now", "says"),
    [
        ("child", {"0.0": 0.9, "0.1": 0.1}, {"0.0": 0.4, "0.1": 0.6},
         "letters that read a little like a child's: 10 of 100 in the model's first weeks here, 60 of 100 now"),
        ("child", {"0.1": 0.9, "0.4": 0.1}, {"0.1": 0.1, "0.4": 0.9}, "how much messages read like a child's has shifted"),
        ("certain", {"certain": 1.0}, {"certain": 0.8, "uncertain": 0.2},
         "letters of which the model is unsure: none in the model's first weeks here, 20 of 100 now"),
        ("nature", {"none": 0.996, "disclosure": 0.004}, {"none": 0.7, "disclosure": 0.3},
         "letters that may tell of harm: fewer than 1 of 100 in the model's first weeks here, 30 of 100 now"),
        ("kind", {"direct": 0.5, "bulk": 0.5}, {"direct": 0.5, "bulk": 0.1, "never-heard": 0.4}, None),
    ],
)  # fmt: skip
def test_what_has_moved_is_said_in_counts_of_a_hundred(
    series: str, before: dict[str, float], now: dict[str, float], says: str | None
):
    found = series_words(SeriesDrift(series, 1.0, before, now))
    assert says is None or found == says
    assert re.search(r"\d\.\d|%|index", found) is None


def test_every_word_of_the_model_has_words_for_people():
    for series, words in ((KIND, Kind), (NATURE, Nature)):
        for word in words:
            found = series_words(SeriesDrift(series, 1.0, {word.value: 0.0}, {word.value: 1.0}))
            assert found.split(":")[0] != word.value


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    opened = open_school(school_settings(tmp_path / "state"))
    yield opened
    opened.opened.store.close()


@pytest.mark.parametrize("in_force", ["new", ""])
def test_services_nobody_listed_are_counted_through_promotions_and_without_a_model(
    school: School, in_force: str
):
    rates = [0.05] * 6 + [0.30] * 2
    models = ["old"] * 5 + ["new"] * 2 + [""]
    found = counts([BEFORE] * 8, unlisted=rates, seed=2)
    with school.opened.store.transaction() as transaction:
        for week, model in zip(weeks(8), models, strict=True):
            said = {(each.series, each.bin): each.count for each in found if each.week == week}
            transaction.scores.add(week=week, model=model, counts=said)
    with school.opened.store.reading() as transaction:
        seen = drift(transaction, model=in_force, today=TODAY)
    assert seen.missing
    assert seen.has_more_unknown_platforms
    ((says, fix),) = drift_problems(seen)
    assert re.fullmatch(
        r"notifications of services nobody listed: \d of 100 in the first weeks here, \d\d of 100 now", says
    )
    assert "platforms.toml" in fix


def test_messages_that_could_not_be_scored_are_counted_by_all_processes_and_anew_from_each_start(
    school: School,
):
    model = LinearClassifier(
        model_id="m",
        weights=unpack(flat_weights()),
        thresholds=Thresholds.from_dict(manifest()["thresholds"]),
    )
    broken = model.predict(None)  # type: ignore[arg-type]
    right = model.predict(read(b"Subject: x\r\n\r\nDear Ms Nair, may I hand it in on Monday?\r\n"))
    of_typed_text = replace(broken, kind=right.kind, event=right.event)
    store = school.opened.store

    def consider(tally: ScoreTally, *found: Scores) -> None:
        for scores in found:
            seen = SimpleNamespace(
                scores=scores,
                assessment=SimpleNamespace(platform=None),
                versions=SimpleNamespace(model=scores.model_id),
            )
            tally.consider(seen)  # type: ignore[arg-type]
        tally.flush()

    def faults() -> ModelFaults:
        with store.reading() as transaction:
            return sightings(transaction.ledger).model_faults

    worker, parent = ScoreTally(store, lambda: TODAY), ScoreTally(store, lambda: TODAY)
    consider(worker, broken)
    consider(parent, right, right, of_typed_text, Scores(), Scores(model_id="m", kind=right.kind))
    consider(parent)
    assert faults() == ModelFaults(judged=5, faults=2)
    with store.transaction() as transaction:
        begin_model_faults(transaction.ledger)
    assert faults() == ModelFaults()


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
    seen = counts([BEFORE] * 8)
    found = replace(
        measured_drift(seen, model="m", today=TODAY), unknown_platforms=unknown_platforms(seen, today=TODAY)
    )
    names = [(name, value_of) for name, _, _, _, value_of in drift_figures(found)]
    assert len(names) == len(set(names))
    assert ("model_drift_index", "child") in names
    assert ("unknown_platform_share", "") in names


def test_weeks_sort_as_texts_over_the_new_year():
    days = [date(2026, 12, 21) + timedelta(days=7 * step) for step in range(4)]
    assert [iso_week(day) for day in days] == sorted(iso_week(day) for day in days)
