"""``mailguard policy``: prove the decision table, show it as a person reads it, and try another one on past messages."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from mailguard.cli.policy_reference import policy_reference, shipped_policy
from mailguard.cli.replay import command as replay
from mailguard.cli.settings import PROBLEMS, config_option, json_option, settings, stop
from mailguard.config import ConfigProblem
from mailguard.domain.policy import PolicyProblem
from mailguard.wiring import load_policy, policy_report


@click.group("policy")
def command() -> None:
    """Check and show the decision table, and try candidates on past messages."""


command.add_command(replay, "replay")


@command.command(epilog="Exit status: 0 sound, 3 problems found.")
@config_option
@json_option
def check(config_path: Path, as_json: bool) -> None:
    """Prove over the whole space of situations that the rules above the table hold."""
    loaded = settings(config_path)
    try:
        report = policy_report(loaded)
    except (PolicyProblem, ConfigProblem) as problem:
        stop(problem.problems, status=PROBLEMS)
    if as_json:
        shares = {share.code: share.points for share in report.shares}
        click.echo(
            json.dumps({"situations": report.points, "rows": shares, "problems": list(report.problems)})
        )
    else:
        for share in report.shares:
            click.echo(f"row {share.code:<4} decides {share.points:>9,} situations")
        click.echo(
            f"{len(report.shares)} rows over {report.points:,} situations: {len(report.problems)} problems"
        )
        for problem_line in report.problems:
            click.echo(f"FAIL {problem_line}")
    if report.problems:
        sys.exit(PROBLEMS)


@command.command(epilog="Exit status: 0 ok, 1 the policy cannot be read.")
@config_option
def show(config_path: Path) -> None:
    """Print the table: row, when, verdict, what is done, level, clause."""
    try:
        policy = load_policy(settings(config_path))
    except (PolicyProblem, ConfigProblem) as problem:
        stop(problem.problems)
    for row in policy.rows:
        verdicts = " / ".join(dict.fromkeys(verdict.value for verdict in row.verdicts.values()))
        what = row.consequence
        grave = f" ({int(row.grave.level)} when grave)" if row.grave is not None else ""
        click.echo(f"{row.code:<4} {row.says}")
        done = f"{what.disposition.value}, report {what.report.value}, level {int(what.level)}{grave}"
        click.echo(f"     {verdicts}: {done}; clause {row.clause}")
    click.echo(f"version {policy.version}")


@command.command(
    epilog="""Example: mailguard policy reference --shipped

Exit status: 0 ok, 1 the policy cannot be read."""
)
@config_option
@click.option(
    "--shipped", is_flag=True, help="The table that comes with mailguard; no settings file is read."
)
def reference(config_path: Path, shipped: bool) -> None:
    """Print levels, dimensions, rows, clauses and signals in words, as Markdown."""
    try:
        policy = shipped_policy() if shipped else load_policy(settings(config_path))
    except (PolicyProblem, ConfigProblem) as problem:
        stop(problem.problems)
    click.echo(policy_reference(policy), nl=False)
