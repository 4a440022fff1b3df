"""The pages of take-down requests are as closed as their cases."""

from collections.abc import Iterator

import pytest

from mailguard.domain.account import SiteRole
from mailguard.domain.concern import Concern, ConcernKind, Reporter
from mailguard.web.pages.concern import concerns_of
from tests.web_site import SiteClient, WebSchool, make_web_school

FORM = {
    "url": "https://www.chatter.example/p/77",
    "platform": "Chatter",
    "recipient": "Chatter Ltd",
    "about": "staff",
    "quoted": "we know where she <b>lives</b>",
    "days": "7",
}


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSchool]:
    with make_web_school(tmp_path_factory.mktemp("take-downs")) as school:
        yield school


def case_about(school: WebSchool, item: str, **changes: object) -> str:
    concern = Concern(**{"kind": ConcernKind.THREAT, "words": "a comment", **changes})  # type: ignore[arg-type]
    reporter = Reporter(name="Tom Brown", address="t.brown@hill.example", person_id="S3")
    return concerns_of(school.site).record(concern, reporter, item=item * 32, actor="S3").case_id


def write(client: SiteClient, case_id: str) -> str:
    answer = client.submit(f"/cases/{case_id}/take-down", FORM)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def test_a_letter_is_written_read_downloaded_and_followed_up(school: WebSchool) -> None:
    head = school.client(SiteRole.HEAD)
    case_id = case_about(
        school, "a", quoted="we know", url="https://www.chatter.example/p/77", platform="Chatter"
    )
    form = head.get(f"/cases/{case_id}/take-down").text
    assert 'value="https://www.chatter.example/p/77"' in form
    assert "we know" in form
    path = write(head, case_id)
    page = head.get(path).text
    assert "written, not sent yet" in page.lower()
    assert "&lt;b&gt;lives&lt;/b&gt;" in page
    assert head.get(f"{path}/letter.txt").text.startswith("Hill School\n24 November 2026")
    assert head.get(f"{path}/letter.pdf").content.startswith(b"%PDF-")
    noted = head.submit(
        path, {"expected": "written", "state": "sent", "note": "by post", "remind_on": "2026-12-01"}
    )
    assert noted.status_code == 303
    assert "by post" in head.get(path).text
    twice = head.submit(path, {"expected": "written", "state": "withdrawn"})
    assert twice.status_code == 409
    assert "Chatter" in head.get("/take-downs").text


def test_faults_keep_what_was_typed(school: WebSchool) -> None:
    head = school.client(SiteRole.HEAD)
    answer = head.submit(f"/cases/{case_about(school, 'b')}/take-down", {**FORM, "url": "x", "recipient": ""})
    assert answer.status_code == 422
    assert "we know where she" in answer.text
    assert "2 answers to put right" in answer.text


def test_whoever_the_case_is_about_finds_no_trace_of_its_request(school: WebSchool) -> None:
    case_id = case_about(school, "c", kind=ConcernKind.ADULT, staff_ids=("S1",))
    head, deputy = school.client(SiteRole.HEAD), school.client(SiteRole.DEPUTY)
    assert head.get(f"/cases/{case_id}/take-down").status_code == 404
    assert head.submit(f"/cases/{case_id}/take-down", FORM).status_code == 404
    path = write(deputy, case_id)
    for address in (path, f"{path}/letter.pdf", f"{path}/letter.txt"):
        assert head.get(address).status_code == 404
        assert deputy.get(address).status_code == 200
    assert head.submit(path, {"expected": "written", "state": "sent"}).status_code == 404
    assert case_id not in head.get("/take-downs").text
    assert case_id in deputy.get("/take-downs").text


def test_admin_and_auditor_see_none(school: WebSchool) -> None:
    path = write(school.client(SiteRole.HEAD), case_about(school, "d"))
    for role in (SiteRole.ADMIN, SiteRole.AUDITOR):
        assert school.client(role).get(path).status_code == 403
        assert school.client(role).get("/take-downs").status_code == 403
