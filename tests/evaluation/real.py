"""Real mail: ten genuine notifications, and 1,741 messages of ordinary office mail of which hardly any should be held."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EXPLAIN_SECONDS = 1800
_PLATFORMS = {"twitter": "x", "twitter/x": "x"}
_EVENTS = {"account_security": "security"}
# What a reader of a wrong hold wants to see; the rest is the same for every stranger's message.
_UNINTERESTING = {"auth-none", "auth-pass", "direction", "model-uncertain"}


@dataclass(frozen=True, slots=True)
class SocialCheck:
    """One genuine notification: (platform, event) as indexed and as found."""

    file: str
    wanted: tuple[str, str]
    found: tuple[str, str]

    @property
    def is_right(self) -> bool:
        return self.wanted == self.found


@dataclass(frozen=True, slots=True)
class OfficeResult:
    """``held``: answers with disposition hold; ``reported``: delivered, but told of in a report or digest."""

    count: int
    seconds: float
    held: tuple[dict[str, Any], ...]
    reported: tuple[dict[str, Any], ...]
    errors: tuple[dict[str, Any], ...]

    @property
    def rows(self) -> Counter[str]:
        return Counter(answer["row"] for answer in (*self.held, *self.reported))


def explain(config: Path, paths: Iterable[Path], *, rcpt_to: str) -> Iterator[dict[str, Any]]:
    """The answers of one ``mailguard explain`` process."""
    command = [sys.executable, "-m", "mailguard", "explain", "--json", "--config", str(config)]
    command += ["--rcpt-to", rcpt_to, *map(str, paths)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=EXPLAIN_SECONDS, check=False)
    if not ran.stdout:
        raise RuntimeError(f"mailguard explain gave nothing: {ran.stderr[-500:]}")
    for line in ran.stdout.splitlines():
        yield json.loads(line)


def check_social(folder: Path, config: Path, *, rcpt_to: str) -> list[SocialCheck]:
    """Platform and event of each file that ``folder``/index.csv names."""
    with (folder / "index.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    answers = explain(config, [folder / row["file"] for row in rows], rcpt_to=rcpt_to)
    found = {Path(answer["path"]).name: answer.get("platform") or {} for answer in answers}
    return [
        SocialCheck(
            file=row["file"],
            wanted=(
                _PLATFORMS.get(row["network"], row["network"]),
                _EVENTS.get(row["event_type"], row["event_type"]),
            ),
            found=(
                found.get(row["file"], {}).get("id", "none"),
                found.get(row["file"], {}).get("event", "none"),
            ),
        )
        for row in rows
    ]


def judge_office(archive: Path, config: Path, *, rcpt_to: str) -> OfficeResult:
    """Judge every message of ``archive`` as one that came to ``rcpt_to``. ``seconds`` include starting up."""
    with tempfile.TemporaryDirectory(prefix="mailguard-evaluate-") as temporary:
        folder = Path(temporary).resolve()
        files = sorted(_unpack(archive, folder))
        begun = time.perf_counter()
        answers = [
            {**answer, "path": str(answer["path"]).removeprefix(f"{folder}/")}
            for answer in explain(config, files, rcpt_to=rcpt_to)
        ]
        seconds = time.perf_counter() - begun
    judged = [answer for answer in answers if "error" not in answer]
    return OfficeResult(
        count=len(judged),
        seconds=seconds,
        held=tuple(answer for answer in judged if answer["disposition"] == "hold"),
        reported=tuple(
            answer
            for answer in judged
            if answer["disposition"] == "deliver" and answer["report"]["when"] != "none"
        ),
        errors=tuple(answer for answer in answers if "error" in answer),
    )


def _unpack(archive: Path, folder: Path) -> Iterator[Path]:
    """Every regular file of ``archive``; a name that leads outside ``folder`` is refused."""
    with tarfile.open(archive) as packed:
        for member in packed:
            content = packed.extractfile(member) if member.isfile() else None
            if content is None:
                continue
            path = (folder / member.name).resolve()
            if not path.is_relative_to(folder.resolve()):
                raise ValueError(f"{archive.name} names a file outside its folder: {member.name}")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.read())
            yield path


def signals_of(answer: dict[str, Any]) -> str:
    """The signals that tell why, in one line."""
    said = [
        f"{signal['code']} ({signal['says']})"
        for signal in answer["signals"]
        if signal["code"] not in _UNINTERESTING
    ]
    return "; ".join(said)
