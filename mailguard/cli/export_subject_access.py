"""``mailguard export subject-access``: a list of items to decide in a spreadsheet, then the file for the person."""

from __future__ import annotations

import csv
import io
from functools import partial
from pathlib import Path

import click

from mailguard.app.export_making import MadeExport, plain_filename
from mailguard.app.person_cases import UnknownPerson
from mailguard.app.safe_csv import csv_bytes
from mailguard.app.subject_access_export import ItemDecision, SubjectDraft, Undecided, UnknownDraft
from mailguard.cli.export import command, made_or_stop, maker_options, opened_exports, write_out
from mailguard.cli.settings import PROBLEMS, config_option, state_option, stop

_COLUMNS = ("Draft", "Item", "Give it? (yes/no)", "Why not", "What it is", "Text, other people taken out")
_ANSWERS = {"yes": True, "y": True, "no": False, "n": False}


@command.command(
    "subject-access-draft",
    epilog="""Example: mailguard export subject-access-draft P0003 --by head --reason "letter of 3 May"

Exit status: 0 done, 1 no such person.""",
)
@config_option
@state_option
@click.option(
    "--take-out",
    "further",
    multiple=True,
    help="A word or name to take out of every item; as often as needed.",
)
@maker_options
@click.argument("about")
def begin(
    config_path: Path,
    state_folder: Path,
    further: tuple[str, ...],
    role_word: str,
    reason: str,
    target: Path | None,
    about: str,
) -> None:
    """Write what is held about a person id or address as a table, for a reviewer to decide item by item.

    Facts and the person's own words are proposed to be given; what others wrote is left for the reviewer.
    """
    with opened_exports(config_path, state_folder, role_word) as (exports, maker):
        service = exports.subject_access
        try:
            export = service.begin(about, by=maker, reason=reason)
            if further:
                service.take_out(export.id, further, by=maker)
            draft = service.draft(export.id, by=maker)
        except UnknownPerson:
            stop([f"{about}: no person id on the lists, and no address"])
        content = csv_bytes(_COLUMNS, _rows(draft))
        name = f"subject-access-draft-{draft.who.label.replace('@', '-at-')}.csv"
        made = MadeExport(
            filename=plain_filename(name),
            media_type="text/csv",
            content=content,
            sha256="",
            export_id=export.id,
        )
        path = write_out(made, target)
        click.echo(f"{len(draft.items)} items. Fill in the third column, then run:")
        click.echo(f"mailguard export subject-access {path} --by {role_word}")


@command.command(
    "subject-access",
    epilog="""Example: mailguard export subject-access subject-access-draft-P0003.csv --by head

Exit status: 0 done, 1 it could not be made, 3 an item is not decided.""",
)
@config_option
@state_option
@click.option(
    "--by",
    "role_word",
    required=True,
    type=click.Choice(["head", "deputy", "chair"]),
    help="Who has decided: on the record.",
)
@click.option("--to", "target", type=click.Path(path_type=Path), help="File or folder to write to.")
@click.argument("table", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def make(config_path: Path, state_folder: Path, role_word: str, target: Path | None, table: Path) -> None:
    """Make the file for the person from a table in which every item was decided."""
    draft_id, decisions = _decided(table)
    with opened_exports(config_path, state_folder, role_word) as (exports, maker):
        try:
            made = made_or_stop(
                partial(exports.subject_access.make, draft_id, decisions, by=maker), table.name
            )
        except UnknownDraft:
            stop([f"{table}: its draft is unknown, or was handed out already"])
        except Undecided as problem:
            stop([f"{item}: not decided; write yes or no" for item in problem.item_ids], status=PROBLEMS)
        write_out(made, target)


def _rows(draft: SubjectDraft) -> list[tuple[str, ...]]:
    return [
        (
            draft.export.id,
            item.id,
            "yes" if item.is_proposed else "",
            item.why_not,
            item.title,
            item.text,
        )
        for item in draft.items
    ]


def _decided(table: Path) -> tuple[str, dict[str, ItemDecision]]:
    """(draft id, decisions); an end when the table cannot be read."""
    try:
        rows = list(csv.reader(io.StringIO(table.read_text(encoding="utf-8-sig"), newline="")))
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        stop([f"{table}: cannot be read as CSV: {problem}"])
    decisions: dict[str, ItemDecision] = {}
    problems: list[str] = []
    drafts = {row[0].strip("'") for row in rows[1:] if row}
    for number, row in enumerate(rows[1:], start=2):
        if len(row) < 4:
            problems.append(f"{table}:{number}: too few columns")
            continue
        answer = row[2].strip().lower()
        if answer in _ANSWERS:
            decisions[row[1]] = ItemDecision(is_given=_ANSWERS[answer], why=row[3].strip())
        elif answer:
            problems.append(f"{table}:{number}: {row[2]!r} is neither yes nor no")
    if len(drafts) != 1:
        problems.append(f"{table}: names {len(drafts)} drafts; want the table as it was written")
    if problems:
        stop(problems, status=PROBLEMS)
    return drafts.pop(), decisions
