"""The options that many commands share, and how they say what is wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from mailguard.config import ConfigProblem, LoadedConfig, load_config
from mailguard.wiring import Parts, make_parts

DEFAULT_CONFIG = Path("/etc/mailguard/mailguard.toml")
DEFAULT_STATE = Path("/var/lib/mailguard")
FAILED, USAGE, PROBLEMS = 1, 2, 3

Command = TypeVar("Command", bound=Callable[..., Any])


def config_option(command: Command) -> Command:
    return click.option(
        "--config",
        "config_path",
        type=click.Path(path_type=Path, dir_okay=False),
        envvar="MAILGUARD_CONFIG",
        default=DEFAULT_CONFIG,
        show_default=True,
        help="Settings file.",
    )(command)


def state_option(command: Command) -> Command:
    return click.option(
        "--state",
        "state_folder",
        type=click.Path(path_type=Path, file_okay=False),
        envvar="MAILGUARD_STATE",
        default=DEFAULT_STATE,
        show_default=True,
        help="Folder of store, messages and keys.",
    )(command)


def json_option(command: Command) -> Command:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(command)


def stop(problems: list[str] | tuple[str, ...], *, status: int = FAILED) -> NoReturn:
    """Say what is wrong, one line each, and end."""
    for problem in problems:
        click.echo(f"mailguard: {problem}", err=True)
    sys.exit(status)


def settings(config_path: Path) -> LoadedConfig:
    try:
        return load_config(config_path)
    except ConfigProblem as problem:
        stop(problem.problems)


def parts(config_path: Path) -> Parts:
    """The inspecting parts, or an end with everything that is wrong."""
    try:
        return make_parts(load_config(config_path))
    except ConfigProblem as problem:
        stop(problem.problems)
