"""From a message to the numbers that the model weighs: hashed n-grams by rolling hashes in numpy, and a little structure.

Four blocks, each set-valued (a feature is there or not): character 2- to 5-grams; words and word pairs (words of the subject
once more as such); concepts and pairs of concepts that stand close together; structure. Text is
the subject and the sender's own words, made plain first (``plain``). Quoted, forwarded and hidden text count only as being
there. Changing anything here needs a new FEATURES_VERSION: a model made with another
version goes dark.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from mailguard.classifier.concepts import CONCEPTS, CONCEPTS_HASH
from mailguard.classifier.plain import LETTER, SYMBOL, Codes, kinds, plain_codes, plain_text, spoken
from mailguard.domain.message import AttachmentFamily, AutomaticMark, MessageFacts

FEATURES_VERSION = f"5-{CONCEPTS_HASH}"
CHAR_BITS = 17
WORD_BITS = 16
KNOWN_BITS = 20
CONCEPT_BITS = 13
STRUCTURE_SIZE = 64
MAX_TEXT_CHARS = 3000
MAX_SUBJECT_CHARS = 200
GRAM_SIZES = (2, 3, 4, 5)
_TAIL_CHARS = 800  # the end of a long text counts too: people often ask last what they wrote for

Indexes = NDArray[np.int64]
ShortIndexes = NDArray[np.int32]
Hashes = NDArray[np.uint64]

_MASK64 = (1 << 64) - 1
_BASE = 0x9E3779B97F4A7C15
_MIX = np.uint64(0xD6E8FEB86659FD93)
_PAIR = np.uint64(0xA24BAED4963EE407)
_SUBJECT_SALT = np.uint64(0x5851F42D4C957F2D)
_HALF = np.uint64(32)
# Letters are many and their table is small: half the bits hash them as well, in a third of the time.
_MIX_SHORT, _MIX_AGAIN = np.uint32(0x85EBCA6B), np.uint32(0xC2B2AE35)
_OWNER_BITS = 20
_APART = 10_000  # words: no concept is near one of another part
_MARK = "\ue000"  # private use, stands between subject and body and is no letter (plain.kinds)


def _powers(base: int, count: int) -> Hashes:
    values, value = [], 1
    for _ in range(count):
        values.append(value)
        value = value * base & _MASK64
    return np.array(values, dtype=np.uint64)


# NFKC may lengthen text (a ligature is several letters), so plain text is cut again to this.
_MOST_CODES = MAX_TEXT_CHARS + MAX_SUBJECT_CHARS + 64
_POWERS = _powers(_BASE, _MOST_CODES + 8)
_INVERSES = _powers(pow(_BASE, -1, 1 << 64), _MOST_CODES + 8)
_INVERSES_SHORT = _INVERSES.astype(np.uint32)


@dataclass(frozen=True, slots=True)
class Features:
    """Sorted distinct feature numbers a block. ``known`` are numbers of the words alone, for the share of known words."""

    chars: Indexes
    words: Indexes
    concepts: Indexes
    structure: Indexes
    known: Indexes


@dataclass(frozen=True, slots=True)
class Grams:
    """Every occurrence, in order of place: for saying which words moved a head. ``starts``/``ends`` bound each word."""

    codes: Codes
    body_start: int  # the subject's words begin before this place
    starts: Indexes
    ends: Indexes
    word_hashes: Hashes
    known: Indexes
    all_chars: ShortIndexes  # of each of GRAM_SIZES in turn: ``chars``
    words: Indexes
    pair_hashes: Hashes
    pairs: Indexes

    @property
    def chars(self) -> tuple[ShortIndexes, ...]:
        """One array for each of GRAM_SIZES; element i begins at code i."""
        counts = [max(len(self.codes) - size + 1, 0) for size in GRAM_SIZES]
        return tuple(self.all_chars[first:last] for first, last in pairwise([0, *accumulate(counts)]))


def extract(facts: MessageFacts) -> Features:
    """All blocks of one message. Total: any text gives features, an empty one only structure."""
    return distinct_features(text_grams(facts), facts)


def distinct_features(grams: Grams, facts: MessageFacts) -> Features:
    """The blocks from occurrences already found."""
    of_subject = grams.word_hashes[: int(np.searchsorted(grams.starts, grams.body_start))]
    words = (grams.words, grams.pairs, _spread((of_subject + np.uint64(1)) * _SUBJECT_SALT, WORD_BITS))
    return Features(
        chars=_distinct(grams.all_chars),
        words=_distinct(np.concatenate(words)),
        concepts=_distinct(_concepts_of(grams)),
        structure=structure_of(facts, word_count=len(grams.starts)),
        known=grams.known,
    )


def _concepts_of(grams: Grams) -> Indexes:
    where = np.concatenate([np.arange(len(grams.word_hashes)), np.arange(len(grams.pair_hashes))])
    return _concept_numbers(np.concatenate([grams.word_hashes, grams.pair_hashes]), where)[0]


def text_grams(facts: MessageFacts) -> Grams:
    """Character grams, words and pairs of subject and own text, where they stand."""
    body = own_words(facts)
    # Made plain apart: the mark would send plain ASCII the long way round.
    text = f"{plain_text(facts.subject[:MAX_SUBJECT_CHARS])} {_MARK} {plain_text(body)}".strip()
    return _grams_of(plain_codes(text)[:_MOST_CODES])


def features_of_parts(parts: Sequence[MessageFacts]) -> list[Features]:
    """What :func:`extract` says of each of several short texts without a subject, found for all of them at once.

    At most a few dozen words each: numpy's cost is by the call, not by the letter.
    """
    found: list[Features] = []
    rest = [f"{_MARK} {plain_text(own_words(part))}" for part in parts]
    while len(found) < len(parts):
        # As many as the tables of powers reach over.
        count, length = 0, 0
        while count < len(rest) and (not count or length + len(rest[count]) < MAX_TEXT_CHARS):
            length += len(rest[count]) + 1
            count += 1
        first = len(found)
        found.extend(_features_together(parts[first : first + count], " ".join(rest[:count])))
        rest = rest[count:]
    return found


def _features_together(parts: Sequence[MessageFacts], text: str) -> list[Features]:
    codes = plain_codes(text)[:_MOST_CODES]
    begins = (codes == ord(_MARK)).nonzero()[0] - 1
    if len(begins) != len(parts):
        # A text that holds the mark itself.
        return [extract(part) for part in parts]
    ends = np.append(begins[1:] + 1, len(codes))
    grams = _grams_of(codes)
    owners = np.arange(len(parts))
    of_words = np.searchsorted(grams.starts, begins), np.searchsorted(grams.starts, ends)
    first_words, last_words = of_words
    owner = np.repeat(owners, last_words - first_words)
    is_within = owner[:-1] == owner[1:]
    pair_owner = owner[:-1][is_within]
    of_sizes = grams.chars
    chars = [
        numbers[begin : max(end - size + 1, begin)]
        for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)
        for size, numbers in zip(GRAM_SIZES, of_sizes, strict=True)
    ]
    counts = [sum(map(len, chars[place : place + 4])) for place in range(0, len(chars), len(GRAM_SIZES))]
    where = np.arange(len(owner)) + owner * _APART
    concepts, places = _concept_numbers(
        np.concatenate([grams.word_hashes, grams.pair_hashes[is_within]]),
        np.concatenate([where, where[:-1][is_within]]),
    )
    blocks = (
        _distinct_each(np.concatenate(chars), np.repeat(owners, counts), len(parts)),
        _distinct_each(
            np.concatenate([grams.words, grams.pairs[is_within]]),
            np.concatenate([owner, pair_owner]),
            len(parts),
        ),
        _distinct_each(concepts, places // _APART, len(parts)),
    )
    return [
        Features(
            chars=block_chars,
            words=block_words,
            concepts=block_concepts,
            structure=structure_of(part, word_count=int(last - first)),
            known=grams.known[first:last],
        )
        for part, block_chars, block_words, block_concepts, first, last in zip(
            parts, *blocks, first_words.tolist(), last_words.tolist(), strict=True
        )
    ]


def _distinct_each(numbers: Indexes, owner: Indexes, count: int) -> list[Indexes]:
    """Sorted distinct numbers of each owner."""
    keys = _distinct((owner << _OWNER_BITS) | numbers)
    bounds = np.searchsorted(keys, np.arange(count + 1) << _OWNER_BITS)
    keys &= (1 << _OWNER_BITS) - 1
    return [keys[first:last] for first, last in pairwise(bounds.tolist())]


def _grams_of(codes: Codes) -> Grams:
    marks = (codes == ord(_MARK)).nonzero()[0]
    prefix = _prefix(codes)
    short = prefix.astype(np.uint32)
    counts = [max(len(codes) - size + 1, 0) for size in GRAM_SIZES]
    hashes = np.empty(sum(counts), dtype=np.uint32)
    place = 0
    for size, count in zip(GRAM_SIZES, counts, strict=True):
        part = hashes[place : place + count]
        np.subtract(short[size : size + count], short[:count], out=part)
        part *= _INVERSES_SHORT[:count]
        part += np.uint32(size)
        place += count
    starts, ends = _word_bounds(codes)
    words = _span_hashes(prefix, starts, ends)
    pairs = words[:-1] * _PAIR + words[1:]
    # Of one mixing: the top bits of a word's number among the known are its number among the words.
    finer = _spread(np.concatenate([words, pairs]), KNOWN_BITS)
    coarser = finer >> (KNOWN_BITS - WORD_BITS)
    return Grams(
        codes=codes,
        body_start=int(marks[0]) if len(marks) else 0,
        starts=starts,
        ends=ends,
        word_hashes=words,
        known=finer[: len(words)],
        all_chars=_spread_short(hashes, CHAR_BITS),
        words=coarser[: len(words)],
        pair_hashes=pairs,
        pairs=coarser[len(words) :],
    )


def own_words(facts: MessageFacts) -> str:
    """The sender's own words; of a long text the beginning and the end."""
    body = facts.own_text
    if len(body) > MAX_TEXT_CHARS:
        return f"{body[: MAX_TEXT_CHARS - _TAIL_CHARS]} {body[-_TAIL_CHARS:]}"
    return body


