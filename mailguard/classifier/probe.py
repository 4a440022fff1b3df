"""Can a machine tell our texts from real mail? A model that has learned "generated" has learned nothing.

Adults' ordinary mail of the corpus (composed as for training) is held against real office mail. Three probes look at what the
model itself may see of form, at all headers, and at statistics of the text; a fourth at the words. Each is cross-validated with
authors' files and real senders kept whole. How well they tell is only half of the answer: the other half is whether the model's
own scores follow the probe's within real mail, where nothing is generated.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mailguard.app.ports import Classifier
from mailguard.classifier.compose import compose
from mailguard.classifier.corpus import Record
from mailguard.classifier.examples import Progress, no_progress, office_example, office_messages
from mailguard.classifier.features import STRUCTURE_SIZE, structure_of
from mailguard.classifier.heads import GRAVE
from mailguard.domain.message import MessageFacts
from mailguard.domain.words import Initiator, Kind
from mailguard.reading.message import read

_SEED = 20261124
_FOLDS = 5
_HEADERS = 40
_ORDINARY = frozenset({"admin", "schoolwork", "complaint", "other", "automatic"})
_WORD = re.compile(r"[^\W\d_]+")
_STATISTICS = (
    "length",
    "words",
    "letters a word",
    "lines",
    "characters a line",
    "capitals",
    "digits",
    "commas and stops",
    "exclamation and question marks",
    "dashes",
    "brackets and quotation marks",
    "characters beyond ASCII",
    "distinct among the first hundred words",
    "length of the subject",
    "ends in a stop",
    "first person",
)
# Of features.structure_of; a number without words here is printed as one.
_SLOTS = {
    1: "no subject",
    2: "subject begins with Re:",
    3: "subject begins with Fwd:",
    4: "subject in small letters",
    5: "begins with Dear",
    6: "begins with Hello",
    7: "ends with Regards",
    8: "all in small letters",
    9: "all in capitals",
    10: "begins with a small letter",
    11: "ends in a stop",
    12: "one or two emoji",
    13: "more emoji",
    14: "several exclamation marks",
    15: "more than six lines",
    16: "one link",
    17: "two to four links",
    18: "more links",
    19: "doubled ! or ?",
    31: "has attachments",
    32: "quotes",
    33: "forwards",
    34: "has a signature",
    35: "List-Unsubscribe",
    36: "List-Id",
    37: "Precedence: bulk",
    38: "automatic",
    39: "a machine's sender",
    40: "one line only",
}
_FIRST_PERSON = re.compile(r"\b(?:i|i'm|i've|my|me|we|our|us)\b", re.I)

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sample:
    """Messages with what is real about them, and the group that stays whole."""

    facts: tuple[MessageFacts, ...]
    is_real: NDArray[np.bool_]
    groups: tuple[str, ...]


def probe(
    classifier: Classifier,
    records: Sequence[Record],
    office_mail: Path,
    *,
    seed: int = _SEED,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """AUC (0.5 is guessing) of each probe with its most telling features, and how the model's scores go with it."""
    sample = sampled(records, office_mail, seed=seed)
    found: dict[str, Any] = {
        "ours": int((~sample.is_real).sum()),
        "real": int(sample.is_real.sum()),
        "groups": len(set(sample.groups)),
        "probes": {},
    }
    names, headers = _header_table(sample.facts)
    tables: dict[str, tuple[Sequence[str], Doubles]] = {
        "form as the model sees it": (_slot_names(), _structure_table(sample.facts)),
        "statistics of the text": (_STATISTICS, np.array([statistics_of(facts) for facts in sample.facts])),
        "names of all headers": (names, headers),
    }
    told: Doubles = np.zeros(len(sample.facts))
    for number, (name, (features, table)) in enumerate(tables.items()):
        progress("probing", number, len(tables) + 1)
        telling, values = _told_apart(table, sample)
        found["probes"][name] = {
            "auc": round(float(roc_auc_score(sample.is_real, values)), 4),
            "most_telling": [
                {"feature": features[place], "real_more": bool(weight > 0), "weight": round(abs(weight), 2)}
                for place, weight in telling
            ],
        }
        if name != "names of all headers":
            told += values
    found["probes"]["words"] = {"auc": round(_words_auc(sample), 4), "most_telling": []}
    found["model_follows_probe"] = _follows(classifier, sample, told)
    progress("probing", len(tables) + 1, len(tables) + 1)
    return found


def sampled(records: Sequence[Record], office_mail: Path, *, seed: int) -> Sample:
    """Ordinary mail of adults and bulk mail of the corpus, as composed for training, and as many real mails as there are."""
    ours = [record for record in records if _is_ordinary(record)]
    facts = [compose(record, seed=seed, variant=1) for record in ours]
    groups = [record.file for record in ours]
    real = list(office_messages(office_mail))
    for name, raw in real:
        read_facts = read(raw)
        facts.append(read_facts)
        groups.append(office_example(read_facts, name=name).group)
    return Sample(
        facts=tuple(facts),
        is_real=np.array([False] * len(ours) + [True] * len(real)),
        groups=tuple(groups),
    )


