"""Closing platform clutter together is one act, which one press takes back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mailguard.domain.account import SiteRole
from mailguard.domain.audit import AuditTag
from mailguard.domain.case import CaseState, EffectKind, EffectState, RecipientState
from tests.web_site import SiteClient, WebSchool, kudos, make_web_school


@pytest.fixture
def school(tmp_path: Path) -> Iterator[WebSchool]:
    with make_web_school(tmp_path) as made:
        yield made


def close_three(school: WebSchool, client: SiteClient, what: str = "dismiss") -> tuple[str, ...]:
    case_ids = tuple(school.receive(kudos(number), mail_from="no-reply@strava.com") for number in (1, 2, 3))
    answer = client.submit("/queue/clutter", {"case": case_ids, "what": what, "reason": "advertising"})
    assert answer.status_code == 303
    return case_ids


def states(school: WebSchool, case_ids: tuple[str, ...]) -> set[CaseState]:
    with school.opened.store.reading() as transaction:
        return {case.state for each in case_ids if (case := transaction.cases.find(each)) is not None}


def recipient_states(school: WebSchool, case_ids: tuple[str, ...]) -> set[RecipientState]:
    with school.opened.store.reading() as transaction:
        return {one.state for each in case_ids for one in transaction.cases.recipients(each)}


def act_of(page: str) -> str:
    return page.split('name="act" value="')[1].split('"')[0]


def take_back(client: SiteClient, page: str) -> Any:
    answer = client.submit("/queue/clutter/undo", {"act": act_of(page)})
    assert answer.status_code == 303
    return client.get(answer.headers["location"]).text


def test_all_of_it_is_taken_back_before_anything_has_left(school: WebSchool):
    head = school.client(SiteRole.HEAD)
    case_ids = close_three(school, head)
    assert recipient_states(school, case_ids) == {RecipientState.RELEASE_PENDING}
    school.clock.turn(seconds=20)
    page = head.get("/queue").text
    assert "You dismissed 3 cases together" in page
    assert "leave 10 seconds from now" in page
    assert "3 cases taken back" in take_back(head, page)
    assert states(school, case_ids) == {CaseState.ACKNOWLEDGED}
    assert recipient_states(school, case_ids) == {RecipientState.HELD}
    with school.opened.store.reading() as transaction:
        tags = [event.tag for event in transaction.audit.events()]
        effects = [each for case in case_ids for each in transaction.effects.matching(case_id=case)]
    assert tags.count(AuditTag.CASE_UNDONE) == 3
    releases = [each for each in effects if each.kind is EffectKind.RELEASE]
    assert {each.state for each in releases} == {EffectState.CANCELLED}
    assert "Take all of it back" not in head.get("/queue").text


def test_another_browser_of_the_same_person_can_take_it_back_and_nobody_else(school: WebSchool):
    case_ids = close_three(school, school.client(SiteRole.HEAD))
    page = school.client(SiteRole.HEAD).get("/queue").text
    deputy = school.client(SiteRole.DEPUTY)
    assert "Take all of it back" not in deputy.get("/queue").text
    deputy.submit("/queue/clutter/undo", {"act": act_of(page)})
    assert states(school, case_ids) == {CaseState.DECIDED}
    take_back(school.client(SiteRole.HEAD), page)
    assert states(school, case_ids) == {CaseState.ACKNOWLEDGED}


def test_when_the_time_is_over_the_offer_is_gone_and_an_old_page_changes_nothing(school: WebSchool):
    head = school.client(SiteRole.HEAD)
    case_ids = close_three(school, head)
    page = head.get("/queue").text
    school.clock.turn(seconds=31)
    assert "Take all of it back" not in head.get("/queue").text
    assert "3 cases could not be taken back" in take_back(head, page)
    assert states(school, case_ids) == {CaseState.DECIDED}


def test_what_a_worker_has_begun_to_send_stays_and_the_rest_comes_back(school: WebSchool):
    head = school.client(SiteRole.HEAD)
    case_ids = close_three(school, head)
    page = head.get("/queue").text
    school.clock.turn(seconds=30)
    kinds = {EffectKind.RELEASE}
    assert school.opened.store.lease_due(owner="worker", lease_seconds=60, kinds=kinds) is not None
    school.clock.turn(seconds=-1)
    said = take_back(head, page)
    assert "2 cases taken back" in said
    assert "1 case could not be taken back" in said
    assert states(school, case_ids) == {CaseState.DECIDED, CaseState.ACKNOWLEDGED}


def test_a_case_that_was_taken_back_and_decided_again_is_left_as_it_is(school: WebSchool):
    head, deputy = school.client(SiteRole.HEAD), school.client(SiteRole.DEPUTY)
    case_ids = close_three(school, head)
    page = head.get("/queue").text
    assert deputy.submit(f"/cases/{case_ids[0]}/undo").status_code == 303
    school.clock.turn(seconds=1)
    school.site.casebook.confirm(case_ids[0], by="acc-deputy", reason="kept")
    assert "1 case could not be taken back" in take_back(head, page)
    assert states(school, case_ids[:1]) == {CaseState.DECIDED}
    assert states(school, case_ids[1:]) == {CaseState.ACKNOWLEDGED}


def test_what_stays_held_can_be_taken_back_for_an_hour(school: WebSchool):
    head = school.client(SiteRole.HEAD)
    case_ids = close_three(school, head, what="confirm")
    school.clock.turn(minutes=29)
    page = head.get("/queue").text
    assert "You confirmed 3 cases together" in page
    take_back(head, page)
    assert states(school, case_ids) == {CaseState.ACKNOWLEDGED}


def test_an_older_page_does_not_take_back_what_was_closed_after_it(school: WebSchool):
    head = school.client(SiteRole.HEAD)
    close_three(school, head)
    old = head.get("/queue").text
    newer = school.receive(kudos(9), mail_from="no-reply@strava.com")
    head.submit("/queue/clutter", {"case": [newer], "what": "dismiss", "reason": "advertising"})
    assert "too late" in take_back(head, old)
    assert states(school, (newer,)) == {CaseState.DECIDED}
