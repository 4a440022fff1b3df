"""Screen 6, a subject access request: find the person, decide item by item, hand out the file."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from mailguard.app.export_making import ReasonMissing
from mailguard.app.person_cases import UnknownPerson
from mailguard.app.ports import PermanentFailure
from mailguard.app.subject_access import SubjectItem
from mailguard.app.subject_access_export import ItemDecision, SubjectDraft, Undecided, UnknownDraft
from mailguard.web.downloads import download, maker_of
from mailguard.web.routing import get, post
from mailguard.web.visit import NotHere, Visit

_MOST_REASON = 1_000
_NO_PERSON = "That is neither a person's id on the lists nor an e-mail address."


@dataclass(frozen=True, slots=True)
class _Row:
    """An item on the page. ``answer``: "yes", "no" or "" when nothing is proposed."""

    item: SubjectItem
    answer: str
    why: str
    is_missing: bool


def find(visit: Visit) -> Response:
    return _find_form(visit)


def begin(visit: Visit) -> Response:
    try:
        export = visit.site.exports.subject_access.begin(
            visit.form.text("about"), by=maker_of(visit), reason=visit.form.text("reason")[:_MOST_REASON]
        )
    except UnknownPerson:
        return _find_form(visit, problem=_NO_PERSON)
    except ReasonMissing:
        return _find_form(visit, problem="Say why in a few words: it is kept with the export.")
    return visit.to("audit.person.items", export_id=export.id)


def items(visit: Visit) -> Response:
    return _items_page(visit)


def take_out(visit: Visit) -> Response:
    words = visit.form.raw("words").splitlines()
    try:
        visit.site.exports.subject_access.take_out(visit.path("export_id"), words, by=maker_of(visit))
    except UnknownDraft:
        raise NotHere from None
    return visit.to(
        "audit.person.items",
        export_id=visit.path("export_id"),
        flash="Those words are taken out of every item. Read the items again.",
    )


def make(visit: Visit) -> Response:
    decisions = {
        name.removeprefix("give-"): ItemDecision(
            is_given=values[0] == "yes", why=visit.form.text(f"why-{name.removeprefix('give-')}")[:200]
        )
        for name, values in visit.form.fields.items()
        if name.startswith("give-") and values[0] in {"yes", "no"}
    }
    if visit.form.text("read") != "yes":
        return _items_page(visit, problem="Tick the box at the end when you have read every item.")
    try:
        made = visit.site.exports.subject_access.make(visit.path("export_id"), decisions, by=maker_of(visit))
    except UnknownDraft:
        raise NotHere from None
    except Undecided as problem:
        count = len(problem.item_ids)
        return _items_page(
            visit,
            problem=f"{count} {'item is' if count == 1 else 'items are'} not decided yet: say yes or no.",
            missing=frozenset(problem.item_ids),
        )
    except PermanentFailure as problem:
        return _items_page(visit, problem=f"It could not be made: {problem}.")
    return download(made)


def _find_form(visit: Visit, *, problem: str = "") -> Response:
    given = {name: visit.form.text(name) for name in ("about", "reason")}
    return visit.page("export_person.html", status=422 if problem else 200, problem=problem, given=given)


def _items_page(visit: Visit, *, problem: str = "", missing: frozenset[str] = frozenset()) -> Response:
    try:
        draft = visit.site.exports.subject_access.draft(visit.path("export_id"), by=maker_of(visit))
    except (UnknownDraft, UnknownPerson):
        raise NotHere from None
    return visit.page(
        "export_person_items.html",
        status=422 if problem else 200,
        problem=problem,
        draft=draft,
        rows=[_row(item, visit, missing) for item in draft.items],
        whom=_whom(draft),
    )


def _row(item: SubjectItem, visit: Visit, missing: frozenset[str]) -> _Row:
    answer = visit.form.text(f"give-{item.id}")
    return _Row(
        item=item,
        answer=answer if answer in {"yes", "no"} else ("yes" if item.is_proposed else ""),
        why=visit.form.text(f"why-{item.id}") or item.why_not,
        is_missing=item.id in missing,
    )


def _whom(draft: SubjectDraft) -> str:
    person = draft.who.person
    return f"{person.name} ({person.id})" if person is not None else draft.who.label


routes = (
    get("audit.person", "/audit/person", find),
    post("audit.person.begin", "/audit/person", begin),
    get("audit.person.items", "/audit/person/{export_id}", items, is_costly=True),
    post("audit.person.words", "/audit/person/{export_id}/words", take_out),
    post("audit.person.do", "/audit/person/{export_id}", make, is_costly=True),
)
