"""``mailguard policy replay``: what another model, policy or other lists would have decided, before they are put in force.

Messages come from the cases of the store, or from an archive's files. The store is changed by one audit event and the kept
result, and by nothing else; what is printed are ids, rows, codes and times.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from mailguard.adapters.clock import SystemClock
from mailguard.app.ports import Versions
from mailguard.app.replay import Outcome, Replayed, Replayer, Tally
from mailguard.app.replay_results import keep_result
from mailguard.app.replay_store import StoredMessages, Unread
from mailguard.cli.mail_sources import count_files
from mailguard.cli.opened import opened_school
from mailguard.cli.replay_archive import replayed_archive
from mailguard.cli.replay_candidate import candidate_parts
from mailguard.cli.settings import PROBLEMS, config_option, json_option, parts, state_option
from mailguard.cli.since import SinceType, since_time
from mailguard.wiring import Parts

_LOUD = {
    "child-report-lost": "A CHILD'S REPORT WOULD BE LOST",
    "child-report-later": "A CHILD'S REPORT WOULD WAIT FOR THE DIGEST",
    "report-no-longer": "REPORT NO LONGER",
    "report-later": "report in the digest instead of now",
    "hold-no-longer": "held no longer",
    "new-hold": "newly held",
    "report-new": "newly reported",
}
_SUMMARY = (
    ("child-report-lost", "children's reports lost"),
    ("child-report-later", "children's reports that would wait for the digest"),
    ("report-no-longer", "reports no longer"),
    ("report-later", "reports in the digest instead of now"),
    ("report-new", "reports new"),
    ("hold-no-longer", "holds no longer"),
    ("new-hold", "new holds"),
)


@click.command(
    epilog="""Examples:

    mailguard policy replay --since 30d

    mailguard policy replay --since 2026-09-01 --policy policy-new.toml

    mailguard policy replay --since 90d --model 3f6d2a90c1b7e845 --lists /srv/mis/export

    mailguard policy replay --policy policy-new.toml ~/archive.mbox

Without --model, --policy and --lists the stored decisions are held against what would be decided today.

Exit status: 0 no child's report would be lost, 1 something cannot be read, 2 wrong usage, 3 a child's report would be lost or would
wait for the digest.""",
)
@config_option
@state_option
@json_option
@click.option(
    "--since",
    type=SinceType(),
    help="Messages that came since: a day (2026-09-01), a time (2026-09-01T08:00) or a span (30d, 12h). "
    "Of the store 30 days when not given, of an archive everything.",
)
@click.option("--model", help="A candidate: the id of a model in the registry, or a model's folder.")
@click.option(
    "--policy",
    "policy_file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A candidate table in place of config/policy.toml.",
)
@click.option(
    "--lists",
    "lists_folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder of candidate lists, each named as the configured file or as pupils.csv, parents.csv ...",
)
@click.option("--by", default="cli", show_default=True, help="Who asks: on the record.")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
def command(
    config_path: Path,
    state_folder: Path,
    as_json: bool,
    since: str | None,
    model: str | None,
    policy_file: Path | None,
    lists_folder: Path | None,
    by: str,
    paths: tuple[str, ...],
) -> None:
    """Decide past messages again and say, message by message, what would have been otherwise.

    Without a PATH the messages are those kept in cases; a PATH is an .eml file, an mbox, a Maildir or a folder of .eml files.
    Nothing is held, sent or moved. A replay of the store is on the record, and its result is kept for the review page.
    """
    current = parts(config_path, state_folder)
    is_candidate = any((model, policy_file, lists_folder))
    if paths and not is_candidate:
        raise click.UsageError("an archive needs a candidate to compare with: --model, --policy or --lists")
    candidate = candidate_parts(
        current, model=model, policy=policy_file, lists=lists_folder, state_folder=state_folder
    )
    replayer = Replayer(after=candidate.inspector(), before=current.inspector() if is_candidate else None)
    zone = ZoneInfo(current.school.timezone)
    now = SystemClock().now()
    tally, changed = Tally(), list[Replayed]()
    with ExitStack() as stack:
        if paths:
            first = since_time(since, now=now, zone=zone) if since else None
            total = count_files(paths)
            found = replayed_archive(paths, replayer, since=first, now=now, total=total)
        else:
            school = stack.enter_context(opened_school(config_path, state_folder))
            first = since_time(since or "30d", now=now, zone=zone)
            stored = StoredMessages(school.store, school.blobs, since=first, policy=current.policy)
            total = stored.count()
            found = _replayed_store(stored, replayer)
        for item in _with_progress(found, total):
            if isinstance(item, Unread):
                tally.unread.append((item.label, item.why))
                continue
            tally.add(item)
            if item.is_changed:
                changed.append(item)
                _show_change(item, as_json=as_json, zone=zone)
        if not paths:
            assert first is not None
            keep_result(
                school.store,
                actor=by,
                since=first,
                before=_versions(current) if is_candidate else None,
                after=_versions(candidate),
                tally=tally,
                changed=changed,
            )
    _show_summary(tally, _versions(current) if is_candidate else None, _versions(candidate), as_json=as_json)
    if tally.child_reports_lost:
        sys.exit(PROBLEMS)


def _replayed_store(stored: StoredMessages, replayer: Replayer) -> Iterator[Replayed | Unread]:
    for message in stored:
        yield message if isinstance(message, Unread) else replayer.replay(message)


def _versions(made: Parts) -> Versions:
    return Versions(policy=made.policy.version, lists=made.lists.version, model=made.classifier.model_id)


def _show_change(replayed: Replayed, *, as_json: bool, zone: ZoneInfo) -> None:
    if as_json:
        click.echo(
            json.dumps(replayed.as_dict(), ensure_ascii=False).encode("utf-8", "backslashreplace").decode()
        )
        return
    came = replayed.came_at.astimezone(zone).strftime("%Y-%m-%d %H:%M")
    label = replayed.label.encode("utf-8", "backslashreplace").decode()
    marks = "; ".join(_LOUD[mark] for mark in _without_doubles(replayed.marks))
    click.echo(f"{label}  {came}{'  ' + marks if marks else ''}")
    click.echo(f"    {_words(replayed.before)}  ->  {_words(replayed.after)}")
    if replayed.why:
        click.echo(f"    because {', '.join(replayed.why)}")


def _without_doubles(marks: tuple[str, ...]) -> tuple[str, ...]:
    """A child's report that is lost need not be called a report that is lost."""
    silent = {
        "child-report-lost": "report-no-longer",
        "child-report-later": "report-later",
    }
    said = {silent[mark] for mark in marks if mark in silent}
    return tuple(mark for mark in marks if mark not in said)