def text_read_whole(facts: MessageFacts) -> tuple[str, str]:
    """Subject and own words as the encoder reads them; what is attached is said first, for a picture may be the whole message."""
    attached = "".join(f"attached {family}. " for family in dict.fromkeys(_families(facts)))
    return spoken(facts.subject[:MAX_SUBJECT_CHARS]), attached + spoken(own_words(facts))


def _families(facts: MessageFacts) -> list[str]:
    return [attachment.family.value for attachment in facts.attachments]


def _prefix(codes: Codes) -> Hashes:
    """Prefix sums of code x base^place modulo 2^64; a span's hash is their difference, brought to place 0."""
    sums = np.zeros(len(codes) + 1, dtype=np.uint64)
    np.cumsum((codes.astype(np.uint64) + np.uint64(1)) * _POWERS[: len(codes)], out=sums[1:])
    return sums


def _span_hashes(prefix: Hashes, starts: Indexes, ends: Indexes) -> Hashes:
    hashes: Hashes = (prefix[ends] - prefix[starts]) * _INVERSES[starts] + (ends - starts).astype(np.uint64)
    return hashes


def _spread(hashes: Hashes, bits: int) -> Indexes:
    """The top bits after mixing: a polynomial's low bits are weak."""
    mixed = (hashes ^ (hashes >> _HALF)) * _MIX
    mixed = (mixed ^ (mixed >> _HALF)) * _MIX
    return (mixed >> np.uint64(64 - bits)).astype(np.int64)


