"""``mailguard model evaluate`` and ``compare``: figures on texts that no training saw, and which of them two models see apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from mailguard.app.ports import Classifier
from mailguard.classifier.artefact import DarkClassifier
from mailguard.classifier.corpus import CorpusError
from mailguard.classifier.frozen import Measured, frozen_measure, platforms_of
from mailguard.classifier.gates import GATES, figures_object
from mailguard.classifier.registry import ModelRegistry
from mailguard.cli.model_train import held_out_option, shown_progress
from mailguard.cli.opened import opened_school_if_any
from mailguard.cli.settings import config_option, json_option, settings, state_option, stop
from mailguard.model_wiring import models_folder, registry_of
from mailguard.shipped import ShippedFileMissing, shipped_path

_WORDS = {gate.name: gate.says for gate in GATES}
_BAD = frozenset({"adults-taken-for-children", "parents-letters-held", "office-mail-held"})
_office_option = click.option(
    "--office-mail",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A tar archive of real ordinary mail that was not trained on.",
)


@click.command(
    epilog="""Examples:

    mailguard model evaluate

    mailguard model evaluate 3f6d2a90c1b7e845 --json

    mailguard model evaluate --report build/report

Exit status: 0 measured, 1 no such model, it is dark, or the texts cannot be read."""
)
@config_option
@state_option
@json_option
@_office_option
@held_out_option
@click.option(
    "--report",
    "report_folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the whole evaluation there, as a page with charts and as JSON (some minutes).",
)
@click.argument("model_id", required=False)
def evaluate(
    config_path: Path,
    state_folder: Path,
    as_json: bool,
    office_mail: Path | None,
    held_out: Path | None,
    report_folder: Path | None,
    model_id: str | None,
) -> None:
    """Measure a model (the one in force when none is named) on the frozen sets: texts by other hands, never trained on.

    A child whom the lists know is found whatever the model says; these figures are of those whom no list knows.
    """
    (classifier,) = _classifiers(config_path, state_folder, (model_id,))
    if report_folder is not None:
        _write_report(classifier, office_mail, report_folder)
        return
    measured = _measured(classifier, office_mail, held_out)
    if as_json:
        answer = {"model_id": classifier.model_id, "sets": figures_object(measured)}
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    click.echo(f"model {classifier.model_id}")
    for each in measured:
        click.echo(f"{each.set_name}: {len(each.answers)} texts")
        for name, figure in each.figures.items():
            counts = (
                f"{figure.right:>5} of {figure.of:<5}" if not name.startswith("calibration") else " " * 14
            )
            click.echo(f"  {figure.value * 100:5.1f} %  {counts}  {_WORDS.get(name, name)}")


@click.command(
    epilog="""Example: mailguard model compare shipped 3f6d2a90c1b7e845

Exit status: 0 compared, 1 no such model, one is dark, or the texts cannot be read."""
)
@config_option
@state_option
@json_option
@_office_option
@held_out_option
@click.option("--most", default=20, show_default=True, help="Texts named a figure; 0 for all.")
@click.argument("first")
@click.argument("second")
def compare(
    config_path: Path,
    state_folder: Path,
    as_json: bool,
    office_mail: Path | None,
    held_out: Path | None,
    most: int,
    first: str,
    second: str,
) -> None:
    """Two models side by side: each figure, and the texts that one gets right and the other wrong.

    FIRST and SECOND are model ids or the word shipped. Texts are named by file and line of the frozen sets.
    """
    models = _classifiers(config_path, state_folder, (first, second))
    both = tuple(_measured(model, office_mail, held_out) for model in models)
    compared = [compared_set(a, b) for a, b in zip(*both, strict=True)]
    if as_json:
        ids = [model.model_id for model in models]
        click.echo(json.dumps({"models": ids, "sets": compared}, ensure_ascii=False))
        return
    for each in compared:
        click.echo(f"{each['set']:<52} {first:>18} {second:>18}")
        for row in each["figures"]:
            values = "".join(f" {value * 100:>16.1f} %" for value in row["values"])
            click.echo(f"  {_WORDS.get(row['name'], row['name'])[:48]:<50}{values}")
            for word, sources in (("better", row["better"]), ("worse", row["worse"])):
                shown = sources if most == 0 else sources[:most]
                for source in shown:
                    click.echo(f"      {word:<6} {source}")
                if len(sources) > len(shown):
                    click.echo(f"      {word:<6} and {len(sources) - len(shown)} more")


def compared_set(first: Measured, second: Measured) -> dict[str, Any]:
    """Figures with both values, and the sources of texts on which the second is better or worse."""
    answers = {answer.source: answer.checks for answer in first.answers}
    figures = []
    for name in first.figures:
        better: list[str] = []
        worse: list[str] = []
        for answer in second.answers:
            before, after = answers.get(answer.source, {}).get(name), answer.checks.get(name)
            if before is not None and after is not None and before != after:
                (better if after is not (name in _BAD) else worse).append(answer.source)
        values = [first.value(name) or 0.0, second.value(name) or 0.0]
        figures.append({"name": name, "values": values, "better": better, "worse": worse})
    return {"set": first.set_name, "figures": figures}


def _classifiers(
    config_path: Path, state_folder: Path, names: tuple[str | None, ...]
) -> tuple[Classifier, ...]:
    loaded = settings(config_path)
    with opened_school_if_any(config_path, state_folder) as school:
        if school is None:
            registry = ModelRegistry(models_folder(loaded, state_folder), public_key=None)
        else:
            registry = registry_of(loaded, state_folder, school.store.keys)
        found = tuple(registry.classifier() if name is None else registry.open(name) for name in names)
    dark = [model.reason for model in found if isinstance(model, DarkClassifier)]
    if dark:
        stop(dark)
    return found


def _write_report(classifier: Classifier, office_mail: Path | None, folder: Path) -> None:
    from mailguard.classifier.evaluation_report import PAGE, write_report

    try:
        with shown_progress() as progress:
            # Corpus and held-out texts lie in one folder, in a wheel and in a checkout.
            models = shipped_path("held_out").parent
            write_report(folder, classifier, models=models, office_mail=office_mail, progress=progress)
    except (CorpusError, ShippedFileMissing) as problem:
        stop(str(problem).splitlines())
    except OSError as problem:
        stop([f"{folder}: cannot be written ({problem.strerror})"])
    click.echo(f"{folder / PAGE}")


def _measured(
    classifier: Classifier, office_mail: Path | None, held_out: Path | None
) -> tuple[Measured, ...]:
    try:
        with shown_progress() as progress:
            measure = frozen_measure(
                known_platforms=platforms_of(shipped_path("corpus")),
                office_mail=office_mail,
                folder=held_out,
                progress=progress,
            )
            return measure(classifier)
    except (CorpusError, ShippedFileMissing) as problem:
        stop(str(problem).splitlines())
