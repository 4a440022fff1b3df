"""The pages of docs/reference that are made from the code.

They are committed, and a test holds them to the code: who changes a setting, a row, a signal or a command
runs ``python -m mailguard.cli.reference docs/reference``. The hand-written opening of policy.md ends at a
marker line and is kept.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from mailguard.cli import cli
from mailguard.cli.policy_reference import policy_reference, shipped_policy
from mailguard.cli.settings_reference import settings_reference

POLICY_MARKER = "<!-- From here on made by: mailguard policy reference -->\n"
_WIDTH = 100

_COMMANDS_INTRODUCTION = """# Commands

Every command says the same with `--help`. Exit statuses are the same everywhere:

| status | meaning |
|---|---|
| 0 | Done, and nothing is wrong. |
| 1 | Failed: something could not be read, opened or done. The reason is on standard error. |
| 2 | Wrong usage: an option or argument that does not exist or does not fit. |
| 3 | Done, and problems were found (`config check`, `policy check`, `audit verify`, `doctor` and others). |
| 130 | Interrupted from the keyboard. |

A command that needs the settings takes `--config` or the environment variable `MAILGUARD_CONFIG`; one that
needs the store takes `--state` or `MAILGUARD_STATE`.

A command that writes to the store is refused (status 1, *free space*) while less than 64 MiB are free on the disk of the
state folder. These only read, and work on a full disk, too: `case list`, `case show`, `audit show`, `audit verify`,
`account list`, `retention preview`, `model status`, `evaluate` and `compare`, `explain`, `doctor`. Exports and
`audit export` write: they are on the record. More: [when the disk fills up](../how-to/service.md#when-the-disk-fills-up).

This page is made by `python -m mailguard.cli.reference`.
"""


def commands_reference() -> str:
    """Markdown: the help of every command and subcommand, in the order of ``mailguard --help``."""
    parts = [_COMMANDS_INTRODUCTION]
    for name, command in commands():
        context = click.Context(command, info_name=name, terminal_width=_WIDTH, max_content_width=_WIDTH)
        context.help_option_names = ["-h", "--help"]
        lines = (line.rstrip() for line in command.get_help(context).splitlines())
        parts.append("\n".join([f"## {name}", "", "```text", *lines, "```", ""]))
    return "\n".join(parts)


def commands(group: click.Group = cli, prefix: str = "mailguard") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, with its full name; a group gives its own and then its members'."""
    context = click.Context(group, info_name=prefix)
    for word in group.list_commands(context):
        command = group.get_command(context, word)
        if command is None or command.hidden:
            continue
        name = f"{prefix} {word}"
        if isinstance(command, click.Group):
            yield from commands(command, name)
        else:
            yield name, command


def policy_page(current: str) -> str:
    """The opening of ``current`` up to the marker, then the shipped policy in words."""
    return current.partition(POLICY_MARKER)[0] + POLICY_MARKER + "\n" + policy_reference(shipped_policy())


def write_pages(folder: Path) -> None:
    """Write the three pages. Raises OSError."""
    policy = folder / "policy.md"
    policy.write_text(policy_page(policy.read_text(encoding="utf-8")), encoding="utf-8")
    (folder / "configuration.md").write_text(settings_reference(), encoding="utf-8")
    (folder / "commands.md").write_text(commands_reference(), encoding="utf-8")


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
