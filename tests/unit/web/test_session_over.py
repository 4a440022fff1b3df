"""A session that ends in the middle of a form: nothing is done, and what was typed is not lost."""

from collections.abc import Iterator

import pytest

from mailguard.app.site_settings import SiteSettings
from mailguard.domain.account import SiteRole
from mailguard.web.csrf import FIELD
from tests.web_site import URL, SiteClient, WebSchool, make_web_school

WORDS = "Two pupils told me on the bus <b>that</b> somebody from the school writes to them at night."


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSchool]:
    with make_web_school(tmp_path_factory.mktemp("over")) as made:
        yield made


@pytest.fixture
def late(school: WebSchool) -> SiteClient:
    """Signed in, and then away for longer than a session lives."""
    client = school.client(SiteRole.HEAD)
    school.clock.turn(seconds=SiteSettings().idle_seconds + 1)
    return client


def test_what_was_typed_is_shown_to_be_copied_and_nothing_is_recorded(school: WebSchool, late: SiteClient):
    typed = {"words": WORDS, "children": "Ella Sharma", "password": "never shown again", "about": "x"}
    answer = late.submit("/concern", typed, headers={"Referer": f"{URL}/concern"})
    assert answer.status_code == 401
    assert "Nothing was sent and nothing was changed" in answer.text
    assert "Two pupils told me on the bus &lt;b&gt;that&lt;/b&gt;" in answer.text
    assert "never shown again" not in answer.text
    assert late.site.seals.csrf_token(late.begun.session.token_hash) not in answer.text  # type: ignore[union-attr]
    assert 'href="/sign-in?next=%2Fconcern"' in answer.text
    with school.opened.store.reading() as transaction:
        assert not [event for event in transaction.audit.events() if "concern" in event.tag]


def test_after_signing_in_the_way_leads_back_to_the_form(school: WebSchool, late: SiteClient):
    answer = late.submit("/rota", {"role": "head"}, headers={"Referer": f"{URL}/rota"})
    assert 'href="/sign-in?next=%2Frota"' in answer.text
    # Nothing to copy: no new tab.
    assert "_blank" not in answer.text


def test_a_form_of_another_site_or_of_nobody_gets_no_page_of_it(school: WebSchool, late: SiteClient):
    foreign = late.submit("/concern", {"words": WORDS}, headers={"Origin": "https://evil.example"})
    assert (foreign.status_code, foreign.headers["location"]) == (303, "/sign-in")
    stranger = school.client().post("/concern", data={FIELD: "x", "words": WORDS})
    assert (stranger.status_code, stranger.headers["location"]) == (303, "/sign-in")


def test_a_form_with_files_leads_to_signing_in(late: SiteClient):
    answer = late.submit("/lists/pupils/import", {}, files={"file": ("pupils.csv", b"id,name\n")})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
