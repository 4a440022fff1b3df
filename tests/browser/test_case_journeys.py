"""The DCPO's journeys through queue and case in a real Chromium, on a phone, down to a real mailbox."""

import re
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from mailguard.adapters.smtp_out import SmtpCourier
from mailguard.adapters.smtp_settings import CourierSettings, HostPort
from mailguard.app.effects import EffectsWorker, WorkerSettings
from mailguard.app.release import ReleasePerformer
from mailguard.app.site_settings import SiteSettings
from mailguard.domain.account import SiteRole
from mailguard.domain.case import CaseState, EffectKind, RecipientState
from tests.browser.windows import DESKTOP, Watched, signed_in
from tests.schooling import HEAD, PUPIL
from tests.servers import HOST, DovecotServer, run_postfix, wait_until
from tests.web_site import WebSchool, kudos, letter, make_web_school, running_site


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSchool]:
    with make_web_school(tmp_path_factory.mktemp("journeys"), settings=SiteSettings()) as made:
        yield made


@pytest.fixture(scope="module")
def address(school: WebSchool) -> Iterator[str]:
    with running_site(school) as url:
        yield url


@pytest.fixture
def head(browser: Browser, school: WebSchool, address: str) -> Iterator[Watched]:
    with signed_in(browser, school, address, SiteRole.HEAD) as window:
        yield window


def case_of(school: WebSchool, case_id: str):
    with school.opened.store.reading() as transaction:
        return transaction.cases.find(case_id), transaction.cases.recipients(case_id)


def new_case(school: WebSchool) -> str:
    """Its words are its own: the same words again would join the case before."""
    return school.receive_from_pupil(f"hi sir, this is message {school.received + 1} about nothing much")


def decide(window: Watched, choice: str, reason: str, button: str) -> None:
    window.press(choice)
    window.page.get_by_label(reason).check()
    window.page.get_by_role("button", name=re.compile(re.escape(button))).click()


def test_a_head_acknowledges_and_confirms_with_one_thumb(school: WebSchool, head: Watched) -> None:
    case_id = school.receive_from_pupil("hi sir are you online tonight, dont tell my mum")
    head.go("/queue")
    head.says("Reports that nobody has acknowledged")
    head.page.locator(f'a[href="/cases/{case_id}"]').click()
    head.says("A child may be unsafe")
    head.press("Acknowledge: I have it")
    head.says("Acknowledged. Read the message")
    decide(
        head, "Confirm contact", "Read; the safeguarding procedure has begun", f"Confirm contact {case_id}"
    )
    head.says("Contact confirmed. What was held stays held.")
    case, (recipient,) = case_of(school, case_id)
    assert (case.state, recipient.state) == (CaseState.DECIDED, RecipientState.HELD)
    assert head.width <= 360
    assert head.said == []
    assert head.foreign_requests == []


def test_a_release_arrives_byte_for_byte_in_the_mailbox(
    school: WebSchool, head: Watched, dovecot: DovecotServer
) -> None:
    user = dovecot.new_user()
    teacher = f"{user}@hill.example"
    raw = letter("hello sir, café.\r\n.a line with a dot\r\n\ttab", number=7_001, to=teacher)
    case_id = school.receive(raw, rcpt_tos=(teacher,))
    head.go(f"/cases/{case_id}")
    decide(head, "Release", "School business: the recipient should have it", "Release: send 1 copy")
    head.says("Released. The message leaves in 30 seconds; until then you can take it back.")
    with run_postfix("plain", next_hop=dovecot.transport) as postfix, working(school, postfix.smtp_port):
        assert dovecot.messages(user) == {}
        school.clock.turn(seconds=31)
        wait_until(lambda: dovecot.messages(user), "the released message", seconds=60)
        wait_until(
            lambda: case_of(school, case_id)[1][0].state is RecipientState.RELEASED, "released", seconds=20
        )
    (arrived,) = dovecot.messages(user).values()
    assert arrived.endswith(raw)
    assert b"\r\nX-Mailguard: " in arrived[: -len(raw)]
    head.go(f"/cases/{case_id}")
    head.says("released: has it")
    assert "Take it back" not in head.text()
    head.says("Message released")


