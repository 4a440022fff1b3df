"""A disk without a byte to spare: who must read and verify can, whether the daemon runs or has stopped."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailguard.adapters.store.opening import MIN_FREE_BYTES
from mailguard.cli import cli
from tests.daemon import Daemon, installed
from tests.effects_fixture import Office, RememberingCourier, decided
from tests.servers import CollectingNextHop, free_port, wait_until
from tests.whole_way import post, reports_to, try_to_send

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")


def fill(folder: Path, *, but_bytes: int = 0) -> None:
    """Leave at most so many bytes free, by a file "logs"."""
    free = os.statvfs(folder)
    with (folder / "logs").open("wb", buffering=0) as file:
        # Whoever else writes meanwhile takes less than the last mebibyte, which is filled page by page.
        os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_bsize - max(but_bytes, 2**20))
        file.seek(0, os.SEEK_END)
        with contextlib.suppress(OSError):
            while not but_bytes:
                file.write(b"x" * 4096)


@dataclass
class SmallDisk:
    """An installation whose state folder lies on a disk of its own."""

    config: Path
    folder: Path

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(cli, [*words, "--config", str(self.config), "--state", str(self.state)])


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    installation = Daemon(folder=tmp_path / "settings", port=free_port(), next_hop_port=free_port())
    installation.folder.mkdir()
    installation.write_config()
    with mounted(tmp_path / "disk") as folder:
        yield SmallDisk(config=installation.config, folder=folder)


@contextlib.contextmanager
def mounted(folder: Path) -> Iterator[Path]:
    """A disk of 128 MiB."""
    folder.mkdir()
    size = f"size={2 * MIN_FREE_BYTES}"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], check=False)
    if done.returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


READING = [
    ("case", "list"),
    ("case", "show", "MG-2026-0001"),
    ("audit", "show"),
    ("audit", "verify"),
    ("retention", "preview"),
    ("account", "list"),
    ("model", "status"),
]
WRITING = [
    ("case", "acknowledge", "--by", "head", "MG-2026-0001"),
    ("audit", "checkpoint"),
    ("audit", "export", "--by", "it"),
    ("export", "case", "MG-2026-0001", "--by", "head", "--purpose", "police", "--reason", "asked"),
    ("account", "create", "head"),
    ("report", "test"),
]


@pytest.mark.parametrize("is_running", [True, False], ids=["daemon runs", "daemon has stopped"])
def test_commands_that_only_read_work_on_a_full_disk(disk: SmallDisk, is_running: bool) -> None:
    office = Office(disk.state, RememberingCourier())
    office.receive(decided())
    if not is_running:
        office.close()
    fill(disk.folder)
    for words in READING:
        done = disk.run(*words)
        assert (done.exit_code, done.stderr) == (0, ""), (words, done.output, done.exception)
    assert "MG-2026-0001" in disk.run("case", "list").output
    store = next(line for line in disk.run("doctor").output.splitlines() if "integrity" in line)
    assert store.startswith("FAIL")
    assert "integrity ok; 0 MiB free" in store
    if is_running:
        office.close()


def test_commands_that_write_are_refused_on_a_nearly_full_disk_with_what_to_do(disk: SmallDisk) -> None:
    office = Office(disk.state, RememberingCourier())
    office.receive(decided())
    office.close()
    fill(disk.folder, but_bytes=MIN_FREE_BYTES - 1)
    for words in WRITING:
        done = disk.run(*words)
        assert done.exit_code == 1, (words, done.output)
        assert "free space is 63 MiB of 64 MiB wanted. Free some space" in done.stderr, (words, done.stderr)
    assert "63 MiB free" in disk.run("doctor").output
    (disk.folder / "logs").unlink()
    assert disk.run(*WRITING[0]).exit_code == 0


def test_a_running_daemon_refuses_what_it_must_hold_until_there_is_room_and_delivers_the_rest(
    tmp_path: Path, next_hop: CollectingNextHop
) -> None:
    with installed(tmp_path, next_hop_port=next_hop.port) as daemon, mounted(daemon.state) as folder:
        daemon.start()
        fill(folder, but_bytes=MIN_FREE_BYTES - 1)
        held, clear = post("held"), post("clear")
        assert not try_to_send(daemon.port, held)
        assert '"code": 451' in daemon.log_text
        assert try_to_send(daemon.port, clear)
        assert [each.recipients for each in next_hop.deliveries] == [clear.recipients]
        (folder / "logs").unlink()
        fill(folder)
        assert not try_to_send(daemon.port, held)
        assert try_to_send(daemon.port, post("clear"))
        # Read by another process while the daemon has the store open, and the daemon goes on with it.
        assert daemon.command("audit", "verify").startswith("ok")
        assert try_to_send(daemon.port, post("clear"))
        daemon.stop()
        daemon.start(wait=False)
        assert daemon.process is not None
        assert daemon.process.wait(30) == 1
        assert "free space is 0 MiB of 64 MiB wanted" in daemon.log_text
        (folder / "logs").unlink()
        daemon.start()
        assert try_to_send(daemon.port, held)
        wait_until(lambda: reports_to(next_hop), "the report", seconds=30)
        daemon.stop()
