"""The queue as each role gets it: what stands there, what does not exist, and what is on the record."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailguard.domain.account import SiteRole
from mailguard.domain.audit import AuditTag
from tests.schooling import HEAD, PARENT, SECOND_TEACHER, TEACHER
from tests.web_site import WebSchool, letter, make_web_school

LINKEDIN = "messages-noreply@linkedin.com"


def advertising(number: int, to: str = TEACHER) -> bytes:
    return (
        f"Authentication-Results: mx.hill.example; dmarc=pass header.from=linkedin.com\r\n"
        f"From: LinkedIn <{LINKEDIN}>\r\nTo: {to}\r\nSubject: You appeared in {number} searches this week\r\n"
        f"Message-ID: <{number}@linkedin.com>\r\n\r\nYou appeared in {number} searches. See who is looking.\r\n"
    ).encode()


@pytest.fixture(scope="module")
def one_school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSchool]:
    with make_web_school(tmp_path_factory.mktemp("queue")) as made:
        yield made


def receive_one_of_each(school: WebSchool) -> dict[str, str]:
    """A pupil's message to a teacher, one to the Head, two advertisements."""
    found = {"pupil": school.receive_from_pupil("hi sir, are you around tonight? dont tell anyone")}
    school.clock.turn(minutes=5)
    raw = letter("hello miss, see you tomorrow at the park, dont tell", number=50, to=HEAD)
    found["about_head"] = school.receive(raw, rcpt_tos=(HEAD,))
    school.clock.turn(minutes=5)
    found["clutter"] = school.receive(advertising(1), mail_from=LINKEDIN)
    found["other_clutter"] = school.receive(
        advertising(2).replace(b"You appeared", b"Your profile was seen"),
        mail_from=LINKEDIN,
        rcpt_tos=(SECOND_TEACHER,),
    )
    return found


@pytest.fixture(scope="module")
def cases(one_school: WebSchool) -> dict[str, str]:
    return receive_one_of_each(one_school)


@pytest.fixture
def school(one_school: WebSchool, cases: dict[str, str]) -> WebSchool:
    assert cases
    return one_school


def get(school: WebSchool, role: SiteRole, path: str) -> str:
    answer = school.client(role).get(path)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def last_event(school: WebSchool):
    with school.opened.store.reading() as transaction:
        return list(transaction.audit.events())[-1]


def test_the_report_that_nobody_has_acknowledged_stands_first(school: WebSchool, cases: dict[str, str]):
    page = get(school, SiteRole.HEAD, "/queue")
    assert page.index("Reports that nobody has acknowledged") < page.index(cases["pupil"])
    assert page.index(cases["pupil"]) < page.index(cases["clutter"])
    assert "Ella Sharma (pupil)" in page
    assert "Tom Brown" in page


def test_the_title_counts_what_waits(school: WebSchool, cases: dict[str, str]):
    count = school.client(SiteRole.HEAD).get("/queue/count").json()
    assert count["unacknowledged"] == 1
    assert f"<title>({count['waiting']}) Queue" in get(school, SiteRole.HEAD, "/queue")
    assert school.client(SiteRole.DEPUTY).get("/queue/count").json()["waiting"] == count["waiting"] + 1


@pytest.mark.parametrize("path", ["/queue", "/queue?show=all", "/queue?words=Ella", "/queue?level=5"])
def test_the_head_does_not_find_the_case_about_the_head(school: WebSchool, cases: dict[str, str], path: str):
    page = get(school, SiteRole.HEAD, path)
    assert cases["about_head"] not in page
    assert cases["about_head"] in get(school, SiteRole.DEPUTY, "/queue?show=all")


def test_the_head_cannot_search_for_the_number_of_the_case_about_the_head(
    school: WebSchool, cases: dict[str, str]
):
    number = cases["about_head"].rpartition("-")[2]
    for words in (cases["about_head"], number, HEAD):
        page = get(school, SiteRole.HEAD, f"/queue?words={words}")
        assert f"/cases/{cases['about_head']}" not in page
        assert "No case fits" in page


def test_the_chair_has_the_case_about_the_head_and_nothing_else(school: WebSchool, cases: dict[str, str]):
    page = get(school, SiteRole.CHAIR, "/queue?show=all")
    assert cases["about_head"] in page
    assert cases["pupil"] not in page
    assert cases["clutter"] not in page
    assert school.client(SiteRole.CHAIR).get(f"/cases/{cases['pupil']}").status_code == 404


def test_the_admin_sees_numbers_and_states_but_no_person_and_no_link(
    school: WebSchool, cases: dict[str, str]
):
    page = get(school, SiteRole.ADMIN, "/queue?show=all")
    assert cases["pupil"] in page
    for word in ("Ella", "Sharma", "Tom Brown", "LinkedIn", "/cases/", "tonight"):
        assert word not in page


def test_the_admin_cannot_search_for_a_person(school: WebSchool, cases: dict[str, str]):
    page = get(school, SiteRole.ADMIN, "/queue?show=all&words=Ella&staff=S3&platform=linkedin")
    assert cases["clutter"] in page
    assert cases["pupil"] in page


def test_the_auditor_has_no_queue(school: WebSchool):
    assert school.client(SiteRole.AUDITOR).get("/queue").status_code == 403


