"""The pages on which a concern is written down, signed in and by a mailed link."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from mailguard.app.concern_links import ConcernLinkPerformer
from mailguard.domain.account import SiteRole
from mailguard.domain.case import EffectKind, EffectState
from mailguard.domain.words import Role
from mailguard.web.csrf import FIELD
from tests.effects_fixture import RememberingCourier
from tests.schooling import HEAD, TEACHER
from tests.web_site import URL, SiteClient, WebSchool, make_web_school

WORDS = "Ella said that she is afraid to go home."


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSchool]:
    more = f'[review]\nurl = "{URL}"\n'
    with make_web_school(tmp_path_factory.mktemp("concerns"), more_config=more) as school:
        yield school


def item_of(page: str) -> str:
    found = re.search(r'name="item" value="([0-9a-f]{32})"', page)
    assert found is not None
    return found.group(1)


def token_of(page: str) -> str:
    found = re.search(rf'name="{FIELD}" value="([^"]+)"', page)
    assert found is not None
    return found.group(1)


def post_form(client: SiteClient, path: str, **data: str) -> Any:
    """Of a page that is open to everybody: its own token, and the cookie that came with it."""
    page = client.get(path)
    assert page.status_code == 200
    return client.post(path, data={FIELD: token_of(page.text), **data})


def link_for(school: WebSchool, address: str) -> str:
    """The token of a link as its mail has it, asked for on the page and sent by the outbox's performer."""
    school.clock.turn(hours=1)  # each address may ask three times an hour
    client = school.client()
    asked = post_form(client, "/concern/ask", address=address)
    assert asked.status_code == 303
    courier = RememberingCourier()
    store = school.opened.store
    performer = ConcernLinkPerformer(
        store=store, courier=courier, settings=school.site.effects, clock=school.clock
    )
    effect = store.lease_due(owner="test", lease_seconds=60, kinds={EffectKind.CONCERN_LINK})
    assert effect is not None
    performer.perform(effect)
    with store.transaction() as transaction:
        transaction.effects.finish(effect)
    (mail,) = courier.sent
    assert mail.rcpt_to == address
    found = re.search(rb"/concern/by-link/([a-z2-7]{26})", mail.raw)
    assert found is not None
    return found.group(1).decode()


def case_count(school: WebSchool) -> int:
    with school.opened.store.reading() as transaction:
        return sum(event.tag == "gate:case:opened" for event in transaction.audit.events())


@pytest.mark.parametrize("role", list(SiteRole))
def test_everybody_who_is_signed_in_may_report(school: WebSchool, role: SiteRole) -> None:
    client = school.client(role)
    item = item_of(client.get("/concern").text)
    answer = client.submit("/concern", {"item": item, "kind": "harm", "words": WORDS})
    assert answer.status_code == 303
    page = client.get(answer.headers["location"]).text
    assert "Recorded as MG-" in page
    assert WORDS not in page
    case_id = answer.headers["location"].rpartition("/")[2]
    with school.opened.store.reading() as transaction:
        (report,) = transaction.effects.matching(case_id=case_id, kinds={EffectKind.REPORT})
        events = list(transaction.audit.events(case_id=case_id))
    assert (report.role, report.state) == (Role.HEAD, EffectState.PENDING)
    assert [event.actor for event in events if event.tag == "review:concern:written"] == [f"acc-{role.value}"]


def test_what_is_to_be_put_right_is_said_and_what_was_written_is_kept(school: WebSchool) -> None:
    client = school.client(SiteRole.DEPUTY)
    before = case_count(school)
    item = item_of(client.get("/concern").text)
    answer = client.submit(
        "/concern",
        {"item": item, "kind": "adult", "words": WORDS + "<b>", "staff": "Mr Nobody", "where": "x"},
    )
    assert answer.status_code == 422
    assert WORDS + "&lt;b&gt;" in answer.text
    assert "is not on the staff list" in answer.text
    assert item_of(answer.text) == item
    assert case_count(school) == before


def test_sending_twice_makes_one_case(school: WebSchool) -> None:
    client = school.client(SiteRole.HEAD)
    item = item_of(client.get("/concern").text)
    data = {"item": item, "kind": "other", "words": WORDS}
    before = case_count(school)
    first, second = (client.submit("/concern", data) for _ in range(2))
    assert first.headers["location"] == second.headers["location"]
    assert case_count(school) == before + 1


