"""The blend follows whichever reader is right, and leaves alone what no text teaches."""

import numpy as np

from mailguard.classifier.blend import fit_blend
from mailguard.classifier.heads import COLUMNS, EVENT, KIND, NATURE, columns

_TEXTS = 400
_AUTHORS = [f"author-{number // 10}" for number in range(_TEXTS)]


def _labels(rng: np.random.Generator) -> np.ndarray:
    labels = np.full((_TEXTS, COLUMNS), -1, dtype=np.int8)
    kind = columns(KIND)
    labels[:, kind] = 0
    labels[np.arange(_TEXTS), kind.start + rng.integers(0, kind.stop - kind.start, _TEXTS)] = 1
    labels[:, columns(NATURE)] = rng.integers(0, 2, (_TEXTS, columns(NATURE).stop - columns(NATURE).start))
    return labels


def test_the_reader_that_is_right_counts():
    rng = np.random.default_rng(1)
    labels = _labels(rng)
    noise = rng.normal(size=(_TEXTS, COLUMNS))
    right = np.where(labels == 1, 2.0, -2.0) + rng.normal(size=(_TEXTS, COLUMNS))
    blend = fit_blend(noise, right, labels, _AUTHORS)
    for head in (KIND, NATURE):
        part = columns(head)
        assert (blend[1, part] > 3 * np.abs(blend[0, part])).all()


def test_a_head_without_labels_stays_with_the_linear_reader():
    rng = np.random.default_rng(2)
    numbers = rng.normal(size=(_TEXTS, COLUMNS))
    blend = fit_blend(numbers, numbers, _labels(rng), _AUTHORS)
    part = columns(EVENT)
    assert (blend[0, part] == 1).all()
    assert (blend[1:, part] == 0).all()


def test_few_texts_are_drawn_towards_another_blend_and_unlearned_heads_keep_it():
    rng = np.random.default_rng(5)
    labels, read = _labels(rng), rng.normal(size=(_TEXTS, COLUMNS))
    of_many = np.repeat(np.array([[0.2], [1.1], [-0.4]]), COLUMNS, axis=1)
    few = slice(0, 20)
    drawn = fit_blend(read[few], read[few], labels[few], _AUTHORS[few], drawn_to=of_many)
    alone = fit_blend(read[few], read[few], labels[few], _AUTHORS[few])
    part = columns(NATURE)
    assert np.abs(drawn - of_many)[:, part].sum() < np.abs(alone - of_many)[:, part].sum()
    assert (drawn[:, columns(EVENT)] == of_many[:, columns(EVENT)]).all()


def test_equal_texts_give_equal_numbers():
    rng = np.random.default_rng(3)
    labels, logits, read = (
        _labels(rng),
        rng.normal(size=(_TEXTS, COLUMNS)),
        rng.normal(size=(_TEXTS, COLUMNS)),
    )
    first, second = (fit_blend(logits, read, labels, _AUTHORS) for _ in range(2))
    assert (first == second).all()


def test_what_holds_for_one_author_only_makes_the_answers_less_sure():
    """A reader that is right of some authors and wrong of others looks sure in what was fitted, and is not of the next."""
    rng = np.random.default_rng(4)
    labels = _labels(rng)
    sides = np.where(labels == 1, 1.0, -1.0)
    steady = 1.5 * sides + rng.normal(size=sides.shape)
    by_author = np.repeat(rng.normal(scale=2.0, size=(_TEXTS // 10, COLUMNS)), 10, axis=0)
    fickle = steady + by_author
    alone = fit_blend(fickle, fickle, labels, ["one"] * _TEXTS)
    softened = fit_blend(fickle, fickle, labels, _AUTHORS)
    part = columns(KIND)
    assert np.abs(softened[:, part]).sum() < np.abs(alone[:, part]).sum()
    assert (softened[:, columns(EVENT)] == alone[:, columns(EVENT)]).all()
