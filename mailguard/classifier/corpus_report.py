"""What the texts are that the model is trained and measured on: counts, variety, near-duplicates, and a sample for a reader.

``python -m mailguard.classifier.corpus_report [--json FILE] [--sample FILE] [--models FOLDER]`` prints a summary. Near-duplicates are
looked for within the training texts, within each held-out set, and across them: a held-out text that is nearly a training text
measures nothing.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mailguard.classifier.corpus import Corpus, Record, load_corpus
from mailguard.classifier.likeness import (
    alike,
    grams,
    moving_type_token_ratio,
    shared_between,
    skeleton,
    tokens,
)
from mailguard.domain.words import Kind

SETS = {"corpus": "corpus", "choosing": "held_out/choosing", "test": "held_out/test"}
NEAR_DUPLICATE = 0.3  # of five-grams: about half of the words in the same order
ALIKE_SKELETON = 0.5  # of four-grams with names and numbers blanked
CLOSEST = 0.25  # of three-grams: for a reader, nothing follows from it
SAMPLE_SEED = 20261124
SAMPLE_TEXTS = 100
_LEAST_WORDS = 8  # below, the same words are a coincidence ("hi miss, where is it")
_LENGTHS = (3, 8, 20, 50, 120, 300)
_ERAS = ((2012, "to 2012"), (2018, "2013 to 2018"))
_LAST_ERA = "from 2019"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts that are alike, as set/file:line; ``share`` is the Jaccard index of their five-grams."""

    left: str
    right: str
    share: float

    @property
    def is_across(self) -> bool:
        """True when one is a training text and the other is not, or they are of different held-out sets."""
        return self.left.partition("/")[0] != self.right.partition("/")[0]


@dataclass(frozen=True, slots=True)
class CorpusReport:
    """``counts`` by set; ``near`` pairs of at least NEAR_DUPLICATE; ``slotted``: same skeleton with other names in it;
    ``closest``: the pairs that come nearest by three-grams, to be looked at.

    ``identical_short``: how many texts of fewer than eight words say the same as another one.
    """

    counts: Mapping[str, Mapping[str, Any]]
    near: tuple[Pair, ...]
    slotted: tuple[Pair, ...]
    closest: tuple[Pair, ...]
    identical_short: int
    overlap: Mapping[str, float]
    sample: tuple[tuple[str, Record], ...]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, without the sample's texts: those are for a reader."""
        return {
            "sets": {name: dict(counts) for name, counts in self.counts.items()},
            "near_duplicate_bound": NEAR_DUPLICATE,
            "near_duplicates": [_pair_object(pair) for pair in self.near],
            "alike_skeleton_bound": ALIKE_SKELETON,
            "alike_skeletons": [_pair_object(pair) for pair in self.slotted],
            "closest_by_three_grams": [_pair_object(pair) for pair in self.closest],
            "identical_short_texts": self.identical_short,
            "five_grams_shared_with_other_files": dict(
                sorted(self.overlap.items(), key=lambda entry: -entry[1])[:25]
            ),
            "sample": [place for place, _ in self.sample],
        }


def report_on(sets: Mapping[str, Corpus]) -> CorpusReport:
    """The whole report on loaded sets by name. Half a minute for twelve thousand texts."""
    records = [(name, record) for name, corpus in sets.items() for record in corpus.records]
    places = [f"{name}/{record.file}:{record.line}" for name, record in records]
    texts = [f"{record.subject}\n{record.body}" for _, record in records]
    words = [tokens(text) for text in texts]
    long = [place for place, found in enumerate(words) if len(found) >= _LEAST_WORDS]
    whole = [grams(words[place]) for place in long]
    bare = [
        grams(skeleton(texts[place], slots=(records[place][1].platform, records[place][1].actor)), size=4)
        for place in long
    ]
    three = [grams(words[place], size=3) for place in long]
    near = _pairs(whole, long, places, NEAR_DUPLICATE)
    known = {(pair.left, pair.right) for pair in near}
    slotted = [
        pair for pair in _pairs(bare, long, places, ALIKE_SKELETON) if (pair.left, pair.right) not in known
    ]
    short = Counter(" ".join(found) for found in words if 0 < len(found) < _LEAST_WORDS)
    rng = random.Random(SAMPLE_SEED)
    chosen = rng.sample(range(len(records)), min(SAMPLE_TEXTS, len(records)))
    return CorpusReport(
        counts={name: counts_of(corpus.records) for name, corpus in sets.items()},
        near=tuple(near),
        slotted=tuple(slotted),
        closest=tuple(_pairs(three, long, places, CLOSEST)[:20]),
        identical_short=sum(count - 1 for count in short.values()),
        overlap=shared_between(
            [grams(found) for found in words], [place.rpartition(":")[0] for place in places]
        ),
        sample=tuple((places[place], records[place][1]) for place in sorted(chosen)),
    )


