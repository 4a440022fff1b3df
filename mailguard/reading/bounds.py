"""How much of a message is read. Past a structural bound a message is unreadable (row U1), past a textual one
it is cut.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """Structural bounds (message, header, depth, parts) make a message unreadable; the others cut and note a
    defect.

    ``*_bytes`` and ``*_chars`` are lengths, the others counts. ``html_depth`` and ``html_tags`` bound
    what is handed to the HTML parser, whose time grows with their square; deeper text is still read, by a
    plainer way.
    """

    message_bytes: int = 64 * 1024 * 1024
    header_bytes: int = 1024 * 1024
    header_fields: int = 2_000
    header_field_bytes: int = 256 * 1024
    header_value_chars: int = 16_384
    depth: int = 30
    parts: int = 1_000
    mailboxes: int = 2_000
    links: int = 1_000
    attachments: int = 1_000
    text_chars: int = 200_000
    html_chars: int = 2_000_000
    html_nodes: int = 60_000
    html_depth: int = 400
    html_tags: int = 20_000
    style_chars: int = 100_000
    calendar_chars: int = 500_000


DEFAULT_BOUNDS = Bounds()
