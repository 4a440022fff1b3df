"""What a model is worth on texts it has not seen, and the thresholds that follow. Figures are of held-out groups only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mailguard.classifier.examples import Example
from mailguard.classifier.heads import EVENT, GRAVE, HARMLESS, HEADS, INITIATOR, KIND, NATURE
from mailguard.classifier.predict import Thresholds, natures_over
from mailguard.domain.words import Initiator, Kind, Nature

Doubles = NDArray[np.float64]
Held = Mapping[str, Doubles]

_CHILD = HEADS[INITIATOR].index(Initiator.CHILD.value)
_LEAST, _NEVER = 0.15, 1.0
# Least precision among all letters where an adult's, where a child's is at stake: an adult's false alarm holds ordinary mail, a
# child's raises a level.
_PRECISION = {
    Nature.DISCLOSURE.value: (0.8, 0.6),
    Nature.ALLEGATION.value: (0.8, 0.6),
    Nature.THREAT.value: (0.8, 0.6),
    Nature.MEETING_OR_SECRECY.value: (0.85, 0.7),
    Nature.IMAGE.value: (0.85, 0.7),
    Nature.SOCIAL_INVITE.value: (0.88, 0.7),
    Nature.PERSONAL.value: (0.92, 0.6),
}
# What a missed grave message, or a missed child, costs against one wrongly found. Probabilities are calibrated, so the threshold that
# costs least is 1 / (1 + this); picking the cheapest on a few dozen texts was tried, and was dearer on others.
_MISS_COSTS = 1.5
# A child's message is held and reported all the same: what is at stake is whether somebody is told again within the quarter of an hour.
# Five to one was tried: one ordinary message of a child in twenty then called for an answer within the quarter of an hour.
# Not of a meeting or a picture, which would also undo what a declared relationship or an approved platform lets through.
_MISS_COSTS_OF_CHILD = {
    Nature.DISCLOSURE.value: 3.0,
    # A wrong one also keeps the report from whoever it seems to be about.
    Nature.ALLEGATION.value: 2.0,
    Nature.THREAT.value: 3.0,
}
_CHILD_PRECISION = 0.97
_MISTAKEN_PARENTS = 0.01  # share of parents' letters that may seem a child's: each would be held
# Share of letters by adults whom nobody knows: held until somebody has looked. The choosing texts are hard ones on purpose.
_MISTAKEN_ADULTS = 0.12
_OFFICE_ALARMS = 0.0003  # share of ordinary office mail that may seem grave
_OFFICE_CHILDREN = 0.0015  # share of it that may seem a child's; for the lower threshold, of what came from free-mail providers
_UNREAD = 0.004  # share of what matters that the encoder may be kept from reading
_MOST_ORDINARY = 0.1


def choose_thresholds(examples: Sequence[Example], held: Held, *, ordinary: float = 0.0) -> Thresholds:
    """The thresholds that cost least on held-out texts, keep a least precision, and are nearly silent on office mail."""
    direct = np.array([example.kind is Kind.DIRECT and not example.is_office for example in examples])
    office = np.array([example.is_office for example in examples])
    child = np.array([example.initiator is Initiator.CHILD for example in examples])
    parent = direct & np.array([example.initiator is Initiator.PARENT for example in examples])
    # A representative's own letters are never asked whether a child wrote them.
    asked = direct & np.array([example.initiator is not Initiator.STAFF for example in examples])
    voice = held[INITIATOR][:, _CHILD]
    personal = np.array([example.is_personal_mail for example in examples])
    even = 1 / (1 + _MISS_COSTS)
    likely_child = max(
        even,
        _for_silence(voice[asked & ~child], _MISTAKEN_ADULTS),
        _for_silence(voice[personal], _OFFICE_CHILDREN),
    )
    child_voice = max(
        likely_child,
        _for_silence(voice[office], _OFFICE_CHILDREN),
        _for_precision(voice[asked], child[asked], _CHILD_PRECISION),
        _for_silence(voice[parent], _MISTAKEN_PARENTS),
    )
    of_child: dict[str, float] = {}
    of_adult: dict[str, float] = {}
    for word in GRAVE:
        values = held[NATURE][:, HEADS[NATURE].index(word)]
        truth = np.array([Nature(word) in (example.natures or ()) for example in examples])
        for_adults, for_children = _PRECISION[word]
        least = 1 / (1 + _MISS_COSTS_OF_CHILD.get(word, _MISS_COSTS))
        of_child[word] = max(least, _for_precision(values[direct], truth[direct], for_children))
        of_adult[word] = max(even, _for_precision(values[direct], truth[direct], for_adults))
        if word != Nature.PERSONAL.value:
            of_adult[word] = max(of_adult[word], _for_silence(values[office], _OFFICE_ALARMS))
    return Thresholds(
        child_voice=round(child_voice, 4),
        likely_child=round(likely_child, 4),
        nature_of_child={word: round(value, 4) for word, value in of_child.items()},
        nature_of_adult={word: round(value, 4) for word, value in of_adult.items()},
        ordinary=ordinary,
    )


def choose_ordinary(examples: Sequence[Example], matters: Doubles) -> float:
    """The bound of ``what_matters`` under which hardly any child, grave nature or notification lies."""
    counts = [
        not example.is_office
        and (
            example.initiator is Initiator.CHILD
            or example.kind is Kind.NOTIFICATION
            or any(nature.value in GRAVE for nature in example.natures or ())
        )
        for example in examples
    ]
    values = np.sort(matters[np.array(counts, dtype=bool)])
    if not len(values):
        return 0.0
    return round(float(min(values[int(_UNREAD * len(values))], _MOST_ORDINARY)), 4)


def _for_precision(values: Doubles, truth: NDArray[np.bool_], wanted: float) -> float:
    """The lowest threshold from which on precision never falls below `wanted`."""
    if not truth.any():
        return _NEVER
    order = np.argsort(-values, kind="stable")
    hits = np.cumsum(truth[order])
    precision = hits / np.arange(1, len(order) + 1)
    good = np.flatnonzero(precision >= wanted)
    if not len(good):
        return _NEVER
    return max(float(values[order[good[-1]]]), _LEAST)


def _for_silence(values: Doubles, share: float) -> float:
    """A threshold that at most `share` of `values` reach, with a margin towards the next."""
    if not len(values):
        return _LEAST
    allowed = int(share * len(values))
    return float(np.clip(np.sort(values)[::-1][allowed] + 0.005, _LEAST, _NEVER))


def measure(examples: Sequence[Example], held: Held, thresholds: Thresholds) -> dict[str, object]:
    """Figures for the manifest and the model card; every text as written (variant 0), every office mail."""
    rows = [row for row, example in enumerate(examples) if example.variant == 0]
    corpus = [row for row in rows if not examples[row].is_office]
    direct = [row for row in corpus if examples[row].kind is Kind.DIRECT]
    office = [row for row in rows if examples[row].is_office]
    events = [row for row in corpus if examples[row].event is not None]
    over = {row: _over(thresholds, held, row) for row in rows}
    headline_right = sum(_headline(over[row]) == _true_headline(examples[row]) for row in direct)
    return {
        "texts": {"direct": len(direct), "notifications": len(events), "office_mail": len(office)},
        "kind_right": _share([_best(held, KIND, row) == examples[row].kind.value for row in corpus]),
        "event_right": _share([_best(held, EVENT, row) == _event(examples[row]) for row in events]),
        "initiator_right": _share(
            [_best(held, INITIATOR, row) == _initiator(examples[row]) for row in direct]
        ),
        "child_voice": _children(examples, held, thresholds.child_voice, direct, office),
        "likely_child": _children(examples, held, thresholds.likely_child, direct, office),
        "headline_nature_right": round(headline_right / max(len(direct), 1), 4),
        "natures": _natures(examples, held, over, direct),
        "nature_macro_f1": _macro_f1(examples, over, direct),
        "office_mail_grave": sum(bool(set(over[row]) & _HOLDING) for row in office),
        # Who writes is asked of letters alone: that nobody writes a notification is no answer to be proud of.
        "calibration_error": {
            KIND: _ece(examples, held, KIND, corpus),
            EVENT: _ece(examples, held, EVENT, events),
            INITIATOR: _ece(examples, held, INITIATOR, direct),
        },
    }


_HOLDING = frozenset({Nature.DISCLOSURE.value, Nature.ALLEGATION.value, Nature.THREAT.value})


def _over(thresholds: Thresholds, held: Held, row: int) -> tuple[str, ...]:
    nature = dict(zip(HEADS[NATURE], held[NATURE][row].tolist(), strict=True))
    return natures_over(thresholds, nature, child=float(held[INITIATOR][row, _CHILD]), is_foreign=False)


def _headline(over: Sequence[str]) -> str:
    return min(over, key=lambda word: Nature(word).gravity, default="")


def _true_headline(example: Example) -> str:
    return min(example.natures or (), key=lambda nature: nature.gravity, default=Nature.OTHER).value


def _event(example: Example) -> str:
    return example.event.value if example.event is not None else ""


def _initiator(example: Example) -> str:
    return example.initiator.value if example.initiator is not None else ""


def _best(held: Held, head: str, row: int) -> str:
    return HEADS[head][int(held[head][row].argmax())]


def _share(right: Sequence[bool]) -> float:
    return round(sum(right) / max(len(right), 1), 4)


def _children(
    examples: Sequence[Example], held: Held, threshold: float, direct: Sequence[int], office: Sequence[int]
) -> dict[str, object]:
    """Who is taken for a child from `threshold` on; representatives are not asked, as in decisions."""
    is_over = {row: held[INITIATOR][row, _CHILD] >= threshold for row in (*direct, *office)}
    children = [row for row in direct if examples[row].initiator is Initiator.CHILD]
    adults = [row for row in direct if examples[row].initiator not in (Initiator.CHILD, Initiator.STAFF)]
    found, false = sum(is_over[row] for row in children), sum(is_over[row] for row in adults)
    return {
        "children_found": int(found),
        "children": len(children),
        "adults_mistaken": int(false),
        "adults": len(adults),
        "office_mail_mistaken": int(sum(is_over[row] for row in office)),
        "precision": round(float(found / max(found + false, 1)), 4),
        "recall": round(float(found / max(len(children), 1)), 4),
    }


def _natures(
    examples: Sequence[Example], held: Held, over: Mapping[int, Sequence[str]], direct: Sequence[int]
) -> dict[str, dict[str, int]]:
    """A grave nature: texts of it, those found, and others taken for it, by child and adult."""
    found: dict[str, dict[str, int]] = {}
    for word in GRAVE:
        counts = dict.fromkeys(
            ("child", "child_found", "child_false", "adult", "adult_found", "adult_false", "parent_false"), 0
        )
        for row in direct:
            who = "child" if examples[row].initiator is Initiator.CHILD else "adult"
            is_true, is_said = Nature(word) in (examples[row].natures or ()), word in over[row]
            counts[who] += is_true
            counts[f"{who}_found"] += is_true and is_said
            counts[f"{who}_false"] += is_said and not is_true
            counts["parent_false"] += is_said and not is_true and examples[row].initiator is Initiator.PARENT
        found[word] = counts
    return found


def _macro_f1(
    examples: Sequence[Example], over: Mapping[int, Sequence[str]], direct: Sequence[int]
) -> dict[str, float]:
    scores: dict[str, float] = {}
    for word in (*GRAVE, *HARMLESS):
        if word == Nature.AUTOMATIC.value:
            continue
        true = [row for row in direct if Nature(word) in (examples[row].natures or ())]
        # A harmless word is said only when nothing graver is.
        said = [
            row for row in direct if (word in over[row] if word in GRAVE else _headline(over[row]) == word)
        ]
        both = len(set(true) & set(said))
        scores[word] = round(2 * both / max(len(true) + len(said), 1), 4)
    scores["mean"] = round(sum(scores.values()) / len(scores), 4)
    return scores


def _truth(example: Example, head: str) -> str:
    match head:
        case "event":
            return _event(example)
        case "initiator":
            return _initiator(example)
        case _:
            return example.kind.value


def _ece(examples: Sequence[Example], held: Held, head: str, rows: Sequence[int]) -> float:
    """Expected calibration error over ten equal bins of the likeliest word's probability."""
    wanted = [row for row in rows if _truth(examples[row], head)]
    sure = np.array([held[head][row].max() for row in wanted])
    right = np.array([_best(held, head, row) == _truth(examples[row], head) for row in wanted])
    bins = np.minimum((sure * 10).astype(int), 9)
    gaps = [
        abs(sure[bins == place].mean() - right[bins == place].mean()) * (bins == place).sum()
        for place in range(10)
        if (bins == place).any()
    ]
    return round(float(sum(gaps) / max(len(wanted), 1)), 4)
