"""Forms come from our own pages only: the browser says so, and a token bound to the session proves it.

SECURITY: a hostile page that the Head has open in another tab can make the browser send forms here.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request

FIELD = "csrf_token"


def is_same_origin(request: Request) -> bool:
    """What the browser itself says: Sec-Fetch-Site where it is sent, and Origin. One of them must be there."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None and site != "same-origin":
        return False
    if origin is not None:
        return origin != "null" and _host_of(origin) == request.headers.get("host", "").lower()
    return site is not None


def _host_of(origin: str) -> str:
    """ "" for what is no address."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
