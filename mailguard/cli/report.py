"""``mailguard report``: does a report reach its readers?"""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

import click

from mailguard.adapters.clock import SystemClock
from mailguard.adapters.smtp_out import SmtpCourier
from mailguard.app.report_test import send_test_reports
from mailguard.app.terms import term_named
from mailguard.cli.export import made_or_stop, maker_options, opened_exports, write_out
from mailguard.cli.opened import opened_school
from mailguard.cli.settings import PROBLEMS, config_option, json_option, state_option, stop
from mailguard.config import ConfigProblem
from mailguard.daemon_settings import courier_settings, effects_settings
from mailguard.domain.words import Role


@click.group("report")
def command() -> None:
    """Reports to the chain of readers."""


@command.command(
    epilog="""Examples:

    mailguard report test

    mailguard report test --role deputy

Exit status: 0 every server accepted, 1 the store cannot be opened, 3 somebody cannot be reached."""
)
@config_option
@state_option
@json_option
@click.option(
    "--role",
    "role_words",
    multiple=True,
    type=click.Choice([role.value for role in Role]),
    help="Only these.",
)
def test(config_path: Path, state_folder: Path, as_json: bool, role_words: tuple[str, ...]) -> None:
    """Send a test report to each reader and record what the server said. No child is concerned in it."""
    with opened_school(config_path, state_folder) as school:
        try:
            courier = SmtpCourier(courier_settings(school.loaded))
        except ConfigProblem as problem:
            stop(problem.problems)
        mark_key = school.store.keys.mark_key
        results = send_test_reports(
            store=school.store,
            courier=courier,
            settings=effects_settings(school.loaded, mark_key=mark_key, clauses={}),
            clock=SystemClock(),
            roles={Role(word) for word in role_words} or None,
        )
    if as_json:
        answer = [
            {"role": each.role.value, "accepted": each.is_accepted, "words": each.words} for each in results
        ]
        click.echo(json.dumps(answer))
    for each in [] if as_json else results:
        click.echo(
            f"{'ok  ' if each.is_accepted else 'FAIL'}  {each.role.value:<7} {each.address}: {each.words}"
        )
    if not all(each.is_accepted for each in results):
        sys.exit(PROBLEMS)


@command.command(
    epilog="""Example: mailguard report governors --term 2026-autumn --by head --reason "meeting of 12 January"

Exit status: 0 done, 1 it could not be made."""
)
@config_option
@state_option
@click.option(
    "--term", required=True, help="Year and season, such as 2026-autumn; days are those of hours.terms."
)
@maker_options
def governors(
    config_path: Path, state_folder: Path, term: str, role_word: str, reason: str, target: Path | None
) -> None:
    """Write the governors' report of a term as PDF. It names nobody; the chair gets it by mail at the term's end."""
    with opened_exports(config_path, state_folder, role_word) as (exports, maker):
        try:
            term_named(term, exports.governors.settings.hours.terms)
        except ValueError as problem:
            raise click.UsageError(f"--term: {problem}") from problem
        make = partial(exports.governors.make, term, by=maker, reason=reason)
        write_out(made_or_stop(make, term), target)
