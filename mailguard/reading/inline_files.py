"""Files inside plain text: uuencode and yEnc, older than MIME and still sent."""

from __future__ import annotations

import re

from mailguard.reading.charset import decode
from mailguard.reading.transfer import unyenc, uudecode

_UU_BEGIN = re.compile(rb"(?m)^begin [0-7]{3,4} ([^\r\n]{1,200})\r?\n(?=[ -`]{1,100}\r?$)")
_Y_BEGIN = re.compile(rb"(?m)^=ybegin [^\r\n]{0,200}?name=([^\r\n]{1,200})\r?\n")
_Y_PART = re.compile(rb"=ypart [^\r\n]{0,100}\r?\n")
_Y_END = re.compile(rb"(?m)^=yend[^\r\n]{0,200}(?:\r?\n)?")
_FILES = 100


def cut_inline_files(data: bytes) -> tuple[bytes, list[tuple[str, bytes]]]:
    """The text without its encoded files, and the files as (name, bytes)."""
    files: list[tuple[str, bytes]] = []
    kept: list[bytes] = []
    at = 0
    while len(files) < _FILES:
        found = [match for pattern in (_UU_BEGIN, _Y_BEGIN) if (match := pattern.search(data, at))]
        if not found:
            break
        match = min(found, key=lambda one: one.start())
        kept.append(data[at : match.start()])
        if match.re is _UU_BEGIN:
            content, used = uudecode(data[match.end() :])
            at = match.end() + used
        else:
            start = match.end()
            part = _Y_PART.match(data, start)
            start = part.end() if part else start
            end = _Y_END.search(data, start)
            content = unyenc(data[start : end.start() if end else len(data)])
            at = end.end() if end else len(data)
        files.append((decode(match.group(1)).strip()[:200], content))
    kept.append(data[at:])
    return b"".join(kept), files
