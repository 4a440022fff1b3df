"""The arithmetic of an evaluation, on answers small enough to count by hand."""

from __future__ import annotations

import pytest

from mailguard.classifier.figures import (
    Answer,
    by_class,
    by_label,
    calibration,
    confusion,
    curve,
    macro_f1,
    right_share,
    share,
)

ANSWERS = [
    Answer("a:1", "threat", "threat", 0.9),
    Answer("a:2", "threat", "admin", 0.6),
    Answer("a:3", "admin", "admin", 0.8),
    Answer("a:4", "admin", "", 0.0),
]


def test_precision_recall_and_f1_are_counted_by_class():
    classes = by_class(ANSWERS)
    threat, admin = classes["threat"], classes["admin"]
    assert (threat.precision, threat.recall, threat.f1) == (1.0, 0.5, 0.6667)
    assert (admin.precision, admin.recall, admin.f1) == (0.5, 0.5, 0.5)
    assert macro_f1(classes) == pytest.approx((0.6667 + 0.5) / 2, abs=1e-4)
    assert right_share(ANSWERS) == 0.5


def test_a_confusion_has_what_was_said_of_each_truth_and_silence_by_its_name():
    assert confusion(ANSWERS) == {"admin": {"admin": 1, "nothing": 1}, "threat": {"threat": 1, "admin": 1}}


def test_where_several_may_hold_each_counts():
    pairs = [
        (frozenset({"threat", "personal"}), frozenset({"threat"})),
        (frozenset({"personal"}), frozenset({"personal", "threat"})),
    ]
    found = by_label(pairs)
    assert (found["threat"].texts, found["threat"].said, found["threat"].right) == (1, 2, 1)
    assert (found["personal"].texts, found["personal"].said, found["personal"].right) == (2, 1, 1)


def test_a_model_as_sure_as_it_is_right_has_no_calibration_error_and_one_that_brags_has():
    honest = [(0.75, True)] * 3 + [(0.75, False)]
    assert calibration(honest)[1] == 0.0
    bins, error = calibration([(0.95, False)] * 10)
    assert error == pytest.approx(0.95)
    assert [(entry.count, entry.sure, entry.right) for entry in bins] == [(10, 0.95, 0.0)]
    assert calibration([]) == ((), 0.0)
    assert calibration([(1.0, True)])[0][0].count == 1


def test_a_curve_says_what_each_threshold_would_find_and_mistake():
    points = curve([(0.9, True), (0.4, True), (0.6, False), (0.1, False)], steps=(0.3, 0.5, 0.95))
    assert [(point.found, point.false) for point in points] == [(2, 1), (1, 1), (0, 0)]
    assert [(point.precision, point.recall) for point in points] == [(0.6667, 1.0), (0.5, 0.5), (0.0, 0.0)]


def test_a_share_of_nothing_is_nothing():
    assert share(0, 0) == 0.0
