"""The demo's IMAP server (pymap) with our mailbox side: IDLE, MOVE and UIDPLUS are there and work."""

import asyncio
import imaplib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailguard.adapters.imap_mover import ImapMover
from mailguard.adapters.imap_settings import HoldIn, ImapAccount
from mailguard.adapters.smtp_settings import TransportSecurity
from mailguard.demo.imap_server import start_imap_server
from tests.mailboxes import MailboxBench, imap_session, mailbox_bench
from tests.servers import HOST, make_message, wait_until

USERS = ("ann@school.test", "bob@school.test")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[MailboxBench]:
    with mailbox_bench(tmp_path) as made:
        yield made


@pytest.fixture
def pymap_port() -> Iterator[int]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def run(task: object) -> object:
        return asyncio.run_coroutine_threadsafe(task, loop).result(10)  # type: ignore[arg-type]

    server = run(start_imap_server(USERS, "pw"))
    assert isinstance(server, asyncio.Server)
    yield server.sockets[0].getsockname()[1]

    async def end() -> None:
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    run(end())
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


def account(bench: MailboxBench, port: int, address: str) -> ImapAccount:
    return ImapAccount(
        address=address, host=HOST, port=port, security=TransportSecurity.NONE, password=bench.password("pw")
    )


def put(port: int, address: str, raw: bytes) -> None:
    with imaplib.IMAP4(HOST, port, timeout=10) as client:
        client.login(address, "pw")
        assert client.append("INBOX", "", "", raw)[0] == "OK"


def inbox(bench: MailboxBench, port: int, address: str, folder: str = "INBOX") -> list[bytes]:
    with imap_session(account(bench, port, address)) as session:
        session.open_folder(folder)
        return list(session.bodies(session.uids_above(0)).values())


def test_pymap_announces_what_we_use(bench: MailboxBench, pymap_port: int) -> None:
    with imap_session(account(bench, pymap_port, USERS[0])) as session:
        assert (session.has_idle, session.has_move, session.has_uidplus) == (True, True, True)


@pytest.mark.parametrize("hold", list(HoldIn))
def test_mail_in_pymap_is_judged_at_once_and_taken_out(
    bench: MailboxBench, pymap_port: int, hold: HoldIn
) -> None:
    settings = bench.settings(*(account(bench, pymap_port, user) for user in USERS), hold=hold)
    held, kept = make_message(body="please hold"), make_message(body="harmless")
    with bench.watching(settings) as supervisor:
        wait_until(lambda: all(each.last_sweep_at for each in supervisor.statuses()), "both are swept")
        put(pymap_port, USERS[0], held)
        put(pymap_port, USERS[0], kept)
        put(pymap_port, USERS[1], kept)
        wait_until(lambda: len(bench.gate.judged) == 3, "all is judged", seconds=5)
        judged = bench.gate.only_recorded()
        mover = ImapMover(settings, failpoint=bench.reached.append)
        mover.take_out(judged.location, expected_sha256=judged.sha256)
        mover.close()
    assert inbox(bench, pymap_port, USERS[0]) == [kept]
    if hold is HoldIn.FOLDER:
        assert inbox(bench, pymap_port, USERS[0], "Quarantine") == [held]