def _spread_short(hashes: NDArray[np.uint32], bits: int) -> ShortIndexes:
    """:func:`_spread` of shorter hashes, which are mixed in place."""
    hashes ^= hashes >> np.uint32(16)
    hashes *= _MIX_SHORT
    hashes ^= hashes >> np.uint32(13)
    hashes *= _MIX_AGAIN
    hashes >>= np.uint32(32 - bits)
    return hashes.view(np.int32)


def _word_bounds(codes: Codes) -> tuple[Indexes, Indexes]:
    kind = kinds(codes)
    framed = np.zeros(len(codes) + 2, dtype=bool)
    framed[1:-1] = kind == LETTER
    edges = (framed[1:] != framed[:-1]).nonzero()[0]
    starts, ends = edges[::2], edges[1::2]
    symbols = (kind == SYMBOL).nonzero()[0]
    if len(symbols):
        order = np.argsort(np.concatenate([starts, symbols]), kind="stable")
        starts, ends = np.concatenate([starts, symbols])[order], np.concatenate([ends, symbols + 1])[order]
    return starts, ends


def _distinct(numbers: Indexes | ShortIndexes) -> Indexes:
    """Sorted distinct numbers; numpy's sort of whole numbers is faster here than a bitmap of all there are."""
    in_order = np.sort(numbers)
    if len(in_order) > 1:
        first = np.empty(len(in_order), dtype=bool)
        first[0] = True
        np.not_equal(in_order[1:], in_order[:-1], out=first[1:])
        in_order = in_order[first]
    return in_order.astype(np.int64)


