"""``make evaluate``: how well the decisions do on the evaluation mail that lies beside the checkout.

The mail is no part of the project (../shared/evaluation): without it there is nothing to measure, and that is no failure.
Figures on the development messages say nothing about real mail. Exit status 1 only when something could not be run.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tomllib
from pathlib import Path

from mailguard.classifier.artefact import open_classifier
from mailguard.classifier.evaluation_report import PAGE, promise_lines, write_report
from tests.evaluation import dev, real
from tests.evaluation.torture import torture

CHECKOUT = Path(__file__).parents[1]
SHARED = CHECKOUT.parent / "shared"
REPORT = CHECKOUT / "build" / "evaluation"


def staff_recipient(config: Path) -> str:
    """A teacher of the school: somebody outside the chain to whom mail is inbound."""
    staff = config.parent / tomllib.loads(config.read_text("utf-8"))["lists"]["staff"]
    with staff.open(encoding="utf-8", newline="") as file:
        return next(
            address
            for row in csv.DictReader(file)
            if row["role"] == "teacher"
            for address in row["addresses"].split()
        )


def show_dev(folder: Path, config: Path) -> list[str]:
    """Scores by both ways to give an envelope; the lines of the summary."""
    _title("Development messages, envelope in headers")
    whole = dev.score(folder, config)
    print("\n".join(dev.lines(whole)))
    _title(f"The same with --mail-from and --rcpt-to, every {dev.OPTIONS_EVERY}th message")
    sample = dev.score(folder, config, envelope="options", every=dev.OPTIONS_EVERY)
    print("\n".join(dev.lines(sample)))
    right = sum(counts[0] for name, counts in whole.fields.items() if name != "row")
    asked = sum(sum(counts) for name, counts in whole.fields.items() if name != "row")
    summary = [f"development messages: {right} of {asked} fields right"]
    return summary + [f"{count} of {of} {name}" for name, count, of, _ in whole.headline]


def show_social(folder: Path, config: Path, recipient: str) -> str:
    _title("Genuine notifications")
    checks = real.check_social(folder, config, rcpt_to=recipient)
    for check in checks:
        mark = "right" if check.is_right else f"WRONG, found {' '.join(check.found)}"
        print(f"  {check.file}: {' '.join(check.wanted)}: {mark}")
    return f"genuine notifications: {sum(check.is_right for check in checks)} of {len(checks)} right"


def show_office(archive: Path, config: Path, recipient: str) -> list[str]:
    _title("Ordinary office mail")
    result = real.judge_office(archive, config, rcpt_to=recipient)
    for kind, answers in (("held", result.held), ("delivered, but reported", result.reported)):
        print(f"{len(answers)} of {result.count} {kind}")
        for answer in answers:
            print(f"  {answer['path']} {answer['row']} {answer['nature']}: {real.signals_of(answer)}")
    for answer in result.errors:
        print(f"  {answer['path']}: {answer['error']}")
    rate = result.count / result.seconds
    by_row = ", ".join(f"{row} {count}" for row, count in result.rows.most_common()) or "none"
    return [
        f"office mail: {len(result.held)} of {result.count} held, {len(result.reported)} more reported (rows: {by_row})",
        f"speed: {rate:.0f} messages a second by one `mailguard explain` ({result.seconds:.1f} s with start)",
    ]


def show_torture(archive: Path) -> str:
    _title("Hostile and malformed messages")
    result = torture(archive)
    for name, what in [*result.faults, *result.slow, *result.lost]:
        print(f"  {name}: {what}")
    slowest = 1000 * max(result.seconds, default=0.0)
    return (
        f"hostile messages: {result.count} read, {result.unreadable} unreadable, {len(result.faults)} faults, "
        f"{len(result.slow)} too slow (slowest {slowest:.0f} ms), {len(result.lost)} lost words"
    )


def show_model(office_mail: Path) -> list[str]:
    """The model on the project's own held-out texts, with the report page."""
    _title("The model on held-out texts")
    steps: list[str] = []

    def show(step: str, done: int, total: int) -> None:
        if step not in steps:
            steps.append(step)
            print(f"  {step}", flush=True)

    figures = write_report(
        REPORT, open_classifier(), models=CHECKOUT / "models", office_mail=office_mail, progress=show
    )
    lines = promise_lines(figures)
    print("\n".join(lines))
    print(f"report: {REPORT / PAGE}")
    return lines


def main() -> int:
    folder, config = SHARED / "evaluation", SHARED / "school" / "mailguard.toml"
    if not folder.is_dir() or not config.is_file():
        print(
            "make evaluate: there is no evaluation mail (../shared/evaluation beside the checkout); nothing measured"
        )
        return 0
    recipient = staff_recipient(config)
    summary: list[str] = []
    try:
        summary += show_dev(folder / "dev", config)
        summary.append(show_social(folder / "real" / "social", config, recipient))
        summary += show_office(folder / "real" / "office_mail_dev.tar.xz", config, recipient)
        summary.append(show_torture(folder / "real" / "torture_dev.tar.xz"))
        summary += show_model(folder / "real" / "office_mail_dev.tar.xz")
    except (OSError, RuntimeError, dev.ScoringFailed, subprocess.TimeoutExpired) as problem:
        print(f"make evaluate: could not be run: {problem}", file=sys.stderr)
        return 1
    _title("Summary")
    print("\n".join(f"  {line}" for line in summary))
    return 0


def _title(words: str) -> None:
    print(f"\n== {words}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
