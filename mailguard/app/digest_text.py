"""A digest as plain text, 78 letters wide where words allow."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from mailguard.app.digest_content import Block, DigestContent, Entry

_WIDTH = 78
_INDENT = "  "


def write_digest_text(content: DigestContent) -> str:
    blocks = [
        _filled(content.first_line),
        *([_filled(content.because)] if content.because else []),
        *("\n".join(_block(block)) for block in content.blocks),
    ]
    if content.url:
        blocks.append(f"Open: {content.url}  (sign-in; links never act)")
    blocks += [_filled(note) for note in content.notes]
    return "\n\n".join(blocks) + "\n"


def _block(block: Block) -> Iterator[str]:
    yield block.title
    for entry in block.entries:
        yield from _entry(entry)
    for line in block.lines:
        yield _filled(line, first=_INDENT, rest=_INDENT * 2)
    if block.url:
        yield f"{_INDENT}Open: {block.url}"
    for line in block.code:
        yield f"{_INDENT}{line}".rstrip()


def _entry(entry: Entry) -> Iterator[str]:
    """The id stands out at the left, so that the eye finds a case and its lines."""
    start = f"{_INDENT}{entry.case_id}  "
    yield _filled(f"{entry.what}, {entry.when}", first=start, rest=" " * len(start))
    for note in entry.notes:
        yield _filled(note, first=" " * len(start), rest=" " * len(start))


def _filled(text: str, *, first: str = "", rest: str = "") -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
