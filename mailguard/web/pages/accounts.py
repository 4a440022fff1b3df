"""Everybody's accounts: who may sign in, invitations that wait, and what the second member approves."""

from __future__ import annotations

from starlette.responses import Response

from mailguard.app.account_book import CONSOLE, AccountProblem, Issued
from mailguard.domain.account import SiteRole
from mailguard.web.routing import get, post
from mailguard.web.visit import Visit


def show(visit: Visit) -> Response:
    book = visit.site.account_book
    invitations = book.open_invitations()
    return visit.page(
        "accounts.html",
        accounts=book.all(),
        invitations=[
            {
                "invitation": invitation,
                "is_waiting": invitation.needs_second and invitation.approved_at is None,
                "may_approve": book.may_approve(invitation, visit.account),
            }
            for invitation in invitations
        ],
        names={CONSOLE: "the server's console", **book.names()},
    )


def show_new(visit: Visit) -> Response:
    return _new(visit)


def create(visit: Visit) -> Response:
    role = visit.form.text("role")
    if role not in set(SiteRole):
        return _new(visit, problem="Choose what the person may do.", status=422)
    try:
        issued = visit.site.account_book.create(
            name=visit.form.text("name"),
            address=visit.form.text("address"),
            role=SiteRole(role),
            by=visit.account,
            reason=visit.form.text("reason"),
        )
    except AccountProblem as problem:
        return _new(visit, problem=str(problem), status=422)
    return _issued(visit, issued)


def reset(visit: Visit) -> Response:
    try:
        issued = visit.site.account_book.reset(
            visit.path("account_id"), by=visit.account, reason=visit.form.text("reason")
        )
    except AccountProblem as problem:
        return visit.to("account.people", flash=str(problem), is_problem=True)
    return _issued(visit, issued)


def disable(visit: Visit) -> Response:
    try:
        visit.site.account_book.disable(visit.path("account_id"), by=visit.account)
    except AccountProblem as problem:
        return visit.to("account.people", flash=str(problem), is_problem=True)
    return visit.to("account.people", flash="The account is switched off, and signed out everywhere.")


def approve(visit: Visit) -> Response:
    try:
        issued = visit.site.account_book.approve(visit.path("invitation_id"), by=visit.account)
    except AccountProblem as problem:
        return visit.to("account.people", flash=str(problem), is_problem=True)
    return _issued(visit, issued)


def withdraw(visit: Visit) -> Response:
    try:
        visit.site.account_book.withdraw(visit.path("invitation_id"), by=visit.account)
    except AccountProblem as problem:
        return visit.to("account.people", flash=str(problem), is_problem=True)
    return visit.to("account.people", flash="The invitation opens nothing any more.")


def _new(visit: Visit, *, problem: str = "", status: int = 200) -> Response:
    fields = ("name", "address", "role", "reason")
    return visit.page(
        "account_new.html",
        status=status,
        problem=problem,
        given={name: visit.form.text(name) for name in fields},
        roles=list(SiteRole),
    )


def _issued(visit: Visit, issued: Issued) -> Response:
    """A one-time password is shown in this answer and never again, so not by way of a redirect."""
    if not issued.one_time_password:
        return visit.to(
            "account.people", flash="Asked for. Another member of the chain has to approve it; all have mail."
        )
    return visit.page("account_issued.html", issued=issued)


routes = (
    get("account.people", "/accounts", show),
    get("account.people.new", "/accounts/new", show_new),
    post("account.people.create", "/accounts/new", create),
    post("account.people.reset", "/accounts/{account_id}/reset", reset),
    post("account.people.disable", "/accounts/{account_id}/disable", disable),
    post("account.invitation.approve", "/invitations/{invitation_id}/approve", approve),
    post("account.invitation.withdraw", "/invitations/{invitation_id}/withdraw", withdraw),
)
