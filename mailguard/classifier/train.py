"""Training: corpus (and office mail) to a signed-ready artefact. Deterministic: equal inputs and seed give equal bytes.

Linear heads (logistic regression, one column a word) on hashed features. What they say of texts held out, group by group
(stretches of an author's file, whole platforms, an office mail's sender), calibrates them and chooses the thresholds; then all
texts train the weights that serve.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from mailguard.classifier import examples as examples_of
from mailguard.classifier.corpus import load_corpus
from mailguard.classifier.evaluate import choose_thresholds, measure
from mailguard.classifier.examples import Example, Progress, no_progress
from mailguard.classifier.features import FEATURES_VERSION
from mailguard.classifier.heads import COLUMNS, EVENT, GRAVE, HEADS, INITIATOR, KIND, NATURE, columns
from mailguard.classifier.matrix import Rarity, known_words, matrix, rarity
from mailguard.classifier.weights import pack
from mailguard.domain.words import Nature

SEED = 20261124
FOLDS = 5
_C = 16.0
_TOLERANCE = 0.03
_VARIANTS = (0, 1)
_KNOWN_EXAMPLES = 3
_NEVER_SEEN = -20.0  # logit of a word that no example has

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trained:
    """``weights``: bytes of weights.npz. ``manifest``: everything to be signed but the weights' hash."""

    weights: bytes
    manifest: dict[str, object]


@dataclass(frozen=True, slots=True)
class Labels:
    """Per column: 1 holds, 0 does not, -1 is not to be learned from."""

    table: NDArray[np.int8]


def labels_of(examples: Sequence[Example]) -> Labels:
    """What each example teaches each column."""
    table = np.full((len(examples), COLUMNS), -1, dtype=np.int8)
    for row, example in enumerate(examples):
        _one_of(table[row], KIND, example.kind.value)
        if example.event is not None:
            _one_of(table[row], EVENT, example.event.value)
        if example.initiator is not None:
            _one_of(table[row], INITIATOR, example.initiator.value)
        if example.natures is None:
            continue
        start = columns(NATURE).start
        for place, word in enumerate(HEADS[NATURE]):
            # Office mail holds private chat too, and nobody has labelled it.
            if example.only_grave and (word not in GRAVE or word == Nature.PERSONAL.value):
                continue
            table[row, start + place] = int(Nature(word) in example.natures)
    return Labels(table=table)


def _one_of(row: NDArray[np.int8], head: str, word: str) -> None:
    row[columns(head)] = 0
    row[columns(head).start + HEADS[head].index(word)] = 1


def fold_of(groups: Sequence[str], *, folds: int = FOLDS) -> NDArray[np.int64]:
    """A fold for each example: groups stay whole, large ones are spread first, ties by name."""
    names, sizes = np.unique(np.array(groups), return_counts=True)
    loads = [0] * folds
    chosen: dict[str, int] = {}
    for place in sorted(range(len(names)), key=lambda place: (-sizes[place], names[place])):
        lightest = loads.index(min(loads))
        chosen[str(names[place])] = lightest
        loads[lightest] += int(sizes[place])
    return np.array([chosen[group] for group in groups], dtype=np.int64)


def fit(
    rows: sparse.csr_matrix, labels: Labels, *, seed: int, step: str, progress: Progress = no_progress
) -> tuple[Doubles, Doubles]:
    """(weights (features, COLUMNS), intercepts): one logistic regression a column on the examples that teach it."""
    weights = np.zeros((rows.shape[1], COLUMNS))
    intercepts = np.full(COLUMNS, -6.0)
    for column in range(COLUMNS):
        known = np.flatnonzero(labels.table[:, column] >= 0)
        target = labels.table[known, column]
        if len(np.unique(target)) == 2:
            model = LogisticRegression(
                solver="liblinear",
                dual=True,
                C=_C,
                tol=_TOLERANCE,
                max_iter=200,
                intercept_scaling=3,
                random_state=seed,
            )
            model.fit(rows[known] if len(known) < rows.shape[0] else rows, target)
            weights[:, column] = model.coef_[0]
            intercepts[column] = model.intercept_[0]
        progress(step, column + 1, COLUMNS)
    return weights, intercepts


def held_out_margins(
    examples: Sequence[Example], labels: Labels, *, seed: int, progress: Progress = no_progress
) -> Doubles:
    """For each example, the margins of a model that saw nothing of its group. Rarity too is learned without it."""
    folds = fold_of([example.group for example in examples])
    features = [example.features for example in examples]
    answer = np.zeros((len(examples), COLUMNS))
    for fold in range(FOLDS):
        inside, outside = np.flatnonzero(folds != fold).tolist(), np.flatnonzero(folds == fold).tolist()
        rare = rarity([features[row] for row in inside])
        weights, intercepts = fit(
            matrix([features[row] for row in inside], rare),
            Labels(table=labels.table[inside]),
            seed=seed,
            step=f"held out {fold + 1} of {FOLDS}",
            progress=progress,
        )
        answer[outside] = matrix([features[row] for row in outside], rare) @ weights + intercepts
    return answer