def _concept_table() -> dict[int, tuple[int, ...]]:
    """The concepts of each of their words and pairs, by its hash."""
    entries: dict[int, list[int]] = {}
    for concept, words in enumerate(CONCEPTS.values()):
        for entry in words:
            hashes = []
            for word in entry.split("_"):
                codes = np.frombuffer(word.encode("utf-32-le"), dtype=np.uint32)
                bounds = np.array([0], dtype=np.int64), np.array([len(codes)], dtype=np.int64)
                hashes.append(_span_hashes(_prefix(codes), *bounds))
            whole = hashes[0] if len(hashes) == 1 else hashes[0] * _PAIR + hashes[1]
            entries.setdefault(int(whole[0]), []).append(concept)
    return {number: tuple(concepts) for number, concepts in entries.items()}


def _top_bits_seen(hashes: Hashes) -> NDArray[np.bool_]:
    seen = np.zeros(1 << _TOP_BITS, dtype=np.bool_)
    seen[(hashes >> _TOP_SHIFT).astype(np.int64)] = True
    return seen


def _concept_numbers(hashes: Hashes, where: Indexes) -> tuple[Indexes, Indexes]:
    """(numbers, places): concepts found (their own numbers), and each two found within a few words of each other (hashed above these).

    ``hashes`` are of words and of pairs, ``where`` the place of each word and of each pair's first.
    """
    # The top bits leave a few to be looked up.
    likely = _CONCEPT_TOPS.take((hashes >> _TOP_SHIFT).astype(np.int64)).nonzero()[0]
    # A few hits in most texts: plain Python is done before numpy has been called a dozen times.
    found = [
        (place, step, concept)
        for number, place in zip(hashes[likely].tolist(), where[likely].tolist(), strict=True)
        for step, concept in enumerate(_CONCEPTS.get(number, ()))
    ]
    found.sort(key=itemgetter(0, 1))
    numbers = [concept for _, _, concept in found]
    places = [place for place, _, _ in found]
    for row, (place, _, left) in enumerate(found, start=1):
        last = place + _CONCEPT_WINDOW
        for later, _, right in found[row : row + _CONCEPT_NEIGHBOURS]:
            if later > last:
                break
            first, second = (left, right) if left < right else (right, left)
            numbers.append(_SINGLE_CONCEPTS + first * _SINGLE_CONCEPTS + second)
            places.append(place)
    return np.array(numbers, dtype=np.int64), np.array(places, dtype=np.int64)


_SINGLE_CONCEPTS = 64  # and 64 + 64 * 64 pairs are below 1 << CONCEPT_BITS
_CONCEPT_WINDOW = 7
_CONCEPT_NEIGHBOURS = 6
_CONCEPTS = _concept_table()
_TOP_BITS = 16
_TOP_SHIFT = np.uint64(64 - _TOP_BITS)
_CONCEPT_TOPS = _top_bits_seen(np.array(list(_CONCEPTS), dtype=np.uint64))

