"""What a model is worth on texts that it has not seen, as it serves: every figure of the evaluation report, as one JSON object.

The held-out test set was never used to choose anything; the choosing set is where thresholds come from, so its figures are
somewhat too good and are there to be held against the test set's. The model is asked through the same path as in the daemon,
and the same texts are decided for an invented school, which is what its lists and recognisers add.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mailguard.app.ports import Classifier
from mailguard.classifier import robustness
from mailguard.classifier.answers import (
    child_answer,
    event_answer,
    found_event,
    initiator_answer,
    kind_answer,
    nature_answer,
    said_labels,
    true_labels,
    whole_way_labels,
)
from mailguard.classifier.corpus import load_corpus
from mailguard.classifier.corpus_report import era_of, length_of, load_sets, report_on
from mailguard.classifier.examples import Progress, no_progress
from mailguard.classifier.figures import (
    Answer,
    ClassFigures,
    by_class,
    by_label,
    calibration,
    confusion,
    curve,
    grouped,
    macro_f1,
    right_share,
    share,
)
from mailguard.classifier.heads import GRAVE, HARMLESS
from mailguard.classifier.held_out import Judged, invented_school, is_full_name, judge, mail_of
from mailguard.classifier.likeness import tokens
from mailguard.classifier.office_figures import office_figures
from mailguard.classifier.predict import LinearClassifier
from mailguard.domain.words import CONTACT_EVENTS, Direction, Event, Initiator, Kind, Nature

TEST, CHOOSING = "held_out/test", "held_out/choosing"
_STEPS = (*(round(0.05 * step, 2) for step in range(1, 20)), 0.97, 0.98, 0.99, 0.995)
_FEW = 20  # a slice of fewer texts says nothing by itself


def evaluate(
    classifier: Classifier,
    models: Path,
    *,
    office_mail: Path | None = None,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """All figures. ``models``: the folder that holds ``held_out`` and ``corpus``. Raises CorpusError.

    ``office_mail``: an archive of real ordinary mail that was *not* trained on. Some minutes on two cores.
    """
    test = judge(classifier, load_corpus(models / TEST).records, progress=progress)
    figures: dict[str, Any] = {
        "model_id": classifier.model_id,
        "thresholds": classifier.thresholds.as_dict() if isinstance(classifier, LinearClassifier) else {},
        "test": set_figures(test),
        "slices": slices(test),
        "young_adults": young_adults(test),
        "misses": misses(test),
    }
    if (models / CHOOSING).is_dir():
        choosing = judge(classifier, load_corpus(models / CHOOSING).records, progress=progress)
        figures["choosing"] = set_figures(choosing)
    school = invented_school(classifier, ())
    direct = [judged.record for judged in test if judged.record.kind is Kind.DIRECT]
    facts = [(record, school.read(mail_of(record).raw)) for record in direct]
    figures["robustness"] = {
        name: steady.as_dict()
        for name, steady in robustness.measure(classifier, facts, progress=progress).items()
    }
    if office_mail is not None:
        figures["office_mail"] = office_figures(classifier, office_mail, school, progress=progress)
    if (models / "corpus").is_dir():
        progress("comparing texts", 0, 1)
        figures["texts"] = report_on(load_sets(models)).as_dict()
    figures["promises"] = promises(figures)
    return figures


def set_figures(judged: Sequence[Judged]) -> dict[str, Any]:
    """Every head on one set: confusion, classes, calibration, curves; and what the whole way makes of it."""
    direct = [each for each in judged if each.record.kind is Kind.DIRECT]
    notices = [each for each in judged if each.record.kind is Kind.NOTIFICATION]
    known = [each for each in notices if each.is_known_platform]
    unseen = [each for each in notices if not each.is_known_platform]
    contacts = [each for each in unseen if each.record.event in CONTACT_EVENTS - {Event.SHARE}]
    machines = [each for each in judged if each.record.kind is Kind.AUTOMATIC]
    return {
        "texts": len(judged),
        "direct": len(direct),
        "notifications": len(notices),
        "kind": head_figures([kind_answer(each) for each in judged]),
        "initiator": head_figures([initiator_answer(each) for each in direct]),
        "event": head_figures([event_answer(each) for each in notices]),
        "event_of_known_platforms": head_figures([event_answer(each) for each in known]),
        "event_of_unseen_platforms": head_figures([event_answer(each) for each in unseen]),
        "whole_way_event_of_known_platforms": head_figures([found_event(each) for each in known]),
        "whole_way_event_of_unseen_platforms": head_figures([found_event(each) for each in unseen]),
        "contacts_of_unseen_platforms": {
            "seen": sum(bool(each.event) for each in contacts),
            "event_right": sum(found_event(each).is_right for each in contacts),
            "texts": len(contacts),
        },
        "machines_taken_for_platforms": {
            "taken": sum(each.event not in ("", Event.SECURITY.value) for each in machines),
            "texts": len(machines),
        },
        "nature": nature_figures(direct),
        "child": child_figures(direct),
        "curves": curves(direct),
    }


def head_figures(answers: Sequence[Answer]) -> dict[str, Any]:
    bins, error = calibration((answer.sure, answer.is_right) for answer in answers)
    classes = by_class(answers)
    return {
        "texts": len(answers),
        "right": sum(answer.is_right for answer in answers),
        "right_share": right_share(answers),
        "macro_f1": macro_f1(classes),
        "classes": _as_dicts(classes),
        "confusion": confusion(answers),
        "calibration": [{"count": entry.count, "sure": entry.sure, "right": entry.right} for entry in bins],
        "calibration_error": error,
    }


def nature_figures(direct: Sequence[Judged]) -> dict[str, Any]:
    """Natures as decisions use them: every grave one that holds, and a harmless one only where none does."""
    pairs = [(true_labels(each.record), said_labels(each)) for each in direct]
    headlines = [nature_answer(each) for each in direct]
    classes = by_label(pairs)
    bins, error = calibration(
        (each.scores.nature.get(word, 0.0), Nature(word) in each.record.natures)
        for each in direct
        for word in (*GRAVE, *HARMLESS)
    )
    whole_way = by_label([(true_labels(each.record), whole_way_labels(each)) for each in direct])
    found: dict[str, Any] = {
        "texts": len(direct),
        "headline_right": sum(answer.is_right for answer in headlines),
        "headline_right_share": right_share(headlines),
        "macro_f1": macro_f1(classes),
        "classes": _as_dicts(classes),
        "confusion": confusion(headlines),
        "calibration": [{"count": entry.count, "sure": entry.sure, "right": entry.right} for entry in bins],
        "calibration_error": error,
        "whole_way_macro_f1": macro_f1(whole_way),
        "whole_way_classes": _as_dicts(whole_way),
    }
    for writer, some in grouped(direct, _writer).items():
        found[f"of_{writer}"] = _as_dicts(by_label([(true_labels(e.record), said_labels(e)) for e in some]))
    return found


def child_figures(direct: Sequence[Judged]) -> dict[str, Any]:
    """Who is taken for a child: by the voice alone, and by the whole way (roll names, what the text says of itself, voice)."""
    asked = [each for each in direct if each.record.direction is Direction.INBOUND]
    children = [each for each in asked if each.record.initiator is Initiator.CHILD]
    adults = [each for each in asked if each.record.initiator is not Initiator.CHILD]
    evidence: dict[str, int] = {}
    for each in children:
        for code in {signal.code.code for signal in each.inspection.assessment.signals}:
            if code in ("roll-name", "child-voice", "child-claim", "child-on-parent-address"):
                evidence[code] = evidence.get(code, 0) + 1
    by_name = sum(
        any(signal.code.code == "roll-name" for signal in each.inspection.assessment.signals)
        for each in children
    )
    nameless = [each for each in children if not is_full_name(each.record.sender_name or "")]
    return {
        "children": len(children),
        "without_full_name": len(nameless),
        "without_full_name_found": sum(each.is_taken_for_a_child for each in nameless),
        "adults": len(adults),
        "voice_found": sum(each.scores.is_child_voice for each in children),
        "voice_mistaken": [each.place for each in adults if each.scores.is_child_voice],
        "whole_way_found": sum(each.is_taken_for_a_child for each in children),
        "whole_way_found_by_name": by_name,
        "whole_way_mistaken": [each.place for each in adults if each.is_taken_for_a_child],
        "evidence": dict(sorted(evidence.items(), key=lambda entry: -entry[1])),
    }


def curves(direct: Sequence[Judged]) -> dict[str, Any]:
    """What other thresholds would do: the child's voice, and each grave nature for children and for adults."""
    asked = [each for each in direct if each.record.initiator is not Initiator.STAFF]
    found: dict[str, Any] = {
        "child's voice": [
            point.as_dict()
            for point in curve(
                [
                    (
                        each.scores.initiator.get(Initiator.CHILD.value, 0.0),
                        each.record.initiator is Initiator.CHILD,
                    )
                    for each in asked
                ],
                steps=_STEPS,
            )
        ]
    }
    for writer, is_child in (("children", True), ("adults", False)):
        some = [each for each in direct if (each.record.initiator is Initiator.CHILD) is is_child]
        for word in GRAVE:
            pairs = [
                (each.scores.nature.get(word, 0.0), Nature(word) in each.record.natures) for each in some
            ]
            found[f"{word} of {writer}"] = [point.as_dict() for point in curve(pairs, steps=_STEPS)]
    return found