def test_a_concern_about_the_head_is_not_the_heads_to_open(school: WebSchool) -> None:
    head = school.client(SiteRole.HEAD)
    item = item_of(head.get("/concern").text)
    answer = school.client(SiteRole.ADMIN).submit(
        "/concern", {"item": item, "kind": "adult", "words": WORDS, "staff": "Alice Head"}
    )
    page = head.get(answer.headers["location"]).text
    assert "Open the case" not in page
    case_id = answer.headers["location"].rpartition("/")[2]
    with school.opened.store.reading() as transaction:
        reports = transaction.effects.matching(case_id=case_id, kinds={EffectKind.REPORT})
    assert {report.role for report in reports} == {Role.DEPUTY, Role.CHAIR}


def test_whoever_asks_for_a_link_reads_the_same_words(school: WebSchool) -> None:
    school.clock.turn(hours=1)
    pages = []
    for address in (TEACHER, "stranger@mail.example", "not an address"):
        client = school.client()
        answer = post_form(client, "/concern/ask", address=address)
        pages.append((answer.status_code, client.get(answer.headers["location"]).text))
    assert len(set(pages)) == 1
    with school.opened.store.reading() as transaction:
        pending = transaction.effects.matching(kinds={EffectKind.CONCERN_LINK})
    assert [effect.address for effect in pending if effect.state is EffectState.PENDING] == [TEACHER]
    effect = school.opened.store.lease_due(owner="test", lease_seconds=60, kinds={EffectKind.CONCERN_LINK})
    assert effect is not None
    with school.opened.store.transaction() as transaction:
        transaction.effects.finish(effect)


def test_a_link_opens_a_form_that_is_spent_by_sending_it_and_not_by_opening_it(school: WebSchool) -> None:
    token = link_for(school, TEACHER)
    path = f"/concern/by-link/{token}"
    for _ in range(3):
        assert "Record and report it now" in school.client().get(path).text
    client = school.client()
    before = case_count(school)
    answer = post_form(client, path, kind="contact", words=WORDS)
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    page = client.get(path).text
    assert "Recorded as MG-" in page
    assert WORDS not in page
    assert case_count(school) == before + 1
    again = client.post(path, data={FIELD: client_token(client), "kind": "harm", "words": "another"})
    assert again.status_code == 303
    assert case_count(school) == before + 1


def client_token(client: SiteClient) -> str:
    return token_of(client.get("/concern/ask").text)


def test_faulty_answers_do_not_spend_a_link(school: WebSchool) -> None:
    path = f"/concern/by-link/{link_for(school, TEACHER)}"
    answer = post_form(school.client(), path, kind="", words="")
    assert answer.status_code == 422
    assert "Record and report it now" in school.client().get(path).text


def test_a_link_that_is_none_is_not_here(school: WebSchool) -> None:
    for token in ("a" * 26, "x", "a" * 4000):
        assert school.client().get(f"/concern/by-link/{token}").status_code == 404
    client = school.client()
    answer = client.post(
        "/concern/by-link/" + "a" * 26, data={FIELD: client_token(client), "kind": "harm", "words": WORDS}
    )
    assert answer.status_code == 404


def test_a_link_ends_after_a_day(school: WebSchool) -> None:
    path = f"/concern/by-link/{link_for(school, HEAD)}"
    school.clock.turn(hours=25)
    assert school.client().get(path).status_code == 404


def test_nobody_without_a_link_sees_the_names_of_staff(school: WebSchool) -> None:
    for path in ("/concern/ask", "/concern/asked", "/sign-in"):
        assert "staff-names" not in school.client().get(path).text
    assert school.client().get("/concern").headers["location"].startswith("/sign-in")


def test_a_form_from_another_site_changes_nothing(school: WebSchool) -> None:
    path = f"/concern/by-link/{link_for(school, TEACHER)}"
    client = school.client()
    page = client.get(path)
    data = {FIELD: token_of(page.text), "kind": "harm", "words": WORDS}
    assert client.post(path, data=data, headers={"Origin": "https://evil.example"}).status_code == 403
    assert client.post(path, data={**data, FIELD: "wrong"}).status_code == 403
    assert "Record and report it now" in client.get(path).text
