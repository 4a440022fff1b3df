"""Writing down a concern that did not come by mail: by somebody signed in, or through a mailed link.

SECURITY: four of these pages are open to the network. Asking for a link answers everybody alike; a link's form shows
nothing but names of staff, and to whoever has that member of staff's mailbox. Opening a link changes nothing.
"""

from __future__ import annotations

import re
import secrets
from typing import Any

from starlette.responses import Response

from mailguard.app.concern_form import ConcernAnswers, check_answers
from mailguard.app.concern_links import LINK_HOURS, ConcernLinks
from mailguard.app.concern_message import KIND_WORDS
from mailguard.app.concerns import Concerns, LinkSpent
from mailguard.app.planning import ReportPlanner
from mailguard.app.ports_links import LinkRecord
from mailguard.domain.case import CASE_ID
from mailguard.domain.concern import ConcernKind, Reporter
from mailguard.domain.people import Person
from mailguard.domain.words import PersonList, Role
from mailguard.web.routing import get, post
from mailguard.web.site import Site
from mailguard.web.visit import NotHere, Visit

_ITEM = re.compile(r"[0-9a-f]{32}")
_ADULTS = 3
_MAY_BE_WRONG = ("kind", "words", "staff", "url", "quoted")
_HINTS = {
    ConcernKind.HARM: "Abuse, neglect, bullying, danger, despair. What a child told you, or what you saw.",
    ConcernKind.ADULT: "Anybody who works for the school, a governor, a volunteer. They are not told.",
    ConcernKind.THREAT: "A comment, a post, a group. The page can then write the request to take it down.",
    ConcernKind.SECRECY: "By an adult or by somebody nobody knows, online or in person.",
    ConcernKind.PICTURE: "Do not look for them, copy them, or send them on. Say what you know.",
    ConcernKind.CONTACT: "A friend request, a message on a phone, a game. Tell it even if you did not answer.",
    ConcernKind.OTHER: "If it stays with you, write it down.",
}
_SPENT = "This link was used before or has ended. Nothing was recorded. Please ask for another link."


def concerns_of(site: Site) -> Concerns:
    return Concerns(
        store=site.store,
        blobs=site.blobs,
        settings=site.effects,
        lists=site.directory,
        plan_effects=ReportPlanner(site.effects),
        clock=site.clock,
        policy_version=site.parts.policy.version,
    )


def links_of(site: Site) -> ConcernLinks:
    return ConcernLinks(store=site.store, settings=site.effects, lists=site.directory)


# Signed in


def show(visit: Visit) -> Response:
    return _form(visit, ConcernAnswers(), item=secrets.token_hex(16), action=visit.url("concern.do"))


def record(visit: Visit) -> Response:
    concerns = concerns_of(visit.site)
    item = visit.form.text("item")
    answers = _answers(visit)
    checked = check_answers(answers, concerns.finder())
    if checked.concern is None or not _ITEM.fullmatch(item):
        item = item if _ITEM.fullmatch(item) else secrets.token_hex(16)
        action = visit.url("concern.do")
        return _form(visit, answers, item=item, action=action, problems=dict(checked.problems), status=422)
    account = visit.account
    listed = visit.site.directory().by_address(account.address)
    reporter = Reporter(
        name=account.name,
        address=account.address,
        person_id=next((person.id for person in listed if person.list is PersonList.STAFF), ""),
        through="the review page, signed in",
    )
    recorded = concerns.record(checked.concern, reporter, item=item, actor=account.id)
    return visit.to("concern.recorded", case_id=recorded.case_id)


def recorded(visit: Visit) -> Response:
    case_id = visit.path("case_id")
    if not CASE_ID.fullmatch(case_id):
        raise NotHere
    with visit.site.store.reading() as transaction:
        is_open = visit.account.role.reads_content and visit.site.review.queue.is_open_to(
            case_id, visit.account, transaction
        )
    return visit.page("concern_recorded.html", case_id=case_id, may_open=is_open, emergency=_emergency(visit))


# Without an account


def ask(visit: Visit) -> Response:
    return visit.page(
        "concern_ask.html",
        is_available=links_of(visit.site).is_available,
        hours=LINK_HOURS,
        **_whom_to_speak_with(visit),
    )


