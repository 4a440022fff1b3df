"""How a page is declared: one ``PageRoute`` for each name, path and method."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from starlette.responses import Response

if TYPE_CHECKING:
    from mailguard.web.visit import Visit

Endpoint = Callable[["Visit"], Response]
"""Runs in a thread: it may block. A GET endpoint changes nothing but what view it records."""


class Method(StrEnum):
    GET = "GET"
    POST = "POST"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRoute:
    """``name`` has a row in ``access.ROUTES``, or the site does not start.

    ``takes_files``: the form may carry uploads. ``is_costly``: few at a time (password hashes, large exports).
    ``is_background``: asked by a script of the page itself, so it does not count as using the session.
    """

    name: str
    path: str
    endpoint: Endpoint
    method: Method = Method.GET
    takes_files: bool = False
    is_costly: bool = False
    is_background: bool = False


def get(
    name: str, path: str, endpoint: Endpoint, *, is_costly: bool = False, is_background: bool = False
) -> PageRoute:
    return PageRoute(
        name=name, path=path, endpoint=endpoint, is_costly=is_costly, is_background=is_background
    )


def post(
    name: str, path: str, endpoint: Endpoint, *, takes_files: bool = False, is_costly: bool = False
) -> PageRoute:
    return PageRoute(
        name=name,
        path=path,
        endpoint=endpoint,
        method=Method.POST,
        takes_files=takes_files,
        is_costly=is_costly,
    )
