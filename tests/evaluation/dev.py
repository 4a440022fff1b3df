"""The development messages: score.py of the evaluation folder, run on ``mailguard explain`` as anybody would."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCORE_SECONDS = 1800
OPTIONS_EVERY = 12
"""With options, explain starts once a message; every so many messages show whether both ways agree."""


class ScoringFailed(Exception):
    """score.py gave no figures; the text is what it said."""


@dataclass(frozen=True, slots=True)
class Score:
    """``headline``: (what, how many, of how many, files); ``fields``: name → (right, wrong)."""

    messages: int
    without_result: int
    headline: tuple[tuple[str, int, int, tuple[str, ...]], ...]
    fields: dict[str, tuple[int, int]]
    misses: tuple[dict[str, Any], ...]
    notes: tuple[str, ...]


def score(folder: Path, config: Path, *, envelope: str = "headers", every: int = 1) -> Score:
    """Score ``folder`` (labels.jsonl and messages beside score.py's parent). Raises ScoringFailed."""
    labels = folder / "labels.jsonl"
    with tempfile.TemporaryDirectory(prefix="mailguard-evaluate-") as temporary:
        if every > 1:
            chosen = labels.read_text("utf-8").splitlines(keepends=True)[::every]
            labels = Path(temporary) / "labels.jsonl"
            labels.write_text("".join(chosen), "utf-8")
        explain = [sys.executable, "-m", "mailguard", "explain", "--json", "--config", str(config)]
        command = [sys.executable, str(folder.parent / "score.py"), "--json", "--envelope", envelope]
        command += ["--labels", str(labels), "--messages", str(folder / "messages")]
        command += ["--run", shlex.join(explain), "--batch", "1000"]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=SCORE_SECONDS, check=False)
    try:
        return _score(json.loads(ran.stdout))
    except (ValueError, KeyError) as problem:
        raise ScoringFailed(f"{problem}; {ran.stderr[-500:]}") from problem


def _score(said: dict[str, Any]) -> Score:
    return Score(
        messages=said["messages"],
        without_result=len(said["no_result"]) + len(said["errors"]),
        headline=tuple(
            (line["name"], line["count"], line["of"], tuple(line["files"])) for line in said["headline"]
        ),
        fields={name: (counts["right"], counts["wrong"]) for name, counts in said["fields"].items()},
        misses=tuple(said["misses"]),
        notes=tuple(said["notes"]),
    )


def lines(found: Score) -> list[str]:
    """The figures for a reader: notes, fields, misses, headline."""
    shown = [f"{found.messages} messages, {found.without_result} without a result"]
    shown += [f"note: {note}" for note in found.notes]
    for name, (right, wrong) in found.fields.items():
        about = " (for the reader only)" if name == "row" else ""
        shown.append(
            f"  {name:14} {right:4} right {wrong:4} wrong  {100 * right / (right + wrong):5.1f} %{about}"
        )
    for miss in found.misses:
        wanted, got = (json.dumps(miss[key], ensure_ascii=False) for key in ("expected", "got"))
        shown.append(f"  {miss['file']} {miss['field']}: {wanted} -> {got}  # {miss['why']}")
    for name, count, of, files in found.headline:
        shown.append(f"  {count:4} of {of:4} {name}{': ' + ' '.join(files) if files else ''}")
    return shown
