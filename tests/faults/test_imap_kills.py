"""SIGKILL in the middle of scanning and of taking out, in a process of its own: nothing lost, one copy."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailguard.adapters.imap_mover import ImapMover
from mailguard.adapters.imap_settings import HoldIn, ImapAccount, MailboxesSettings
from tests.mailboxes import MailboxBench, SaidJudgement, mailbox_bench, sweep
from tests.servers import HOST, QUARANTINE_FOLDER, DovecotServer, make_message, run_dovecot

TAKE_OUT = """
import sys
from pathlib import Path
from mailguard.adapters.imap_mover import ImapMover
from mailguard.adapters.imap_settings import HoldIn, ImapAccount, MailboxesSettings, SecretPlace
from mailguard.adapters.smtp_settings import TransportSecurity
from mailguard.app import failpoints
from mailguard.app.ports import ImapLocation

address, user, port, secret, hold, folder, uidvalidity, uid, sha256 = sys.argv[1:]
account = ImapAccount(
    address=address, username=user, host="127.0.0.1", port=int(port),
    security=TransportSecurity.NONE, password=SecretPlace(file=Path(secret)),
)
mover = ImapMover(MailboxesSettings(accounts=(account,), hold=HoldIn(hold)), failpoint=failpoints.reach)
location = ImapLocation(account.id, folder, int(uidvalidity), int(uid))
print(mover.take_out(location, expected_sha256=sha256))
mover.close()
"""

SCAN = """
import sys
from pathlib import Path
from mailguard.app import failpoints
from tests.mailboxes import mailbox_bench, sweep
from tests.servers import DovecotServer

state, user, port = sys.argv[1:]
server = DovecotServer(Path("/nonexistent"), int(port), 0, None, None, ("", ""), {user: "pw"})
with mailbox_bench(Path(state)) as bench:
    settings = bench.settings(bench.account(server, user))
    bench.reached = type("Points", (), {"append": staticmethod(failpoints.reach)})()
    sweep(bench, settings)
"""


def run_killed_at(point: str, program: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "MAILGUARD_FAILPOINTS": f"{point}=kill" if point else ""}
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], env=environment, capture_output=True, timeout=60
    )


@pytest.fixture(
    scope="module", params=["", "MOVE", "UIDPLUS"], ids=lambda name: f"without-{name or 'nothing'}"
)
def server(request: pytest.FixtureRequest) -> Iterator[DovecotServer]:
    with run_dovecot(without=frozenset(filter(None, [request.param]))) as dovecot:
        yield dovecot


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[MailboxBench]:
    with mailbox_bench(tmp_path) as made:
        yield made


@pytest.mark.parametrize("hold", list(HoldIn))
@pytest.mark.parametrize("point", ["imap-before-move", "imap-copied", "imap-moved"])
def test_effects_worker_killed_while_taking_out_leaves_the_message_in_one_place(
    server: DovecotServer, bench: MailboxBench, hold: HoldIn, point: str
) -> None:
    user = server.new_user()
    server.deliver(user, make_message(body="stays"))
    server.deliver(user, make_message(body="please hold"))
    account = bench.account(server, user)
    settings = bench.settings(account, hold=hold)
    sweep(bench, settings)
    held = bench.gate.only_recorded()
    killed = run_killed_at(point, TAKE_OUT, *arguments(account, held, hold))
    assert killed.returncode in (-9, 0), killed.stderr.decode()
    assert killed.returncode == -9 or point == "imap-copied"
    everywhere = [*server.messages(user).values(), *server.messages(user, QUARANTINE_FOLDER).values()]
    assert hold is HoldIn.STORE or held.raw in everywhere
    take_out(settings, held)
    assert list(server.messages(user)) == [1]
    quarantined = list(server.messages(user, QUARANTINE_FOLDER).values())
    with server.client(user) as client:
        has_uidplus = b"UIDPLUS" in client.capabilities()
    assert quarantined == ([] if hold is HoldIn.STORE and has_uidplus else [held.raw])


def test_daemon_killed_after_fetching_judges_the_same_mail_at_the_next_start(
    server: DovecotServer, tmp_path: Path
) -> None:
    user = server.new_user()
    for number in range(3):
        server.deliver(user, make_message(body=f"please hold {number}"))
    killed = run_killed_at("imap-fetched", SCAN, str(tmp_path), user, str(server.imap_port))
    assert killed.returncode == -9, killed.stderr.decode()
    with mailbox_bench(tmp_path) as bench:
        sweep(bench, bench.settings(bench.account(server, user)))
        assert [judged.location.uid for judged in bench.gate.recorded.values()] == [1, 2, 3]
        assert bench.alarms == []


def arguments(account: ImapAccount, held: SaidJudgement, hold: HoldIn) -> list[str]:
    at = held.location
    secret = str(account.password.file)
    place = [at.folder, str(at.uidvalidity), str(at.uid)]
    assert account.host == HOST
    return [account.address, account.username, str(account.port), secret, hold.value, *place, held.sha256]


def take_out(settings: MailboxesSettings, held: SaidJudgement) -> None:
    mover = ImapMover(settings, failpoint=lambda name: None)
    mover.take_out(held.location, expected_sha256=held.sha256)
    mover.close()
