"""Queue, case, preview and seal for everybody: axe finds nothing, a 320 px phone shows all, light and dark."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from mailguard.app.site_settings import SiteSettings
from mailguard.domain.account import SiteRole
from tests.browser.axe import assert_accessible, assert_fits
from tests.browser.test_hostile_messages import html_letter
from tests.browser.windows import Watched, signed_in
from tests.schooling import PUPIL, TEACHER
from tests.web_site import WebSchool, make_web_school, running_site

RICH = (
    "<p>hello sir, look at <a href='https://evil.example/a/very/long/path/that/does/not/break/anywhere'>this</a></p>"
    "<p style='display:none'>hidden words</p><blockquote type=cite>On Monday you wrote: please hand it in</blockquote>"
)


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSchool]:
    with make_web_school(tmp_path_factory.mktemp("accessible"), settings=SiteSettings()) as made:
        yield made


@pytest.fixture(scope="module")
def window(browser: Browser, school: WebSchool) -> Iterator[Watched]:
    with running_site(school) as address, signed_in(browser, school, address, SiteRole.HEAD) as watched:
        yield watched


@pytest.fixture(scope="module")
def cases(school: WebSchool) -> dict[str, str]:
    picture = (
        f"From: {PUPIL}\r\nTo: {TEACHER}\r\nSubject: look\r\nMessage-ID: <p@pupils.hill.example>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: image/png; name=a-picture-with-quite-a-long-name-indeed.png\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgoAAAANSUhEUg==\r\n"
    ).encode()
    found = {
        "rich": school.receive(html_letter(RICH, 9_001)),
        "picture": school.receive(picture),
        "decided": school.receive_from_pupil("hi sir when is the trip to the museum please"),
    }
    school.site.casebook.confirm(found["decided"], by="acc-head", reason="Read; no further step is needed")
    return found


@pytest.mark.parametrize(
    "path",
    [
        "/queue",
        "/queue?show=decided",
        "/queue?words=nobody",
        "/queue/clutter",
        "/cases/{rich}",
        "/cases/{picture}",
        "/cases/{decided}",
        "/cases/{rich}/decide/confirm",
        "/cases/{rich}/decide/release",
    ],
)
def test_a_page_is_accessible_and_fits_a_small_phone(
    window: Watched, cases: dict[str, str], path: str
) -> None:
    window.go(path.format(**cases))
    for fold in window.page.locator("details:not(.menu):not(.formatted)").all():
        fold.evaluate("each => { each.open = true; }")
    assert_accessible(window.page)
    assert_fits(window.page)


def test_the_question_before_a_seal_is_accessible(window: Watched, cases: dict[str, str]) -> None:
    window.go(f"/cases/{cases['picture']}")
    window.press("Open the seal, with a reason…")
    window.says("do not open it")
    assert_accessible(window.page)
    assert_fits(window.page)


def test_the_formatted_view_is_accessible(window: Watched, cases: dict[str, str]) -> None:
    window.go(f"/cases/{cases['rich']}")
    source = window.page.locator("details.formatted iframe").get_attribute("src")
    assert source is not None
    window.go(source)
    assert window.page.title() == "The message as formatted"
    assert "hidden words" in window.text()
    assert window.width <= 360
