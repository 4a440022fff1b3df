"""The daemon while it runs: lists replaced under it, a next hop that goes away, readers who cannot be reached, workers killed."""

import contextlib
import http.server
import json
import os
import re
import signal
import smtplib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mailguard.app.list_files import ListName
from mailguard.domain.case import EffectKind, EffectState, Mode, RecipientState
from tests.daemon import Daemon, installed
from tests.mixed_mail import Mixed, mixture
from tests.schooling import DEPUTY, FILES, HEAD, PUPIL, TEACHER
from tests.servers import HOST, CollectingNextHop, make_message, send_by_smtp, wait_until
from tests.servers.process import is_running
from tests.whole_way import (
    DISCLOSURE,
    Post,
    account_for,
    all_cases,
    all_effects,
    assert_trail_is_whole,
    audit_tags,
    free_leases,
    held_bytes,
    message_ids,
    post,
    reports_to,
    send_until_taken,
    try_to_send,
    wait_for_reports,
)

NEW_PUPIL = "robin.lane@mail.example"


@pytest.fixture
def daemon(tmp_path: Path, next_hop: CollectingNextHop) -> Iterator[Daemon]:
    with installed(tmp_path, next_hop_port=next_hop.port) as installation:
        yield installation


def write_pupils(daemon: Daemon, text: str) -> None:
    """As an export that is put in place at once."""
    beside = daemon.folder / "lists" / "pupils.new"
    beside.write_text(text, encoding="utf-8")
    beside.replace(daemon.folder / "lists" / "pupils.csv")


def from_new_pupil(number: int) -> Post:
    raw = make_message(sender=NEW_PUPIL, to=TEACHER, subject="Order", body=f"Order {number} is ready.")
    return Post(mail_from=NEW_PUPIL, recipients=(TEACHER,), raw=raw, held_from=frozenset(), is_reported=False)


def wait_for_tag(daemon: Daemon, tag: str, *, count: int = 1) -> None:
    with daemon.store() as opened:
        wait_until(lambda: audit_tags(opened).count(tag) >= count, f"{tag} on the record", seconds=20)


def reply_code(port: int, sent: Post) -> int:
    """The first reply that is no yes, to a client that wants to hand the message over."""
    with contextlib.closing(smtplib.SMTP(HOST, port, "client.test", timeout=30)) as client:
        steps: tuple[Callable[[], tuple[int, bytes]], ...] = (
            client.ehlo,
            lambda: client.mail(sent.mail_from),
            lambda: client.rcpt(sent.recipients[0]),
            lambda: client.data(sent.raw),
        )
        return next((code for step in steps if (code := step()[0]) >= 400), 250)


def test_a_new_pupil_is_known_without_a_restart_and_a_broken_list_changes_nothing_but_is_told(
    daemon: Daemon, next_hop: CollectingNextHop
):
    daemon.start()
    first, second, third = (from_new_pupil(number) for number in range(3))
    assert try_to_send(daemon.port, first)
    next_hop.wait_for(1)
    right = FILES[ListName.PUPILS] + f"P9,Robin Lane,8,{NEW_PUPIL},\n"
    write_pupils(daemon, right)
    wait_for_tag(daemon, "lists:school:replaced")
    assert try_to_send(daemon.port, second)
    write_pupils(daemon, right + "P9,Robin Lane,8,not an address,\n")
    wait_for_tag(daemon, "lists:school:refused")
    assert '"lists_refused"' in daemon.log_text
    assert "pupils.csv:8" in daemon.log_text
    assert try_to_send(daemon.port, third)
    write_pupils(daemon, right)
    wait_for_tag(daemon, "lists:school:replaced", count=2)
    with daemon.store() as opened:
        assert sorted(held_bytes(opened)[TEACHER]) == sorted([second.raw, third.raw])
        assert_trail_is_whole(opened)
    assert [each.raw.endswith(first.raw) for each in next_hop.deliveries if TEACHER in each.recipients] == [
        True
    ]
    assert "Robin" not in daemon.log_text
    assert NEW_PUPIL not in daemon.log_text


def test_shadow_mode_holds_nothing_reports_nothing_and_records_what_it_would_have_done(
    daemon: Daemon, next_hop: CollectingNextHop
):
    daemon.config.write_text('mode = "shadow"\n' + daemon.config.read_text())
    daemon.start()
    kinds = ("held", "mixed", "follow", "clear")
    sent = [post(kind) for kind in kinds]
    assert all(try_to_send(daemon.port, each) for each in sent)
    for each in sent:
        got = {
            address
            for delivery in next_hop.deliveries
            if delivery.raw.endswith(each.raw)
            for address in delivery.recipients
        }
        assert got == set(each.recipients)
    with daemon.store() as opened:
        assert held_bytes(opened) == {}
        assert all_effects(opened) == ()
        assert {case.mode for case in all_cases(opened)} == {Mode.SHADOW}
        with opened.store.reading() as transaction:
            states = [
                recipient.state
                for case in all_cases(opened)
                for recipient in transaction.cases.recipients(case.id)
            ]
        assert states.count(RecipientState.WOULD_HOLD) == 3
        assert_trail_is_whole(opened)
    assert len(next_hop.deliveries) == len(sent)


