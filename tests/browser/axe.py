"""What every browser test may ask: is this page accessible, does it fit a phone, did the browser block or fetch anything.

``assert_accessible(page)`` runs axe-core's WCAG 2.2 A and AA rules on what the page shows now. ``assert_fits(page)``:
nothing makes the page scroll sideways at 320 px, and what is pressed is large enough for a thumb.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import Browser, Page

from mailguard.domain.account import SiteRole
from mailguard.web.cookies import Cookies
from tests.web_site import WebSchool

_AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_SMALLEST_PX = 24
"""WCAG 2.2, 2.5.8: target size (minimum). Our own buttons are 44."""


def open_as(browser: Browser, school: WebSchool, address: str, role: SiteRole | None, **context: Any) -> Page:
    """A page of a browser of its own, signed in as ``role``. ``context``: viewport, color_scheme and so on."""
    made = browser.new_context(**context)
    if role is not None:
        name = Cookies(school.site.seals, is_https=False).session_name
        made.add_cookies([{"name": name, "value": school.begin(role).token, "url": address}])
    page = made.new_page()
    page.set_default_timeout(15_000)
    return page


def assert_accessible(page: Page) -> None:
    """No violation of any rule in light, and none of contrast in dark."""
    page.emulate_media(color_scheme="light")
    page.evaluate(_AXE)
    _run(page, "light", {"type": "tag", "values": _RULES})
    page.emulate_media(color_scheme="dark")
    _run(page, "dark", {"type": "rule", "values": ["color-contrast"]})
    page.emulate_media(color_scheme=None)


def _run(page: Page, scheme: str, rules: dict[str, Any]) -> None:
    result = page.evaluate("rules => axe.run({runOnly: rules, resultTypes: ['violations']})", rules)
    found = [
        f"{violation['id']} ({violation['impact']}): {node['target']} {node['failureSummary']}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]
    assert found == [], f"{page.url} in {scheme}:\n" + "\n".join(found)


def assert_fits(page: Page, *, width: int = 320) -> None:
    """On a phone of that width the page does not scroll sideways, and targets are large enough."""
    before = page.viewport_size
    page.set_viewport_size({"width": width, "height": 740})
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0, f"{page.url} is {overflow} px too wide at {width} px"
    small = page.eval_on_selector_all(
        "button, a.button, nav a, summary, input:not([type=hidden]), select",
        """(elements, smallest) => elements
            .filter(each => each.checkVisibility() && !each.closest('.visually-hidden'))
            .map(each => [each.outerHTML.slice(0, 80), each.getBoundingClientRect()])
            .filter(([_, box]) => box.height < smallest || box.width < smallest)
            .map(([html, box]) => `${html} ${box.width}x${box.height}`)""",
        _SMALLEST_PX,
    )
    assert small == []
    if before is not None:
        page.set_viewport_size(before)
