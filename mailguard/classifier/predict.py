"""From a message to scores, with numpy alone: sums of weights, calibration, thresholds, and the words that counted most.

Thread-safe: nothing is written after construction. Never raises; a message that cannot be scored gives ``Scores()`` that are
uncertain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mailguard.classifier.encoder_reasons import phrases, words_read
from mailguard.classifier.features import (
    Features,
    Grams,
    distinct_features,
    extract,
    features_of_parts,
    text_grams,
    text_read_whole,
)
from mailguard.classifier.heads import EVENT, GRAVE, HARMLESS, HEADS, INITIATOR, KIND, NATURE, columns
from mailguard.classifier.linear_reasons import MOST_REASONS, reasons
from mailguard.classifier.stretches import HIDDEN, asides_of, raised, stretches_of
from mailguard.classifier.tongue import is_english
from mailguard.classifier.weights import OFFSETS, Floats, Weights
from mailguard.domain.message import MessageFacts
from mailguard.domain.scores import Scores
from mailguard.domain.words import Initiator, Kind, Nature

_CHILD = HEADS[INITIATOR].index(Initiator.CHILD.value)
_NOTIFICATION = HEADS[KIND].index(Kind.NOTIFICATION.value)
_GRAVE_PLACES = [HEADS[NATURE].index(word) for word in GRAVE]
_PARTS = {head: columns(head) for head in HEADS}
_FIRSTS = [part.start for part in _PARTS.values()]
_HEAD_OF = np.repeat(np.arange(len(HEADS)), [len(words) for words in HEADS.values()])
_BLOCK_STARTS = np.array(OFFSETS)
_EACH_BLOCK = np.eye(len(OFFSETS), dtype=np.float32)
_HIDDEN_PLACES = [HEADS[NATURE].index(word) for word in HIDDEN]
# The encoder reads a stretch that seems to hide something at least so likely to the linear reader. Of held-out letters none in which
# something hid lay under 0.6; a lower bound only costs time, and false alarms.
_HINT = 0.1
_MOST_READ = 24  # stretches, the likeliest: whoever writes pages of alarm is found by those
_REASONS_OF_ENCODER = 3
_FEW_WORDS = 4
_SEEMS_NOTIFICATION = 0.5
# Rarer words are said sooner than commoner ones as likely: a miss of one counts as much as a miss of the other.
_RARER = {Nature.COMPLAINT.value: 1.5, Nature.OTHER.value: 1.5}


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From the manifest. Natures have one for text that reads like a child's and one for adults'.

    ``harmless``: below it no harmless nature is named. ``known_share``: below it the language is unknown, and grave natures
    need ``unknown_grave``. ``child_voice`` is for letters from a parent's address, ``likely_child`` for those of nobody known.
    ``stretch_margins``: how much less a stretch of a text counts than the whole, in logits, for each nature that may hide.
    ``ordinary``: where the linear model finds everything that matters less likely than this, the encoder need not read.
    """

    child_voice: float
    likely_child: float
    nature_of_child: Mapping[str, float]
    nature_of_adult: Mapping[str, float]
    harmless: float = 0.2
    known_share: float = 0.5
    unknown_grave: float = 0.9
    uncertain_initiator: float = 0.5
    ordinary: float = 0.0
    stretch_margins: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(HIDDEN, 20.0))

    @classmethod
    def from_dict(cls, stored: object) -> Thresholds:
        """From a manifest. Raises ValueError when a number is missing or none between 0 and 1."""
        if not isinstance(stored, dict) or set(stored) != {entry.name for entry in fields(cls)}:
            raise ValueError("the manifest's thresholds are not those of this program")
        for name in ("nature_of_child", "nature_of_adult"):
            if not isinstance(stored[name], dict) or set(stored[name]) != set(GRAVE):
                raise ValueError(f"{name} must have a threshold for each of {', '.join(GRAVE)}")
        numbers = [*stored["nature_of_child"].values(), *stored["nature_of_adult"].values()]
        numbers += [value for value in stored.values() if not isinstance(value, dict)]
        if not all(isinstance(number, float) and 0 <= number <= 1 for number in numbers):
            raise ValueError("a threshold is no number between 0 and 1")
        margins = stored["stretch_margins"]
        if not isinstance(margins, dict) or set(margins) != set(HIDDEN):
            raise ValueError(f"stretch_margins must have a margin for each of {', '.join(HIDDEN)}")
        if not all(isinstance(margin, float) and 0 <= margin <= 100 for margin in margins.values()):
            raise ValueError("a margin is no number between 0 and 100")
        return cls(**stored)

    def as_dict(self) -> dict[str, object]:
        return {
            "child_voice": self.child_voice,
            "likely_child": self.likely_child,
            "nature_of_child": dict(self.nature_of_child),
            "nature_of_adult": dict(self.nature_of_adult),
            "harmless": self.harmless,
            "known_share": self.known_share,
            "unknown_grave": self.unknown_grave,
            "uncertain_initiator": self.uncertain_initiator,
            "ordinary": self.ordinary,
            "stretch_margins": dict(self.stretch_margins),
        }


