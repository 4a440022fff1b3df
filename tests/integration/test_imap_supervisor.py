"""Accounts watched together on real servers: news, sweeps, faults that stay where they are, a clean end."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailguard.adapters.imap_session import ConnectionGone, ImapSession, LoginRefused
from mailguard.adapters.imap_settings import ImapAccount
from mailguard.adapters.imap_supervisor import MailboxSupervisor
from mailguard.adapters.smtp_settings import TransportSecurity
from tests.mailboxes import MailboxBench, imap_session, mailbox_bench, wire_to
from tests.servers import DovecotServer, free_port, make_message, wait_until

StartDovecot = Callable[..., DovecotServer]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[MailboxBench]:
    with mailbox_bench(tmp_path) as made:
        yield made


def wait_until_swept(supervisor: MailboxSupervisor, number: int = 1) -> None:
    def swept() -> int:
        return sum(status.last_sweep_at is not None for status in supervisor.statuses())

    wait_until(lambda: swept() >= number, f"{number} accounts are swept", seconds=30)


def test_new_mail_is_judged_within_two_seconds_by_idle(dovecot: DovecotServer, bench: MailboxBench) -> None:
    user = dovecot.new_user()
    with bench.watching(bench.settings(bench.account(dovecot, user), sweep_seconds=60.0)) as supervisor:
        wait_until_swept(supervisor)
        for number in range(3):
            dovecot.deliver(user, make_message(subject=f"number {number}"))
            wanted = number + 1
            wait_until(lambda wanted=wanted: len(bench.gate.judged) == wanted, "judged", seconds=3)  # type: ignore[misc]


def test_without_idle_the_sweep_finds_it(start_dovecot: StartDovecot, bench: MailboxBench) -> None:
    server = start_dovecot(without=frozenset({"IDLE"}))
    user = server.new_user()
    with bench.watching(bench.settings(bench.account(server, user), sweep_seconds=0.5)) as supervisor:
        wait_until_swept(supervisor)
        server.deliver(user, make_message())
        wait_until(lambda: bench.gate.judged, "it is judged", seconds=5)
        assert supervisor.statuses()[0].missing == ("IDLE",)


def test_idle_is_renewed_and_the_sweep_comes_unconditionally(
    dovecot: DovecotServer, bench: MailboxBench
) -> None:
    user = dovecot.new_user()
    with wire_to(dovecot.imap_port) as wire:
        settings = bench.settings(
            bench.account(dovecot, user, port=wire.port), sweep_seconds=1.0, idle_renew_seconds=0.3
        )
        with bench.watching(settings):
            wait_until(lambda: wire.commands().count("IDLE") > 5, "IDLE is renewed", seconds=10)
            # Each followed by looking for what IDLE did not tell.
            assert wire.commands().count("UID SEARCH") > 5


def test_sent_mail_is_found_by_special_use_and_by_name(dovecot: DovecotServer, bench: MailboxBench) -> None:
    user = dovecot.new_user()
    with dovecot.client(user) as client:
        client.create_folder("Sent Items")
        client.append("Sent Items", make_message(to="pupil@outside.test"))
        client.create_folder("Elsewhere")
        client.append("Elsewhere", make_message())
    with bench.watching(bench.settings(bench.account(dovecot, user))) as supervisor:
        wait_until_swept(supervisor)
    (judged,) = bench.gate.judged
    assert judged.envelope.is_sent_folder
    assert judged.location.folder == "Sent Items"


def test_all_folders_but_the_quarantine_are_read_and_a_moved_message_is_known(
    dovecot: DovecotServer, bench: MailboxBench
) -> None:
    user = dovecot.new_user()
    with dovecot.client(user) as client:
        client.create_folder("Parents/Year 7")
        client.append("Parents/Year 7", make_message(subject="filed"))
        client.append("Quarantine", make_message(subject="held"))
    dovecot.deliver(user, make_message(subject="inbox"))
    settings = bench.settings(bench.account(dovecot, user), folders=("*",), sweep_seconds=0.5)
    with bench.watching(settings) as supervisor:
        wait_until_swept(supervisor)
        assert {judged.location.folder for judged in bench.gate.judged} == {"INBOX", "Parents/Year 7"}
        with dovecot.client(user) as client:
            client.select_folder("INBOX")
            client.move(client.search(), "Parents/Year 7")
        time.sleep(1.5)
        assert len(bench.gate.judged) == 2
        assert not supervisor.statuses()[0].last_failure


def test_lost_connections_and_a_restarted_server_lose_no_mail(
    start_dovecot: StartDovecot, bench: MailboxBench
) -> None:
    server = start_dovecot()
    user = server.new_user()
    with bench.watching(bench.settings(bench.account(server, user))) as supervisor:
        wait_until_swept(supervisor)
        server.kick(user)
        server.deliver(user, make_message(subject="after the kick"))
        wait_until(lambda: len(bench.gate.judged) == 1, "the first is judged")
        server.kick(user)
        server.stop()
        wait_until(lambda: supervisor.statuses()[0].failures > 1, "it has noticed")
        server.start()
        server.deliver(user, make_message(subject="after the restart"))
        wait_until(lambda: len(bench.gate.judged) == 2, "the second is judged")
        wait_until(lambda: not supervisor.statuses()[0].failures, "all is well")


def test_closed_connection_in_idle_does_not_spin(dovecot: DovecotServer, bench: MailboxBench) -> None:
    user = dovecot.new_user()
    with wire_to(dovecot.imap_port) as wire:
        settings = bench.settings(
            bench.account(dovecot, user, port=wire.port), retry_first_seconds=0.5, retry_last_seconds=0.5
        )
        with bench.watching(settings) as supervisor:
            wait_until_swept(supervisor)
            wait_until(lambda: "IDLE" in wire.commands(), "it waits in IDLE")
            wire.said = b""
            wire.cut()
            time.sleep(1.5)
            assert 1 <= sum("LOGIN" in name for name in wire.commands()) <= 3


def test_one_account_s_failure_never_touches_the_others(dovecot: DovecotServer, bench: MailboxBench) -> None:
    good, locked, hanging = dovecot.new_user(), dovecot.new_user(), dovecot.new_user()
    with wire_to(dovecot.imap_port) as wire:
        wire.is_silent = True
        accounts = [
            bench.account(dovecot, good),
            bench.account(dovecot, locked, password=bench.password("wrong")),
            bench.account(dovecot, hanging, port=wire.port),
            bench.account(dovecot, dovecot.new_user(), port=free_port()),
        ]
        # Dovecot thinks about a wrong password for two seconds.
        with bench.watching(bench.settings(*accounts, reply_seconds=4.0)) as supervisor:
            wait_until_swept(supervisor)
            dovecot.deliver(good, make_message())
            wait_until(lambda: bench.gate.judged, "the good one is served", seconds=3)
            wait_until(lambda: all(each.failures for each in supervisor.statuses()[1:]), "the others fail")
            assert not supervisor.statuses()[0].failures
            refusal = ("mailbox_login_refused", accounts[1].id)
            wait_until(lambda: refusal in bench.alarms, "somebody is told")
            wait_until(lambda: supervisor.statuses()[1].failures > 1, "it is refused again")
            assert bench.alarms.count(refusal) == 1


def test_watchdog_tells_of_an_account_that_is_not_swept_and_cuts_it_loose(
    dovecot: DovecotServer, bench: MailboxBench
) -> None:
    user = dovecot.new_user()
    with wire_to(dovecot.imap_port) as wire:
        account = bench.account(dovecot, user, port=wire.port)
        settings = bench.settings(account, stale_seconds=1.5, sweep_seconds=0.4, reply_seconds=60.0)
        with bench.watching(settings) as supervisor:
            wait_until_swept(supervisor)
            wire.is_silent = True
            wait_until(lambda: ("mailbox_stale", account.id) in bench.alarms, "the alarm", seconds=6)
            wire.is_silent = False
            dovecot.deliver(user, make_message())
            wait_until(lambda: bench.gate.judged, "it is judged after all", seconds=6)
            assert bench.alarms == [("mailbox_stale", account.id)]
            assert supervisor.statuses()[0].last_sweep_at is not None


def test_stop_takes_less_than_five_seconds_even_on_a_silent_server(
    dovecot: DovecotServer, bench: MailboxBench
) -> None:
    users = [dovecot.new_user() for _ in range(4)]
    with wire_to(dovecot.imap_port) as wire:
        accounts = [bench.account(dovecot, user, port=wire.port) for user in users]
        settings = bench.settings(*accounts, sweep_seconds=0.2, reply_seconds=60.0)
        supervisor = MailboxSupervisor(bench.parts(settings))
        supervisor.start()
        wait_until_swept(supervisor, 4)
        wire.is_silent = True
        time.sleep(0.5)
        started = time.monotonic()
        assert supervisor.stop()
        assert time.monotonic() - started < 5
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("mailbox-m-")]


def test_fifty_accounts_in_one_daemon_each_get_their_mail_judged(
    dovecot: DovecotServer, bench: MailboxBench
) -> None:
    users = [dovecot.new_user() for _ in range(50)]
    with bench.watching(bench.settings(*(bench.account(dovecot, user) for user in users))) as supervisor:
        wait_until_swept(supervisor, 50)
        started = time.monotonic()
        for user in users:
            dovecot.deliver(user, make_message(to=f"{user}@school.test"))
        wait_until(lambda: len(bench.gate.judged) == 50, "all are judged", seconds=30)
        assert time.monotonic() - started < 20
        assert {judged.envelope.mailbox_address for judged in bench.gate.judged} == {
            f"{user}@school.test" for user in users
        }


def test_new_mail_does_not_wait_for_a_long_first_pass(dovecot: DovecotServer, bench: MailboxBench) -> None:
    user = dovecot.new_user()
    with dovecot.client(user) as client:
        for number in range(60):
            client.append("INBOX", make_message(subject=f"old {number}"))
    order: list[bytes] = []

    def slowly(raw: bytes) -> None:
        order.append(raw)
        time.sleep(0.15)

    bench.gate.on_judge = slowly
    settings = bench.settings(bench.account(dovecot, user), since=datetime.now(UTC).date(), batch_messages=5)
    with bench.watching(settings):
        wait_until(lambda: order, "the pass has begun")
        dovecot.deliver(user, make_message(subject="news"))
        wait_until(lambda: any(b"Subject: news" in raw for raw in order), "the news is judged", seconds=8)
        assert len(order) < 60
        wait_until(lambda: len(bench.gate.judged) == 61, "all is judged", seconds=20)
    assert len(order) == 61


def test_master_user_reads_the_mailbox(dovecot: DovecotServer, bench: MailboxBench) -> None:
    user = dovecot.new_user()
    name, words = dovecot.master
    account = bench.account(dovecot, user, master_user=name, password=bench.password(words))
    with imap_session(account) as session:
        assert session.open_folder("INBOX").uidvalidity


def secured(bench: MailboxBench, server: DovecotServer, security: TransportSecurity) -> ImapAccount:
    """An account of that server whose certificate is trusted."""
    port = server.imaps_port if security is TransportSecurity.TLS else server.imap_port
    user = server.new_user()
    return bench.account(
        server, user, host="localhost", port=port, security=security, ca_file=server.certificate
    )


@pytest.mark.parametrize("security", [TransportSecurity.TLS, TransportSecurity.STARTTLS])
def test_certificate_is_verified(
    start_dovecot: StartDovecot, bench: MailboxBench, security: TransportSecurity
) -> None:
    account = secured(bench, start_dovecot(imaps=True), security)
    with imap_session(account) as session:
        assert session.tls.startswith("TLS")
    with pytest.raises(ConnectionGone, match="certificate verify failed"):
        ImapSession(replace(account, ca_file=None), connect_seconds=5, reply_seconds=5)
    with wire_to(account.port, host="127.0.0.2") as wire:
        elsewhere = replace(account, host="127.0.0.2", port=wire.port)
        with pytest.raises(ConnectionGone, match="certificate verify failed"):
            ImapSession(elsewhere, connect_seconds=5, reply_seconds=5)


def test_idle_over_tls_brings_news(start_dovecot: StartDovecot, bench: MailboxBench) -> None:
    server = start_dovecot(imaps=True)
    account = secured(bench, server, TransportSecurity.TLS)
    user = account.username
    with bench.watching(bench.settings(account, sweep_seconds=60.0)) as supervisor:
        wait_until_swept(supervisor)
        server.deliver(user, make_message())
        wait_until(lambda: bench.gate.judged, "it is judged", seconds=4)


def test_wrong_password_is_refused_without_showing_it(dovecot: DovecotServer, bench: MailboxBench) -> None:
    account = bench.account(dovecot, dovecot.new_user(), password=bench.password("open sesame ü"))
    with pytest.raises(LoginRefused) as refused:
        ImapSession(account, connect_seconds=5, reply_seconds=5)
    assert "sesame" not in str(refused.value)
