"""A header block: where it ends, its fields, and structured values such as Content-Type. Total and linear."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice

from mailguard.reading.bounds import Bounds
from mailguard.reading.charset import decode
from mailguard.reading.encoded_words import decode_words, unquote_extended

_END = re.compile(rb"\r?\n\r?\n|\r\r(?!\n)")
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:(.*)", re.DOTALL)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_PARAMETER_CHARS = 8_192
_BLANK_BYTES = 65_536
# Who sent it is found beyond the bounds, too.
_SENDER_FIELDS = frozenset({"from", "sender", "reply-to", "resent-from", "resent-sender"})
_SENDER_FIELD = re.compile(
    rb"(?im)^((?:resent-)?(?:from|sender)|reply-to)[ \t]*:([^\r\n]{0,4000}(?:\r?\n[ \t][^\r\n]{0,2000}){0,3})"
)
_MOST_SENDER_FIELDS = 100
# What carries a message puts in front of whatever it carries: no sign that there is a header below.
_TRACE_FIELDS = frozenset(
    {
        "return-path",
        "received",
        "delivered-to",
        "envelope-to",
        "x-envelope-to",
        "x-original-to",
        "x-delivered-to",
        "x-rcpt-to",
    }
)
_OWN_FIELDS = frozenset(
    {"from", "to", "cc", "bcc", "sender", "reply-to", "subject", "date", "message-id", "mime-version", "content-type"}
)  # fmt: skip
_BODY_AFTER = 3  # this many lines in a row that are no fields: the blank line was forgotten


@dataclass(slots=True)
class HeaderBlock:
    """Fields in order as (lower-case name, raw unfolded value); ``body_start``: offset into the buffer."""

    fields: list[tuple[str, bytes]] = field(default_factory=list)
    body_start: int = 0
    defects: list[str] = field(default_factory=list)
    is_header: bool = True
    is_within_bounds: bool = True

    def first(self, name: str) -> str:
        """The first value of a field as text, its encoded words untouched; "" when absent."""
        for key, value in self.fields:
            if key == name:
                return text_of(value)
        return ""


@dataclass(slots=True)
class Parameters:
    """``value`` lower-case without comments; ``names`` lower-case names of parameters to decoded values."""

    value: str
    names: dict[str, str]


def read_header(buffer: bytes, start: int, end: int, bounds: Bounds, *, is_top: bool = False) -> HeaderBlock:
    """The header block of ``buffer[start:end]``. Never raises."""
    block = HeaderBlock()
    first = buffer[start : start + 2]
    if is_top and first[:1] in (b" ", b"\t", b"\r", b"\n", b"\xef"):
        block.defects.append("blank-before-header")
        blank = buffer[start : start + _BLANK_BYTES]
        start += len(blank) - len(blank.lstrip(b" \t\r\n\xef\xbb\xbf"))
    elif first[:1] == b"\n" or first == b"\r\n":
        block.body_start = start + (1 if first[:1] == b"\n" else 2)
        return block
    found = _END.search(buffer, start, min(end, start + bounds.header_bytes))
    if found:
        stop, block.body_start = found.start(), found.end()
    else:
        stop = block.body_start = min(end, start + bounds.header_bytes)
        if stop < end:
            block.is_within_bounds = False
            block.defects.append("header-too-large")
    _split(buffer[start:stop], start, block, bounds)
    if "header-too-large" in block.defects:
        block.fields.extend(_senders_beyond(buffer, stop, end))
    return block


def _senders_beyond(buffer: bytes, start: int, end: int) -> list[tuple[str, bytes]]:
    """Sender fields of a header block too large to read, which ends nobody knows where."""
    found = islice(_SENDER_FIELD.finditer(buffer, start, end), _MOST_SENDER_FIELDS)
    return [(match.group(1).decode("ascii").lower(), match.group(2).strip()) for match in found]


def _split(raw: bytes, offset: int, block: HeaderBlock, bounds: Bounds) -> None:
    separator = b"\n" if b"\n" in raw else b"\r"
    fields: list[tuple[str, list[bytes]]] = []
    current: list[bytes] | None = None  # the lines of the field at hand, kept or not
    beyond = 0
    strays: list[int] = []  # offsets of lines in a row that are neither field nor continuation
    at = offset
    for number, line in enumerate(raw.split(separator)):
        line_at, at = at, at + len(line) + 1
        line = line.rstrip(b"\r")
        if line[:1] in b" \t" and line and current is not None and not strays:
            current.append(line)
            continue
        match = _FIELD.match(line)
        if match:
            if strays:
                block.defects.append("garbage-in-header")
                strays = []
            name, current = match.group(1).decode("ascii").lower(), [match.group(2)]
            if len(fields) - beyond >= bounds.header_fields:
                if block.is_within_bounds:
                    block.is_within_bounds = False
                    block.defects.append("too-many-header-fields")
                if name not in _SENDER_FIELDS or beyond >= _MOST_SENDER_FIELDS:
                    continue
                beyond += 1
            fields.append((name, current))
            continue
        if number == 0 and line.startswith((b"From ", b">From ")):
            continue  # the separator line of an mbox
        if number == 0:
            block.is_header = False
        strays.append(line_at)
        if len(strays) >= _BODY_AFTER and block.is_header:
            break
    names = {name for name, _ in fields}
    is_broken = bool(strays) or "garbage-in-header" in block.defects
    if is_broken and names & _TRACE_FIELDS and not names & _OWN_FIELDS:
        block.is_header = False
    if strays and block.is_header:
        block.defects.append("no-blank-line-after-header")
        block.body_start = strays[0]
    if not fields:
        block.is_header = False
    for name, lines in fields:
        value = lines[0] if len(lines) == 1 else b"".join(lines)
        if len(value) > bounds.header_field_bytes:
            block.is_within_bounds = False
            block.defects.append("header-field-too-long")
            # An address stands behind its name.
            half = bounds.header_field_bytes // 2
            value = value[:half] + b" " + value[-half:]
        block.fields.append((name, value.strip(b" \t\r\n")))


def text_of(value: bytes) -> str:
    """A raw field value as text: ASCII, else UTF-8, else windows-1252; encoded words are left as they are."""
    return value.decode("ascii") if value.isascii() else decode(value)


def read_parameters(value: str) -> Parameters:
    """A value with parameters (RFC 2045 5.1, RFC 2231), read in one pass however broken. Never raises."""
    value = value[:_PARAMETER_CHARS]
    main, at, is_closed = _until(value, 0)
    raw: dict[str, str] = {}
    while at < len(value) and len(raw) < 100:
        if not is_closed:
            # No quote can close any more: what looks like further parameters must not be swallowed.
            value, is_closed = value[:at] + value[at:].replace('"', " "), True
        equals = value.find("=", at)
        if equals < 0:
            break
        semicolon = value.find(";", at, equals)
        if semicolon >= 0:
            at = semicolon + 1
            continue
        name = value[at:equals].strip().lower()
        content, at, is_closed = _until(value, equals + 1)
        raw.setdefault(name, content.strip())
    return Parameters(
        value=_without_comments(main).strip().strip("\"'").lower(), names=_join_continuations(raw)
    )


def _until(value: str, at: int) -> tuple[str, int, bool]:
    """The piece up to a semicolon outside quotes, quotes removed; the offset after it; False when a quote is
    not closed.
    """
    end = _or_end(value.find(";", at), value)
    quote = value.find('"', at, end)
    if quote < 0:
        return value[at:end], end + 1, True
    pieces: list[str] = []
    while 0 <= quote < end:
        pieces.append(value[at:quote])
        closing = _QUOTED.match(value, quote)
        if closing is None:
            pieces.append(value[quote + 1 : end])
            return "".join(pieces), end + 1, False
        pieces.append(_ESCAPE.sub(r"\1", closing.group(1)))
        at = closing.end()
        end = _or_end(value.find(";", at), value)
        quote = value.find('"', at, end)
    pieces.append(value[at:end])
    return "".join(pieces), end + 1, True


def _or_end(found: int, value: str) -> int:
    return len(value) if found < 0 else found


def _without_comments(value: str) -> str:
    opening = value.find("(")
    if opening < 0:
        return value
    kept, depth = [], 0
    for character in value:
        if character == "(":
            depth += 1
        elif character == ")" and depth:
            depth -= 1
        elif not depth:
            kept.append(character)
    return "".join(kept)


def _join_continuations(raw: dict[str, str]) -> dict[str, str]:
    names: dict[str, str] = {}
    sections: dict[str, list[tuple[int, bool, str]]] = {}
    for name, content in raw.items():
        base, star, rest = name.partition("*")
        if not star:
            names[name] = decode_words(content)
        elif not rest:
            names[base] = unquote_extended([(True, content)])
        else:
            digits = rest.rstrip("*")
            if digits.isascii() and digits.isdigit() and len(digits) <= 3:
                sections.setdefault(base, []).append((int(digits), rest.endswith("*"), content))
    for base, parts in sections.items():
        parts.sort()
        names[base] = unquote_extended([(is_extended, content) for _, is_extended, content in parts])
    return names
