"""``mailguard retention``: what would be destroyed by age, before it is."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from mailguard.adapters.clock import SystemClock
from mailguard.app.retention import CLASS_WORDS, CaseClass, DueCase
from mailguard.cli.opened import opened_school
from mailguard.cli.settings import config_option, json_option, state_option
from mailguard.daemon_settings import retention_of


@click.group("retention")
def command() -> None:
    """What is kept for how long, by class; what ends next."""


@command.command(
    epilog="""Examples:

    mailguard retention preview

    mailguard retention preview --days 30

Exit status: 0 ok, 1 the store cannot be opened."""
)
@config_option
@state_option
@json_option
@click.option(
    "--days", default=0, show_default=True, type=click.IntRange(0, 36_500), help="Look so many days ahead."
)
def preview(config_path: Path, state_folder: Path, as_json: bool, days: int) -> None:
    """Print each class with its period, and the cases whose messages end by then. It changes nothing.

    The running daemon ends them once a day.
    """
    with opened_school(config_path, state_folder, only_reads=True) as school:
        retention = retention_of(school.loaded, school.store, school.blobs, SystemClock())
        with school.store.reading() as transaction:
            due = retention.due(transaction, at=datetime.now(UTC) + timedelta(days=days))
            last_day = retention.last_day(transaction)
    if as_json:
        for each in due:
            click.echo(json.dumps(_as_object(each)))
        return
    ends = Counter(each.case_class for each in due if not each.kept)
    stays = Counter(each.case_class for each in due if each.kept)
    for case_class in CaseClass:
        period = retention.days[case_class]
        kept = f", {stays[case_class]} kept" if stays[case_class] else ""
        words = f"{period:,} days" if period else "never by itself"
        click.echo(
            f"{case_class.value:<12} {words:<16} {ends[case_class]} end{kept}   {CLASS_WORDS[case_class]}"
        )
    for each in due:
        click.echo(f"{each.case.id}  {each.case_class.value}  {each.due_at:%Y-%m-%d}  {each.kept or 'ends'}")
    click.echo(f"last looked through: {last_day or 'never'}")


def _as_object(each: DueCase) -> dict[str, str]:
    return {
        "case": each.case.id,
        "class": each.case_class.value,
        "due_at": each.due_at.isoformat(),
        "kept": each.kept,
    }
