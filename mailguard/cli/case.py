"""``mailguard case``: list, show, acknowledge and decide cases where there is no review page."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, assert_never
from zoneinfo import ZoneInfo

import click

from mailguard.app.case_deciding import Changed, UnknownCase
from mailguard.app.casebook import Casebook
from mailguard.app.ports_store import CaseFilter, CaseRecord
from mailguard.cli.opened import OpenedSchool, opened_school
from mailguard.cli.settings import FAILED, PROBLEMS, config_option, json_option, state_option, stop
from mailguard.domain.case import CaseState, Outcome
from mailguard.domain.words import ReportWhen


@click.group("case")
def command() -> None:
    """Cases: list, show, acknowledge, decide. Ids only: no name, subject or text is shown."""


@command.command(
    "list",
    epilog="""Example: mailguard case list --only new

Exit status: 0 ok, 1 the store cannot be opened.""",
)
@config_option
@state_option
@json_option
@click.option(
    "--only",
    "state_word",
    type=click.Choice([state.value for state in CaseState]),
    help="Only cases in this state.",
)
@click.option("--limit", default=50, show_default=True, help="At most so many, newest first; 0 for all.")
def list_cases(
    config_path: Path, state_folder: Path, as_json: bool, state_word: str | None, limit: int
) -> None:
    """List cases, newest first."""
    states = None if state_word is None else {CaseState(state_word)}
    with (
        opened_school(config_path, state_folder, only_reads=True) as school,
        school.store.reading() as transaction,
    ):
        zone = ZoneInfo(school.loaded.config.school.timezone)
        cases = transaction.cases.matching(CaseFilter(states=states, limit=limit))
        if not cases and not as_json:
            click.echo("no cases" if states is None else f"no cases that are {state_word}")
        for case in cases:
            if as_json:
                click.echo(json.dumps(_case_object(case), ensure_ascii=False))
            else:
                click.echo(_case_line(case, zone))


@command.command(
    epilog="""Example: mailguard case show MG-2026-0147

Exit status: 0 ok, 1 no such case."""
)
@config_option
@state_option
@json_option
@click.argument("case_id")
def show(config_path: Path, state_folder: Path, as_json: bool, case_id: str) -> None:
    """Show one case: why, what was done, who was told. Ids, not content."""
    with (
        opened_school(config_path, state_folder, only_reads=True) as school,
        school.store.reading() as transaction,
    ):
        case = transaction.cases.find(case_id)
        if case is None:
            stop([f"{case_id}: no such case; see: mailguard case list"])
        answer = _case_object(case)
        answer["signals"] = [
            {"code": signal["code"], "source": signal["source"]} for signal in case.decision.signals
        ]
        answer["recipients"] = [
            {"id": each.id, "person": each.person_id, "row": each.row, "state": each.state.value}
            for each in transaction.cases.recipients(case_id)
        ]
        answer["effects"] = [
            {"kind": each.kind.value, "role": each.role, "state": each.state.value, "attempts": each.attempts}
            for each in transaction.effects.matching(case_id=case_id)
        ]
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    for key, value in answer.items():
        if isinstance(value, list):
            click.echo(f"{key}:")
            for item in value:
                words = (
                    "  ".join(f"{name}={word}" for name, word in item.items() if word != "")
                    if isinstance(item, dict)
                    else item
                )
                click.echo(f"    {words}")
        else:
            click.echo(f"{key:<14} {value}")


def _decision_command(name: str, says: str, act: Callable[[Casebook, str, str, str], Changed]) -> None:
    """One command a decision; they differ only in what the casebook is asked."""

    @command.command(
        name,
        help=says,
        epilog=f"""Example: mailguard case {name} MG-2026-0147 --by head

