"""Who is away, and who reads in their place."""

from __future__ import annotations

from datetime import date

from starlette.responses import Response

from mailguard.app.rota_book import CHAIN, RotaProblem
from mailguard.domain.typed import calendar_day
from mailguard.domain.words import Role
from mailguard.web.routing import get, post
from mailguard.web.visit import Visit

_FIELDS = ("role", "first_day", "last_day", "acting_address")


def show(visit: Visit) -> Response:
    return _page(visit)


def add(visit: Visit) -> Response:
    form = visit.form
    try:
        role: Role | None = Role(form.text("role"))
    except ValueError:
        role = None
    first_day, last_day = calendar_day(form.text("first_day")), calendar_day(form.text("last_day"))
    if role is None or first_day is None or last_day is None:
        return _page(visit, problem="Choose who is away, the first day and the last.", status=422)
    try:
        visit.site.rota_book.add(
            role=role,
            first_day=first_day,
            last_day=last_day,
            acting_address=form.text("acting_address"),
            by=visit.account,
        )
    except RotaProblem as problem:
        return _page(visit, problem=str(problem), status=422)
    return visit.to(
        "account.rota", flash="Noted. From the first day on reports go the other way; the chain has mail."
    )


def withdraw(visit: Visit) -> Response:
    try:
        visit.site.rota_book.withdraw(visit.form.text("absence"), by=visit.account)
    except RotaProblem as problem:
        return visit.to("account.rota", flash=str(problem), is_problem=True)
    return visit.to("account.rota", flash="Taken back.")


def _page(visit: Visit, *, problem: str = "", status: int = 200) -> Response:
    readers, effects = visit.site.readers, visit.site.effects

    def reader_name(role: Role, day: date) -> str:
        reader = readers.daily_reader(role, day)
        return reader.name if reader is not None else ""

    return visit.page(
        "rota.html",
        status=status,
        problem=problem,
        days=visit.site.rota_book.days(reader_name),
        given={name: visit.form.text(name) for name in _FIELDS},
        choices=[(role.value, effects.contacts[role].name) for role in CHAIN if role in effects.contacts],
        may_change=visit.account.reads_content,
        today=visit.site.today.isoformat(),
    )


routes = (
    get("account.rota", "/rota", show),
    post("account.rota.add", "/rota", add),
    post("account.rota.withdraw", "/rota/withdraw", withdraw),
)
