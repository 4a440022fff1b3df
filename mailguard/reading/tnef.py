"""winmail.dat (Microsoft's TNEF): the text and the files inside it, as far as they are stored plainly.

Source: [MS-OXTNEF]. Compressed rich text is noted and not read.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from mailguard.reading.charset import decode

_SIGNATURE = 0x223E9F78
_BODY, _ATTACH_TITLE, _ATTACH_DATA, _MAPI, _ATTACH_RENDER = (
    0x0002800C,
    0x00018010,
    0x0006800F,
    0x00069003,
    0x00069002,
)
_ATTACHMENT = 0x00069005
_PR_BODY, _PR_HTML, _PR_RTF, _PR_LONG_NAME, _PR_ATTACH_DATA = 0x1000, 0x1013, 0x1009, 0x3707, 0x3701
_FIXED = {
    0x0002: 4,
    0x0003: 4,
    0x0004: 4,
    0x000A: 4,
    0x000B: 4,
    0x0001: 4,
    0x0005: 8,
    0x0006: 8,
    0x0007: 8,
    0x0014: 8,
    0x0040: 8,
    0x0048: 16,
}
_ATTRIBUTES = 5_000
_PROPERTIES = 2_000


@dataclass(slots=True)
class Tnef:
    """``files`` are (name, bytes)."""

    text: str = ""
    html: bytes = b""
    files: list[tuple[str, bytes]] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)


def read_tnef(data: bytes) -> Tnef | None:
    """What the stream holds, None when it is none. Never raises: a broken stream gives what stands before the
    break.
    """
    if len(data) < 6 or int.from_bytes(data[:4], "little") != _SIGNATURE:
        return None
    found = Tnef()
    at, name, content = 6, "", b""
    for _ in range(_ATTRIBUTES):
        if at + 9 > len(data):
            break
        level, attribute, length = struct.unpack_from("<BII", data, at)
        value = data[at + 9 : at + 9 + length]
        at += 9 + length + 2
        if level not in (1, 2) or len(value) < length:
            found.defects.append("tnef-broken")
            break
        if attribute == _BODY:
            found.text = decode(value.rstrip(b"\0"))
        elif attribute == _MAPI:
            _message_properties(value, found)
        elif attribute == _ATTACH_RENDER:
            _keep(found, name, content)
            name, content = "", b""
        elif attribute == _ATTACH_TITLE:
            name = name or decode(value.rstrip(b"\0"))
        elif attribute == _ATTACH_DATA:
            content = value
        elif attribute == _ATTACHMENT:
            properties = dict(_properties(value))
            long_name = properties.get(_PR_LONG_NAME)
            name = _string(*long_name) if long_name else name
            content = content or properties.get(_PR_ATTACH_DATA, (0, b""))[1]
    _keep(found, name, content)
    return found


def _keep(found: Tnef, name: str, content: bytes) -> None:
    if (name or content) and len(found.files) < 200:
        found.files.append((name.replace("\0", "")[:500], content))


def _message_properties(value: bytes, found: Tnef) -> None:
    for identity, (kind, content) in _properties(value):
        if identity == _PR_BODY and not found.text:
            found.text = _string(kind, content)
        elif identity == _PR_HTML:
            found.html = content.rstrip(b"\0")
        elif identity == _PR_RTF:
            found.defects.append("tnef-rich-text-unread")


def _string(kind: int, content: bytes) -> str:
    text = content.decode("utf-16-le", "replace") if kind & 0xFFF == 0x001F else decode(content)
    return text.rstrip("\0")


def _properties(value: bytes) -> list[tuple[int, tuple[int, bytes]]]:
    """(property id, (type, bytes)) up to the first thing that is not understood."""
    found: list[tuple[int, tuple[int, bytes]]] = []
    if len(value) < 4:
        return found
    count = min(int.from_bytes(value[:4], "little"), _PROPERTIES)
    at = 4
    for _ in range(count):
        if at + 4 > len(value):
            break
        kind, identity = struct.unpack_from("<HH", value, at)
        at += 4
        if identity >= 0x8000:
            at = _after_name(value, at)
        is_multiple, base = bool(kind & 0x1000), kind & 0xFFF
        if base in _FIXED and not is_multiple:
            found.append((identity, (kind, value[at : at + _FIXED[base]])))
            at += _FIXED[base]
            continue
        values = 1
        if is_multiple or base in (0x001E, 0x001F, 0x0102, 0x000D):
            values = int.from_bytes(value[at : at + 4], "little")
            at += 4
        for _ in range(min(values, _PROPERTIES)):
            if base in _FIXED:
                at += _FIXED[base]
                continue
            length = int.from_bytes(value[at : at + 4], "little")
            if base not in (0x001E, 0x001F, 0x0102, 0x000D) or at + 4 + length > len(value):
                return found
            found.append((identity, (kind, value[at + 4 : at + 4 + length])))
            at += 4 + length + (-length % 4)
        if len(found) > _PROPERTIES:
            break
    return found


def _after_name(value: bytes, at: int) -> int:
    """[MS-OXTNEF] 2.1.3.4: a named property carries a GUID and a number or a name."""
    kind = int.from_bytes(value[at + 16 : at + 20], "little")
    if kind == 0:
        return at + 24
    length = int.from_bytes(value[at + 20 : at + 24], "little")
    return at + 24 + length + (-length % 4)
