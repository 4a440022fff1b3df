"""Measure a model on held-out texts and write the report: ``report.html`` for people, ``report.json`` for programs.

``python -m mailguard.classifier.evaluation_report --out FOLDER [--model FOLDER] [--models FOLDER] [--office-mail ARCHIVE]`` in a
checkout; ``make evaluate`` runs it. ``write_report`` is what ``mailguard model evaluate`` calls.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from mailguard.app.ports import Classifier
from mailguard.classifier.artefact import DarkClassifier, open_classifier
from mailguard.classifier.corpus import load_corpus
from mailguard.classifier.evaluation import evaluate
from mailguard.classifier.examples import Progress, no_progress
from mailguard.classifier.report_page import report_page

PAGE, FIGURES = "report.html", "report.json"


def write_report(
    folder: Path,
    classifier: Classifier,
    *,
    models: Path,
    office_mail: Path | None = None,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Measure and write both files into `folder`; the figures. Raises CorpusError, OSError.

    ``models`` holds ``held_out`` and, for the comparison of texts, ``corpus``. ``office_mail``: an archive of real mail that the model
    has not seen; with it, false alarms are counted and the probe is run, which needs scikit-learn.
    """
    figures = evaluate(classifier, models, office_mail=office_mail, progress=progress)
    if office_mail is not None and (models / "corpus").is_dir():
        # Three seconds and a hundred megabytes, for this alone.
        from mailguard.classifier.probe import probe

        records = load_corpus(models / "corpus").records
        figures["probe"] = probe(classifier, records, office_mail, progress=progress)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FIGURES).write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", "utf-8")
    (folder / PAGE).write_text(report_page(figures), "utf-8")
    return figures


def promise_lines(figures: dict[str, Any]) -> list[str]:
    """What was asked for and what was measured, a line each."""
    return [
        f"{'met    ' if promise['is_met'] else 'NOT MET'} {promise['what']}: {promise['measured']} (wanted: {promise['wanted']})"
        for promise in figures["promises"]
    ]


def main(arguments: list[str] | None = None) -> int:
    """Exit status 0 when measured, whatever was found; 1 when the model is dark."""
    checkout = Path(__file__).parents[2]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--model", type=Path, help="a model's folder; the shipped one when not given")
    parser.add_argument("--models", type=Path, default=checkout / "models")
    parser.add_argument("--office-mail", type=Path)
    chosen = parser.parse_args(arguments)
    classifier = open_classifier(chosen.model)
    if isinstance(classifier, DarkClassifier):
        print(classifier.reason, file=sys.stderr)
        return 1
    figures = write_report(chosen.out, classifier, models=chosen.models, office_mail=chosen.office_mail)
    print("\n".join(promise_lines(figures)))
    print(chosen.out / PAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
