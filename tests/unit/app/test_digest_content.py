"""What a digest says, letter for letter, and that HTML and text say the same."""

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from mailguard.app.account_records import Account
from mailguard.app.digest_calendar import ADMIN, DigestPlan, Frequency
from mailguard.app.ports import PermanentFailure
from mailguard.app.report_test import send_test_reports
from mailguard.app.school_time import DayRange, SchoolHours
from mailguard.app.sightings import note_seen
from mailguard.domain.account import AccountState, SiteRole
from mailguard.domain.words import Role
from tests.digest_scene import (
    MAILBOXES,
    MARSH,
    MORNING,
    NAIR,
    Scene,
    busy_weekend,
    classroom_comment,
    follow_request,
    parents_letter,
    scene,
)
from tests.effects_fixture import CHAIR, DEPUTY, HEAD, decided

IT = "it@school.test"


@pytest.fixture
def school(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path, digest=DigestPlan(admin_address=IT)) as played:
        send_test_reports(
            store=played.office.store,
            courier=played.courier,
            settings=played.office.settings,
            clock=played.clock,
        )
        yield played


def digest_to(played: Scene, address: str) -> EmailMessage:
    found = [
        email.message_from_bytes(each.raw, policy=email.policy.default) for each in played.courier.to(address)
    ]
    (digest,) = (each for each in found if "digest" in str(each["List-Id"]))
    assert isinstance(digest, EmailMessage)
    return digest


def text_of(digest: EmailMessage) -> str:
    """With the trail's length and head made the same: which digest goes first, and ids in it, are random."""
    body = digest.get_body(("plain",))
    assert body is not None
    plain = str(body.get_content()).replace("\r\n", "\n")
    for random, same in (
        (r"head [0-9a-f]{64}", "head (hash)"),
        (r"\b\d+ events", "(some) events"),
        (r"last sent [^;]+", "last sent (then)"),
    ):
        plain = re.sub(random, same, plain)
    return f"Subject: {digest['Subject']}\n\n{plain}"


def html_of(digest: EmailMessage) -> str:
    body = digest.get_body(("html",))
    assert body is not None
    return str(body.get_content())


