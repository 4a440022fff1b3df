"""Line ends of a message on the wire: CRLF is the only one (RFC 5321 2.3.8).

Every MTA that takes a bare CR or LF for a line end reads another message than one that does not; that
difference is what SMTP smuggling and hidden header fields live on. Source: docs/adr/0003-bare-newlines.md.
"""

from __future__ import annotations


def has_bare_newline(raw: bytes) -> bool:
    """True when a CR or LF stands anywhere but in a CRLF pair."""
    pairs = raw.count(b"\r\n")
    return raw.count(b"\n") != pairs or raw.count(b"\r") != pairs


def to_crlf(raw: bytes) -> bytes:
    """The same lines with CRLF ends; the very same object when nothing had to change.

    A CR, a LF and a CRLF each end one line: the lines that ``email`` and IMAP servers would read, too.
    """
    if not has_bare_newline(raw):
        return raw
    return raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
