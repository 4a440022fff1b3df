"""Signing in and out."""

from __future__ import annotations

from datetime import datetime

from starlette.responses import Response

from mailguard.app.sign_in import Credentials, NotRecognised, TooManyTries, WaitsForSecond, Welcome
from mailguard.domain.account import SessionStage
from mailguard.web.pages.passkey import sign_in_offer
from mailguard.web.rendering import local_path, plural
from mailguard.web.routing import get, post
from mailguard.web.times import distance
from mailguard.web.visit import Visit

_NOT_RECOGNISED = "Address, password or code is not right. Check all three and try again."
_WAITS = (
    "Your one-time password is right, but a second member of the chain has not approved it yet. "
    "Ask them to, then come back."
)


def show(visit: Visit) -> Response:
    if visit.signed_in is not None:
        return visit.to("start")
    return _form(visit)


def sign_in(visit: Visit) -> Response:
    credentials = Credentials(
        address=visit.form.text("address"),
        password=visit.form.raw("password"),
        code=visit.form.text("code"),
        client_ip=visit.client_ip,
        client=visit.client_words,
        known_browsers=visit.cookies.known_browsers(visit.request),
    )
    match visit.site.sign_in.try_to(credentials):
        case Welcome() as welcome:
            return _welcome(visit, welcome)
        case NotRecognised():
            return _form(visit, problem=_NOT_RECOGNISED, status=401)
        case WaitsForSecond():
            return _form(visit, problem=_WAITS, status=403)
        case TooManyTries(until):
            return _form(visit, problem=locked_words(until, visit.now), status=429)


def sign_out(visit: Visit) -> Response:
    if visit.session is not None:
        visit.site.sessions.end(visit.session.id, by=visit.account)
    response = visit.to("sign-in", flash="You are signed out.")
    visit.cookies.clear_token(response)
    return response


def locked_words(until: datetime, now: datetime) -> str:
    return (
        f"Too many tries from here. You can try again {distance(until, now)}; nothing is lost. "
        "If it was not you who tried, tell your IT admin."
    )


def _welcome(visit: Visit, welcome: Welcome) -> Response:
    is_full = welcome.begun.session.stage is SessionStage.FULL
    flash = ""
    if welcome.used_recovery_code:
        flash = f"Signed in with a recovery code. {plural(welcome.codes_left, 'code')} left."
    back = local_path(visit.form.text("next"))
    target = back or visit.url("start")
    response = visit.to_path(target if is_full else visit.url("enrol"), flash=flash)
    visit.cookies.set_token(response, welcome.begun.token)
    if is_full:
        visit.cookies.know_browser(visit.request, response, welcome.account.id)
    return response


def _form(visit: Visit, *, problem: str = "", status: int = 200) -> Response:
    return visit.page(
        "sign_in.html",
        status=status,
        problem=problem,
        address=visit.form.text("address"),
        next=local_path(visit.form.text("next") or visit.query("next")),
        offer=sign_in_offer(visit),
    )


routes = (
    get("sign-in", "/sign-in", show),
    post("sign-in.do", "/sign-in", sign_in, is_costly=True),
    post("sign-out", "/sign-out", sign_out),
)
