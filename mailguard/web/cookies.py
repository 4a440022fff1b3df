"""The site's cookies: the session's token, a visitor's mark for forms, flash words, and browsers known to accounts.

All are HttpOnly and SameSite=Strict; over https they are Secure and their names begin with __Host-, so that no other
host of the school's domain can plant one.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from mailguard.app.tokens import new_token
from mailguard.web.seals import Seals

_FLASH_SECONDS = 120
_BROWSER_SECONDS = 31_536_000
_MOST_KNOWN = 4


@dataclass(frozen=True, slots=True)
class Flash:
    text: str
    is_problem: bool


class Cookies:
    def __init__(self, seals: Seals, *, is_https: bool) -> None:
        self._seals = seals
        self._is_https = is_https
        prefix = "__Host-mailguard" if is_https else "mailguard"
        self.session_name = prefix
        self.visitor_name = f"{prefix}-visitor"
        self._flash_name = f"{prefix}-flash"
        self._browser_name = f"{prefix}-browser"

    def token(self, request: Request) -> str:
        return request.cookies.get(self.session_name, "")

    def set_token(self, response: Response, token: str) -> None:
        """Until the browser closes; the store ends it earlier."""
        self._set(response, self.session_name, token, seconds=None)

    def clear_token(self, response: Response) -> None:
        self._delete(response, self.session_name)

    def visitor(self, request: Request) -> str:
        """What forms are bound to before anybody has signed in; "" when the browser has none yet."""
        return request.cookies.get(self.visitor_name, "")

    def set_visitor(self, response: Response, mark: str) -> None:
        self._set(response, self.visitor_name, mark, seconds=None)

    def flash(self, request: Request) -> Flash | None:
        value = self._seals.unwrap("flash", request.cookies.get(self._flash_name, ""))
        if not isinstance(value, list) or len(value) != 2:
            return None
        return Flash(text=str(value[0]), is_problem=bool(value[1]))

    def set_flash(self, response: Response, text: str, *, is_problem: bool) -> None:
        """``text`` is one sentence without content of any message: it lies in the browser for a moment."""
        value = self._seals.wrap("flash", [text, is_problem])
        self._set(response, self._flash_name, value, seconds=_FLASH_SECONDS)

    def clear_flash(self, response: Response) -> None:
        self._delete(response, self._flash_name)

    def known_browsers(self, request: Request) -> tuple[tuple[str, str], ...]:
        """(account id, mark) of the accounts that this browser has signed in to."""
        value = self._seals.unwrap("browser", request.cookies.get(self._browser_name, ""))
        if not isinstance(value, dict):
            return ()
        return tuple((str(account_id), str(mark)) for account_id, mark in value.items())

    def know_browser(self, request: Request, response: Response, account_id: str) -> None:
        """From now on failures of this browser are counted apart from strangers'."""
        known = dict(self.known_browsers(request))
        mark = known.pop(account_id, "") or new_token()
        newest_last = [*known.items(), (account_id, mark)][-_MOST_KNOWN:]
        value = self._seals.wrap("browser", dict(newest_last))
        self._set(response, self._browser_name, value, seconds=_BROWSER_SECONDS)

    def _set(self, response: Response, name: str, value: str, *, seconds: int | None) -> None:
        response.set_cookie(
            name, value, max_age=seconds, path="/", secure=self._is_https, httponly=True, samesite="strict"
        )

    def _delete(self, response: Response, name: str) -> None:
        response.delete_cookie(name, path="/", secure=self._is_https, httponly=True, samesite="strict")
