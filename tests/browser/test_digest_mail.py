"""The digest's HTML in a real Chromium, as a mail reader shows it: it fits, it reads, it fetches nothing."""

import email
import email.policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.axe import assert_accessible
from tests.digest_scene import busy_weekend, scene
from tests.effects_fixture import HEAD


@pytest.fixture(scope="module")
def digest(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder: Path = tmp_path_factory.mktemp("digest")
    with scene(folder) as played:
        busy_weekend(played)
        played.digests_fall_due()
        sent = [
            email.message_from_bytes(each.raw, policy=email.policy.default)
            for each in played.courier.to(HEAD.address)
        ]
    (message,) = (each for each in sent if "digest" in str(each["List-Id"]))
    assert isinstance(message, EmailMessage)
    body = message.get_body(("html",))
    assert body is not None
    return str(body.get_content())


@pytest.mark.parametrize("width", [320, 1280])
def test_it_fits_and_fetches_nothing(browser: Browser, digest: str, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_content(digest)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert asked == []
    page.close()


def test_the_first_thing_a_head_sees_on_a_phone_is_what_must_be_done(browser: Browser, digest: str) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 740})
    page.set_content(digest)
    seen = page.evaluate(
        "[...document.querySelectorAll('.first, .open a, h2')]"
        ".filter(each => each.getBoundingClientRect().bottom <= 740).map(each => each.innerText)"
    )
    assert seen[0].startswith(
        "Please acknowledge\nOne report from yesterday 16:41 has not been acknowledged."
    )
    assert seen[1] == "Open the review page"
    assert seen[2] == "Reports not acknowledged (1)"
    page.close()


def test_everybody_can_read_it_in_light_and_in_dark(browser: Browser, digest: str) -> None:
    page = browser.new_page()
    page.set_content(digest)
    assert_accessible(page)
    page.close()
