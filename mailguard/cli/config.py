"""``mailguard config``: check the settings, show them with their defaults."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from mailguard.cli.settings import PROBLEMS, config_option, json_option, settings, stop

_URLS_WITH_CREDENTIALS = frozenset({"url", "urls", "second_channel"})


@click.group("config")
def command() -> None:
    """Check and show the settings."""


@command.command(
    epilog="""Example: mailguard config check --config /etc/mailguard/mailguard.toml

Exit status: 0 all is well, 3 problems found."""
)
@config_option
@json_option
def check(config_path: Path, as_json: bool) -> None:
    """Validate settings, lists, recognisers and policy, all errors at once.

    The policy is proved over the whole space of situations: no listed child's contact can go unreported,
    no row is dead, every chain ends in somebody who can be told.
    """
    from mailguard.config import ConfigProblem, load_config
    from mailguard.daemon_settings import mailboxes_settings
    from mailguard.wiring import make_parts, platform_warnings

    try:
        loaded = load_config(config_path)
        found = make_parts(loaded)
        mailboxes_settings(loaded)
    except ConfigProblem as problem:
        if as_json:
            click.echo(json.dumps({"ok": False, "problems": list(problem.problems)}, ensure_ascii=False))
            sys.exit(PROBLEMS)
        stop(problem.problems, status=PROBLEMS)
    answer = {
        "ok": True,
        "policy_version": found.policy.version,
        "lists_version": found.lists.version,
        "model_id": found.classifier.model_id,
        "roles": [role.value for role in found.school.role_addresses or {}],
        "warnings": platform_warnings(found),
    }
    if as_json:
        click.echo(json.dumps(answer))
        return
    for warning in platform_warnings(found):
        click.echo(f"warn  {warning}")
    model = found.classifier.model_id or "none (lists decide alone)"
    click.echo(
        f"ok  {config_path}: policy {found.policy.version}, lists {found.lists.version}, model {model}"
    )


@command.command(epilog="Exit status: 0 ok, 1 the settings cannot be read.")
@config_option
def show(config_path: Path) -> None:
    """Print every setting as it is in force, defaults included; secrets are named, never shown."""
    shown = settings(config_path).config.model_dump(mode="json")
    click.echo(json.dumps(_without_credentials(shown), indent=2, ensure_ascii=False))


def _without_credentials(shown: dict[str, Any]) -> dict[str, Any]:
    """URLs of stores and second channels hold credentials themselves."""
    hidden: dict[str, Any] = {}
    for key, value in shown.items():
        if isinstance(value, dict):
            hidden[key] = _without_credentials(value)
        else:
            hidden[key] = "(set, hidden)" if key in _URLS_WITH_CREDENTIALS and value else value
    return hidden


@command.command(epilog="Exit status: 0.")
def reference() -> None:
    """Print the reference of all settings, made from the same source that validates them."""
    from mailguard.cli.settings_reference import settings_reference

    click.echo(settings_reference(), nl=False)
