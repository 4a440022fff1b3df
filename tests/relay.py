"""A relay with a fake gate, run in a thread of its own, for tests that speak SMTP to it from outside."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from mailguard.adapters.clock import SystemClock
from mailguard.adapters.relay_transaction import Verifier
from mailguard.adapters.smtp_in import RelayServer
from mailguard.adapters.smtp_settings import HostPort, RelaySettings
from mailguard.app.ports import Judgement, Receipt, RecipientOutcome, Recorded
from mailguard.domain.message import Authentication, Envelope
from mailguard.domain.words import Disposition
from tests.servers import HOST

MARK_KEY = b"k" * 32
A_MOMENT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class FakeJudgement:
    raw: bytes
    envelope: Envelope
    receipt: Receipt
    verified: Authentication | None
    recipients: tuple[RecipientOutcome, ...]
    must_record: bool
    is_outbound: bool


@dataclass
class FakeGate:
    """Holds what is addressed to ``held``; keeps cases in memory, by delivery key, as the port promises.

    ``events`` tell in which order things happened; a test may add to it what the next hop saw.
    """

    held: set[str] = field(default_factory=set)
    tags: dict[str, str] = field(default_factory=dict)
    reports_everything: bool = False
    is_outbound: bool = False
    judging: Callable[[], None] = lambda: None
    recording: Callable[[], None] = lambda: None
    judged: list[FakeJudgement] = field(default_factory=list)
    recorded: list[FakeJudgement] = field(default_factory=list)
    counted: list[FakeJudgement] = field(default_factory=list)
    cases: dict[tuple[bytes, str, str], str] = field(default_factory=dict)

    def judge(
        self, raw: bytes, envelope: Envelope, receipt: Receipt, *, verified: Authentication | None = None
    ) -> FakeJudgement:
        self.judging()
        outcomes = tuple(
            RecipientOutcome(
                address,
                Disposition.HOLD if address in self.held else Disposition.DELIVER,
                "D2" if address in self.held else "Z",
                self.tags.get(address, ""),
            )
            for address in envelope.rcpt_tos
        )
        is_held = any(outcome.disposition is Disposition.HOLD for outcome in outcomes)
        judgement = FakeJudgement(
            raw, envelope, receipt, verified, outcomes, is_held or self.reports_everything, self.is_outbound
        )
        self.judged.append(judgement)
        return judgement

    def record(self, judgement: Judgement) -> Recorded:
        assert isinstance(judgement, FakeJudgement)
        self.recording()
        self.recorded.append(judgement)
        keys = [
            (judgement.raw, judgement.envelope.mail_from, address) for address in judgement.envelope.rcpt_tos
        ]
        newly = not all(key in self.cases for key in keys)
        for key in keys:
            self.cases.setdefault(key, f"case-{len(self.cases) + 1}")
        return Recorded(self.cases[keys[0]], newly)

    def count(self, judgement: Judgement) -> None:
        assert isinstance(judgement, FakeJudgement)
        self.counted.append(judgement)


@dataclass
class RunningRelay:
    """``call`` runs a coroutine function in the relay's loop and waits for it."""

    server: RelayServer
    port: int
    loop: asyncio.AbstractEventLoop

    def call(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)


@contextlib.contextmanager
def run_relay(
    gate: FakeGate,
    next_hop_port: int,
    *,
    port: int = 0,
    verifier: Verifier | None = None,
    failpoint: Callable[[str], None] = lambda name: None,
    **options: Any,
) -> Iterator[RunningRelay]:
    """A relay on loopback before the next hop at ``next_hop_port``; ``options`` are RelaySettings."""
    settings = replace(
        RelaySettings(next_hop=HostPort(HOST, next_hop_port), listen=HostPort(HOST, port), drain_seconds=2.0),
        **options,
    )
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="relay-under-test")
    thread.start()
    server = RelayServer(
        settings, gate=gate, mark_key=MARK_KEY, clock=SystemClock(), verifier=verifier, failpoint=failpoint
    )
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
        yield RunningRelay(server, server.port, loop)
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


class Client:
    """An SMTP client that sends exactly the bytes it is given."""

    def __init__(self, port: int, *, timeout_seconds: float = 15) -> None:
        self._socket = socket.create_connection((HOST, port), timeout_seconds)
        self._lines = self._socket.makefile("rb")

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._lines.close()
        self._socket.close()

    def send(self, wire: bytes) -> None:
        self._socket.sendall(wire)

    def reply(self) -> str:
        """The next reply, lines joined by LF; "" when the server hung up."""
        lines: list[str] = []
        while line := self._lines.readline():
            lines.append(line.decode("utf-8", "replace").rstrip("\r\n"))
            if line[3:4] != b"-":
                break
        return "\n".join(lines)

    def say(self, command: str | bytes) -> str:
        wire = command.encode() if isinstance(command, str) else command
        self.send(wire + b"\r\n")
        return self.reply()

    def hello(self) -> str:
        """Greeting and EHLO; the EHLO reply."""
        assert self.reply().startswith("220 ")
        return self.say("EHLO client.test")

    def envelope(self, mail_from: str, *recipients: str) -> list[str]:
        return [
            self.say(f"MAIL FROM:<{mail_from}>"),
            *(self.say(f"RCPT TO:<{address}>") for address in recipients),
        ]

    def data(self, raw: bytes) -> str:
        """DATA and the message with dots doubled; the final reply."""
        said = self.say("DATA")
        if not said.startswith("354"):
            return said
        stuffed = (b"\r\n" + raw).replace(b"\r\n.", b"\r\n..")[2:]
        self.send(stuffed + b".\r\n")
        return self.reply()

    def deliver(self, raw: bytes, *recipients: str, mail_from: str = "parent@outside.test") -> str:
        """A whole transaction on a connection that has said EHLO; the final reply."""
        self.envelope(mail_from, *recipients)
        return self.data(raw)


def without_trace(raw: bytes) -> bytes:
    """The message below the header fields that the relay put at the top."""
    while raw.startswith(b"X-Mailguard"):
        end = raw.find(b"\r\n")
        while raw[end + 2 : end + 3] in (b" ", b"\t"):
            end = raw.find(b"\r\n", end + 2)
        raw = raw[end + 2 :]
    return raw
