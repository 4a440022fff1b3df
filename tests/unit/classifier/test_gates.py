"""Gates: measured on frozen texts, bound by the better of two other models, and said in words for the admin."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mailguard.classifier.frozen import Figure, Measured, expected_calibration_error, measure_set
from mailguard.classifier.gates import GATES, GateRow, gate_row_of, gate_rows
from mailguard.classifier.promotion import CHILD_RECALL_GATES
from mailguard.domain.message import MessageFacts
from mailguard.domain.scores import Scores
from mailguard.domain.words import Initiator, Kind, Nature

TEXTS = """== nature=personal initiator=child
Subject: hi
u there sir
== nature=disclosure initiator=child
Subject: help
he hits me
== nature=admin initiator=parent
Subject: ill
Jo is ill today
== nature=threat initiator=parent
Subject: last warning
you will regret it
== nature=admin initiator=staff direction=outbound
Subject: re
thank you
== kind=notification platform=known event=follow initiator=other
Subject: new
somebody follows you
== kind=notification platform=never event=comment initiator=other
Subject: new
somebody wrote a comment
"""


@dataclass
class Fixed:
    """Says the same of every message."""

    scores: Scores
    model_id: str = "fixed"

    def predict(self, facts: MessageFacts) -> Scores:
        return self.scores


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("frozen")
    (folder / "a.txt").write_text(TEXTS)
    return folder


def measured_on(texts: Path, scores: Scores) -> Measured:
    return measure_set(Fixed(scores), "test", known_platforms=frozenset({"known"}), folder=texts)


def counts(measured: Measured) -> dict[str, tuple[int, int]]:
    return {
        name: (figure.right, figure.of)
        for name, figure in measured.figures.items()
        if not name.startswith("calibration")
    }


def test_each_text_counts_where_it_belongs(texts: Path):
    everything = tuple(nature.value for nature in Nature)
    alarmed = Scores(
        model_id="m",
        kind={Kind.DIRECT.value: 0.9},
        event={"follow": 0.8},
        initiator={Initiator.CHILD.value: 0.9},
        natures_over_threshold=everything,
        is_child_voice=True,
    )
    assert counts(measured_on(texts, alarmed)) == {
        "kind-right": (5, 7),
        "probable-child-found": (2, 2),
        "grave-words-of-children-found": (1, 1),
        "adults-taken-for-children": (2, 2),
        "parents-letters-held": (1, 1),
        "grave-words-of-adults-found": (1, 1),
        "events-of-known-platforms": (1, 1),
        "events-of-unseen-platforms": (0, 1),
    }


def test_a_model_that_says_nothing_passes_no_gate_of_recall(texts: Path):
    silent = measured_on(texts, Scores())
    failed = {row.name for row in gate_rows((silent,)) if not row.passed}
    assert set(CHILD_RECALL_GATES) <= failed
    assert {"kind-right", "events-of-known-platforms"} <= failed


def test_every_gate_of_child_recall_exists():
    assert set(CHILD_RECALL_GATES) <= {gate.name for gate in GATES if gate.is_at_least}


def with_figures(values: Mapping[str, float]) -> Measured:
    figures = {name: Figure(name, 0, 100, value) for name, value in values.items()}
    return Measured("test", "", figures, ())


@dataclass(frozen=True)
class Case:
    name: str
    value: float
    in_force: float | None
    shipped: float | None
    bound: float
    passed: bool
    of: str = field(default="probable-child-found")


CASES = (
    Case("as good as in force", 0.80, 0.80, 0.80, 0.79, True),
    Case("within tolerance", 0.79, 0.80, 0.80, 0.79, True),
    Case("beyond tolerance", 0.785, 0.80, 0.80, 0.79, False),
    Case("worse than shipped, though in force is worse still", 0.80, 0.795, 0.90, 0.89, False),
    Case("nothing to compare with", 0.15, None, None, 0.2, False),
    Case("the one in force is dark", 0.80, None, 0.80, 0.79, True),
    Case("more adults taken", 0.05, 0.01, 0.02, 0.015, False, "adults-taken-for-children"),
    Case("few enough anyway", 0.009, 0.0, 0.0, 0.01, True, "adults-taken-for-children"),
    Case("calibration as promised", 0.03, 0.001, 0.001, 0.03, True, "calibration-event"),
    Case("calibration promised and not kept", 0.031, 0.028, 0.028, 0.03, False, "calibration-event"),
    Case(
        "calibration of the others is worse already", 0.055, 0.05, 0.08, 0.055, True, "calibration-initiator"
    ),
    Case(
        "calibration worse than that of the others", 0.056, 0.08, 0.05, 0.055, False, "calibration-initiator"
    ),
    Case("calibration of natures", 0.04, 0.02, None, 0.03, False, "calibration-nature"),
    Case("calibration, nothing to compare with", 0.031, None, None, 0.03, False, "calibration-kind"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bounds_follow_the_better_of_the_two(case: Case):
    def other(value: float | None) -> tuple[Measured, ...] | None:
        return None if value is None else (with_figures({case.of: value}),)

    (row,) = gate_rows(
        (with_figures({case.of: case.value}),), in_force=other(case.in_force), shipped=other(case.shipped)
    )
    assert row.bound == pytest.approx(case.bound)
    assert (row.passed, row.before) == (case.passed, case.in_force)


def test_a_row_is_read_back_from_a_manifest_and_says_it_in_words():
    row = GateRow("probable-child-found", "test", "children's messages found", 0.5, 0.6, 0.59, True, False)
    assert gate_row_of(row.as_dict()) == row
    assert row.as_dict()["pass"] is False
    assert (
        row.in_words == "FAILED  children's messages found (test): 50.0 %; at least 59.0 %, in force 60.0 %"
    )


def test_calibration_error_is_the_distance_between_what_was_said_and_what_was_right():
    assert expected_calibration_error([]) == 0
    assert expected_calibration_error([(0.95, True)] * 19 + [(0.95, False)]) == pytest.approx(0)
    assert expected_calibration_error([(0.95, False)] * 10) == pytest.approx(0.95)
    assert expected_calibration_error([(1.0, True)] * 3) == pytest.approx(0)


def test_natures_that_are_said_and_do_not_hold_make_the_calibration_of_natures_worse(texts: Path):
    def error(nature: dict[str, float]) -> float:
        value = measured_on(texts, Scores(model_id="m", nature=nature)).value("calibration-nature")
        assert value is not None
        return value

    # Of five letters one tells of harm: a fifth is right, all but certain is wrong, and what is ruled out does not count.
    assert error({"disclosure": 0.2}) == pytest.approx(0)
    assert error({"disclosure": 0.99}) == pytest.approx(0.79)
    assert error({"disclosure": 0.99, "image": 0.01, "threat": 0.05}) == pytest.approx(0.79)
    (row,) = [
        row
        for row in gate_rows((measured_on(texts, Scores(model_id="m", nature={"disclosure": 0.99})),))
        if row.name == "calibration-nature"
    ]
    assert not row.passed
