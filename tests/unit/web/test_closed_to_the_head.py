"""Whoever a case is about learns nothing of it: not by the trail, what others took out, a search, nor by acting for somebody."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from mailguard.app.account_records import RoleAbsence
from mailguard.app.readers import Reader, readers_now
from mailguard.domain.account import SiteRole
from mailguard.domain.case import EffectKind
from mailguard.domain.words import Role
from tests.schooling import HEAD, PARENT, TEACHER
from tests.web_site import URL, WebSchool, letter, make_web_school

ALLEGATION = "Alice Head hit my son in the corridor today and left a bruise on his arm."


@pytest.fixture
def school(tmp_path: Path) -> Iterator[WebSchool]:
    with make_web_school(tmp_path, more_config=f'[review]\nurl = "{URL}"\n') as made:
        yield made


@pytest.fixture
def about_head(school: WebSchool) -> str:
    return school.receive(letter(ALLEGATION, sender=PARENT), mail_from=PARENT, rcpt_tos=(TEACHER,))


def page(school: WebSchool, path: str, role: SiteRole = SiteRole.HEAD) -> str:
    answer = school.client(role).get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return re.sub(r'value="[^"]*"', "", str(answer.text))


def own_id(school: WebSchool) -> str:
    (person,) = school.parts.lists.by_address(HEAD)
    return person.id


def test_that_others_searched_for_such_a_case_or_for_the_head_is_not_in_the_heads_trail(
    school: WebSchool, about_head: str
):
    deputy = school.client(SiteRole.DEPUTY)
    assert about_head in deputy.get(f"/queue?show=all&words={about_head}").text
    assert about_head in deputy.get("/queue?show=all&words=Alice+Head").text
    mine = page(school, "/audit")
    assert about_head not in mine
    assert own_id(school) not in mine
    assert "Cases searched" not in mine
    assert page(school, "/audit", SiteRole.AUDITOR).count("Cases searched") >= 2
    school.client(SiteRole.HEAD).get("/queue?show=all&words=Alice+Head")
    assert "Cases searched" in page(school, "/audit")


def test_who_asked_for_a_link_to_write_a_concern_is_in_the_auditors_trail_alone(school: WebSchool):
    client = school.client()
    html = client.get("/concern/ask").text
    (token,) = re.findall(r'name="csrf_token" value="([^"]+)"', html)
    assert client.post("/concern/ask", data={"csrf_token": token, "address": TEACHER}).status_code == 303
    with school.opened.store.reading() as transaction:
        assert any(event.tag == "review:concern-link:asked" for event in transaction.audit.events())
    for role in (SiteRole.HEAD, SiteRole.DEPUTY, SiteRole.CHAIR, SiteRole.ADMIN):
        assert "Link to report a concern" not in page(school, "/audit", role), role
    assert "Link to report a concern" in page(school, "/audit", SiteRole.AUDITOR)


def test_what_the_deputy_takes_out_about_the_head_is_hidden_from_the_head(school: WebSchool, about_head: str):
    deputy = school.client(SiteRole.DEPUTY)
    why = "for the strategy meeting on Friday"
    form = {"about": own_id(school), "reason": why}
    assert deputy.submit("/audit/chronology", form).status_code == 200
    draft = deputy.submit("/audit/person", {"about": HEAD, "reason": why}).headers["Location"]
    html = page(school, "/audit/exports")
    assert why not in html
    assert own_id(school) not in html
    assert HEAD not in html
    assert page(school, "/audit/exports", SiteRole.DEPUTY).count(why) == 2
    head = school.client(SiteRole.HEAD)
    assert head.get(draft).status_code == 404
    assert head.submit(f"{draft}/words", {"words": "Alice\nHead"}).status_code == 404
    assert head.submit(draft, {"read": "yes"}).status_code == 404
    assert deputy.get(draft).status_code == 200


def test_what_others_wrote_as_a_reason_about_a_person_stays_theirs(school: WebSchool):
    school.receive_from_pupil()
    why = "asked by the police about Alice Head"
    deputy = school.client(SiteRole.DEPUTY)
    assert deputy.submit("/audit/chronology", {"about": PARENT, "reason": why}).status_code == 200
    assert why not in page(school, "/audit/exports")
    assert why in page(school, "/audit/exports", SiteRole.DEPUTY)


def test_the_chair_takes_out_what_is_closed_to_the_head_and_nothing_of_the_rest(
    school: WebSchool, about_head: str
):
    other = school.receive_from_pupil()
    chair = school.client(SiteRole.CHAIR)
    form = {"purpose": "police", "reason": "asked by telephone", "side": "pupil"}
    assert chair.submit("/audit/pack", form | {"case": about_head}).status_code == 200
    for path, field in (("/audit/pack", "case"), ("/audit/chronology", "about")):
        answer = chair.submit(path, form | {field: other})
        assert answer.status_code == 422, path
        assert "There is no such case." in answer.text
    assert chair.get(f"/audit/pack/{other}/whole").status_code == 404
    with school.opened.store.reading() as transaction:
        sender = transaction.cases.messages(other)[0].mail_from
    answer = chair.submit("/audit/person", {"about": sender, "reason": "a letter"})
    assert other not in chair.get(answer.headers["Location"]).text
    head = school.client(SiteRole.HEAD)
    answer = head.submit("/audit/person", {"about": sender, "reason": "a letter"})
    assert other in head.get(answer.headers["Location"]).text


def test_who_acts_for_the_head_gets_no_case_that_is_closed_to_the_head(school: WebSchool, about_head: str):
    """The Head says who that is."""
    site = school.site
    with site.store.transaction() as transaction:
        transaction.rota.add(
            RoleAbsence(
                id="abs-1",
                role=Role.HEAD,
                first_day=site.today,
                last_day=site.today + timedelta(days=3),
                acting_name="A Friend",
                acting_address="friend@hill.example",
                created_by="acc-head",
                created_at=transaction.now,
            )
        )
        decision = transaction.cases.find(about_head).decision  # type: ignore[union-attr]
    readers = readers_now(site.store, site.effects, site.directory)
    reader = readers.daily_reader(Role.HEAD, site.today)
    assert isinstance(reader, Reader)
    assert reader.address == "friend@hill.example"
    assert not readers.may_see(reader.address, decision, role=reader.role)
    assert readers.reader(Role.HEAD, decision, site.today) is None


def test_that_others_were_told_of_broken_glass_on_such_a_case_is_not_in_the_heads_trail(
    school: WebSchool, about_head: str
):
    form = {"case_id": about_head, "reason": "The server's disk has to be looked at."}
    assert school.client(SiteRole.ADMIN).submit("/glass", form).status_code == 303
    told = []
    while (effect := school.site.store.lease_due(owner="test", lease_seconds=60, kinds={EffectKind.CHAIN_NOTICE})):  # fmt: skip
        told.append(effect.address)
        assert school.site.casebook.effect_done(effect)
    assert told
    assert HEAD not in told
    assert "notice to the chain" in page(school, "/audit", SiteRole.DEPUTY)
    assert "notice to the chain" not in page(school, "/audit")
