"""Model and policy, read-only."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mailguard.app.ports import Versions
from mailguard.app.ports_store import AuditFilter
from mailguard.app.replay import Outcome, Replayed, Tally
from mailguard.app.replay_results import keep_result
from mailguard.domain.account import SiteRole
from mailguard.domain.audit import AuditTag
from mailguard.domain.words import Disposition, Level, ReportWhen, Role, Verdict
from tests.schooling import PARENT, TEACHER
from tests.web_site import WebSchool, letter, make_web_school


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSchool]:
    with make_web_school(tmp_path_factory.mktemp("model")) as school:
        yield school


@pytest.mark.parametrize("role", list(SiteRole))
def test_everybody_may_read_them_and_nobody_change_them(school: WebSchool, role: SiteRole) -> None:
    client = school.client(role)
    page = client.get("/model").text
    assert "The model in use" in page
    assert school.parts.classifier.model_id in page
    table = client.get("/model/policy").text
    assert "A child writes something grave" in table
    assert table.count("<form") == 1  # signing out
    assert client.submit("/model").status_code == 405


def test_cases_that_were_let_go_are_shown_to_those_who_decide_and_to_nobody_else(school: WebSchool) -> None:
    case_id = school.receive_from_pupil("hi sir")
    school.site.casebook.dismiss(case_id, by="acc-head", reason="x")
    assert case_id in school.client(SiteRole.HEAD).get("/model").text
    for role in (SiteRole.CHAIR, SiteRole.ADMIN, SiteRole.AUDITOR):
        assert case_id not in school.client(role).get("/model").text


def test_a_replay_that_loses_a_childs_report_is_loud(school: WebSchool) -> None:
    tally = Tally()
    tally.messages, tally.changed = 412, 3
    tally.marks["child-report-lost"] = 1
    tally.marks["new-hold"] = 2
    keep_result(
        school.opened.store,
        actor="console",
        since=datetime(2026, 9, 1, tzinfo=UTC),
        before=None,
        after=Versions(policy="p" * 12, lists="l" * 12, model="m" * 16),
        tally=tally,
        changed=[],
    )
    page = school.client(SiteRole.HEAD).get("/model").text
    assert "412 messages since" in page
    assert "Children&#39;s contacts that would no longer be reported: 1" in page
    assert "must not be put into use" in page


def test_a_replay_names_no_case_that_is_closed_to_the_reader(school: WebSchool) -> None:
    words = "Alice Head hit my son in the corridor today and left a bruise on his arm."
    closed = school.receive(letter(words, sender=PARENT, number=77), mail_from=PARENT, rcpt_tos=(TEACHER,))
    after = Outcome(
        row="Z",
        verdict=Verdict.CLEAR,
        level=Level.LEDGER,
        disposition=Disposition.DELIVER,
        report=ReportWhen.NONE,
    )
    before = replace(
        after,
        row="D4",
        verdict=Verdict.THIRD_PARTY_CONCERN,
        level=Level.URGENT,
        report=ReportWhen.NOW,
        withheld_from=(Role.HEAD,),
    )
    replayed = Replayed(
        label=closed, message_id="m", came_at=school.clock.now(), before=before, after=after, why=()
    )
    tally = Tally()
    tally.add(replayed)
    keep_result(
        school.opened.store,
        actor="console",
        since=datetime(2026, 9, 1, tzinfo=UTC),
        before=None,
        after=Versions(policy="p" * 12, lists="l" * 12, model="m" * 16),
        tally=tally,
        changed=[replayed],
    )
    assert closed in school.client(SiteRole.DEPUTY).get("/model").text
    assert "1 message would have been decided otherwise" in school.client(SiteRole.DEPUTY).get("/model").text
    for role in (SiteRole.HEAD, SiteRole.CHAIR, SiteRole.ADMIN, SiteRole.AUDITOR):
        page = school.client(role).get("/model").text
        assert closed not in page, role
        # Nor by a count that the list does not come up to.
        newest = page.split("Tried on past messages", 1)[1].split("</section>", 1)[0]
        assert "0 messages since" in newest, role
        assert "Nothing would have been decided otherwise." in newest, role
    with school.opened.store.reading() as transaction:
        (event,) = transaction.audit.newest(AuditFilter(tag_start=AuditTag.POLICY_REPLAYED, limit=1))
    assert (event.detail["messages"], event.detail["changed"], event.detail["report_no_longer"]) == (0, 0, 0)
