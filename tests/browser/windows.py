"""A real Chromium on the review site, signed in as somebody; what it asked for and what it said is kept."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Page, expect

from mailguard.domain.account import SiteRole
from mailguard.web.cookies import Cookies
from tests.web_site import WebSchool

PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 900}


@dataclass(slots=True)
class Watched:
    """``requests``: every URL; ``said``: console lines and page errors; ``dialogs``: texts of alert and the like."""

    page: Page
    address: str
    requests: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        self.page.goto(f"{self.address}{path}")

    def press(self, words: str) -> None:
        """The one button or link with these words."""
        self.page.get_by_text(words, exact=True).first.click()

    def says(self, words: str) -> None:
        """Waits for them: a click may still be on its way to the next page."""
        expect(self.page.locator("body")).to_contain_text(words)

    def text(self) -> str:
        return self.page.locator("body").inner_text()

    @property
    def foreign_requests(self) -> list[str]:
        return [url for url in self.requests if not url.startswith((self.address, "data:"))]

    @property
    def width(self) -> int:
        """Of all that stands on the page: more than the window's means that it scrolls sideways."""
        return int(self.page.evaluate("document.documentElement.scrollWidth"))


@contextlib.contextmanager
def signed_in(
    browser: Browser, school: WebSchool, address: str, role: SiteRole, **options: Any
) -> Iterator[Watched]:
    """A window of its own. ``options``: of the context, such as ``viewport=PHONE``."""
    context = browser.new_context(**{"viewport": PHONE, **options})
    name = Cookies(school.site.seals, is_https=False).session_name
    context.add_cookies([{"name": name, "value": school.begin(role).token, "url": address}])
    watched = Watched(page=context.new_page(), address=address)

    def keep_dialog(dialog: Any) -> None:
        watched.dialogs.append(dialog.message)
        dialog.dismiss()

    context.on("request", lambda request: watched.requests.append(request.url))
    watched.page.on("console", lambda message: watched.said.append(message.text))
    watched.page.on("pageerror", lambda error: watched.said.append(str(error)))
    watched.page.on("dialog", keep_dialog)
    try:
        yield watched
    finally:
        context.close()
