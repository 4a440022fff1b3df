"""SIGKILL at each step between the end of DATA and the report, in the real daemon, against a client that tries again.

The ledger of what was sent is kept here, outside the killed process.
"""

import signal
from pathlib import Path

import pytest

from mailguard.adapters.store.opening import OpenedStore
from mailguard.app import failpoints
from mailguard.app.ports_learning import SampleReason
from mailguard.domain.case import EffectKind, EffectState, RecipientState
from tests.daemon import Daemon, installed
from tests.schooling import PARENT, PUPIL, TEACHER
from tests.servers import CollectingNextHop, DovecotServer, make_message, wait_until
from tests.tables import rows
from tests.whole_way import (
    Post,
    account_for,
    all_cases,
    all_effects,
    assert_trail_is_whole,
    free_leases,
    held_bytes,
    message_ids,
    post,
    reports_to,
    send_until_taken,
    try_to_send,
    wait_for_reports,
)

RECEIVING = ("data-received", "judged")
RECORDING = ("blob-written", "blob-fsynced", "t1-before-commit", "t1-committed")
DELIVERING = ("next-hop-before-data", "next-hop-accepted")
REPORTING = ("effect-leased", "report-before-send", "report-sent", "t2-before-commit", "t2-committed")
HOLDING = (*RECEIVING, *RECORDING, "reply-sent", *REPORTING)
EVERYTHING = (*RECEIVING, *RECORDING, *DELIVERING, "reply-sent", *REPORTING)
WAYS = {
    "held": HOLDING,
    "follow": HOLDING,
    "reported": EVERYTHING,
    "mixed": EVERYTHING,
    "clear": (*RECEIVING, *DELIVERING, "reply-sent"),
}
OTHERS = [(kind, point) for kind in ("reported", "mixed", "follow", "clear") for point in WAYS[kind]]
MOVING = ("imap-fetched", "imap-before-move", "imap-copied", "imap-moved")


def run_into(daemon: Daemon, point: str, sent: Post) -> bool:
    """Start, send, and be killed at ``point``; whether the client had its 250 by then."""
    daemon.start(environment={"MAILGUARD_FAILPOINTS": f"{point}=kill@1"})
    was_taken = try_to_send(daemon.port, sent)
    assert daemon.process is not None
    assert daemon.process.wait(30) == -signal.SIGKILL, daemon.log_text[-2000:]
    return was_taken


def crash_and_account(
    folder: Path, next_hop: CollectingNextHop, kind: str, point: str, *, frees: bool = True
) -> None:
    sent = post(kind)
    with installed(folder, next_hop_port=next_hop.port) as daemon:
        if kind == "mixed":
            text = daemon.config.read_text()
            text = text.replace("[relay]", '[relay]\nposition = "before-queue"')
            daemon.config.write_text(text.replace("[authentication]", '[authentication]\nverify = "never"'))
        was_taken = run_into(daemon, point, sent)
        # The effects thread may be killed before the relay has written its 250: then the client comes again.
        assert was_taken or point != "reply-sent"
        if frees and daemon.state.joinpath("mailguard.sqlite3").exists():
            with daemon.store() as opened:
                free_leases(opened)
        daemon.start()
        if not was_taken:
            send_until_taken(daemon.port, sent)
        wait_for_reports(daemon)
        account_for(sent, daemon, next_hop)
        reports = reports_to(next_hop)
        # Sent and not yet written down: sent again, under the same Message-ID.
        assert len(reports) == int(sent.is_reported) + (point in ("report-sent", "t2-before-commit"))
        assert daemon.stop() == 0


@pytest.mark.parametrize("point", HOLDING)
def test_a_held_message_survives_a_kill_at_each_step(tmp_path: Path, next_hop: CollectingNextHop, point: str):
    crash_and_account(tmp_path, next_hop, "held", point)


@pytest.mark.parametrize(("kind", "point"), rows(OTHERS, 6))
def test_every_kind_of_message_survives_a_kill_at_each_step(
    tmp_path: Path, next_hop: CollectingNextHop, kind: str, point: str
):
    crash_and_account(tmp_path, next_hop, kind, point)


@pytest.mark.parametrize("point", ["next-hop-before-data", "next-hop-accepted"])
def test_a_letter_that_the_model_does_not_understand_waits_to_be_read_though_the_daemon_was_killed(
    tmp_path: Path, next_hop: CollectingNextHop, point: str
):
    words = "Vrulok kandethim mishpator venikal, zhurbanik tolvesh oprindul. Kvastelin mirudok ashvend!"
    raw = make_message(sender=PARENT, to=TEACHER, subject="Vrulok", body=words)
    sent = Post(mail_from=PARENT, recipients=(TEACHER,), raw=raw, held_from=frozenset(), is_reported=False)
    with installed(tmp_path, next_hop_port=next_hop.port) as daemon:
        run_into(daemon, point, sent)
        with daemon.store() as opened, opened.store.reading() as transaction:
            assert [each.reason for each in transaction.samples.unread()] == [SampleReason.FOREIGN]
        daemon.start()
        send_until_taken(daemon.port, sent)
        assert daemon.stop() == 0
        with daemon.store() as opened, opened.store.reading() as transaction:
            assert len(transaction.samples.unread()) == 1


