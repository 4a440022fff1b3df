"""Single parts of a message, taken out on request: its HTML as it would be shown, and a file by its hash.

SECURITY: what comes out is as hostile as the message.
"""

from __future__ import annotations

from mailguard.domain.message import Attachment
from mailguard.reading.body import find_file
from mailguard.reading.bounds import DEFAULT_BOUNDS, Bounds
from mailguard.reading.charset import decode, html_charset
from mailguard.reading.mime import Part, read_tree
from mailguard.reading.texts import HTML_TYPES


def html_of(raw: bytes, bounds: Bounds = DEFAULT_BOUNDS) -> str:
    """The HTML bodies of a message in order, "" when it has none; of forwarded messages inside it none.

    Cut at ``bounds.html_chars``. Never raises.
    """
    tree = read_tree(raw, bounds)
    if not tree.is_within_bounds:
        return ""
    pieces: list[str] = []
    pending = [tree.root]
    while pending:
        part = pending.pop()
        if part.content_type in HTML_TYPES and not part.disposition.startswith("attachment"):
            pieces.append(_decoded(part, bounds))
        elif not part.is_message:
            pending.extend(reversed(part.children))
    return "\n".join(pieces)[: bounds.html_chars]


def file_of(raw: bytes, sha256: str, bounds: Bounds = DEFAULT_BOUNDS) -> tuple[Attachment, bytes] | None:
    """The part whose decoded bytes have that hash, wherever in the message it was packed; None without one."""
    tree = read_tree(raw, bounds)
    if not tree.is_within_bounds:
        return None
    return find_file(tree.root, bounds, part_count=tree.part_count, sha256=sha256)


def _decoded(part: Part, bounds: Bounds) -> str:
    data = part.payload()[: bounds.html_chars * 4]
    return decode(data, html_charset(data, part.parameters.get("charset", "")))
