"""A passkey is set up, signs in without password and code, proves again who is there, and is removed."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from mailguard.app.site_settings import SiteSettings
from mailguard.domain.account import SiteRole
from tests.browser.axe import assert_accessible, assert_fits, open_as
from tests.servers import free_port
from tests.web_site import WebSchool, make_web_school, running_site


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[WebSchool]:
    # Browsers take passkeys over plain HTTP for this one name.
    settings = SiteSettings(url=f"http://localhost:{port}")
    with make_web_school(tmp_path_factory.mktemp("passkeys"), settings=settings) as made:
        yield made


@pytest.fixture(scope="module")
def address(school: WebSchool, port: int) -> Iterator[str]:
    with running_site(school, port=port):
        yield school.site.settings.url


def with_authenticator(page: Page) -> None:
    """A device that asks nobody and says that it did."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_a_passkey_stands_for_password_and_code_until_it_is_removed(
    browser: Browser, school: WebSchool, address: str
):
    page = open_as(browser, school, address, SiteRole.HEAD)
    with_authenticator(page)
    page.goto(f"{address}/account/passkeys")
    assert_accessible(page)
    assert_fits(page)
    page.get_by_label("What to call it").fill("my tablet")
    page.get_by_role("button", name="Set up a passkey").click()
    expect(page.get_by_role("status").first).to_contain_text("The passkey is set up")
    expect(page.get_by_text("my tablet")).to_be_visible()
    assert_accessible(page)

    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("Signed in as Alice Head")).to_be_visible()

    school.clock.turn(minutes=15)
    page.goto(f"{address}/account/passkeys")
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm that it is you")
    page.get_by_role("button", name="Confirm with a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Passkeys")
    (passkey,) = school.site.passkeys.of(school.accounts[SiteRole.HEAD])
    assert passkey.last_used_at is not None

    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("status").first).to_contain_text("opens nothing any more")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("opens no account here")


def test_an_answer_to_another_challenge_opens_nothing(school: WebSchool):
    client = school.client(SiteRole.HEAD, url=school.site.settings.url)
    forged = {
        "answer": '{"id": "AAAA"}',
        "challenge": school.site.seals.wrap("passkey", ["AAAA", "other", "x"]),
    }
    assert client.submit("/account/passkeys", {**forged, "name": "x"}).status_code == 403
    assert school.client(url=school.site.settings.url).get("/sign-in").text.count("data-passkey") == 1