@dataclass(frozen=True, slots=True)
class LinearClassifier:
    """The model that serves. ``faults``: exception types of messages that could not be scored, for who asks this process."""

    model_id: str
    weights: Weights
    thresholds: Thresholds
    faults: list[str] = field(default_factory=list)

    def predict(self, facts: MessageFacts) -> Scores:
        """Scores of one message; see ``domain.scores``."""
        try:
            return self._predict(facts)
        except Exception as error:
            # A fault of the model must never stop mail: the lists decide, and doctor shows the count (``ScoreTally``).
            if len(self.faults) < 1000:
                self.faults.append(type(error).__name__)
            return Scores(model_id=self.model_id, is_uncertain=True)

    def _predict(self, facts: MessageFacts) -> Scores:
        grams = text_grams(facts)
        features = distinct_features(grams, facts)
        logits, values, states = self._judged(facts, features)
        reads_as_child = bool(values[INITIATOR][_CHILD] >= self.thresholds.uncertain_initiator)
        known = self._known_share(features)
        is_foreign = len(features.known) >= _FEW_WORDS and known < self.thresholds.known_share
        of_whole = dict(zip(HEADS[NATURE], values[NATURE].tolist(), strict=True))
        logits, raised_by = self._raised(logits, stretches_of(facts))
        nature = natures_of(logits) if raised_by else of_whole
        of_adult = natures_over(self.thresholds, nature, child=0.0, is_foreign=is_foreign)
        # Paragraphs alone say nothing of an adult's letter (``stretches``).
        logits, by_paragraph = self._raised(logits, asides_of(facts) if reads_as_child else [])
        nature = natures_of(logits) if by_paragraph else nature
        of_child = natures_over(self.thresholds, nature, child=1.0, is_foreign=is_foreign)
        initiator = dict(zip(HEADS[INITIATOR], values[INITIATOR].tolist(), strict=True))
        over = of_child if reads_as_child else of_adult
        is_child = initiator[Initiator.CHILD.value] >= self.thresholds.child_voice
        heads = {
            f"{NATURE}.{word}": columns(NATURE).start + HEADS[NATURE].index(word)
            for word in dict.fromkeys((*of_child, *of_adult))
            if word in GRAVE
        }
        is_likely_child = initiator[Initiator.CHILD.value] >= self.thresholds.likely_child
        if is_child or is_likely_child:
            heads[f"{INITIATOR}.{Initiator.CHILD.value}"] = columns(INITIATOR).start + _CHILD
        heads.update(_notification_heads(values))
        return Scores(
            model_id=self.model_id,
            kind=dict(zip(HEADS[KIND], values[KIND].tolist(), strict=True)),
            event=dict(zip(HEADS[EVENT], values[EVENT].tolist(), strict=True)),
            nature=nature,
            initiator=initiator,
            natures_over_threshold=over,
            natures_of_child=of_child,
            natures_of_adult=of_adult,
            is_child_voice=is_child,
            is_likely_child=is_likely_child,
            is_uncertain=is_foreign
            or not over
            or max(initiator.values()) < self.thresholds.uncertain_initiator,
            is_foreign=is_foreign,
            reasons=MappingProxyType(
                self._all_reasons(
                    facts,
                    grams,
                    heads,
                    states,
                    {**raised_by, **by_paragraph},
                )
                if heads
                else {}
            ),
        )

    def logits(self, facts: MessageFacts) -> NDArray[np.floating]:
        """Calibrated logits, a column each; the encoder reads what is not plainly ordinary."""
        return self._judged(facts, extract(facts))[0]

    def logits_of_parts(self, parts: Sequence[MessageFacts]) -> NDArray[np.floating]:
        """(parts, columns): what :meth:`logits` says of each of several stretches of one text."""
        found = np.stack(
            [linear_logits(self.weights, margins(self.weights, each)) for each in features_of_parts(parts)]
        )
        encoder = self.weights.encoder
        if encoder is not None:
            # Only a hidden nature counts of a stretch, and only a likely one: of office mail this is one stretch in twenty.
            hinted = probabilities_of(found)[NATURE][:, _HIDDEN_PLACES].max(axis=1)
            likeliest = np.argsort(-hinted, kind="stable")[:_MOST_READ]
            for place in likeliest[hinted[likeliest] >= max(self.thresholds.ordinary, _HINT)].tolist():
                text = text_read_whole(parts[place])
                found[place] = blended(self._blend(text), found[place], encoder.margins(*text))
        return found

    def _judged(
        self, facts: MessageFacts, features: Features
    ) -> tuple[NDArray[np.floating], dict[str, NDArray[np.floating]], Floats | None]:
        """(logits, probabilities, the encoder's states where it read) of a text as a whole."""
        alone = linear_logits(self.weights, margins(self.weights, features))
        values = probabilities_of(alone)
        encoder = self.weights.encoder
        if encoder is None or what_matters(values) < self.thresholds.ordinary:
            return alone, values, None
        text = text_read_whole(facts)
        states = encoder.states(encoder.numbers(*text))
        mixed = blended(self._blend(text), alone, encoder.margins_of(states))
        return mixed, probabilities_of(mixed), states

    def _blend(self, text: tuple[str, str]) -> Floats:
        return self.weights.blend if is_english(*text) else self.weights.blend_abroad

    def _all_reasons(
        self,
        facts: MessageFacts,
        grams: Grams,
        heads: Mapping[str, int],
        states: Floats | None,
        raised_by: Mapping[int, MessageFacts],
    ) -> dict[str, tuple[str, ...]]:
        """Of what one stretch of a text says, that stretch's words; of the rest, the whole text's."""
        found = self._reasons(
            facts, grams, {name: column for name, column in heads.items() if column not in raised_by}, states
        )
        for name, column in heads.items():
            part = raised_by.get(column)
            if part is None:
                continue
            encoder = self.weights.encoder
            read = None if encoder is None else encoder.states(encoder.numbers(*text_read_whole(part)))
            found.update(self._reasons(part, text_grams(part), {name: column}, read))
        return found

    def _reasons(
        self, facts: MessageFacts, grams: Grams, heads: Mapping[str, int], states: Floats | None
    ) -> dict[str, tuple[str, ...]]:
        """What moved each head, of both readers: the encoder's phrases first, because it understands more."""
        found = reasons(self.weights, grams, heads)
        encoder = self.weights.encoder
        if encoder is None or states is None:
            return found
        words, places, ends = words_read(encoder, *text_read_whole(facts))
        for name, column in heads.items():
            read = phrases(words, places, encoder.shares(states, column), ends=ends, most=_REASONS_OF_ENCODER)
            said = set(" ".join(read).split())
            others = (phrase for phrase in found.get(name, ()) if not said.intersection(phrase.split()))
            found[name] = (*read, *others)[:MOST_REASONS]
        return found

    def _raised(
        self, logits: NDArray[np.floating], parts: Sequence[MessageFacts]
    ) -> tuple[NDArray[np.floating], dict[int, MessageFacts]]:
        """Logits with hidden natures raised by parts of the text, and of each column that was raised the part that did it."""
        if not parts:
            return logits, {}
        found, by = raised(logits, self.logits_of_parts(parts), margins=self.thresholds.stretch_margins)
        return found, {column: parts[place] for column, place in by.items()}

    def _known_share(self, features: Features) -> float:
        if not len(features.known):
            return 1.0
        return int(np.count_nonzero(self.weights.known.take(features.known))) / len(features.known)


