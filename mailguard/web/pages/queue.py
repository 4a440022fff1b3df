"""Screen 1: the queue, its live count, and closing platform clutter at once."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode

from starlette.responses import JSONResponse, Response

from mailguard.app.clutter_closing import MOST_AT_ONCE, is_clutter
from mailguard.app.queue_search import Sought
from mailguard.app.report_words import SUBJECT_NOUNS
from mailguard.app.review_queue import MOST_COUNTED, MOST_OPENED, QueueAge, QueueChoice, QueueShow
from mailguard.app.take_downs import due_take_downs
from mailguard.domain.case import CaseDecision
from mailguard.domain.people import Person
from mailguard.domain.queue_order import QueueGroup
from mailguard.domain.words import Level, Verdict
from mailguard.web.rendering import plural
from mailguard.web.routing import get, post
from mailguard.web.visit import Visit

_E = TypeVar("_E", bound=StrEnum)

_SHOW_WORDS = {
    QueueShow.WAITING: "Waiting",
    QueueShow.CLUTTER: "Platform clutter",
    QueueShow.SHADOW: "Shadow mode",
    QueueShow.DECIDED: "Decided",
    QueueShow.ALL: "All",
}
_AGE_WORDS = {
    QueueAge.ANY: "Any",
    QueueAge.TODAY: "Last 24 hours",
    QueueAge.WEEK: "Last 7 days",
    QueueAge.OLDER: "Older than 7 days",
}
_GROUP_WORDS = {
    QueueGroup.UNACKNOWLEDGED: "Reports that nobody has acknowledged",
    QueueGroup.ACKNOWLEDGED: "Acknowledged reports, to be decided",
    QueueGroup.WAITING: "Waiting for a decision, oldest first",
    QueueGroup.SHADOW: "Shadow mode: nothing was held, this is what would have been",
    QueueGroup.DECIDED: "Decided, newest first",
}
_LEVELS = tuple((str(int(level)), f"Level {int(level)}") for level in reversed(Level) if level >= 2)
_CLUTTER_REASONS = (
    "A service's automatic mail; no child and no parent known to the school is in it",
    "Read through; nothing for the school to do",
)


def queue(visit: Visit) -> Response:
    desk = visit.site.review.queue
    choice = _choice(visit)
    page = desk.page(choice, visit.account, after=_after(visit), limit=visit.site.settings.page_rows)
    next_url = ""
    if page.next_after is not None:
        next_url = _url(visit, choice, after=".".join(page.next_after))
    counts = desk.counts(visit.account)
    act = visit.site.review.clutter.newest(visit.account) if visit.account.reads_content else None
    return visit.page(
        "queue.html",
        take_downs_due=_take_downs_due(visit) if choice.show is QueueShow.WAITING else 0,
        choice=choice,
        page=page,
        counts=counts,
        tabs=_tabs(visit, choice, has_shadow=counts.shadow > 0),
        most_counted=MOST_COUNTED,
        most_opened=MOST_OPENED,
        group_words=_GROUP_WORDS,
        verdicts=[("", "Any"), *((verdict.value, noun) for verdict, noun in SUBJECT_NOUNS.items())],
        levels=[("", "Any"), *_LEVELS],
        ages=[(age.value, words) for age, words in _AGE_WORDS.items()],
        platforms=_platforms(visit),
        staff=_staff(visit),
        next_url=next_url,
        is_first_page=_after(visit) is None,
        first_url=_url(visit, choice),
        reads=visit.account.reads_content,
        searched=_searched(page.sought),
        act=act,
        act_seconds_left=int((act.until - visit.now).total_seconds()) if act is not None else 0,
        may_close_clutter=choice.show is QueueShow.CLUTTER
        and visit.account.reads_content
        and bool(page.rows),
    )


def _take_downs_due(visit: Visit) -> int:
    """Requests to take a comment down that this person is to follow up."""
    if not visit.account.reads_content:
        return 0
    desk, account = visit.site.review.queue, visit.account
    with visit.site.store.reading() as transaction:
        due = due_take_downs(
            transaction,
            lambda case: desk.is_open_to(case.id, account, transaction),
            today=visit.site.today,
        )
    return len(due)


def count(visit: Visit) -> Response:
    """For the page's own script: how many wait."""
    counts = visit.site.review.queue.counts(visit.account)
    return JSONResponse({"waiting": counts.waiting, "unacknowledged": counts.unacknowledged})


def clutter(visit: Visit) -> Response:
    """What closing all of it would do, case by case; nothing is closed here."""
    desk = visit.site.review.queue
    page = desk.page(QueueChoice(show=QueueShow.CLUTTER), visit.account, limit=MOST_AT_ONCE)
    rows = [row for row in page.rows if is_clutter(row.case)]
    return visit.page(
        "queue_clutter.html",
        rows=rows,
        total=page.total,
        copies=sum(row.held_count for row in rows),
        reasons=_CLUTTER_REASONS,
        most=MOST_AT_ONCE,
        delay_seconds=visit.site.review.undo_seconds,
        error=visit.query("error"),
    )


