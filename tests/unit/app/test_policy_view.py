"""The table, the model's figures and the disagreements as a DCPO reads them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mailguard.app.disagreements import disagreements, drift_words
from mailguard.app.model_view import model_view
from mailguard.app.policy_view import row_views
from mailguard.app.policy_words import DIMENSION_LABELS
from mailguard.cli.policy_reference import shipped_policy
from mailguard.domain.situation import DIMENSIONS
from mailguard.shipped import shipped_path
from tests.effects_fixture import RAW, MovingClock, Office, RememberingCourier


def test_every_dimension_has_a_label() -> None:
    assert set(DIMENSION_LABELS) == set(DIMENSIONS)


def test_a_row_says_when_what_and_why() -> None:
    rows = {row.code: row for row in row_views(shipped_policy())}
    row = rows["D1"]
    assert row.does == "Held, reported now, level 5."
    assert row.not_told == "the recipients and whoever is accused"
    assert [number for number, _ in row.clauses] == ["3.b2", "3.b5"]
    (conditions,) = row.when
    assert [(each.label, each.is_not) for each in conditions] == [
        ("Which way it goes", False),
        ("Who wrote", False),
        ("What it is about", False),
    ]
    assert conditions[1].meaning == "A listed pupil's address, or any address under a pupil domain."
    assert "meeting or secrecy" in conditions[2].values


def test_every_row_of_the_table_is_shown_in_its_order() -> None:
    policy = shipped_policy()
    assert [row.code for row in row_views(policy)] == [row.code for row in policy.rows]


def test_the_shipped_models_figures_become_sentences() -> None:
    manifest = json.loads((shipped_path("models") / "manifest.json").read_text("utf-8"))
    view = model_view(manifest)
    held = manifest["held_out"]
    voice = held.get("likely_child") or held["child_voice"]
    assert view.figures[0].number == f"{round(100 * voice['children_found'] / voice['children'])} of 100"
    assert view.natures
    assert view.trained_on


def test_an_address_that_nobody_knows_is_what_the_page_speaks_of() -> None:
    counts = {"children": 100, "children_found": 40, "adults": 50, "adults_mistaken": 1}
    held = {"child_voice": counts, "likely_child": counts | {"children_found": 80, "adults_mistaken": 3}}
    assert [figure.number for figure in model_view({"held_out": held}).figures] == ["80 of 100", "3 of 50"]
    assert model_view({"held_out": {"child_voice": counts}}).figures[0].number == "40 of 100"


@pytest.mark.parametrize("manifest", [{}, {"held_out": 3}, {"held_out": {"child_voice": {"children": 0}}}])
def test_a_manifest_without_figures_gives_none(manifest: dict[str, Any]) -> None:
    assert model_view(manifest).figures == ()


def test_drift_is_said_only_when_there_is_enough_to_say_it() -> None:
    assert drift_words(19, 19, 200, 0).startswith("Too few")
    assert drift_words(100, 40, 100, 20).startswith("More is let go")
    assert drift_words(100, 10, 100, 30).startswith("Less is let go")
    assert drift_words(100, 25, 100, 20).startswith("About as much")


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def office(tmp_path: Path, clock: MovingClock) -> Iterator[Office]:
    office = Office(tmp_path, RememberingCourier(), clock=clock)
    yield office
    office.close()


def test_what_people_let_go_is_counted_by_row_and_closed_cases_are_not(
    office: Office, clock: MovingClock
) -> None:
    ids = [office.receive(raw=RAW + str(number).encode()).case_id for number in range(5)]
    office.casebook.dismiss(ids[0], by="acc-head")
    clock.pass_time(days=40)
    office.casebook.dismiss(ids[1], by="acc-head")
    office.casebook.release(ids[2], by="acc-head")
    office.casebook.confirm(ids[3], by="acc-head")
    with office.store.reading() as transaction:
        found = disagreements(transaction, lambda case_id: case_id != ids[2], now=clock.now())
    assert (found.recent, found.recent_overruled, found.before, found.before_overruled) == (2, 1, 1, 1)
    assert [(each.row, each.decided, each.overruled) for each in found.rows] == [("D2", 2, 1)]
    assert [case.id for case in found.listed] == [ids[1]]
