"""A candidate of this school: trained on its own machine, measured on the frozen sets, signed with the school's key.

It is put beside the others and changes nothing: promoting it is a separate act of a person.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mailguard.classifier.artefact import WEIGHTS, DarkClassifier, check_size
from mailguard.classifier.examples import Example, Progress, no_progress
from mailguard.classifier.frozen import Measure, Measured
from mailguard.classifier.gates import GateRow, figures_object, gate_rows
from mailguard.classifier.predict import LinearClassifier, Thresholds
from mailguard.classifier.promotion import Promoter
from mailguard.classifier.registry import SHIPPED, ModelRegistry
from mailguard.classifier.train import SEED, train
from mailguard.classifier.weights import encoder_of_file, unpack
from mailguard.shipped import shipped_path


@dataclass(frozen=True, slots=True, kw_only=True)
class Materials:
    """What a training is made of. ``extra``: this school's labelled examples and ordinary mail, in memory only.

    ``extra_facts``: counts and a hash of them for the manifest, nothing of what they say.
    """

    corpus: Path
    office_mail: Path | None = None
    choosing: Path | None = None
    extra: Sequence[Example] = ()
    extra_facts: dict[str, object] | None = None
    seed: int = SEED


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    model_id: str
    rows: tuple[GateRow, ...]
    measured: tuple[Measured, ...]
    removed: tuple[str, ...]
    weights_bytes: int

    @property
    def has_passed(self) -> bool:
        return all(row.passed for row in self.rows)


def retrain(
    promoter: Promoter,
    materials: Materials,
    *,
    now: Callable[[], datetime],
    keep: int,
    measure: Measure,
    progress: Progress = no_progress,
) -> Candidate:
    """Train, measure, sign and keep a candidate. Equal materials against an equal model in force give an equal id.

    ``now`` is asked when it is signed, at the end. Raises CorpusError, MemoryError, OSError; ModelRefused when its weights are
    more than any installation reads.
    """
    registry = promoter.registry
    trained = train(
        materials.corpus,
        choosing=materials.choosing,
        office_mail=materials.office_mail,
        extra=materials.extra,
        encoder=shipped_encoder(registry),
        seed=materials.seed,
        progress=progress,
    )
    check_size(trained.weights)
    candidate = LinearClassifier(
        model_id="candidate",
        weights=unpack(trained.weights),
        thresholds=Thresholds.from_dict(trained.manifest["thresholds"]),
    )
    measured = measure(candidate)
    rows = compared_rows(registry, measured, measure)
    manifest = {
        **trained.manifest,
        "gates": [row.as_dict() for row in rows],
        "frozen_sets": figures_object(measured),
        "school_examples": materials.extra_facts or {},
    }
    model_id = registry.add(weights=trained.weights, manifest=manifest, key=promoter.key, signed_at=now())
    return Candidate(
        model_id=model_id,
        rows=rows,
        measured=measured,
        removed=promoter.prune(keep, fresh=model_id),
        weights_bytes=len(trained.weights),
    )


def shipped_encoder(registry: ModelRegistry) -> dict[str, NDArray[np.generic]] | None:
    """The encoder that came with mailguard: a school trains the linear model beside it. None when the shipped model is dark."""
    shipped = registry.open(SHIPPED)
    if isinstance(shipped, DarkClassifier):
        return None
    return encoder_of_file((shipped_path("models") / WEIGHTS).read_bytes()) or None


def compared_rows(
    registry: ModelRegistry, measured: tuple[Measured, ...], measure: Measure
) -> tuple[GateRow, ...]:
    """Gates of a measured candidate against the model in force and the shipped one; a dark one is not compared with."""
    in_force, shipped = registry.classifier(), registry.open(SHIPPED)
    first = None if isinstance(shipped, DarkClassifier) else measure(shipped)
    if in_force.model_id == shipped.model_id:
        before = first
    else:
        before = None if isinstance(in_force, DarkClassifier) else measure(in_force)
    return gate_rows(measured, in_force=before, shipped=first)
