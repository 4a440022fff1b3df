"""The real daemon as a process of its own, for tests of the whole way: started, killed, restarted, asked from outside."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from mailguard.adapters.clock import SystemClock
from mailguard.adapters.store.opening import OpenedStore, open_store
from mailguard.config import load_config
from mailguard.daemon_settings import store_settings
from tests.schooling import CHAIR, DEPUTY, FILES, HEAD, LADO
from tests.servers import HOST, free_port
from tests.warm import Process, command, start

START_SECONDS = 60.0
ZONE = ZoneInfo("Europe/London")


@dataclass(slots=True)
class Daemon:
    """One installation. ``config`` and ``state`` outlive the process; ``start`` may be called again after ``kill``."""

    folder: Path
    port: int
    next_hop_port: int
    more: str = ""
    parts: tuple[str, ...] = ()
    process: Process | None = None
    starts: int = field(default=0)

    @property
    def config(self) -> Path:
        return self.folder / "mailguard.toml"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def review(self) -> str:
        """The review page on a port of its own, unless the test says where."""
        return "" if "[review]" in self.more else f'[review]\nlisten = "{HOST}:{free_port()}"'

    @property
    def log_text(self) -> str:
        return "\n".join(path.read_text("utf-8") for path in sorted(self.folder.glob("log-*.txt")))

    def write_config(self) -> None:
        lists = self.folder / "lists"
        lists.mkdir(exist_ok=True)
        for name, text in FILES.items():
            (lists / f"{name}.csv").write_text(text, encoding="utf-8")
        named = "\n".join(f'{name} = "lists/{name}.csv"' for name in FILES)
        roles = "\n".join(
            f'[roles.{role}]\nname = "{role.title()} Person"\naddress = "{address}"'
            for role, address in {"head": HEAD, "deputy": DEPUTY, "chair": CHAIR, "lado": LADO}.items()
        )
        self.config.write_text(
            f"""
[school]
name = "Hill School"
domains = ["hill.example"]
pupil_domains = ["pupils.hill.example"]
personal_mail_domains = ["mail.example", "post.example"]
[lists]
{named}
{roles}
[relay]
listen = "{HOST}:{self.port}"
next_hop = "{HOST}:{self.next_hop_port}"
[authentication]
trusted_authserv_ids = ["mx.hill.example"]
{self.review}
{self.more}
""",
            encoding="utf-8",
        )

    def start(
        self,
        *,
        environment: Mapping[str, str] | None = None,
        wait: bool = True,
        is_bare: bool = False,
    ) -> Daemon:
        """``is_bare``: in an interpreter of its own that imports everything, where tests.warm would fork one."""
        assert self.process is None or self.process.poll() is not None, "it runs already"
        self.starts += 1
        log = self.folder / f"log-{self.starts:02d}.txt"
        log.touch()
        words = ["run", "--config", str(self.config), "--state", str(self.state), *self.parts]
        self.process = start(words, out=log, err=log, environment=environment, is_bare=is_bare)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(
                    f"the daemon ended with {self.process.returncode}:\n{self.log_text[-3000:]}"
                )
            if '"ready"' in (self.folder / f"log-{self.starts:02d}.txt").read_text("utf-8"):
                return
            time.sleep(0.05)
        raise AssertionError(f"the daemon is not ready after {START_SECONDS} s:\n{self.log_text[-3000:]}")

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    @contextlib.contextmanager
    def store(self) -> Iterator[OpenedStore]:
        """The store as another process sees it, while the daemon runs or not."""
        opened = open_store(
            store_settings(load_config(self.config), self.state, may_make=False), SystemClock()
        )
        try:
            yield opened
        finally:
            opened.store.close()

    def command(self, *words: str, status: int | None = 0, is_bare: bool = False) -> str:
        """Run ``mailguard WORDS --config … --state …`` and give its output."""
        options = ["--config", str(self.config)]
        if words[0] not in ("explain", "config", "policy", "addresses"):
            options += ["--state", str(self.state)]
        done = command([*words, *options], is_bare=is_bare)
        assert status is None or done.returncode == status, (
            f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        )
        return done.stdout

    def cases(self) -> list[dict[str, object]]:
        return [
            json.loads(line) for line in self.command("case", "list", "--json", "--limit", "0").splitlines()
        ]


@contextlib.contextmanager
def installed(
    folder: Path, *, next_hop_port: int, more: str = "", parts: tuple[str, ...] = ()
) -> Iterator[Daemon]:
    """An installation in ``folder``, not yet started; whatever runs at the end is ended by pid."""
    daemon = Daemon(folder=folder, port=free_port(), next_hop_port=next_hop_port, more=more, parts=parts)
    daemon.write_config()
    try:
        yield daemon
    finally:
        if daemon.process is not None and daemon.process.poll() is None:
            daemon.process.send_signal(signal.SIGTERM)
            try:
                daemon.process.wait(15)
            except subprocess.TimeoutExpired:
                daemon.kill()


def can_connect(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True
