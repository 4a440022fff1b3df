"""``mailguard addresses``: check the lists, look somebody up, compare an export before it replaces a list."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from mailguard.app.list_diff import diff_rows
from mailguard.app.list_files import ListName, read_rows
from mailguard.app.lists import IndexedLists, load_lists
from mailguard.cli.settings import PROBLEMS, config_option, json_option, settings, stop
from mailguard.config import ConfigProblem, LoadedConfig
from mailguard.domain.people import Person
from mailguard.domain.words import PersonList
from mailguard.wiring import list_files, list_problems, school_of, surroundings


@click.group("addresses")
def command() -> None:
    """The school's lists: pupils, parents, staff, accounts, relationships, exclusions."""


@command.command(
    epilog="""Example: mailguard addresses check

Exit status: 0 all is well, 1 the settings cannot be read, 3 problems found."""
)
@config_option
@json_option
def check(config_path: Path, as_json: bool) -> None:
    """Check every list, every row, all errors at once: file, line, value, fix."""
    loaded = settings(config_path)
    problems = list_problems(loaded)
    if as_json:
        click.echo(json.dumps({"ok": not problems, "problems": problems}, ensure_ascii=False))
    elif problems:
        for problem in problems:
            click.echo(problem)
    else:
        lists = _lists(loaded)
        for name, number in lists.counts.items():
            click.echo(f"ok  {name.value:<24} {number:>6} {'row' if number == 1 else 'rows'}")
        click.echo(f"version {lists.version}")
    if problems:
        sys.exit(PROBLEMS)


@command.command(
    epilog="""Examples:

    mailguard addresses find ella.bee@mail.example

    mailguard addresses find "Jay Adeyemi"

    mailguard addresses find instagram:ella.bee

Exit status: 0 found, 1 nobody, 2 wrong usage."""
)
@config_option
@json_option
@click.argument("wanted")
def find(config_path: Path, as_json: bool, wanted: str) -> None:
    """Say who an address, a name or a platform:handle is, and by which row."""
    lists = _lists(settings(config_path))
    found = [(person, how) for how, people in _looked_up(lists, wanted) for person in people]
    if as_json:
        answer = [
            {"id": person.id, "list": person.list.value, "source": person.source, "how": how}
            for person, how in found
        ]
        click.echo(json.dumps(answer))
    for person, how in [] if as_json else found:
        click.echo(f"{person.id:<8} {person.list.value:<8} {how:<22} {person.source}")
    if "@" in wanted and not as_json:
        click.echo(_domain_words(lists, wanted))
    if not found and not as_json:
        click.echo(f"{wanted}: nobody on the lists")
    if not found:
        sys.exit(1)


def _looked_up(lists: IndexedLists, wanted: str) -> list[tuple[str, tuple[Person, ...]]]:
    if "@" in wanted.lstrip("@"):
        return [
            ("exact address", lists.by_address(wanted)),
            ("nearly this address", lists.near_address(wanted)),
        ]
    platform, colon, handle = wanted.partition(":")
    if colon:
        return [("registered handle", lists.by_handle(platform.lower(), handle))]
    return [("name", lists.named(wanted, frozenset(PersonList)))]


def _domain_words(lists: IndexedLists, address: str) -> str:
    says = [
        words
        for holds, words in (
            (lists.is_pupil_domain(address), "under a pupil domain: a pupil's, listed or not"),
            (lists.is_representative(address), "a school representative's"),
            (lists.is_personal_mail(address), "a personal-mail provider's"),
            (lists.is_lookalike_of_pupil_domain(address), "imitates a pupil domain"),
            (lists.excluded(address) is not None, "an excluded correspondent's"),
        )
        if holds
    ]
    return f"address: {'; '.join(says) or 'of no special kind'}"


@command.command(
    epilog="""Example: mailguard addresses diff pupils new-export.csv

Exit status: 0 no difference, 1 cannot be read, 3 there are differences or problems."""
)
@config_option
@click.argument("list_name", type=click.Choice(["pupils", "parents", "staff"]))
@click.argument("new_file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
def diff(config_path: Path, list_name: str, new_file: Path) -> None:
    """Show what a new export would change before it replaces a list. Ids and rows only, no names."""
    loaded = settings(config_path)
    problems = list_problems(loaded, replaced={list_name: new_file})
    if problems:
        stop(problems, status=PROBLEMS)
    name = ListName(list_name)
    old, new = (
        next(file for file in list_files(loaded, replaced=replaced) if file.name is name)
        for replaced in (None, {list_name: new_file})
    )
    found = diff_rows(name, *(read_rows(file, file.path.read_bytes(), []) for file in (old, new)))
    changed = [change.after for change in found.changed]
    for sign, rows in (("+", found.added), ("-", found.removed), ("~", changed)):
        for row in sorted(rows, key=lambda row: row["id"]):
            click.echo(f"{sign} {row['id']}  ({row.source})")
    click.echo(
        f"{found.rows_after} rows; {len(found.added)} added, {len(found.removed)} gone, {len(changed)} changed"
    )
    if not found.is_empty:
        sys.exit(PROBLEMS)


def _lists(loaded: LoadedConfig) -> IndexedLists:
    problems = list_problems(loaded)
    if problems:
        stop(problems)
    try:
        return load_lists(list_files(loaded), surroundings(loaded, school_of(loaded)))
    except ConfigProblem as problem:
        stop(problem.problems)
