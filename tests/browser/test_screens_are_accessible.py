"""Screens 3 to 5 with something on them: no violation of WCAG 2.2 AA, light and dark, and they fit a phone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from mailguard.app.list_files import ListName
from mailguard.app.site_settings import SiteSettings
from mailguard.app.take_downs import Signature, TakeDownAnswers, TakeDownBook
from mailguard.domain.account import SiteRole
from mailguard.domain.concern import Concern, ConcernKind, Reporter
from mailguard.web.pages.concern import concerns_of
from tests.browser.axe import assert_accessible, assert_fits, open_as
from tests.schooling import FILES
from tests.web_site import WebSchool, make_web_school, running_site

PATHS = (
    "/concern",
    "/concern/ask",
    "/concern/asked",
    "/concern/recorded/MG-2026-0001",
    "/cases/MG-2026-0001/take-down",
    "/take-downs",
    "/lists",
    "/lists?q=okafor",
    "/lists?q=nobody",
    "/lists/pupils",
    "/lists/pupils/row?line=2",
    "/lists/pupils/import",
    "/lists/pupils/history",
    "/model",
    "/model/policy",
    "DRAFT",
    "FAULTY",
    "TAKE-DOWN",
)


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSchool]:
    with make_web_school(tmp_path_factory.mktemp("screens"), settings=SiteSettings()) as made:
        yield made


@pytest.fixture(scope="module")
def places(school: WebSchool) -> dict[str, str]:
    """Addresses of what has an id: a change that is loud and lowers, one with faults, a take-down request."""
    concern = Concern(kind=ConcernKind.THREAT, words="a comment", quoted="we know", staff_ids=("S3",))
    reporter = Reporter(name="Olive Green", address="o.green@hill.example", person_id="S4")
    case_id = concerns_of(school.site).record(concern, reporter, item="a" * 32, actor="S4").case_id
    book = TakeDownBook(school.site.store, school.site.effects)
    answers = TakeDownAnswers(
        url="https://chatter.example/a/very/long/address/that/does/not/end/soon/at/all/7781239871239",
        platform="Chatter",
        recipient="Chatter Ltd",
        quoted="we know",
    )
    signature = Signature(
        account_id="acc-head", name="Alice Head", title="Head", address="a.head@hill.example"
    )
    editing = school.site.editing
    kept = FILES[ListName.PUPILS]
    first = editing.propose_row(ListName.PUPILS, {"id": "P9", "name": "Robin Lane"}, by="acc-admin")
    editing.apply(first, by="acc-admin")
    loud = kept.replace(" ella.bee@mail.example", "").replace("Jayden", "Jaydon") + "P10,Kim Oakes,7,,\n"
    return {
        "TAKE-DOWN": f"/take-downs/{book.write(case_id, answers, signature).id}",
        "DRAFT": f"/lists/drafts/{editing.propose_import(ListName.PUPILS, loud.encode(), by='acc-admin')}",
        "FAULTY": f"/lists/drafts/{editing.propose_import(ListName.PUPILS, b'id,nam', by='acc-admin')}",
    }


@pytest.fixture(scope="module")
def address(school: WebSchool) -> Iterator[str]:
    with running_site(school) as url:
        yield url


@pytest.mark.parametrize("path", PATHS)
def test_a_screen_is_accessible_and_fits(
    browser: Browser, school: WebSchool, address: str, places: dict[str, str], path: str
) -> None:
    page = open_as(
        browser, school, address, SiteRole.HEAD, viewport={"width": 320, "height": 740}, bypass_csp=True
    )
    answer = page.goto(address + places.get(path, path))
    assert answer is not None
    assert answer.status == 200
    page.locator("details.more").evaluate_all("all => all.forEach(each => each.open = true)")
    assert_accessible(page)
    assert_fits(page)
    page.context.close()