def test_a_killed_workers_lease_runs_out_by_itself_and_the_report_comes_within_a_minute(
    tmp_path: Path, next_hop: CollectingNextHop
):
    crash_and_account(tmp_path, next_hop, "held", "effect-leased", frees=False)


def test_a_daemon_killed_again_and_again_still_makes_one_case_and_reports_it(
    tmp_path: Path, next_hop: CollectingNextHop
):
    sent = post("held")
    with installed(tmp_path, next_hop_port=next_hop.port) as daemon:
        taken = False
        for point in ("blob-fsynced", "t1-committed", "report-sent"):
            # The report of the case goes out as soon as the daemon lives: it may die before it is ready.
            is_reporting = point == "report-sent"
            daemon.start(
                environment={"MAILGUARD_FAILPOINTS": f"{point}=kill@1"},
                wait=not is_reporting,
                is_bare=True,
            )
            if not is_reporting:
                taken = taken or try_to_send(daemon.port, sent)
            assert daemon.process is not None
            daemon.process.wait(60)
            with daemon.store() as opened:
                free_leases(opened)
        daemon.start()
        if not taken:
            send_until_taken(daemon.port, sent)
        wait_for_reports(daemon)
        account_for(sent, daemon, next_hop)


@pytest.mark.parametrize("point", [*MOVING, *rows((*RECORDING, *REPORTING), 1)])
def test_a_message_in_a_mailbox_survives_a_kill_at_each_step(
    tmp_path: Path, next_hop: CollectingNextHop, start_dovecot, point: str
):
    server: DovecotServer = start_dovecot(without=frozenset({"MOVE"}))
    user = server.new_user()
    raw = make_message(sender=PUPIL, to=TEACHER, subject="hi", body="hello sir can you help me")
    plain = make_message(sender="someone@elsewhere.example", to=TEACHER, subject="Order", body="It is ready.")
    with installed(
        tmp_path,
        next_hop_port=next_hop.port,
        more=mailbox_section(server, user),
        parts=("mailboxes", "effects"),
    ) as daemon:
        environment = {"MG_TEST_MASTER": server.master[1]}
        server.deliver(user, plain)
        server.deliver(user, raw)
        daemon.start(environment={**environment, "MAILGUARD_FAILPOINTS": f"{point}=kill@1"}, wait=False)
        assert daemon.process is not None
        assert daemon.process.wait(30) == -signal.SIGKILL, daemon.log_text[-2000:]
        with daemon.store() as opened:
            free_leases(opened)
        daemon.start(environment=environment)

        with daemon.store() as opened:
            wait_until(lambda: is_through(opened), "reported and moved", seconds=40)
        (left,) = server.messages(user).values()
        assert left.endswith(plain)
        (quarantined,) = server.messages(user, "Quarantine").values()
        assert quarantined.endswith(raw)
        with daemon.store() as opened:
            (case,) = all_cases(opened)
            assert [each == quarantined for each in held_bytes(opened)[TEACHER]] == [True]
            with opened.store.reading() as transaction:
                assert [each.state for each in transaction.cases.recipients(case.id)] == [
                    RecipientState.TAKEN_OUT
                ]
            assert_trail_is_whole(opened)
        assert len(message_ids(reports_to(next_hop))) == 1


def is_through(opened: OpenedStore) -> bool:
    effects = all_effects(opened, EffectKind.REPORT, EffectKind.MOVE)
    return {each.state for each in effects} == {EffectState.DONE}


def mailbox_section(server: DovecotServer, user: str) -> str:
    return f"""
[mailboxes]
host = "127.0.0.1"
port = {server.imap_port}
security = "none"
hold = "folder"
sweep_seconds = 1
master_user = "{server.master[0]}"
master_password = {{ environment = "MG_TEST_MASTER" }}
[[mailboxes.account]]
address = "{TEACHER}"
username = "{user}"
"""


def test_every_failpoint_on_the_way_is_killed_at_by_some_test():
    killed = {*EVERYTHING, *MOVING}
    # Not on the way to the report: test_effects_kills.py, integration/test_digest.py, test_concern_and_list_kills.py and
    # unit/app/test_retention.py kill there.
    elsewhere = {"release-sent", "digest-before-send", "digest-sent"}
    elsewhere |= {name for name in failpoints.NAMES if name.startswith(("list-", "retention-"))}
    assert killed == failpoints.NAMES - elsewhere
