"""The worker: leases, backoff, moves, releases, and what it does when things break."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailguard.adapters.clock import SystemClock
from mailguard.app.effects import WorkerSettings
from mailguard.app.mark import body_sha256, is_valid_for
from mailguard.app.ports import ImapLocation, OutgoingMessage, PermanentFailure, TemporaryFailure
from mailguard.domain.case import EffectKind, EffectState, RecipientState
from tests.effects_fixture import HEAD, RAW, MovingClock, Office, RememberingCourier

LOCATION = ImapLocation(account="p.nair", folder="INBOX", uidvalidity=7, uid=42, flags=("\\Seen",))


class RememberingMover:
    def __init__(self) -> None:
        self.taken: list[tuple[ImapLocation, str]] = []
        self.failure: Exception | None = None

    def take_out(self, location: ImapLocation, *, expected_sha256: str) -> str:
        if self.failure is not None:
            raise self.failure
        self.taken.append((location, expected_sha256))
        return "uid-expunge"


@pytest.fixture
def courier() -> RememberingCourier:
    return RememberingCourier()


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def mover() -> RememberingMover:
    return RememberingMover()


@pytest.fixture
def office(
    tmp_path: Path, courier: RememberingCourier, clock: MovingClock, mover: RememberingMover
) -> Iterator[Office]:
    office = Office(tmp_path, courier, clock=clock, mover=mover)
    yield office
    office.close()


def recipient_state(office: Office, case_id: str) -> RecipientState:
    with office.store.reading() as transaction:
        (recipient,) = transaction.cases.recipients(case_id)
    return recipient.state


def test_a_held_mailbox_message_is_taken_out_and_then_marked_so(
    office: Office, mover: RememberingMover
) -> None:
    case_id = office.receive(location=LOCATION).case_id
    office.work()
    ((location, _),) = mover.taken
    assert (location.uid, location.uidvalidity) == (42, 7)
    assert recipient_state(office, case_id) is RecipientState.TAKEN_OUT
    assert "effects:message:moved" in office.tags(case_id)


def test_a_report_on_opened_mail_says_that_it_had_been_opened(
    office: Office, courier: RememberingCourier
) -> None:
    office.receive(location=LOCATION)
    office.work()
    text = courier.to(HEAD.address)[0].raw.replace(b"=\r\n", b"").replace(b"\r\n", b" ")
    assert b"it had been opened in the mailbox before" in text


def test_what_cannot_be_taken_out_is_not_said_to_be_held(office: Office, mover: RememberingMover) -> None:
    mover.failure = PermanentFailure("UID 42 of INBOX is gone")
    case_id = office.receive(location=LOCATION).case_id
    office.work()
    assert recipient_state(office, case_id) is RecipientState.DELIVERED
    assert "effects:message:not-moved" in office.tags(case_id)


def test_without_a_mover_in_this_process_moves_are_left_to_another(
    tmp_path: Path, courier: RememberingCourier, clock: MovingClock
) -> None:
    office = Office(tmp_path, courier, clock=clock)
    office.receive(location=LOCATION)
    office.work()
    (move,) = office.effects(EffectKind.MOVE)
    assert move.state is EffectState.PENDING
    assert move.attempts == 0
    office.close()


def test_a_release_is_byte_for_byte_below_a_mark_that_is_good_for_its_recipient_only(
    office: Office, courier: RememberingCourier
) -> None:
    case_id = office.receive().case_id
    office.work()
    office.casebook.release(case_id, by="S001")
    office.work()
    (released,) = courier.to("p.nair@school.test")
    field, raw = released.raw[: -len(RAW)], released.raw[-len(RAW) :]
    assert raw == RAW
    value = field.decode().removeprefix("X-Mailguard: ")
    for address, is_good in (("p.nair@school.test", True), ("t.hall@school.test", False)):
        assert is_good is is_valid_for(
            value,
            key=office.settings.mark_key,
            body_digest=body_sha256(raw),
            recipients=[address],
            now=office.clock.now(),
        )
    assert recipient_state(office, case_id) is RecipientState.RELEASED


def test_a_refused_release_is_not_said_to_be_released(office: Office, courier: RememberingCourier) -> None:
    case_id = office.receive().case_id
    courier.refusals["p.nair@school.test"] = PermanentFailure("550 5.7.1 no")
    office.casebook.release(case_id, by="S001")
    office.work()
    assert recipient_state(office, case_id) is RecipientState.RELEASE_PENDING
    assert any(event == "effect_failed" for event, _ in office.alarms)


def test_backoff_doubles_with_jitter_and_stays_within_a_minute_for_reports(
    office: Office, courier: RememberingCourier, clock: MovingClock
) -> None:
    courier.refusals[HEAD.address] = TemporaryFailure("451 later")
    courier.refusals["deputy@school.test"] = TemporaryFailure("451 later")
    courier.refusals["chair@school.test"] = TemporaryFailure("451 later")
    office.receive()
    waits = []
    passed = 0.0
    for _ in range(9):
        office.work()
        head = next(each for each in office.effects(EffectKind.REPORT) if each.role == "head")
        wait = (head.due_at - clock.now()).total_seconds()
        waits.append(wait)
        clock.pass_time(seconds=wait + 0.01)
        expected = min(2 * 2 ** len(waits) / 2, 60)
        # The attempt before the thirtieth second is followed by one at it: then the next in the chain is told.
        is_cut_short = passed < 30 and passed + wait <= 30.1
        assert wait <= expected * 1.21
        assert wait >= expected * 0.79 or is_cut_short
        passed += wait + 0.01
    assert len(waits) == 9


def test_whoever_reads_the_log_is_told_why_an_attempt_and_why_an_effect_failed(
    office: Office, courier: RememberingCourier, clock: MovingClock
) -> None:
    later = TemporaryFailure(f"RCPT TO at mx.school.test:587: 451 4.3.0 {HEAD.address}", reply="451 4.3.0")
    never = PermanentFailure(f"RCPT TO at mx.school.test:587: 550 5.1.1 {HEAD.address}", reply="550 5.1.1")
    courier.refusals[HEAD.address] = later
    case_id = office.receive().case_id
    office.work()
    (report,) = office.effects(EffectKind.REPORT)
    assert office.failed_attempts == [(report.key, later)]
    assert office.alarms == []
    courier.refusals[HEAD.address] = never
    clock.pass_time(seconds=5)
    office.work()
    assert (office.alarms, office.alarm_causes) == ([("effect_failed", f"report {case_id}")], [never])
    with office.store.reading() as transaction:
        details = [
            each.detail for each in transaction.audit.events(case_id=case_id) if "error" in each.detail
        ]
    assert [detail["error"] for detail in details] == ["550 5.1.1"]


def test_an_effect_that_crashes_is_tried_again_and_the_admin_told(office: Office, clock: MovingClock) -> None:
    class Broken:
        is_broken = True

        def send(self, message: OutgoingMessage) -> str:
            if self.is_broken:
                raise ZeroDivisionError
            return "250 ok"

    broken = Broken()
    office.performers[EffectKind.REPORT]._courier = broken  # type: ignore[attr-defined]
    office.receive()
    office.work()
    assert office.alarms[0][0] == "effect_crashed"
    assert isinstance(office.alarm_causes[0], ZeroDivisionError)
    broken.is_broken = False
    clock.pass_time(seconds=5)
    office.work()
    assert office.effects(EffectKind.REPORT)[0].state is EffectState.DONE


def test_a_log_that_cannot_be_written_stops_no_report(tmp_path: Path, courier: RememberingCourier) -> None:
    """As on a full disk: what tells of a failed attempt fails itself, and the thread goes on."""
    courier.refusals[HEAD.address] = TemporaryFailure("451 later")
    office = Office(
        tmp_path,
        courier,
        clock=SystemClock(),
        worker_settings=WorkerSettings(poll_seconds=0.05, first_wait=0.1),
    )
    told: list[str] = []

    def cannot_tell(*_: object, **__: object) -> None:
        told.append("tried")
        raise OSError(28, "No space left on device")

    office.worker._on_failed_attempt = cannot_tell
    office.worker._on_alarm = cannot_tell
    stop = threading.Event()
    thread = threading.Thread(target=office.worker.run, args=(stop,))
    thread.start()
    try:
        office.receive()
        office.worker.wake()
        deadline = time.monotonic() + 10
        while len(told) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        courier.refusals.clear()
        while not courier.to(HEAD.address) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(told) >= 2
        assert courier.to(HEAD.address)
        assert thread.is_alive()
    finally:
        stop.set()
        thread.join(10)
        office.close()


def test_a_lease_is_kept_while_the_work_takes_long_so_that_nobody_does_it_twice(tmp_path: Path) -> None:
    class SlowCourier(RememberingCourier):
        def send(self, message: OutgoingMessage) -> str:
            time.sleep(1.5)
            return RememberingCourier.send(self, message)

    courier = SlowCourier()
    settings = WorkerSettings(lease_seconds=0.6, poll_seconds=0.05)
    first = Office(tmp_path, courier, clock=SystemClock(), owner="one", worker_settings=settings)
    second = Office(tmp_path, courier, clock=SystemClock(), owner="two", worker_settings=settings)
    first.receive()
    stop = threading.Event()
    threads = [threading.Thread(target=office.worker.run, args=(stop,)) for office in (first, second)]
    for thread in threads:
        thread.start()
    time.sleep(2.5)
    stop.set()
    for thread in threads:
        thread.join(5)
    assert len(courier.to(HEAD.address)) == 1
    first.close()
    second.close()


def test_waking_the_worker_sends_a_report_without_waiting_for_the_next_look(tmp_path: Path) -> None:
    courier = RememberingCourier()
    office = Office(tmp_path, courier, clock=SystemClock(), worker_settings=WorkerSettings(poll_seconds=30.0))
    stop = threading.Event()
    thread = threading.Thread(target=office.worker.run, args=(stop,))
    thread.start()
    time.sleep(0.2)
    office.receive()
    office.worker.wake()
    for _ in range(50):
        if courier.to(HEAD.address):
            break
        time.sleep(0.05)
    stop.set()
    office.worker.wake()
    thread.join(5)
    assert not thread.is_alive()
    assert len(courier.to(HEAD.address)) == 1
    office.close()


def test_the_trail_holds_no_address_of_a_failed_delivery(office: Office, courier: RememberingCourier) -> None:
    courier.refusals[HEAD.address] = PermanentFailure(
        f"RCPT TO at 127.0.0.1:587: 550 5.1.1 <{HEAD.address}> unknown", reply="550 5.1.1"
    )
    office.receive()
    office.work()
    with office.store.reading() as transaction:
        details = " ".join(str(event.detail) for event in transaction.audit.events())
    assert HEAD.address not in details
    assert "'error': '550 5.1.1'" in details