def working(school: WebSchool, smtp_port: int):
    """The daemon's effects worker on releases, as a context."""
    courier = SmtpCourier(CourierSettings(server=HostPort(HOST, smtp_port)))
    release = ReleasePerformer(
        store=school.opened.store,
        blobs=school.opened.blobs,
        courier=courier,
        settings=school.site.effects,
        clock=school.clock,
    )
    worker = EffectsWorker(
        store=school.opened.store,
        casebook=school.site.casebook,
        performers={EffectKind.RELEASE: release},
        clock=school.clock,
        owner="browser-test",
        on_alarm=lambda *_: None,
        on_failed_attempt=lambda *_: None,
        settings=WorkerSettings(poll_seconds=0.1),
    )
    return Working(worker)


class Working:
    """Runs a worker in a thread for the length of a block."""

    def __init__(self, worker: EffectsWorker) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=worker.run, args=(self._stop,), daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=30)


def test_a_wrong_release_is_taken_back(school: WebSchool, head: Watched) -> None:
    case_id = new_case(school)
    head.go(f"/cases/{case_id}")
    decide(head, "Release", "School business: the recipient should have it", "Release: send 1 copy")
    head.press("Take it back")
    head.says("Taken back. Nothing had gone out")
    case, (recipient,) = case_of(school, case_id)
    assert (case.state, recipient.state) == (CaseState.ACKNOWLEDGED, RecipientState.HELD)


def test_a_cluster_is_dismissed_as_one_case(school: WebSchool, head: Watched) -> None:
    case_id = ""
    for number in range(6):
        raw = (
            "Authentication-Results: mx.hill.example; dmarc=pass header.from=facebookmail.com\r\n"
            "From: Facebook <friendupdates@facebookmail.com>\r\nSubject: Priya Sharma sent you a friend request\r\n"
            f"Message-ID: <request-{number}@facebookmail.com>\r\nX-Facebook-Notify: friend_request; mailid=1\r\n\r\n"
            "Priya Sharma wants to be friends with you on Facebook.\r\n"
        ).encode()
        case_id = school.receive(
            raw, mail_from="friendupdates@facebookmail.com", rcpt_tos=(f"staff{number}@hill.example",)
        )
    head.go("/queue?show=clutter")
    # It names a parent on the list, so it is decided by itself and not among the clutter.
    assert case_id not in head.text()
    head.go("/queue")
    row = head.page.locator(".case-row", has_text=case_id)
    assert row.count() == 1
    assert "6 of 6 held" in row.inner_text()
    row.locator("a").click()
    decide(head, "Dismiss", "A service's automatic mail or advertising", "Dismiss: send 6 copies")
    head.says("6 copies leave in 30 seconds")
    _, recipients = case_of(school, case_id)
    assert {each.state for each in recipients} == {RecipientState.RELEASE_PENDING}


def test_clutter_closed_together_is_taken_back_by_one_press(school: WebSchool, head: Watched) -> None:
    case_ids = [school.receive(kudos(number), mail_from="no-reply@strava.com") for number in (1, 2, 3)]
    head.go("/queue?show=clutter")
    head.press("Close them together…")
    for number in case_ids:
        head.says(number)
    head.page.get_by_label("Dismiss: the recipients get them").check()
    head.page.get_by_label("A service's automatic mail; no child").check()
    head.press("Close the ticked cases")
    head.says("You dismissed 3 cases together")
    head.says("30 seconds from now")
    assert head.width <= 360
    assert {case_of(school, each)[0].state for each in case_ids} == {CaseState.DECIDED}
    head.press("Take all of it back")
    head.says("3 cases taken back. Nothing had gone out")
    assert "Take all of it back" not in head.text()
    for each in case_ids:
        case, (recipient,) = case_of(school, each)
        assert (case.state, recipient.state) == (CaseState.ACKNOWLEDGED, RecipientState.HELD)


