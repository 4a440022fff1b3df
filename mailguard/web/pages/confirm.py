"""Proving again who is there, before something that a borrowed computer should not do."""

from __future__ import annotations

from datetime import datetime

from starlette.responses import Response

from mailguard.web.pages.passkey import sign_in_offer
from mailguard.web.pages.sign_in import locked_words
from mailguard.web.rendering import local_path
from mailguard.web.routing import get, post
from mailguard.web.visit import NotAllowed, Visit

_NOT_RIGHT = "Password or code is not right. Each code of your app works once: wait for the next one."


def show(visit: Visit) -> Response:
    return _form(visit)


def confirm(visit: Visit) -> Response:
    if visit.session is None:
        raise NotAllowed("Please sign in first.")
    answer = visit.site.sign_in.confirm(
        visit.account,
        session_id=visit.session.id,
        password=visit.form.raw("password"),
        code=visit.form.text("code"),
        client_ip=visit.client_ip,
    )
    if isinstance(answer, datetime):
        return _form(visit, problem=locked_words(answer, visit.now), status=429)
    if not answer:
        return _form(visit, problem=_NOT_RIGHT, status=401)
    return visit.to_path(local_path(visit.form.text("next")) or visit.url("start"))


def _form(visit: Visit, *, problem: str = "", status: int = 200) -> Response:
    back = local_path(visit.form.text("next") or visit.query("next"))
    has_passkeys = bool(visit.site.passkeys.of(visit.account))
    offer = sign_in_offer(visit) if has_passkeys else None
    return visit.page("confirm.html", status=status, problem=problem, next=back, offer=offer)


routes = (
    get("confirm", "/confirm", show),
    post("confirm.do", "/confirm", confirm, is_costly=True),
)
