"""``mailguard model``: what the model is, how good it was measured to be, and training another one."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from mailguard.classifier.registry import model_status
from mailguard.cli.settings import PROBLEMS, config_option, json_option, settings
from mailguard.wiring import model_directory


@click.group("model")
def command() -> None:
    """The classifier: it can raise suspicion, never lower it; without it the lists decide alone."""


@command.command(
    epilog="""Example: mailguard model status

Exit status: 0 in use, 1 the settings cannot be read, 3 dark: it is not used, and why."""
)
@config_option
@json_option
def status(config_path: Path, as_json: bool) -> None:
    """Say which model is in use, since when, on what it was trained and what was measured."""
    folder = model_directory(settings(config_path))
    found = model_status(folder)
    if as_json:
        answer = {
            "model_id": found.model_id,
            "signed_at": found.signed_at,
            "problem": found.problem,
            "manifest": dict(found.manifest),
        }
        click.echo(json.dumps(answer, ensure_ascii=False, default=str))
    elif found.problem:
        click.echo(f"dark   {found.problem}")
        click.echo("       The lists go on deciding. Restore the shipped model by reinstalling mailguard.")
    else:
        click.echo(f"model  {found.model_id}, signed {found.signed_at}; hash and signature match")
        for key, value in found.manifest.items():
            if isinstance(value, str | int | float):
                click.echo(f"       {key:<22} {value}")
        corpus, measured = found.manifest.get("corpus"), found.manifest.get("held_out")
        if isinstance(corpus, dict):
            click.echo(f"       {'trained on':<22} {corpus.get('records')} texts of the corpus")
        for key, value in measured.items() if isinstance(measured, dict) else ():
            if isinstance(value, int | float):
                click.echo(f"       {'held out: ' + key:<34} {value}")
    if found.problem:
        sys.exit(PROBLEMS)