def _words(outcome: Outcome) -> str:
    to = f" to {'+'.join(role.value for role in outcome.to)}" if outcome.to else ""
    copies = ",".join(f"{disposition.value} {row}" for disposition, row in outcome.recipients)
    several = f" [{copies}]" if len(outcome.recipients) > 1 else ""
    return (
        f"{outcome.verdict.value} row {outcome.row}, {outcome.disposition.value}, "
        f"report {outcome.report.value}{to}, level {int(outcome.level)}{several}"
    )


def _show_summary(tally: Tally, before: Versions | None, after: Versions, *, as_json: bool) -> None:
    if as_json:
        answer: dict[str, Any] = {
            "summary": {
                **tally.as_dict(),
                "before": _version_object(before) if before is not None else "as decided then",
                "after": _version_object(after),
            }
        }
        click.echo(json.dumps(answer, ensure_ascii=False).encode("utf-8", "backslashreplace").decode())
        return
    click.echo(f"{tally.messages} messages decided again, {tally.changed} of them otherwise")
    for mark, words in _SUMMARY:
        if tally.marks[mark]:
            click.echo(f"  {tally.marks[mark]:>6} {words}")
    for move, count in sorted(tally.rows.items(), key=lambda entry: (-entry[1], entry[0])):
        click.echo(f"  {count:>6} row {move}")
    for label, why in tally.unread:
        click.echo(f"  not decided again: {label}: {why}")
    click.echo(f"before  {_version_words(before) if before is not None else 'as decided then'}")
    click.echo(f"after   {_version_words(after)}")
    if tally.child_reports_lost:
        click.echo(
            f"DO NOT PUT THIS IN FORCE: {tally.child_reports_lost} reports of children's contact would be lost or late."
        )


def _version_object(versions: Versions) -> dict[str, str]:
    return {"policy": versions.policy, "lists": versions.lists, "model": versions.model}


def _version_words(versions: Versions) -> str:
    return f"policy {versions.policy} · lists {versions.lists} · model {versions.model or 'none'}"


def _with_progress(found: Iterator[Replayed | Unread], total: int) -> Iterator[Replayed | Unread]:
    """A bar on a terminal's standard error, for more than a handful."""
    if not (total > 20 and sys.stderr.isatty()):
        yield from found
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(found, total=total, description="deciding again", console=Console(stderr=True))
