"""Texts in other languages than English have a blend of their own; a model made without one serves as it did."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np

from mailguard.classifier.artefact import open_classifier
from mailguard.classifier.heads import COLUMNS
from mailguard.classifier.predict import LinearClassifier
from mailguard.classifier.weights import unpack
from mailguard.domain.message import MessageFacts
from mailguard.shipped import shipped_path

_ENGLISH = "please dont tell my mum but dad hit me again and i want to stay at yours tonight"
_POLISH = "proszę nie mówić mamie ale tata znowu mnie uderzył i chcę dzisiaj spać u pani"


def _facts(text: str) -> MessageFacts:
    return MessageFacts(sha256="", content_sha256="", size_bytes=0, own_text=text)


def test_the_blend_is_that_of_the_texts_language() -> None:
    shipped = open_classifier()
    assert isinstance(shipped, LinearClassifier)
    nothing = np.zeros((3, COLUMNS), dtype=np.float32)
    mute_abroad = replace(shipped, weights=replace(shipped.weights, blend_abroad=nothing))
    mute_at_home = replace(shipped, weights=replace(shipped.weights, blend=nothing))
    for text, same, mute in ((_ENGLISH, mute_abroad, mute_at_home), (_POLISH, mute_at_home, mute_abroad)):
        assert np.abs(shipped.logits(_facts(text))).max() > 1
        assert (same.logits(_facts(text)) == shipped.logits(_facts(text))).all()
        assert (mute.logits(_facts(text)) == 0).all()


def test_a_model_without_one_serves_as_it_did() -> None:
    content = shipped_path("models/weights.npz").read_bytes()
    with np.load(io.BytesIO(content)) as stored:
        arrays = {name: stored[name] for name in stored.files if name != "blend_abroad"}
    older = io.BytesIO()
    np.savez_compressed(older, **arrays)
    weights = unpack(older.getvalue())
    assert (weights.blend_abroad == weights.blend).all()
    assert not (unpack(content).blend_abroad == weights.blend).all()
