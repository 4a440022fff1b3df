"""``mailguard audit``: show, verify and export the audit trail."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TextIO

import click

from mailguard.adapters.keys import is_genuine_signature
from mailguard.app.audit_trail import verify_export
from mailguard.cli.opened import opened_school
from mailguard.cli.settings import PROBLEMS, config_option, json_option, state_option
from mailguard.domain.audit import Verification, event_to_json, parse_verifier_key


@click.group("audit")
def command() -> None:
    """The record of every decision and act: hash-chained, signed, append-only."""


@command.command(
    epilog="""Example: mailguard audit show --case MG-2026-0147

Exit status: 0 ok, 1 the store cannot be opened."""
)
@config_option
@state_option
@json_option
@click.option("--case", "case_id", help="Only events of this case.")
@click.option("--first", default=1, show_default=True, help="First event number.")
@click.option("--last", type=int, help="Last event number.")
def show(
    config_path: Path, state_folder: Path, as_json: bool, case_id: str | None, first: int, last: int | None
) -> None:
    """Print events, oldest first. Ids only: names and texts are not in the trail."""
    with opened_school(config_path, state_folder) as school, school.store.reading() as transaction:
        for event in transaction.audit.events(first=first, last=last, case_id=case_id):
            fields = event_to_json(event)
            if as_json:
                click.echo(json.dumps(fields, ensure_ascii=False))
            else:
                detail = json.dumps(fields["detail"], ensure_ascii=False, sort_keys=True)
                click.echo(
                    f"{fields['seq']:>6}  {fields['at']}  {fields['tag']:<28} {fields['actor']:<12} "
                    f"{fields['case_id']:<14} {detail}"
                )


@command.command(
    epilog="""Examples:

    mailguard audit verify

    mailguard audit verify --export trail.jsonl --key 'mailguard/school+1234abcd+...'

The second form needs no store and no network: the file and the public key alone.

Exit status: 0 intact, 1 cannot be read, 3 altered, cut or not genuine."""
)
@config_option
@state_option
@json_option
@click.option("--export", "export_file", type=click.File("r", encoding="utf-8"), help="An exported trail.")
@click.option("--key", "key_text", help="Public key, as printed in every digest.")
@click.option(
    "--note", "note_files", multiple=True, type=click.File("r"), help="A checkpoint kept elsewhere."
)
def verify(
    config_path: Path,
    state_folder: Path,
    as_json: bool,
    export_file: TextIO | None,
    key_text: str | None,
    note_files: tuple[TextIO, ...],
) -> None:
    """Walk the whole chain and its signatures; name what was altered, removed, reordered or cut."""
    notes = [file.read() for file in note_files]
    if export_file is not None:
        if not key_text:
            raise click.UsageError("--export needs --key: the key inside the file proves nothing")
        try:
            key = parse_verifier_key(key_text)
        except ValueError as problem:
            raise click.UsageError(f"--key: {problem}") from problem
        result = verify_export(
            export_file, key=key, check_signature=is_genuine_signature, further_notes=notes
        )
    else:
        with opened_school(config_path, state_folder) as school:
            result = school.trail.verify(further_notes=notes)
    _tell(result, as_json=as_json)


def _tell(result: Verification, *, as_json: bool) -> None:
    problems = [{"seq": problem.seq, "says": problem.says} for problem in result.problems]
    if as_json:
        answer = {
            "ok": not problems,
            "events": result.head.size,
            "head": result.head.hash,
            "checkpointed": result.checkpointed_size,
            "problems": problems,
        }
        click.echo(json.dumps(answer))
    elif problems:
        for problem in problems:
            click.echo(f"FAIL  event {problem['seq']}: {problem['says']}")
    else:
        click.echo(
            f"ok    {result.head.size:,} events; chain intact; head {result.head.hash[:16]}…; "
            f"checkpoints vouch for {result.checkpointed_size:,}"
        )
    if problems:
        sys.exit(PROBLEMS)


@command.command(
    epilog="""Example: mailguard audit export --by it > trail.jsonl

Exit status: 0 ok, 1 the store cannot be opened."""
)
@config_option
@state_option
@click.option("--by", "actor", required=True, help="Who exports: this is on the record too.")
def export(config_path: Path, state_folder: Path, actor: str) -> None:
    """Write the whole trail with its checkpoints to standard output, for an independent party to verify."""
    with opened_school(config_path, state_folder) as school:
        for line in school.trail.export(actor=actor):
            click.echo(line, nl=False)
        click.echo(f"public key: {school.trail.verifier_key}", err=True)


@command.command(epilog="Exit status: 0 ok, 1 the store cannot be opened.")
@config_option
@state_option
def checkpoint(config_path: Path, state_folder: Path) -> None:
    """Sign the head of the trail now and print the note: keep it somewhere else."""
    with opened_school(config_path, state_folder) as school:
        click.echo(school.trail.checkpoint(), nl=False)
