"""The command line. Exit statuses: 0 ok, 1 failed, 2 usage, 3 problems found."""

from __future__ import annotations

import importlib
import sys

import click

# Module, and what its command does: the list of all commands is shown without importing any.
COMMANDS = {
    "run": (
        "mailguard.cli.run",
        "Run the relay, the mailbox reader, the effects worker and the review page (all when none is named) until SIGTERM.",
    ),
    "demo": (
        "mailguard.cli.demo",
        "Start a throw-away school with mail servers of its own, send it a day's mail and show what becomes of it.",
    ),
    "explain": (
        "mailguard.cli.explain",
        "Say what would be decided about each message, by which row and clause, and why.",
    ),
    "config": ("mailguard.cli.config", "Check and show the settings."),
    "policy": (
        "mailguard.cli.policy",
        "Check and show the decision table, and try candidates on past messages.",
    ),
    "addresses": (
        "mailguard.cli.addresses",
        "The school's lists: pupils, parents, staff, accounts, relationships, exclusions.",
    ),
    "case": ("mailguard.cli.case_ending", "Cases: list, show, acknowledge, decide."),
    "model": (
        "mailguard.cli.model",
        "The classifier: it can raise suspicion, never lower it; without it the lists decide alone.",
    ),
    "account": ("mailguard.cli.account", "Accounts of the review page."),
    "audit": (
        "mailguard.cli.audit",
        "The record of every decision and act: hash-chained, signed, append-only.",
    ),
    "export": ("mailguard.cli.export_subject_access", "Files to hand out."),
    "report": ("mailguard.cli.report", "Reports to the chain of readers."),
    "retention": ("mailguard.cli.retention", "What is kept for how long, by class; what ends next."),
    "doctor": (
        "mailguard.cli.doctor",
        "Look at settings, store, audit trail, model, lists, report route, mailboxes and effects; say what to do.",
    ),
}


class LazyCommands(click.Group):
    """Imports a command's module only when it is called: help and small commands cost little."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _ = COMMANDS[cmd_name]
        command: click.Command = importlib.import_module(module).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = formatter.width - 6 - max(len(name) for name in COMMANDS)
        rows = [
            (name, click.Command(name, help=says).get_short_help_str(width))
            for name, (_, says) in COMMANDS.items()
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


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
