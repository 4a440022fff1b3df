"""Lines of text as a reader sees them, with what the markup or the '>' signs say of each."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum, auto

_MARKS = re.compile(r"[ \t]{0,3}((?:>[ \t]?)+)")
_FROM_ESCAPE = re.compile(r">From ")


class Hint(Enum):
    """What a container in HTML says of its lines."""

    NONE = auto()
    QUOTE = auto()
    QUOTE_BELOW = auto()
    FORWARD = auto()
    SIGNATURE = auto()


@dataclass(slots=True)
class Line:
    """``depth``: quotation marks around it; ``region``: number of the quoting container it stands in, 0
    outside; ``is_paragraph``: it ends a paragraph by itself (HTML); ``links``: (href, text) of its anchors.
    """

    text: str
    depth: int = 0
    hint: Hint = Hint.NONE
    region: int = 0
    is_paragraph: bool = False
    links: list[tuple[str, str]] = field(default_factory=list)


def plain_lines(text: str, *, is_flowed: bool = False, deletes_space: bool = False) -> list[Line]:
    """Lines of a text/plain part; with format=flowed (RFC 3676) soft-broken lines of one depth are joined."""
    lines: list[Line] = []
    is_open = False  # the last line flows into the next
    pieces: list[str] = []
    for raw in text.split("\n"):
        depth = 0
        content = raw
        if raw[:1] in "> \t":
            match = _MARKS.match(raw)
            if match and not _FROM_ESCAPE.match(raw):
                depth = match.group(1).count(">")
                content = raw[match.end() :]
        if not is_flowed:
            lines.append(Line(content.rstrip(), depth))
            continue
        if content.startswith(" ") and not depth:
            content = content[1:]
        # RFC 3676 4.3: the signature separator never flows.
        flows = content.endswith(" ") and content != "-- "
        if is_open and lines and lines[-1].depth == depth and content != "-- ":
            pieces.append(_flowing(content, deletes_space) if flows else content)
        else:
            if is_open and lines:
                lines[-1].text = "".join(pieces).rstrip()
            lines.append(Line(content if content == "-- " else content.rstrip(), depth))
            pieces = [_flowing(content, deletes_space) if flows else content]
        if not flows and lines[-1].text != "-- ":
            lines[-1].text = "".join(pieces).rstrip()
        is_open = flows
    if is_open and lines:
        lines[-1].text = "".join(pieces).rstrip()
    return lines


def _flowing(content: str, deletes_space: bool) -> str:
    # DelSp is for scripts without spaces; programs set it on English too, and words must not run together.
    return content[:-1] if deletes_space and not content[-2:-1].isascii() else content
