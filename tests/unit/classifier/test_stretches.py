"""A long text is read in stretches too: what is grave in it is not drowned in pages of other things."""

import textwrap
import time
from dataclasses import replace

import numpy as np
import pytest

from mailguard.classifier.artefact import open_classifier
from mailguard.classifier.features import extract, features_of_parts
from mailguard.classifier.heads import COLUMNS
from mailguard.classifier.predict import LinearClassifier
from mailguard.classifier.stretches import HIDDEN, HIDDEN_COLUMNS, asides_of, raised, stretches_of
from mailguard.domain.message import Attachment, AttachmentFamily, MessageFacts

_TEDIUM = (
    "The committee looked at the minutes of the last meeting and found them in order. The next item was the roof of the bicycle shed, "
    "for which two quotes had come in. It was agreed to wait for a third. The treasurer read out the balance. "
)
_GRAVE = "My stepdad hits me with his belt when he is drunk and I am too scared to go home tonight. "


def _facts(text: str) -> MessageFacts:
    return MessageFacts(sha256="", content_sha256="", size_bytes=0, subject="minutes", own_text=text)


def test_a_short_text_has_none():
    assert stretches_of(_facts("a word " * 30)) == []


@pytest.mark.parametrize("words", [61, 111, 300, 1066, 2106, 4000])
def test_every_word_of_ten_pages_stands_in_a_stretch(words: int):
    parts = stretches_of(_facts(" ".join(f"w{number}" for number in range(words))))
    assert {word for part in parts for word in part.own_text.split()} == {
        f"w{number}" for number in range(words)
    }
    assert all(part.subject == "" for part in parts)


@pytest.mark.parametrize("words", [4001, 5000, 100_000])
def test_of_what_is_longer_beginning_and_end_are_read_and_no_more(words: int):
    parts = stretches_of(_facts(" ".join(f"w{number}" for number in range(words))))
    read = {word for part in parts for word in part.own_text.split()}
    assert len(read) == 4000
    assert {"w0", "w2999", f"w{words - 1}", f"w{words - 1000}"} <= read


@pytest.mark.parametrize("between", ["\n\n", "\n", "\n \t\n", "\n-\n"])
def test_where_a_child_seems_to_write_each_short_paragraph_is_a_stretch(between: str):
    letter = _facts(
        between.join(["Dear Miss", "Here is the form.", _GRAVE.strip(), _TEDIUM * 3, "Thanks, Kai"])
    )
    parts = [part.own_text for part in asides_of(letter)]
    assert parts == ["Here is the form.", _GRAVE.strip()]
    assert _GRAVE.strip() not in [part.own_text for part in stretches_of(letter)]


def test_a_paragraph_that_a_program_broke_into_lines_is_one():
    broken = "\n".join(textwrap.wrap(_GRAVE, 72))
    parts = asides_of(_facts(f"Hi Miss\n\nHere is my form.\n\n{broken}"))
    assert [part.own_text for part in parts] == ["Here is my form.", _GRAVE.strip()]


def test_where_lines_are_as_they_were_typed_each_is_a_paragraph():
    long = "miss i was wondering about the geography trip because my mum lost the letter that says what it costs and when"
    letter = _facts(
        f"{long}\n{_GRAVE.strip().removesuffix('.')}\nand what do we have to bring with us for lunch"
    )
    parts = [part.own_text for part in asides_of(letter)]
    assert parts == letter.own_text.split("\n")


def test_a_text_of_one_paragraph_is_not_read_twice():
    assert asides_of(_facts(_GRAVE)) == []


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("when_my-stepdad hits me.docx", ["when my stepdad hits me"]),
        ("he hits me.docx", ["he hits me"]),
        ("MyStepdadHitsMe.docx", ["My Stepdad Hits Me"]),
        ("my%20stepdad+hits,me.docx", ["my stepdad hits me"]),
        ("please.read.this.alone.odt", ["please read this alone"]),
        ("IMG_2026_11_30_1234.jpg", []),
        ("Scan (3).pdf", []),
        ("homework week 3.docx", ["homework week"]),
        ("help_me.docx", ["help me"]),
        ("", []),
    ],
)
def test_what_a_childs_file_is_called_is_a_stretch(name: str, told: list[str]):
    file = Attachment(name, "application/msword", "", AttachmentFamily.DOCUMENT, 900, "0" * 64)
    letter = replace(_facts("sir"), attachments=(file, file))
    assert [part.own_text for part in asides_of(letter)] == told
    assert stretches_of(letter) == []


def test_a_grave_paragraph_of_a_childs_short_letter_is_seen():
    letter = _facts(
        "Hi Miss, essay attached, I did the bit on Sheila like you said. Is 600 words alright?\n"
        "also keep that lad from 10C away from the gates tmrw cos when i see him hes getting battered, im not joking"
    )
    assert "threat" in open_classifier().predict(letter).natures_of(is_child=True)


