"""``mailguard explain``: what would be decided about a message, and why. Changes nothing."""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click

from mailguard.app.explain import explanation
from mailguard.app.inspect import Inspector
from mailguard.cli.explain_text import explanation_text
from mailguard.cli.mail_sources import FoundMessage, count_files, find_messages, read_message
from mailguard.cli.settings import FAILED, config_option, json_option, parts, state_option
from mailguard.domain.counterfactual import flips_if
from mailguard.domain.message import Envelope

# Below this many messages a second process costs more than it saves.
_WORTH_A_POOL = 150
# Shown to people; the contract's JSON does not have them.
_FOR_PEOPLE = frozenset({"clauses", "flips_if"})

Answer = dict[str, Any]


@click.command(
    epilog="""Examples:

    mailguard explain message.eml

    mailguard explain --json --mail-from xharveyx32@inbox.example --rcpt-to p.nair@stoswins.example - < message.eml

    mailguard explain --json ~/Maildir | jq -r 'select(.disposition == "hold") | .path'

Exit status: 0 whatever the verdicts; 1 when a path could not be read; 2 wrong usage.""",
)
@config_option
@state_option
@json_option
@click.option("--mail-from", help="Envelope sender; '<>' is the null sender.")
@click.option("--rcpt-to", "rcpt_tos", multiple=True, help="Envelope recipient; may be repeated.")
@click.option(
    "--received-via",
    type=click.Choice(["relay", "mailbox"]),
    default="relay",
    show_default=True,
    help="How it came.",
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
def command(
    config_path: Path,
    state_folder: Path,
    as_json: bool,
    mail_from: str | None,
    rcpt_tos: tuple[str, ...],
    received_via: str,
    paths: tuple[str, ...],
) -> None:
    """Say what would be decided about each message, by which row and clause, and why.

    A PATH is an .eml file, an mbox, a Maildir, a folder of .eml files, or - for standard input.
    The envelope, when not given, is read from Return-Path and X-Envelope-To or Delivered-To, else from Sender, From and To.
    """
    given = given_envelope(mail_from, rcpt_tos, received_via)
    total = count_files(paths)
    failed = False
    answers = _answers(find_messages(paths), config_path, state_folder, given, total)
    for answer in _with_progress(answers, total, show=as_json):
        failed = failed or "error" in answer
        if as_json:
            shown = {key: value for key, value in answer.items() if key not in _FOR_PEOPLE}
            click.echo(_as_utf_8(json.dumps(shown, ensure_ascii=False)))
        else:
            click.echo(_as_utf_8(explanation_text(answer)))
    if failed:
        sys.exit(FAILED)


def _as_utf_8(text: str) -> str:
    """Printable as UTF-8: a file name's other bytes as \\udcXX, which JSON reads back to the same name."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def given_envelope(
    mail_from: str | None, rcpt_tos: tuple[str, ...], received_via: str
) -> tuple[str | None, tuple[str, ...], str]:
    """What the options say; None and () where they are silent."""
    sender = None if mail_from is None else mail_from.strip().strip("<>").strip('"')
    return sender, tuple(address.strip().strip("<>") for address in rcpt_tos), received_via


def explain_one(
    found: FoundMessage, *, inspector: Inspector, given: tuple[str | None, tuple[str, ...], str]
) -> Answer:
    """The contract's object for one message, or its error."""
    from mailguard.app.inspect import envelope_of, header_block
    from mailguard.reading.message import read

    loaded = read_message(found)
    if loaded.raw is None:
        return {"path": loaded.label, "error": loaded.error}
    mail_from, rcpt_tos, received_via = given
    if mail_from is None or not rcpt_tos:
        # The header tells, and an excluded correspondent's content stays unread; a broken header needs the whole.
        found_envelope = envelope_of(read(header_block(loaded.raw)))
        if not (found_envelope.mail_from and found_envelope.rcpt_tos):
            found_envelope = envelope_of(read(loaded.raw))
        mail_from = found_envelope.mail_from if mail_from is None else mail_from
        rcpt_tos = rcpt_tos or found_envelope.rcpt_tos
    envelope = Envelope(mail_from=mail_from, rcpt_tos=rcpt_tos, received_via=received_via)
    inspection = inspector.inspect(loaded.raw, envelope)
    answer = explanation(inspection, path=loaded.label)
    answer["flips_if"] = flips_if(inspection.headline, inspector.policy)
    answer["clauses"] = {
        clause.strip(): inspector.policy.clauses.get(clause.strip(), "")
        for clause in answer["clause"].split(",")
    }
    return answer


_worker_inspector: Inspector | None = None


def _work(found: FoundMessage, given: tuple[str | None, tuple[str, ...], str]) -> Answer:
    assert _worker_inspector is not None
    return explain_one(found, inspector=_worker_inspector, given=given)


def _answers(
    messages: Iterable[FoundMessage],
    config_path: Path,
    state_folder: Path,
    given: tuple[str | None, tuple[str, ...], str],
    total: int,
) -> Iterator[Answer]:
    cores = len(os.sched_getaffinity(0))
    inspector = parts(config_path, state_folder).inspector()
    if total < _WORTH_A_POOL or cores < 2:
        yield from (explain_one(found, inspector=inspector, given=given) for found in messages)
        return
    # Forked workers share what was just loaded; answers stream back in the order given.
    context = multiprocessing.get_context("fork")
    global _worker_inspector
    _worker_inspector = inspector
    with context.Pool(cores) as pool:
        yield from pool.imap(partial(_work, given=given), messages, chunksize=16)


def _with_progress(answers: Iterator[Answer], total: int, *, show: bool) -> Iterator[Answer]:
    """A bar on a terminal's standard error while JSON goes elsewhere."""
    if not (show and total > 20 and sys.stderr.isatty() and not sys.stdout.isatty()):
        yield from answers
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(answers, total=total, description="explaining", console=Console(stderr=True))
