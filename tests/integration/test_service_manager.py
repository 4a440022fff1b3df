"""The commands of the units, told what systemd tells them: they say ready, give signs of life, and say when they end."""

import re
import secrets
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon import Daemon, installed
from tests.servers import HOST, CollectingNextHop, free_port

SYSTEMD = Path(__file__).parents[2] / "systemd"


@pytest.fixture
def daemon(tmp_path: Path, next_hop: CollectingNextHop) -> Iterator[Daemon]:
    more = f'[review]\nlisten = "{HOST}:{free_port()}"\n'
    with installed(tmp_path, next_hop_port=next_hop.port, more=more) as installation:
        yield installation


def parts_of(unit: str) -> tuple[str, ...]:
    (parts,) = re.findall(
        r"^ExecStart=.* --state \S+ ([a-z ]+)$", (SYSTEMD / unit).read_text("utf-8"), re.MULTILINE
    )
    return tuple(parts.split())


def heard(channel: socket.socket, word: str, *, seconds: float) -> list[str]:
    """What is said up to ``word``; fails when it is not said in time."""
    said: list[str] = []
    deadline = time.monotonic() + seconds
    while word not in said:
        channel.settimeout(max(0.01, deadline - time.monotonic()))
        said.append(channel.recv(4096).decode())
    return said


@pytest.mark.timeout(240)
@pytest.mark.parametrize("unit", ["mailguard.service", "mailguard-review.service"])
def test_a_unit_is_ready_once_alive_while_it_runs_and_says_when_it_ends(daemon: Daemon, unit: str):
    name = f"mailguard-{secrets.token_hex(8)}"
    daemon.parts = parts_of(unit)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        # "@" stands for a socket without a file, as systemd gives one to a service in a root of its own.
        channel.bind(f"\0{name}")
        daemon.start(environment={"NOTIFY_SOCKET": f"@{name}", "WATCHDOG_USEC": "1000000"}, is_bare=True)
        said = heard(channel, "READY=1", seconds=30)
        assert set(said) <= {"READY=1", "WATCHDOG=1"}
        heard(channel, "WATCHDOG=1", seconds=30)
        assert daemon.stop() == 0
        assert "READY=1" not in heard(channel, "STOPPING=1", seconds=30)


def test_without_a_watchdog_no_sign_of_life_is_given(daemon: Daemon):
    name = f"mailguard-{secrets.token_hex(8)}"
    daemon.parts = ("effects",)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(f"\0{name}")
        daemon.start(environment={"NOTIFY_SOCKET": f"@{name}"})
        assert heard(channel, "READY=1", seconds=30) == ["READY=1"]
        assert daemon.stop() == 0
        assert heard(channel, "STOPPING=1", seconds=30) == ["STOPPING=1"]
