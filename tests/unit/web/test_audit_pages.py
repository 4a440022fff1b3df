"""Screen 6: the trail without content and without closed cases, and what may be taken out, by whom."""

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mailguard.adapters.keys import is_genuine_signature
from mailguard.app.audit_trail import verify_export
from mailguard.app.evidence_verify import verify_pack
from mailguard.app.export_making import TAG_MADE, TAG_REQUESTED
from mailguard.domain.account import SiteRole
from tests.schooling import HEAD, PARENT, TEACHER
from tests.web_site import WebSchool, letter, make_web_school

ALLEGATION = "Alice Head hit my son in the corridor today and left a bruise on his arm."
WORDS = "hi sir are you around tonight"


@pytest.fixture
def school(tmp_path: Path) -> Iterator[WebSchool]:
    with make_web_school(tmp_path) as made:
        yield made


def about_the_head(school: WebSchool) -> str:
    return school.receive(letter(ALLEGATION, sender=PARENT, number=99), mail_from=PARENT, rcpt_tos=(TEACHER,))


def page(school: WebSchool, path: str, role: SiteRole = SiteRole.HEAD) -> str:
    answer = school.client(role).get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return str(answer.text)


def tags(school: WebSchool) -> list[str]:
    with school.opened.store.reading() as transaction:
        return [event.tag for event in transaction.audit.events()]


def pack(school: WebSchool, case_id: str, role: SiteRole = SiteRole.HEAD, **more: Any) -> Any:
    form = {"case": case_id, "purpose": "police", "reason": "asked by telephone", **more}
    return school.client(role).submit("/audit/pack", form)


def test_everybody_who_signs_in_sees_the_trail_and_nobody_a_word_of_the_message(school: WebSchool) -> None:
    case_id = school.receive_from_pupil(WORDS)
    for role in SiteRole:
        html = page(school, "/audit", role)
        assert case_id in html
        assert "Case opened" in html
        assert WORDS not in html
    assert school.client().get("/audit").status_code == 303


def test_the_admin_sees_what_happened_and_not_to_whom(school: WebSchool) -> None:
    case_id = school.receive_from_pupil()
    with school.opened.store.reading() as transaction:
        persons = {str(each["id"]) for each in transaction.cases.messages(case_id)[0].decision.persons}
        subjects = set(transaction.cases.messages(case_id)[0].decision.subjects)
    html = page(school, "/audit", SiteRole.ADMIN)
    assert "&#34;subjects&#34;" in page(school, "/audit", SiteRole.AUDITOR)
    assert "&#34;subjects&#34;" not in html
    assert 'name="person"' not in html
    for person in (*persons, *subjects):
        assert f'"{person}"' not in html
        assert page(school, f"/audit?person={person}", SiteRole.ADMIN).count("Case opened") == 1
    assert f'href="/cases/{case_id}"' not in html
    assert school.client(SiteRole.ADMIN).get("/audit/exports").status_code == 403


def test_the_auditor_can_take_the_trail_and_nothing_else(school: WebSchool) -> None:
    case_id = school.receive_from_pupil()
    auditor = school.client(SiteRole.AUDITOR)
    answer = auditor.submit("/audit/trail")
    assert answer.status_code == 200
    assert '"format":"mailguard-audit-1"' in answer.text
    for path in (
        "/audit/exports",
        "/audit/pack",
        "/audit/chronology",
        "/audit/person",
        "/audit/foi",
        "/audit/governors",
    ):
        assert auditor.get(path).status_code == 403, path
    assert pack(school, case_id, SiteRole.AUDITOR).status_code == 403
    assert school.client(SiteRole.HEAD).submit("/audit/trail").status_code == 403


def about_the_auditor(school: WebSchool) -> str:
    """A case in which the auditor acted: a letter that names the Head, closed to the auditor as an address."""
    case_id = about_the_head(school)
    auditor = school.accounts[SiteRole.AUDITOR]
    school.accounts[SiteRole.AUDITOR] = replace(auditor, address=HEAD)
    with school.opened.store.transaction() as transaction:
        head = school.accounts[SiteRole.HEAD]
        transaction.accounts.replace(replace(head, address="former@hill.example"))
        transaction.accounts.replace(school.accounts[SiteRole.AUDITOR])
    return case_id


