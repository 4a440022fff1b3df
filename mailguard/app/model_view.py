"""What the model is and how good it is, in sentences a head teacher can weigh. Figures are the manifest's own.

A figure that a manifest does not have is left out, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_NATURES = {
    "disclosure": "tell of harm, danger or despair",
    "allegation": "accuse an adult of the school",
    "threat": "threaten somebody",
    "meeting_or_secrecy": "ask to meet, or to keep contact secret",
    "image": "are a picture, video or voice note",
    "social_invite": "invite off the school's channels",
    "personal": "are personal",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """``number`` stands large beside the sentence: "24 of 100"."""

    number: str
    says: str


@dataclass(frozen=True, slots=True)
class NatureFigure:
    """Of 100 each; None where too few held-out texts were there to say."""

    says: str
    of_children: int | None
    of_adults: int | None
    wrongly: int
    texts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelView:
    figures: tuple[Figure, ...]
    natures: tuple[NatureFigure, ...]
    trained_on: tuple[str, ...]


_FEWEST = 20


def model_view(manifest: Mapping[str, Any]) -> ModelView:
    """Total: a manifest of any version gives what it has."""
    return ModelView(
        figures=tuple(_figures(_part(manifest, "held_out"))),
        natures=tuple(_natures(_part(_part(manifest, "held_out"), "natures"))),
        trained_on=tuple(_trained_on(manifest)),
    )


def _figures(held: Mapping[str, Any]) -> Iterator[Figure]:
    # Models made before there were two thresholds have figures of the stricter one only.
    voice = _part(held, "likely_child") or _part(held, "child_voice")
    children, found = _count(voice, "children"), _count(voice, "children_found")
    if children:
        yield Figure(
            f"{_of_hundred(found, children)} of 100",
            "children who write from an address that is on no list are recognised by their writing alone. A child "
            "whose address is on the list is always recognised: that is the list's work, not the model's.",
        )
    adults, mistaken = _count(voice, "adults"), _count(voice, "adults_mistaken")
    if adults:
        yield Figure(
            f"{mistaken:,} of {adults:,}",
            "letters of adults were taken for a child's. Each would be held until somebody has looked at it.",
        )
    for key, says in (
        ("kind_right", "messages are put into the right drawer: a person's letter, a service's notification, "
                       "a circular, an automatic answer."),
        ("event_right", "notifications of services it never saw in training are named rightly: a friend request, "
                        "a comment, a message."),
        ("headline_nature_right", "letters are given the right main subject, of twelve."),
    ):  # fmt: skip
        share = held.get(key)
        if isinstance(share, float) and 0 <= share <= 1:
            yield Figure(f"{round(share * 100)} of 100", says)


def _natures(natures: Mapping[str, Any]) -> Iterator[NatureFigure]:
    for word, says in _NATURES.items():
        counts = _part(natures, word)
        children, adults = _count(counts, "child"), _count(counts, "adult")
        if not children and not adults:
            continue
        yield NatureFigure(
            says=says,
            of_children=_of_hundred(_count(counts, "child_found"), children) if children >= _FEWEST else None,
            of_adults=_of_hundred(_count(counts, "adult_found"), adults) if adults >= _FEWEST else None,
            wrongly=_count(counts, "child_false") + _count(counts, "adult_false"),
            texts=children + adults,
        )


def _trained_on(manifest: Mapping[str, Any]) -> Iterator[str]:
    records = _count(_part(manifest, "corpus"), "records")
    if records:
        yield f"{records:,} texts that were written for it, in the shapes of real mail"
    office = _count(_part(manifest, "office_mail"), "messages")
    if office:
        yield f"{office:,} real letters between adults of an office, as examples of what is no child's"
    extra = _count(manifest, "extra_examples")
    if extra:
        yield f"{extra:,} decisions of this school's reviewers"


def _part(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = value.get(key)
    return part if isinstance(part, Mapping) else {}


def _count(value: Mapping[str, Any], key: str) -> int:
    number = value.get(key)
    return number if isinstance(number, int) and number >= 0 else 0


def _of_hundred(found: int, total: int) -> int:
    return round(100 * found / total)
