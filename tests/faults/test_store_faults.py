"""Processes that die or meet in the store, on both databases."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from mailguard.adapters.store.opening import StoreSettings
from mailguard.app.case_opening import Joined
from mailguard.app.ports import TemporaryFailure
from mailguard.app.ports_store import NewEffect, Transaction
from mailguard.domain.case import EffectKind, EffectState, RecipientState
from tests.storing import School, one_report, open_school, opening, school_settings

_PRELUDE = (
    "import sys\n"
    "from pathlib import Path\n"
    "from mailguard.domain.case import EffectKind\n"
    "from tests.storing import one_report, open_school, opening, school_settings\n"
    "school = open_school(school_settings(Path(sys.argv[1]), url=sys.argv[2]))\n"
)
_RECORD = _PRELUDE + "print(school.casebook.open_or_join(opening(), one_report).case_id)\n"
_SEND = _PRELUDE + (
    "kinds = {EffectKind.REPORT}\n"
    "effect = school.opened.store.lease_due(owner='w', lease_seconds=60, kinds=kinds)\n"
    "assert school.casebook.effect_done(effect)\n"
)
_LEASE_ALL = _PRELUDE + (
    "sys.stdin.readline()\n"
    "while (effect := school.opened.store.lease_due(owner='w', lease_seconds=600)) is not None:\n"
    "    print(effect.key, flush=True)\n"
)


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> StoreSettings:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    return school_settings(tmp_path / "state", url=url)


@pytest.fixture
def school(settings: StoreSettings) -> Iterator[School]:
    opened = open_school(settings)
    yield opened
    opened.opened.store.close()


def start(code: str, settings: StoreSettings, failpoints: str = "") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, str(settings.state_folder), settings.url],
        env=os.environ | {"MAILGUARD_FAILPOINTS": failpoints},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def killed_at(failpoint: str, code: str, settings: StoreSettings) -> None:
    process = start(code, settings, f"{failpoint}=kill")
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("failpoint", ["blob-written", "blob-fsynced", "t1-before-commit", "t1-committed"])
def test_a_kill_in_t1_leaves_all_of_it_or_nothing_and_a_retry_makes_one_case(
    settings: StoreSettings, school: School, failpoint: str
):
    killed_at(failpoint, _RECORD, settings)
    is_there = failpoint == "t1-committed"
    assert school.trail.head().size == int(is_there)
    again = school.casebook.open_or_join(opening(), one_report)
    assert (again.case_id, again.newly) == ("MG-2026-0001", not is_there)
    with school.opened.store.reading() as transaction:
        (message,) = transaction.cases.messages(again.case_id)
        (recipient,) = transaction.cases.recipients(again.case_id)
        effects = transaction.effects.matching(case_id=again.case_id)
    assert school.opened.blobs.get(message.blob_id) == opening().raw
    assert recipient.state is RecipientState.HELD
    assert [effect.kind for effect in effects] == [EffectKind.REPORT, EffectKind.ESCALATE]
    assert school.trail.verify().is_intact
    assert school.opened.store.is_sound()


@pytest.mark.parametrize("failpoint", ["effect-leased", "t2-before-commit", "t2-committed"])
def test_a_kill_around_t2_never_shows_done_what_may_not_be_and_is_taken_up_again(
    settings: StoreSettings, school: School, failpoint: str
):
    case_id = school.casebook.open_or_join(opening(), one_report).case_id
    killed_at(failpoint, _SEND, settings)
    is_done = failpoint == "t2-committed"
    with school.opened.store.reading() as transaction:
        (report,) = transaction.effects.matching(case_id=case_id, kinds={EffectKind.REPORT})
    assert report.state is (EffectState.DONE if is_done else EffectState.PENDING)
    school.clock.turn(seconds=61)
    again = school.opened.store.lease_due(owner="two", lease_seconds=60, kinds={EffectKind.REPORT})
    if is_done:
        assert again is None
        return
    assert again is not None
    assert (again.attempts, again.header_message_id) == (2, report.header_message_id)
    assert school.casebook.effect_done(again)


def test_a_database_that_goes_away_in_t1_is_a_temporary_failure_and_the_retry_succeeds(
    tmp_path: Path, postgres_url: str
):
    school = open_school(school_settings(tmp_path / "state", url=postgres_url))
    administrator = create_engine(postgres_url)

    def cut(joined: Joined, transaction: Transaction) -> list[NewEffect]:
        with administrator.begin() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mailguard'"
            )
        return one_report(joined, transaction)

    with pytest.raises(TemporaryFailure, match=r"127\.0\.0\.1"):
        school.casebook.open_or_join(opening(), cut)
    assert school.casebook.open_or_join(opening(), one_report).newly
    assert school.trail.verify().is_intact
    school.opened.store.close()
    administrator.dispose()


def test_two_processes_that_lease_at_once_never_lease_the_same_effect(
    settings: StoreSettings, school: School
):
    keys = [f"report:{number:03}" for number in range(60)]
    with school.opened.store.transaction() as transaction:
        for key in keys:
            transaction.effects.add(NewEffect(kind=EffectKind.REPORT, key=key, due_at=transaction.now))
    workers = [start(_LEASE_ALL, settings) for _ in range(2)]
    leased = [line for worker in workers for line in _go(worker, workers)]
    assert sorted(leased) == keys


def _go(worker: subprocess.Popen[str], workers: list[subprocess.Popen[str]]) -> list[str]:
    for each in workers:
        assert each.stdin is not None
        if not each.stdin.closed:
            each.stdin.write("\n")
            each.stdin.close()
    assert worker.stdout is not None
    lines = worker.stdout.read().split()
    worker.stdout.close()
    assert worker.wait(timeout=60) == 0
    return lines


def test_two_processes_that_record_the_same_message_at_once_make_one_case(
    settings: StoreSettings, school: School
):
    workers = [start(_RECORD, settings, "blob-fsynced=delay:0.5") for _ in range(2)]
    printed = [worker.communicate(timeout=60)[0].strip() for worker in workers]
    assert printed == ["MG-2026-0001", "MG-2026-0001"]
    with school.opened.store.reading() as transaction:
        assert len(transaction.cases.recipients("MG-2026-0001")) == 1
    assert school.trail.head().size == 1
    school.clock.turn(hours=2)
    assert school.opened.blobs.sweep(before=school.clock.at) == 1
