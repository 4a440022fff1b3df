"""The content key: what of a message's bytes stays the same however it reaches us."""

from __future__ import annotations

import hashlib

# DESIGN, "The way of a message": what servers put on top on the way, in any order.
TRACE_FIELDS = frozenset(
    {
        b"received",
        b"return-path",
        b"delivered-to",
        b"x-mailguard",
        b"x-mailguard-tag",
        b"authentication-results",
        b"x-envelope-to",
        b"x-original-to",
    }
)


def content_sha256(raw: bytes) -> str:
    """Hex SHA-256 of ``raw`` without the trace fields at its top. Never raises."""
    return hashlib.sha256(memoryview(raw)[content_start(raw) :]).hexdigest()


def content_start(raw: bytes) -> int:
    """Where the first line stands that is not part of the leading trace block."""
    at = 0
    while at < len(raw):
        line_end = raw.find(b"\n", at)
        colon = raw.find(b":", at, at + 100)
        if (
            line_end < 0
            or colon < 0
            or colon > line_end
            or raw[at:colon].rstrip(b" \t").lower() not in TRACE_FIELDS
        ):
            return at
        end = line_end + 1
        while raw[end : end + 1] in (b" ", b"\t"):
            line_end = raw.find(b"\n", end)
            if line_end < 0:
                return len(raw)
            end = line_end + 1
        at = end
    return at
