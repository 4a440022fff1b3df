"""The plain way through HTML that is too deep or too tangled for a parser: linear, and nothing counts as
hidden.
"""

from __future__ import annotations

import html as entities
import re

from mailguard.reading.bounds import Bounds
from mailguard.reading.elements import BLOCKS, CELLS, OPTIONAL_END, VOID
from mailguard.reading.lines import Line

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]{0,30})")
_FORMATTING = re.compile(
    r"<(/?)(a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/>])", re.IGNORECASE
)
_NEVER_DEEP = VOID | OPTIONAL_END
RENAMED = "x-"
_TAG_CHARS = 2_000
_HREF = re.compile(r"href\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>]+)", re.I)


def is_tangled(source: str, bounds: Bounds) -> bool:
    """True when the parser may need quadratic time: too many tags, or too many open at once."""
    tags = source.count("<")
    if tags < bounds.html_depth:
        return False
    if tags > bounds.html_tags:
        return True
    depth = 0
    for slash, tag in _TAG.findall(source):
        name = tag.lower()
        if name not in _NEVER_DEEP:
            depth = max(0, depth + (-1 if slash else 1))
            if depth > bounds.html_depth:
                return True
    return False


def without_formatting(source: str, bounds: Bounds) -> str:
    """The same text with formatting elements renamed in a document of many tags.

    HTML repeats open formatting elements in every following block: 25 kB of ``<b>`` and ``<p>`` make a gigabyte of
    nodes. Under another name they are inline elements like any other.
    """
    if source.count("<") < bounds.html_depth:
        return source
    return _FORMATTING.sub(rf"<\1{RENAMED}\2", source)


def scan(source: str, bounds: Bounds) -> list[Line]:
    """All words between tags, nothing hidden; one pass."""
    lines: list[Line] = []
    buffer: list[str] = []
    room = 2 * bounds.text_chars
    at = 0
    has_comment_end = True
    unclosed: set[str] = set()
    while room > 0:
        room -= 1
        opening = source.find("<", at)
        closing = source.find(">", opening) if opening >= 0 else -1
        if closing < 0:
            break
        buffer.append(source[at:opening])
        at = closing + 1
        if source.startswith("<!--", opening) and has_comment_end:
            end = source.find("-->", opening + 4)
            has_comment_end = end >= 0
            at = end + 3 if has_comment_end else at
            continue
        tag = source[opening + 1 : min(closing, opening + _TAG_CHARS)]
        name = tag.strip("/ \t\r\n").split(None, 1)[0].lower() if tag.strip("/ \t\r\n") else ""
        if name in ("script", "style") and not tag.startswith("/") and name not in unclosed:
            end = source.find(f"</{name}", closing)
            if end < 0:
                unclosed.add(name)
            else:
                at = end
        if name in BLOCKS or name in CELLS or name == "br":
            buffer.append("\n")
        if name == "a" and len(lines) < bounds.links and (href := _HREF.search(tag)):
            lines.append(Line("", links=[(entities.unescape(href.group(1).strip("\"'")), "")]))
    buffer.append(source[at : at + bounds.text_chars])
    for line in entities.unescape("".join(buffer)).split("\n"):
        if words := " ".join(line.split()):
            lines.append(Line(words, is_paragraph=True))
    return lines
