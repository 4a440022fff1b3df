"""Model and policy, read-only."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailguard.app.ports import Versions
from mailguard.app.ports_store import AuditEntry, AuditFilter
from mailguard.app.replay import Outcome, Replayed, Tally
from mailguard.app.replay_results import keep_result
from mailguard.classifier.promotion import Promoter
from mailguard.classifier.reload import ModelDark, ModelReplaced
from mailguard.domain.account import SiteRole
from mailguard.domain.audit import AuditTag
from mailguard.domain.words import Disposition, Level, ReportWhen, Role, Verdict
from mailguard.model_wiring import tell_model_news
from tests.models import PASSED, add_candidate
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


TRAINED_HERE = {
    "corpus": {"records": 1200},
    "office_mail": {"messages": 3530},
    "extra_examples": 24,
    "school_examples": {"labelled": 5, "ordinary": 9},
    "frozen_sets": {
        "test": {
            "figures": {
                "probable-child-found": {"value": 0.8, "right": 80, "of": 100},
                "adults-taken-for-children": {"value": 0.03, "right": 3, "of": 100},
                "events-of-unseen-platforms": {"value": 0.9, "right": 90, "of": 100},
                "kind-right": {"value": 1.0, "right": 3, "of": 3},
            }
        }
    },
}


@pytest.fixture
def other(tmp_path: Path) -> Iterator[WebSchool]:
    with make_web_school(tmp_path) as school:
        yield school


def promoter_at(school: WebSchool) -> Promoter:
    store = school.opened.store
    return Promoter(registry=school.site.models, store=store, key=store.keys.model_key)


def promote(school: WebSchool, *, gates: tuple[dict[str, object], ...] = PASSED, **manifest: object) -> str:
    promoter = promoter_at(school)
    model_id = add_candidate(promoter.registry, promoter.key, gates=gates, **manifest)  # type: ignore[arg-type]
    serial = promoter.current().serial
    promoter.promote(model_id, by="I. Admin", reason="ours", is_forced=True, expected_serial=serial)
    return model_id


def test_of_a_model_of_the_schools_own_the_page_says_what_it_learned_from_and_how_good_it_is(
    other: WebSchool,
) -> None:
    failed = (
        {"name": "kind-right", "says": "texts whose kind is right", "set": "test", "pass": False},
        *PASSED,
    )
    promote(other, gates=failed, **TRAINED_HERE)
    page = other.client(SiteRole.HEAD).get("/model").text
    assert "No mail of a real pupil or parent" not in page
    assert "Letters of pupils and parents may be among them" in page
    assert "5 messages of this school&#39;s mail that people labelled" in page
    assert "9 messages of this school&#39;s ordinary mail" in page
    assert "3,521 real letters between adults of an office" in page
    assert "24" not in page.split("Trained on", 1)[1].split("</dl>", 1)[0]
    figures = page.split("How good it is", 1)[1].split("</ul>", 1)[0]
    for number in ("80 of 100", "3 of 100", "90 of 100"):
        assert f">{number}<" in figures
    assert "right drawer" not in figures  # three texts say nothing
    assert "Of 2 checks it did not pass 1: texts whose kind is right (test)." in page


def test_a_model_without_figures_is_not_said_to_have_any(other: WebSchool) -> None:
    promote(other)
    page = other.client(SiteRole.HEAD).get("/model").text
    assert "No figures came with this model" in page
    assert "Tried on texts" not in page
    assert "No mail of a real pupil or parent" not in page


def test_the_shipped_model_is_not_said_to_know_none_of_the_services_it_was_tried_on(other: WebSchool) -> None:
    page = other.client(SiteRole.HEAD).get("/model").text
    assert "No mail of a real pupil or parent." in page
    assert "it never saw in training are named rightly" not in page


def test_the_last_changes_are_those_that_people_made_and_those_that_happened(other: WebSchool) -> None:
    store, settings = other.opened.store, other.site.effects
    with store.transaction() as transaction:
        for policy, model in (("p1", "shipped-id"), ("p1", "shipped-id"), ("p2", "shipped-id")):
            detail = {"policy": policy, "model": model}
            transaction.audit.append(AuditEntry(tag=AuditTag.DAEMON_STARTED, actor="daemon", detail=detail))
    mine = promote(other, gates=({"name": "kind-right", "set": "test", "pass": False},))
    for news in (
        ModelReplaced(old_id="shipped-id", new_id=mine),
        ModelDark(old_id=mine, reason="weights.npz <is> altered"),
        ModelReplaced(old_id="", new_id=mine),
    ):
        tell_model_news(store, news, settings=settings, is_recorded=True)
    promoter_at(other).roll_back(by="I. Admin", reason="too much held")
    with store.transaction() as transaction:
        detail = {"policy": "p2", "model": "shipped-id"}
        transaction.audit.append(AuditEntry(tag=AuditTag.DAEMON_STARTED, actor="daemon", detail=detail))
    for role in SiteRole:
        page = other.client(role).get("/model").text
        said = [
            each.split(": ", 1)[1].split("</li>")[0]
            for each in page.split("Last changes:", 1)[1].split("</ul>", 1)[0].split("<li>")[1:]
        ]
        assert said == [
            "model shipped was put back into use by I. Admin: too much held",
            f"a model is in use again: {mine}",
            "no model could be used: weights.npz &lt;is&gt; altered",
            f"model {mine} was put into use by I. Admin: ours (although it did not pass kind-right)",
            "started with policy p2 and model shipped-id",
            "started with policy p1 and model shipped-id",
        ]


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
