"""Training is repeatable, holds groups out whole and calibrates what it learned."""

from pathlib import Path

import numpy as np
import pytest

from mailguard.classifier.compose import compose
from mailguard.classifier.corpus import parse_records
from mailguard.classifier.evaluate import choose_thresholds
from mailguard.classifier.examples import from_corpus
from mailguard.classifier.heads import COLUMNS, HEADS, NATURE, columns
from mailguard.classifier.labels import labels_of
from mailguard.classifier.train import FOLDS, fold_of, train
from mailguard.classifier.weights import unpack
from mailguard.domain.words import Initiator

_TEXTS = (
    ("nature=schoolwork initiator=child", "sir wheres the homework sheet number {}"),
    ("nature=admin initiator=parent", "Dear Mrs Holt, my son is ill today, lesson {}. Kind regards"),
    ("nature=personal initiator=other", "fancy a pint at {} then? the band is on"),
    (
        "kind=notification platform=p{} event=follow initiator=other",
        "Somebody number {} followed you on our service",
    ),
    ("kind=bulk initiator=none", "Our catalogue {} is out: desks, chairs, glue"),
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    for place, (head, body) in enumerate(_TEXTS):
        records = (
            f"== {head.format(number)}\nSubject: {number}\n{body.format(number)}\n" for number in range(30)
        )
        (folder / f"author{place}.txt").write_text("".join(records))
    return folder


def test_the_same_corpus_and_seed_give_the_same_artefact(corpus: Path):
    steps: list[str] = []
    first = train(corpus, progress=lambda step, done, total: steps.append(step))
    second = train(corpus)
    assert first.weights == second.weights
    assert first.manifest == second.manifest
    assert "training" in steps
    assert unpack(first.weights).intercepts.shape == (COLUMNS,)


def test_groups_are_held_out_whole():
    groups = [f"group{number % 17}" for number in range(300)]
    folds = fold_of(groups)
    for group in set(groups):
        assert len({int(fold) for fold, name in zip(folds, groups, strict=True) if name == group}) == 1
    assert len(set(folds.tolist())) == FOLDS


def test_a_composition_is_the_same_for_equal_arguments_and_differs_by_variant():
    (record,), _ = parse_records(
        "== nature=admin initiator=parent\nSubject: x\n" + "A longer text. " * 30, file="a.txt"
    )
    assert compose(record, seed=1, variant=1) == compose(record, seed=1, variant=1)
    assert len({compose(record, seed=1, variant=variant).own_text for variant in range(8)}) > 1


def test_a_platforms_wording_teaches_no_nature():
    records, _ = parse_records(
        "== kind=notification platform=p event=follow initiator=other\nSubject: x\ny", file="a.txt"
    )
    labels = labels_of(from_corpus(records, seed=1, variants=(0,)))
    assert (labels.table[0, columns(NATURE)] == -1).all()


def test_thresholds_keep_adults_from_being_taken_for_children():
    texts = "".join(
        f"== nature=personal initiator={who}\nSubject: {number}\nbody {number}\n"
        for number in range(50)
        for who in ("child", "parent")
    )
    records, _ = parse_records(texts, file="a.txt")
    examples = from_corpus(records, seed=1, variants=(0,))
    rng = np.random.default_rng(1)
    held = {head: rng.uniform(size=(len(examples), len(words))) for head, words in HEADS.items()}
    values = held["initiator"][:, 0]
    chosen = choose_thresholds(examples, held).child_voice
    over = [row for row in range(len(examples)) if values[row] >= chosen]
    wrong = [row for row in over if examples[row].initiator is not Initiator.CHILD]
    assert len(wrong) <= max(1, 0.02 * len(over))
