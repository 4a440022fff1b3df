"""A part runs as long as a process holds its lock, however the process ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mailguard.adapters.part_locks import PartLocks

_HOLD = (
    "import sys; from pathlib import Path\n"
    "from mailguard.adapters.part_locks import PartLocks\n"
    "locks = PartLocks(Path(sys.argv[1]), is_shared=False)\n"
    "locks.hold(['effects'])\n"
    "print('held', flush=True)\n"
    "sys.stdin.readline()\n"
)


def start(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate(timeout=10)


def test_a_killed_process_runs_no_more_and_another_of_the_same_part_still_does(tmp_path: Path) -> None:
    locks = PartLocks(tmp_path, is_shared=False)
    first, second = start(tmp_path), start(tmp_path)
    assert (locks.is_held("effects"), locks.is_held("relay")) == (True, None)
    end(first)
    assert locks.is_held("effects") is True
    end(second)
    assert locks.is_held("effects") is False


def test_a_process_knows_its_own_parts_until_it_lets_them_go(tmp_path: Path) -> None:
    locks = PartLocks(tmp_path, is_shared=False)
    locks.hold({"relay", "effects"})
    assert (locks.is_held("relay"), locks.is_held("effects")) == (True, True)
    locks.release()
    assert (locks.is_held("relay"), locks.is_held("effects")) == (False, False)
    for path in (tmp_path / "running", *(tmp_path / "running").iterdir()):
        assert path.stat().st_mode & 0o077 == 0


def test_of_a_store_that_other_machines_use_nothing_is_said(tmp_path: Path) -> None:
    locks = PartLocks(tmp_path, is_shared=True)
    locks.hold(["effects"])
    locks.release()
    assert locks.is_held("effects") is None


def test_a_lock_that_cannot_be_had_stops_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "running").write_bytes(b"")
    locks = PartLocks(tmp_path, is_shared=False)
    locks.hold(["effects"])
    assert "part_not_locked" in capsys.readouterr().out
    assert locks.is_held("effects") is None


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files to another user")
def test_a_start_by_root_leaves_the_files_to_the_owner_of_the_state_folder(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)
    locks = PartLocks(tmp_path, is_shared=False)
    locks.hold(["effects"])
    locks.release()
    assert {path.stat().st_uid for path in (tmp_path / "running", tmp_path / "running" / "effects")} == {
        65534
    }
    assert locks.is_held("effects") is False
    # Of a file that the service's own user cannot have locked nothing is said.
    os.chown(tmp_path / "running" / "effects", 0, 0)
    assert locks.is_held("effects") is None


def test_a_link_laid_in_the_folder_is_not_followed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "running").mkdir()
    (tmp_path / "running" / "effects").symlink_to(tmp_path / "elsewhere")
    locks = PartLocks(tmp_path, is_shared=False)
    locks.hold(["effects"])
    assert "part_not_locked" in capsys.readouterr().out
    assert not (tmp_path / "elsewhere").exists()
    assert locks.is_held("effects") is None
