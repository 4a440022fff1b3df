"""``mailguard doctor``: what is wrong before a child's report is missed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from mailguard import __version__
from mailguard.adapters.clock import SystemClock
from mailguard.app.health import Finding, State
from mailguard.cli.settings import PROBLEMS, config_option, json_option, state_option

_COLOURS = {State.OK: "green", State.WARN: "yellow", State.FAIL: "red"}


@click.command(
    epilog="""Example: mailguard doctor --config /etc/mailguard/mailguard.toml --state /var/lib/mailguard

Exit status: 0 nothing failed, 3 something did."""
)
@config_option
@state_option
@json_option
def command(config_path: Path, state_folder: Path, as_json: bool) -> None:
    """Look at settings, store, audit trail, model, lists, report route, mailboxes and effects; say what to do."""
    from mailguard.doctor import examine

    findings = examine(config_path, state_folder)
    if as_json:
        rows = [{"state": f.state.value, "what": f.what, "says": f.says, "fix": f.fix} for f in findings]
        click.echo(json.dumps(rows, ensure_ascii=False))
    else:
        click.echo(_header(config_path))
        for finding in findings:
            _print(finding)
        failed = sum(finding.state is State.FAIL for finding in findings)
        warned = sum(finding.state is State.WARN for finding in findings)
        click.echo(f"{failed} failed, {warned} warning{'' if warned == 1 else 's'}.")
    if any(finding.state is State.FAIL for finding in findings):
        sys.exit(PROBLEMS)


def _header(config_path: Path) -> str:
    """Which mailguard, with which settings, when: a report that is passed on must say so itself."""
    from mailguard.config import ConfigProblem, load_config

    now = SystemClock().now()
    try:
        zone = ZoneInfo(load_config(config_path).config.school.timezone)
    except ConfigProblem:
        zone = ZoneInfo("UTC")
    return f"mailguard {__version__} · {config_path} · {now.astimezone(zone):%a %H:%M} {zone.key}"


def _print(finding: Finding) -> None:
    label = finding.state.value if finding.state is not State.FAIL else "FAIL"
    click.echo(f"{click.style(f'{label:<5}', fg=_COLOURS[finding.state])} {finding.what:<13} {finding.says}")
    if finding.fix:
        click.echo(f"{'':<19} {finding.fix}")