class Words(HTMLParser):
    """The visible words of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self._is_style = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._is_style = tag in {"style", "title"}
        self.links += [value or "" for name, value in attrs if name in {"href", "src", "action"}]

    def handle_endtag(self, tag: str) -> None:
        self._is_style = False

    def handle_data(self, data: str) -> None:
        if not self._is_style:
            self.words += data.split()


def fall_due(played: Scene) -> None:
    played.at(MORNING)
    played.is_well(since=datetime(2026, 9, 20, 5, 0, tzinfo=UTC))
    played.digests_fall_due()


def test_a_busy_morning_reads_like_this(school: Scene, snapshot: SnapshotAssertion) -> None:
    busy_weekend(school)
    school.digests_fall_due()
    assert text_of(digest_to(school, HEAD.address)) == snapshot(name="head")
    assert text_of(digest_to(school, CHAIR.address)) == snapshot(name="chair")
    assert text_of(digest_to(school, IT)) == snapshot(name="admin")


def test_a_quiet_morning_reads_like_this(school: Scene, snapshot: SnapshotAssertion) -> None:
    fall_due(school)
    assert text_of(digest_to(school, HEAD.address)) == snapshot(name="head")


def test_html_has_the_words_of_the_text_and_nothing_that_acts(school: Scene) -> None:
    busy_weekend(school)
    school.digests_fall_due()
    digest = digest_to(school, HEAD.address)
    page, text = Words(html_of(digest)), text_of(digest)
    seen = {word.strip(",.:;()").lower() for word in page.words}
    said = {word.strip(",.:;()").lower() for word in text.partition("\n\n")[2].split()}
    assert said - seen - {"hash", "some", "open", "https://mailguard.school.test/queue"} == set()
    assert page.tags.isdisjoint({"script", "form", "img", "iframe", "object", "link", "button", "input"})
    assert page.links[0] == "https://mailguard.school.test/queue"
    assert all(
        re.fullmatch(r"https://mailguard\.school\.test/(queue|cases/MG-\d{4}-\d{4})", link)
        for link in page.links
    )


def test_no_line_of_the_text_is_longer_than_78_letters(school: Scene) -> None:
    busy_weekend(school)
    school.digests_fall_due()
    text = text_of(digest_to(school, HEAD.address))
    assert max(map(len, text.splitlines()[2:])) <= 78


def test_no_child_parent_or_word_of_a_message_is_in_it_and_no_name_in_the_subject(school: Scene) -> None:
    busy_weekend(school)
    school.digests_fall_due()
    for address in (HEAD.address, DEPUTY.address, CHAIR.address, IT):
        digest = digest_to(school, address)
        everything = text_of(digest) + html_of(digest)
        for word in ("Harvey", "Doyle", "harvey", "inbox.test", "u awake", "P0003"):
            assert word not in everything, (address, word)
        for name in ("Nair", "Halliwell", "Marsh", "Ormerod"):
            assert name not in str(digest["Subject"])


def test_the_admin_is_told_of_health_and_of_no_case(school: Scene) -> None:
    busy_weekend(school)
    school.digests_fall_due()
    text = text_of(digest_to(school, IT))
    assert "MG-2026" not in text
    assert "acknowledged" not in text


def test_a_mailbox_that_is_not_read_any_more_is_the_first_thing_to_know(school: Scene) -> None:
    school.at(MORNING)
    with school.office.store.transaction() as transaction:
        long_ago = MORNING - timedelta(days=3)
        note_seen(
            transaction.ledger, {**dict.fromkeys(MAILBOXES, MORNING), "effects": MORNING, "relay": MORNING}
        )
        transaction.ledger.put_state(
            "health-seen",
            (transaction.ledger.state("health-seen") or "").replace(
                f'"{next(iter(MAILBOXES))}": "{MORNING:%Y-%m-%dT%H:%M:%S}.000000Z"',
                f'"{next(iter(MAILBOXES))}": "{long_ago:%Y-%m-%dT%H:%M:%S}.000000Z"',
            ),
        )
    school.digests_fall_due()
    head = text_of(digest_to(school, HEAD.address))
    assert head.startswith(
        "Subject: [mailguard] IT must look - Tue 29 Sep\n\nIT must look at mailguard: mailboxes"
    )
    assert "1 of 96 not read, the first since Sat 07:00" in head.replace("\n", " ")
    assert "staff0@school.test" not in head
    assert "staff0@school.test" in text_of(digest_to(school, IT))


def test_shared_addresses_and_strangers_are_not_named(school: Scene) -> None:
    school.at(MORNING - timedelta(hours=3))
    school.comes(parents_letter(), to=(("everybody@school.test", ""), ("p.nair@school.test", "S010")))
    school.comes(replace(follow_request(), signals=()), to=(("everybody@school.test", ""),))
    fall_due(school)
    text = text_of(digest_to(school, HEAD.address))
    assert "parent's letter to P. Nair and 1 other" in text
    assert "Instagram follow request to staff" in text
    assert "everybody@" not in text


def test_what_a_member_of_staff_wrote_to_a_child_names_the_writer_and_not_the_child(school: Scene) -> None:
    school.at(MORNING - timedelta(hours=3))
    sent = decided(
        row="O1",
        direction="outbound",
        persons=(
            {
                "id": "P0003",
                "name": "Harvey Doyle",
                "list": "pupils",
                "matched": "RCPT TO",
                "certainty": "exact",
            },
            {
                "id": "S012",
                "name": "Owen Marsh",
                "list": "staff",
                "matched": "header From",
                "certainty": "exact",
            },
        ),
    )
    school.comes(sent, to=(("harvey@inbox.test", ""),))
    fall_due(school)
    text = text_of(digest_to(school, HEAD.address))
    assert "staff mail to a pupil from O. Marsh" in text
    assert "arvey" not in text


def test_a_letter_that_went_on_says_who_was_told(school: Scene) -> None:
    from mailguard.app.parent_letters import add_due_escalations

    school.at(datetime(2026, 9, 22, 9, 0, tzinfo=UTC))
    school.comes(parents_letter(), to=NAIR)
    school.at(datetime(2026, 9, 25, 9, 0, tzinfo=UTC))
    with school.office.store.transaction() as transaction:
        add_due_escalations(transaction, school.office.settings)
    school.office.work()
    fall_due(school)
    text = text_of(digest_to(school, HEAD.address)).replace("\n" + " " * 16, " ")
    assert "deputy told Fri 10:00; unless decided, the next in the chain is told today 10:00" in text


def test_delivered_things_of_before_the_last_digest_are_not_told_again(school: Scene) -> None:
    school.at(MORNING - timedelta(days=2))
    school.comes(classroom_comment(), to=MARSH)
    fall_due(school)
    assert "approved platforms" not in text_of(digest_to(school, HEAD.address))


def test_the_last_digest_before_a_holiday_says_when_the_next_comes(tmp_path: Path) -> None:
    hours = SchoolHours(breaks=(DayRange(date(2026, 9, 30), date(2026, 10, 9)),))
    with scene(tmp_path, hours=hours) as played:
        fall_due(played)
        text = text_of(digest_to(played, HEAD.address)).replace("\n", " ")
    assert (
        "The next digest comes on Mon 5 Oct at 07:00. Reports at level 3 and above come at once, on every day."
        in text
    )


def test_a_late_digest_says_so(school: Scene) -> None:
    school.at(MORNING + timedelta(hours=5))
    school.digests_fall_due()
    text = text_of(digest_to(school, HEAD.address)).replace("\n", " ")
    assert "This digest is late: it was due Tue 29 Sep 07:00." in text


def test_a_weekly_reader_gets_one_a_week_with_everything_since(tmp_path: Path) -> None:
    plan = DigestPlan(frequencies={Role.HEAD.value: Frequency.WEEKLY}, weekly_on=4)
    with scene(tmp_path, digest=plan) as played:
        for number in range(14):
            played.at(MORNING + timedelta(days=number))
            played.digests_fall_due()
        parsed = [
            email.message_from_bytes(each.raw, policy=email.policy.default)
            for each in played.courier.to(HEAD.address)
        ]
        subjects = [str(each["Subject"]).rpartition(" - ")[2] for each in parsed]
    # The first was missed, as nobody was running, and comes at the first look.
    assert subjects == ["Fri 25 Sep", "Fri 2 Oct", "Fri 9 Oct"]


def test_a_daily_deputy_sees_what_the_head_sees_and_nothing_about_the_deputy(tmp_path: Path) -> None:
    plan = DigestPlan(frequencies={Role.DEPUTY.value: Frequency.DAILY})
    with scene(tmp_path, digest=plan) as played:
        played.at(MORNING - timedelta(hours=3))
        seen = played.comes(parents_letter(), to=NAIR)
        about = replace(parents_letter(), withheld_roles=(Role.DEPUTY,), subjects=("S002",))
        closed = played.comes(about, to=NAIR)
        fall_due(played)
        text = text_of(digest_to(played, DEPUTY.address))
    assert seen in text
    assert closed not in text
    assert "1 to decide" in text


def test_when_the_heads_address_refuses_the_digest_the_deputy_gets_it(school: Scene) -> None:
    school.courier.refusals[HEAD.address] = PermanentFailure("550 5.1.1 user unknown")
    school.at(MORNING - timedelta(hours=3))
    case_id = school.comes(parents_letter(), to=NAIR)
    fall_due(school)
    text = text_of(digest_to(school, DEPUTY.address)).replace("\n", " ")
    assert case_id in text
    assert "You get this because the Head's address refuses mail." in text


def test_who_decided_on_the_review_site_is_known_by_the_accounts_name(school: Scene) -> None:
    school.at(MORNING - timedelta(hours=3))
    case_id = school.comes(parents_letter(), to=NAIR)
    account = Account(
        id="acc-1",
        role=SiteRole.DEPUTY,
        state=AccountState.ACTIVE,
        name="James Adeleke",
        address=DEPUTY.address,
        created_at=school.clock.now(),
        updated_at=school.clock.now(),
        created_by="console",
    )
    with school.office.store.transaction() as transaction:
        assert transaction.accounts.add(account)
    school.office.casebook.confirm(case_id, by="acc-1")
    fall_due(school)
    assert f"1 confirmed by J. Adeleke: {case_id}" in text_of(digest_to(school, HEAD.address))


def test_an_admin_who_was_never_named_gets_nothing(tmp_path: Path) -> None:
    with scene(tmp_path) as played:
        fall_due(played)
        assert ADMIN not in {effect.role for effect in played.office.effects()}
