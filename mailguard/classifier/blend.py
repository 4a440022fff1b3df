"""How much the linear model and the encoder each count: a few numbers a column, fitted on texts that neither has seen.

A head in which one word holds has one weight for each of the two and a bias a word; a nature has three numbers of its own. All
are drawn towards the linear model alone and no bias, because the texts are few. What was fitted on few texts is too sure of
others: by how much is found on authors held out, and every head's answers are softened by that (temperature scaling; Guo and
others, "On Calibration of Modern Neural Networks", 2017).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar

from mailguard.classifier.heads import COLUMNS, HEADS, NATURE, columns

Doubles = NDArray[np.float64]

_FOLDS = 5
_LEAST_FACTOR = 0.5
_DRAWN = 0.5  # weight of the pull towards where it starts, against the sum over texts
_LINEAR_ALONE = np.repeat(np.array([[1.0], [0.0], [0.0]]), COLUMNS, axis=1)


def fit_blend(
    logits: Doubles,
    read: Doubles,
    labels: NDArray[np.int8],
    authors: Sequence[str],
    *,
    drawn_to: Doubles | None = None,
) -> Doubles:
    """(3, COLUMNS): factors of `logits` and of `read`, and biases. ``labels`` as ``train.Labels``; unlearned heads stay linear.

    ``authors``: of each text, who wrote it: texts of one hand are held out together. ``drawn_to``: another blend that these texts, too
    few to tell all, are drawn towards, and that unlearned heads keep.
    """
    start = _LINEAR_ALONE if drawn_to is None else drawn_to
    blend = _fitted(logits, read, labels, start)
    folds = _folds(authors)
    held_out = np.zeros_like(logits)
    for fold in range(_FOLDS):
        inside = folds != fold
        if inside.all() or not inside.any():
            return blend
        others = _fitted(logits[inside], read[inside], labels[inside], start)
        held_out[~inside] = others[0] * logits[~inside] + others[1] * read[~inside] + others[2]
    for head in HEADS:
        blend[:, columns(head)] *= _temperature(head, held_out, labels)
    return blend


def _fitted(logits: Doubles, read: Doubles, labels: NDArray[np.int8], start: Doubles) -> Doubles:
    blend = start.copy()
    for head in HEADS:
        part = columns(head)
        if head == NATURE:
            for column in range(part.start, part.stop):
                known = labels[:, column] >= 0
                if len(np.unique(labels[known, column])) == 2:
                    blend[:, column] = _fit_nature(
                        logits[known, column], read[known, column], labels[known, column], start[:, column]
                    )
            continue
        known = labels[:, part.start] >= 0
        target = labels[known, part].argmax(axis=1)
        if len(np.unique(target)) > 1:
            blend[:, part] = _fit_exclusive(logits[known, part], read[known, part], target, start[:, part])
    return blend


def _folds(authors: Sequence[str]) -> NDArray[np.int64]:
    """A fold for each text, by author in order of name."""
    names = {name: place % _FOLDS for place, name in enumerate(sorted(set(authors)))}
    return np.array([names[name] for name in authors], dtype=np.int64)


def _temperature(head: str, said: Doubles, labels: NDArray[np.int8]) -> float:
    """The factor of a head's answers at which those held out are likeliest; never above 1, which would make few texts surer."""
    part = columns(head)
    known = labels[:, part.start] >= 0
    if not known.any():
        return 1.0
    values, truth = said[known, part], labels[known, part]

    def loss(factor: float) -> float:
        scaled = factor * values
        if head == NATURE:
            is_known = truth >= 0
            sign = np.where(truth == 1, 1.0, -1.0)
            return float(np.logaddexp(0.0, -sign * scaled)[is_known].sum())
        top = scaled.max(axis=1, keepdims=True)
        total = np.log(np.exp(scaled - top).sum(axis=1)) + top[:, 0]
        return float((total - scaled[np.arange(len(scaled)), truth.argmax(axis=1)]).sum())

    return float(minimize_scalar(loss, bounds=(_LEAST_FACTOR, 1.0), method="bounded").x)


def _fit_nature(logits: Doubles, read: Doubles, target: NDArray[np.int8], start: Doubles) -> Doubles:
    sign = np.where(target == 1, 1.0, -1.0)

    def loss(numbers: Doubles) -> float:
        value = sign * (numbers[0] * logits + numbers[1] * read + numbers[2])
        pull = np.square(numbers - start).sum()
        return float(np.logaddexp(0.0, -value).sum() + _DRAWN * pull)

    found: Doubles = minimize(loss, start, method="L-BFGS-B").x
    return found


def _fit_exclusive(logits: Doubles, read: Doubles, target: NDArray[np.int64], start: Doubles) -> Doubles:
    rows, words = np.arange(len(target)), start.shape[1]
    first = np.concatenate([start[:2, 0], start[2]])

    def loss(numbers: Doubles) -> float:
        value = numbers[0] * logits + numbers[1] * read + numbers[2:]
        top = value.max(axis=1, keepdims=True)
        total = np.log(np.exp(value - top).sum(axis=1)) + top[:, 0]
        pull = np.square(numbers - first).sum()
        return float((total - value[rows, target]).sum() + _DRAWN * pull)

    found = minimize(loss, first, method="L-BFGS-B").x
    return np.stack([np.full(words, found[0]), np.full(words, found[1]), found[2:]])
