"""Asking a site to take a comment down: the letter, and what came of it.

A request is as closed as its case: whoever may not see the one finds no trace of the other.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from itertools import islice

from starlette.responses import Response

from mailguard.adapters.typesetting.typst_pdf import TypstTypesetter
from mailguard.app.ports_store import CaseRecord
from mailguard.app.take_down_letter import ABOUT_WORDS, letter_document
from mailguard.app.take_down_records import TakeDown
from mailguard.app.take_downs import Signature, TakeDownAnswers, TakeDownBook, due_take_downs
from mailguard.domain.take_down import TakeDownState, states_after
from mailguard.domain.typed import calendar_day
from mailguard.domain.words import Role
from mailguard.web.routing import get, post
from mailguard.web.visit import NotHere, Visit

TAG_VIEWED = "review:take-down:viewed"
TAG_DOWNLOADED = "review:take-down:downloaded"
_MOST_LISTED = 500
_REMINDER_DAYS = 7
_MAY_BE_WRONG = ("url", "platform", "recipient", "about", "quoted", "days")
STATE_WORDS = {
    TakeDownState.WRITTEN: "written, not sent yet",
    TakeDownState.SENT: "sent, waiting for an answer",
    TakeDownState.ANSWERED: "answered, not removed yet",
    TakeDownState.REFUSED: "refused",
    TakeDownState.REMOVED: "removed",
    TakeDownState.WITHDRAWN: "withdrawn",
}
_NEXT_WORDS = {
    TakeDownState.SENT: ("It was sent", "By post, by e-mail or through the site's own form."),
    TakeDownState.ANSWERED: ("They answered", "They ask back, or say that they look into it."),
    TakeDownState.REFUSED: ("They refused", "Write down what they gave as the reason."),
    TakeDownState.REMOVED: ("It is gone", "You have looked, and the comment is not there any more."),
    TakeDownState.WITHDRAWN: ("We do not ask any more", "Write down why."),
}


def book_of(visit: Visit) -> TakeDownBook:
    return TakeDownBook(visit.site.store, visit.site.effects)


def overview(visit: Visit) -> Response:
    with visit.site.store.reading() as transaction:
        queue, account = visit.site.review.queue, visit.account

        @cache
        def is_open(case_id: str) -> bool:
            return queue.is_open_to(case_id, account, transaction)

        due = due_take_downs(transaction, lambda case: is_open(case.id), today=visit.site.today)
        # Bounded after what is closed is left out: a list that is short by one would tell.
        shown = list(
            islice((each for each in transaction.take_downs.all() if is_open(each.case_id)), _MOST_LISTED)
        )
    due_ids = {each.take_down.id for each in due}
    return visit.page(
        "take_downs.html",
        due=[each for each in shown if each.id in due_ids],
        others=[each for each in shown if each.id not in due_ids],
        states=STATE_WORDS,
        today=visit.site.today,
    )


# Writing


def show_form(visit: Visit) -> Response:
    case = _case(visit, visit.path("case_id"))
    return _form(visit, case, book_of(visit).suggested(case))


def write(visit: Visit) -> Response:
    case = _case(visit, visit.path("case_id"))
    form, account = visit.form, visit.account
    answers = TakeDownAnswers(
        url=form.text("url"),
        platform=form.text("platform"),
        seen_on=form.text("seen_on"),
        recipient=form.raw("recipient"),
        about=form.text("about"),
        quoted=form.raw("quoted"),
        is_quoted_in_letter=bool(form.text("is_quoted_in_letter")),
        days=form.text("days"),
    )
    role = account.role.chain_role or Role.HEAD
    signature = Signature(
        account_id=account.id,
        name=account.name,
        title=visit.site.effects.title(role),
        address=account.address,
    )
    written = book_of(visit).write(case.id, answers, signature)
    if not written.id:
        return _form(visit, case, answers, problems=dict(written.problems), status=422)
    return visit.to(
        "concern.take-down", take_down_id=written.id, flash="The letter is written. Nobody has been sent it."
    )


def _form(
    visit: Visit,
    case: CaseRecord,
    answers: TakeDownAnswers,
    *,
    problems: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    found = problems or {}
    return visit.page(
        "take_down_form.html",
        status=status,
        case=case,
        answers=answers,
        problems={name: found.get(name, "") for name in _MAY_BE_WRONG},
        problem_count=len(found),
        about=[(about.value, words[:1].upper() + words[1:], "") for about, words in ABOUT_WORDS.items()],
    )


# One request


def show(visit: Visit) -> Response:
    take_down, _ = _found(visit)
    visit.site.trail.append(
        TAG_VIEWED, actor=visit.account.id, case_id=take_down.case_id, detail={"take_down": take_down.id}
    )
    return _page(visit, take_down)


def _page(visit: Visit, take_down: TakeDown, *, problem: str = "", status: int = 200) -> Response:
    with visit.site.store.reading() as transaction:
        notes = transaction.take_downs.notes(take_down.id)
        accounts = {
            by: transaction.accounts.find(by) for by in {take_down.made_by, *(note.by for note in notes)}
        }
    return visit.page(
        "take_down.html",
        status=status,
        take_down=take_down,
        letter=take_down.letter,
        state_words=STATE_WORDS[take_down.state],
        states=STATE_WORDS,
        notes=notes,
        people={by: account.name if account is not None else by for by, account in accounts.items()},
        choices=[(state.value, *_NEXT_WORDS[state]) for state in states_after(take_down.state)],
        remind_on=(visit.site.today + timedelta(days=_REMINDER_DAYS)).isoformat(),
        is_due=take_down.remind_on is not None and take_down.remind_on <= visit.site.today,
        note=visit.form.text("note"),
        chosen=visit.form.text("state"),
        problem=problem,
    )


def note(visit: Visit) -> Response:
    take_down, _ = _found(visit)
    form = visit.form
    expected, state = form.text("expected"), form.text("state")
    remind_on = calendar_day(form.text("remind_on"))
    if state not in set(TakeDownState) or expected not in set(TakeDownState):
        return _page(visit, take_down, problem="Choose what came of it.", status=422)
    if remind_on is None and form.text("remind_on"):
        return _page(visit, take_down, problem="Write the day as YYYY-MM-DD.", status=422)
    is_noted = book_of(visit).note(
        take_down.id,
        expected=TakeDownState(expected),
        state=TakeDownState(state),
        note=form.raw("note"),
        remind_on=remind_on,
        by=visit.account.id,
    )
    if not is_noted:
        says = "Somebody has noted something else in the meantime: look at what it says now."
        return _page(visit, take_down, problem=says, status=409)
    return visit.to("concern.take-down", take_down_id=take_down.id, flash="Noted.")


def letter_pdf(visit: Visit) -> Response:
    take_down, _ = _found(visit)
    content = TypstTypesetter().pdf(letter_document(take_down.letter, made_at=take_down.made_at))
    _record_download(visit, take_down, "pdf")
    return _file(f"{take_down.case_id}-letter.pdf", content, "application/pdf")


def letter_file(visit: Visit) -> Response:
    take_down, _ = _found(visit)
    _record_download(visit, take_down, "text")
    return _file(f"{take_down.case_id}-letter.txt", take_down.text.encode(), "text/plain; charset=utf-8")


def _record_download(visit: Visit, take_down: TakeDown, form: str) -> None:
    detail = {"take_down": take_down.id, "form": form}
    visit.site.trail.append(TAG_DOWNLOADED, actor=visit.account.id, case_id=take_down.case_id, detail=detail)


def _file(name: str, content: bytes, media_type: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=media_type, headers=headers)


def _case(visit: Visit, case_id: str) -> CaseRecord:
    """Raises NotHere for a case that is none, or none of this reader's."""
    with visit.site.store.reading() as transaction:
        case = transaction.cases.find(case_id)
        if case is not None and visit.site.review.queue.is_open_to(case_id, visit.account, transaction):
            return case
    raise NotHere


def _found(visit: Visit) -> tuple[TakeDown, CaseRecord]:
    with visit.site.store.reading() as transaction:
        take_down = transaction.take_downs.find(visit.path("take_down_id"))
    if take_down is None:
        raise NotHere
    return take_down, _case(visit, take_down.case_id)


routes = (
    get("concern.take-downs", "/take-downs", overview),
    get("concern.take-down.new", "/cases/{case_id}/take-down", show_form),
    post("concern.take-down.write", "/cases/{case_id}/take-down", write),
    get("concern.take-down", "/take-downs/{take_down_id}", show),
    post("concern.take-down.note", "/take-downs/{take_down_id}", note),
    get("concern.take-down.pdf", "/take-downs/{take_down_id}/letter.pdf", letter_pdf, is_costly=True),
    get("concern.take-down.text", "/take-downs/{take_down_id}/letter.txt", letter_file),
)