def close_clutter(visit: Visit) -> Response:
    wanted = visit.form.text("what")
    reason = visit.form.text("reason")
    if wanted not in {CaseDecision.DISMISS.value, CaseDecision.CONFIRM.value} or not reason:
        return visit.to("queue.clutter", query={"error": "Say what shall happen to them, and why."})
    case_ids = [each for each in visit.form.texts("case") if each]
    if not case_ids:
        return visit.to("queue.clutter", query={"error": "Tick at least one case."})
    done = visit.site.review.clutter.close(case_ids, CaseDecision(wanted), visit.account, reason=reason)
    verb, stays = ("was", "stays") if len(done.closed) == 1 else ("were", "stay")
    words = "dismissed" if wanted == CaseDecision.DISMISS else f"confirmed, and {stays} held"
    said = f"{plural(len(done.closed), 'case')} {verb} {words}."
    if done.skipped:
        said += f" {len(done.skipped)} were left alone: somebody was first, or they are no clutter any more."
    return visit.to("queue", flash=said, query={"show": QueueShow.DECIDED.value})


def take_back_clutter(visit: Visit) -> Response:
    done = visit.site.review.clutter.take_back(visit.form.text("act"), visit.account)
    late = f"{plural(len(done.too_late), 'case')} could not be taken back: the message has gone, or somebody has decided since."
    if not done.taken_back:
        said = late if done.too_late else "It was too late to take this back."
        return visit.to("queue", flash=said, is_problem=True, query={"show": QueueShow.DECIDED.value})
    waits = "it waits" if len(done.taken_back) == 1 else "they wait"
    said = f"{plural(len(done.taken_back), 'case')} taken back. Nothing had gone out; {waits} for a decision again."
    if done.too_late:
        said += f" {late}"
    return visit.to(
        "queue", flash=said, is_problem=bool(done.too_late), query={"show": QueueShow.CLUTTER.value}
    )


def _choice(visit: Visit) -> QueueChoice:
    """Odd values are as if nothing were asked. An admin narrows by what an admin sees, and searches no people."""
    reads = visit.account.reads_content
    level = visit.query("level")
    return QueueChoice(
        show=_member(QueueShow, visit.query("show")) or QueueShow.WAITING,
        verdict=_member(Verdict, visit.query("verdict")),
        level=int(level) if level in {"2", "3", "4", "5"} else None,
        platform=visit.query("platform") if reads else "",
        staff_id=visit.query("staff") if reads else "",
        age=_member(QueueAge, visit.query("age")) or QueueAge.ANY,
        words=visit.query("words") if reads else "",
    )


def _member(enum: type[_E], text: str) -> _E | None:
    return enum(text) if text in set(enum) else None


def _after(visit: Visit) -> tuple[str, str] | None:
    place, dot, case_id = visit.query("after").partition(".")
    is_place = place.isascii() and place.isdigit() and len(place) < 24
    return (place, case_id) if dot and is_place and len(case_id) < 24 else None


def _url(visit: Visit, choice: QueueChoice, *, after: str = "", show: QueueShow | None = None) -> str:
    wanted = {
        "show": show or choice.show,
        "verdict": choice.verdict or "",
        "level": str(choice.level or ""),
        "platform": choice.platform,
        "staff": choice.staff_id,
        "age": choice.age,
        "words": choice.words,
        "after": after,
    }
    asked = {name: str(value) for name, value in wanted.items() if value and value != QueueShow.WAITING}
    return visit.url("queue") + (f"?{urlencode(asked)}" if asked else "")


def _tabs(visit: Visit, choice: QueueChoice, *, has_shadow: bool) -> list[tuple[str, str, bool]]:
    """(address, words, whether it is this one). Shadow mode has a tab only where something is in it."""
    return [
        (_url(visit, QueueChoice(), show=show), words, show is choice.show)
        for show, words in _SHOW_WORDS.items()
        if show is not QueueShow.SHADOW or has_shadow or choice.show is show
    ]


def _platforms(visit: Visit) -> list[tuple[str, str]]:
    names = visit.site.effects.platform_names
    return [("", "Any"), *sorted(names.items(), key=lambda pair: pair[1].casefold())]


def _staff(visit: Visit) -> list[tuple[str, str]]:
    people: list[Person] = list(visit.site.directory().staff())
    return [
        ("", "Anybody"),
        *sorted(((person.id, person.name) for person in people), key=lambda pair: pair[1].casefold()),
    ]


def _searched(sought: Sought | None) -> str:
    """What the words were taken for, so that an empty answer can be understood."""
    if sought is None:
        return ""
    if sought.is_empty:
        return (
            "Nobody on the school's lists has that name, and no case that you have opened has it in its subject. "
            "Try a case number, a name or a whole address."
        )
    if sought.people:
        names = ", ".join(person.name for person in sought.people[:4])
        more = f" and {len(sought.people) - 4} more" if len(sought.people) > 4 else ""
        return f"Cases that name {names}{more}, or that you have opened and whose subject has the words."
    return "Cases with that number." if sought.case_ids else "Cases with that address."


routes = (
    get("queue", "/queue", queue),
    get("queue.count", "/queue/count", count, is_background=True),
    get("queue.clutter", "/queue/clutter", clutter),
    post("queue.clutter.do", "/queue/clutter", close_clutter),
    post("queue.clutter.undo", "/queue/clutter/undo", take_back_clutter),
)
