"""What the demo prints: at most 100 columns, coloured on a terminal, plain text elsewhere."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from email import message_from_bytes
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from mailguard.demo.checks import Check
from mailguard.demo.observing import Outcome
from mailguard.domain.words import Disposition, ReportWhen, Role

WIDTH = 100
_TITLE, _ROW, _DONE, _TOLD, _RELAY, _REPORT = 57, 4, 10, 14, 7, 7
_SHOWN_SIGNALS = 3
# Said in other columns, or of no interest beside the rest.
_SILENT_SIGNALS = frozenset(
    {"direction", "auth-pass", "auth-none", "platform", "event", "approved-platform", "school-activity"}
)


class Teller:
    """Prints to ``file``; nothing at all when ``is_quiet``."""

    def __init__(self, *, is_quiet: bool = False, file: TextIO | None = None) -> None:
        self._console = Console(
            file=file or sys.stdout,
            highlight=False,
            markup=False,
            emoji=False,
            quiet=is_quiet,
            soft_wrap=True,
        )
        self._width = min(self._console.width, WIDTH) if self._console.is_terminal else WIDTH
        self._number = 0

    def title(self, words: str) -> None:
        self._console.print()
        self._console.print(Text(words, style="bold"))

    def say(self, words: str, *, style: str = "") -> None:
        indent = " " * (len(words) - len(words.lstrip()))
        for line in textwrap.wrap(
            words,
            self._width,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        ):
            self._console.print(Text(line, style=style))

    def exactly(self, line: str) -> None:
        """A line that is to be copied: never broken."""
        self._console.print(Text(line))

    @contextmanager
    def waiting(self, words: str) -> Iterator[None]:
        """A spinner on a terminal, nothing elsewhere."""
        if not self._console.is_terminal:
            yield
            return
        with self._console.status(words):
            yield

    def table_head(self) -> None:
        cells = ("row", "done", "told now", "relay", "report")
        self._console.print(Text(_line("  # message", *cells), style="underline"))

    def outcome(self, outcome: Outcome) -> None:
        """Two lines: what was done and how fast; why."""
        self._number += 1
        explained = outcome.explained[0]
        title = f"{self._number:>3} {outcome.message.title}"
        relay = min(outcome.sent, key=lambda sent: sent.seconds).seconds if outcome.sent else None
        is_by_relay = bool(outcome.sent) and bool(outcome.sent[0].reply)
        line = _line(
            title,
            str(explained["row"]),
            _done(outcome),
            _told(outcome, str(explained["report"]["when"])),
            duration(relay) if is_by_relay else "mailbox",
            duration(outcome.slowest_report),
        )
        text = Text(line)
        is_held = any(each["disposition"] == Disposition.HOLD.value for each in outcome.explained)
        text.stylize("yellow" if is_held else "green", _TITLE + _ROW, _TITLE + _ROW + _DONE)
        self._console.print(text)
        words = f"    {explained['verdict']} · {explained['clause']} · {_why(explained)}"
        self._console.print(Text(_cut(words, self._width), style="dim"))

    def report(self, raw: bytes) -> None:
        """A report as its reader sees it: subject and text."""
        message = message_from_bytes(raw)
        for field in ("From", "To", "Subject"):
            value = " ".join(str(message.get(field, "")).split())
            self._console.print(Text(f"  │ {field}: {value}", style="bold"))
        self._console.print(Text("  │"))
        for line in plain_text(raw).rstrip().splitlines():
            self._console.print(Text(f"  │ {line}".rstrip()))

    def checks(self, checks: Sequence[Check]) -> None:
        for check in checks:
            text = Text(f"  {'ok  ' if check.held else 'FAIL'}  {check.says}")
            text.stylize("green" if check.held else "bold red", 2, 6)
            self._console.print(text)
            for problem in check.problems[:12]:
                self._console.print(Text(f"        {problem}", style="red"))


def plain_text(raw: bytes) -> str:
    """The text/plain part of a mail, "" when there is none."""
    for part in message_from_bytes(raw).walk():
        if part.get_content_type() == "text/plain":
            content = part.get_payload(decode=True)
            if isinstance(content, bytes):
                return content.decode(part.get_content_charset() or "utf-8", "replace").replace("\r\n", "\n")
    return ""


def duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _line(title: str, row: str, done: str, told: str, relay: str, report: str) -> str:
    return (
        f"{title:<{_TITLE}.{_TITLE - 1}}{row:<{_ROW}}{done:<{_DONE}}{told:<{_TOLD}}"
        f"{relay:>{_RELAY}} {report:>{_REPORT}}"
    ).rstrip()


def _cut(words: str, width: int) -> str:
    return words if len(words) <= width else f"{words[: width - 1].rstrip()}…"


def _done(outcome: Outcome) -> str:
    held = sum(each["disposition"] == Disposition.HOLD.value for each in outcome.explained)
    if held == 0:
        return "delivered"
    if len(outcome.explained) == 1:
        return "held"
    return f"held {held}" if held == len(outcome.explained) else f"held {held}/{len(outcome.explained)}"


def _told(outcome: Outcome, when: str) -> str:
    if outcome.reports:
        told = [role.value for role in Role if outcome.reports.get(role)]
        return ", ".join(told) or "nobody!"
    return "(digest)" if when == ReportWhen.DIGEST.value else ""


def _why(explained: Mapping[str, Any]) -> str:
    """The platform's event, and the most telling signals: one of each code."""
    said: dict[str, str] = {}
    if (platform := explained["platform"]) is not None:
        said["platform"] = f"{platform['id']}, {platform['event'].replace('_', ' ')}"
    for signal in explained["signals"]:
        if signal["code"] not in _SILENT_SIGNALS:
            said[signal["code"]] = str(signal["says"])
    return "; ".join(list(said.values())[:_SHOWN_SIGNALS]) or "of no listed person, and nothing in it"
