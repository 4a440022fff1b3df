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
_CHILDREN = (
    "children who write from an address that is on no list are recognised by their writing alone. A child "
    "whose address is on the list is always recognised: that is the list's work, not the model's."
)
_ADULTS = "letters of adults were taken for a child's. Each would be held until somebody has looked at it."
_KINDS = "messages are put into the right drawer: a person's letter, a service's notification, a circular, an automatic answer."
_EVENTS = "a friend request, a comment, a message"


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
    """``real_mail``: whether mail of real people is in it, in sentences; ``checks``: what its gates said at its training. Each ""
    where the manifest does not tell."""

    figures: tuple[Figure, ...]
    natures: tuple[NatureFigure, ...]
    trained_on: tuple[str, ...]
    real_mail: str
    checks: str


_FEWEST = 20


def model_view(manifest: Mapping[str, Any], *, is_own: bool = False) -> ModelView:
    """Total: a manifest of any version gives what it has. ``is_own``: this school trained it."""
    held = _part(manifest, "held_out")
    # The makers' release writes the one, a school's training the other.
    frozen = _part(_part(_part(manifest, "frozen_sets"), "test"), "figures")
    return ModelView(
        figures=tuple(_figures(held) if held else _frozen_figures(frozen)),
        natures=tuple(_natures(_part(held, "natures"))),
        trained_on=tuple(_trained_on(manifest, whose="this school's" if is_own else "the training school's")),
        real_mail=_real_mail(manifest),
        checks=_checks(manifest),
    )


def _figures(held: Mapping[str, Any]) -> Iterator[Figure]:
    # Models made before there were two thresholds have figures of the stricter one only.
    voice = _part(held, "likely_child") or _part(held, "child_voice")
    children, found = _count(voice, "children"), _count(voice, "children_found")
    if children:
        yield Figure(f"{_of_hundred(found, children)} of 100", _CHILDREN)
    adults, mistaken = _count(voice, "adults"), _count(voice, "adults_mistaken")
    if adults:
        yield Figure(f"{mistaken:,} of {adults:,}", _ADULTS)
    for key, says in (
        ("kind_right", _KINDS),
        (
            "event_right",
            f"notifications are named rightly: {_EVENTS}. Some of the services it knows from its training, others not.",
        ),
        ("headline_nature_right", "letters are given the right main subject, of twelve."),
    ):
        share = held.get(key)
        if isinstance(share, float) and 0 <= share <= 1:
            yield Figure(f"{round(share * 100)} of 100", says)


def _frozen_figures(figures: Mapping[str, Any]) -> Iterator[Figure]:
    for key, says, is_counted in (
        ("probable-child-found", _CHILDREN, False),
        ("adults-taken-for-children", _ADULTS, True),
        (
            "grave-words-of-children-found",
            "children's grave letters (harm, threats, secret meetings, pictures) are seen to be grave.",
            False,
        ),
        ("grave-words-of-adults-found", "adults' grave letters are seen to be grave.", False),
        ("parents-letters-held", "ordinary letters of parents would be held or reported.", True),
        ("kind-right", _KINDS, False),
        (
            "events-of-known-platforms",
            f"notifications of services it knows from its training are named rightly: {_EVENTS}.",
            False,
        ),
        (
            "events-of-unseen-platforms",
            "notifications of services it never saw in training are named rightly.",
            False,
        ),
    ):
        counts = _part(figures, key)
        right, of = _count(counts, "right"), _count(counts, "of")
        if of >= _FEWEST or (of and is_counted):
            yield Figure(f"{right:,} of {of:,}" if is_counted else f"{_of_hundred(right, of)} of 100", says)


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


def _trained_on(manifest: Mapping[str, Any], *, whose: str) -> Iterator[str]:
    records = _count(_part(manifest, "corpus"), "records")
    if records:
        yield f"{records:,} texts that were written for it, in the shapes of real mail"
    office = _count(_part(manifest, "office_mail"), "messages")
    ordinary = _count(_part(manifest, "school_examples"), "ordinary")
    # What --own-mail gave is counted among these in the manifest; it is told by itself.
    if office > ordinary:
        yield f"{office - ordinary:,} real letters between adults of an office, as examples of what is no child's"
    labelled = _count(_part(manifest, "school_examples"), "labelled")
    if labelled:
        yield f"{_counted(labelled, 'message')} of {whose} mail that people labelled"
    if ordinary:
        yield f"{_counted(ordinary, 'message')} of {whose} ordinary mail"
    if _has_school_mail(manifest) and not labelled and not ordinary:
        yield f"examples from {whose} mail"


def _has_school_mail(manifest: Mapping[str, Any]) -> bool:
    school = _part(manifest, "school_examples")
    return any((_count(manifest, "extra_examples"), _count(school, "labelled"), _count(school, "ordinary")))


def _real_mail(manifest: Mapping[str, Any]) -> str:
    if _has_school_mail(manifest):
        return (
            "Letters of pupils and parents may be among them. The model holds no text of them, but it has learned which of their "
            "words count."
        )
    # A manifest of any version of mailguard says how many further examples there were.
    return "No mail of a real pupil or parent." if "extra_examples" in manifest else ""


def _checks(manifest: Mapping[str, Any]) -> str:
    gates = manifest.get("gates")
    rows = [row for row in gates if isinstance(row, Mapping)] if isinstance(gates, list) else []
    if not rows:
        return ""
    failed = [
        f"{row.get('says') or row.get('name')} ({row.get('set')})" for row in rows if not row.get("pass")
    ]
    begun = "When it was trained it was compared with the model then in use"
    if not failed:
        return f"{begun}, and passed all {_counted(len(rows), 'check')}."
    return f"{begun}. Of {_counted(len(rows), 'check')} it did not pass {len(failed)}: {'; '.join(failed)}."


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def _part(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = value.get(key)
    return part if isinstance(part, Mapping) else {}


def _count(value: Mapping[str, Any], key: str) -> int:
    number = value.get(key)
    return number if isinstance(number, int) and number >= 0 else 0


def _of_hundred(found: int, total: int) -> int:
    return round(100 * found / total)
