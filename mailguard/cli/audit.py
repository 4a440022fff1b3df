"""``mailguard audit``: show, verify and export the audit trail."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TextIO

import click

from mailguard.adapters.keys import is_genuine_signature
from mailguard.app.audit_trail import Opening, verify_export
from mailguard.app.evidence_verify import PackVerification, verify_pack
from mailguard.app.lists import load_lists
from mailguard.app.trail_closed import open_to_named
from mailguard.cli.export import reading_settings
from mailguard.cli.opened import OpenedSchool, opened_school
from mailguard.cli.settings import PROBLEMS, config_option, json_option, state_option, stop
from mailguard.config import ConfigProblem
from mailguard.domain.audit import Verification, VerifierKey, event_to_json, parse_verifier_key
from mailguard.wiring import list_files, school_of, surroundings


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
    with (
        opened_school(config_path, state_folder, only_reads=True) as school,
        school.store.reading() as transaction,
    ):
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

    mailguard audit verify --export trail.jsonl --key 'mailguard/school/audit+1234abcd+...'

    mailguard audit verify --pack MG-2026-0147.zip --key 'mailguard/school/audit+1234abcd+...'

The second and third form need no settings, no store and no network: the file and the public key alone.

Exit status: 0 intact, 1 cannot be read, 3 altered, cut or not genuine."""
)
@config_option
@state_option
@json_option
@click.option("--export", "export_file", type=click.File("r", encoding="utf-8"), help="An exported trail.")
@click.option(
    "--pack",
    "pack_path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="An evidence pack (ZIP).",
)
@click.option("--key", "key_text", help="Public key, as printed in every digest.")
@click.option(
    "--note", "note_files", multiple=True, type=click.File("r"), help="A checkpoint kept elsewhere."
)
def verify(
    config_path: Path,
    state_folder: Path,
    as_json: bool,
    export_file: TextIO | None,
    pack_path: Path | None,
    key_text: str | None,
    note_files: tuple[TextIO, ...],
) -> None:
    """Walk the whole chain and its signatures; name what was altered, removed, reordered or cut."""
    notes = [file.read() for file in note_files]
    if pack_path is not None:
        pack = verify_pack(
            pack_path.read_bytes(),
            key=_outside_key(key_text, "--pack"),
            check_signature=is_genuine_signature,
            further_notes=notes,
        )
        _tell_pack(pack, as_json=as_json)
        return
    if export_file is not None:
        result = verify_export(
            export_file,
            key=_outside_key(key_text, "--export"),
            check_signature=is_genuine_signature,
            further_notes=notes,
        )
    else:
        with opened_school(config_path, state_folder, only_reads=True) as school:
            result = school.trail.verify(further_notes=notes)
    _tell(result, as_json=as_json)


def _outside_key(text: str | None, option: str) -> VerifierKey:
    if not text:
        raise click.UsageError(f"{option} needs --key: the key inside the file proves nothing")
    try:
        return parse_verifier_key(text)
    except ValueError as problem:
        raise click.UsageError(f"--key: {problem}") from problem


def _tell_pack(pack: PackVerification, *, as_json: bool) -> None:
    shown = len(pack.extract.shown) if pack.extract is not None else 0
    if as_json:
        answer = {
            "ok": pack.is_intact,
            "case": pack.case_id,
            "form": pack.form,
            "files": pack.files,
            "events": shown,
            "messages": pack.messages,
            "problems": [{"place": each.place, "says": each.says} for each in pack.problems],
        }
        click.echo(json.dumps(answer, ensure_ascii=False))
    for problem in () if as_json else pack.problems:
        click.echo(f"FAIL  {problem.place}: {problem.says}")
    if not pack.is_intact:
        sys.exit(PROBLEMS)
    if as_json or pack.extract is None:
        return
    found = pack.extract
    messages = "1 message" if pack.messages == 1 else f"{pack.messages} messages"
    click.echo(
        f"ok    {pack.case_id}: {pack.files} files as sealed; {shown} events of the case in a chain to event "
        f"{found.head.size:,}, {found.withheld:,} others withheld; {messages} with the hash of arrival"
    )
    if found.checkpoint is not None:
        click.echo(f"ok    checkpoint of {found.checkpoint.at:%Y-%m-%d %H:%M} UTC vouches for all of it")
    _tell_unlinked(found.unlinked)


def _tell_unlinked(count: int) -> None:
    if count:
        click.echo(
            f"note  {count:,} withheld events are older than the salted form: across them only the checkpoint vouches"
        )


def _tell(result: Verification, *, as_json: bool) -> None:
    problems = [{"seq": problem.seq, "says": problem.says} for problem in result.problems]
    if as_json:
        answer = {
            "ok": not problems,
            "events": result.head.size,
            "withheld": result.withheld,
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
        if result.withheld:
            click.echo(
                f"note  {result.withheld:,} events are withheld: their place and hash are proved, not what they say"
            )
        _tell_unlinked(result.unlinked)
    if problems:
        sys.exit(PROBLEMS)


@command.command(
    epilog="""Example: mailguard audit export --by it > trail.jsonl

Exit status: 0 ok, 1 the store cannot be opened."""
)
@config_option
@state_option
@click.option(
    "--by",
    "actor",
    required=True,
    help="Who takes it: a role, an account, a person's id or address, or a word. On the record; what is closed to them is withheld.",
)
def export(config_path: Path, state_folder: Path, actor: str) -> None:
    """Write the whole trail with its checkpoints to standard output, for an independent party to verify.

    Events of cases that are about whoever takes it stand in it by place and hash alone.
    """
    with opened_school(config_path, state_folder) as school:
        for line in school.trail.export(actor=actor, opening=_opening(actor, school)):
            click.echo(line, nl=False)
        click.echo(f"public key: {school.trail.verifier_key}", err=True)


def _opening(actor: str, school: OpenedSchool) -> Opening | None:
    """None for somebody whom mailguard does not know: no case is about them."""
    try:
        settings = reading_settings(school)
        lists = load_lists(list_files(school.loaded), surroundings(school.loaded, school_of(school.loaded)))
    except ConfigProblem as problem:
        stop(problem.problems)
    with school.store.reading() as transaction:
        return open_to_named(actor, settings, lambda: lists, transaction)


@command.command(epilog="Exit status: 0 ok, 1 the store cannot be opened.")
@config_option
@state_option
def checkpoint(config_path: Path, state_folder: Path) -> None:
    """Sign the head of the trail now and print the note: keep it somewhere else."""
    with opened_school(config_path, state_folder) as school:
        click.echo(school.trail.checkpoint(), nl=False)
