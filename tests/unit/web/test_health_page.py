"""The Health page: who sees it, what it counts, and that its pictures hold nothing that acts."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mailguard.app.sightings import note_seen
from mailguard.domain.account import SiteRole
from mailguard.domain.case import EffectKind
from tests.schooling import PARENT, TEACHER
from tests.web_site import WebSchool, letter, make_web_school

ALLEGATION = "Alice Head hit my son in the corridor today and left a bruise on his arm."


@pytest.fixture
def school(tmp_path: Path) -> Iterator[WebSchool]:
    with make_web_school(tmp_path) as made:
        with made.opened.store.transaction() as transaction:
            note_seen(transaction.ledger, dict.fromkeys(("relay", "effects"), made.clock.now()))
        yield made


def page(school: WebSchool, role: SiteRole) -> str:
    answer = school.client(role).get("/health")
    assert answer.status_code == 200
    return str(answer.text)


def pictures(html: str) -> list[bytes]:
    return [base64.b64decode(each) for each in re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', html)]


def counted(html: str) -> int:
    """Reported at once, altogether, as the picture's words say it."""
    found = re.search(r"(\d+) reported at once", html)
    assert found is not None
    return int(found.group(1))


def test_members_of_the_chain_and_the_admin_see_it_and_the_auditor_does_not(school: WebSchool) -> None:
    for role in (SiteRole.HEAD, SiteRole.DEPUTY, SiteRole.CHAIR, SiteRole.ADMIN):
        assert "<h1>Health</h1>" in page(school, role)
    assert school.client(SiteRole.AUDITOR).get("/health").status_code == 403
    assert school.client().get("/health").status_code == 303


def test_its_rows_are_called_as_people_call_them(school: WebSchool) -> None:
    html = page(school, SiteRole.HEAD)
    assert "<strong>Reports and releases</strong>" in html
    assert "<strong>Service</strong>" in html
    for word in ("Effects", "Daemon", "Config"):
        assert f"<strong>{word}" not in html


def test_it_says_first_whether_anything_must_be_done_and_how(school: WebSchool) -> None:
    html = page(school, SiteRole.ADMIN)
    assert "mailguard works. 3 things need a look." in html
    assert "mailguard report test" in html
    school.clock.turn(hours=2)
    html = page(school, SiteRole.ADMIN)
    assert "2 parts have failed and must be mended." in html
    assert "systemctl start mailguard" in html


def test_it_counts_and_shows_no_case_no_person_and_no_word(school: WebSchool) -> None:
    case_id = school.receive_from_pupil("hi sir are you around tonight")
    html = page(school, SiteRole.ADMIN)
    assert counted(html) == 1
    for word in (case_id, "Ella", "Sharma", TEACHER, "around tonight"):
        assert word not in html


def test_the_head_is_in_no_number_of_what_is_about_the_head(school: WebSchool) -> None:
    school.receive(letter(ALLEGATION, sender=PARENT, subject="Concern"), mail_from=PARENT)
    assert counted(page(school, SiteRole.DEPUTY)) == 1
    assert counted(page(school, SiteRole.ADMIN)) == 1
    assert counted(page(school, SiteRole.HEAD)) == 0


def test_pictures_are_drawings_alone(school: WebSchool) -> None:
    school.receive_from_pupil()
    found = pictures(page(school, SiteRole.HEAD))
    assert len(found) == 3
    for svg in found:
        tree = ElementTree.fromstring(svg)
        assert tree.tag.endswith("svg")
        tags = {str(each.tag).rpartition("}")[2] for each in tree.iter()}
        assert tags.isdisjoint({"script", "image", "foreignObject", "a", "use"})
        assert not re.search(rb"https?://(?!www\.w3\.org/|pygal\.org|github\.com/Kozea)|@import|url\(", svg)
        assert not any(name.startswith("on") for each in tree.iter() for name in each.attrib)


def test_every_number_of_a_picture_stands_in_a_table_beside_it(school: WebSchool) -> None:
    html = page(school, SiteRole.HEAD)
    assert html.count('<table class="numbers">') == 3
    assert html.count("<summary>The numbers") == 3
    assert len(re.findall(r'<th scope="row">\d+ \w{3}</th>', html)) == 28 + 28 + 12
    assert "style=" not in html


def test_a_report_about_the_head_that_fails_or_is_late_is_in_no_number_of_the_head(school: WebSchool) -> None:
    school.receive(letter(ALLEGATION, sender=PARENT), mail_from=PARENT, rcpt_tos=(TEACHER,))
    school.clock.turn(minutes=10)
    with school.opened.store.transaction() as transaction:
        note_seen(transaction.ledger, dict.fromkeys(("relay", "effects"), school.clock.now()))
    assert "overdue" in page(school, SiteRole.DEPUTY)
    assert "0 overdue; no report has been due yet" in page(school, SiteRole.HEAD)
    store = school.opened.store
    effect = store.lease_due(owner="test", lease_seconds=60, kinds={EffectKind.REPORT})
    assert effect is not None
    assert school.site.casebook.effect_done(effect)
    assert "no report has been due yet" in page(school, SiteRole.HEAD)
    effect = store.lease_due(owner="test", lease_seconds=60, kinds={EffectKind.REPORT})
    assert effect is not None
    assert school.site.casebook.effect_failed(effect, error="550 no such user")
    assert "1 report could not be delivered" in page(school, SiteRole.DEPUTY)
    assert "could not be delivered" not in page(school, SiteRole.HEAD)


def test_what_ends_by_age_is_shown_by_class_and_no_closed_case_is_counted(tmp_path: Path) -> None:
    words = "Alice Head hit my son in the corridor today and left a bruise on his arm."
    more = "[retention]\nallegations_days = 30\n"
    with make_web_school(tmp_path, more_config=more) as school:
        closed = school.receive(letter(words, sender=PARENT), mail_from=PARENT, rcpt_tos=(TEACHER,))
        school.site.casebook.dismiss(closed, by="acc-deputy", reason="seen")

        def row(role: SiteRole) -> list[str]:
            html = school.client(role).get("/health").text
            (cells,) = re.findall(r"Cases that may accuse.*?</tr>", html, re.DOTALL)
            return re.findall(r"<td[^>]*>([^<]*)</td>", cells)

        school.clock.turn(days=1)
        assert row(SiteRole.HEAD)[1:] == ["0", "0"]
        assert [int(each) for each in row(SiteRole.DEPUTY)[1:]] in ([1, 0], [0, 1])
        assert row(SiteRole.DEPUTY)[0] == "30 days after the decision"
        assert "until two people destroy it" in school.client(SiteRole.DEPUTY).get("/health").text
