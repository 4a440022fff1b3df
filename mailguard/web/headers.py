"""What every answer carries, and which requests are refused before anything looks at them.

SECURITY: the answers hold children's words. Nothing but this site's own style, script and pictures is loaded, nothing
frames it, no browser or proxy keeps a copy. A request for another host (DNS rebinding) or with an endless body ends
here.
"""

from __future__ import annotations

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self' data:",
        "script-src 'self'",
        "connect-src 'self'",
        "frame-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # no-referrer would make browsers send "Origin: null" with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
}
_STRICT_TRANSPORT = "max-age=31536000"
MOST_BODY_BYTES = 32 * 1024 * 1024
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?")


class SecurityHeaders:
    """ASGI middleware. A page may set a header of its own (a sandboxed view's policy): it stays."""

    def __init__(self, app: ASGIApp, *, hosts: frozenset[str], is_https: bool) -> None:
        self._app = app
        self._hosts = hosts
        self._headers = dict(_HEADERS)
        if is_https:
            self._headers["Strict-Transport-Security"] = _STRICT_TRANSPORT

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        headers = Headers(scope=scope)
        if host_name(headers.get("host", "")) not in self._hosts:
            refusal = PlainTextResponse("This server does not answer to that name.\n", status_code=400)
            await refusal(scope, receive, send_with_headers)
            return
        length = headers.get("content-length", "0")
        is_number = length.isascii() and length.isdigit() and len(length) < 12
        if not is_number or int(length) > MOST_BODY_BYTES:
            await _too_large()(scope, receive, send_with_headers)
            return
        await self._app(scope, _bounded(receive), send_with_headers)


class BodyTooLarge(Exception):
    """A body without a length went on for too long."""


def host_name(host: str) -> str:
    """Of a Host header: without port, lower case; "" when it is no name or address with at most a port."""
    form = _HOST.fullmatch(host)
    return form[1].strip("[]").lower() if form else ""


def _bounded(receive: Receive) -> Receive:
    taken = 0

    async def receive_some() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > MOST_BODY_BYTES:
            raise BodyTooLarge
        return message

    return receive_some


def _too_large() -> PlainTextResponse:
    return PlainTextResponse("That is more than this site takes at once.\n", status_code=413)