def ask_link(visit: Visit) -> Response:
    links_of(visit.site).ask(visit.form.text("address")[:320], client=visit.client_ip)
    return visit.to("concern-asked")


def asked(visit: Visit) -> Response:
    return visit.page("concern_asked.html", hours=LINK_HOURS, **_whom_to_speak_with(visit))


def show_by_link(visit: Visit) -> Response:
    link, person = _link(visit)
    if link.used_at is not None:
        return visit.page(
            "concern_recorded.html", case_id=link.case_id, may_open=False, emergency=_emergency(visit)
        )
    action = visit.url("concern-link.do", token=visit.path("token"))
    return _form(visit, ConcernAnswers(), item=link.item, action=action, person=person)


def record_by_link(visit: Visit) -> Response:
    link, person = _link(visit)
    token = visit.path("token")
    concerns = concerns_of(visit.site)
    answers = _answers(visit)
    checked = check_answers(answers, concerns.finder())
    if checked.concern is None and link.used_at is None:
        action = visit.url("concern-link.do", token=token)
        return _form(
            visit,
            answers,
            item=link.item,
            action=action,
            person=person,
            problems=dict(checked.problems),
            status=422,
        )
    if checked.concern is not None:
        reporter = Reporter(
            name=person.name,
            address=person.addresses[0] if person.addresses else visit.site.effects.from_address,
            person_id=person.id,
            through="a link mailed to their school address",
        )
        try:
            concerns.record(checked.concern, reporter, item=link.item, actor=person.id, link=token)
        except LinkSpent:
            return visit.page("concern_spent.html", status=410, says=_SPENT)
    return visit.to("concern-link", token=token)


def _link(visit: Visit) -> tuple[LinkRecord, Person]:
    """Raises NotHere for a link that is none, or whose owner has left."""
    found = links_of(visit.site).look(visit.path("token"))
    if found is None or found[1] is None:
        raise NotHere
    return found[0], found[1]


# The form


def _form(
    visit: Visit,
    answers: ConcernAnswers,
    *,
    item: str,
    action: str,
    person: Person | None = None,
    problems: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    found = problems or {}
    adults = (*answers.staff, *([""] * _ADULTS))[:_ADULTS]
    return visit.page(
        "concern.html",
        status=status,
        answers=answers,
        adults=adults,
        item=item,
        action=action,
        person=person,
        problems={name: found.get(name, "") for name in _MAY_BE_WRONG},
        problem_count=len(found),
        kinds=[(kind.value, KIND_WORDS[kind], _HINTS[kind]) for kind in ConcernKind],
        staff=concerns_of(visit.site).finder().everyone(),
        emergency=_emergency(visit),
    )


def _answers(visit: Visit) -> ConcernAnswers:
    form = visit.form
    return ConcernAnswers(
        kind=form.text("kind"),
        words=form.raw("words"),
        told_by=form.text("told_by"),
        when=form.text("when"),
        where=form.text("where"),
        platform=form.text("platform"),
        url=form.text("url"),
        quoted=form.raw("quoted"),
        children=tuple(form.raw("children").splitlines()),
        staff=form.texts("staff")[:_ADULTS],
        is_staff_unnamed=bool(form.text("is_staff_unnamed")),
        is_danger=bool(form.text("is_danger")),
    )


def _whom_to_speak_with(visit: Visit) -> dict[str, Any]:
    effects = visit.site.effects
    return {
        "emergency": effects.emergency,
        "head_title": effects.title(Role.HEAD),
        "chair_title": effects.title(Role.CHAIR),
    }


def _emergency(visit: Visit) -> object:
    return visit.site.effects.emergency


routes = (
    get("concern", "/concern", show),
    post("concern.do", "/concern", record),
    get("concern.recorded", "/concern/recorded/{case_id}", recorded),
    get("concern-ask", "/concern/ask", ask),
    post("concern-ask.do", "/concern/ask", ask_link),
    get("concern-asked", "/concern/asked", asked),
    get("concern-link", "/concern/by-link/{token}", show_by_link),
    post("concern-link.do", "/concern/by-link/{token}", record_by_link),
)