def _notification_heads(values: Mapping[str, NDArray[np.floating]]) -> dict[str, int]:
    """Kind and event, where the model takes a message for a service's notification."""
    if values[KIND][_NOTIFICATION] < _SEEMS_NOTIFICATION:
        return {}
    event = int(values[EVENT].argmax())
    return {
        f"{KIND}.{Kind.NOTIFICATION.value}": columns(KIND).start + _NOTIFICATION,
        f"{EVENT}.{HEADS[EVENT][event]}": columns(EVENT).start + event,
    }


def margins(weights: Weights, features: Features) -> Floats:
    """One margin a column: over blocks, the sum of its features' weights by the block's length."""
    blocks = (features.chars, features.words, features.concepts, features.structure)
    # Which block each row is of: one product sums all of them, and numpy's cost is by the call.
    counts = [len(numbers) for numbers in blocks]
    rows = np.concatenate(blocks)
    rows += _BLOCK_STARTS.repeat(counts)
    owners = _EACH_BLOCK.repeat(counts, axis=1)
    squares = owners @ weights.squares.take(rows)
    sums = owners @ weights.table.take(rows, axis=0).astype(np.float32)
    lengths = np.sqrt(np.where(squares > 0, squares, 1.0))
    total: Floats = weights.intercepts + (sums * weights.scales / lengths[:, None]).sum(axis=0)
    return total


