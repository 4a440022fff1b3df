"""Which words show a school's life, and which only look so."""

from __future__ import annotations

import pytest

from mailguard.domain.school_activity import shows_school_activity


@pytest.mark.parametrize(
    "words",
    [
        "dress rehearsal, what a lot",
        "our Y10s smashed it",
        "Y7 den building",
        "yr 9 on the bus",
        "Year 13 leaving",
        "year sevens in the mud",
        "the school musical",
        "sixth formers at the food bank",
        "staff v students netball",
        "World Book Day!",
        "my GCSE group's pots",
        "KS3 bake off",
        "the girls in my form",
        "8H at the farm",
        "end of term show",
        "my under 15s after the semi",
        "the netball semi on Saturday",
        "our hockey girls",
    ],
)
def test_words_of_a_schools_life_are_found(words: str) -> None:
    assert shows_school_activity((words,), "Hill School")


@pytest.mark.parametrize(
    "words",
    [
        "8h ago",
        "posted 7d ago",
        "my 2 yr 7 mo old",
        "Sunday raku: will it crack?",
        "old school friends reunion",
        "garden, year by year",
        "route A10s to Ely",
        "our holiday in Wales",
        "my Ray 7 headphones",
    ],
)
def test_words_of_other_lives_are_not(words: str) -> None:
    assert not shows_school_activity((words,), "Hill School")