def test_the_head_cannot_find_the_case_about_the_head(school: WebSchool, head: Watched) -> None:
    raw = letter("hello miss it was nice to meet you in the park, lets keep it secret", number=7_002, to=HEAD)
    case_id = school.receive(raw, rcpt_tos=(HEAD,))
    head.go("/queue?show=all")
    count = head.page.title()
    assert case_id not in head.text()
    for words in (case_id, case_id.rpartition("-")[2], HEAD):
        head.go("/queue?show=all")
        head.page.get_by_role("searchbox", name="Search").fill(words)
        head.press("Search")
        head.says("No case fits")
    answer = head.page.goto(f"{head.address}/cases/{case_id}")
    assert answer is not None
    assert answer.status == 404
    head.go("/queue?show=all")
    assert head.page.title() == count


def test_the_admin_cannot_read_content(browser: Browser, school: WebSchool, address: str) -> None:
    case_id = school.receive_from_pupil("a sentence that no admin may read")
    with signed_in(browser, school, address, SiteRole.ADMIN, viewport=DESKTOP) as admin:
        admin.go("/queue?show=all")
        page = admin.page.content()
        assert case_id in page
        for word in ("Ella", "Sharma", "Tom Brown", PUPIL, "no admin may read", f"/cases/{case_id}"):
            assert word not in page
        answer = admin.page.goto(f"{address}/cases/{case_id}")
        assert answer is not None
        assert answer.status == 403
        assert "no admin may read" not in admin.page.content()


def test_the_queue_is_gone_through_by_keys(browser: Browser, school: WebSchool, address: str) -> None:
    new_case(school)
    new_case(school)
    with signed_in(browser, school, address, SiteRole.HEAD, viewport=DESKTOP) as window:
        window.go("/queue")
        links = window.page.locator(".case-link")
        window.page.keyboard.press("j")
        expect(links.nth(0)).to_be_focused()
        window.page.keyboard.press("j")
        expect(links.nth(1)).to_be_focused()
        window.page.keyboard.press("k")
        expect(links.nth(0)).to_be_focused()
        window.page.keyboard.press("?")
        dialog = window.page.locator("#keys")
        expect(dialog).to_be_visible()
        window.page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        window.page.keyboard.press("/")
        expect(window.page.locator("#words")).to_be_focused()
        window.page.keyboard.type("jk?")
        assert window.page.locator("#words").input_value() == "jk?"
        links.nth(0).focus()
        window.page.keyboard.press("Enter")
        window.page.wait_for_url(re.compile("/cases/MG-"))
        assert window.said == []


def test_the_title_follows_what_comes_in(browser: Browser, school: WebSchool, address: str) -> None:
    with signed_in(browser, school, address, SiteRole.DEPUTY) as window:
        window.page.clock.install()
        window.go("/queue")
        before = window.page.title()
        news = window.page.locator("#queue-news")
        expect(news).to_be_hidden()
        new_case(school)
        window.page.clock.run_for(61_000)
        expect(news).to_be_visible()
        counted = re.match(r"\((\d+)\) ", before)  # an empty queue has no count
        waiting = int(counted[1] if counted else 0) + 1
        expect(window.page).to_have_title(re.compile(rf"^\({waiting}\) Queue"))


def test_queue_and_case_work_without_scripts(browser: Browser, school: WebSchool, address: str) -> None:
    case_id = new_case(school)
    with signed_in(browser, school, address, SiteRole.HEAD, java_script_enabled=False) as window:
        window.go("/queue")
        window.page.locator(f'a[href="/cases/{case_id}"]').click()
        window.press("Acknowledge: I have it")
        window.says("Acknowledged")


def test_a_case_prints_as_a_sheet(school: WebSchool, head: Watched) -> None:
    case_id = new_case(school)
    head.go(f"/cases/{case_id}")
    head.page.emulate_media(media="print")
    assert not head.page.get_by_role("button", name="Acknowledge").is_visible()
    assert not head.page.get_by_text("Back to the queue").is_visible()
    assert head.page.get_by_text(re.compile("^Printed ")).is_visible()
    assert head.page.get_by_role("heading", name="Chronology").is_visible()
