"""``mailguard case legal-hold`` and ``mailguard case destroy``: what must stay, and what must go."""

from __future__ import annotations

from pathlib import Path

import click

from mailguard.app.case_deciding import UnknownCase
from mailguard.app.case_destruction import Authority, CaseDestruction, DestructionRefused
from mailguard.app.export_making import OpenCases
from mailguard.cli.case import command
from mailguard.cli.export import MAKERS, maker_of, opened_exports
from mailguard.cli.settings import PROBLEMS, config_option, state_option, stop
from mailguard.domain.words import Role

_ROLE = click.Choice([role.value for role in MAKERS])


@command.command(
    "legal-hold",
    epilog="""Examples:

    mailguard case legal-hold MG-2026-0147 --by head

    mailguard case legal-hold MG-2026-0147 --by head --lift

Exit status: 0 done, 1 no such case.""",
)
@config_option
@state_option
@click.option("--by", "role_word", required=True, type=_ROLE, help="Who says so: on the record.")
@click.option("--lift", "is_lifted", is_flag=True, help="End it.")
@click.argument("case_id")
def legal_hold(config_path: Path, state_folder: Path, role_word: str, is_lifted: bool, case_id: str) -> None:
    """Forbid that a case's messages are destroyed, whatever the retention schedule says."""
    with opened_exports(config_path, state_folder, role_word) as (exports, maker):
        packs = exports.packs
        service = CaseDestruction(packs.store, exports.shredder, OpenCases(packs.settings, packs.directory))
        try:
            has_changed = service.set_legal_hold(case_id, by=maker, is_held=not is_lifted)
        except UnknownCase:
            stop([f"{case_id}: no such case; see: mailguard case list"])
    words = "not on legal hold" if is_lifted else "on legal hold"
    click.echo(f"{case_id} is {words}{'' if has_changed else ' already'}.")


@command.command(
    epilog="""Example: mailguard case destroy MG-2026-0147 --by head --approved-by chair --authority retention-schedule

Exit status: 0 done, 1 no such case, 3 it may not be destroyed."""
)
@config_option
@state_option
@click.option("--by", "role_word", required=True, type=_ROLE, help="Who destroys: on the record.")
@click.option(
    "--approved-by", "second_word", required=True, type=_ROLE, help="The second person: on the record, too."
)
@click.option(
    "--authority",
    required=True,
    type=click.Choice([authority.value for authority in Authority]),
    help="By what right.",
)
@click.argument("case_id")
def destroy(
    config_path: Path, state_folder: Path, role_word: str, second_word: str, authority: str, case_id: str
) -> None:
    """Destroy the messages of a decided case: nobody can read them again. Hashes, decisions and trail stay."""
    with opened_exports(config_path, state_folder, role_word) as (exports, maker):
        packs = exports.packs
        service = CaseDestruction(packs.store, exports.shredder, OpenCases(packs.settings, packs.directory))
        second = maker_of(Role(second_word), packs.settings)
        try:
            done = service.destroy(case_id, by=maker, approved_by=second, authority=Authority(authority))
        except UnknownCase:
            stop([f"{case_id}: no such case; see: mailguard case list"])
        except DestructionRefused as problem:
            stop([f"{case_id}: {problem}"], status=PROBLEMS)
    click.echo(
        f"{case_id}: {done.messages} message{'' if done.messages == 1 else 's'} destroyed; the hash remains."
    )
