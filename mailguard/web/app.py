"""The review page as an ASGI application: routes from the pages, and what happens around each of them.

For every request, in this order: the host is ours; the session, if any, is resumed; the access matrix is asked; a form
is read, within bounds, and its origin and token are proved; the endpoint runs in a thread.
SECURITY: hostile are strangers on the network, other pages in the reader's browser, and the mail that pages show.
FAILURE: the site may die at any time; what it changed is one committed transaction or nothing, and the daemon goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import anyio
import anyio.to_thread
import structlog
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from mailguard.app.ports import TemporaryFailure
from mailguard.app.sessions import SignedIn
from mailguard.app.tokens import new_token
from mailguard.domain.account import SessionStage
from mailguard.web import csrf
from mailguard.web.access import Access, access_of, check_matrix
from mailguard.web.cookies import Cookies
from mailguard.web.headers import BodyTooLarge, SecurityHeaders
from mailguard.web.navigation import navigation
from mailguard.web.pages import PAGES
from mailguard.web.refusals import refusal
from mailguard.web.rendering import Rendering, StaticFiles, local_path
from mailguard.web.routing import Method, PageRoute
from mailguard.web.site import Site
from mailguard.web.visit import Form, NotAllowed, NotHere, UploadedFile, Visit

log = structlog.get_logger(__name__)

_MOST_FIELDS = 10_000
_MOST_FORM_BYTES = 2 * 1024 * 1024
_FORM_SECONDS = 120.0
_MOST_FILES = 4
_MOST_PART_BYTES = 16 * 1024 * 1024
_COSTLY_AT_ONCE = 4
_PLAIN_FORM = "application/x-www-form-urlencoded"
# Of a form whose session had ended: what proves somebody, or is worth no copying.
_NEVER_SHOWN = frozenset({csrf.FIELD, "password", "again", "code", "answer", "challenge", "next", "item"})
_LONG_ENOUGH = 12
# How what was typed is named when its session is over; other fields go by their own name.
_TYPED_WORDS = {
    "words": "Your words",
    "reason": "Why",
    "note": "In words",
    "quoted": "The comment",
    "recipient": "Who gets the letter",
    "children": "Children it concerns",
}
_STATIC_SECONDS = 31_536_000


def make_app(site: Site, pages: Sequence[PageRoute] = PAGES) -> Starlette:
    """Raises AccessProblem when a route has no row in the access matrix, or a row no route."""
    check_matrix(["static", *(page.name for page in pages)])
    static = StaticFiles()
    cookies = Cookies(site.seals, is_https=site.settings.is_https)
    app = Starlette(
        middleware=[Middleware(SecurityHeaders, hosts=site.hosts, is_https=site.settings.is_https)]
    )

    def url_path(name: str, parameters: Mapping[str, Any]) -> str:
        return str(app.url_path_for(name, **{key: str(value) for key, value in parameters.items()}))

    names = frozenset(page.name for page in pages)
    rendering = Rendering(
        url_path=url_path,
        names=names,
        static=static,
        zone=site.zone,
        clock=site.clock,
        more={
            "navigation": partial(navigation, names=names),
            "school_name": site.effects.school_name,
            "role_title": partial(_role_title, site),
            "csrf_field": csrf.FIELD,
        },
    )
    door = _Door(site, rendering, cookies)
    routes = [
        Route(page.path, partial(door.answer, page), methods=[page.method.value], name=page.name)
        for page in pages
    ]
    app.router.routes.extend(routes)
    app.router.routes.append(
        Route("/static/{name}", partial(_static, static), methods=["GET"], name="static")
    )
    app.add_exception_handler(HTTPException, door.refuse_http)
    return app


class _Door:
    """Lets requests in to their endpoints."""

    def __init__(self, site: Site, rendering: Rendering, cookies: Cookies) -> None:
        self._site = site
        self._rendering = rendering
        self._cookies = cookies
        self._costly: anyio.CapacityLimiter | None = None

    async def answer(self, page: PageRoute, request: Request) -> Response:
        """The edge of a request: whatever fails behind it becomes a page that says so, with its status."""
        try:
            return await self._answer(page, request)
        except NotHere:
            return await self._refuse(request, 404)
        except NotAllowed as problem:
            return await self._refuse(request, 403, says=str(problem))
        except BodyTooLarge:
            return await self._refuse(request, 413)
        except HTTPException as problem:
            return await self._refuse(request, problem.status_code)
        except TemporaryFailure as problem:
            log.error("page_failed_for_now", route=page.name, exc_info=problem)
            return await self._refuse(request, 503)
        except Exception as problem:
            log.error("page_failed", route=page.name, exc_info=problem)
            return await self._refuse(request, 500)

    async def refuse_http(self, request: Request, problem: Exception) -> Response:
        """What no route takes."""
        return await self._refuse(request, problem.status_code if isinstance(problem, HTTPException) else 500)

    async def _answer(self, page: PageRoute, request: Request) -> Response:
        access = access_of(page.name)
        signed_in = await self._resume(request, is_use=not page.is_background)
        if signed_in is None and not access.is_public and self._is_interrupted(request, page):
            return await self._session_over(request)
        turned_away = self._turn_away(request, page, access, signed_in)
        if turned_away is not None:
            return turned_away
        visitor = self._cookies.visitor(request)
        is_new_visitor = not visitor and signed_in is None
        visitor = visitor or new_token()
        binding = signed_in.session.token_hash if signed_in is not None else visitor
        form = Form()
        if page.method is Method.POST:
            if not csrf.is_same_origin(request):
                raise NotAllowed("This form was not sent from this site. Nothing was changed.")
            form = await _form(request, page)
            if is_new_visitor or not self._site.seals.is_csrf_token(form.raw(csrf.FIELD), binding):
                raise NotAllowed(
                    "This page was open for too long, or in another window. Nothing was changed: "
                    "go back, load it again, and send it once more."
                )
        visit = self._visit(request, page.name, form=form, binding=binding, signed_in=signed_in)
        response = await self._run(page, visit)
        if is_new_visitor:
            self._cookies.set_visitor(response, visitor)
        return response

    async def _resume(self, request: Request, *, is_use: bool = True) -> SignedIn | None:
        token = self._cookies.token(request)
        resume = partial(self._site.sessions.resume, token, is_use=is_use)
        return await run_in_threadpool(resume) if token else None

    def _turn_away(
        self, request: Request, page: PageRoute, access: Access, signed_in: SignedIn | None
    ) -> Response | None:
        """None for whoever may come in."""
        if signed_in is None:
            return None if access.is_public else self._to_sign_in(request, page)
        is_enrolling = signed_in.session.stage is SessionStage.ENROLLING
        if is_enrolling and not (access.is_enrolling or access.is_public):
            return RedirectResponse(self._rendering.url("enrol"), status_code=303)
        if not is_enrolling and signed_in.account.role not in access.roles:
            raise NotAllowed("")
        if access.is_fresh and self._site.clock.now() >= signed_in.session.fresh_until:
            back = request.url.path if page.method is Method.GET else _form_page(request)
            return RedirectResponse(self._rendering.with_next("confirm", back), status_code=303)
        return None

    def _is_interrupted(self, request: Request, page: PageRoute) -> bool:
        """A form of our own pages, sent when the session had ended: what somebody typed shall not be lost."""
        return (
            page.method is Method.POST
            and bool(self._cookies.token(request))
            and request.headers.get("content-type", "").lower().startswith(_PLAIN_FORM)
            and csrf.is_same_origin(request)
        )

    async def _session_over(self, request: Request) -> Response:
        """401, and what was typed, to be copied: it is in the request, and nothing of it is kept here."""
        form = await _plain_form_of(request)
        typed = [
            (_TYPED_WORDS.get(name) or name.replace("_", " ").capitalize(), value)
            for name, values in form.fields.items()
            for value in values
            if name not in _NEVER_SHOWN and (len(value) > _LONG_ENOUGH or "\n" in value.strip())
        ]
        visit = self._visit(request, "", form=Form(), binding="", signed_in=None)
        again = self._rendering.with_next("sign-in", _form_page(request))
        idle_minutes = int(self._site.settings.idle_seconds // 60)
        return visit.page(
            "session_over.html", status=401, typed=typed, again=again, idle_minutes=idle_minutes
        )

    def _to_sign_in(self, request: Request, page: PageRoute) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        back = f"{request.url.path}{query}" if page.method is Method.GET else ""
        response = RedirectResponse(self._rendering.with_next("sign-in", back), status_code=303)
        if self._cookies.token(request):
            self._cookies.clear_token(response)
            self._cookies.set_flash(response, "You were signed out. Please sign in again.", is_problem=False)
        return response

    def _visit(
        self, request: Request, name: str, *, form: Form, binding: str, signed_in: SignedIn | None
    ) -> Visit:
        return Visit(
            request=request,
            site=self._site,
            rendering=self._rendering,
            cookies=self._cookies,
            route_name=name,
            now=self._site.clock.now(),
            form=form,
            csrf_token=self._site.seals.csrf_token(binding) if binding else "",
            session=signed_in.session if signed_in is not None else None,
            signed_in=signed_in.account if signed_in is not None else None,
        )

    async def _run(self, page: PageRoute, visit: Visit) -> Response:
        if not page.is_costly:
            return await run_in_threadpool(page.endpoint, visit)
        # Made here because it belongs to the running event loop.
        if self._costly is None:
            self._costly = anyio.CapacityLimiter(_COSTLY_AT_ONCE)
        return await anyio.to_thread.run_sync(page.endpoint, visit, limiter=self._costly)

    async def _refuse(self, request: Request, status: int, *, says: str = "") -> Response:
        """An error page. It asks the store for nothing but who is there, and not even that when the store fails."""
        signed_in = None
        if status not in (500, 503):
            try:
                signed_in = await self._resume(request)
            except TemporaryFailure:
                status = 503
        is_full = signed_in is not None and signed_in.session.stage is SessionStage.FULL
        binding = signed_in.session.token_hash if signed_in is not None else ""
        visit = self._visit(
            request, "", form=Form(), binding=binding, signed_in=signed_in if is_full else None
        )
        return visit.page("error.html", status=status, refusal=refusal(status, says))


def _form_page(request: Request) -> str:
    """The path of the page that the form stood on, for going back to it; "" when the browser does not say."""
    try:
        return local_path(urlsplit(request.headers.get("referer", "")).path)
    except ValueError:
        return ""


async def _form(request: Request, page: PageRoute) -> Form:
    """Raises NotAllowed for more than a form of ours can hold, BodyTooLarge, HTTPException for one that never ends."""
    kind = request.headers.get("content-type", "").lower()
    if not (page.takes_files and kind.startswith("multipart/form-data")):
        return await _plain_form_of(request)
    try:
        with anyio.fail_after(_FORM_SECONDS):
            return await _form_with_files(request, kind)
    except TimeoutError:
        raise HTTPException(408) from None
    except (MultiPartException, ValueError) as problem:
        raise NotAllowed("This form could not be read. Nothing was changed.") from problem


async def _plain_form_of(request: Request) -> Form:
    """As ``_form``, of a form without files."""
    try:
        with anyio.fail_after(_FORM_SECONDS):
            return _plain_form(await _body(request))
    except TimeoutError:
        raise HTTPException(408) from None
    except ValueError as problem:
        raise NotAllowed("This form could not be read. Nothing was changed.") from problem


async def _body(request: Request) -> bytes:
    taken = bytearray()
    async for piece in request.stream():
        taken += piece
        if len(taken) > _MOST_FORM_BYTES:
            raise BodyTooLarge
    return bytes(taken)


def _plain_form(body: bytes) -> Form:
    """Raises ValueError for too many fields, before any is taken apart: strangers may send this."""
    pairs = parse_qsl(
        body.decode("latin-1"), keep_blank_values=True, errors="replace", max_num_fields=_MOST_FIELDS
    )
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return Form(fields={name: tuple(values) for name, values in fields.items()})


async def _form_with_files(request: Request, kind: str) -> Form:
    """Only for who may send files: somebody signed in. Raises ValueError for letters in another code than UTF-8."""
    if "charset" in kind and "charset=utf-8" not in kind.replace('"', "").replace(" ", ""):
        raise ValueError("a form of ours is UTF-8")
    data: FormData = await request.form(
        max_files=_MOST_FILES, max_fields=_MOST_FIELDS, max_part_size=_MOST_PART_BYTES
    )
    fields: dict[str, list[str]] = {}
    uploads: dict[str, UploadedFile] = {}
    for name, value in data.multi_items():
        if isinstance(value, UploadFile):
            if value.filename:
                uploads[name] = UploadedFile(name=value.filename, content=await value.read())
        else:
            fields.setdefault(name, []).append(value)
    await data.close()
    return Form(fields={name: tuple(values) for name, values in fields.items()}, files=uploads)


async def _static(static: StaticFiles, request: Request) -> Response:
    found = static.content(str(request.path_params["name"]))
    if found is None:
        raise HTTPException(404)
    content, content_type = found
    headers = {"Cache-Control": f"public, max-age={_STATIC_SECONDS}, immutable"}
    return Response(content, media_type=content_type, headers=headers)


def _role_title(site: Site, role: Any) -> str:
    """How this school calls a role of an account."""
    chain_role = role.chain_role
    return site.effects.title(chain_role) if chain_role is not None else str(role.value).capitalize()
