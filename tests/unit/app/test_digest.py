"""The daily digest and the rows that the clock fires."""

import email
import email.policy
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mailguard.app.case_opening import NewRecipient, Opening
from mailguard.app.effects_health import effects_health
from mailguard.app.ports import PermanentFailure, Receipt
from mailguard.app.report_test import contacts_tested, send_test_reports
from mailguard.app.schedule import add_due_digests
from mailguard.app.school_time import DayRange
from mailguard.domain.case import Mode
from mailguard.domain.words import Level, ReportWhen, Role, Verdict
from tests.effects_fixture import (
    CHAIR,
    CONTACTS,
    DEPUTY,
    HEAD,
    RAW,
    MovingClock,
    Office,
    RememberingCourier,
    decided,
    school_settings,
)

DIGEST_CASE = decided(
    verdict=Verdict.PARENT_SOCIAL_CONTACT,
    row="D6",
    level=Level.DIGEST,
    report_when=ReportWhen.DIGEST,
    initiator="parent",
)


class Morning:
    """An office whose digest is due every day at 07:00, a day after it was set up."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.courier = RememberingCourier()
        self.clock = MovingClock()
        self.office = Office(folder, self.courier, clock=self.clock, settings=school_settings(**settings))
        self.fire()

    def fire(self) -> bool:
        with self.office.store.transaction() as transaction:
            return add_due_digests(transaction, self.office.settings)

    def digests(self, address: str = HEAD.address) -> list[str]:
        texts = []
        for message in self.courier.to(address):
            parsed = email.message_from_bytes(message.raw, policy=email.policy.default)
            if "digest" in str(parsed["List-Id"]):
                body = parsed.get_body(("plain",))
                assert body is not None
                texts.append(f"{parsed['Subject']}\n{body.get_content()}")
        return texts

    def next_day(self) -> None:
        self.clock.pass_time(days=1)
        self.fire()
        self.office.work()


@pytest.fixture
def morning(tmp_path: Path) -> Iterator[Morning]:
    morning = Morning(tmp_path)
    yield morning
    morning.office.close()


def test_on_the_day_of_installation_there_is_no_digest(morning: Morning) -> None:
    morning.office.work()
    assert morning.digests() == []


def test_the_digest_comes_when_there_is_nothing_to_say(morning: Morning) -> None:
    morning.next_day()
    (text,) = morning.digests()
    assert text.startswith("[mailguard] nothing waits for you - Tue 29 Sep\n")


def test_firing_often_gives_one_digest_a_day(morning: Morning) -> None:
    morning.next_day()
    for _ in range(5):
        assert morning.fire() is False
        morning.office.work()
    assert len(morning.digests()) == 1
    morning.next_day()
    assert len(morning.digests()) == 2


def test_before_its_hour_no_digest_is_due(morning: Morning) -> None:
    morning.clock.pass_time(hours=20)
    assert morning.fire() is False


def test_digest_cases_and_held_copies_name_the_member_of_staff_and_nobody_else(morning: Morning) -> None:
    case_id = morning.office.receive(DIGEST_CASE).case_id
    morning.next_day()
    (text,) = morning.digests()
    assert "1 to decide" in text
    assert case_id in text
    assert "parent's letter to P. Nair, 1 day" in text
    for name in ("Harvey", "Doyle", "Priya", "p.nair", "u awake"):
        assert name not in text


def test_an_unacknowledged_report_leads_the_digest(morning: Morning) -> None:
    morning.office.receive()
    morning.next_day()
    (text,) = morning.digests()
    assert "1 report not acknowledged" in text.splitlines()[0]


def test_what_was_decided_is_told_with_who_decided_it(morning: Morning) -> None:
    case_id = morning.office.receive(DIGEST_CASE).case_id
    morning.clock.pass_time(hours=12)
    morning.office.casebook.dismiss(case_id, by="S001")
    morning.clock.pass_time(hours=-12)
    morning.next_day()
    (text,) = morning.digests()
    assert "Decided since yesterday 10:00 (1)" in text
    assert f"1 dismissed by H. Ormerod: {case_id}" in text


def test_a_case_about_the_head_is_in_the_deputys_digest_and_not_in_the_heads(morning: Morning) -> None:
    decision = replace(DIGEST_CASE, subjects=("S001",), withheld_roles=(Role.HEAD,))
    case_id = morning.office.receive(decision).case_id
    other = morning.office.receive(DIGEST_CASE, raw=RAW + b"other").case_id
    morning.next_day()
    (heads,) = morning.digests()
    (deputys,) = morning.digests(DEPUTY.address)
    assert case_id not in heads
    assert "1 to decide" in heads
    assert case_id in deputys
    assert other not in deputys


def test_deputy_and_chair_get_no_empty_digest(morning: Morning) -> None:
    morning.next_day()
    assert morning.digests(DEPUTY.address) == []
    assert morning.digests(CHAIR.address) == []


def test_the_digest_carries_the_head_of_the_trail(morning: Morning) -> None:
    morning.office.receive(DIGEST_CASE)
    morning.next_day()
    (text,) = morning.digests()
    with morning.office.store.reading() as transaction:
        hashes = [event.hash for event in transaction.audit.events()]
    assert any(each in text for each in hashes)


def test_the_digest_says_that_contacts_are_untested_until_two_have_been(morning: Morning) -> None:
    morning.next_day()
    assert "fewer than two contacts have been tested" in morning.digests()[0].replace("\r\n  ", " ")
    send_test_reports(
        store=morning.office.store,
        courier=morning.courier,
        settings=morning.office.settings,
        clock=morning.clock,
        roles={Role.HEAD, Role.DEPUTY},
    )
    morning.next_day()
    assert "fewer than two" not in morning.digests()[1]


def test_while_the_head_is_away_the_deputy_reads_the_digest(tmp_path: Path) -> None:
    away = replace(HEAD, absent=(DayRange(date(2026, 9, 21), date(2026, 10, 2)),))
    morning = Morning(tmp_path, contacts={**CONTACTS, Role.HEAD: away})
    morning.next_day()
    assert len(morning.digests(DEPUTY.address)) == 1
    assert morning.digests() == []
    morning.office.close()


def test_shadow_mode_reports_nothing_at_once_and_lists_what_would_have_been(morning: Morning) -> None:
    decision = decided()
    morning.office.casebook.open_or_join(
        Opening(
            raw=RAW,
            content_key="k",
            sha256="s",
            receipt=Receipt(via="relay", received_at=morning.clock.now()),
            decision=decision,
            recipients=(
                NewRecipient(
                    delivery_key="d", address="p.nair@school.test", disposition=decision.disposition, row="D2"
                ),
            ),
            mode=Mode.SHADOW,
        ),
        morning.office.planner,
    )
    morning.office.work()
    assert morning.courier.sent == []
    morning.next_day()
    assert "In shadow mode 1 message would have been held or reported." in morning.digests()[0]


def test_a_refused_contact_is_not_tested_and_a_changed_address_is_not_either(morning: Morning) -> None:
    office = morning.office
    morning.courier.refusals[DEPUTY.address] = PermanentFailure("550 5.1.1 user unknown")
    results = send_test_reports(
        store=office.store, courier=morning.courier, settings=office.settings, clock=morning.clock
    )
    assert {result.role for result in results if result.is_accepted} == {Role.HEAD, Role.CHAIR, Role.LADO}
    moved = school_settings(contacts={**CONTACTS, Role.HEAD: replace(HEAD, address="new.head@school.test")})
    with office.store.reading() as transaction:
        assert contacts_tested(transaction, office.settings) == {Role.HEAD, Role.CHAIR, Role.LADO}
        assert contacts_tested(transaction, moved) == {Role.CHAIR, Role.LADO}


def test_health_tells_of_failed_reports_and_of_the_last_one_delivered(morning: Morning) -> None:
    office = morning.office
    office.receive()
    office.work()
    sent_at = morning.clock.now()
    morning.clock.pass_time(hours=1)
    morning.courier.refusals[HEAD.address] = PermanentFailure("550 5.1.1 user unknown")
    morning.courier.refusals[DEPUTY.address] = PermanentFailure("550 5.1.1 user unknown")
    office.receive(raw=RAW + b"two")
    office.work()
    with office.store.reading() as transaction:
        health = effects_health(transaction, office.settings)
    assert health.failed_reports == 2
    assert health.last_report_at is not None
    assert health.last_report_at > sent_at
    assert health.reports_not_acknowledged == 2
    assert health.problems()[0][0] == "2 reports could not be delivered"


def test_health_counts_what_is_overdue(morning: Morning) -> None:
    morning.office.receive()
    morning.clock.pass_time(minutes=5)
    with morning.office.store.reading() as transaction:
        assert effects_health(transaction, morning.office.settings).overdue == 2
