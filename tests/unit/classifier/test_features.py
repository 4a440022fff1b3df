"""Text is made plain, hashed by place, and nothing a sender writes makes features fail."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailguard.classifier.features import (
    CHAR_BITS,
    CONCEPT_BITS,
    STRUCTURE_SIZE,
    WORD_BITS,
    extract,
    text_read_whole,
)
from mailguard.classifier.plain import plain_codes, plain_text, spoken
from mailguard.domain.message import Attachment, AttachmentFamily, MessageFacts


def _plain(text: str) -> str:
    return plain_codes(plain_text(text)).tobytes().decode("utf-32-le").strip()


def _message(text: str, *, subject: str = "") -> MessageFacts:
    return MessageFacts(sha256="", content_sha256="", size_bytes=0, subject=subject, own_text=text)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("ADD me  on\n5nap", "add me on snap"),
        ("sn4pch4t h0mew0rk", "snapchat homework"),
        ("s n a p me", "snap me"),
        ("s.n.a.p chat", "snap chat"),
        ("hеllо аdd mе", "hello add me"),  # Cyrillic letters in Latin words
        ("he\u200bllo\u00ad", "hello"),
        ("ｈｅｌｌｏ", "hello"),
        ("heyyyyyyy!!!!", "heyy!!"),
        ("don’t", "don't"),
        ("ring 07700 900123", "ring 00 00"),
        ("in 9b on the 5th", "in 9b on the 5th"),
        ("write to a.b@mail.example", "write to addressof"),
        ("https://discord.gg/abc now", "linkto discord gg now"),
        ("завтра не прийду", "завтра не прийду"),
    ],
)
def test_plain_text_undoes_tricks_and_leaves_other_scripts_alone(written: str, read: str):
    assert _plain(written) == read


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("h3lp my s1ster", "help my sister"),
        ("we h.a.t.e it 😭😭😭", "we hate it loudly crying face"),
        ("love u ❤️👍🏽", "love u heart thumbs up"),
        ("add me www.snapchat.com/add/ella", "add me linkto snapchat"),
        ("Привіт 🙏", "привіт person with folded hands"),
        ("", ""),
    ],
)
def test_the_encoder_is_read_words_and_the_names_of_emoji(written: str, said: str):
    assert " ".join(spoken(written).split()) == said


def test_the_encoder_is_told_once_what_is_attached():
    pictures = tuple(
        Attachment(filename=name, declared_type="", detected_type="", family=family, size_bytes=1, sha256="")
        for name, family in (
            ("a.jpg", AttachmentFamily.IMAGE),
            ("b.jpg", AttachmentFamily.IMAGE),
            ("c.pdf", AttachmentFamily.DOCUMENT),
        )
    )
    facts = replace(_message("LOOK", subject="Photo!"), attachments=pictures)
    assert text_read_whole(facts) == ("photo!", "attached image. attached document. look")
    assert text_read_whole(_message("LOOK")) == ("", "look")


@given(st.text(max_size=400), st.text(max_size=80))
def test_any_text_gives_features_within_their_ranges(text: str, subject: str):
    features = extract(_message(text, subject=subject))
    for numbers, size in (
        (features.chars, 1 << CHAR_BITS),
        (features.words, 1 << WORD_BITS),
        (features.concepts, 1 << CONCEPT_BITS),
        (features.structure, STRUCTURE_SIZE),
    ):
        assert (np.diff(numbers) > 0).all()
        assert not len(numbers) or (numbers[0] >= 0 and numbers[-1] < size)


def test_only_own_words_count_not_quoted_or_hidden_ones():
    plain = _message("see you at lunch")
    quoting = MessageFacts(
        sha256="",
        content_sha256="",
        size_bytes=0,
        own_text="see you at lunch",
        quoted_text="add me on snap",
        hidden_text="x",
    )
    assert (extract(plain).words == extract(quoting).words).all()


def test_very_long_text_is_read_at_both_ends_only():
    long = extract(_message("start " + "middle " * 50_000 + "ending"))
    assert len(set(extract(_message("ending")).words) & set(long.words)) > 0


def test_words_of_the_subject_count_as_such_too():
    assert len(extract(_message("b", subject="a")).words) > len(extract(_message("a b")).words)
