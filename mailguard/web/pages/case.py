"""Screen 2: a case, what can be decided about it with a preview of what each choice does, and taking it back."""

from __future__ import annotations

import mimetypes
from datetime import datetime
from urllib.parse import urlencode

from starlette.responses import Response

from mailguard.app.case_deciding import Changed, Decided
from mailguard.app.case_page import SHOWN_MESSAGES, CasePage
from mailguard.app.decision_preview import DecisionPreview, preview_decision
from mailguard.app.learning import teaches
from mailguard.app.list_files import ListName
from mailguard.app.ports import PermanentFailure
from mailguard.app.ports_store import CaseRecord, RecipientRecord
from mailguard.app.report_words import deadline_words
from mailguard.app.review_queue import QueueChoice, QueueShow
from mailguard.app.review_words import (
    OUTCOME_WORDS,
    confirm_words,
    decided_words,
    dismiss_words,
)
from mailguard.app.safe_html import CONTENT_SECURITY_POLICY, safe_document
from mailguard.app.teaching import label_words
from mailguard.domain.audit import time_from_text, time_text
from mailguard.domain.case import CaseDecision, Outcome
from mailguard.reading.parts import html_of
from mailguard.web.routing import get, post
from mailguard.web.teaching_form import said_in, teaching_form
from mailguard.web.visit import NotHere, Visit

_SENDER_LISTS = (
    (ListName.PUPILS, "addresses", "pupil"),
    (ListName.PARENTS, "addresses", "parent or carer"),
    (ListName.STAFF, "addresses", "member of staff"),
    (
        ListName.EXCLUDED_CORRESPONDENTS,
        "address",
        "correspondent whose mail is not looked at (union, own doctor)",
    ),
)
_OWN_WORDS = "other"
_MOST_REASON = 2_000


def case(visit: Visit) -> Response:
    first = visit.page_number
    page = visit.site.review.pages.open(
        visit.path("case_id"), visit.account, first_message=(first - 1) * SHOWN_MESSAGES + 1
    )
    if page is None:
        raise NotHere
    return visit.page(
        "case.html",
        page=page,
        deadline=deadline_words(page.case.decision.level),
        confirm_words=confirm_words(page.case.decision),
        dismiss_words=dismiss_words(page.case.decision),
        decided_words=""
        if page.case.decided_as is None
        else decided_words(page.case.decided_as, page.case.decision),
        next_case=_next_case(visit) if page.case.decided_as is not None else "",
        outcome_words=OUTCOME_WORDS,
        can_teach=teaches(page.case),
        teaching=teaching_form(
            page.case.decision,
            page.case.decided_as or CaseDecision.CONFIRM,
            taught=page.taught,
            taught_word=page.label,
        ),
        taught_words="" if page.taught is None else label_words(page.taught),
        messages_page=first,
        is_last_messages=first * SHOWN_MESSAGES >= page.message_count,
        undo_seconds_left=_seconds_left(page.undo_at, visit.now),
        list_links=_list_links(visit, page),
    )


def acknowledge(visit: Visit) -> Response:
    found = _case(visit)
    changed = visit.site.casebook.acknowledge(
        found.id, by=visit.account.id, role=visit.account.role.value, through="review"
    )
    if not changed.is_changed:
        return _somebody_was_first(visit, changed)
    return visit.to(
        "case", case_id=found.id, flash="Acknowledged. Read the message, then decide what happens to it."
    )


def decide(visit: Visit) -> Response:
    """What the decision will do, exactly; nothing is done here."""
    return _decide_page(visit, _case(visit), _decision(visit))


def decide_do(visit: Visit) -> Response:
    found, decision = _case(visit), _decision(visit)
    reason, problem = _reason(visit)
    said, unclear = said_in(visit.form, found.decision, decision) if teaches(found) else (None, "")
    if problem or unclear:
        return _decide_page(visit, found, decision, error=problem or unclear, status=422)
    outcome = visit.form.text("outcome")
    decided = Decided(
        decision=decision,
        by=visit.account.id,
        reason=reason,
        label=said.word if said is not None else "",
        natures=said.natures if said is not None else None,
        event=said.event if said is not None else None,
        release_to=frozenset(visit.form.texts("give")),
        outcome=Outcome(outcome) if outcome in set(Outcome) else None,
        as_of=_as_of(visit),
    )
    changed = visit.site.review.casebook.decide(found.id, decided)
    if not changed.is_changed:
        return _somebody_was_first(visit, changed)
    return visit.to("case", case_id=found.id, flash=_done_words(visit, decision, changed))


