"""One's own account: who one is here, where one is signed in, and what proves it."""

from __future__ import annotations

from starlette.responses import Response

from mailguard.app.account_records import Session
from mailguard.app.one_time_codes import grouped
from mailguard.web.qr import qr_address
from mailguard.web.rendering import plural
from mailguard.web.routing import get, post
from mailguard.web.visit import NotAllowed, NotHere, Visit


def show(visit: Visit) -> Response:
    return visit.page(
        "account.html",
        sessions=visit.site.sessions.of(visit.account.id),
        codes_left=visit.site.own_account.recovery_codes_left(visit.account),
    )


def show_password(visit: Visit) -> Response:
    return visit.page("account_password.html", problem="")


def set_password(visit: Visit) -> Response:
    password = visit.form.raw("password")
    if password != visit.form.raw("again"):
        problem = "The two are not the same. Type the password twice."
    else:
        problem = visit.site.own_account.set_password(_session(visit), visit.account, password)
    if problem:
        return visit.page("account_password.html", status=422, problem=problem)
    return visit.to("account", flash="Your password is changed. Other browsers were signed out.")


def begin_phone(visit: Visit) -> Response:
    visit.site.own_account.begin_phone(_session(visit))
    return visit.to("account.phone")


def show_phone(visit: Visit) -> Response:
    return _phone(visit)


def prove_phone(visit: Visit) -> Response:
    if not visit.site.own_account.prove_phone(_session(visit), visit.account, visit.form.text("code")):
        problem = "That is not the code that your app shows for the new entry. Wait for the next one."
        return _phone(visit, problem=problem, status=422)
    return visit.to("account", flash="Your new phone is set up. Remove the old entry from the old one.")


def make_codes(visit: Visit) -> Response:
    """Shown in this answer and never again, so not by way of a redirect."""
    codes = visit.site.own_account.new_recovery_codes(_session(visit), visit.account)
    return visit.page("account_codes.html", codes=codes)


def end_session(visit: Visit) -> Response:
    if not visit.site.sessions.end(visit.form.text("session"), by=visit.account):
        raise NotHere
    return visit.to("account", flash="That browser is signed out.")


def end_sessions(visit: Visit) -> Response:
    ended = visit.site.own_account.end_other_sessions(_session(visit), visit.account)
    return visit.to("account", flash=f"{plural(ended, 'other browser')} signed out.")


def _phone(visit: Visit, *, problem: str = "", status: int = 200) -> Response:
    phone = visit.site.own_account.phone_secret(_session(visit), visit.account)
    if phone is None:
        raise NotHere
    return visit.page(
        "account_phone.html",
        status=status,
        problem=problem,
        qr=qr_address(phone.address),
        secret=grouped(phone.secret),
        address=phone.address,
    )


def _session(visit: Visit) -> Session:
    if visit.session is None:
        raise NotAllowed("Please sign in first.")
    return visit.session


routes = (
    get("account", "/account", show),
    get("account.password", "/account/password", show_password),
    post("account.password.do", "/account/password", set_password, is_costly=True),
    get("account.phone", "/account/phone", show_phone),
    post("account.phone.begin", "/account/phone/begin", begin_phone),
    post("account.phone.prove", "/account/phone", prove_phone),
    post("account.codes", "/account/recovery-codes", make_codes),
    post("account.session.end", "/account/sessions/end", end_session),
    post("account.sessions.end", "/account/sessions/end-others", end_sessions),
)