_FAMILIES = {family: 20 + place for place, family in enumerate(AttachmentFamily)}
_DEAR = re.compile(
    r"\s*(?:dear|to whom|drogi|szanown|sehr geehrte|madame|monsieur|cher|estimad|caro|gentile|annwyl)\b", re.I
)
_HELLO = re.compile(
    r"\s*(?:hi|hiya|hello|hey|heya|morning|good (?:morning|afternoon|evening)|yo|alright|salam|assalam\S*|dzień dobry)\b",
    re.I,
)
_REGARDS_WORDS = (
    "regards",
    "sincerely",
    "faithfully",
    "best wishes",
    "many thanks",
    "kind wishes",
    "pozdrawiam",
    "cordialement",
    "saludos",
    "mit freundlichen",
)
_REGARDS = re.compile(rf"\b(?:{'|'.join(_REGARDS_WORDS)})\b", re.I)
_REPLY = re.compile(r"\s*(?:re|aw|odp|sv|r)\s*:", re.I)
_FORWARD = re.compile(r"\s*(?:fwd?|wg|tr|i)\s*:", re.I)
_MACHINE_LOCAL = re.compile(
    r"no-?_?reply|do-?not-?reply|notif|mailer|alerts?\b|updates?\b|digest|news|bounce|info\b", re.I
)
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf]")
_LENGTHS = (0, 3, 8, 20, 50, 120, 300)
_HEADERS = frozenset({"precedence", "list-unsubscribe", "list-id", "list-post", "auto-submitted"})


def _has_regards(end: str) -> bool:
    # The pattern alone is the dearest part of all this; most letters' ends hold none of its words.
    if end.isascii():
        low = end.lower()
        if not any(word in low for word in _REGARDS_WORDS):
            return False
    return bool(_REGARDS.search(end))


def structure_of(facts: MessageFacts, *, word_count: int) -> Indexes:
    """The small facts about form that hold, as numbers below STRUCTURE_SIZE. Slot 0 always holds."""
    text = facts.own_text[:MAX_TEXT_CHARS]
    low = text.lower()
    has_letters = any(map(str.isalpha, text[:200]))
    emoji = 0 if text.isascii() else len(_EMOJI.findall(text))
    links = len(facts.links)
    sender = next((mailbox.address for mailbox in facts.named("From")), "")
    # In one pass, from the last to the topmost, which counts.
    header = {key: value for key, value in reversed(facts.headers) if key in _HEADERS}
    lines = text.count("\n")
    holds = {
        0: True,
        1: not facts.subject.strip(),
        2: bool(_REPLY.match(facts.subject)),
        3: bool(_FORWARD.match(facts.subject)),
        4: facts.subject != "" and facts.subject == facts.subject.lower(),
        5: bool(_DEAR.match(text)),
        6: bool(_HELLO.match(text)),
        7: _has_regards(text[-400:]),
        8: has_letters and text == low,
        9: has_letters and text != low and text == text.upper(),
        10: text[:1].islower(),
        11: text.rstrip()[-1:] in {".", "!", "?"},
        12: 1 <= emoji <= 2,
        13: emoji > 2,
        14: text.count("!") > 2,
        15: lines > 6,
        16: links == 1,
        17: 2 <= links <= 4,
        18: links > 4,
        19: "!!" in text or "??" in text,
        31: bool(facts.attachments),
        32: bool(facts.quoted_text.strip()),
        33: bool(facts.forwarded_text.strip()),
        34: bool(facts.signature_text.strip()),
        35: bool(header.get("list-unsubscribe")),
        36: bool(header.get("list-id") or header.get("list-post")),
        37: header.get("precedence", "").lower() in {"bulk", "list", "junk"},
        38: facts.automatic is not AutomaticMark.NONE
        or header.get("auto-submitted", "").lower() not in {"", "no"},
        39: bool(_MACHINE_LOCAL.search(sender.partition("@")[0])),
        40: lines == 0,
    }
    found = [slot for slot, does in holds.items() if does]
    found.append(48 + sum(word_count > bound for bound in _LENGTHS))
    found.extend({_FAMILIES[attachment.family] for attachment in facts.attachments})
    return np.array(sorted(found), dtype=np.int64)
