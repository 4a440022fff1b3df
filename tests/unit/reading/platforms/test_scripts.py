"""Wordings of languages with letters of their own are tried where a line has such letters, and nothing is lost by that."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from mailguard.reading.platforms_text import SCRIPT_OF, scripts_in
from tests.unit.reading.platforms.messages import shipped


@pytest.mark.parametrize(
    ("text", "scripts"),
    [
        ("Tia sent you a message", set()),
        ("Zoë écrit à Łukasz", set()),
        ("Тіа надіслала", {"cyrillic"}),
        ("Tia さんがフォロー", {"han"}),
        ("陳柏宇 and أحمد", {"han", "arabic"}),
        ("Μαρία sent", {"greek"}),
        ("તિયા", {"gujarati"}),
    ],
)
def test_scripts_of_a_line(text: str, scripts: set[str]):
    assert scripts_in(text) == scripts


def test_every_wording_of_such_a_language_needs_a_letter_of_it():
    lacking = Counter(
        (wording.language, wording.pattern.pattern)
        for wording in shipped()._wordings[""]._wordings
        if (script := SCRIPT_OF.get(wording.language)) is not None
        # Taking every optional part away must leave some of its letters.
        and script not in scripts_in(re.sub(r"\((?:[^()]|\([^()]*\))*\)\?|.\?", "", wording.pattern.pattern))
    )

    assert not lacking
