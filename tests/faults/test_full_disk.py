"""A disk without a byte to spare: who must read and verify can, whether the daemon runs or has stopped."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailguard.adapters.store.opening import MIN_FREE_BYTES
from mailguard.cli import cli
from tests.daemon import Daemon
from tests.effects_fixture import Office, RememberingCourier, decided
from tests.servers import free_port

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")


@dataclass
class SmallDisk:
    """An installation whose state folder lies on a disk of its own."""

    config: Path
    folder: Path

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def fill(self, *, but_bytes: int = 0) -> None:
        """Leave at most so many bytes free."""
        free = os.statvfs(self.folder)
        with (self.folder / "logs").open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_bsize - but_bytes)

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(cli, [*words, "--config", str(self.config), "--state", str(self.state)])


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    installation = Daemon(folder=tmp_path / "settings", port=free_port(), next_hop_port=free_port())
    installation.folder.mkdir()
    installation.write_config()
    folder = tmp_path / "disk"
    folder.mkdir()
    size = f"size={2 * MIN_FREE_BYTES}"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], check=False)
    if done.returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        yield SmallDisk(config=installation.config, folder=folder)
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
    disk.fill()
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
    disk.fill(but_bytes=MIN_FREE_BYTES - 1)
    for words in WRITING:
        done = disk.run(*words)
        assert done.exit_code == 1, (words, done.output)
        assert "free space is 63 MiB of 64 MiB wanted. Free some space" in done.stderr, (words, done.stderr)
    assert "63 MiB free" in disk.run("doctor").output
    (disk.folder / "logs").unlink()
    assert disk.run(*WRITING[0]).exit_code == 0
