"""What the encoder makes of training's texts: blend, bound of the ordinary, and how much a stretch of a text counts.

Texts are read in two processes, each on one core: a text is some tens of ms of arithmetic, and training reads some thousands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from mailguard.classifier.blend import fit_blend
from mailguard.classifier.encoder import Encoder, encoder_of
from mailguard.classifier.evaluate import choose_ordinary
from mailguard.classifier.examples import Example, Progress
from mailguard.classifier.heads import COLUMNS, HEADS, NATURE
from mailguard.classifier.labels import labels_of
from mailguard.classifier.predict import LinearClassifier, Thresholds, probabilities_of, what_matters
from mailguard.classifier.stretches import HIDDEN, HIDDEN_COLUMNS
from mailguard.classifier.tongue import is_english
from mailguard.classifier.weights import Weights, linear_alone
from mailguard.domain.message import MessageFacts
from mailguard.domain.words import Initiator, Kind, Nature

_WORKERS = 2
_AT_ONCE = 200  # texts that one worker reads before it tells
_STRETCHES_EVERY = 2  # of the texts with stretches, those that are read so: some hundreds say enough
# Share of harmless texts that stretches may wrongly alarm, for each nature that may hide: together one letter in fifty.
_STRETCH_ALARMS = 0.004
# The letters held out that have stretches are few. Under the least margin a child's homework about hardship reads as its own, and
# lawful rage or "you are very busy and I quite understand" as a threat; over the most nothing would be found at all, and what would
# cost so much is quarrels on mailing lists.
_LEAST_MARGIN, _MOST_MARGIN = 3.0, 4.5
_HIDDEN_NATURES = frozenset(map(Nature, HIDDEN))

_FEWEST_ABROAD = 150  # texts in other languages than English, for a blend of their own

Doubles = NDArray[np.float64]
Blends = tuple[Doubles, Doubles]  # of texts in English, of others


def blended_judges(
    judges: Sequence[Example],
    logits: Doubles,
    arrays: Mapping[str, NDArray[np.generic]] | None,
    *,
    progress: Progress,
) -> tuple[Blends, dict[str, Doubles], float]:
    """(the two blends, probabilities of the judges, the bound below which the encoder need not read)."""
    if arrays is None:
        alone = linear_alone().astype(np.float64)
        return (alone, alone), doubles_of(probabilities_of(logits)), 0.0
    ordinary = choose_ordinary(judges, what_matters(probabilities_of(logits)).astype(np.float64))
    is_read, read = whole_texts(
        judges, logits, encoder_of(arrays, columns=COLUMNS), ordinary, progress=progress
    )
    texts = [place for place, row in enumerate(is_read.tolist()) if not judges[row].is_office]
    chosen = [judges[row] for row in is_read[texts]]
    authors = [example.group for example in chosen]
    labels = labels_of(chosen).table
    at_home = fit_blend(logits[is_read[texts]], read[texts], labels, authors)
    abroad = at_home
    rows = [place for place, example in enumerate(chosen) if not is_english(*example.text)]
    if len(rows) >= _FEWEST_ABROAD:
        places = [texts[row] for row in rows]
        hands = [authors[row] for row in rows]
        abroad = fit_blend(logits[is_read[places]], read[places], labels[rows], hands, drawn_to=at_home)
    mixed = _mixed(judges, logits, is_read, read, (at_home, abroad))
    return (at_home, abroad), doubles_of(probabilities_of(mixed)), ordinary


def _mixed(
    examples: Sequence[Example], logits: Doubles, is_read: NDArray[np.int64], read: Doubles, blends: Blends
) -> Doubles:
    """As ``predict`` blends what both readers say."""
    mixed = logits.copy()
    for row, margins in zip(is_read.tolist(), read, strict=True):
        blend = blends[0] if is_english(*examples[row].text) else blends[1]
        mixed[row] = blend[0] * logits[row] + blend[1] * margins + blend[2]
    return mixed


def probabilities_with(
    examples: Sequence[Example],
    logits: Doubles,
    blends: Blends,
    arrays: Mapping[str, NDArray[np.generic]] | None,
    ordinary: float,
    *,
    progress: Progress,
) -> dict[str, Doubles]:
    """Probabilities as ``predict`` gives them."""
    if arrays is None:
        return doubles_of(probabilities_of(logits))
    is_read, read = whole_texts(
        examples, logits, encoder_of(arrays, columns=COLUMNS), ordinary, progress=progress
    )
    return doubles_of(probabilities_of(_mixed(examples, logits, is_read, read, blends)))


def whole_texts(
    examples: Sequence[Example], logits: Doubles, encoder: Encoder, ordinary: float, *, progress: Progress
) -> tuple[NDArray[np.int64], Doubles]:
    """The rows that the encoder reads, and its margins of them."""
    is_read = np.flatnonzero(what_matters(probabilities_of(logits)) >= ordinary)
    parts = np.array_split(is_read, max(1, len(is_read) // _AT_ONCE))
    workers = Parallel(n_jobs=_WORKERS if len(parts) > 1 else 1, return_as="generator")
    tasks = (delayed(_margins_of)(encoder, [examples[row].text for row in part.tolist()]) for part in parts)
    read: list[Doubles] = []
    for margins in workers(tasks):
        read.append(margins)
        progress("reading whole texts", sum(map(len, read)), len(is_read))
    return is_read, np.concatenate(read)


def _margins_of(encoder: Encoder, texts: Sequence[tuple[str, str]]) -> Doubles:
    margins = np.zeros((len(texts), COLUMNS))
    for place, text in enumerate(texts):
        margins[place] = encoder.margins(*text)
    return margins


def stretch_margins(
    judges: Sequence[Example],
    values: Mapping[str, Doubles],
    weights: Weights,
    thresholds: Thresholds,
    *,
    progress: Progress,
) -> dict[str, float]:
    """For each nature that may hide the least margin at which stretches of texts add hardly any falsely."""
    serving = LinearClassifier(model_id="", weights=weights, thresholds=thresholds)
    # Not mass mail: the discussion lists among the office mail talk of war and crime, and would keep a sentence in a parent's letter
    # from being seen. Nor what is grave anyway: there one grave nature is taken for another, and somebody reads it all the same.
    harmless = [
        row
        for row, example in enumerate(judges)
        if example.kind is Kind.DIRECT
        and example.stretches
        and not _HIDDEN_NATURES.intersection(example.natures or ())
    ]
    harmless = harmless[::_STRETCHES_EVERY]
    parts = np.array_split(harmless, max(1, len(harmless) // _AT_ONCE))
    workers = Parallel(n_jobs=_WORKERS if len(parts) > 1 else 1, return_as="generator")
    tasks = (delayed(_said_in_stretches)(serving, [judges[row].stretches for row in part]) for part in parts)
    told: list[Doubles] = []
    for some in workers(tasks):
        told.append(some)
        progress("reading stretches", sum(map(len, told)), len(harmless))
    said = np.concatenate(told)
    excess = np.full((len(harmless), len(HIDDEN)), -np.inf)
    for place, row in enumerate(harmless):
        example = judges[row]
        is_child = example.initiator is Initiator.CHILD
        bounds = thresholds.nature_of_child if is_child else thresholds.nature_of_adult
        for column, word in enumerate(HIDDEN):
            is_said = values[NATURE][row, HEADS[NATURE].index(word)] >= bounds[word]
            if not is_said and Nature(word) not in (example.natures or ()):
                excess[place, column] = said[place, column] - _logit(bounds[word])
    if not harmless:
        return dict.fromkeys(HIDDEN, 20.0)
    worst = np.sort(excess, axis=0)[::-1][int(_STRETCH_ALARMS * len(harmless))]
    return {
        word: round(float(np.clip(margin + 0.01, _LEAST_MARGIN, _MOST_MARGIN)), 3)
        for word, margin in zip(HIDDEN, worst.tolist(), strict=True)
    }


def _said_in_stretches(serving: LinearClassifier, texts: Sequence[Sequence[str]]) -> Doubles:
    """(texts, HIDDEN): the most that any stretch of a text says, in logits."""
    said = np.zeros((len(texts), len(HIDDEN)))
    for place, stretches in enumerate(texts):
        parts = [
            MessageFacts(sha256="", content_sha256="", size_bytes=0, own_text=text) for text in stretches
        ]
        said[place] = serving.logits_of_parts(parts)[:, HIDDEN_COLUMNS].max(axis=0)
    return said


def _logit(share: float) -> float:
    bounded = min(max(share, 1e-6), 1 - 1e-6)
    return float(np.log(bounded / (1 - bounded)))


def doubles_of(values: Mapping[str, NDArray[np.floating]]) -> dict[str, Doubles]:
    return {head: value.astype(np.float64) for head, value in values.items()}
