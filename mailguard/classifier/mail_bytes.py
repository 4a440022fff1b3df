"""Composed mail as bytes: charsets, transfer encodings, header words and the tree of parts, as programs write them."""

from __future__ import annotations

import base64
import binascii
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from mailguard.classifier.mail_files import File

# Tried in a drawn order; the first that can say all of a text is taken.
_LEGACY = (
    "iso-8859-1",
    "windows-1252",
    "iso-8859-15",
    "windows-1250",
    "iso-8859-2",
    "windows-1251",
    "windows-1256",
    "windows-1254",
)
_PLAIN_NAMES = ("us-ascii", "utf-8", "iso-8859-1", "windows-1252", "UTF-8")
_LONGEST_LINE = 900  # octets; RFC 5322 2.1.1 allows 998
_ATOMS = re.compile(r"[A-Za-z0-9 '_-]*")
_Q_SAFE = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!*+-/")
_CHARACTERS_A_WORD = 10


@dataclass(frozen=True, slots=True)
class Body:
    """One leaf or a multipart as bytes: its Content-* lines and what follows the blank line."""

    header: bytes
    content: bytes


def charset_for(text: str, rng: random.Random) -> str:
    """A charset that can say all of `text`; mostly UTF-8, as today."""
    if text.isascii():
        return rng.choice(_PLAIN_NAMES)
    if rng.random() < 0.4:
        for name in rng.sample(_LEGACY, len(_LEGACY)):
            try:
                text.encode(name)
            except UnicodeEncodeError:
                continue
            return name
    return "utf-8"


def text_part(text: str, subtype: str, charset: str, rng: random.Random, *, is_flowed: bool = False) -> Body:
    """`text` encoded one way or another. Its lines end in ``\\n``."""
    content = text.replace("\n", "\r\n").encode(charset) + b"\r\n"
    parameters = f'; charset="{charset}"' if rng.random() < 0.6 else f"; charset={charset}"
    if is_flowed:
        parameters += "; format=flowed"
    is_ascii = content.isascii()
    fits = max(map(len, content.split(b"\n"))) < _LONGEST_LINE
    chance = rng.random()
    if fits and chance < (0.45 if is_ascii else 0.15):
        transfer = "7bit" if is_ascii else "8bit"
    elif chance < 0.72:
        transfer = "quoted-printable"
        content = binascii.b2a_qp(content, istext=True)
    else:
        transfer = "base64"
        content = base64.encodebytes(content).replace(b"\n", b"\r\n")
    header = f"Content-Type: text/{subtype}{parameters}\r\nContent-Transfer-Encoding: {transfer}\r\n"
    return Body(header.encode("ascii"), content)


def file_part(file: File, *, content_id: str = "") -> Body:
    """`file` attached, or shown within the text where it has a ``content_id``."""
    disposition = "inline" if content_id else "attachment"
    header = (
        f'Content-Type: {file.content_type}; name="{file.name}"\r\n'
        f'Content-Disposition: {disposition}; filename="{file.name}"\r\nContent-Transfer-Encoding: base64\r\n'
    )
    if content_id:
        header += f"Content-ID: <{content_id}>\r\n"
    return Body(header.encode("ascii"), base64.encodebytes(file.content).replace(b"\n", b"\r\n"))


def multipart(subtype: str, parts: Sequence[Body], rng: random.Random) -> Body:
    """Several parts as one; a single part as it is."""
    if len(parts) == 1:
        return parts[0]
    number = f"{rng.getrandbits(48):012x}"
    boundary = rng.choice(
        (f"000000000000{number}", f"_000_{number}_", f"Apple-Mail-{number}", f"----=_Part_{number}")
    )
    header = f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n'.encode("ascii")
    line = f"--{boundary}".encode("ascii")
    content = b"".join(
        b"%b\r\n%b\r\n%b\r\n" % (line, part.header, part.content) for part in parts
    ) + b"%b--\r\n" % (line,)
    return Body(header, content)


def header_words(text: str, rng: random.Random) -> str:
    """`text` for a header: as it is when ASCII, else in encoded words (RFC 2047)."""
    text = " ".join(text.split())
    if text.isascii() and "=?" not in text:
        return text
    is_base64 = rng.random() < 0.6
    words = []
    for start in range(0, len(text), _CHARACTERS_A_WORD):
        octets = text[start : start + _CHARACTERS_A_WORD].encode("utf-8", "replace")
        if is_base64:
            words.append(f"=?utf-8?B?{base64.b64encode(octets).decode('ascii')}?=")
        else:
            words.append(f"=?UTF-8?Q?{''.join(map(_quoted_octet, octets))}?=")
    return "\r\n ".join(words)


def mailbox(name: str, address: str, rng: random.Random) -> str:
    """``name <address>`` for From and To."""
    if not name:
        return f"<{address}>" if rng.random() < 0.2 else address
    if not name.isascii():
        return f"{header_words(name, rng)} <{address}>"
    if _ATOMS.fullmatch(name) and rng.random() < 0.6:
        return f"{name} <{address}>"
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" <{address}>'


def _quoted_octet(octet: int) -> str:
    if octet == 0x20:
        return "_"
    return chr(octet) if octet in _Q_SAFE else f"={octet:02X}"
