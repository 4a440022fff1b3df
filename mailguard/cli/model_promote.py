"""``mailguard model promote`` and ``rollback``: the human act."""

from __future__ import annotations

from pathlib import Path

import click

from mailguard.app.ports import TemporaryFailure
from mailguard.classifier.artefact import DarkClassifier
from mailguard.classifier.corpus import CorpusError
from mailguard.classifier.gates import GateRow
from mailguard.classifier.promotion import Promoter, PromotionRefused
from mailguard.classifier.registry import ModelRefused
from mailguard.cli.model_train import shown_progress
from mailguard.cli.opened import opened_school
from mailguard.cli.settings import PROBLEMS, config_option, state_option, stop
from mailguard.model_wiring import promoter_of
from mailguard.shipped import ShippedFileMissing, shipped_path

_by_option = click.option("--by", required=True, help="Who decides, by name: on the record.")
_reason_option = click.option(
    "--reason", required=True, help="Why, in a sentence: on the record (name no pupil, parent or message)."
)


@click.command(
    epilog="""Examples:

    mailguard model promote 3f6d2a90c1b7e845 --by "I. Admin" --reason "learned our newsletters"

    mailguard model promote shipped --by "I. Admin" --reason "back to the one that came along"

Exit status: 0 in force, 1 cannot be read or written, 3 refused: nothing was changed, and why."""
)
@config_option
@state_option
@_by_option
@_reason_option
@click.option(
    "--force",
    is_flag=True,
    help="Although a gate failed. Never possible where fewer children's messages are found.",
)
@click.option("--confirm", default="", help="The model id again, in place of typing it at the prompt.")
@click.option(
    "--gate-mail",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="The tar archive of ordinary mail that train was given, to measure that gate again too.",
)
@click.argument("model_id")
def promote(
    config_path: Path,
    state_folder: Path,
    by: str,
    reason: str,
    force: bool,
    confirm: str,
    gate_mail: Path | None,
    model_id: str,
) -> None:
    """Put a candidate in force: running daemons take it within seconds, without dropping a connection.

    It is measured first, against what is in force now (a few minutes): what it was measured to be when it was trained, or on
    another machine, counts only where it cannot be measured again. The id must be typed once more.
    """
    with opened_school(config_path, state_folder) as school:
        promoter = promoter_of(school.loaded, state_folder, school.store)
        try:
            promoter.restore()
            before = promoter.current()
            version = promoter.usable(model_id)
            rows = () if version.needs_no_gates else _measured_now(promoter, model_id, gate_mail)
            for row in rows:
                click.echo(row.in_words)
            promoter.check(model_id, is_forced=force, rows=rows)
            click.echo(f"In force now: {before.promoted}. To be in force: {model_id}.")
            typed = confirm or click.prompt("Type the model id to confirm", default="", show_default=False)
            if typed != model_id:
                stop(["that is another id: nothing was changed"], status=PROBLEMS)
            moved = promoter.promote(
                model_id, by=by, reason=reason, is_forced=force, expected_serial=before.serial, rows=rows
            )
        except PromotionRefused as refused:
            stop([f"refused: {refused}"], status=PROBLEMS)
        except ModelRefused as problem:
            stop([str(problem)])
        except (OSError, TemporaryFailure) as problem:
            stop([f"not done: {problem}"])
    click.echo(f"{moved.promoted} is in force. To go back: mailguard model rollback --by NAME --reason WHY")


@click.command(
    epilog="""Example: mailguard model rollback --by "I. Admin" --reason "too many newsletters held"

Exit status: 0 in force, 1 cannot be read or written, 3 refused: there is none before, or it cannot be used."""
)
@config_option
@state_option
@_by_option
@_reason_option
def rollback(config_path: Path, state_folder: Path, by: str, reason: str) -> None:
    """Put the model before this one in force again, at once."""
    with opened_school(config_path, state_folder) as school:
        promoter = promoter_of(school.loaded, state_folder, school.store)
        try:
            promoter.restore()
            moved = promoter.roll_back(by=by, reason=reason)
        except PromotionRefused as refused:
            stop([f"refused: {refused}"], status=PROBLEMS)
        except ModelRefused as problem:
            stop([str(problem)])
        except (OSError, TemporaryFailure) as problem:
            stop([f"not done: {problem}"])
    click.echo(f"{moved.promoted} is in force.")


def _measured_now(promoter: Promoter, model_id: str, gate_mail: Path | None) -> tuple[GateRow, ...]:
    """Gates against what is in force now; empty where the texts are not at hand, then the manifest's count."""
    from mailguard.classifier.frozen import frozen_measure, platforms_of
    from mailguard.classifier.retrain import compared_rows

    candidate = promoter.registry.open(model_id)
    if isinstance(candidate, DarkClassifier):
        return ()
    try:
        with shown_progress() as progress:
            measure = frozen_measure(
                known_platforms=platforms_of(shipped_path("corpus")), office_mail=gate_mail, progress=progress
            )
            return compared_rows(promoter.registry, measure(candidate), measure)
    except (CorpusError, ShippedFileMissing) as problem:
        click.echo(f"mailguard: it cannot be measured again ({problem})", err=True)
        return ()
