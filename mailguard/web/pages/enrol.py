"""The first sign-in in three steps: a password, a telephone, recovery codes."""

from __future__ import annotations

from starlette.responses import Response

from mailguard.app.account_records import Session
from mailguard.app.enrolment import EnrolmentStep
from mailguard.app.one_time_codes import grouped
from mailguard.web.qr import qr_address
from mailguard.web.routing import get, post
from mailguard.web.visit import NotAllowed, Visit

_WRONG_CODE = "That is not the code that your app shows for this entry. Wait for the next one and try again."
_NO_LONGER = "Your one-time password was withdrawn or has expired. Ask for a new one."


def show(visit: Visit) -> Response:
    """The step that comes next."""
    return _step(visit)


def set_password(visit: Visit) -> Response:
    session = _session(visit)
    password = visit.form.raw("password")
    if password != visit.form.raw("again"):
        return _step(visit, problem="The two are not the same. Type the password twice.", status=422)
    problem = visit.site.enrolment.set_password(session, visit.account, password)
    return _step(visit, problem=problem, status=422) if problem else visit.to("enrol")


def prove_phone(visit: Visit) -> Response:
    if not visit.site.enrolment.prove_phone(_session(visit), visit.form.text("code")):
        return _step(visit, problem=_WRONG_CODE, status=422)
    return visit.to("enrol")


def keep_codes(visit: Visit) -> Response:
    begun = visit.site.enrolment.finish(_session(visit), visit.account, client=visit.client_words)
    if begun is None:
        response = visit.to("sign-in", flash=_NO_LONGER, is_problem=True)
        visit.cookies.clear_token(response)
        return response
    response = visit.to("start", flash="Your account is ready. Welcome.")
    visit.cookies.set_token(response, begun.token)
    visit.cookies.know_browser(visit.request, response, visit.account.id)
    return response


def _step(visit: Visit, *, problem: str = "", status: int = 200) -> Response:
    session, enrolment = _session(visit), visit.site.enrolment
    match enrolment.step(session):
        case EnrolmentStep.PASSWORD:
            return visit.page("enrol_password.html", status=status, problem=problem)
        case EnrolmentStep.PHONE:
            phone = enrolment.phone_secret(session, visit.account)
            return visit.page(
                "enrol_phone.html",
                status=status,
                problem=problem,
                qr=qr_address(phone.address),
                secret=grouped(phone.secret),
                address=phone.address,
            )
        case EnrolmentStep.CODES:
            codes = [str(code) for code in session.notes["recovery_codes"]]
            return visit.page("enrol_codes.html", status=status, codes=codes)


def _session(visit: Visit) -> Session:
    if visit.session is None:
        raise NotAllowed("Please sign in first.")
    return visit.session


routes = (
    get("enrol", "/first-sign-in", show),
    post("enrol.password", "/first-sign-in/password", set_password, is_costly=True),
    post("enrol.phone", "/first-sign-in/phone", prove_phone),
    post("enrol.codes", "/first-sign-in/recovery-codes", keep_codes),
)
