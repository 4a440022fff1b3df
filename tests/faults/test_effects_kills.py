"""SIGKILL around a report's sending: it arrives at least once, with one Message-ID, and the case stays one."""

import email
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mailguard.adapters.clock import SystemClock
from mailguard.adapters.smtp_out import SmtpCourier
from mailguard.adapters.smtp_settings import CourierSettings, HostPort
from mailguard.domain.audit import FIRST_PREVIOUS
from mailguard.domain.case import EffectKind, EffectState, RecipientState
from tests.effects_fixture import RAW, Office
from tests.servers import CollectingNextHop
from tests.servers.process import HOST

ROOT = Path(__file__).resolve().parents[2]
WORK = """
import sys
from pathlib import Path
from tests.faults.test_effects_kills import office_on
office = office_on(Path(sys.argv[1]), int(sys.argv[2]), owner="victim")
office.work()
print("survived")
"""
POINTS = ("effect-leased", "report-before-send", "report-sent", "t2-before-commit", "t2-committed")


def office_on(folder: Path, port: int, *, owner: str) -> Office:
    courier = SmtpCourier(CourierSettings(server=HostPort(HOST, port)))
    return Office(folder, courier, clock=SystemClock(), owner=owner)


def work_until_killed(folder: Path, port: int, point: str) -> None:
    """One worker in a process of its own that dies at ``point``."""
    done = subprocess.run(
        [sys.executable, "-c", WORK, str(folder), str(port)],
        cwd=ROOT,
        env={**os.environ, "MAILGUARD_FAILPOINTS": f"{point}=kill", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def free_leases(office: Office) -> None:
    """As if the dead worker's lease had run out."""
    for effect in office.effects(states=[EffectState.PENDING]):
        if effect.lease_until is not None:
            office.store.renew_lease(effect, lease_seconds=-1)


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_killed_around_a_report_loses_none_and_repeats_one_message_id(
    tmp_path: Path, next_hop: CollectingNextHop, point: str
) -> None:
    office = office_on(tmp_path, next_hop.port, owner="survivor")
    case_id = office.receive().case_id
    work_until_killed(tmp_path, next_hop.port, point)
    free_leases(office)
    office.work()
    ids = [email.message_from_bytes(each.raw)["Message-ID"] for each in next_hop.deliveries]
    (report,) = office.effects(EffectKind.REPORT)
    assert set(ids) == {report.header_message_id}
    assert len(ids) == (2 if point in {"report-sent", "t2-before-commit"} else 1)
    assert report.state is EffectState.DONE
    assert office.tags(case_id).count("gate:case:opened") == 1
    assert office.tags(case_id).count("effects:report:sent") == 1
    assert_chain_is_whole(office)
    office.close()


@pytest.mark.parametrize("point", ["release-sent", "t2-before-commit"])
def test_a_worker_killed_around_a_release_delivers_it_byte_for_byte(
    tmp_path: Path, next_hop: CollectingNextHop, point: str
) -> None:
    office = office_on(tmp_path, next_hop.port, owner="survivor")
    case_id = office.receive().case_id
    office.work()
    office.casebook.release(case_id, by="S001")
    work_until_killed(tmp_path, next_hop.port, point)
    with office.store.reading() as transaction:
        assert transaction.cases.recipients(case_id)[0].state is RecipientState.RELEASE_PENDING
    free_leases(office)
    office.work()
    released = [each for each in next_hop.deliveries if each.recipients == ("p.nair@school.test",)]
    assert released
    assert all(each.raw.endswith(RAW) for each in released)
    with office.store.reading() as transaction:
        assert transaction.cases.recipients(case_id)[0].state is RecipientState.RELEASED
    office.close()


def test_a_killed_workers_lease_runs_out_within_the_time_a_report_has(
    tmp_path: Path, next_hop: CollectingNextHop
) -> None:
    office = office_on(tmp_path, next_hop.port, owner="survivor")
    office.receive()
    work_until_killed(tmp_path, next_hop.port, "report-before-send")
    (report,) = office.effects(EffectKind.REPORT)
    assert report.lease_until is not None
    assert (report.lease_until - SystemClock().now()).total_seconds() <= 15
    office.close()


def test_a_next_hop_that_hangs_up_after_the_data_gets_the_same_message_id_again(
    tmp_path: Path, next_hop: CollectingNextHop
) -> None:
    office = office_on(tmp_path, next_hop.port, owner="survivor")
    office.receive()
    next_hop.script.hang_up_at = "after-content"
    office.work()
    next_hop.script.hang_up_at = None
    next_hop.wait_for(1)
    (report,) = office.effects(EffectKind.REPORT)
    assert report.state is EffectState.PENDING
    wait_until_due(office)
    office.work()
    ids = [email.message_from_bytes(each.raw)["Message-ID"] for each in next_hop.deliveries]
    assert len(ids) == 2
    assert len(set(ids)) == 1
    office.close()


def wait_until_due(office: Office) -> None:
    (report,) = office.effects(EffectKind.REPORT)
    time.sleep(max(0.0, (report.due_at - SystemClock().now()).total_seconds()) + 0.05)


def assert_chain_is_whole(office: Office) -> None:
    previous = FIRST_PREVIOUS
    with office.store.reading() as transaction:
        for event in transaction.audit.events():
            assert event.previous == previous
            previous = event.hash
