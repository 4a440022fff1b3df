"""A next hop that keeps what it is given and answers as the test tells it.

Written on plain sockets rather than aiosmtpd: a test must see the commands and bytes exactly as they came
(DSN parameters, XFORWARD, bare line feeds), hang up in the middle, and go down and up on one port.
"""

import contextlib
import socket
import socketserver
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import BinaryIO, Literal, Self

from tests.servers.process import HOST, ServerFailed, free_port

Stage = Literal["connect", "ehlo", "mail", "rcpt", "data", "content", "after-content"]
ALL_EXTENSIONS = (
    "PIPELINING",
    "SIZE 52428800",
    "8BITMIME",
    "SMTPUTF8",
    "DSN",
    "ENHANCEDSTATUSCODES",
    "XFORWARD NAME ADDR PROTO HELO SOURCE PORT",
)
# The extension without which a MAIL or RCPT parameter is refused with 555 (RFC 5321 4.1.1.11).
_PARAMETER_EXTENSION = {
    "BODY": "8BITMIME",
    "SIZE": "SIZE",
    "SMTPUTF8": "SMTPUTF8",
    "RET": "DSN",
    "ENVID": "DSN",
    "NOTIFY": "DSN",
    "ORCPT": "DSN",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message the next hop took responsibility for. `raw` is as on the wire, without dot-stuffing."""

    mail_from: str
    mail_parameters: tuple[str, ...]
    recipients: tuple[str, ...]
    recipient_parameters: tuple[tuple[str, ...], ...]
    raw: bytes
    greeting: str
    xforward: dict[str, str]


@dataclass(slots=True)
class Script:
    """What the next hop answers instead of yes. Replies are whole lines: "451 4.3.0 try later"."""

    recipients: dict[str, str] = field(default_factory=dict)
    """RCPT TO, by address."""
    mail: str | None = None
    data: str | None = None
    """In place of 354."""
    content: str | None = None
    """In place of 250 after the final dot."""
    next_contents: deque[str] = field(default_factory=deque)
    """Used up one by one before `content`."""
    recipient_contents: dict[str, str] = field(default_factory=dict)
    """LMTP only: the reply for one recipient after the final dot."""
    hang_up_at: Stage | None = None
    """Close without a reply. "content": the message is lost; "after-content": only the reply is."""
    delay_seconds: dict[Stage, float] = field(default_factory=dict)


class CollectingNextHop:
    """An SMTP (or LMTP) server on a loopback port of its own, in threads.

    ``hop.deliveries`` are the accepted messages, ``hop.commands`` every line heard, ``hop.script`` what it
    will answer. ``hop.go_down()`` refuses connections until ``hop.come_up()``.
    """

    def __init__(
        self,
        *,
        extensions: tuple[str, ...] = ALL_EXTENSIONS,
        protocol: Literal["smtp", "lmtp"] = "smtp",
        port: int | None = None,
    ) -> None:
        self.port = free_port() if port is None else port
        self.extensions = extensions
        self.protocol = protocol
        self.script = Script()
        self.deliveries: list[Delivery] = []
        self.commands: list[str] = []
        self.connection_count = 0
        self._changed = threading.Condition()
        self._open_sockets: set[socket.socket] = set()
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        self.come_up()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_down()

    @property
    def transport(self) -> str:
        """This server as Postfix names it: for ``default_transport``."""
        return f"smtp:[{HOST}]:{self.port}" if self.protocol == "smtp" else f"lmtp:inet:{HOST}:{self.port}"

    def come_up(self) -> None:
        """Listen (again) on the same port. Replies and deliveries stay."""
        if self._server is None:
            self._server = _Server(self)
            threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def go_down(self) -> None:
        """Close the listening socket and every open connection."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        for open_socket in list(self._open_sockets):
            with contextlib.suppress(OSError):
                open_socket.shutdown(socket.SHUT_RDWR)

    def wait_for(self, count: int, seconds: float = 20.0) -> list[Delivery]:
        """The deliveries, as soon as there are at least `count`; ServerFailed after `seconds`."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.deliveries) >= count, timeout=seconds):
                raise ServerFailed(f"{len(self.deliveries)} of {count} messages arrived in {seconds:g} s")
            return list(self.deliveries)

    def only_delivery(self, seconds: float = 20.0) -> Delivery:
        """The one message that arrives; ServerFailed when there is none or more than one."""
        deliveries = self.wait_for(1, seconds)
        if len(deliveries) != 1:
            raise ServerFailed(f"{len(deliveries)} messages arrived, not one")
        return deliveries[0]

    def clear(self) -> None:
        """Forget deliveries, commands and script."""
        with self._changed:
            self.deliveries.clear()
            self.commands.clear()
            self.script = Script()

    def keep(self, delivery: Delivery) -> None:
        with self._changed:
            self.deliveries.append(delivery)
            self._changed.notify_all()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, hop: CollectingNextHop) -> None:
        self.hop = hop
        super().__init__((HOST, hop.port), _Session)


class _HangUp(Exception):
    """The script says to close the connection here."""


class _Session(socketserver.BaseRequestHandler):
    """One connection: greeting, then transactions until QUIT."""

    server: _Server

    def handle(self) -> None:
        hop = self.server.hop
        hop.connection_count += 1
        hop._open_sockets.add(self.request)
        self.lines: BinaryIO = self.request.makefile("rb")
        self.greeting = ""
        self.xforward: dict[str, str] = {}
        self.reset()
        try:
            self.reach("connect")
            self.reply("220 next-hop.test ready")
            while line := self.lines.readline():
                command = line.rstrip(b"\r\n").decode("utf-8", "surrogateescape")
                hop.commands.append(command)
                if not self.obey(command):
                    break
        except (_HangUp, OSError):
            pass
        finally:
            hop._open_sockets.discard(self.request)
            self.lines.close()

    def reset(self) -> None:
        self.mail_from: str | None = None
        self.mail_parameters: tuple[str, ...] = ()
        self.recipients: list[str] = []
        self.recipient_parameters: list[tuple[str, ...]] = []

    def reach(self, stage: Stage) -> None:
        script = self.server.hop.script
        if seconds := script.delay_seconds.get(stage):
            time.sleep(seconds)
        if script.hang_up_at == stage:
            raise _HangUp

    def reply(self, *lines: str) -> None:
        self.request.sendall("".join(f"{line}\r\n" for line in lines).encode("utf-8", "surrogateescape"))

    def obey(self, command: str) -> bool:
        """Carry out one command; False when the connection ends with it."""
        verb, _, rest = command.partition(" ")
        match verb.upper():
            case "EHLO" | "HELO" | "LHLO" as hello:
                self.reach("ehlo")
                if (hello == "LHLO") != (self.server.hop.protocol == "lmtp"):
                    self.reply("500 5.5.1 not in this protocol")
                    return True
                self.greeting = rest
                self.reset()
                said = ["next-hop.test", *(self.server.hop.extensions if hello != "HELO" else ())]
                self.reply(*(f"250-{line}" for line in said[:-1]), f"250 {said[-1]}")
            case "MAIL":
                self.obey_mail(rest)
            case "RCPT":
                self.obey_rcpt(rest)
            case "DATA":
                self.obey_data()
            case "RSET":
                self.reset()
                self.reply("250 2.0.0 reset")
            case "NOOP":
                self.reply("250 2.0.0 ok")
            case "XFORWARD" if self.announces("XFORWARD"):
                for word in rest.split():
                    name, _, value = word.partition("=")
                    self.xforward[name.upper()] = value
                self.reply("250 2.0.0 ok")
            case "QUIT":
                self.reply("221 2.0.0 bye")
                return False
            case _:
                self.reply("500 5.5.1 unknown command")
        return True

    def announces(self, extension: str) -> bool:
        return any(line.split()[0] == extension for line in self.server.hop.extensions)

    def path_and_parameters(self, rest: str, keyword: str) -> tuple[str, tuple[str, ...]] | None:
        """``FROM:<a@b> X=1`` as ("a@b", ("X=1",)); None when a refusal was already sent."""
        head, bracket, tail = rest.partition("<")
        path, closing, parameters = tail.rpartition(">")
        if head.strip().upper() != f"{keyword}:" or not bracket or not closing:
            self.reply(f"501 5.5.4 {keyword}:<address> expected")
            return None
        words = tuple(parameters.split())
        for word in words:
            needed = _PARAMETER_EXTENSION.get(word.partition("=")[0].upper())
            if needed is None or not self.announces(needed):
                self.reply(f"555 5.5.4 {word} was not announced")
                return None
        if not path.isascii() and not self.announces("SMTPUTF8"):
            self.reply("553 5.6.7 SMTPUTF8 was not announced")
            return None
        return path, words

    def obey_mail(self, rest: str) -> None:
        self.reach("mail")
        if (parsed := self.path_and_parameters(rest, "FROM")) is None:
            return
        if refusal := self.server.hop.script.mail:
            self.reply(refusal)
        elif self.mail_from is not None:
            self.reply("503 5.5.1 nested MAIL")
        else:
            self.mail_from, self.mail_parameters = parsed
            self.reply("250 2.1.0 ok")

    def obey_rcpt(self, rest: str) -> None:
        self.reach("rcpt")
        if (parsed := self.path_and_parameters(rest, "TO")) is None:
            return
        if self.mail_from is None:
            self.reply("503 5.5.1 MAIL first")
        elif refusal := self.server.hop.script.recipients.get(parsed[0]):
            self.reply(refusal)
        else:
            self.recipients.append(parsed[0])
            self.recipient_parameters.append(parsed[1])
            self.reply("250 2.1.5 ok")

    def obey_data(self) -> None:
        self.reach("data")
        script = self.server.hop.script
        if script.data:
            self.reply(script.data)
            return
        if self.mail_from is None or not self.recipients:
            self.reply("503 5.5.1 RCPT first")
            return
        self.reply("354 go ahead")
        raw = self.read_content()
        self.reach("content")
        common = script.next_contents.popleft() if script.next_contents else script.content
        is_lmtp = self.server.hop.protocol == "lmtp"
        refusals = {
            recipient: (script.recipient_contents.get(recipient) if is_lmtp else None) or common
            for recipient in self.recipients
        }
        accepted = [number for number, name in enumerate(self.recipients) if not refusals[name]]
        if accepted:
            self.server.hop.keep(
                Delivery(
                    mail_from=self.mail_from,
                    mail_parameters=self.mail_parameters,
                    recipients=tuple(self.recipients[number] for number in accepted),
                    recipient_parameters=tuple(self.recipient_parameters[number] for number in accepted),
                    raw=raw,
                    greeting=self.greeting,
                    xforward=dict(self.xforward),
                )
            )
        self.reach("after-content")
        replies = [refusals[name] or "250 2.0.0 kept" for name in self.recipients]
        self.reset()
        self.reply(*(replies if is_lmtp else replies[:1]))

    def read_content(self) -> bytes:
        """The bytes up to CRLF.CRLF and nothing else, dots unstuffed."""
        content: list[bytes] = []
        is_line_start = True
        while True:
            line = self.lines.readline()
            if not line:
                raise _HangUp
            if is_line_start and line == b".\r\n":
                return b"".join(content)
            if is_line_start and line.startswith(b"."):
                line = line[1:]
            content.append(line)
            is_line_start = line.endswith(b"\r\n")
