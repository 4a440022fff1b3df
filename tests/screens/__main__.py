"""``python -m tests.screens [NAME...]``: take the pictures anew (all, or those named) into docs/screenshots.

A made-up school is played in a temporary folder and served on loopback; a headless Chromium takes each screen at the
width of a phone and of a desktop, and the two mails that matter most. docs/explanation/screens.md is written with it.
"""

from __future__ import annotations

import email
import email.policy
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from mailguard.web.cookies import Cookies
from tests.schooling import HEAD
from tests.screens.page import screens_page
from tests.screens.picture import small_png
from tests.screens.shots import SHOTS, Shot
from tests.screens.term import Term, played_term
from tests.web_site import running_site

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "screenshots"
SCREENS_PAGE = ROOT / "docs" / "explanation" / "screens.md"
SIZES = {"phone": 360, "desktop": 1280}
_MOST_HEIGHT = {"phone": 3200, "desktop": 2600}


def main(names: Sequence[str]) -> None:
    unknown = set(names) - {shot.name for shot in SHOTS} - set(MAILS)
    if unknown:
        sys.exit(f"no such screen: {', '.join(sorted(unknown))}")
    PICTURES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        played_term(Path(folder)) as term,
        running_site(term.school) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--font-render-hinting=none"]
        )
        for shot in sorted(SHOTS, key=lambda shot: shot.is_last):
            if not names or shot.name in names:
                _take(browser, term, address, shot)
        _take_mails(browser, term, names)
        browser.close()
    SCREENS_PAGE.write_text(screens_page(PICTURES), encoding="utf-8")


MAILS = {"mail-digest": "digest", "mail-report": "reports"}
"""Name of the picture → whose List-Id it is of."""


def _take(browser: Browser, term: Term, address: str, shot: Shot) -> None:
    for size, width in SIZES.items():
        context = browser.new_context(
            viewport={"width": width, "height": 760},
            color_scheme="dark" if shot.is_dark else "light",
            locale="en-GB",
            reduced_motion="reduce",
        )
        if shot.role is not None:
            token = term.token(shot.role)
            name = Cookies(term.school.site.seals, is_https=False).session_name
            context.add_cookies([{"name": name, "value": token, "url": address}])
        page = context.new_page()
        path = re.sub(r"\{case:([\w-]+)\}", lambda found: term.case_of[found.group(1)], shot.path)
        page.goto(address + path)
        if shot.act is not None:
            shot.act(page, term)
        _save(page, shot.name, size)
        context.close()


def _take_mails(browser: Browser, term: Term, names: Sequence[str]) -> None:
    """The newest of each to the Head."""
    for name, list_name in MAILS.items():
        if names and name not in names:
            continue
        found = [
            email.message_from_bytes(sent.raw, policy=email.policy.default) for sent in term.courier.to(HEAD)
        ]
        newest = [each for each in found if f"mailguard {list_name} " in str(each["List-Id"])][-1]
        body = newest.get_body(("html",))
        assert body is not None
        for size, width in SIZES.items():
            page = browser.new_page(viewport={"width": width, "height": 760})
            page.set_content(body.get_content())
            _save(page, name, size)
            page.close()


def _save(page: Page, name: str, size: str) -> None:
    height = min(int(page.evaluate("document.documentElement.scrollHeight")), _MOST_HEIGHT[size])
    png = page.screenshot(
        full_page=True,
        animations="disabled",
        clip={"x": 0, "y": 0, "width": SIZES[size], "height": height},
    )
    with page.context.browser.new_context() as blank:  # type: ignore[union-attr]
        picture = small_png(blank.new_page(), png)
    (PICTURES / f"{name}-{size}.png").write_bytes(picture)
    print(f"{name}-{size}.png  {len(picture) // 1024} KiB")


if __name__ == "__main__":
    main(sys.argv[1:])