def test_of_a_parents_short_letter_no_paragraph_stands_alone():
    letter = _facts(
        "Hello, Isla can't find her maths book, I think it is in room 12.\n\nPlease call me on 07700 900123.\n\nDonna Fazakerley"
    )
    assert "social_invite" not in open_classifier().predict(letter).natures_of(is_child=False)


def test_of_very_many_paragraphs_the_first_and_the_last_are_read():
    many = "\n\n".join(f"paragraph number {number}" for number in range(1600))
    parts = [part.own_text for part in asides_of(_facts(many))]
    short = [text for text in parts if len(text.split()) == 3]
    assert len(short) == 50
    assert (short[0], short[-1]) == ("paragraph number 0", "paragraph number 1599")


@pytest.mark.parametrize(
    "filling", ["\n" * 200_000, "\n \t" * 100_000, " \n\n a b c" * 50_000, "a " * 200_000]
)
def test_whatever_stands_between_paragraphs_they_are_bounded(filling: str):
    begun = time.process_time()
    assert len(asides_of(_facts(f"{_GRAVE * 5}{filling}{_GRAVE * 5}"))) < 300
    assert time.process_time() - begun < 5


@pytest.mark.parametrize("pages", [2, 12])
def test_a_childs_short_grave_message_before_pages_of_tedium_is_seen(pages: int):
    scores = open_classifier().predict(_facts(f"{_GRAVE}\n\n{_TEDIUM * pages * 6}"))
    assert "disclosure" in scores.natures_of(is_child=True)


def test_only_grave_natures_are_raised_and_none_is_lowered():
    whole = np.zeros(COLUMNS)
    stretch = np.full(COLUMNS, 5.0)
    margins = {word: float(place) for place, word in enumerate(HIDDEN)}
    found, by = raised(whole, np.stack([-stretch, stretch]), margins=margins)
    assert by == {column: 1 for column in HIDDEN_COLUMNS if found[column] > 0}
    assert found[HIDDEN_COLUMNS].tolist() == [5.0 - place for place in range(len(HIDDEN))]
    others = [column for column in range(COLUMNS) if column not in HIDDEN_COLUMNS]
    assert (found[others] == 0.0).all()


@pytest.mark.parametrize(
    "text",
    [
        _TEDIUM * 3,
        _GRAVE * 60,
        "hello \ue000 there, a mark of our own " * 40,
        "\n".join(["h0mew0rk w e d n e s d a y sn@p 😂😂 call 07700 900123 https://a.example/x"] * 60),
        "я учусь в школе и мне очень страшно идти домой " * 30,
        "'" + " , ; " * 400,
        " ".join(f"{'supercalifragilistic' * 30}{number}" for number in range(200)),
    ],
)
def test_stretches_read_together_say_what_each_says_alone(text: str):
    parts = stretches_of(_facts(text))
    assert parts
    for together, part in zip(features_of_parts(parts), parts, strict=True):
        alone = extract(part)
        for block in ("chars", "words", "concepts", "structure", "known"):
            assert np.array_equal(getattr(together, block), getattr(alone, block)), block
    model = open_classifier()
    assert isinstance(model, LinearClassifier)
    linear = replace(model, weights=replace(model.weights, encoder=None))
    apart = np.stack([linear.logits(part) for part in parts])
    assert np.allclose(linear.logits_of_parts(parts), apart, atol=1e-4)


def test_the_encoder_reads_the_stretches_that_seem_to_hide_something_and_no_others():
    model = open_classifier()
    assert isinstance(model, LinearClassifier)
    linear = replace(model, weights=replace(model.weights, encoder=None))
    parts = stretches_of(_facts(_TEDIUM * 2 + _GRAVE + _TEDIUM * 2))
    plain, read = linear.logits_of_parts(parts), model.logits_of_parts(parts)
    was_read = ~np.isclose(plain, read).all(axis=1)
    assert 0 < was_read.sum() < len(parts)
    for place in np.flatnonzero(was_read).tolist():
        assert "step" in parts[place].own_text or "home" in parts[place].own_text


@pytest.mark.parametrize("before", [3, 9, 15])
def test_of_a_sentence_in_pages_of_others_the_reasons_are_its_own_words(before: int):
    scores = open_classifier().predict(_facts(_TEDIUM * before + _GRAVE + _TEDIUM * (18 - before)))
    assert "disclosure" in scores.natures_of(is_child=True)
    said = " ".join(scores.reasons["nature.disclosure"])
    assert any(word in said for word in ("stepdad", "hits", "belt", "drunk", "scared", "home"))
    assert "shed" not in said
    assert "committee" not in said


def test_a_childs_disclosure_amid_pages_of_minutes_is_seen():
    model = open_classifier()
    alone, hidden = model.predict(_facts(_GRAVE)), model.predict(_facts(_TEDIUM * 2 + _GRAVE + _TEDIUM * 2))
    assert "disclosure" in alone.natures_of(is_child=True)
    assert "disclosure" in hidden.natures_of(is_child=True)
    assert "disclosure" not in model.predict(_facts(_TEDIUM * 12)).natures_of(is_child=True)
