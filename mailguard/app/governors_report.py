"""The governors' termly report as a document: figures, charts and what they mean. No names.

The first sentences say whether reports were acknowledged in time and how often a hold was a mistake: these are
what governors are asked about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Protocol

from mailguard.app.acknowledged import LevelAcknowledged
from mailguard.app.document import Block, Chart, Document, Fields, Grid, Heading, Notice, Paragraph, Tone
from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.governors_figures import TermFigures
from mailguard.domain.words import Level

_DEADLINES = {
    Level.EMERGENCY: "15 minutes",
    Level.URGENT: "one school hour",
    Level.NOW: "the end of the school day",
}
_EXPORT_WORDS = {
    "evidence": "Evidence packs",
    "chronology": "Chronologies for the safeguarding record",
    "subject-access": "Answers to subject access requests",
    "foi": "Answers to freedom of information requests",
    "governors": "Governors' reports taken out",
}


class DrawBars(Protocol):
    def __call__(self, labels: Sequence[str], series: Mapping[str, Sequence[int]]) -> str:
        """Stacked bars as SVG. The same text for the same numbers."""
        ...


def governors_report(
    figures: TermFigures,
    before: TermFigures,
    *,
    settings: EffectsSettings,
    made_at: datetime,
    draw_bars: DrawBars,
) -> Document:
    """``before``: the term before, to compare with."""
    term = figures.term
    days = term.days
    return Document(
        title=f"Contact by mail: {term.title}",
        subtitle=(
            f"Report to the governors, {_day(days.first_day)} to {_day(days.last_day)}\n"
            "How the school's social networking policy was kept in staff mail. Without names."
        ),
        organisation=settings.school_name,
        made_at=made_at,
        running=term.title,
        foot="For the governors. It names nobody and no case.",
        blocks=(
            *_summary(figures, before),
            *_volumes(figures, before, draw_bars),
            *_acknowledgement(figures, draw_bars),
            *_mistakes(figures, before),
            *_rules(figures),
            *_record(figures),
        ),
    )


def in_brief(figures: TermFigures) -> str:
    """One sentence or two."""
    late = sum(each.late + each.overdue for each in figures.acknowledged)
    not_due = sum(each.waiting - each.overdue for each in figures.acknowledged)
    if not figures.at_once:
        first = "No report had to be made at once this term."
    elif not late and not_due:
        first = (
            f"{_first(figures.at_once, 'report')} had to be made at once; none was acknowledged late, and {not_due} "
            f"{'is' if not_due == 1 else 'are'} not due yet."
        )
    elif not late:
        first = (
            f"{_first(figures.at_once, 'report')} had to be made at once; every one was acknowledged in time."
        )
    else:
        first = (
            f"{_first(figures.at_once, 'report')} had to be made at once; {late} "
            f"{'was' if late == 1 else 'were'} not acknowledged in time."
        )
    if not figures.decided:
        return f"{first} No case has been decided yet." if figures.cases else first
    were = "was" if figures.mistaken <= 1 else "were"
    return (
        f"{first} Of {_many(figures.decided, 'decided case')}, {figures.mistaken or 'none'} {were} released or "
        "dismissed as no contact."
    )


def _summary(figures: TermFigures, before: TermFigures) -> list[Block]:
    rows = (
        ("Messages judged", _compared(figures.messages, before.messages)),
        ("Parents' letters delivered", _compared(figures.parents, before.parents)),
        ("Cases opened", _compared(figures.cases, before.cases)),
        ("Reported at once", _compared(figures.at_once, before.at_once)),
        ("Held back from staff", _compared(figures.held, before.held)),
    )
    blocks: list[Block] = [Heading("In brief"), Paragraph(in_brief(figures), is_lead=True), Fields(rows)]
    overdue = sum(each.overdue for each in figures.acknowledged)
    if overdue:
        have = "has" if overdue == 1 else "have"
        text = f"{_many(overdue, 'report')} of this term {have} not been acknowledged by anybody to this day."
        blocks.append(Notice("Ask about this", text[:1].upper() + text[1:], Tone.WARNING))
    return blocks


def _volumes(figures: TermFigures, before: TermFigures, draw_bars: DrawBars) -> list[Block]:
    labels = [f"{week.monday:%d %b}" for week in figures.weeks]
    series = {
        "reported at once": [week.at_once for week in figures.weeks],
        "in the daily digest": [week.listed for week in figures.weeks],
    }
    busiest = max(figures.weeks, key=lambda week: week.at_once + week.listed, default=None)
    alt = (
        f"Cases opened in each of {len(figures.weeks)} weeks; most in the week of {busiest.monday:%d %B}: "
        f"{busiest.at_once + busiest.listed}."
        if busiest is not None
        else "No weeks."
    )
    rows = tuple(
        (kind.noun, str(kind.opened), str(_opened_before(kind.noun, before))) for kind in figures.kinds
    )
    return [
        Heading("What came"),
        Chart(draw_bars(labels, series), alt, "Cases opened, by the week's Monday"),
        Grid(
            ("Kind of case", "This term", f"{before.term.title}"),
            (4, 1.4, 2),
            rows,
            empty="No case was opened this term.",
        ),
    ]


def _opened_before(noun: str, before: TermFigures) -> int:
    return next((kind.opened for kind in before.kinds if kind.noun == noun), 0)


def _acknowledgement(figures: TermFigures, draw_bars: DrawBars) -> list[Block]:
    rows = tuple(
        (
            f"{int(each.level)}",
            _DEADLINES.get(each.level, "-"),
            str(each.reports),
            f"{each.in_time} ({_share(each.in_time, each.reports)})",
            str(each.late),
            str(each.waiting),
            _duration(each.middle),
        )
        for each in figures.acknowledged
    )
    blocks: list[Block] = [Heading("Time to acknowledge")]
    if figures.acknowledged:
        blocks.append(_acknowledgement_chart(figures.acknowledged, draw_bars))
    blocks += [
        Grid(
            ("Level", "To be acknowledged by", "Reports", "In time", "Late", "Not yet", "Middle time"),
            (0.8, 2.4, 1, 1.6, 0.8, 1, 1.5),
            rows,
            empty="No report had to be made at once.",
        ),
        Fields(
            (
                ("Passed on for want of an acknowledgement", _times(figures.escalated)),
                ("Not deliverable at first", _many(figures.undelivered, "report")),
            )
        ),
    ]
    return blocks


def _acknowledgement_chart(levels: Sequence[LevelAcknowledged], draw_bars: DrawBars) -> Chart:
    labels = [f"level {int(each.level)}" for each in levels]
    series = {
        "in time": [each.in_time for each in levels],
        "late": [each.late for each in levels],
        "not yet": [each.waiting for each in levels],
    }
    alt = "; ".join(f"level {int(each.level)}: {each.in_time} of {each.reports} in time" for each in levels)
    return Chart(draw_bars(labels, series), f"{alt}.", "Reports made at once, by level")


def _mistakes(figures: TermFigures, before: TermFigures) -> list[Block]:
    rows = tuple(
        (
            kind.noun,
            str(kind.confirmed),
            f"{kind.mistaken} ({_share(kind.mistaken, kind.confirmed + kind.mistaken)})",
            str(kind.waiting),
        )
        for kind in figures.kinds
    )
    share = _share(figures.mistaken, figures.decided)
    earlier = _share(before.mistaken, before.decided)
    outcomes = ", ".join(f"{count} {word}" for word, count in figures.outcomes) or "none recorded"
    return [
        Heading("How often it was nothing"),
        Paragraph(
            f"Of the decided cases {share} were released or dismissed ({before.term.title}: {earlier}). Each is a "
            "message that a member of staff had to wait for. The programme leans to the side of telling; what a "
            "child sends is always reported."
        ),
        Grid(
            ("Kind of case", "Confirmed", "Released or dismissed", "Not yet decided"),
            (4, 1.4, 2.2, 1.8),
            rows,
            empty="No case was opened this term.",
        ),
        Fields((("Outcomes recorded", outcomes),)),
    ]


def _rules(figures: TermFigures) -> list[Block]:
    return [Heading("Changes to the rules"), Fields(figures.changes)]


def _record(figures: TermFigures) -> list[Block]:
    return [
        Heading("The record"),
        Fields(
            (
                *((_EXPORT_WORDS.get(kind, kind), str(count)) for kind, count in figures.exports),
                ("Sealed parts opened", _times(figures.sealed_opened)),
                ("Break-glass", _times(figures.glass_broken)),
                ("Service started", _times(figures.starts)),
                ("Audit trail", f"{figures.trail_events:,} events; head {figures.trail_head}"),
            )
        ),
        Paragraph(
            "The head dates the trail: keep this report, and nobody can change what was recorded before it without "
            "being found out. Cases that concern the reader of this report are not counted in it."
        ),
    ]


def _compared(now: int, before: int) -> str:
    return f"{now:,} (the term before: {before:,})"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "no case decided"


def _duration(span: timedelta | None) -> str:
    if span is None:
        return "-"
    minutes = round(span.total_seconds() / 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes / 60:.0f} h" if minutes < 48 * 60 else f"{minutes / 1440:.0f} days"


def _times(count: int) -> str:
    return {0: "never", 1: "once"}.get(count, f"{count} times")


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _first(count: int, noun: str) -> str:
    """At the beginning of a sentence."""
    words = _many(count, noun)
    return words[:1].upper() + words[1:]


def _many(count: int, noun: str) -> str:
    words = {0: "no", 1: "one"}.get(count, f"{count:,}")
    return f"{words} {noun}" if count == 1 else f"{words} {noun}s"