def test_a_search_by_name_or_address_finds_and_is_on_the_record_without_its_words(
    school: WebSchool, cases: dict[str, str]
):
    page = get(school, SiteRole.HEAD, "/queue?words=sharma+ella")
    assert cases["pupil"] in page
    assert "Cases that name Ella Sharma" in page
    event = last_event(school)
    assert (event.tag, event.actor) == (AuditTag.CASES_SEARCHED, "acc-head")
    detail = {"found": 1, "case_ids": [], "persons": ["P1"], "addresses": 0, "in_subjects": True}
    assert event.detail == detail
    assert cases["clutter"] in get(school, SiteRole.HEAD, f"/queue?words={LINKEDIN}")
    assert LINKEDIN not in str(last_event(school).detail)
    assert "Nobody on the school" in get(school, SiteRole.HEAD, "/queue?words=Nobody+Nowhere")
    assert "No case fits" in get(school, SiteRole.HEAD, f"/queue?words={PARENT}")


def test_words_of_a_subject_find_the_cases_that_one_has_opened_and_no_other(tmp_path: Path):
    with make_web_school(tmp_path) as school:
        raw = letter("hi sir can you tell me more", number=60, subject="Coach trip: who sits where?")
        read = school.receive(raw)
        unread = school.receive(letter("hi sir what time", number=61, subject="Another coach trip"))
        head, path = school.client(SiteRole.HEAD), "/queue?show=all&words=coach+trip"
        assert "no case that you have opened has it in its subject" in head.get(path).text
        head.get(f"/cases/{read}")
        page = head.get(path).text
        assert f"/cases/{read}" in page
        assert f"/cases/{unread}" not in page
        event = last_event(school)
        assert event.detail["in_subjects"] is True
        assert "coach" not in str(event.detail).lower()
        assert "No case fits" in school.client(SiteRole.DEPUTY).get(path).text
        # Words of the message itself are not searched, whoever has read it.
        assert "No case fits" in head.get("/queue?show=all&words=tell").text


def test_a_case_that_is_closed_meanwhile_is_not_found_by_its_subject(tmp_path: Path):
    with make_web_school(tmp_path) as school:
        raw = letter("hello miss see you tomorrow, dont tell", number=62, subject="Coach trip", to=HEAD)
        case_id = school.receive(raw, rcpt_tos=(HEAD,))
        with school.opened.store.transaction() as transaction:
            transaction.queue.see(case_id, person="acc-head")
        page = school.client(SiteRole.HEAD).get("/queue?show=all&words=coach").text
        assert "No case fits" in page
        assert f"/cases/{case_id}" not in page


def test_the_search_says_what_it_searches(school: WebSchool):
    page = get(school, SiteRole.HEAD, "/queue")
    assert "subjects of the last 500 cases that you opened" in page
    assert "The words of messages are locked away" in page


def test_filters_narrow(school: WebSchool, cases: dict[str, str]):
    by_staff = get(school, SiteRole.HEAD, "/queue?staff=S4")
    assert cases["other_clutter"] in by_staff
    assert cases["clutter"] not in by_staff
    by_platform = get(school, SiteRole.HEAD, "/queue?platform=linkedin")
    assert cases["clutter"] in by_platform
    assert cases["pupil"] not in by_platform
    assert "No case fits" in get(school, SiteRole.HEAD, "/queue?verdict=unreadable")


@pytest.mark.parametrize(
    "query", ["show=x&verdict=y&level=9&age=z", "after=abc.MG", "after=%00.x", "page=-1", "words=%00%ff"]
)
def test_odd_questions_get_an_ordinary_answer(school: WebSchool, query: str):
    assert school.client(SiteRole.HEAD).get(f"/queue?{query}").status_code == 200


def test_a_case_that_was_opened_is_no_longer_new(school: WebSchool, cases: dict[str, str]):
    school.clock.turn(seconds=1)
    client = school.client(SiteRole.DEPUTY)
    row = f'/cases/{cases["other_clutter"]}"'
    assert "New to you" in client.get("/queue?show=clutter&staff=S4").text
    assert row in client.get("/queue?show=clutter&staff=S4").text
    client.get(f"/cases/{cases['other_clutter']}")
    assert "New to you" not in client.get("/queue?show=clutter&staff=S4").text


def test_the_live_count_does_not_keep_a_session_alive(school: WebSchool):
    client = school.client(SiteRole.HEAD)
    for _ in range(4):
        school.clock.turn(minutes=10)
        answer = client.get("/queue/count")
    assert answer.status_code == 303
    school.clock.turn(minutes=-40)


def test_platform_clutter_is_closed_together_and_children_are_not_among_it(
    tmp_path: Path,
):
    # A school of its own: what is decided here would be gone from the queue of whatever test comes after.
    with make_web_school(tmp_path) as school:
        close_clutter_together(school, receive_one_of_each(school))


def close_clutter_together(school: WebSchool, cases: dict[str, str]) -> None:
    head = school.client(SiteRole.HEAD)
    preview = head.get("/queue/clutter").text
    assert "2 cases, 2 held copies" in preview
    assert cases["pupil"] not in preview
    everything = [
        cases["clutter"],
        cases["other_clutter"],
        cases["pupil"],
        cases["about_head"],
        "MG-2026-9999",
    ]
    assert (
        head.submit("/queue/clutter", {"case": everything}).headers["location"].startswith("/queue/clutter")
    )
    done = head.submit("/queue/clutter", {"case": everything, "what": "dismiss", "reason": "advertising"})
    assert done.headers["location"] == "/queue?show=decided"
    flash = head.get("/queue?show=decided").text
    assert "2 cases were dismissed. 3 were left alone" in flash
    with school.opened.store.reading() as transaction:
        found = {name: transaction.cases.find(each) for name, each in cases.items()}
    states = {name: case.state for name, case in found.items() if case is not None}
    assert {name for name, state in states.items() if state == "decided"} == {"clutter", "other_clutter"}


def test_an_empty_queue_says_so_kindly(tmp_path: Path):
    with make_web_school(tmp_path) as school:
        page = school.client(SiteRole.HEAD).get("/queue").text
    assert "Nothing waits for you." in page
    assert "<title>Queue" in page