def counts_of(records: Sequence[Record]) -> dict[str, Any]:
    """Counts by every label, and the variety of the words."""
    direct = [record for record in records if record.kind is Kind.DIRECT]
    notices = [record for record in records if record.kind is Kind.NOTIFICATION]
    words = [tokens(f"{record.subject}\n{record.body}") for record in records]
    running = [word for found in words for word in found]
    eras: dict[str, set[str]] = defaultdict(set)
    years: dict[str, set[str]] = defaultdict(set)
    for record in notices:
        eras[record.platform].add(era_of(record.era))
        years[record.platform].add(record.era)
    return {
        "texts": len(records),
        "files": len({record.file for record in records}),
        "kinds": _counted(records, lambda record: record.kind.value),
        "natures": dict(
            Counter(nature.value for record in direct for nature in record.natures).most_common()
        ),
        "initiators": _counted(direct, lambda record: record.initiator.value),
        "directions": _counted(direct, lambda record: record.direction.value),
        "languages": _counted(records, lambda record: record.language),
        "lengths_in_words": _lengths(words),
        "events": _counted(notices, lambda record: record.event.value if record.event else ""),
        "platforms": len(eras),
        "platforms_of_three_years": sum(len(found) >= 3 for found in years.values()),
        "platforms_of_three_eras": sum(len(found) == len(_ERAS) + 1 for found in eras.values()),
        "eras": _counted(notices, lambda record: era_of(record.era)),
        "notification_languages": _counted(notices, lambda record: record.language),
        "words": len(running),
        "distinct_words": len(set(running)),
        "type_token_ratio": round(len(set(running)) / max(len(running), 1), 4),
        "moving_type_token_ratio": moving_type_token_ratio(running),
    }


def era_of(year: str) -> str:
    """One of three eras of wording, "" for a text without a year."""
    digits = year[:4]
    if not digits.isdigit():
        return ""
    return next((name for last, name in _ERAS if int(digits) <= last), _LAST_ERA)


def length_of(word_count: int) -> str:
    """The length class that a count of words falls in: "1 to 3", "more than 300"."""
    below = 0
    for bound in _LENGTHS:
        if word_count <= bound:
            return f"{below + 1} to {bound}"
        below = bound
    return f"more than {below}"


def _lengths(words: Sequence[Sequence[str]]) -> dict[str, int]:
    found = Counter(length_of(len(each)) for each in words)
    order = [length_of(bound) for bound in (*_LENGTHS, _LENGTHS[-1] + 1)]
    return {name: found[name] for name in order}


def _counted(records: Sequence[Record], of: Callable[[Record], str]) -> dict[str, int]:
    return dict(Counter(map(of, records)).most_common())


def _pairs(
    collection: Sequence[frozenset[tuple[str, ...]]],
    numbers: Sequence[int],
    places: Sequence[str],
    least: float,
) -> list[Pair]:
    return [
        Pair(places[numbers[found.left]], places[numbers[found.right]], found.share)
        for found in alike(collection, least=least)
    ]


def _pair_object(pair: Pair) -> dict[str, Any]:
    return {"left": pair.left, "right": pair.right, "share": pair.share}


def load_sets(models: Path) -> dict[str, Corpus]:
    """The training texts and the held-out sets that are there. Raises CorpusError."""
    return {name: load_corpus(models / place) for name, place in SETS.items() if (models / place).is_dir()}


def summary(report: CorpusReport) -> list[str]:
    """Lines for a reader."""
    lines: list[str] = []
    for name, counts in report.counts.items():
        kinds = ", ".join(f"{count} {kind}" for kind, count in counts["kinds"].items())
        lines.append(f"{name}: {counts['texts']} texts in {counts['files']} files ({kinds})")
        lines.append(
            f"  {counts['platforms']} platforms, {counts['platforms_of_three_years']} of them in wording of three years "
            f"or more and {counts['platforms_of_three_eras']} of all of to 2012, to 2018 and since; "
            f"{len(counts['languages'])} languages; {counts['words']} words, {counts['distinct_words']} distinct "
            f"(ratio {counts['type_token_ratio']}, of 500 words in a row {counts['moving_type_token_ratio']})"
        )
        for key in ("natures", "initiators", "directions", "lengths_in_words", "languages"):
            lines.append(f"  {key}: " + ", ".join(f"{word} {count}" for word, count in counts[key].items()))
    across = [pair for pair in report.near if pair.is_across]
    lines.append(
        f"near-duplicates (five-gram Jaccard {NEAR_DUPLICATE} or more): {len(report.near)}, "
        f"{len(across)} of them across sets"
    )
    lines.extend(f"  {pair.share:.2f} {pair.left}  {pair.right}" for pair in report.near)
    lines.append(
        f"same skeleton with other names in it ({ALIKE_SKELETON} or more, and no near-duplicate): {len(report.slotted)}"
    )
    lines.extend(f"  {pair.share:.2f} {pair.left}  {pair.right}" for pair in report.slotted[:40])
    lines.append(f"closest by three-grams ({CLOSEST} or more):")
    lines.extend(f"  {pair.share:.2f} {pair.left}  {pair.right}" for pair in report.closest)
    lines.append(
        f"texts of fewer than {_LEAST_WORDS} words that say what another says: {report.identical_short}"
    )
    return lines


def sample_text(report: CorpusReport) -> str:
    """The sampled texts, for somebody to read through."""
    parts = []
    for place, record in report.sample:
        labels = [record.kind.value, *(nature.value for nature in record.natures), record.initiator.value]
        labels += [word for word in (record.platform, record.era, record.language) if word]
        labels += [record.event.value] if record.event else []
        parts.append(f"== {place}  ({', '.join(labels)})\nSubject: {record.subject}\n{record.body}\n")
    return "\n".join(parts)


def main(arguments: list[str] | None = None) -> int:
    """Exit status 0; 3 when a held-out text is nearly a training text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, default=Path(__file__).parents[2] / "models")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--sample", type=Path, help=f"write {SAMPLE_TEXTS} random texts here, for a reader")
    chosen = parser.parse_args(arguments)
    report = report_on(load_sets(chosen.models))
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(report.as_dict(), indent=1, ensure_ascii=False) + "\n", "utf-8")
    if chosen.sample is not None:
        chosen.sample.write_text(sample_text(report), "utf-8")
    print("\n".join(summary(report)))
    return 3 if any(pair.is_across for pair in report.near) else 0


if __name__ == "__main__":
    sys.exit(main())
