"""The options that many commands share, and how they say what is wrong.

What reads settings and models is imported where it is used: asking a command for its help costs none of it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

if TYPE_CHECKING:
    from mailguard.config import LoadedConfig
    from mailguard.wiring import Parts

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
    from mailguard.config import ConfigProblem, load_config

    try:
        return load_config(config_path)
    except ConfigProblem as problem:
        stop(problem.problems)


def parts(config_path: Path, state_folder: Path) -> Parts:
    """The inspecting parts with the model in force, or an end with everything that is wrong."""
    from mailguard.adapters.clock import SystemClock
    from mailguard.config import ConfigProblem, load_config
    from mailguard.model_wiring import model_in_force
    from mailguard.wiring import make_parts

    clock = SystemClock()
    try:
        loaded = load_config(config_path)
        model = model_in_force(loaded, state_folder, clock, on_problem=_say)
        return make_parts(loaded, clock=clock, classifier=model, is_examined=False)
    except ConfigProblem as problem:
        stop(problem.problems)


def _say(problem: str) -> None:
    click.echo(f"mailguard: {problem}", err=True)
