"""People and lists, and reporting a concern, in a real Chromium against the real daemon: what a person does is done."""

import contextlib
import email
import email.policy
import re
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from mailguard.app.account_records import Account
from mailguard.app.list_files import ListName
from mailguard.app.sessions import SessionBook
from mailguard.app.site_settings import SiteSettings
from mailguard.domain.account import AccountState, SessionStage, SiteRole
from tests.daemon import Daemon, installed
from tests.schooling import DEPUTY, FILES, HEAD, TEACHER
from tests.servers import HOST, CollectingNextHop, free_port, make_message, send_by_smtp, wait_until
from tests.web_site import PEOPLE
from tests.whole_way import audit_tags

NEW_PUPIL = "robin.lane@mail.example"
WORDS = "Ella said to me that she is afraid to go home today."


@pytest.fixture(scope="module")
def next_hop() -> Iterator[CollectingNextHop]:
    with CollectingNextHop() as hop:
        yield hop


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory, next_hop: CollectingNextHop) -> Iterator[Daemon]:
    port = free_port()
    more = f'[review]\nlisten = "{HOST}:{port}"\nurl = "http://{HOST}:{port}"\n'
    folder: Path = tmp_path_factory.mktemp("screens")
    with installed(
        folder, next_hop_port=next_hop.port, more=more, parts=("relay", "effects", "web")
    ) as installation:
        installation.start()
        with installation.store() as opened, opened.store.transaction() as transaction:
            for role, (name, address) in PEOPLE.items():
                now = transaction.now
                transaction.accounts.add(
                    Account(
                        id=f"acc-{role.value}",
                        role=role,
                        state=AccountState.ACTIVE,
                        name=name,
                        address=address,
                        created_at=now,
                        updated_at=now,
                        created_by="console",
                    )
                )
        yield installation


@pytest.fixture(scope="module")
def site(daemon: Daemon) -> str:
    found = re.search(r'url = "(http://[^"]+)"', daemon.more)
    assert found is not None
    return found.group(1)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


@contextlib.contextmanager
def visiting(
    browser: Browser,
    daemon: Daemon,
    site: str,
    role: SiteRole | None,
    *,
    width: int = 1280,
    has_scripts: bool = True,
) -> Iterator[Page]:
    """A browser of that person's, or of somebody without an account. At the end nothing was blocked or complained of."""
    context = browser.new_context(
        viewport={"width": width, "height": 800}, java_script_enabled=has_scripts, base_url=site
    )
    if role is not None:
        with daemon.store() as opened, opened.store.transaction() as transaction:
            account = transaction.accounts.find(f"acc-{role.value}")
            assert account is not None
            begun = SessionBook(opened.store, SiteSettings()).begin(
                transaction, account, stage=SessionStage.FULL, client="a test"
            )
        context.add_cookies([{"name": "mailguard", "value": begun.token, "url": site}])
    page = context.new_page()
    page.set_default_timeout(20_000)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    yield page
    assert said == []
    context.close()


def mail_to(next_hop: CollectingNextHop, address: str, subject: str) -> EmailMessage:
    """The newest mail to an address whose subject has these words, when it has come."""

    def found() -> list[EmailMessage]:
        messages = (
            email.message_from_bytes(each.raw, policy=email.policy.default)
            for each in list(next_hop.deliveries)
            if address in each.recipients
        )
        return [message for message in messages if subject in message["Subject"]]

    wait_until(lambda: bool(found()), f"a mail to {address} about {subject}", seconds=30)
    return found()[-1]


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_an_export_is_uploaded_looked_at_applied_and_then_decides(
    browser: Browser, daemon: Daemon, site: str, next_hop: CollectingNextHop, tmp_path: Path
) -> None:
    export = tmp_path / "export.csv"
    export.write_text(
        FILES[ListName.PUPILS].replace(" ella.bee@mail.example", "") + f"P9,Robin Lane,7,{NEW_PUPIL},\n"
    )
    with visiting(browser, daemon, site, SiteRole.ADMIN) as page:
        page.goto("/lists")
        page.get_by_role("link", name="Pupils").click()
        page.get_by_role("link", name="Import an export").click()
        page.get_by_label("CSV file").set_input_files(export)
        page.get_by_role("button", name="Look at the difference").click()
        expect(page.get_by_text("1 row added, 1 changed, 0 gone")).to_be_visible()
        expect(page.get_by_text("P1 would lose ella.bee@mail.example").first).to_be_visible()
        assert (daemon.folder / "lists" / "pupils.csv").read_text() == FILES[ListName.PUPILS]
        page.get_by_label("Why").fill("she has closed it")
        page.get_by_label("I have read it, and it is meant").check()
        page.get_by_role("button", name="Apply this change").click()
        expect(page.get_by_text("Applied: 1 row added, 1 changed, 0 gone")).to_be_visible()
        with daemon.store() as opened:
            wait_until(
                lambda: "lists:school:replaced" in audit_tags(opened), "the lists read again", seconds=20
            )
        raw = make_message(sender=NEW_PUPIL, to=TEACHER, subject="hi", body="hi sir its robin")
        send_by_smtp(daemon.port, raw, mail_from=NEW_PUPIL, recipients=[TEACHER])
        report = mail_to(next_hop, HEAD, "Child contact")
        assert "Robin Lane, pupil P9" in text_of(report)
        page.goto("/lists/pupils/history")
        expect(page.get_by_text("Why: she has closed it")).to_be_visible()
        expect(page.get_by_text("Ida Admin").first).to_be_visible()


