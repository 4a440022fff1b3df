"""What is known of mailguard's own health, and the figures made of it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailguard.adapters.metrics import write_metrics
from mailguard.app.health import Finding, State, health, note_digest_sent
from mailguard.app.metrics import figures
from mailguard.app.ports import PermanentFailure, TemporaryFailure
from mailguard.app.report_test import send_test_reports
from mailguard.app.sightings import (
    ModelFaults,
    RunningFacts,
    add_model_faults,
    note_model_in_use,
    note_newest_mail,
    note_running,
    note_seen,
    sightings,
)
from tests.digest_scene import MAILBOXES, MORNING, NAIR, Scene, scene
from tests.effects_fixture import DEPUTY, HEAD, decided

NOON = MORNING + timedelta(hours=5)


@pytest.fixture
def school(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path) as played:
        send_test_reports(
            store=played.office.store,
            courier=played.courier,
            settings=played.office.settings,
            clock=played.clock,
        )
        played.at(NOON)
        played.is_well(since=MORNING)
        with played.office.store.transaction() as transaction:
            note_digest_sent(transaction, "head")
        yield played


def found(school: Scene, what: str) -> Finding:
    with school.office.store.reading() as transaction:
        (finding,) = (
            each for each in health(transaction, school.office.settings).findings if each.what == what
        )
    return finding


def test_when_all_is_well_every_row_is_ok_and_none_has_a_fix(school: Scene) -> None:
    with school.office.store.reading() as transaction:
        findings = health(transaction, school.office.settings).findings
    assert {finding.state for finding in findings} == {State.OK}
    assert {finding.fix for finding in findings} == {""}


def test_whatever_is_wrong_says_what_to_do(school: Scene) -> None:
    school.clock.pass_time(days=2)
    with school.office.store.reading() as transaction:
        state = health(transaction, school.office.settings)
    assert {finding.what for finding in state.failed} == {"daemon", "relay", "mailboxes", "digest"}
    assert all(finding.fix for finding in (*state.failed, *state.warned))


def test_a_daemon_that_has_died_is_known_by_its_silence(school: Scene) -> None:
    school.clock.pass_time(minutes=5)
    assert found(school, "daemon").state is State.OK
    school.clock.pass_time(minutes=1)
    assert found(school, "daemon").state is State.FAIL
    assert "not been seen since 12:00" in found(school, "daemon").says


def test_a_daemon_that_is_known_not_to_run_is_told_at_once(school: Scene) -> None:
    def rows(runs: bool | None) -> dict[str, Finding]:
        with school.office.store.reading() as transaction:
            state = health(transaction, school.office.settings, is_running=lambda _part: runs)
        return {each.what: each for each in state.findings}

    school.clock.pass_time(seconds=10)
    stopped = rows(False)
    assert {stopped[what].state for what in ("daemon", "relay")} == {State.FAIL}
    assert stopped["daemon"].says == "does not run, last seen 12:00: no report goes out"
    assert stopped["relay"].says.startswith("does not run, last seen 12:00; ")
    assert {rows(known)[what].state for known in (True, None) for what in ("daemon", "relay")} == {State.OK}
    # A process that lives and does nothing any more is no better than a dead one.
    school.clock.pass_time(minutes=6)
    assert rows(True)["daemon"].state is State.FAIL


def test_a_relay_that_runs_and_gets_no_mail_for_a_school_day_is_warned_of(school: Scene) -> None:
    for _ in range(12):
        school.clock.pass_time(hours=2)
        with school.office.store.transaction() as transaction:
            note_seen(transaction.ledger, {"relay": school.clock.now()})
    finding = found(school, "relay")
    assert finding.state is State.WARN
    assert "none for a whole school day" in finding.says


def test_a_weekend_without_mail_is_no_fault_of_the_relay(school: Scene) -> None:
    friday, sunday = datetime(2026, 10, 2, 18, 0, tzinfo=UTC), datetime(2026, 10, 4, 18, 0, tzinfo=UTC)
    with school.office.store.transaction() as transaction:
        note_seen(transaction.ledger, {"relay": sunday})
        note_newest_mail(transaction.ledger, {"relay": friday})
    school.at(sunday)
    assert found(school, "relay").state is State.OK


def test_a_mailbox_that_was_never_read_is_named(school: Scene) -> None:
    settings = replace(school.office.settings, watched_mailboxes={**MAILBOXES, "m-new": "new@school.test"})
    with school.office.store.reading() as transaction:
        (finding,) = (each for each in health(transaction, settings).findings if each.what == "mailboxes")
    assert finding.state is State.FAIL
    assert "new@school.test" in finding.fix
    assert finding.says.startswith("1 of 97 not read so far")


def test_lists_that_are_old_and_lists_that_were_refused_are_told_apart(school: Scene) -> None:
    facts = RunningFacts(
        started_at=NOON, program="0.1.0", policy="p", lists="l", lists_changed_at=NOON - timedelta(days=200)
    )
    with school.office.store.transaction() as transaction:
        note_running(transaction.ledger, facts)
    assert found(school, "lists in use").state is State.WARN
    with school.office.store.transaction() as transaction:
        note_running(
            transaction.ledger,
            RunningFacts(started_at=NOON, program="0.1.0", policy="p", lists="l", lists_problems=3),
        )
    assert found(school, "lists in use").state is State.FAIL


def test_a_dark_model_is_a_failure_and_the_lists_go_on(school: Scene) -> None:
    facts = RunningFacts(started_at=NOON, program="0.1.0", policy="p", lists="l", model_problem="altered")
    with school.office.store.transaction() as transaction:
        note_running(transaction.ledger, facts)
    assert found(school, "model in use").state is State.FAIL
    assert "lists go on" in found(school, "model in use").fix


def test_messages_that_could_not_be_scored_are_a_warning_from_the_first_and_a_failure_when_many(
    school: Scene,
) -> None:
    def state_after(more: ModelFaults) -> tuple[State, str]:
        with school.office.store.transaction() as transaction:
            add_model_faults(transaction.ledger, more)
        finding = found(school, "model faults")
        return finding.state, finding.says

    with school.office.store.reading() as transaction:
        findings = health(transaction, school.office.settings).findings
    assert "model faults" not in {finding.what for finding in findings}
    state, says = state_after(ModelFaults(judged=20, faults=1))
    assert state is State.WARN
    assert says.startswith("1 of 20 messages since the start could not be scored")
    assert state_after(ModelFaults(judged=0, faults=1))[0] is State.WARN
    assert state_after(ModelFaults(judged=1, faults=1))[0] is State.FAIL


def test_a_change_of_the_model_is_known_at_once(school: Scene) -> None:
    with school.office.store.transaction() as transaction:
        note_model_in_use(transaction.ledger, model="", problem="altered")
    assert found(school, "model in use").state is State.FAIL
    with school.office.store.transaction() as transaction:
        note_model_in_use(transaction.ledger, model="2026-09-01-b", problem="")
    assert found(school, "model in use").says == "2026-09-01-b"
    assert found(school, "lists in use").state is State.OK


def test_a_time_that_was_seen_never_goes_back(school: Scene) -> None:
    with school.office.store.transaction() as transaction:
        note_seen(transaction.ledger, {"relay": NOON - timedelta(days=1), "other": NOON})
    with school.office.store.reading() as transaction:
        seen = sightings(transaction.ledger).seen
    assert seen["relay"] == NOON
    assert seen["other"] == NOON


def test_a_report_given_up_counts_until_its_case_is_acknowledged_and_a_week_at_least(school: Scene) -> None:
    for address in (HEAD.address, DEPUTY.address):
        school.courier.refusals[address] = PermanentFailure("550 5.1.1 user unknown")
    case_id = school.comes(decided(), to=NAIR)
    assert found(school, "effects").says == "2 reports could not be delivered"
    school.clock.pass_time(days=8)
    with school.office.store.reading() as transaction:
        assert health(transaction, school.office.settings).effects.failed_reports == 2
    school.office.casebook.acknowledge(case_id, by="S001")
    with school.office.store.reading() as transaction:
        assert health(transaction, school.office.settings).effects.failed_reports == 0


def test_metrics_are_numbers_without_a_name(school: Scene, tmp_path: Path) -> None:
    school.comes(decided(), to=NAIR)
    with school.office.store.reading() as transaction:
        made = figures(transaction, school.office.settings)
    path = tmp_path / "mailguard.prom"
    write_metrics(path, made)
    text = path.read_text("utf-8")
    assert "mailguard_digest_age_seconds 0.0" in text
    assert 'mailguard_cases{state="new"} 1.0' in text
    assert "mailguard_mailboxes 96.0" in text
    assert 'mailguard_health_rows{state="fail"} 0.0' in text
    for word in ("@", "MG-", "Nair", "m-0"):
        assert word not in text


def test_metrics_that_cannot_be_written_are_a_temporary_failure(tmp_path: Path) -> None:
    with pytest.raises(TemporaryFailure, match=r"metrics\.textfile"):
        write_metrics(tmp_path / "missing" / "mailguard.prom", ())
