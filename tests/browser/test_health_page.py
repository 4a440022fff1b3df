"""The Health page in a real Chromium, under the site's strict policy: pictures are drawn, nothing is blocked."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from mailguard.app.site_settings import SiteSettings
from mailguard.domain.account import SiteRole
from tests.browser.axe import assert_accessible, assert_fits, open_as
from tests.web_site import WebSchool, make_web_school, running_site


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSchool]:
    folder: Path = tmp_path_factory.mktemp("health")
    with make_web_school(folder, settings=SiteSettings()) as made:
        made.receive_from_pupil()
        yield made


@pytest.fixture(scope="module")
def address(school: WebSchool) -> Iterator[str]:
    with running_site(school) as url:
        yield url


def opened(browser: Browser, school: WebSchool, address: str, **options: Any) -> tuple[Page, list[str]]:
    """The page for the admin, and what the console said."""
    page = open_as(browser, school, address, SiteRole.ADMIN, **options)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{address}/health")
    return page, said


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (1280, "dark")])
def test_pictures_are_drawn_and_the_policy_blocks_nothing(
    browser: Browser, school: WebSchool, address: str, width: int, scheme: str
) -> None:
    page, said = opened(
        browser, school, address, viewport={"width": width, "height": 800}, color_scheme=scheme
    )
    widths = page.eval_on_selector_all("figure img", "images => images.map(image => image.naturalWidth)")
    assert len(widths) == 3
    assert min(widths) > 0
    assert said == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()


def test_the_numbers_open_by_keyboard_and_read_the_same(
    browser: Browser, school: WebSchool, address: str
) -> None:
    page, _ = opened(browser, school, address)
    summary = page.locator("summary", has_text="The numbers").first
    summary.focus()
    page.keyboard.press("Enter")
    first = page.locator("figure.chart table").first
    assert first.is_visible()
    assert first.locator("tbody tr").first.inner_text().split() == ["24", "Nov", "1", "0"]
    page.context.close()


def test_everybody_can_use_it(browser: Browser, school: WebSchool, address: str) -> None:
    page, _ = opened(browser, school, address)
    for summary in page.locator("summary", has_text="The numbers").all():
        summary.click()
    assert_accessible(page)
    assert_fits(page)
    page.context.close()


def test_it_reads_without_scripts(browser: Browser, school: WebSchool, address: str) -> None:
    page, _ = opened(browser, school, address, java_script_enabled=False)
    assert page.locator("h1").inner_text() == "Health"
    assert page.locator("figure img").count() == 3
    page.context.close()
