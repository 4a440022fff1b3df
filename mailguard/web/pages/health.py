"""Health: doctor's rows as the store knows them, and figures of how much there is to do and how well it is done.

Numbers alone, so the admin sees it too; cases that are closed to whoever looks are in no number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from starlette.responses import Response

from mailguard.app.acknowledged import LevelAcknowledged
from mailguard.app.health import Finding, State, health
from mailguard.app.health_figures import HealthFigures, health_figures
from mailguard.app.retention import CLASS_WORDS, CaseClass, DueCase
from mailguard.daemon_settings import retention_of
from mailguard.doctor import settings_findings
from mailguard.domain.policy import Policy
from mailguard.domain.typed import calendar_day
from mailguard.domain.words import Level, ReportWhen
from mailguard.web.charts import HEIGHT, WIDTH, picture, stacked_bars
from mailguard.web.routing import get
from mailguard.web.visit import Visit

_AHEAD_DAYS = 30
_ORDER = (State.FAIL, State.WARN, State.OK)
# Doctor's rows as the page's readers call them; the others are called the same.
_NAMES = {
    "daemon": "Service",
    "effects": "Reports and releases",
    "contacts": "People who get reports",
    "chain": "Chain",
    "readers": "Members of the chain",
    "emergency": "Emergency numbers",
    "checkpoint": "Audit checkpoint",
    "config": "Settings",
}


@dataclass(frozen=True, slots=True)
class _Chart:
    """``source``: of the picture; ``says``: what it shows, for whoever does not see it. ``rows``: the same numbers."""

    title: str
    source: str
    says: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def show(visit: Visit) -> Response:
    site = visit.site
    readers, account = site.readers, visit.account
    with site.store.reading() as transaction:

        def may_know(case_id: str) -> bool:
            case = transaction.cases.find(case_id) if case_id else None
            role = account.role.chain_role
            return case is None or readers.may_see(account.address, case.decision, role=role)

        state = health(transaction, site.effects, may_know=may_know, is_running=site.is_running)
        retention = retention_of(site.parts.loaded, site.store, site.blobs, site.clock)
        ending = retention.due(
            transaction,
            at=visit.now + timedelta(days=_AHEAD_DAYS),
            may_know=lambda case: readers.may_see(
                account.address, case.decision, role=account.role.chain_role
            ),
        )
        last_day = retention.last_day(transaction)
        figures = health_figures(
            transaction,
            closed_to=site.review.queue.keys_of(visit.account),
            routine_rows=_routine_rows(site.parts.policy),
            hours=site.effects.hours,
        )
    findings = sorted(
        [*state.findings, *settings_findings(site.parts.loaded, site.parts, site.directory())],
        key=lambda finding: _ORDER.index(finding.state),
    )
    return visit.page(
        "health.html",
        first=_first(findings),
        right=[finding for finding in findings if finding.state is State.OK],
        name_of=_name_of,
        chart_size=(WIDTH, HEIGHT),
        wrong=[finding for finding in findings if finding.state is not State.OK],
        charts=_charts(figures),
        acknowledged=[_acknowledged(each) for each in figures.acknowledged],
        figures=figures,
        retention=[_kept(each, retention.days[each], ending) for each in CaseClass],
        retention_day=calendar_day(last_day),
        ahead_days=_AHEAD_DAYS,
    )


def _name_of(finding: Finding) -> str:
    return _NAMES.get(finding.what, finding.what.capitalize())


def _kept(case_class: CaseClass, days: int, ending: Sequence[DueCase]) -> tuple[str, str, int, int]:
    """(class, period, how many end soon, how many stay though their time is over)."""
    mine = [each for each in ending if each.case_class is case_class]
    period = f"{days:,} days after the decision" if days else "until two people destroy it"
    kept = sum(bool(each.kept) for each in mine)
    return CLASS_WORDS[case_class], period, len(mine) - kept, kept


def _routine_rows(policy: Policy) -> frozenset[str]:
    return frozenset(
        row.code
        for row in policy.rows
        if row.consequence.report is ReportWhen.NONE and row.consequence.level < Level.DIGEST
    )


def _first(findings: Sequence[Finding]) -> str:
    """One sentence: whether anything must be done."""
    failed = sum(finding.state is State.FAIL for finding in findings)
    warned = sum(finding.state is State.WARN for finding in findings)
    if failed:
        return f"{failed} {'part has' if failed == 1 else 'parts have'} failed and must be mended."
    if warned:
        return f"mailguard works. {warned} {'thing needs' if warned == 1 else 'things need'} a look."
    return "Everything works. There is nothing to do."


def _charts(figures: HealthFigures) -> list[_Chart]:
    return [
        *_volume(figures),
        _chart(
            "Decided each week",
            [_day(week.monday) for week in figures.weeks],
            {
                "Confirmed": [week.confirmed for week in figures.weeks],
                "Released": [week.released for week in figures.weeks],
                "Dismissed": [week.dismissed for week in figures.weeks],
            },
            every=3,
            first_head="Week from",
        ),
    ]


def _volume(figures: HealthFigures) -> list[_Chart]:
    labels = [_day(each.day) for each in figures.days]
    return [
        _chart(
            "Cases opened each day",
            labels,
            {
                "Reported at once": [each.reported for each in figures.days],
                "In the digest": [each.listed for each in figures.days],
            },
            every=7,
            first_head="Day",
        ),
        _chart(
            "Routine mail each day, counted only",
            labels,
            {"Messages": [each.routine for each in figures.days]},
            every=7,
            first_head="Day",
        ),
    ]


def _chart(
    title: str, labels: Sequence[str], series: Mapping[str, Sequence[int]], *, every: int, first_head: str
) -> _Chart:
    totals = ", ".join(f"{sum(numbers):,} {name.lower()}" for name, numbers in series.items())
    rows = [
        (label, *(f"{numbers[place]:,}" for numbers in series.values())) for place, label in enumerate(labels)
    ]
    return _Chart(
        title=title,
        source=picture(stacked_bars(labels, series, shown_labels=labels[::-every][::-1])),
        says=f"{title}, {labels[0]} to {labels[-1]}: {totals} altogether. The table below has every number.",
        heads=(first_head, *series),
        rows=tuple(reversed(rows)),
    )


def _acknowledged(each: LevelAcknowledged) -> tuple[str, ...]:
    share = f"{each.in_time} of {each.reports}"
    return (
        f"Level {int(each.level)}",
        share,
        str(each.late),
        str(each.waiting),
        _span(each.middle),
        _span(each.longest),
    )


def _span(span: timedelta | None) -> str:
    if span is None:
        return "–"
    minutes = int(span.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"
    return f"{minutes // (24 * 60)} days"


def _day(day: date) -> str:
    return f"{day.day} {day:%b}"


routes = (get("health", "/health", show),)