@pytest.mark.parametrize(("width", "has_scripts"), [(360, False), (1280, True)])
def test_staff_without_an_account_report_by_a_mailed_link_and_the_head_reads_it(
    browser: Browser, daemon: Daemon, site: str, next_hop: CollectingNextHop, width: int, has_scripts: bool
) -> None:
    before = len(next_hop.deliveries)
    with visiting(browser, daemon, site, None, width=width, has_scripts=has_scripts) as page:
        page.goto("/sign-in")
        page.get_by_role("link", name="Report a concern").click()
        page.get_by_label("Your school e-mail address").fill(TEACHER)
        page.get_by_role("button", name="Send me a link").click()
        expect(page.get_by_text("If that address is on the staff list")).to_be_visible()
        wait_until(lambda: len(next_hop.deliveries) > before, "the link", seconds=30)
        link = re.search(r"http://\S+/concern/by-link/\S+", text_of(mail_to(next_hop, TEACHER, "Your link")))
        assert link is not None
        page.goto(link.group(0))
        expect(page.get_by_text("It is recorded under your name: Tom Brown.")).to_be_visible()
        page.get_by_label("A child is being harmed, or may be").check()
        page.get_by_label("What was seen, heard or said").fill(f"{WORDS} {width}")
        page.get_by_label("Children it concerns").fill("Ella Sharma")
        page.get_by_role("button", name="Record and report it now").click()
        title = page.get_by_role("heading", level=1)
        expect(title).to_contain_text("Recorded as MG-")
        case_id = title.inner_text().split()[-1]
        assert WORDS not in page.content()
        page.goto(link.group(0))
        expect(title).to_have_text(f"Recorded as {case_id}")
    report = mail_to(next_hop, HEAD, f"Concern {case_id}, level 5")
    assert "Ella Sharma, pupil P1" in text_of(report)
    (enclosure,) = report.iter_attachments()
    assert f"{WORDS} {width}".encode() in enclosure.get_content()
    with visiting(browser, daemon, site, SiteRole.HEAD, width=width) as page:
        page.goto("/queue")
        page.locator(f'a[href="/cases/{case_id}"]').first.click()
        expect(page.get_by_text(f"{WORDS} {width}").first).to_be_visible()
        assert fits(page)
    with visiting(browser, daemon, site, SiteRole.ADMIN) as page:
        answer = page.request.get(f"/cases/{case_id}")
        assert WORDS not in answer.text()


def test_the_dcpo_records_a_comment_and_asks_for_its_removal(
    browser: Browser, daemon: Daemon, site: str, next_hop: CollectingNextHop
) -> None:
    with visiting(browser, daemon, site, SiteRole.HEAD) as page:
        page.goto("/concern")
        page.get_by_label("Malicious or threatening comments").check()
        page.get_by_label("What was seen, heard or said").fill("A parent showed me a comment.")
        page.get_by_label("If somebody told you: who?").fill("Priya Sharma, at the gate")
        page.get_by_text("Was it online?").click()
        page.get_by_label("App or site").fill("Chatter")
        page.get_by_label("Web address").fill("https://www.chatter.example/p/77812")
        page.get_by_label("The comment, copied as text").fill("we know where he lives")
        page.get_by_role("button", name="Record and report it now").click()
        case_id = page.get_by_role("heading", level=1).inner_text().split()[-1]
        mail_to(next_hop, HEAD, f"Concern {case_id}, level 4")
        page.get_by_role("link", name="Write the request to take it down").click()
        expect(page.get_by_label("Web address of the comment")).to_have_value(
            "https://www.chatter.example/p/77812"
        )
        page.get_by_label("Who gets the letter").fill("Chatter Ltd\n1 Long Road")
        page.get_by_label("A member of staff", exact=True).check()
        page.get_by_role("button", name="Write the letter").click()
        expect(page.get_by_text("Dear Sir or Madam")).to_be_visible()
        with page.expect_download() as downloading:
            page.get_by_role("link", name="Download as PDF").click()
        assert downloading.value.path().read_bytes().startswith(b"%PDF-")
        page.get_by_label("It was sent").check()
        page.get_by_label("In words").fill("through their form, number 88")
        page.get_by_role("button", name="Note it").click()
        expect(page.get_by_text("through their form, number 88")).to_be_visible()
        page.goto("/take-downs")
        expect(page.get_by_text("sent, waiting for an answer")).to_be_visible()


def test_a_concern_about_the_head_reaches_the_deputy_and_not_the_head(
    browser: Browser, daemon: Daemon, site: str, next_hop: CollectingNextHop
) -> None:
    with visiting(browser, daemon, site, SiteRole.AUDITOR) as page:
        page.goto("/concern")
        page.get_by_label("What an adult of the school did or said").check()
        page.get_by_label("What was seen, heard or said").fill("Alice Head shouted at a child.")
        page.get_by_label("Adult 1").fill("Alice Head")
        page.get_by_role("button", name="Record and report it now").click()
        case_id = page.get_by_role("heading", level=1).inner_text().split()[-1]
    mail_to(next_hop, DEPUTY, f"Concern {case_id}")
    assert not [
        each for each in next_hop.deliveries if HEAD in each.recipients and case_id.encode() in each.raw
    ]
    with visiting(browser, daemon, site, SiteRole.HEAD) as page:
        page.goto("/queue")
        assert case_id not in page.content()


@pytest.mark.parametrize(
    "path",
    [
        "/concern",
        "/concern/ask",
        "/lists",
        "/lists/pupils",
        "/lists/pupils/row",
        "/model",
        "/model/policy",
        "/take-downs",
    ],
)
def test_pages_fit_a_small_phone(browser: Browser, daemon: Daemon, site: str, path: str) -> None:
    with visiting(browser, daemon, site, SiteRole.HEAD, width=320) as page:
        page.goto(path)
        assert fits(page)
