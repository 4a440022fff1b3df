"""Two short letters of one writer as one, with the natures of both, to learn from beside the letters as they were written.

Most letters to learn from hold one thought, and a model of them learns that one shuts out the other: an invitation the wish that
nobody hear of it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from mailguard.classifier.corpus import Record
from mailguard.classifier.heads import GRAVE
from mailguard.domain.words import Kind, Nature

SHORT_WORDS = 45
_EVERY = 6  # of the short letters, those that are joined with another
_BETWEEN = ("\n", "\n\n", " ", ". ")
# A picture is the message only where nothing else is; what a machine wrote is joined with nothing.
_ALONE = frozenset({Nature.IMAGE, Nature.AUTOMATIC})


def joined_records(records: Sequence[Record], *, seed: int) -> list[Record]:
    """Every sixth short letter with another of its file, by the same kind of writer, in the same language; always the same ones.

    Of one file, because what one hand wrote is held out together. Two letters of different harmless natures are not joined: which of
    them the whole would be, nobody has said.
    """
    groups: dict[tuple[object, ...], list[Record]] = {}
    for record in records:
        if is_short_letter(record):
            key = (record.file, record.initiator, record.direction, record.language)
            groups.setdefault(key, []).append(record)
    rng = random.Random(seed)
    found: list[Record] = []
    for group in groups.values():
        for first in group[::_EVERY]:
            second = rng.choice(group)
            natures = natures_of_both(first.natures, second.natures)
            if second is not first and natures:
                body = f"{first.body}{rng.choice(_BETWEEN)}{second.body}"
                found.append(replace(first, body=body, natures=natures))
    return found


def is_short_letter(record: Record) -> bool:
    """A letter that may be joined."""
    return (
        record.kind is Kind.DIRECT
        and not _ALONE.intersection(record.natures)
        and 1 <= len(record.body.split()) <= SHORT_WORDS
    )


def natures_of_both(one: Sequence[Nature], other: Sequence[Nature]) -> tuple[Nature, ...]:
    """Every grave nature of either; where neither has one, the harmless nature they share, or nothing."""
    grave = tuple(dict.fromkeys(nature for nature in (*one, *other) if nature.value in GRAVE))
    return grave or tuple(nature for nature in one if nature in other)
