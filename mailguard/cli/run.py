"""``mailguard run``: the daemon in the foreground."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from mailguard.app.ports_store import StoreProblem
from mailguard.cli.settings import config_option, settings, state_option, stop
from mailguard.config import ConfigProblem


@click.command(
    epilog="""Examples:

    mailguard run --config /etc/mailguard/mailguard.toml --state /var/lib/mailguard

    mailguard run relay effects

    mailguard run web

Exit status: 0 stopped by SIGTERM or SIGINT, 1 could not start, 2 wrong usage."""
)
@config_option
@state_option
@click.option(
    "--relay-worker",
    is_flag=True,
    hidden=True,
    help="One of several relay processes (started by the parent).",
)
@click.argument("parts", nargs=-1, type=click.Choice(["relay", "mailboxes", "effects", "web"]))
def command(config_path: Path, state_folder: Path, relay_worker: bool, parts: tuple[str, ...]) -> None:
    """Run the relay, the mailbox reader, the effects worker and the review page (all when none is named) until SIGTERM.

    The review page alone (web) reads no password of a mail server.

    Store, messages and keys are made in the state folder at the first start, mode 0600.
    """
    from mailguard.daemon.life import PART_NAMES, run, run_relay_worker

    loaded = settings(config_path)
    place = loaded.config.relay.listen
    worker_command = [
        sys.executable, "-m", "mailguard", "run", "--config", str(config_path), "--state", str(state_folder),
        "--relay-worker", "relay",
    ]  # fmt: skip
    try:
        if relay_worker:
            run_relay_worker(loaded, state_folder)
        elif set(parts) == {"web"}:
            from mailguard.daemon.review import run_review

            place = loaded.config.review.listen
            run_review(loaded, state_folder)
        else:
            run(loaded, state_folder, frozenset(parts or PART_NAMES), worker_command=worker_command)
    except ConfigProblem as problem:
        stop(problem.problems)
    except StoreProblem as problem:
        stop([str(problem)])
    except OSError as problem:
        stop(
            [
                f"{config_path}: cannot listen on {place}: {problem.strerror or problem}; is it running already?"
            ]
        )
