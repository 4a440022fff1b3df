"""``mailguard demo``: a throw-away school in which everything is shown and checked."""

from __future__ import annotations

import signal
import smtplib
import sys
from pathlib import Path
from types import FrameType

import click

from mailguard.app.ports_store import StoreProblem
from mailguard.cli.settings import FAILED, json_option, stop
from mailguard.config import ConfigProblem
from mailguard.demo.mailbox import MailboxProblem

_ENDING = (signal.SIGINT, signal.SIGTERM)
_INTERRUPTED = 130


@click.command(
    epilog="""Examples:

    mailguard demo

    mailguard demo --once && echo all of it held

    mailguard demo --once --json | jq .median_ms

Exit status: 0 all of it held, 1 something did not (it is named) or the demo could not run, 2 wrong
usage, 130 interrupted before everything was shown."""
)
@click.option("--once", is_flag=True, help="End when everything was shown; do not stay up.")
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    help="Use this empty folder and leave it behind, with store, settings and log.",
)
@json_option
def command(once: bool, keep: Path | None, as_json: bool) -> None:
    """Start a throw-away school with mail servers of its own, send it a day's mail and show what becomes of it.

    Everything listens on 127.0.0.1, on free ports; nothing leaves the machine, nothing stays but what --keep names.
    With --json nothing is printed but one object, at the end; it implies --once.
    """
    if keep is not None and keep.exists() and any(keep.iterdir()):
        raise click.UsageError(f"--keep {keep}: the folder is not empty; name a new one")
    from mailguard.demo.play import play
    from mailguard.demo.school import DaemonProblem
    from mailguard.demo.telling import Teller

    for number in _ENDING:
        signal.signal(number, _interrupt)
    try:
        result = play(Teller(is_quiet=as_json), keep=keep, stays=not once and not as_json)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except (ConfigProblem, StoreProblem, DaemonProblem, MailboxProblem) as problem:
        stop([str(problem)])
    except smtplib.SMTPException as problem:
        stop([f"demo: the relay refused a message: {problem}"])
    except OSError as problem:
        stop([f"demo: {problem}"])
    if as_json:
        click.echo(result.to_json())
    sys.exit(0 if result.held else FAILED)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """SIGTERM ends the demo as Ctrl-C does. A second one does not keep it from ending its daemon."""
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
