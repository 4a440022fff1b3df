"""What T1 adds to the outbox, and how it is gathered."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailguard.app.ports import TemporaryFailure
from mailguard.domain.case import EffectKind
from mailguard.domain.words import Disposition, Level, ReportWhen, Role, Verdict
from tests.effects_fixture import DEPUTY, HEAD, RAW, MovingClock, Office, RememberingCourier, decided

STAFF = [(f"staff{number}@school.test", f"S{100 + number}") for number in range(40)]


@pytest.fixture
def courier() -> RememberingCourier:
    return RememberingCourier()


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def office(tmp_path: Path, courier: RememberingCourier, clock: MovingClock) -> Iterator[Office]:
    office = Office(tmp_path, courier, clock=clock)
    yield office
    office.close()


def copy_for(address: str) -> bytes:
    return RAW.replace(b"p.nair@school.test", address.encode())


def test_one_notification_to_forty_staff_is_one_report_and_one_follow_up_in_its_thread(
    office: Office, courier: RememberingCourier, clock: MovingClock
) -> None:
    office.receive(recipients=STAFF[:1], raw=copy_for(STAFF[0][0]), cluster_key="c")
    office.work()
    for address, person in STAFF[1:]:
        office.receive(recipients=((address, person),), raw=copy_for(address), cluster_key="c")
        clock.pass_time(seconds=0.5)
        office.work()
    clock.pass_time(seconds=45)
    office.work()
    first, follow_up = courier.to(HEAD.address)
    assert b"In-Reply-To: " + first.message_id.encode() in follow_up.raw
    assert b"Re: [mailguard] Child contact MG-2026-0001" in follow_up.raw
    assert b"and 27 more" in follow_up.raw.replace(b"=\r\n", b"").replace(b"\r\n         ", b" ")


def test_what_joins_before_the_report_is_begun_is_told_in_it(
    office: Office, courier: RememberingCourier, clock: MovingClock
) -> None:
    for address, person in STAFF[:3]:
        office.receive(recipients=((address, person),), raw=copy_for(address), cluster_key="c")
    office.work()
    clock.pass_time(minutes=1)
    office.work()
    (report,) = courier.to(HEAD.address)
    for address, _ in STAFF[:3]:
        assert address.encode() in report.raw


def test_the_same_message_seen_twice_by_the_same_person_gives_no_follow_up(
    office: Office, courier: RememberingCourier, clock: MovingClock
) -> None:
    office.receive(content_key="k")
    office.work()
    office.receive(content_key="k", raw=b"Received: again\r\n" + RAW)
    clock.pass_time(minutes=1)
    office.work()
    assert len(courier.to(HEAD.address)) == 1


def test_a_case_that_becomes_graver_is_told_at_once_and_on_the_shorter_timer(
    office: Office, courier: RememberingCourier, clock: MovingClock
) -> None:
    office.receive(cluster_key="c")
    office.work()
    address, person = STAFF[0]
    office.receive(
        decided(level=Level.EMERGENCY, row="D1", nature="disclosure"),
        recipients=((address, person),),
        raw=copy_for(address),
        cluster_key="c",
    )
    office.work()
    assert len(courier.to(HEAD.address)) == 2
    clock.pass_time(minutes=16)
    office.work()
    assert len(courier.to(DEPUTY.address)) == 1


def test_an_approved_channel_is_one_mail_within_ten_minutes(
    office: Office, courier: RememberingCourier, clock: MovingClock
) -> None:
    decision = decided(row="D2a", nature="schoolwork", disposition=Disposition.DELIVER)
    for number in range(5):
        office.receive(decision, raw=RAW + str(number).encode())
        clock.pass_time(seconds=30)
        office.work()
    assert courier.to(HEAD.address) == []
    clock.pass_time(minutes=7, seconds=29)
    office.work()
    (report,) = courier.to(HEAD.address)
    assert b"Approved channel: 5 cases" in report.raw
    office.receive(decision, raw=RAW + b"later")
    clock.pass_time(minutes=10)
    office.work()
    assert len(courier.to(HEAD.address)) == 2


def test_an_unacknowledged_channel_report_goes_to_the_deputy_in_one_mail(
    office: Office, courier: RememberingCourier, clock: MovingClock
) -> None:
    decision = decided(row="D2a", nature="schoolwork", disposition=Disposition.DELIVER)
    for number in range(5):
        office.receive(decision, raw=RAW + str(number).encode())
    clock.pass_time(minutes=10)
    office.work()
    clock.pass_time(hours=7)
    office.work()
    assert len(courier.to(DEPUTY.address)) == 1


def test_an_undeliverable_channel_report_goes_to_the_deputy_in_one_mail(
    office: Office, courier: RememberingCourier, clock: MovingClock
) -> None:
    courier.refusals[HEAD.address] = TemporaryFailure("451 4.3.0 later")
    decision = decided(row="D2a", nature="schoolwork", disposition=Disposition.DELIVER)
    for number in range(3):
        office.receive(decision, raw=RAW + str(number).encode())
    clock.pass_time(minutes=9, seconds=1)
    for _ in range(90):
        office.work()
        clock.pass_time(seconds=1)
    assert len(courier.to(DEPUTY.address)) == 1


def test_a_backlog_is_one_list_and_not_a_report_each(
    office: Office, courier: RememberingCourier, clock: MovingClock
) -> None:
    for number in range(4):
        office.receive(raw=RAW + str(number).encode(), is_backlog=True)
    clock.pass_time(minutes=6)
    office.work()
    (report,) = courier.to(HEAD.address)
    assert b"Found in older mail: 4 cases" in report.raw
    assert courier.to("p.nair@school.test") == []


def test_digest_cases_are_not_reported_at_once(office: Office, courier: RememberingCourier) -> None:
    office.receive(
        decided(
            verdict=Verdict.PARENT_SOCIAL_CONTACT,
            row="D6",
            level=Level.DIGEST,
            report_when=ReportWhen.DIGEST,
            initiator="parent",
        )
    )
    office.work()
    assert office.effects(EffectKind.REPORT) == ()


def test_when_the_head_is_withheld_deputy_and_chair_are_told_and_the_head_is_not(
    office: Office, courier: RememberingCourier
) -> None:
    office.receive(
        decided(report_roles=(Role.DEPUTY, Role.CHAIR), withheld_roles=(Role.HEAD,), subjects=("S001",))
    )
    office.work()
    assert {message.rcpt_to for message in courier.sent} == {"deputy@school.test", "chair@school.test"}
    for message in courier.sent:
        assert b"head@school.test" not in message.raw
