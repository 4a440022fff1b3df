"""One request as a page sees it: who is there, what the form says, and the ways to answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from mailguard.app.account_records import Account, Session
from mailguard.app.ports_store import CaseRecord
from mailguard.domain.typed import whole_number
from mailguard.web.browser_words import browser_words
from mailguard.web.cookies import Cookies
from mailguard.web.rendering import Rendering
from mailguard.web.site import Site

_MOST_PAGES = 10_000_000


class NotHere(Exception):
    """404: there is no such thing, or none that this person may know of. Both look the same."""


class NotAllowed(Exception):
    """403, with words for the person."""


@dataclass(frozen=True, slots=True)
class UploadedFile:
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """What a form sent. Fields may come several times (checkboxes)."""

    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: Mapping[str, UploadedFile] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Stripped; "" when it is not there."""
        values = self.fields.get(name, ())
        return values[0].strip() if values else ""

    def raw(self, name: str) -> str:
        """As typed, for passwords."""
        values = self.fields.get(name, ())
        return values[0] if values else ""

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(value.strip() for value in self.fields.get(name, ()))

    def file(self, name: str) -> UploadedFile | None:
        """None when none was chosen."""
        return self.files.get(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """``session`` and ``signed_in`` are None for whoever has not signed in. ``now``: when the request came."""

    request: Request
    site: Site
    rendering: Rendering
    cookies: Cookies
    route_name: str
    now: datetime
    form: Form
    csrf_token: str
    session: Session | None = None
    signed_in: Account | None = None

    @property
    def account(self) -> Account:
        """Who is signed in. On a route that is not public there always is somebody."""
        if self.signed_in is None:
            raise NotAllowed("Please sign in first.")
        return self.signed_in

    @property
    def is_fresh(self) -> bool:
        """Whether this person has just proved who they are."""
        return self.session is not None and self.now < self.session.fresh_until

    @property
    def client_ip(self) -> str:
        return self.request.client.host if self.request.client is not None else ""

    @property
    def client_words(self) -> str:
        """What the list of sessions shows: "Firefox on Windows, from 192.0.2.1"."""
        words = browser_words(self.request.headers.get("user-agent", ""))
        return f"{words}, from {self.client_ip}" if self.client_ip else words

    def path(self, name: str) -> str:
        """A part of the address, such as ``case_id`` of /case/{case_id}."""
        return str(self.request.path_params[name])

    def query(self, name: str) -> str:
        """Of the address after "?", stripped; "" when it is not there."""
        return self.request.query_params.get(name, "").strip()

    def queries(self, name: str) -> tuple[str, ...]:
        return tuple(value.strip() for value in self.request.query_params.getlist(name))

    @property
    def page_number(self) -> int:
        """``?page=``, from 1; anything odd is 1."""
        return whole_number(self.query("page"), most=_MOST_PAGES) or 1

    def may_see(self, case: CaseRecord) -> bool:
        """Whether this case exists for the person: never one that they are a subject of."""
        with self.site.store.reading() as transaction:
            return self.site.review.queue.is_open_to(case.id, self.account, transaction)

    def url(self, route: str, /, **parameters: Any) -> str:
        return self.rendering.url(route, **parameters)

    def page(self, template: str, *, status: int = 200, **context: Any) -> Response:
        """The template with ``visit`` and the context. Flash words that wait are shown, and gone with it."""
        flash = self.cookies.flash(self.request)
        html = self.rendering.render(template, visit=self, flash=flash, **context)
        response = HTMLResponse(html, status_code=status)
        if flash is not None:
            self.cookies.clear_flash(response)
        return response

    def to(
        self,
        route: str,
        /,
        *,
        flash: str = "",
        is_problem: bool = False,
        query: Mapping[str, str] | None = None,
        **parameters: Any,
    ) -> Response:
        """After a POST: 303 to another page. ``flash``: one sentence that it will show."""
        target = self.url(route, **parameters) + (f"?{urlencode(query)}" if query else "")
        return self.to_path(target, flash=flash, is_problem=is_problem)

    def to_path(self, path: str, *, flash: str = "", is_problem: bool = False) -> Response:
        """303 to a path of this site (``rendering.local_path`` has checked it)."""
        response = RedirectResponse(path, status_code=303)
        if flash:
            self.cookies.set_flash(response, flash, is_problem=is_problem)
        return response
