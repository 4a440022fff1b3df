"""The typesetter: typst in this process, with its own fonts, no file and no network.

SECURITY: what strangers wrote reaches typst as data only, never as markup, and only in characters that its
fonts can show. FAILURE: a document that cannot be set is tried once more in plain ASCII, so that no letter a
stranger chose can keep a case file from being made.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import resources
from typing import Any, assert_never

import typst

from mailguard.adapters.typesetting.letters import printable
from mailguard.app.document import (
    Block,
    Chart,
    Document,
    Fields,
    Grid,
    Heading,
    Notice,
    Paragraph,
    Steps,
    Verbatim,
)
from mailguard.app.ports import PermanentFailure

_PIECE_BYTES = 64 * 1024
_VERBATIM_WIDTH = 98


class TypstTypesetter:
    """``app.document.Typesetter``. PDF/A-3b; the same bytes for the same document. Thread-safe."""

    def __init__(self) -> None:
        place = resources.files("mailguard.adapters.typesetting") / "document.typ"
        self._layout = place.read_bytes()

    def pdf(self, document: Document) -> bytes:
        try:
            return self._set(document, printable)
        except PermanentFailure:
            return self._set(document, _ascii)

    def _set(self, document: Document, letters: Callable[[str], str]) -> bytes:
        inputs = {
            "data": json.dumps(_shown(_document_object(document), letters), ensure_ascii=False),
            **{
                f"file-{number}": json.dumps(_pieces(each.content), ensure_ascii=False)
                for number, each in enumerate(document.embedded)
            },
        }
        try:
            return typst.compile(
                self._layout,
                output=None,
                sys_inputs=inputs,
                ignore_system_fonts=True,
                format="pdf",
                pdf_standards="a-3b",
                timestamp=int(document.made_at.timestamp()),
            )
        except (KeyboardInterrupt, SystemExit, MemoryError):
            raise
        except BaseException as problem:
            # A fault inside typst comes as a panic, which is no Exception.
            raise PermanentFailure(f"{document.running}: could not be typeset: {problem}") from problem


def _document_object(document: Document) -> dict[str, Any]:
    return {
        "title": document.title,
        "subtitle": document.subtitle,
        "organisation": document.organisation,
        "running": document.running,
        "foot": document.foot,
        "blocks": [_block_object(block) for block in document.blocks],
        "embedded": [
            {"number": number, "name": each.name, "media_type": each.media_type, "says": each.says}
            for number, each in enumerate(document.embedded)
        ],
    }


def _block_object(block: Block) -> dict[str, Any]:
    match block:
        case Heading():
            return {"kind": "heading", "text": block.text, "level": block.level}
        case Paragraph():
            return {"kind": "paragraph", "text": block.text, "is_lead": block.is_lead}
        case Fields():
            return {"kind": "fields", "rows": [list(row) for row in block.rows]}
        case Grid():
            return {
                "kind": "grid",
                "columns": list(block.columns),
                "widths": list(block.widths),
                "rows": [list(row) for row in block.rows],
                "mono": sorted(block.mono),
                "empty": block.empty,
            }
        case Verbatim():
            return {"kind": "verbatim", "text": _hard_wrapped(block.text)}
        case Notice():
            return {"kind": "notice", "title": block.title, "text": block.text, "tone": block.tone.value}
        case Steps():
            return {"kind": "steps", "lines": list(block.lines)}
        case Chart():
            return {"kind": "chart", "svg": block.svg, "alt": block.alt, "caption": block.caption}
        case unreachable:
            assert_never(unreachable)


def _shown(value: Any, letters: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return letters(value)
    if isinstance(value, dict):
        return {key: _shown(item, letters) for key, item in value.items()}
    if isinstance(value, list):
        return [_shown(item, letters) for item in value]
    return value


def _pieces(content: bytes) -> list[str | list[int]]:
    """The bytes as JSON can say them: UTF-8 as text, which costs little, anything else as numbers."""
    pieces: list[str | list[int]] = []
    for start in range(0, len(content), _PIECE_BYTES):
        piece = content[start : start + _PIECE_BYTES]
        try:
            pieces.append(piece.decode("utf-8"))
        except UnicodeDecodeError:
            pieces.append(list(piece))
    return pieces


def _hard_wrapped(text: str) -> str:
    """Lines cut at a width that fits the page; a long word is cut, too."""
    lines: list[str] = []
    for line in text.splitlines() or [""]:
        while len(line) > _VERBATIM_WIDTH:
            place = line.rfind(" ", _VERBATIM_WIDTH // 2, _VERBATIM_WIDTH)
            cut = place if place > 0 else _VERBATIM_WIDTH
            lines.append(line[:cut])
            line = line[cut:].lstrip(" ") if place > 0 else line[cut:]
        lines.append(line)
    return "\n".join(lines)


def _ascii(text: str) -> str:
    return "".join(
        letter if letter == "\n" or " " <= letter <= "~" else f"[U+{ord(letter):04X}]" for letter in text
    )