def test_an_auditor_takes_a_case_about_them_by_place_and_hash_alone(school: WebSchool) -> None:
    other = school.receive_from_pupil()
    case_id = about_the_auditor(school)
    school.client(SiteRole.DEPUTY).get(f"/cases/{case_id}")
    answer = school.client(SiteRole.AUDITOR).submit("/audit/trail")
    assert case_id not in answer.text
    assert other in answer.text
    lines = answer.text.splitlines(keepends=True)
    key = school.site.trail.verifier_key
    result = verify_export(lines, key=key, check_signature=is_genuine_signature)
    with school.opened.store.reading() as transaction:
        closed = [event for event in transaction.audit.events() if event.case_id == case_id]
    assert result.is_intact, result.problems
    assert result.withheld == len(closed) >= 2
    for event in closed:
        assert event.tag not in lines[event.seq]
        tampered = [
            *lines[: event.seq],
            lines[event.seq].replace(event.hash[:8], "00000000"),
            *lines[event.seq + 1 :],
        ]
        assert not verify_export(tampered, key=key, check_signature=is_genuine_signature).is_intact


def test_a_search_for_the_auditor_is_withheld_from_the_auditors_copy_as_from_the_page(
    school: WebSchool,
) -> None:
    about_the_auditor(school)
    school.client(SiteRole.DEPUTY).get("/queue?show=all&words=Alice+Head")
    answer = school.client(SiteRole.AUDITOR).submit("/audit/trail")
    assert "review:cases:searched" not in answer.text
    assert '"withheld"' in answer.text


def test_events_of_a_case_about_the_head_are_not_there_for_the_head(school: WebSchool) -> None:
    case_id = about_the_head(school)
    for path in ("/audit", f"/audit?case={case_id}", "/audit?person=P0003", "/audit?kind=gate%3A"):
        assert case_id not in re.sub(r'value="[^"]*"', "", page(school, path)), path
    assert case_id in page(school, "/audit", SiteRole.DEPUTY)
    assert case_id in page(school, "/audit", SiteRole.AUDITOR)


def test_events_are_found_by_case_person_day_and_kind(school: WebSchool) -> None:
    first = school.receive_from_pupil()
    school.clock.turn(days=2)
    second = school.receive_from_pupil("another one entirely")
    day = school.site.today.isoformat()
    assert first not in page(school, f"/audit?from={day}")
    assert second in page(school, f"/audit?from={day}&until={day}")
    assert second not in page(school, f"/audit?case={first.lower()}").replace(f'value="{first}"', "")
    assert "No event matches" in page(school, "/audit?kind=lists%3A")
    assert "neither a person" in page(school, "/audit?person=nobody")
    assert "Write a day like" in page(school, "/audit?from=yesterday")
    with school.opened.store.reading() as transaction:
        (person,) = {
            str(each["id"])
            for each in transaction.cases.messages(first)[0].decision.persons
            if each["list"] == "pupils"
        }
    assert first in page(school, f"/audit?person={person}")


def test_a_long_trail_comes_in_pages_to_its_first_event(school: WebSchool) -> None:
    for number in range(60):
        school.site.trail.append("test:page:filled", actor=f"somebody-{number}")
    html = page(school, "/audit")
    assert "by somebody-59" in html
    assert "by somebody-3<" not in html
    (older,) = re.findall(r'rel="next" href="([^"]+)"', html)
    html = page(school, older.replace("&amp;", "&"))
    assert "by somebody-3<" in html
    assert 'rel="next"' not in html


def test_verify_says_in_words_that_the_trail_is_intact_or_what_is_wrong(school: WebSchool) -> None:
    school.receive_from_pupil()
    school.site.trail.checkpoint()
    answer = school.client(SiteRole.AUDITOR).submit("/audit/verify")
    assert "The trail is intact." in answer.text
    assert "one signed checkpoint" in answer.text or "1 signed checkpoint" in answer.text
    import sqlite3

    with sqlite3.connect(school.folder / "state" / "mailguard.sqlite3") as file:
        file.execute("DROP TRIGGER audit_events_no_update")
        file.execute("UPDATE audit_events SET actor = 'nobody' WHERE seq = 1")
    file.close()
    answer = school.client(SiteRole.AUDITOR).submit("/audit/verify")
    assert "The trail is not intact." in answer.text
    assert "Event 1 was altered" in answer.text


def test_a_pack_is_downloaded_and_proves_itself(school: WebSchool) -> None:
    case_id = school.receive_from_pupil(WORDS)
    answer = pack(school, case_id)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{case_id}.zip"'
    assert answer.headers["Cache-Control"] == "no-store"
    key = school.site.trail.verifier_key
    assert verify_pack(answer.content, key=key, check_signature=is_genuine_signature).is_intact
    assert tags(school)[-1] == TAG_MADE
    html = page(school, "/audit/exports")
    assert "asked by telephone" in html
    assert "Alice Head" in html
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert b"Alice Head" in archive.read("case.json")