def calibrate(margins: Doubles, labels: Labels) -> tuple[dict[str, Doubles], dict[str, Doubles]]:
    """A small logistic regression from a head's held-out margins to its words: matrix and bias a head."""
    calibration: dict[str, Doubles] = {}
    bias: dict[str, Doubles] = {}
    for head, words in HEADS.items():
        part = columns(head)
        calibration[head], bias[head] = np.eye(len(words)), np.zeros(len(words))
        if head == NATURE:
            for place in range(len(words)):
                known = labels.table[:, part.start + place] >= 0
                target = labels.table[known, part.start + place]
                if len(np.unique(target)) == 2:
                    model = LogisticRegression(C=0.3, max_iter=2000).fit(margins[known, part], target)
                    calibration[head][place], bias[head][place] = model.coef_[0], model.intercept_[0]
            continue
        known = labels.table[:, part.start] >= 0
        target = labels.table[known, part].argmax(axis=1)
        present = np.unique(target)
        calibration[head][:] = 0
        bias[head][:] = _NEVER_SEEN
        if len(present) < 2:
            bias[head][present] = 0.0
            continue
        model = LogisticRegression(C=0.3, max_iter=2000).fit(margins[known, part], target)
        if len(present) == 2:
            calibration[head][present[1]], bias[head][present[1]] = model.coef_[0], model.intercept_[0]
            bias[head][present[0]] = 0.0
        else:
            calibration[head][present], bias[head][present] = model.coef_, model.intercept_
    return calibration, bias


def probabilities(
    margins: Doubles, calibration: dict[str, Doubles], bias: dict[str, Doubles]
) -> dict[str, Doubles]:
    """As ``predict.probabilities``, for many examples at once: (examples, words) a head."""
    found: dict[str, Doubles] = {}
    for head in HEADS:
        logits = margins[:, columns(head)] @ calibration[head].T + bias[head]
        if head == NATURE:
            found[head] = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
        else:
            shares = np.exp(logits - logits.max(axis=1, keepdims=True))
            found[head] = shares / shares.sum(axis=1, keepdims=True)
    return found


def train(
    corpus: Path,
    *,
    office_mail: Path | None = None,
    extra: Sequence[Example] = (),
    seed: int = SEED,
    progress: Progress = no_progress,
) -> Trained:
    """Train on `corpus`, on `office_mail` (an archive of real ordinary mail, as negatives) where given, and on `extra` examples.

    Raises CorpusError. About two minutes on one core.
    """
    texts = load_corpus(corpus)
    examples = examples_of.from_corpus(texts.records, seed=seed, variants=_VARIANTS, progress=progress)
    office_hash = ""
    if office_mail is not None:
        office, office_hash = examples_of.from_office_mail(office_mail, progress=progress)
        examples.extend(office)
    examples.extend(extra)
    labels = labels_of(examples)
    margins = held_out_margins(examples, labels, seed=seed, progress=progress)
    calibration, bias = calibrate(margins, labels)
    held_out = probabilities(margins, calibration, bias)
    thresholds = choose_thresholds(examples, held_out)
    rare: Rarity = rarity([example.features for example in examples])
    rows = matrix([example.features for example in examples], rare)
    table, intercepts = fit(rows, labels, seed=seed, step="training", progress=progress)
    weights = pack(
        table=table,
        idf=rare.idf,
        intercepts=intercepts,
        calibration=calibration,
        bias=bias,
        known=known_words([example.features for example in examples], at_least=_KNOWN_EXAMPLES),
    )
    manifest: dict[str, object] = {
        "features_version": FEATURES_VERSION,
        "heads": {head: list(words) for head, words in HEADS.items()},
        "seed": seed,
        "corpus": {"sha256": texts.sha256, "records": len(texts.records)},
        "office_mail": {"sha256": office_hash, "messages": sum(example.is_office for example in examples)},
        "extra_examples": len(extra),
        "thresholds": thresholds.as_dict(),
        "held_out": measure(examples, held_out, thresholds),
    }
    return Trained(weights=weights, manifest=manifest)


__all__ = [
    "FOLDS",
    "SEED",
    "Trained",
    "calibrate",
    "fit",
    "fold_of",
    "held_out_margins",
    "labels_of",
    "train",
]