def slices(judged: Sequence[Judged]) -> dict[str, dict[str, Any]]:
    """The same questions for parts of the set: length, language, era, direction, known and unseen platforms, file."""
    direct = [each for each in judged if each.record.kind is Kind.DIRECT]
    notices = [each for each in judged if each.record.kind is Kind.NOTIFICATION]
    return {
        "length in words": _direct_slices(direct, _length),
        "language": _direct_slices(direct, lambda each: each.record.language),
        "direction": _direct_slices(direct, lambda each: each.record.direction.value),
        "who writes": _direct_slices(direct, _writer),
        "file": _direct_slices(direct, lambda each: each.record.file.removesuffix(".txt")),
        "era of a notification": _notice_slices(notices, lambda each: era_of(each.record.era) or "no year"),
        "language of a notification": _notice_slices(notices, lambda each: each.record.language),
        "platform": _notice_slices(notices, lambda each: "known" if each.is_known_platform else "never seen"),
        "event": _notice_slices(notices, lambda each: each.record.event.value if each.record.event else ""),
    }


def _direct_slices(direct: Sequence[Judged], of: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, some in grouped(direct, of).items():
        children = [each for each in some if each.record.initiator is Initiator.CHILD]
        found[name] = {
            "texts": len(some),
            "is_few": len(some) < _FEW,
            "kind_right": right_share([kind_answer(each) for each in some]),
            "headline_right": right_share([nature_answer(each) for each in some]),
            "initiator_right": right_share([initiator_answer(each) for each in some]),
            "grave_found": _grave_found(some),
            "voice_found": sum(each.scores.is_child_voice for each in children),
            "children": len(children),
            "voice_mistaken": sum(
                each.scores.is_child_voice for each in some if each.record.initiator is not Initiator.CHILD
            ),
            "uncertain": share(sum(each.scores.is_uncertain for each in some), len(some)),
        }
    return found


def _grave_found(some: Sequence[Judged]) -> float:
    wanted = [(true_labels(each.record) & set(GRAVE), said_labels(each)) for each in some]
    return share(sum(len(true & said) for true, said in wanted), sum(len(true) for true, _ in wanted))


def _notice_slices(notices: Sequence[Judged], of: Any) -> dict[str, Any]:
    return {
        name: {
            "texts": len(some),
            "is_few": len(some) < _FEW,
            "kind_right": right_share([kind_answer(each) for each in some]),
            "event_right": right_share([event_answer(each) for each in some]),
            "whole_way_event_right": right_share([found_event(each) for each in some]),
        }
        for name, some in grouped(notices, of).items()
    }


def young_adults(judged: Sequence[Judged]) -> dict[str, Any]:
    """Adults who write as the young do: the texts written for that, and who of them is taken for a child."""
    some = [each for each in judged if "young" in each.record.file]
    return {
        "texts": len(some),
        "voice": [each.place for each in some if each.scores.is_child_voice],
        "whole_way": [each.place for each in some if each.is_taken_for_a_child],
    }


def misses(judged: Sequence[Judged]) -> list[dict[str, Any]]:
    """Every wrong answer by file and line, the surest first within a question."""
    found: list[dict[str, Any]] = []
    for each in judged:
        questions: dict[str, Answer | None] = {
            "kind": kind_answer(each),
            "is it a child, whole way": child_answer(each),
        }
        if each.record.kind is Kind.DIRECT:
            questions["nature"] = nature_answer(each)
            questions["initiator"] = initiator_answer(each)
        if each.record.kind is Kind.NOTIFICATION:
            questions["event"] = event_answer(each)
        found.extend(
            {
                "question": question,
                "place": answer.place,
                "truth": answer.truth,
                "said": answer.said or "nothing",
                "sure": round(answer.sure, 3),
            }
            for question, answer in questions.items()
            if answer is not None and not answer.is_right
        )
    return sorted(found, key=lambda miss: (miss["question"], -miss["sure"], miss["place"]))


def promises(figures: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What was asked for, what was measured, and whether that is enough."""
    test = figures["test"]
    child, nature = test["child"], test["nature"]
    known, unseen = test["whole_way_event_of_known_platforms"], test["event_of_unseen_platforms"]
    errors = {head: test[head]["calibration_error"] for head in ("kind", "event", "initiator", "nature")}
    found_share = share(child["whole_way_found"], child["children"])
    rows: list[tuple[str, str, str, bool]] = [
        (
            "a child at an unlisted address is found, whole way",
            "at least 95\u00a0%",
            f"{child['whole_way_found']} of {child['children']} ({100 * found_share:.1f}\u00a0%)",
            found_share >= 0.95,
        ),
        ("nature, macro-F1", "at least 0.90", f"{nature['macro_f1']:.3f}", nature["macro_f1"] >= 0.90),
        (
            "event right on known platforms, whole way",
            "at least 97\u00a0%",
            f"{known['right']} of {known['texts']} ({100 * known['right_share']:.1f}\u00a0%)",
            known["right_share"] >= 0.97,
        ),
        (
            "event right on platforms never seen, the model's word",
            "at least 90\u00a0%",
            f"{unseen['right']} of {unseen['texts']} ({100 * unseen['right_share']:.1f}\u00a0%)",
            unseen["right_share"] >= 0.90,
        ),
        (
            "calibration error of each head",
            "at most 0.03",
            ", ".join(f"{head} {error:.3f}" for head, error in errors.items()),
            max(errors.values()) <= 0.03,
        ),
    ]
    if "office_mail" in figures:
        held = figures["office_mail"]["held"]
        rows.append(
            (
                f"of {figures['office_mail']['messages']} real office mails held",
                "at most 3",
                str(len(held)),
                len(held) <= 3,
            )
        )
    return [
        {"what": what, "wanted": wanted, "measured": said, "is_met": met} for what, wanted, said, met in rows
    ]


def _writer(each: Judged) -> str:
    return each.record.initiator.value


def _length(each: Judged) -> str:
    return length_of(len(tokens(f"{each.record.subject}\n{each.record.body}")))


def _as_dicts(classes: Mapping[str, ClassFigures]) -> dict[str, Any]:
    return {word: figures.as_dict() for word, figures in classes.items()}
