"""Breaking the glass: the admin asks to see one case, a member of the chain allows it, for some hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from mailguard.app.glass_book import GlassProblem
from mailguard.app.ports import PermanentFailure
from mailguard.app.ports_store import MessageRecord
from mailguard.domain.account import SiteRole
from mailguard.reading.message import read
from mailguard.web.routing import get, post
from mailguard.web.visit import NotHere, Visit


@dataclass(frozen=True, slots=True)
class GlassMessage:
    """A message as text. ``attachments``: names only; nothing of them is opened here. ``problem``: why there is no text."""

    received_at: datetime
    subject: str
    sender: str
    text: str
    attachments: tuple[str, ...]
    problem: str = ""


def show(visit: Visit) -> Response:
    return _page(visit)


def ask(visit: Visit) -> Response:
    try:
        visit.site.glass_book.ask(visit.form.text("case_id"), visit.form.text("reason"), by=visit.account)
    except GlassProblem as problem:
        return _page(visit, problem=str(problem), status=422)
    return visit.to("account.glass", flash="Asked for. The chain has mail; a member has to allow it.")


def approve(visit: Visit) -> Response:
    try:
        visit.site.glass_book.approve(visit.path("grant_id"), by=visit.account)
    except GlassProblem as problem:
        return visit.to("account.glass", flash=str(problem), is_problem=True)
    return visit.to("account.glass", flash="Allowed, for some hours. Every look is on the record.")


def end(visit: Visit) -> Response:
    try:
        visit.site.glass_book.end(visit.path("grant_id"), by=visit.account)
    except GlassProblem as problem:
        return visit.to("account.glass", flash=str(problem), is_problem=True)
    return visit.to("account.glass", flash="It opens nothing any more.")


def look(visit: Visit) -> Response:
    """The look is on the record before anything is shown."""
    grant_id = visit.path("grant_id")
    case = visit.site.glass_book.opened(grant_id, account=visit.account)
    if case is None:
        raise NotHere
    visit.site.glass_book.record_look(grant_id, case, by=visit.account)
    with visit.site.store.reading() as transaction:
        messages = transaction.cases.messages(case.id)
    return visit.page("glass_case.html", case=case, messages=[_message(visit, each) for each in messages])


def _message(visit: Visit, message: MessageRecord) -> GlassMessage:
    try:
        facts = read(visit.site.blobs.get(message.blob_id))
    except PermanentFailure:
        return GlassMessage(
            received_at=message.received_at,
            subject=message.subject,
            sender=message.sender,
            text="",
            attachments=(),
            problem="The message does not open: it was shredded, or its file is damaged.",
        )
    return GlassMessage(
        received_at=message.received_at,
        subject=message.subject,
        sender=message.sender,
        text="\n\n".join(text for text in (facts.own_text, facts.quoted_text) if text),
        attachments=tuple(
            attachment.filename or attachment.detected_type for attachment in facts.attachments
        ),
    )


def _page(visit: Visit, *, problem: str = "", status: int = 200) -> Response:
    return visit.page(
        "glass.html",
        status=status,
        problem=problem,
        rows=visit.site.glass_book.rows(visit.account),
        names=visit.site.account_book.names(),
        may_ask=visit.account.role is SiteRole.ADMIN,
        hours=visit.site.settings.glass_seconds // 3600,
        given={name: visit.form.text(name) for name in ("case_id", "reason")},
    )


routes = (
    get("account.glass", "/glass", show),
    post("account.glass.ask", "/glass", ask),
    post("account.glass.approve", "/glass/{grant_id}/approve", approve),
    post("account.glass.end", "/glass/{grant_id}/end", end),
    get("account.glass.look", "/glass/{grant_id}", look),
)
