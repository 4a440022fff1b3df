"""The pages of people and lists: nothing is written before the difference was looked at and agreed to."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mailguard.app.list_files import ListName
from mailguard.domain.account import SiteRole
from tests.schooling import FILES, SECOND_TEACHER
from tests.web_site import SiteClient, WebSchool, letter, make_web_school

KEEPERS = frozenset({SiteRole.HEAD, SiteRole.DEPUTY, SiteRole.ADMIN})


@pytest.fixture(scope="module")
def one_school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSchool]:
    with make_web_school(tmp_path_factory.mktemp("lists")) as school:
        yield school


@pytest.fixture
def school(one_school: WebSchool) -> WebSchool:
    """With its lists as they were at the beginning; the history of the tests before stays."""
    for name, text in FILES.items():
        (one_school.folder / "lists" / f"{name.value}.csv").write_text(text, encoding="utf-8")
    return one_school


@pytest.fixture
def admin(school: WebSchool) -> SiteClient:
    return school.client(SiteRole.ADMIN)


def pupils_file(school: WebSchool) -> Path:
    return school.folder / "lists" / "pupils.csv"


def upload(client: SiteClient, content: bytes, name: str = "pupils") -> str:
    """The address of the draft."""
    answer = client.submit(f"/lists/{name}/import", files={"file": ("export.csv", content, "text/csv")})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def test_an_upload_is_shown_as_a_difference_and_applied_by_a_yes(
    school: WebSchool, admin: SiteClient
) -> None:
    before = pupils_file(school).read_bytes()
    draft = upload(admin, before + b"P9,Robin Lane,7,robin@mail.example,\n")
    page = admin.get(draft).text
    assert "1 row added, 0 changed, 0 gone" in page
    assert "Robin Lane" in page
    assert "lowers the protection" not in page
    assert pupils_file(school).read_bytes() == before
    applied = admin.submit(draft)
    assert (applied.status_code, applied.headers["location"]) == (303, "/lists/pupils")
    assert pupils_file(school).read_bytes() == before + b"P9,Robin Lane,7,robin@mail.example,\n"
    assert "Ida Admin" in admin.get("/lists/pupils/history").text


def test_what_lowers_the_protection_is_not_applied_without_a_reason(
    school: WebSchool, admin: SiteClient
) -> None:
    before = pupils_file(school).read_bytes()
    draft = upload(admin, before.replace(b" ella.bee@mail.example", b""))
    page = admin.get(draft).text
    assert "Read this first" in page
    assert "P1 would lose ella.bee@mail.example" in page
    for data in ({}, {"reason": "x"}, {"is_meant": "yes"}):
        answer = admin.submit(draft, data)
        assert answer.status_code == 409
        assert "lowers the protection" in answer.text
    assert pupils_file(school).read_bytes() == before
    assert admin.submit(draft, {"reason": "<i>left</i>", "is_meant": "yes"}).status_code == 303
    assert "Why: &lt;i&gt;left&lt;/i&gt;" in admin.get("/lists/pupils/history").text


def test_a_file_with_faults_shows_them_and_has_no_button_to_apply(
    school: WebSchool, admin: SiteClient
) -> None:
    draft = upload(admin, b"id,name\nP1,Ann\nP1,Ben\n")
    page = admin.get(draft).text
    assert "cannot be applied" in page
    assert "is the id of" in page
    assert "Apply this change" not in page
    assert admin.submit(draft).status_code == 409


def test_a_pupil_whom_the_parents_list_still_names_leads_to_that_list_first(
    school: WebSchool, admin: SiteClient
) -> None:
    lines = FILES[ListName.PUPILS].splitlines(keepends=True)
    named = next(line for line in lines[1:] if line.split(",")[0] in FILES[ListName.PARENTS])
    page = admin.get(upload(admin, "".join(line for line in lines if line != named).encode())).text
    assert "This list cannot be applied: another one still names who would be gone" in page
    assert 'Change <a href="/lists/parents">Parents and carers</a> first' in page
    assert "Put them right in the MIS" not in page


def test_right_after_a_change_the_page_says_calmly_that_it_is_being_read(
    school: WebSchool, admin: SiteClient
) -> None:
    admin.submit(upload(admin, FILES[ListName.PUPILS].encode() + b"P8,Robin Lane,7,robin@mail.example,\n"))
    page = admin.get("/lists/pupils").text
    assert "The last change is being read" in page
    assert "The files differ" not in page
    school.clock.turn(minutes=2)
    assert "The files differ" in admin.get("/lists/pupils").text


def test_no_file_is_said_kindly(admin: SiteClient) -> None:
    answer = admin.submit("/lists/pupils/import", files={"file": ("", b"", "text/csv")})
    assert answer.status_code == 422
    assert "Choose the file" in answer.text


def test_a_row_is_changed_and_the_rest_of_the_file_stays(school: WebSchool, admin: SiteClient) -> None:
    page = admin.get("/lists/pupils/row?line=3").text
    assert 'value="Jayden Adeyemi"' in page
    version = re.search(r'name="version" value="([0-9a-f]+)"', page)
    assert version is not None
    row = {"id": "P2", "name": "Jayden Adeyemi", "year": "10", "addresses": "23jadeyemi@pupils.hill.example"}
    answer = admin.submit("/lists/pupils/row", {**row, "line": "3", "version": version.group(1)})
    draft = answer.headers["location"]
    assert "1 changed" in admin.get(draft).text
    admin.submit(draft)
    assert pupils_file(school).read_text() == FILES[ListName.PUPILS].replace("Adeyemi,9,", "Adeyemi,10,")


def test_a_row_that_somebody_else_has_changed_is_not_overwritten(
    school: WebSchool, admin: SiteClient
) -> None:
    page = admin.get("/lists/pupils/row?line=3").text
    version = re.search(r'name="version" value="([0-9a-f]+)"', page)
    assert version is not None
    pupils_file(school).write_text(FILES[ListName.PUPILS] + "P9,Robin Lane,7,robin@mail.example,\n")
    data = {"id": "P2", "name": "Jay", "line": "3", "version": version.group(1)}
    answer = admin.submit("/lists/pupils/row", data)
    assert answer.status_code == 409
    assert "have changed since this page was opened" in answer.text
    assert 'value="Jay"' in answer.text


def test_removing_a_row_and_putting_the_list_back(school: WebSchool, admin: SiteClient) -> None:
    before = pupils_file(school).read_bytes()
    version = school.site.editing.version()
    answer = admin.submit("/lists/pupils/remove", {"line": "6", "version": version})
    draft = answer.headers["location"]
    assert "P5 would no longer be on the list of pupils" in admin.get(draft).text
    admin.submit(draft, {"reason": "left", "is_meant": "yes"})
    assert b"P5" not in pupils_file(school).read_bytes()
    number = school.site.editing.history(ListName.PUPILS)[1].number
    answer = admin.submit("/lists/pupils/restore", {"number": str(number)})
    admin.submit(answer.headers["location"])
    assert pupils_file(school).read_bytes() == before


def test_a_draft_can_be_dropped(school: WebSchool, admin: SiteClient) -> None:
    draft = upload(admin, pupils_file(school).read_bytes() + b"P9,Robin Lane,7,robin@mail.example,\n")
    assert admin.submit(f"{draft}/drop").status_code == 303
    assert admin.get(draft).status_code == 404
    assert admin.submit(draft).status_code == 404


def test_somebody_is_found_by_any_part_of_name_address_or_account(admin: SiteClient) -> None:
    for wanted in ("sharma", "ELLA.BEE@mail", "instagram:ella", "P1"):
        assert "Ella Sharma" in admin.get("/lists", params={"q": wanted}).text
    page = admin.get("/lists", params={"q": "<script>"}).text
    assert "Nobody on the lists" in page
    assert "<script>" not in page


def test_a_search_and_an_export_are_on_the_record_without_their_words(
    school: WebSchool, admin: SiteClient
) -> None:
    admin.get("/lists", params={"q": "sharma"})
    exported = admin.get("/lists/pupils/export.csv")
    assert exported.headers["content-disposition"] == 'attachment; filename="pupils.csv"'
    assert exported.content.decode("utf-8-sig").startswith("id,name,year,addresses,handles\r\n")
    with school.opened.store.reading() as transaction:
        events = [(event.tag, dict(event.detail)) for event in transaction.audit.events()]
    assert ("review:people:searched", {"found": 2}) in events
    assert ("lists:list:exported", {"list": "pupils"}) in events


def test_an_exported_formula_does_not_run_in_a_spreadsheet(school: WebSchool, admin: SiteClient) -> None:
    pupils_file(school).write_text(FILES[ListName.PUPILS] + "P9,=1+1,7,,\n")
    assert b"P9,'=1+1,7,," in admin.get("/lists/pupils/export.csv").content


def test_a_folder_that_cannot_be_written_offers_the_new_file_instead(
    school: WebSchool, admin: SiteClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Tests run as root, for whom every folder is writable.
    monkeypatch.setattr("mailguard.adapters.list_writer.os.access", lambda path, mode: False)
    content = pupils_file(school).read_bytes() + b"P9,Robin Lane,7,robin@mail.example,\n"
    draft = upload(admin, content)
    page = admin.get(draft).text
    assert "cannot be written from here" in page
    assert "Apply this change" not in page
    assert admin.submit(draft).status_code == 409
    assert admin.get(f"{draft}/file.csv").content == content


def test_an_account_that_has_ended_is_marked(school: WebSchool, admin: SiteClient) -> None:
    school.clock.turn(days=400)
    client = school.client(SiteRole.ADMIN)
    assert "1 row ended" in client.get("/lists").text
    assert "ended" in client.get("/lists/official_accounts").text


def test_a_list_that_the_settings_do_not_name_is_not_here(admin: SiteClient) -> None:
    for name in ("approved_channels", "nothing", "drafts"):
        assert admin.get(f"/lists/{name}").status_code == 404
    assert "IT names its file in the settings" in admin.get("/lists").text


@pytest.mark.parametrize("role", list(SiteRole))
def test_head_deputy_and_admin_keep_the_lists_and_the_chair_looks_at_them(
    school: WebSchool, role: SiteRole
) -> None:
    client = school.client(role)
    looks = 200 if role in KEEPERS | {SiteRole.CHAIR} else 403
    keeps = 200 if role in KEEPERS else 403
    for path in ("/lists", "/lists/pupils", "/lists/pupils/history"):
        assert client.get(path).status_code == looks
    for path in ("/lists/pupils/row", "/lists/pupils/import"):
        assert client.get(path).status_code == keeps
    row = client.submit("/lists/pupils/row", {"id": "P9", "name": "Robin Lane"})
    assert row.status_code == (303 if role in KEEPERS else 403)
    if looks == 200:
        assert ("Import an export" in client.get("/lists/pupils").text) == (role in KEEPERS)


def test_a_thousand_pupils_are_paged(school: WebSchool, admin: SiteClient) -> None:
    rows = "".join(
        f"X{number},Given Surname{number},7,x{number}@pupils.hill.example,\n" for number in range(1000)
    )
    pupils_file(school).write_text(FILES[ListName.PUPILS] + rows)
    first = admin.get("/lists/pupils").text
    assert "1 to 25 of 1,005" in first
    assert "976 to 1000 of 1,005" in admin.get("/lists/pupils?page=40").text
    assert "1001 to 1005 of 1,005" in admin.get("/lists/pupils?page=999999").text
    assert "1 to 1 of 1" in admin.get("/lists/pupils", params={"q": "surname77 x77@"}).text


def test_nobody_who_reads_cases_parts_themself_from_those_about_them(tmp_path: Path):
    with make_web_school(tmp_path) as school:
        olive = replace(
            school.accounts[SiteRole.DEPUTY], id="acc-olive", name="Olive Green", address=SECOND_TEACHER
        )
        with school.opened.store.transaction() as transaction:
            assert transaction.accounts.add(olive)
        school.accounts[SiteRole.DEPUTY] = olive
        client, editing = school.client(SiteRole.DEPUTY), school.site.editing
        mail = letter("can we talk", to=SECOND_TEACHER)
        case_id = school.receive(mail, rcpt_tos=(SECOND_TEACHER,))
        assert client.get(f"/cases/{case_id}").status_code == 404
        rows = FILES[ListName.STAFF].splitlines()
        another_id = [row.replace("S4,", "S9,") for row in rows]
        another_address = [row.replace(SECOND_TEACHER, "o.green2@hill.example") for row in rows]
        gone = [row for row in rows if "S4," not in row]
        for changed in (another_id, another_address, gone):
            draft_id = editing.propose_import(ListName.STAFF, "\n".join(changed).encode(), by=olive.id)
            answer = client.submit(f"/lists/drafts/{draft_id}", {"reason": "tidy", "is_meant": "yes"})
            assert answer.status_code == 409
            assert "Olive Green reads cases with the address" in answer.text
            assert client.get(f"/cases/{case_id}").status_code == 404
        # Once nobody reads with it, it is a change like any other.
        head = school.client(SiteRole.HEAD)
        assert head.submit(f"/accounts/{olive.id}/disable").status_code == 303
        draft_id = editing.propose_import(ListName.STAFF, "\n".join(gone).encode(), by=olive.id)
        fields = {"reason": "has left", "is_meant": "yes"}
        assert head.submit(f"/lists/drafts/{draft_id}", fields).status_code == 303
