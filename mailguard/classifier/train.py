"""Training: corpus (and office mail) to a signed-ready artefact. Deterministic: equal inputs and seed give equal bytes.

Linear heads (logistic regression, one column a word) on hashed features. What they say of texts held out, group by group
(stretches of an author's file, whole platforms, an office mail's sender), calibrates them; then all texts train the weights that
serve. Beside them reads an encoder, which is given, not trained here. How the two are blended, and the thresholds, are chosen on
texts by other hands (``models/held_out/choosing``) and on office mail held out.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from mailguard.classifier import examples as examples_of
from mailguard.classifier.corpus import load_corpus
from mailguard.classifier.evaluate import choose_thresholds, measure
from mailguard.classifier.examples import Example, Progress, no_progress
from mailguard.classifier.features import FEATURES_VERSION
from mailguard.classifier.heads import COLUMNS, HEADS, NATURE, columns
from mailguard.classifier.labels import Labels, labels_of
from mailguard.classifier.matrix import Rarity, known_words, matrix, rarity
from mailguard.classifier.weights import pack, unpack
from mailguard.classifier.whole_texts import (
    blended_judges,
    probabilities_with,
    stretch_margins,
)

SEED = 20261124
FOLDS = 3
# Of the folds, those that are judged: two thirds of the corpus are enough to calibrate with, and office mail lies in these alone.
_JUDGED_FOLDS = 2
_C = 16.0
# Forty times finer takes three times as long and ranks held-out texts no better, to the third place.
_TOLERANCE = 1.5
_ROUGH_TOLERANCE = 3.0  # of the models that only calibrate
_DISTURBED_EVERY = 4  # of the texts, those that are learned in a disturbed composition too
_KNOWN_EXAMPLES = 3
_WORKERS = 2
_AT_ONCE = 200  # texts that one worker reads before it tells
_NO_OPINION = -6.0
_NEVER_SEEN = -20.0  # logit of a word that no example has

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trained:
    """``weights``: bytes of weights.npz. ``manifest``: everything to be signed but the weights' hash."""

    weights: bytes
    manifest: dict[str, object]


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
    rows: sparse.csr_matrix,
    labels: Labels,
    *,
    seed: int,
    step: str,
    tolerance: float = _TOLERANCE,
    progress: Progress = no_progress,
) -> tuple[Doubles, Doubles]:
    """(weights (features, COLUMNS), intercepts): one logistic regression a column on the examples that teach it."""
    weights = np.zeros((rows.shape[1], COLUMNS))
    intercepts = np.full(COLUMNS, _NO_OPINION)
    # Processes, not threads: the solver's random numbers are global to a process.
    tasks = (
        delayed(_fit_column)(rows, labels.table[:, column], seed, tolerance) for column in range(COLUMNS)
    )
    workers = Parallel(n_jobs=min(_WORKERS, os.cpu_count() or 1), return_as="generator", max_nbytes="1M")
    for column, answer in enumerate(workers(tasks)):
        if answer is not None:
            weights[:, column], intercepts[column] = answer
        progress(step, column + 1, COLUMNS)
    return weights, intercepts


def _fit_column(
    rows: sparse.csr_matrix, column: NDArray[np.int8], seed: int, tolerance: float
) -> tuple[NDArray[np.float32], float] | None:
    known = np.flatnonzero(column >= 0)
    target = column[known]
    if len(np.unique(target)) < 2:
        return None
    model = LogisticRegression(
        solver="liblinear",
        dual=True,
        C=_C,
        tol=tolerance,
        max_iter=200,
        intercept_scaling=3,
        random_state=seed,
    )
    model.fit(rows[known] if len(known) < rows.shape[0] else rows, target)
    return model.coef_[0].astype(np.float32), float(model.intercept_[0])


def held_out_margins(
    examples: Sequence[Example], labels: Labels, *, seed: int, progress: Progress = no_progress
) -> tuple[Doubles, list[int]]:
    """For each example, the margins of a model that saw nothing of its group; and the rows for which they were found.

    Those are the examples as written (variant 0) of the judged folds, all office mail among them. Rarity too is learned without
    the group.
    """
    folds = fold_of([example.group for example in examples])
    is_office = np.array([example.is_office for example in examples])
    folds[is_office] = fold_of(
        [example.group for example in examples if example.is_office], folds=_JUDGED_FOLDS
    )
    features = [example.features for example in examples]
    as_written = np.array([example.variant == 0 for example in examples])
    answer = np.zeros((len(examples), COLUMNS))
    for fold in range(_JUDGED_FOLDS):
        inside = np.flatnonzero((folds != fold) & as_written).tolist()
        outside = np.flatnonzero((folds == fold) & as_written).tolist()
        rare = rarity([features[row] for row in inside])
        weights, intercepts = fit(
            matrix([features[row] for row in inside], rare),
            Labels(table=labels.table[inside]),
            seed=seed,
            step=f"held out {fold + 1} of {_JUDGED_FOLDS}",
            tolerance=_ROUGH_TOLERANCE,
            progress=progress,
        )
        answer[outside] = matrix([features[row] for row in outside], rare) @ weights + intercepts
    return answer, np.flatnonzero(as_written & (folds < _JUDGED_FOLDS)).tolist()