class Listener(http.server.BaseHTTPRequestHandler):
    """Keeps what it is told."""

    told: list[bytes]

    def do_POST(self) -> None:
        self.told.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def listener() -> Iterator[tuple[int, list[bytes]]]:
    """(port, bodies): an HTTP server of the school's messaging service."""
    told: list[bytes] = []
    handler = type("Kept", (Listener,), {"told": told})
    with http.server.ThreadingHTTPServer((HOST, 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.server_port, told
        server.shutdown()
        thread.join(5)


def test_a_disclosure_goes_by_the_second_channel_too_and_names_nobody_there(
    daemon: Daemon, next_hop: CollectingNextHop, listener: tuple[int, list[bytes]]
):
    port, told = listener
    daemon.config.write_text(
        daemon.config.read_text() + f'\n[second_channel]\nurls = ["json://{HOST}:{port}/told"]\n'
    )
    daemon.start()
    raw = make_message(sender=PUPIL, to=TEACHER, subject="please", body=DISCLOSURE)
    send_by_smtp(daemon.port, raw, mail_from=PUPIL, recipients=[TEACHER])
    wait_until(lambda: told and reports_to(next_hop), "both channels", seconds=30)
    with daemon.store() as opened:
        (case,) = all_cases(opened)
        assert int(case.decision.level) == 5
        wait_until(
            lambda: (
                {each.state for each in all_effects(opened, EffectKind.SECOND_CHANNEL)} == {EffectState.DONE}
            ),
            "the second channel done",
        )
    (body,) = told
    said = json.loads(body)
    assert case.id in said["title"] + said["message"]
    words = json.dumps(said).lower()
    assert not [
        each
        for each in ("ella", "sharma", "brown", "stepdad", "please", PUPIL, TEACHER)
        if each.lower() in words
    ]


def test_a_report_that_the_head_cannot_get_goes_to_the_deputy_now(
    daemon: Daemon, next_hop: CollectingNextHop
):
    next_hop.script.recipients[HEAD] = "550 5.1.1 no such person"
    daemon.start()
    sent = post("held")
    assert try_to_send(daemon.port, sent)
    wait_until(lambda: reports_to(next_hop, DEPUTY), "the deputy told", seconds=30)
    with daemon.store() as opened:
        wait_until(lambda: "effects:case:escalated" in audit_tags(opened), "escalated", seconds=10)
        assert "effects:report:failed" in audit_tags(opened)
        states = {each.role: each.state for each in all_effects(opened, EffectKind.REPORT)}
        assert states["head"] is EffectState.FAILED
        assert held_bytes(opened) == {TEACHER: [sent.raw]}
        assert_trail_is_whole(opened)
    assert not reports_to(next_hop)
    assert '"effect_failed"' in daemon.log_text


def doctors_row(daemon: Daemon, what: str) -> str:
    lines = daemon.command("doctor", status=None).splitlines()
    return next(line for line in lines if line[6:].startswith(f"{what} "))


def test_a_daemon_that_is_killed_or_stopped_is_known_to_doctor_at_once(daemon: Daemon):
    daemon.start()
    wait_until(lambda: doctors_row(daemon, "daemon").startswith("ok"), "the first sign of life", seconds=30)
    assert doctors_row(daemon, "relay").startswith("ok")
    daemon.kill()
    for what in ("daemon", "relay"):
        assert re.match(rf"FAIL  {what} +does not run, last seen ", doctors_row(daemon, what))
    daemon.start()
    wait_until(lambda: doctors_row(daemon, "daemon").startswith("ok"), "it runs again", seconds=30)
    daemon.stop()
    assert "does not run" in doctors_row(daemon, "daemon")


def test_while_the_next_hop_is_down_clients_keep_their_mail_and_afterwards_everything_goes(
    daemon: Daemon, next_hop: CollectingNextHop
):
    daemon.start()
    next_hop.go_down()
    clear, held = post("clear"), post("held")
    assert {reply_code(daemon.port, each) for each in (clear, held)} <= {421, 450, 451}
    assert daemon.is_running
    next_hop.come_up()
    assert send_until_taken(daemon.port, clear) == 1
    assert send_until_taken(daemon.port, held) == 1
    wait_for_reports(daemon)
    account_for(held, daemon, next_hop)
    assert any(each.raw.endswith(clear.raw) for each in next_hop.deliveries)


def test_a_report_waits_for_a_server_that_is_away_and_is_sent_when_it_is_back(
    daemon: Daemon, next_hop: CollectingNextHop
):
    daemon.start(environment={"MAILGUARD_FAILPOINTS": "report-before-send=delay:1@1"})
    sent = post("held")
    assert try_to_send(daemon.port, sent)
    next_hop.go_down()
    with daemon.store() as opened:
        wait_until(
            lambda: any(each.attempts and each.last_error for each in all_effects(opened, EffectKind.REPORT)),
            "one attempt failed",
            seconds=20,
        )
    next_hop.come_up()
    wait_until(lambda: reports_to(next_hop), "the report", seconds=30)
    wait_for_reports(daemon)
    account_for(sent, daemon, next_hop)


def worker_pids(daemon: Daemon) -> list[int]:
    """In the order in which they were started."""
    lines = (json.loads(line) for line in daemon.log_text.splitlines() if '"relay_worker_started"' in line)
    return [int(line["pid"]) for line in lines]


def as_post(mixed: Mixed) -> Post:
    return Post(
        mail_from=mixed.mail_from,
        recipients=mixed.recipients,
        raw=mixed.raw,
        held_from=mixed.held_from,
        is_reported=mixed.is_reported,
    )


def test_with_several_relay_workers_one_may_die_and_no_message_is_lost_held_twice_or_leaked(
    daemon: Daemon, next_hop: CollectingNextHop
):
    daemon.config.write_text(daemon.config.read_text().replace("[relay]", "[relay]\nworkers = 3"))
    daemon.start()
    wait_until(lambda: daemon.log_text.count('"relay_started"') >= 3, "three workers", seconds=40)
    mail = mixture(45, seed=21)
    with ThreadPoolExecutor(4) as clients:
        sending = [clients.submit(send_until_taken, daemon.port, as_post(each)) for each in mail]
        wait_until(lambda: sum(each.done() for each in sending) >= 10, "some sent", seconds=40)
        victim = worker_pids(daemon)[0]
        os.kill(victim, signal.SIGKILL)
        assert all(each.result(60) for each in sending)
    wait_until(lambda: len(worker_pids(daemon)) == 4, "another in its place", seconds=20)
    assert '"relay_worker_died"' in daemon.log_text
    wait_for_reports(daemon)
    with daemon.store() as opened:
        held = held_bytes(opened)
        assert_trail_is_whole(opened)
    for each in mail:
        got = {
            address
            for delivery in next_hop.deliveries
            if delivery.raw.endswith(each.raw)
            for address in delivery.recipients
        }
        assert got == set(each.recipients) - each.held_from, each.number
        kept = [address for address, raws in held.items() for raw in raws if raw == each.raw]
        assert sorted(kept) == sorted(each.held_from), each.number
    pids = worker_pids(daemon)
    assert daemon.stop() == 0
    assert not any(map(is_running, pids))


def test_lists_replaced_are_in_force_in_every_relay_worker(daemon: Daemon, next_hop: CollectingNextHop):
    daemon.config.write_text(daemon.config.read_text().replace("[relay]", "[relay]\nworkers = 2"))
    daemon.start()
    wait_until(lambda: daemon.log_text.count('"relay_started"') >= 2, "two workers", seconds=40)
    write_pupils(daemon, FILES[ListName.PUPILS] + f"P9,Robin Lane,8,{NEW_PUPIL},\n")
    # The parent and each worker read them for themselves.
    wait_until(lambda: daemon.log_text.count('"lists_replaced"') >= 3, "all have them", seconds=20)
    for number in range(8):
        assert try_to_send(daemon.port, from_new_pupil(number))
    with daemon.store() as opened:
        assert len(held_bytes(opened)[TEACHER]) == 8
        assert audit_tags(opened).count("lists:school:replaced") == 1
    assert not [each for each in next_hop.deliveries if TEACHER in each.recipients]


@pytest.mark.parametrize("point", ["t1-before-commit", "report-sent"])
def test_with_postgresql_as_store_a_killed_daemon_loses_nothing_and_reports_it(
    daemon: Daemon, next_hop: CollectingNextHop, postgres_url: str, point: str
):
    daemon.config.write_text(daemon.config.read_text() + f'\n[store]\nurl = "{postgres_url}"\n')
    daemon.start(environment={"MAILGUARD_FAILPOINTS": f"{point}=kill@1"})
    sent = post("mixed")
    was_taken = try_to_send(daemon.port, sent)
    assert daemon.process is not None
    assert daemon.process.wait(30) == -signal.SIGKILL
    with daemon.store() as opened:
        free_leases(opened)
    daemon.start()
    if not was_taken:
        send_until_taken(daemon.port, sent)
    wait_for_reports(daemon)
    account_for(sent, daemon, next_hop)
    assert len(message_ids(reports_to(next_hop))) == 1
    assert daemon.command("audit", "verify").startswith("ok")
    assert not (daemon.state / "mailguard.sqlite3").exists()
