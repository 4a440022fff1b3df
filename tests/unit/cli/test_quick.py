"""What a command costs before it does anything: help and small commands import only what they need."""

import importlib
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from mailguard.cli import COMMANDS, cli

HEAVY = (
    "numpy",
    "pydantic",
    "sqlalchemy",
    "cryptography",
    "starlette",
    "rich",
    "selectolax",
    "typst",
    "sklearn",
)
MEASURE = """
import sys
from click.testing import CliRunner
from mailguard.cli import cli
answer = CliRunner().invoke(cli, sys.argv[1:])
assert answer.exit_code == 0, answer.output
print(*sorted(name for name in {heavy!r} if name in sys.modules))
"""


def imported(*arguments: str) -> set[str]:
    """Which of the heavy packages one command has imported, in a process of its own."""
    script = MEASURE.format(heavy=HEAVY)
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True, timeout=120
    )
    return set(done.stdout.split())


def test_help_and_version_import_nothing_heavy():
    assert imported("--help") == set()
    assert imported("--version") == set()


@pytest.mark.parametrize(
    ("command", "least"),
    [("config", set()), ("doctor", {"selectolax"}), ("explain", {"selectolax"}), ("run", {"pydantic"}), ("demo", {"pydantic"})],
)  # fmt: skip
def test_the_help_of_common_commands_imports_little(command: str, least: set[str]):
    assert imported(command, "--help") <= least


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_says_of_itself(name: str):
    module, says = COMMANDS[name]
    command: click.Command = importlib.import_module(module).command
    assert says == command.get_short_help_str(limit=500)


def test_the_list_of_commands_looks_as_click_makes_it():
    runner = CliRunner()
    shown = runner.invoke(cli, ["--help"]).output
    plain = click.Group("mailguard", commands={name: cli.get_command(None, name) for name in COMMANDS})  # type: ignore[misc, arg-type]
    wanted = runner.invoke(plain, ["--help"]).output
    listed = [line for line in wanted.splitlines() if line.split() and line.split()[0] in COMMANDS]
    # A plain group sorts; ours stands in the order of use.
    assert sorted(line for line in shown.splitlines() if line in listed) == sorted(listed)
