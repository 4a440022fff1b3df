"""Who reads when somebody is away; and the admin sees a case only with a reason and a second person."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mailguard.app.readers import readers_now
from mailguard.domain.account import SiteRole
from mailguard.domain.case import EffectKind
from mailguard.domain.words import Role
from tests.schooling import CHAIR, DEPUTY, HEAD, OFFICE, TEACHER
from tests.web_site import WebSchool, make_web_school

SECRET = "pls dont tell anyone i wrote"


@pytest.fixture
def school(tmp_path: Path) -> Iterator[WebSchool]:
    with make_web_school(tmp_path) as made:
        yield made


def note_absence(school: WebSchool, by: SiteRole = SiteRole.DEPUTY, **fields: str):
    given = {
        "role": "head",
        "first_day": "2026-11-24",
        "last_day": "2026-11-26",
        "acting_address": "",
        **fields,
    }
    return school.client(by).submit("/rota", given)


def reader_of(school: WebSchool, day: date) -> str:
    readers = readers_now(school.opened.store, school.site.effects, school.site.directory)
    case_id = school.receive_from_pupil()
    with school.opened.store.reading() as transaction:
        case = transaction.cases.find(case_id)
    assert case is not None
    reader = readers.reader(Role.HEAD, case.decision, day)
    return reader.address if reader is not None else ""


def test_reports_go_to_who_stands_in_on_the_days_and_not_after(school: WebSchool):
    assert note_absence(school, acting_address=OFFICE).status_code == 303
    assert reader_of(school, date(2026, 11, 24)) == OFFICE
    assert reader_of(school, date(2026, 11, 26)) == OFFICE
    assert reader_of(school, date(2026, 11, 27)) == HEAD


def test_without_somebody_who_stands_in_the_role_has_no_reader(school: WebSchool):
    note_absence(school)
    assert reader_of(school, date(2026, 11, 25)) == ""


def test_who_stands_in_never_reads_about_themselves(school: WebSchool):
    note_absence(school, acting_address=TEACHER)
    # The pupil writes to the teacher who stands in: at level 3 the teacher is a subject.
    assert reader_of(school, date(2026, 11, 24)) == ""


def test_days_taken_back_count_no_more(school: WebSchool):
    note_absence(school, acting_address=OFFICE)
    with school.opened.store.reading() as transaction:
        (absence,) = transaction.rota.absences()
    school.client(SiteRole.HEAD).submit("/rota/withdraw", {"absence": absence.id})
    assert reader_of(school, date(2026, 11, 24)) == HEAD


NONSENSE: tuple[tuple[dict[str, Any], str], ...] = (
    ({"acting_address": "stranger@elsewhere.example"}, "must be on the staff list"),
    ({"acting_address": "22esharma@pupils.hill.example"}, "must be on the staff list"),
    ({"acting_address": HEAD}, "Somebody else"),
    ({"last_day": "2026-11-20"}, "before the first"),
    ({"first_day": "2026-11-01", "last_day": "2026-11-02"}, "over"),
    ({"last_day": "2028-11-24"}, "more than a year"),
    ({"first_day": "soon"}, "first day"),
    ({"role": "lado"}, "Choose who is away"),
)


def test_days_that_make_no_sense_are_refused_in_words(school: WebSchool):
    for fields, words in NONSENSE:
        answer = note_absence(school, **fields)
        assert answer.status_code == 422, fields
        assert words in answer.text


def test_the_admin_cannot_say_who_is_away(school: WebSchool):
    assert note_absence(school, by=SiteRole.ADMIN, acting_address=OFFICE).status_code == 403
    assert "Take it back" not in school.client(SiteRole.ADMIN).get("/rota").text


def test_the_whole_chain_hears_who_reads_from_now_on(school: WebSchool):
    note_absence(school, acting_address=OFFICE)
    with school.opened.store.reading() as transaction:
        notices = transaction.effects.matching(kinds={EffectKind.CHAIN_NOTICE})
        tags = [event.tag for event in transaction.audit.events()]
    assert {notice.address for notice in notices} == {HEAD, DEPUTY, CHAIR, OFFICE}
    assert "rota:absence:set" in tags


def ask(school: WebSchool, case_id: str, reason: str = "the report of this case does not open"):
    return school.client(SiteRole.ADMIN).submit("/glass", {"case_id": case_id, "reason": reason})


def grant_of(school: WebSchool) -> str:
    (row,) = school.site.glass_book.rows(school.accounts[SiteRole.ADMIN])
    return row.grant.id


def test_the_admin_sees_a_case_only_after_a_member_of_the_chain_allowed_it_and_for_hours_only(
    school: WebSchool,
):
    case_id = school.receive_from_pupil(SECRET)
    assert ask(school, case_id).status_code == 303
    grant = grant_of(school)
    admin = school.client(SiteRole.ADMIN)
    assert admin.get(f"/glass/{grant}").status_code == 404
    assert admin.submit(f"/glass/{grant}/approve").status_code == 403
    assert school.client(SiteRole.HEAD).submit(f"/glass/{grant}/approve").status_code == 303
    assert SECRET in admin.get(f"/glass/{grant}").text
    school.clock.turn(hours=4, minutes=1)
    assert school.client(SiteRole.ADMIN).get(f"/glass/{grant}").status_code == 404


def test_every_step_and_every_look_is_on_the_record(school: WebSchool):
    case_id = school.receive_from_pupil(SECRET)
    ask(school, case_id)
    grant = grant_of(school)
    school.client(SiteRole.HEAD).submit(f"/glass/{grant}/approve")
    school.client(SiteRole.ADMIN).get(f"/glass/{grant}")
    school.client(SiteRole.HEAD).submit(f"/glass/{grant}/end")
    assert school.client(SiteRole.ADMIN).get(f"/glass/{grant}").status_code == 404
    with school.opened.store.reading() as transaction:
        tags = [event.tag for event in transaction.audit.events(case_id=case_id)]
    steps = [tag for tag in tags if tag.startswith("glass:")]
    assert steps == ["glass:case:asked", "glass:case:approved", "glass:case:viewed", "glass:case:ended"]


def test_a_refused_request_opens_nothing(school: WebSchool):
    ask(school, school.receive_from_pupil(SECRET))
    grant = grant_of(school)
    assert school.client(SiteRole.DEPUTY).submit(f"/glass/{grant}/end").status_code == 303
    school.client(SiteRole.HEAD).submit(f"/glass/{grant}/approve")
    assert school.client(SiteRole.ADMIN).get(f"/glass/{grant}").status_code == 404


def test_nobody_allows_a_look_at_a_case_about_themselves_or_hears_of_it(school: WebSchool):
    # To the Head: at level 3 the Head is a subject.
    case_id = school.receive_from_pupil(SECRET, rcpt_tos=(HEAD,))
    ask(school, case_id)
    grant = grant_of(school)
    head = school.client(SiteRole.HEAD)
    assert case_id not in head.get("/glass").text
    head.submit(f"/glass/{grant}/approve")
    assert school.client(SiteRole.ADMIN).get(f"/glass/{grant}").status_code == 404
    with school.opened.store.reading() as transaction:
        notices = transaction.effects.matching(kinds={EffectKind.CHAIN_NOTICE})
    assert HEAD not in {notice.address for notice in notices}
    assert school.client(SiteRole.CHAIR).submit(f"/glass/{grant}/approve").status_code == 303
    assert SECRET in school.client(SiteRole.ADMIN).get(f"/glass/{grant}").text


def test_a_reason_is_wanted_and_a_case_that_is_not_there_tells_nothing(school: WebSchool):
    case_id = school.receive_from_pupil(SECRET)
    assert "Say in a sentence" in ask(school, case_id, reason="why not").text
    assert "no such case" in ask(school, "MG-2026-9999").text
