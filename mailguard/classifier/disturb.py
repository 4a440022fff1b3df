"""Texts disturbed as people disturb them to get past a filter, or by the way: what a reader still reads, a model must too.

Each disturbance keeps what the text says to a person. The share of predictions that flip is measured, and named in the report.
"""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace

from mailguard.classifier.corpus import Record
from mailguard.classifier.mail_shapes import Letter, answering
from mailguard.domain.message import MessageFacts
from mailguard.domain.words import Kind
from mailguard.reading.message import read

_LEET = str.maketrans("aeiost", "431057")
# Cyrillic and Greek letters that look like Latin ones.
_LOOKALIKES = str.maketrans("aceiopxyABEHKMOPTX", "асеіорхуАВЕНКМОРТХ")
_ZERO_WIDTH = "\u200b"
_EMOJI = ("😂", "🙈", "✨", "👍", "💀", "🥺")
_WORD = re.compile(r"[A-Za-z]{4,}")
_FILLER = (
    "The minutes of the last meeting were read and agreed. The treasurer reported that the accounts had been examined and that "
    "the balance was much as it had been. The boiler was discussed once more. It was agreed to ask for two further quotations. "
)
_FILLER_TIMES = 12


def _leet(text: str, rng: random.Random) -> str:
    return _in_words(text, rng, 0.35, lambda word: word[0] + word[1:].translate(_LEET))


def _lookalikes(text: str, rng: random.Random) -> str:
    return _in_words(text, rng, 0.5, lambda word: word[:1] + word[1:].translate(_LOOKALIKES))


def _zero_width(text: str, rng: random.Random) -> str:
    return _in_words(text, rng, 0.6, lambda word: f"{word[:2]}{_ZERO_WIDTH}{word[2:]}")


def _soft_hyphens(text: str, rng: random.Random) -> str:
    return _in_words(text, rng, 0.6, lambda word: f"{word[:3]}\u00ad{word[3:]}")


def _spaced(text: str, rng: random.Random) -> str:
    return _in_words(text, rng, 0.15, lambda word: " ".join(word))


def _dotted(text: str, rng: random.Random) -> str:
    return _in_words(text, rng, 0.15, lambda word: ".".join(word))


def _wide(text: str, rng: random.Random) -> str:
    return _in_words(text, rng, 0.4, lambda word: "".join(chr(ord(letter) + 0xFEE0) for letter in word))


def _mathematical(text: str, rng: random.Random) -> str:
    """Bold letters of the mathematical alphabet, as fancy-text sites make them."""
    return _in_words(
        text,
        rng,
        0.4,
        lambda word: "".join(
            chr(ord(letter) - 97 + 0x1D41A) if letter.islower() else chr(ord(letter) - 65 + 0x1D400)
            for letter in word
        ),
    )


def _emoji(text: str, rng: random.Random) -> str:
    return re.sub(
        r"(?<=\w)(?=[.!?\n]|$)", lambda _: f" {rng.choice(_EMOJI)}" if rng.random() < 0.7 else "", text
    )


def _drawn_out(text: str, rng: random.Random) -> str:
    return _in_words(text, rng, 0.2, lambda word: word + word[-1] * 4)


def _capitals(text: str, rng: random.Random) -> str:
    return text.upper()


def _small_letters(text: str, rng: random.Random) -> str:
    return text.lower()


def _without_stops(text: str, rng: random.Random) -> str:
    return re.sub(r"[.,;:!?'’\"]", "", text)


def _one_line(text: str, rng: random.Random) -> str:
    return " ".join(text.split())


def _in_words(text: str, rng: random.Random, chance: float, change: Callable[[str], str]) -> str:
    return _WORD.sub(lambda found: change(found.group(0)) if rng.random() < chance else found.group(0), text)


TEXT_CHANGES: Mapping[str, Callable[[str, random.Random], str]] = {
    "leetspeak": _leet,
    "look-alike letters": _lookalikes,
    "zero-width characters": _zero_width,
    "soft hyphens": _soft_hyphens,
    "words spaced out": _spaced,
    "words dotted out": _dotted,
    "wide letters": _wide,
    "mathematical letters": _mathematical,
    "emoji": _emoji,
    "letters drawn out": _drawn_out,
    "capitals": _capitals,
    "small letters": _small_letters,
    "no punctuation": _without_stops,
    "one line": _one_line,
}


def disturbed_text(facts: MessageFacts, record: Record, name: str) -> MessageFacts:
    """`facts` with subject and own text disturbed; the same for the same record and name."""
    rng = random.Random(zlib.crc32(f"{name}:{record.file}:{record.line}".encode()))
    change = TEXT_CHANGES[name]
    return replace(facts, subject=change(facts.subject, rng), own_text=change(facts.own_text, rng))


def with_quoted(facts: MessageFacts, quoted: str) -> MessageFacts:
    """`facts` in answer to `quoted`: somebody else's words, which must not count as the sender's.

    Written as a mail program quotes and read again: always the same program for the same message.
    """
    letter = Letter(
        text=facts.own_text,
        subject=facts.subject,
        sender="someone@post.example",
        sender_name="",
        recipient="teacher@school.example",
        kind=Kind.DIRECT,
        language="en",
    )
    answer = read(answering(letter, quoted, random.Random(zlib.crc32(facts.sha256.encode()))))
    return replace(
        facts,
        subject=answer.subject,
        own_text=answer.own_text,
        quoted_text=answer.quoted_text,
        # An answer to what was forwarded ("Fwd: ...") quotes as a forward does.
        forwarded_text=answer.forwarded_text or facts.forwarded_text,
    )


def with_quotation_of_nothing(facts: MessageFacts) -> MessageFacts:
    """What :func:`with_quoted` is held against: an answer to an ordinary mail, so that only the quoted words differ."""
    return with_quoted(facts, "Thank you for your message. I will come back to you.")


def at_great_length(facts: MessageFacts) -> MessageFacts:
    """`facts` with pages of tedium before the end: what matters stands first."""
    return replace(facts, own_text=f"{facts.own_text}\n\n{_FILLER * _FILLER_TIMES}")
