"""Several worker processes over one socket: deaths, restarts, draining, memory."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mailguard.adapters import relay_workers
from mailguard.adapters.relay_workers import RelayWorkers, inherited_socket
from tests.relay import Client, without_trace
from tests.servers import HOST, CollectingNextHop, make_message, wait_until
from tests.servers.process import is_running

ROOT = Path(__file__).parents[2]
RAW = make_message()
TEACHER = "teacher@school.test"


@dataclass
class Pool:
    workers: RelayWorkers
    port: int
    stopping: threading.Event
    thread: threading.Thread


def command(next_hop: CollectingNextHop) -> list[str]:
    return [sys.executable, "-m", "tests.servers.relay_worker", str(next_hop.port)]


@pytest.fixture
def pool(next_hop: CollectingNextHop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    with socket.create_server((HOST, 0), backlog=64) as listening:
        workers = RelayWorkers(command(next_hop), count=2, listening=listening, drain_seconds=5.0)
        stopping = threading.Event()
        thread = threading.Thread(target=workers.run, args=(stopping,))
        thread.start()
        try:
            wait_until(lambda: len(workers.pids) == 2, "both workers run")
            yield Pool(workers, listening.getsockname()[1], stopping, thread)
        finally:
            stopping.set()
            thread.join(20)


def deliver(port: int) -> str:
    with Client(port, timeout_seconds=30) as client:
        client.hello()
        return client.deliver(RAW, TEACHER)


def test_mail_passes_before_while_and_after_a_worker_dies(pool: Pool, next_hop: CollectingNextHop) -> None:
    assert deliver(pool.port).startswith("250")
    first, second = pool.workers.pids
    os.kill(first, signal.SIGKILL)
    for _ in range(5):
        assert deliver(pool.port).startswith("250")
    wait_until(lambda: len(pool.workers.pids) == 2 and first not in pool.workers.pids, "a new worker runs")
    assert second in pool.workers.pids
    assert deliver(pool.port).startswith("250")
    assert len(next_hop.deliveries) == 7


def test_clients_that_wait_to_be_accepted_outlive_all_workers(pool: Pool) -> None:
    assert deliver(pool.port).startswith("250")
    dead = pool.workers.pids
    for pid in dead:
        os.kill(pid, signal.SIGKILL)
    assert deliver(pool.port).startswith("250")
    assert not set(dead) & set(pool.workers.pids)


def test_stopping_drains_the_workers(pool: Pool, next_hop: CollectingNextHop) -> None:
    next_hop.script.delay_seconds["content"] = 0.7
    with Client(pool.port) as client:
        client.hello()
        client.envelope("a@b.test", TEACHER)
        client.say("DATA")
        client.send(RAW + b".\r\n")
        wait_until(lambda: "DATA" in next_hop.commands, "the message is under way")
        pids = pool.workers.pids
        pool.stopping.set()
        assert client.reply().startswith("250")
        assert client.reply().startswith("421 4.3.2")
    pool.thread.join(15)
    assert not pool.thread.is_alive()
    assert not any(is_running(pid) for pid in pids)


def test_workers_go_when_their_parent_is_killed(
    next_hop: CollectingNextHop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    program = tmp_path / "parent.py"
    program.write_text(
        "import socket, sys, threading, time\n"
        "import structlog\n"
        "from mailguard.adapters.relay_workers import RelayWorkers\n"
        # Standard output is this program's alone: two threads' lines there can run into one another.
        "structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))\n"
        "listening = socket.create_server(('127.0.0.1', 0))\n"
        "workers = RelayWorkers(sys.argv[1:], count=1, listening=listening, drain_seconds=1)\n"
        "threading.Thread(target=workers.run, args=(threading.Event(),), daemon=True).start()\n"
        "while len(pids := tuple(workers.pids)) != 1: time.sleep(0.01)\n"
        "print(listening.getsockname()[1], *pids, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, str(program), *command(next_hop)], stdout=subprocess.PIPE, text=True
    ) as parent:
        port, worker = _port_and_pid(parent)
        assert deliver(port).startswith("250")
        parent.kill()
    wait_until(lambda: not is_running(worker), "the worker is gone")


def _port_and_pid(parent: "subprocess.Popen[str]") -> tuple[int, int]:
    assert parent.stdout is not None
    for line in parent.stdout:
        if re.fullmatch(r"\d+ \d+\n", line):
            port, pid = map(int, line.split())
            return port, pid
    raise AssertionError("the parent ended")


def test_a_worker_that_cannot_start_is_tried_ever_more_slowly(tmp_path: Path) -> None:
    started = tmp_path / "started"
    script = f"open({str(started)!r}, 'a').write('x'); raise SystemExit(1)"
    stopping = threading.Event()
    with socket.create_server((HOST, 0)) as listening:
        workers = RelayWorkers(
            [sys.executable, "-S", "-c", script], count=1, listening=listening, drain_seconds=0.1
        )
        thread = threading.Thread(target=workers.run, args=(stopping,))
        thread.start()
        stopping.wait(4.0)
        stopping.set()
        thread.join(10)
    assert 2 <= len(started.read_text()) <= 4


def test_a_fifty_megabyte_message_costs_a_worker_little_more_than_twice_its_size(
    pool: Pool, next_hop: CollectingNextHop
) -> None:
    for _ in range(4):
        assert deliver(pool.port).startswith("250")
    before = {pid: peak_bytes(pid) for pid in pool.workers.pids}
    line = b"." + b"y" * 76 + b"\r\n"
    raw = b"Subject: large\r\n\r\n" + line * (50_000_000 // len(line))
    next_hop.deliveries.clear()
    with Client(pool.port, timeout_seconds=60) as client:
        client.hello()
        assert client.deliver(raw, TEACHER).startswith("250")
    assert without_trace(next_hop.only_delivery().raw) == raw
    grown = max(peak_bytes(pid) - before[pid] for pid in pool.workers.pids)
    assert 40_000_000 < grown < 120_000_000


def peak_bytes(pid: int) -> int:
    """The most memory the process has had in use, resident."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found.group(1)) * 1024


def test_the_socket_of_systemd_is_taken_only_by_the_process_it_was_meant_for() -> None:
    assert inherited_socket({}, pid=7) is None
    assert inherited_socket({"LISTEN_PID": "8", "LISTEN_FDS": "1"}, pid=7) is None
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.create_server((HOST, 0)))
        duplicate = os.dup(listening.fileno())
        taken = inherited_socket({relay_workers.SOCKET_VARIABLE: str(duplicate)}, pid=7)
        assert taken is not None
        stack.enter_context(taken)
        assert taken.getsockname() == listening.getsockname()
