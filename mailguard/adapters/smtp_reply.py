"""One SMTP reply (RFC 5321 4.2): read from a next hop, mirrored to a client, or our own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reply:
    """``lines`` are the texts without code and line end; never empty."""

    code: int
    lines: tuple[str, ...]

    @classmethod
    def of(cls, code: int, text: str) -> Reply:
        """A reply of one line."""
        return cls(code, (text,))

    @property
    def is_positive(self) -> bool:
        """2yz."""
        return 200 <= self.code < 300

    @property
    def text(self) -> str:
        """Code and words on one line, for a log or an error."""
        return f"{self.code} {' '.join(self.lines)}"

    @property
    def wire(self) -> bytes:
        """The bytes to send, CRLF included. Words outside printable ASCII become "?"."""
        last = len(self.lines) - 1
        return b"".join(
            f"{self.code}{' ' if index == last else '-'}{_printable(line)}\r\n".encode("ascii")
            for index, line in enumerate(self.lines)
        )


def _printable(line: str) -> str:
    return "".join(character if " " <= character <= "~" else "?" for character in line)


# RFC 3463 codes. A failure inside is always 4yz: the same message may succeed later (DESIGN, promise 1).
INTERNAL_FAILURE = Reply.of(451, "4.3.0 Temporary failure, please try again later")
NEXT_HOP_UNAVAILABLE = Reply.of(451, "4.4.1 Next hop is not available, please try again later")
NO_MEMORY = Reply.of(451, "4.3.1 Too much mail in flight, please try again later")
TOO_MUCH_DATA = Reply.of(552, "5.3.4 Message is larger than the limit")
LINE_TOO_LONG = Reply.of(554, "5.6.0 A line of the message is longer than the limit")
BARE_NEWLINE = Reply.of(550, "5.6.0 Bare CR or LF in the message")
ROUTING_LOOP = Reply.of(554, "5.4.6 Too many hops")
BAD_SEQUENCE = Reply.of(503, "5.5.1 Bad sequence of commands")
NO_RECIPIENTS = Reply.of(554, "5.5.1 No valid recipients")
NOT_IMPLEMENTED = Reply.of(502, "5.5.1 Command not implemented")
IDLE_TOO_LONG = Reply.of(421, "4.4.2 Idle for too long, closing")
SHUTTING_DOWN = Reply.of(421, "4.3.2 Shutting down, please try again later")
OK = Reply.of(250, "2.0.0 Ok")
