"""Disturbed texts: what a reader still reads, the model must not lose. Bounds are generous; the report has the figures."""

from __future__ import annotations

import random
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from mailguard.app.ports import Classifier
from mailguard.classifier.artefact import open_classifier
from mailguard.classifier.corpus import Record, load_corpus
from mailguard.classifier.disturb import (
    TEXT_CHANGES,
    disturbed_text,
    with_quotation_of_nothing,
    with_quoted,
)
from mailguard.classifier.heads import GRAVE
from mailguard.classifier.held_out import mail_of
from mailguard.classifier.robustness import Change, Steadiness, found, measure, right, steadiness
from mailguard.domain.message import MessageFacts
from mailguard.domain.scores import Scores
from mailguard.domain.words import Initiator, Kind, Nature
from mailguard.reading.message import read
from tests.tables import IS_PROVING, rows

HELD_OUT = Path(__file__).parents[3] / "models" / "held_out" / "test"
FEWER = 30
QUOTING = 16
AT_MOST = 60  # the encoder reads every changed text anew; all of them under `make prove`
# Of so few texts one lies close to a threshold by chance; the whole set must keep the shares themselves.
ONE_BY_CHANCE = 0 if IS_PROVING else 1
pytestmark = pytest.mark.timeout(900)
# Marks that carry meaning for a model as they do for a reader: shouting, tone, sentence ends.
MEANINGFUL = frozenset(
    {"capitals", "small letters", "no punctuation", "letters drawn out", "emoji", "leetspeak"}
)
INVISIBLE = frozenset({"look-alike letters", "zero-width characters", "soft hyphens", "wide letters"})


@cache
def texts() -> tuple[tuple[Record, MessageFacts], ...]:
    direct = [record for record in load_corpus(HELD_OUT).records if record.kind is Kind.DIRECT]
    return tuple((record, read(mail_of(record).raw)) for record in rows(direct, AT_MOST))


@cache
def classifier() -> Classifier:
    return open_classifier()


@cache
def measured() -> Mapping[str, Steadiness]:
    """The changes of a text over all texts. In a quick run what is beside them over fewer: pages of tedium alone take the
    encoder longer than all changes together, and no share of them is asked here."""
    remembering = RememberingClassifier(classifier())
    beside = measure(remembering, rows(texts(), FEWER))
    return {**beside, **{name: steadiness(remembering, texts(), disturbing(name)) for name in TEXT_CHANGES}}


def disturbing(name: str) -> Change:
    return lambda facts, record: disturbed_text(facts, record, name)


class RememberingClassifier:
    """Reads the same facts once."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._answers: dict[MessageFacts, Scores] = {}

    @property
    def model_id(self) -> str:
        return self._classifier.model_id

    def predict(self, facts: MessageFacts) -> Scores:
        if facts not in self._answers:
            self._answers[facts] = self._classifier.predict(facts)
        return self._answers[facts]


def test_the_measure_rests_on_enough_findings():
    assert measured()["capitals"].findings >= 20
    assert len(measured()) == len(TEXT_CHANGES) + 2


@pytest.mark.parametrize("name", sorted(INVISIBLE))
def test_what_a_reader_does_not_even_see_changes_next_to_nothing(name: str):
    steady = measured()[name]
    assert steady.lost <= 0.04 * steady.findings + ONE_BY_CHANCE, steady
    assert steady.flipped <= 0.03 * steady.texts + ONE_BY_CHANCE, steady


@pytest.mark.parametrize("name", sorted(set(TEXT_CHANGES) - INVISIBLE - MEANINGFUL))
def test_a_trick_of_the_keyboard_loses_little_of_what_was_found(name: str):
    steady = measured()[name]
    assert steady.lost <= 0.12 * steady.findings, steady
    assert steady.gained <= 0.05 * steady.texts, steady


@pytest.mark.parametrize("name", sorted(MEANINGFUL))
def test_another_tone_loses_less_than_a_quarter_of_what_was_found(name: str):
    steady = measured()[name]
    assert steady.lost <= 0.25 * steady.findings, steady
    assert steady.gained <= 0.08 * steady.texts, steady


def test_a_grave_message_that_is_only_quoted_does_not_count():
    grave = [record.body for record, _ in texts() if Nature.DISCLOSURE in record.natures]
    harmless = [
        (record, facts)
        for record, facts in texts()
        if not any(nature.value in GRAVE for nature in record.natures)
    ]
    steady = steadiness(
        classifier(),
        rows(harmless, QUOTING),
        lambda facts, record: with_quoted(facts, grave[record.line % len(grave)]),
        plain=lambda facts, record: with_quotation_of_nothing(facts),
    )
    assert steady.texts >= 8
    assert steady.flipped == 0


def test_quoted_words_are_taken_for_nobody_s_own_when_mail_is_read():
    raw = (
        b"From: o.green@hill.example\r\nTo: t.brown@hill.example\r\nSubject: Re: help\r\n\r\n"
        b"Thank you, I have passed this on.\r\n\r\nOn Monday Ella wrote:\r\n"
        b"> my stepdad hits me every night and i am scared to go home\r\n> please dont tell anyone\r\n"
    )
    scores = classifier().predict(read(raw))
    assert Nature.DISCLOSURE.value not in scores.natures_of(is_child=False)
    assert not scores.is_child_voice


class EchoingClassifier:
    """Says a disclosure where the word stands, and nothing else."""

    model_id = "echo"

    def predict(self, facts: MessageFacts) -> Scores:
        found_words = ("disclosure",) if "hits" in facts.own_text else ()
        return Scores(natures_over_threshold=found_words)


def test_a_model_that_loses_what_it_found_is_found_out():
    record = Record("a.txt", 1, "x", "he hits me", natures=(Nature.DISCLOSURE,), initiator=Initiator.CHILD)
    facts = read(mail_of(record).raw)
    steady = steadiness(EchoingClassifier(), [(record, facts)], lambda f, r: disturbed_text(f, r, "capitals"))
    assert (steady.findings, steady.lost, steady.flipped, steady.gained) == (1, 1, 1, 0)
    assert right(record) == {"disclosure", "child's voice"}
    assert found(EchoingClassifier().predict(facts), record) == {"disclosure"}


@pytest.mark.parametrize("name", TEXT_CHANGES)
def test_a_disturbance_is_the_same_every_time_and_changes_something(name: str):
    record, facts = next(
        (record, facts)
        for record, facts in texts()
        if len(record.body) > 100 and record.body[:1].isupper() and "\n" in record.body and "." in record.body
    )
    once = disturbed_text(facts, record, name)
    assert once == disturbed_text(facts, record, name)
    assert once.own_text != facts.own_text
    assert TEXT_CHANGES[name]("", random.Random(1)) == ""


def test_a_quotation_stays_out_of_the_sender_s_own_words():
    for record, facts in texts():
        if record.body[:1].isdigit() or record.body[:3] in ("Am ", "On ", "El "):
            # Read as the beginning of the line that says who wrote.
            continue
        answer = with_quoted(facts, "my dad hits me and nobody knows")
        assert answer.own_text.split() == facts.own_text.split()
        assert "nobody knows" in answer.quoted_text + answer.forwarded_text
