"""No line that somebody may send makes a wording search for long."""

from __future__ import annotations

import re
import time
from dataclasses import fields

import pytest

from mailguard.reading.platforms_text import line_of
from tests.unit.reading.platforms.messages import shipped

_LONGEST = 240
_MOST_SECONDS = 2.0
_JOINED = [f"Tia {word} " for word in "and und et y e i ve en og och و и 和".split()]
_REPEATED = [
    "and a ",
    "x, ",
    "a ",
    "aa ",
    '"a" ',
    "12 ",
    "a",
    "1",
    '"',
    ": ",
    "new ",
    "also ",
    "has just ",
    *_JOINED,
]


def every_pattern() -> list[re.Pattern[str]]:
    wordings = {
        wording.expression: wording.pattern
        for one in shipped()._wordings.values()
        for wording in one._wordings
    }
    rules = shipped()._rules
    of_text = (getattr(rules, field.name) for field in fields(rules))
    return [*wordings.values(), *(rule for rule in of_text if isinstance(rule, re.Pattern))]


@pytest.mark.parametrize("repeated", _REPEATED)
@pytest.mark.parametrize("end", ["", " say hi miss"])
def test_all_wordings_read_a_hostile_line_in_little_time(repeated: str, end: str):
    patterns = every_pattern()

    # The shorter lines first: what doubles with each word is told before it takes hours.
    for length in (90, 120, _LONGEST):
        line = line_of((repeated * length)[: length - len(end)] + end).folded
        started = time.perf_counter()
        for pattern in patterns:
            pattern.search(line)
        assert time.perf_counter() - started < _MOST_SECONDS, f"{length} characters"
