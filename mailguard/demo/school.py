"""The throw-away school on disk, and its daemon as a process of its own.

FAILURE: the folder is 0700 and removed at the end unless it is to be kept; the daemon is ended by its pid, by SIGTERM and
after that by SIGKILL. Only a SIGKILL of the demo itself leaves daemon and folder behind.
"""

from __future__ import annotations

import re
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mailguard.demo.cast import MAILBOXES, PUGH
from mailguard.demo.imap_server import HOST
from mailguard.shipped import shipped_path

PASSWORD = "throw-away"  # noqa: S105 - of an in-memory server on loopback with invented mail
_READY_SECONDS = 120.0
_STOP_SECONDS = 15.0
_COMMAND_SECONDS = 60.0
_INTERRUPTS = (signal.SIGINT, signal.SIGTERM)
# Sections that say where servers are: the demo has its own on free ports.
_REPLACED_SECTIONS = ("relay", "mailboxes", "mailboxes.account", "outgoing", "review")
_LETTER_FROM = "poppy.ackroyd26@pupils.harrowlane.example"
_LETTER = f"""\
From: Poppy Ackroyd <{_LETTER_FROM}>
To: Nerys Pugh <{PUGH}>
Subject: choir

hi miss is choir on today, i forgot to ask
"""


_CODE_PROGRAM = """\
# The six digits that an authenticator app shows now for a key (RFC 6238): python3 code.py KEY
import base64, hashlib, hmac, struct, sys, time

key = base64.b32decode("".join(sys.argv[1:]).replace(" ", "").upper())
digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
start = digest[-1] & 15
number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
print(f"{number % 1_000_000:06}")
"""


class DaemonProblem(Exception):
    """The daemon did not do what it was started for; the text has the end of its log."""


@dataclass(frozen=True, slots=True)
class SchoolFolder:
    """Where everything of one demo is. ``make`` writes it."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "config" / "mailguard.toml"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def altered_state(self) -> Path:
        return self.folder / "altered-copy-of-state"

    @property
    def log(self) -> Path:
        return self.folder / "daemon.log"

    @property
    def letter(self) -> Path:
        return self.folder / "letter.eml"

    @property
    def sender(self) -> Path:
        return self.folder / "send.py"

    @property
    def places(self) -> tuple[str, ...]:
        """The options that every command wants."""
        return "--config", str(self.config), "--state", str(self.state)

    @property
    def code_program(self) -> Path:
        return self.folder / "code.py"

    def make(self, *, relay_port: int, next_hop_port: int, imap_port: int, review_port: int) -> None:
        """Copy the shipped demo school and point it at the demo's servers."""
        self.folder.chmod(0o700)
        shipped = shipped_path("config/demo")
        shutil.copytree(shipped, self.config.parent)
        password_file = self.folder / "imap-password"
        password_file.touch(mode=0o600)
        password_file.write_text(PASSWORD, encoding="utf-8")
        servers = [
            "[relay]",
            f'listen = "{HOST}:{relay_port}"',
            f'next_hop = "{HOST}:{next_hop_port}"',
            "[mailboxes]",
            f'host = "{HOST}"',
            f"port = {imap_port}",
            'security = "none"',
            f'password = {{ file = "{password_file}" }}',
            "sweep_seconds = 10",
            "[review]",
            f'listen = "{HOST}:{review_port}"',
            f'url = "http://{HOST}:{review_port}"',
            *(f'[[mailboxes.account]]\naddress = "{address}"' for address in MAILBOXES),
        ]
        kept = without_sections((shipped / "mailguard.toml").read_text("utf-8"), _REPLACED_SECTIONS)
        self.config.write_text(kept + "\n" + "\n".join(servers) + "\n", encoding="utf-8")

    def write_sender(self, *, relay_port: int) -> None:
        """A letter and a script that sends it through the relay, for whoever wants to try another."""
        self.letter.write_text(_LETTER, encoding="utf-8")
        self.sender.write_text(
            "import pathlib, smtplib\n\n"
            f"letter = pathlib.Path({str(self.letter)!r}).read_bytes()\n"
            f"relay = smtplib.SMTP({HOST!r}, {relay_port})\n"
            f"relay.sendmail({_LETTER_FROM!r}, [{PUGH!r}], letter)\n",
            encoding="utf-8",
        )

    def write_code_program(self) -> None:
        """Shows what an authenticator app would, for whoever tries the review page without a phone at hand."""
        self.code_program.write_text(_CODE_PROGRAM, encoding="utf-8")

    def run_command(self, *words: str, state: Path) -> subprocess.CompletedProcess[str]:
        """Run ``mailguard WORDS`` on this school's settings and that state folder, as an admin would."""
        return subprocess.run(
            [sys.executable, "-m", "mailguard", *words, "--config", str(self.config), "--state", str(state)],
            capture_output=True,
            text=True,
            timeout=_COMMAND_SECONDS,
            stdin=subprocess.DEVNULL,
            check=False,
        )


def without_sections(text: str, names: tuple[str, ...]) -> str:
    """TOML without these tables and arrays of tables."""
    kept: list[str] = []
    is_kept = True
    for line in text.splitlines():
        if header := re.match(r"\s*\[+\s*([^\]\s]+)\s*\]+", line):
            is_kept = header.group(1) not in names
        if is_kept:
            kept.append(line)
    return "\n".join(kept)


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """An interrupt between a child's start and our knowing its pid would leave it behind: it comes after the block."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {number: signal.signal(number, lambda sent, _frame: came.append(sent)) for number in _INTERRUPTS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        signal.raise_signal(came[0])


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


class Daemon:
    """``mailguard run`` as a child process. It may be killed and started again."""

    def __init__(self, school: SchoolFolder, *, relay_port: int) -> None:
        self._school = school
        self._relay_port = relay_port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    def start(self) -> float:
        """Seconds until the relay greets. Raises DaemonProblem."""
        begun = time.perf_counter()
        with self._school.log.open("ab") as log, _interrupts_held_back():
            # A session of its own: Ctrl-C is for the demo, which then ends the daemon in order.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "mailguard", "run", *self._school.places],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        while not self._greets():
            status = self._process.poll()
            if status is not None:
                raise DaemonProblem(f"the daemon ended with status {status}:\n{self.log_end()}")
            if time.perf_counter() - begun > _READY_SECONDS:
                raise DaemonProblem(
                    f"the relay does not answer after {_READY_SECONDS:g} s:\n{self.log_end()}"
                )
            time.sleep(0.02)
        return time.perf_counter() - begun

    def kill(self) -> None:
        """SIGKILL: no chance to tidy up."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_STOP_SECONDS)

    def stop(self) -> int | None:
        """SIGTERM, and its exit status; None when it had to be killed or had not been started."""
        if self._process is None:
            return None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def log_end(self, *, lines: int = 12) -> str:
        return "\n".join(self._school.log.read_text("utf-8", "replace").splitlines()[-lines:])

    def _greets(self) -> bool:
        try:
            with smtplib.SMTP(HOST, self._relay_port, local_hostname="demo.localhost", timeout=5) as client:
                return client.noop()[0] == 250
        except (OSError, smtplib.SMTPException):
            return False
