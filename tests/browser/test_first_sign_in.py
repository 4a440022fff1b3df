"""The first sign-in and every later one, in a real Chromium, as people do it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from mailguard.app.account_book import Issued
from mailguard.app.one_time_codes import current_code
from mailguard.app.sign_in import Credentials, NotRecognised
from mailguard.app.site_settings import SiteSettings
from mailguard.app.throttling import ACCOUNT_RULE
from mailguard.domain.account import SiteRole
from tests.browser.axe import assert_accessible, assert_fits, open_as
from tests.schooling import DEPUTY, HEAD
from tests.web_site import PASSWORD, WebSchool, make_web_school, running_site

CHOSEN = "seven ducks under lamps"


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSchool]:
    with make_web_school(tmp_path_factory.mktemp("sign-in"), settings=SiteSettings()) as made:
        yield made


@pytest.fixture(scope="module")
def address(school: WebSchool) -> Iterator[str]:
    with running_site(school) as url:
        yield url


def invite(school: WebSchool, name: str) -> Issued:
    """An auditor, whom the console may make alone."""
    return school.site.account_book.create(
        name=f"{name} Newcomer", address=f"{name.lower()}@council.example", role=SiteRole.AUDITOR, by=None
    )


def fill_sign_in(page: Page, address: str, password: str, code: str = "") -> None:
    page.get_by_label("Your school e-mail address").fill(address)
    page.get_by_label("Password").fill(password)
    page.get_by_label("Code from your authenticator app").fill(code)
    page.get_by_role("button", name="Sign in").click()


def test_the_first_sign_in_sets_password_phone_and_recovery_codes(
    browser: Browser, school: WebSchool, address: str
):
    issued = invite(school, "Nia")
    page = open_as(browser, school, address, None)
    blocked: list[str] = []
    page.on(
        "console",
        lambda message: blocked.append(message.text) if "Content Security" in message.text else None,
    )
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    assert_accessible(page)
    assert_fits(page)
    fill_sign_in(page, issued.account.address, issued.one_time_password)

    expect(page.get_by_role("heading", level=1)).to_contain_text("Choose a password")
    assert_accessible(page)
    assert_fits(page)
    page.get_by_label("New password").fill("too short")
    page.get_by_label("The same once more").fill("too short")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("alert")).to_contain_text("at least 12")
    assert_accessible(page)
    page.get_by_label("New password").fill(CHOSEN)
    page.get_by_label("The same once more").fill(CHOSEN)
    page.get_by_role("button", name="Go on").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Set up your phone")
    assert page.get_by_alt_text("QR code").evaluate("image => image.naturalWidth") > 100
    assert_accessible(page)
    assert_fits(page)
    key = page.locator("p.code").inner_text().replace(" ", "")
    page.get_by_label("Code from the app").fill("000000")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("alert")).to_contain_text("not the code")
    page.get_by_label("Code from the app").fill(current_code(key, school.clock.now()))
    page.get_by_role("button", name="Go on").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Keep your recovery codes")
    codes = page.locator(".codes li").all_inner_texts()
    assert len(codes) == 10
    assert_accessible(page)
    assert_fits(page)
    page.get_by_role("button", name="I have kept them").click()
    expect(page.get_by_role("status")).to_contain_text("Your account is ready")

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_contain_text("signed out")
    fill_sign_in(page, issued.account.address, CHOSEN, codes[0])
    expect(page.get_by_role("status")).to_contain_text("9 codes left")
    assert blocked == []
    assert {re.sub(r"^(https?://[^/]+).*", r"\1", url) for url in asked if not url.startswith("data:")} == {
        address
    }


def test_a_wrong_code_says_so_and_keeps_the_address(browser: Browser, school: WebSchool, address: str):
    page = open_as(browser, school, address, None)
    page.goto(f"{address}/sign-in")
    fill_sign_in(page, DEPUTY, PASSWORD, "123456")
    expect(page.get_by_role("alert")).to_contain_text("Address, password or code is not right")
    expect(page.get_by_label("Your school e-mail address")).to_have_value(DEPUTY)
    expect(page.get_by_label("Password")).to_have_value("")
    assert_accessible(page)


def test_a_stranger_is_locked_out_and_the_browser_that_is_known_is_not(
    browser: Browser, school: WebSchool, address: str
):
    known = open_as(browser, school, address, None)
    known.goto(address)
    fill_sign_in(known, HEAD, PASSWORD, school.code(SiteRole.HEAD))
    known.wait_for_url(re.compile("^(?!.*sign-in)"))
    known.get_by_role("button", name="Sign out").click()

    stranger = open_as(browser, school, address, None)
    stranger.goto(f"{address}/sign-in")
    for number in range(ACCOUNT_RULE.failures - 1):
        guess = Credentials(
            address=HEAD,
            password=f"guess {number}",
            code="",
            client_ip=f"192.0.2.{number}",
            client="a guesser",
        )
        assert school.site.sign_in.try_to(guess) == NotRecognised()
    fill_sign_in(stranger, HEAD, "one guess more")
    expect(stranger.get_by_role("alert")).to_contain_text("not right")
    fill_sign_in(stranger, HEAD, PASSWORD, "000000")
    expect(stranger.get_by_role("alert")).to_contain_text(
        "Too many tries from here. You can try again in 15 min"
    )
    assert_accessible(stranger)

    school.clock.turn(minutes=1)
    fill_sign_in(known, HEAD, PASSWORD, school.code(SiteRole.HEAD))
    expect(known.get_by_text("Signed in as Alice Head")).to_be_visible()


def test_a_session_ended_elsewhere_is_over_at_the_next_click(
    browser: Browser, school: WebSchool, address: str
):
    here = open_as(browser, school, address, SiteRole.CHAIR)
    there = open_as(browser, school, address, SiteRole.CHAIR)
    there.goto(f"{address}/account")
    here.goto(f"{address}/account")
    assert_accessible(here)
    assert_fits(here)
    here.get_by_role("button", name="Sign out everywhere else").click()
    expect(here.get_by_role("status")).to_contain_text("signed out")
    there.reload()
    expect(there.get_by_role("heading", level=1)).to_have_text("Sign in")
    expect(there.get_by_role("status")).to_contain_text("You were signed out")


def test_a_session_that_ends_in_the_middle_of_a_form_loses_no_words(
    browser: Browser, school: WebSchool, address: str
):
    page = open_as(browser, school, address, SiteRole.DEPUTY)
    page.goto(f"{address}/concern")
    words = "Two pupils told me on the bus that somebody writes to them at night."
    page.get_by_label("What was seen, heard or said").fill(words)
    page.get_by_label("Something else").check()
    school.clock.turn(minutes=31)
    page.locator("main form button").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You were signed out")
    expect(page.get_by_label("Your words")).to_have_value(words)
    assert page.locator("main textarea").count() == 1, (
        "what the form carries for itself is not what was typed"
    )
    assert_accessible(page)
    assert_fits(page)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in again").click()
    fill_sign_in(opened.value, DEPUTY, PASSWORD, school.code(SiteRole.DEPUTY))
    expect(opened.value.get_by_role("heading", level=1)).to_have_text("Report a concern")


def test_signing_in_needs_no_mouse(browser: Browser, school: WebSchool, address: str):
    school.clock.turn(minutes=1)
    page = open_as(browser, school, address, None)
    page.goto(f"{address}/sign-in")
    expect(page.get_by_label("Your school e-mail address")).to_be_focused()
    page.keyboard.type(DEPUTY)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Tab")
    page.keyboard.type(school.code(SiteRole.DEPUTY))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Signed in as Bob Deputy")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


@pytest.mark.parametrize(
    ("role", "paths"),
    [
        (SiteRole.HEAD, ("/accounts", "/accounts/new", "/account/password", "/rota")),
        (SiteRole.ADMIN, ("/accounts", "/glass", "/confirm", "/nowhere")),
    ],
)
def test_the_pages_of_accounts_are_accessible_and_fit_a_phone(
    browser: Browser, school: WebSchool, address: str, role: SiteRole, paths: tuple[str, ...]
):
    page = open_as(browser, school, address, role)
    for path in paths:
        page.goto(f"{address}{path}")
        assert_accessible(page)
        assert_fits(page)


def test_a_phone_gets_the_menu_behind_one_button_and_a_desktop_sees_it(
    browser: Browser, school: WebSchool, address: str
):
    page = open_as(browser, school, address, SiteRole.HEAD, viewport={"width": 360, "height": 740})
    page.goto(f"{address}/account")
    menu = page.get_by_role("navigation", name="Main").get_by_role("link", name="Account")
    expect(menu).to_be_hidden()
    page.get_by_text("Menu", exact=True).click()
    expect(menu).to_be_visible()
    page.set_viewport_size({"width": 1280, "height": 900})
    page.reload()
    expect(menu).to_be_visible()
    for width in (1000, 1090, 1120, 1200, 1280, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.querySelector('.top').offsetHeight") < 70, width
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width