def undo(visit: Visit) -> Response:
    found = _case(visit)
    changed = visit.site.review.casebook.undo(found.id, by=visit.account.id)
    if changed.is_changed:
        said = "Taken back. Nothing had gone out; the case waits for a decision again."
        return visit.to("case", case_id=found.id, flash=said)
    said = "It was too late to take this back: the message has gone, or somebody else has decided since."
    return visit.to("case", case_id=found.id, flash=said, is_problem=True)


def teach(visit: Visit) -> Response:
    found = _case(visit)
    said, problem = said_in(visit.form, found.decision, CaseDecision.CONFIRM, is_wanted=True)
    if said is None:
        return visit.to("case", case_id=found.id, flash=problem, is_problem=True)
    changed = visit.site.review.casebook.teach(
        found.id, by=visit.account.id, label=said.word, natures=said.natures, event=said.event
    )
    if not changed.is_changed:
        return _somebody_was_first(visit, changed)
    words = "Noted for the next training. It changes nothing until a new model has been tried and promoted."
    return visit.to("case", case_id=found.id, flash=words)


def unteach(visit: Visit) -> Response:
    found = _case(visit)
    changed = visit.site.review.casebook.unteach(found.id, by=visit.account.id)
    words = (
        "Taken back: the next training does not learn from it."
        if changed.is_changed
        else "It teaches nothing."
    )
    return visit.to("case", case_id=found.id, flash=words, is_problem=not changed.is_changed)


def formatted(visit: Visit) -> Response:
    """The message's own layout, made harmless, in a document with a policy of its own. A view like any other."""
    case_id, message_id = visit.path("case_id"), visit.path("message_id")
    if not visit.site.review.pages.record_view(case_id, visit.account, view="formatted"):
        raise NotHere
    with visit.site.store.reading() as transaction:
        message = transaction.cases.message(message_id)
    if message is None or message.case_id != case_id:
        raise NotHere
    try:
        source = html_of(visit.site.blobs.get(message.blob_id))
    except PermanentFailure:
        raise NotHere from None
    return Response(
        safe_document(source).html,
        media_type="text/html; charset=utf-8",
        headers={
            "Content-Security-Policy": CONTENT_SECURITY_POLICY,
            "X-Frame-Options": "SAMEORIGIN",
        },
    )


def sealed_file(visit: Visit) -> Response:
    """Asks for the reason. Nothing of the file is shown."""
    found = visit.site.review.sealed.look(
        visit.path("case_id"), visit.path("message_id"), visit.path("sha256"), visit.account
    )
    if found is None:
        raise NotHere
    return visit.page("case_sealed.html", found=found, ending=_ending(found.part.detected_type), error="")


def _ending(detected_type: str) -> str:
    """What a file may be called to be looked at: of kinds that only show or play, and as its bytes say, not its sender."""
    is_shown = detected_type == "application/pdf" or detected_type.startswith(("image/", "audio/", "video/"))
    return (mimetypes.guess_extension(detected_type) or "") if is_shown and "svg" not in detected_type else ""