Exit status: 0 done, 1 no such case, 3 somebody was first.""",
    )
    @config_option
    @state_option
    @click.option("--by", required=True, help="Who decides: on the record.")
    @click.option("--reason", default="", help="Why, in words; kept encrypted with the case.")
    @click.argument("case_id")
    def decide(config_path: Path, state_folder: Path, by: str, reason: str, case_id: str) -> None:
        with opened_school(config_path, state_folder) as school:
            _perform(school, case_id, lambda book: act(book, case_id, by, reason))


_decision_command(
    "acknowledge",
    "Say that a report has been read; escalation stops.",
    lambda book, case_id, by, reason: book.acknowledge(case_id, by=by, through="cli"),
)
_decision_command(
    "confirm",
    "Confirm the contact: what is held stays held.",
    lambda book, case_id, by, reason: book.confirm(case_id, by=by, reason=reason),
)
_decision_command(
    "release",
    "Release: the recipients get the message, byte for byte.",
    lambda book, case_id, by, reason: book.release(case_id, by=by, reason=reason),
)
_decision_command(
    "dismiss",
    "Dismiss (not a contact): the recipients get the message.",
    lambda book, case_id, by, reason: book.dismiss(case_id, by=by, reason=reason),
)


@command.command(
    epilog="""Example: mailguard case outcome MG-2026-0147 unfounded --by head

Exit status: 0 done, 1 no such case."""
)
@config_option
@state_option
@click.option("--by", required=True, help="Who says so: on the record.")
@click.argument("case_id")
@click.argument("word", type=click.Choice([outcome.value for outcome in Outcome]))
def outcome(config_path: Path, state_folder: Path, by: str, case_id: str, word: str) -> None:
    """Record how an allegation ended."""
    with opened_school(config_path, state_folder) as school:
        _perform(school, case_id, lambda book: book.set_outcome(case_id, Outcome(word), by=by))


def _perform(school: OpenedSchool, case_id: str, act: Callable[[Casebook], Changed]) -> None:
    try:
        changed = act(school.casebook)
    except UnknownCase:
        stop([f"{case_id}: no such case; see: mailguard case list"], status=FAILED)
    case = changed.case
    if not changed.is_changed:
        who, when = (
            (case.decided_by, case.decided_at)
            if case.decided_at
            else (case.acknowledged_by, case.acknowledged_at)
        )
        click.echo(
            f"{case.id} was {case.state.value} already, by {who} at {when:%Y-%m-%d %H:%M} UTC; nothing was changed."
        )
        sys.exit(PROBLEMS)
    decided = f", {case.decided_as.value}" if case.decided_as else ""
    click.echo(f"{case.id} is {case.state.value}{decided}.")
    for effect in changed.effects:
        click.echo(f"  {effect.kind.value} to recipient {effect.recipient_id[:8]} is on its way")


def _case_object(case: CaseRecord) -> dict[str, Any]:
    decision = case.decision
    return {
        "id": case.id,
        "state": case.state.value,
        "mode": case.mode.value,
        "opened_at": case.opened_at.isoformat(),
        "verdict": decision.verdict.value,
        "row": decision.row,
        "clause": decision.clause,
        "level": int(decision.level),
        "disposition": decision.disposition.value,
        "report": decision.report_when.value,
        "report_to": [role.value for role in decision.report_roles],
        "withheld_from": [role.value for role in decision.withheld_roles],
        "acknowledged_by": case.acknowledged_by,
        "decided_by": case.decided_by,
        "decided_as": case.decided_as.value if case.decided_as else "",
        "outcome": case.outcome.value if case.outcome else "",
    }


def _case_line(case: CaseRecord, zone: ZoneInfo) -> str:
    opened: datetime = case.opened_at.astimezone(zone)
    roles = ", ".join(role.value for role in case.decision.report_roles)
    match case.decision.report_when:
        case ReportWhen.NOW:
            report = f"report to {roles}"
        case ReportWhen.DIGEST:
            report = f"digest of {roles}"
        case ReportWhen.NONE:
            report = "no report"
        case unreachable:
            assert_never(unreachable)
    return (
        f"{case.id:<14} {case.state.value:<13} {opened:%a %d %b %H:%M}  level {int(case.decision.level)}  "
        f"{case.decision.verdict.value:<23} row {case.decision.row:<4} {report}"
    )