def linear_logits(weights: Weights, margin: NDArray[np.floating]) -> Floats:
    """Calibrated logits, a column each."""
    logits: Floats = weights.calibration @ margin + weights.bias
    return logits


def blended(blend: Floats, logits: Floats, read: Floats) -> Floats:
    """The linear model's logits with what the encoder makes of the text."""
    mixed: Floats = blend[0] * logits + blend[1] * read + blend[2]
    return mixed


def probabilities_of(logits: NDArray[np.floating]) -> dict[str, NDArray[np.floating]]:
    """A head: softmax where one word holds, a logistic curve a word for natures. ``logits`` (columns,) or (messages, columns)."""
    top = np.maximum.reduceat(logits, _FIRSTS, axis=-1)
    shares = np.exp(logits - top.take(_HEAD_OF, axis=-1))
    shares /= np.add.reduceat(shares, _FIRSTS, axis=-1).take(_HEAD_OF, axis=-1)
    found = {head: shares[..., part] for head, part in _PARTS.items()}
    found[NATURE] = 1.0 / (1.0 + np.exp(-np.maximum(logits[..., _PARTS[NATURE]], -30)))
    return found


def natures_of(logits: NDArray[np.floating]) -> dict[str, float]:
    """How likely each nature is."""
    return dict(zip(HEADS[NATURE], probabilities_of(logits)[NATURE].tolist(), strict=True))


def what_matters(values: Mapping[str, NDArray[np.floating]]) -> NDArray[np.floating]:
    """How likely the likeliest thing is that would change what happens: a child, a grave nature, a notification."""
    grave = values[NATURE].take(_GRAVE_PLACES, axis=-1).max(axis=-1)
    some = np.maximum(values[INITIATOR][..., _CHILD], values[KIND][..., _NOTIFICATION])
    matters: NDArray[np.floating] = np.maximum(grave, some)
    return matters


def natures_over(
    thresholds: Thresholds, nature: Mapping[str, float], *, child: float, is_foreign: bool
) -> tuple[str, ...]:
    """Grave natures over their thresholds, gravest first, then the likeliest harmless one when it is likely at all.

    Of a text in an unknown language nothing harmless is said: that would be a guess that clears it.
    """
    bounds = (
        thresholds.nature_of_child if child >= thresholds.uncertain_initiator else thresholds.nature_of_adult
    )
    least = thresholds.unknown_grave if is_foreign else 0.0
    grave = [word for word in GRAVE if nature[word] >= max(bounds[word], least)]
    likeliest = max(HARMLESS, key=lambda word: nature[word] * _RARER.get(word, 1.0))
    if nature[likeliest] >= thresholds.harmless and not is_foreign:
        grave.append(likeliest)
    return tuple(grave)
