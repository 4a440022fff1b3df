"""The DATA phase on the wire: end of data and dot transparency (RFC 5321 4.1.1.4, 4.5.2), in large pieces.

SECURITY: end of data is CRLF "." CRLF and nothing else. A receiver that also takes LF.LF or CR.CR lets a
sender smuggle a second message into the first. Bytes outside that pattern are opaque, NUL included.
Source: docs/adr/0003-bare-newlines.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_END_OF_DATA = b"\r\n.\r\n"
_PIECE_BYTES = 262_144


class DataDecoder:
    """Turns what follows a 354 into the message, piece by piece, in linear time."""

    def __init__(self) -> None:
        # The CRLF of the DATA command itself begins the pattern: ".CRLF" at once is an empty message.
        self._pending = b"\r\n"
        self._unsent_prefix = 2

    def feed(self, chunk: bytes) -> tuple[bytes, bytes | None]:
        """Decoded bytes that are certain by now, and None; or the last ones, and what came behind the end."""
        window = self._pending + chunk
        end = window.find(_END_OF_DATA)
        if end >= 0:
            self._pending = b""
            return self._decode(window[: end + 2]), window[end + len(_END_OF_DATA) :]
        # A pattern may be cut off anywhere in the last four bytes, and always begins with a CR.
        cut = window.find(b"\r", max(0, len(window) - 4))
        if cut < 0:
            cut = len(window)
        self._pending = window[cut:]
        return self._decode(window[:cut]), None

    def _decode(self, encoded: bytes) -> bytes:
        decoded = encoded.replace(b"\r\n.", b"\r\n")
        if self._unsent_prefix and decoded:
            decoded = decoded[self._unsent_prefix :]
            self._unsent_prefix = 0
        return decoded


def encode_data(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The concatenation of ``parts`` with dots doubled at line starts, then end of data; in bounded pieces.

    ``parts`` together are empty or end with CRLF, and hold no bare CR or LF.
    """
    tail = b"\r\n"
    for part in parts:
        for start in range(0, len(part), _PIECE_BYTES):
            piece = part[start : start + _PIECE_BYTES]
            # Two bytes of what went before let a line start be seen across the border.
            window = tail + piece
            skip = len(tail)
            yield window.replace(b"\r\n.", b"\r\n..")[skip:]
            tail = window[-2:]
    yield b".\r\n"