def _is_ordinary(record: Record) -> bool:
    if record.language != "en" or record.kind is Kind.NOTIFICATION:
        return False
    is_adult = record.initiator is not Initiator.CHILD
    return is_adult and all(nature.value in _ORDINARY for nature in record.natures)


def statistics_of(facts: MessageFacts) -> list[float]:
    """Numbers about the form of a text, as _STATISTICS names them; rates are by character."""
    text = facts.own_text[:3000]
    length = max(len(text), 1)
    words = _WORD.findall(text)
    lines = text.splitlines() or [""]
    return [
        float(np.log1p(len(facts.own_text))),
        float(np.log1p(len(words))),
        sum(map(len, words)) / max(len(words), 1),
        float(np.log1p(len(lines))),
        float(np.log1p(length / len(lines))),
        sum(letter.isupper() for letter in text) / length,
        sum(letter.isdigit() for letter in text) / length,
        sum(letter in ".,;:" for letter in text) / length,
        sum(letter in "!?" for letter in text) / length,
        sum(letter in "-–—" for letter in text) / length,
        sum(letter in '()[]"“”' for letter in text) / length,
        sum(ord(letter) > 127 for letter in text) / length,
        len({word.lower() for word in words[:100]}) / max(len(words[:100]), 1),
        float(np.log1p(len(facts.subject))),
        float(text.rstrip()[-1:] in {".", "!", "?"}),
        len(_FIRST_PERSON.findall(text)) / max(len(words), 1),
    ]


def _told_apart(table: Doubles, sample: Sample) -> tuple[list[tuple[int, float]], Doubles]:
    """The five features that a straight line leans on most, and held-out probabilities of being real by boosted trees."""
    folds = StratifiedGroupKFold(n_splits=_FOLDS, shuffle=True, random_state=_SEED)
    trees = HistGradientBoostingClassifier(max_iter=120, learning_rate=0.1, random_state=_SEED)
    values = cross_val_predict(
        trees, table, sample.is_real, groups=sample.groups, cv=folds, method="predict_proba"
    )[:, 1]
    line = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000, C=0.5)).fit(
        table, sample.is_real
    )
    weights = line[-1].coef_[0]
    order = np.argsort(-np.abs(weights), kind="stable")[:5]
    return [(int(place), float(weights[place])) for place in order], values


def _words_auc(sample: Sample) -> float:
    folds = StratifiedGroupKFold(n_splits=_FOLDS, shuffle=True, random_state=_SEED)
    words = HashingVectorizer(n_features=1 << 16, alternate_sign=False, norm="l2")
    table = words.transform(f"{facts.subject}\n{facts.own_text[:3000]}" for facts in sample.facts)
    values = cross_val_predict(
        LogisticRegression(C=10, max_iter=1000, solver="liblinear"),
        table,
        sample.is_real,
        groups=sample.groups,
        cv=folds,
        method="decision_function",
    )
    return float(roc_auc_score(sample.is_real, values))


def _follows(classifier: Classifier, sample: Sample, told: Doubles) -> dict[str, Any]:
    """Rank correlation, within real mail and within ours, of "seems generated" with the model's child's voice and gravest nature.

    Near 0: what gives a text away as generated is not what the model goes by.
    """
    scores = [classifier.predict(facts) for facts in sample.facts]
    voice = np.array([entry.initiator.get(Initiator.CHILD.value, 0.0) for entry in scores])
    grave = np.array([max((entry.nature.get(word, 0.0) for word in GRAVE), default=0.0) for entry in scores])
    found: dict[str, Any] = {}
    for name, chosen in (("real mail", sample.is_real), ("our texts", ~sample.is_real)):
        found[name] = {
            "child_voice": _rank_correlation(-told[chosen], voice[chosen]),
            "grave_nature": _rank_correlation(-told[chosen], grave[chosen]),
            "mean_child_voice": round(float(voice[chosen].mean()), 4),
            "mean_grave_nature": round(float(grave[chosen].mean()), 4),
        }
    return found


def _rank_correlation(left: Doubles, right: Doubles) -> float:
    """Spearman's, ties by order of place; 0 where one of them says the same of all."""
    if len(left) < 2 or np.ptp(left) == 0 or np.ptp(right) == 0:
        return 0.0
    ranks = [np.argsort(np.argsort(values, kind="stable"), kind="stable") for values in (left, right)]
    return round(float(np.corrcoef(ranks[0], ranks[1])[0, 1]), 4)


def _slot_names() -> list[str]:
    return [_SLOTS.get(slot, f"form slot {slot}") for slot in range(STRUCTURE_SIZE)]


def _structure_table(facts: Sequence[MessageFacts]) -> Doubles:
    table = np.zeros((len(facts), STRUCTURE_SIZE))
    for row, each in enumerate(facts):
        table[row, structure_of(each, word_count=len(_WORD.findall(each.own_text)))] = 1
    return table


def _header_table(facts: Sequence[MessageFacts]) -> tuple[list[str], Doubles]:
    counts = Counter(name for each in facts for name in {key for key, _ in each.headers})
    names = [name for name, _ in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:_HEADERS]]
    table = np.zeros((len(facts), len(names)))
    for row, each in enumerate(facts):
        present = {key for key, _ in each.headers}
        table[row] = [name in present for name in names]
    return names, table
