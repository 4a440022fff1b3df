"""The command line. Exit statuses: 0 ok, 1 failed, 2 usage, 3 problems found."""

from __future__ import annotations

import importlib
import sys

import click

_COMMANDS = {
    "run": "mailguard.cli.run",
    "demo": "mailguard.cli.demo",
    "explain": "mailguard.cli.explain",
    "config": "mailguard.cli.config",
    "policy": "mailguard.cli.policy",
    "addresses": "mailguard.cli.addresses",
    "case": "mailguard.cli.case",
    "model": "mailguard.cli.model",
    "audit": "mailguard.cli.audit",
    "report": "mailguard.cli.report",
    "doctor": "mailguard.cli.doctor",
}


class LazyCommands(click.Group):
    """Imports a command's module only when it is asked for: ``--help`` and ``explain`` stay quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(_COMMANDS[cmd_name]).command
        return command


@click.group(
    cls=LazyCommands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit status: 0 ok, 1 failed, 2 wrong usage, 3 problems found.",
)
@click.version_option(package_name="mailguard")
def cli() -> None:
    """Finds children's contact and social-network mail in a school's staff mail, holds it and reports it."""


def main() -> None:
    """Entry point. An interrupted command exits with 130, as shells expect."""
    try:
        cli(prog_name="mailguard")
    except KeyboardInterrupt:
        sys.exit(130)