def open_file(visit: Visit) -> Response:
    """The bytes, as a download, straight from the form: no address stays behind that opens it again."""
    sealed = visit.site.review.sealed
    case_id, message_id, sha256 = (visit.path(name) for name in ("case_id", "message_id", "sha256"))
    reason = visit.form.text("reason")
    if len(reason.split()) < 2:
        found = sealed.look(case_id, message_id, sha256, visit.account)
        if found is None:
            raise NotHere
        error = "Say in a few words why this file must be opened."
        ending = _ending(found.part.detected_type)
        return visit.page("case_sealed.html", status=422, found=found, ending=ending, error=error)
    opened = sealed.open(case_id, message_id, sha256, visit.account, reason=reason)
    if opened is None:
        raise NotHere
    _, data = opened
    return Response(
        data,
        media_type="application/octet-stream",
        headers={
            # The sender's name for it is not used: it could be anything.
            "Content-Disposition": f'attachment; filename="{case_id}-{sha256[:12]}.bin"',
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
    )


def _case(visit: Visit) -> CaseRecord:
    """Raises NotHere when there is no such case for this person."""
    case_id = visit.path("case_id")
    with visit.site.store.reading() as transaction:
        if visit.site.review.queue.is_open_to(case_id, visit.account, transaction):
            found = transaction.cases.find(case_id)
            if found is not None:
                return found
    raise NotHere


def _decision(visit: Visit) -> CaseDecision:
    word = visit.path("decision")
    if word not in set(CaseDecision):
        raise NotHere
    return CaseDecision(word)


def _recipients(visit: Visit, case_id: str) -> tuple[RecipientRecord, ...]:
    with visit.site.store.reading() as transaction:
        return transaction.cases.recipients(case_id)


def _decide_page(
    visit: Visit, found: CaseRecord, decision: CaseDecision, *, error: str = "", status: int = 200
) -> Response:
    if found.decided_as is not None and decision is not CaseDecision.RELEASE:
        return _already_decided(visit, found)
    preview: DecisionPreview = preview_decision(
        found,
        _recipients(visit, found.id),
        decision,
        directory=visit.site.directory(),
        delay_seconds=visit.site.review.undo_seconds,
    )
    if decision is CaseDecision.RELEASE and not preview.gives:
        said = "Nothing is held for anybody, so there is nothing to release."
        return visit.to("case", case_id=found.id, flash=said, is_problem=True)
    return visit.page(
        "case_decide.html",
        status=status,
        case=found,
        preview=preview,
        teaching=teaching_form(found.decision, decision, sent=visit.form) if teaches(found) else None,
        own_words=_OWN_WORDS,
        outcome_words=OUTCOME_WORDS,
        as_of=time_text(found.updated_at),
        chosen=visit.form.text("why"),
        words=visit.form.text("reason"),
        error=error,
    )


def _reason(visit: Visit) -> tuple[str, str]:
    """(the reason to keep, what is wrong with it)."""
    why, words = visit.form.text("why"), visit.form.text("reason")[:_MOST_REASON]
    if not why:
        return "", "Choose a reason."
    if why == _OWN_WORDS:
        return (words, "") if words else ("", "Write the reason in a few words.")
    return (f"{why}. {words}" if words else why), ""


def _as_of(visit: Visit) -> datetime | None:
    try:
        return time_from_text(visit.form.text("as_of"))
    except ValueError:
        return None


def _already_decided(visit: Visit, found: CaseRecord) -> Response:
    return _somebody_was_first(visit, Changed(case=found, is_changed=False))


def _somebody_was_first(visit: Visit, changed: Changed) -> Response:
    """Says who was first and what they did; the page then shows the case as it is."""
    now = changed.case
    if now.decided_as is not None:
        by = "You" if now.decided_by == visit.account.id else "Somebody else"
        said = f"{by} decided this case before: {decided_words(now.decided_as, now.decision)}. See below who and when."
    elif now.acknowledged_at is not None and not visit.form.text("as_of"):
        said = "Somebody had acknowledged this case before. See below who and when."
    else:
        said = "The case has changed since you looked. Please look again, then decide."
    return visit.to("case", case_id=now.id, flash=said, is_problem=True)


def _done_words(visit: Visit, decision: CaseDecision, changed: Changed) -> str:
    words = decided_words(decision, changed.case.decision)
    said = f"{words[:1].upper()}{words[1:]}."
    if changed.effects:
        count = len(changed.effects)
        copies = "The message leaves" if count == 1 else f"{count} copies leave"
        said += f" {copies} in {visit.site.review.undo_seconds} seconds; until then you can take it back."
    elif decision is CaseDecision.CONFIRM:
        said += " What was held stays held."
    if visit.form.text("label"):
        said += " Noted for the next training."
    return said


def _next_case(visit: Visit) -> str:
    """The address of what stands first in the queue now, "" when nothing waits."""
    found = visit.site.review.queue.all_ids(QueueChoice(show=QueueShow.WAITING), visit.account, limit=1)
    return visit.url("case", case_id=found[0]) if found else ""


def _list_links(visit: Visit, page: CasePage) -> list[tuple[str, str]]:
    """(address of a new row's form with the sender in it, what the sender would be); not of our own people's mail."""
    if page.is_outgoing or page.platform or not page.sender_address:
        return []
    names = visit.site.editing.names
    return [
        (f"{visit.url('lists.row', name=name.value)}?{urlencode({column: page.sender_address})}", words)
        for name, column, words in _SENDER_LISTS
        if name in names
    ]


def _seconds_left(until: datetime | None, now: datetime) -> int:
    return 0 if until is None else max(0, int((until - now).total_seconds()))


_CASE = "/cases/{case_id}"
_FILE = f"{_CASE}/messages/{{message_id}}/files/{{sha256}}"

routes = (
    get("case", _CASE, case),
    post("case.acknowledge", f"{_CASE}/acknowledge", acknowledge),
    get("case.decide", f"{_CASE}/decide/{{decision}}", decide),
    post("case.decide.do", f"{_CASE}/decide/{{decision}}", decide_do),
    post("case.undo", f"{_CASE}/undo", undo),
    post("case.teach", f"{_CASE}/teach", teach),
    post("case.unteach", f"{_CASE}/unteach", unteach),
    get("case.formatted", f"{_CASE}/messages/{{message_id}}/formatted", formatted, is_costly=True),
    get("case.file", _FILE, sealed_file),
    post("case.file.open", _FILE, open_file, is_costly=True),
)