def calibrated(margins: Doubles, calibration: Mapping[str, Doubles], bias: Mapping[str, Doubles]) -> Doubles:
    """Logits (examples, columns), as ``predict.linear_logits`` gives them for one message."""
    return np.concatenate(
        [margins[:, columns(head)] @ calibration[head].T + bias[head] for head in HEADS], axis=1
    )


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


def train(
    corpus: Path,
    *,
    choosing: Path | None = None,
    office_mail: Path | None = None,
    extra: Sequence[Example] = (),
    encoder: Mapping[str, NDArray[np.generic]] | None = None,
    test: Path | None = None,
    seed: int = SEED,
    progress: Progress = no_progress,
) -> Trained:
    """Train on `corpus`, on `office_mail` (an archive of real ordinary mail, as negatives) where given, and on `extra` examples.

    ``choosing``: texts by other hands for blend and thresholds; without them the corpus' own held-out margins serve, and no
    encoder can. ``encoder``: its arrays. ``test``: texts for
    the manifest's figures only. Raises CorpusError. About four minutes on two idle cores with an encoder and office
    mail.
    """
    if choosing is None:
        encoder = None
    texts = load_corpus(corpus)
    examples = examples_of.from_corpus(texts.records, seed=seed, variants=(0,), progress=progress)
    disturbed = texts.records[::_DISTURBED_EVERY]
    examples.extend(examples_of.from_corpus(disturbed, seed=seed, variants=(1,), progress=progress))
    office_hash = ""
    if office_mail is not None:
        office, office_hash = examples_of.from_office_mail(office_mail, progress=progress)
        examples.extend(office)
    examples.extend(extra)
    labels = labels_of(examples)
    margins, judged = held_out_margins(examples, labels, seed=seed, progress=progress)
    calibration, bias = calibrate(margins[judged], Labels(table=labels.table[judged]))
    rare: Rarity = rarity([example.features for example in examples])
    rows = matrix([example.features for example in examples], rare)
    table, intercepts = fit(rows, labels, seed=seed, step="training", progress=progress)
    logits = calibrated(margins[judged], calibration, bias)
    judges = [examples[row] for row in judged]
    choosing_hash = ""
    if choosing is not None:
        others = load_corpus(choosing)
        choosing_hash = others.sha256
        chosen = examples_of.from_corpus(others.records, seed=seed, variants=(0,), progress=progress)
        own = matrix([example.features for example in chosen], rare) @ table + intercepts
        is_office = [row for row, example in enumerate(judges) if example.is_office]
        logits = np.concatenate([calibrated(own, calibration, bias), logits[is_office]])
        judges = [*chosen, *(judges[row] for row in is_office)]
    blends, values, ordinary = blended_judges(judges, logits, encoder, progress=progress)
    thresholds = choose_thresholds(judges, values, ordinary=ordinary)
    weights = pack(
        table=table,
        idf=rare.idf,
        intercepts=intercepts,
        calibration=calibration,
        bias=bias,
        known=known_words([example.features for example in examples], at_least=_KNOWN_EXAMPLES),
        blends=blends,
        encoder=encoder,
    )
    thresholds = replace(
        thresholds,
        stretch_margins=stretch_margins(judges, values, unpack(weights), thresholds, progress=progress),
    )
    manifest: dict[str, object] = {
        "features_version": FEATURES_VERSION,
        "heads": {head: list(words) for head, words in HEADS.items()},
        "seed": seed,
        "corpus": {"sha256": texts.sha256, "records": len(texts.records)},
        "choosing": {"sha256": choosing_hash, "texts": sum(not example.is_office for example in judges)},
        "office_mail": {"sha256": office_hash, "messages": sum(example.is_office for example in examples)},
        "encoder": {"layers": int(encoder["layers"]), "sha256": arrays_sha256(encoder)} if encoder else {},
        "extra_examples": len(extra),
        "thresholds": thresholds.as_dict(),
        "on_choosing": measure(judges, values, thresholds),
    }
    if test is not None:
        unseen = load_corpus(test)
        asked = examples_of.from_corpus(unseen.records, seed=seed, variants=(0,), progress=progress)
        # Office mail: the margins of folds that had not seen it.
        own = matrix([example.features for example in asked], rare) @ table + intercepts
        said = probabilities_with(
            asked, calibrated(own, calibration, bias), blends, encoder, ordinary, progress=progress
        )
        office_rows = [row for row, example in enumerate(judges) if example.is_office]
        together = {head: np.concatenate([said[head], values[head][office_rows]]) for head in HEADS}
        asked = [*asked, *(judges[row] for row in office_rows)]
        manifest["held_out"] = measure(asked, together, thresholds)
        manifest["test"] = {"sha256": unseen.sha256, "texts": len(unseen.records)}
    return Trained(weights=weights, manifest=manifest)


def arrays_sha256(arrays: Mapping[str, NDArray[np.generic]]) -> str:
    """Of names, shapes and bytes in order of name."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(
            f"{name}\0{arrays[name].shape}\0{arrays[name].dtype}\0".encode() + arrays[name].tobytes()
        )
    return digest.hexdigest()


__all__ = [
    "FOLDS",
    "SEED",
    "Trained",
    "calibrate",
    "calibrated",
    "fit",
    "fold_of",
    "held_out_margins",
    "train",
]