def test_a_case_about_the_head_cannot_be_exported_by_the_head_nor_seen_among_exports(
    school: WebSchool,
) -> None:
    case_id = about_the_head(school)
    answer = pack(school, case_id)
    assert answer.status_code == 422
    assert "There is no such case." in answer.text
    assert TAG_REQUESTED not in tags(school)
    assert school.client(SiteRole.HEAD).get(f"/audit/pack/{case_id}/whole").status_code == 404
    assert pack(school, case_id, SiteRole.DEPUTY).status_code == 200
    assert case_id not in page(school, "/audit/exports")
    assert case_id in page(school, "/audit/exports", SiteRole.CHAIR)


def test_a_form_that_lacks_something_says_what_and_keeps_the_rest(school: WebSchool) -> None:
    case_id = school.receive_from_pupil()
    for answer, says in (
        (pack(school, case_id, purpose=""), "Choose what the pack is for."),
        (pack(school, case_id, reason=" "), "Say why in a few words"),
    ):
        assert answer.status_code == 422
        assert says in answer.text
        assert f'value="{case_id}"' in answer.text


def test_the_whole_pack_asks_again_who_is_there(school: WebSchool) -> None:
    case_id = school.receive_from_pupil()
    client = school.client(SiteRole.HEAD)
    school.clock.turn(seconds=school.site.settings.fresh_seconds + 1)
    answer = client.get(f"/audit/pack/{case_id}/whole")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/confirm?next=")
    fresh = school.client(SiteRole.HEAD)
    form = {"purpose": "police", "reason": "handed over"}
    assert "indecent images" in fresh.get(f"/audit/pack/{case_id}/whole").text
    assert fresh.submit(f"/audit/pack/{case_id}/whole", form).status_code == 422
    answer = fresh.submit(f"/audit/pack/{case_id}/whole", form | {"understood": "yes"})
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{case_id}-whole.zip"'


def test_a_chronology_and_a_public_answer_are_downloaded(school: WebSchool) -> None:
    case_id = school.receive_from_pupil()
    client = school.client(SiteRole.HEAD)
    form = {"about": case_id, "reason": "for the record"}
    assert "kept apart" in client.submit("/audit/chronology", form).text
    answer = client.submit("/audit/chronology", form | {"side": "pupil"})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert case_id in answer.text
    form = {"from": "2026-09-01", "until": "2026-12-31", "reason": "request 12"}
    assert client.submit("/audit/foi", form).headers["Content-Type"] == "application/zip"
    assert "before the first" in client.submit("/audit/foi", form | {"until": "2026-01-01"}).text


def test_a_subject_access_request_goes_from_the_search_to_the_file(school: WebSchool) -> None:
    case_id = school.receive_from_pupil("hello sir it is me, Tobias Quennell saw it")
    client = school.client(SiteRole.HEAD)
    with school.opened.store.reading() as transaction:
        sender = transaction.cases.messages(case_id)[0].mail_from
    answer = client.submit("/audit/person", {"about": "nobody", "reason": "letter"})
    assert "neither a person" in answer.text
    answer = client.submit("/audit/person", {"about": sender, "reason": "letter of 3 May"})
    path = answer.headers["Location"]
    html = client.get(path).text
    assert "Tobias Quennell" in html
    assert client.submit(f"{path}/words", {"words": "Tobias Quennell\n"}).status_code == 303
    html = client.get(path).text
    assert "Quennell" not in html.split("<h2>", 1)[1]
    names = dict.fromkeys(re.findall(r'name="(give-[^"]+)"', html))
    form = dict.fromkeys(names, "yes")
    assert "Tick the box" in client.submit(path, form).text
    first, *_ = names
    missing = client.submit(path, {**form, first: "", "read": "yes"})
    assert missing.status_code == 422
    assert "not decided" in missing.text
    made = client.submit(path, {**form, "read": "yes"})
    assert made.headers["Content-Type"] == "application/zip"
    assert client.get(path).status_code == 404


def test_the_governors_page_shows_a_term_without_names_and_gives_the_pdf(school: WebSchool) -> None:
    school.receive_from_pupil()
    html = page(school, "/audit/governors?term=2026-autumn", SiteRole.CHAIR)
    assert "Contact by mail: Autumn term 2026" in html
    assert "One report had to be made at once; none was acknowledged late, and 1 is not due yet." in html
    answer = school.client(SiteRole.CHAIR).submit(
        "/audit/governors", {"term": "2026-autumn", "reason": "they meet"}
    )
    assert answer.content.startswith(b"%PDF")
    assert school.client(SiteRole.CHAIR).get("/audit/governors?term=winter").status_code == 404


def test_looking_changes_nothing(school: WebSchool) -> None:
    case_id = school.receive_from_pupil()
    before = tags(school)
    for path in ("/audit", f"/audit?case={case_id}", "/audit/exports", f"/audit/pack?case={case_id}", "/audit/chronology",
                 "/audit/person", "/audit/foi", "/audit/governors", f"/audit/pack/{case_id}/whole"):  # fmt: skip
        page(school, path)
    assert tags(school) == before
