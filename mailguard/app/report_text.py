"""A report as plain text, 78 letters wide where words allow."""

from __future__ import annotations

import textwrap

from mailguard.app.report import ReportContent

_WIDTH = 78
_LABEL = 9


def write_text(content: ReportContent) -> str:
    blocks = [textwrap.fill(content.first_line, _WIDTH), "\n".join(_row(*row) for row in content.rows)]
    for section in content.sections:
        lines = section.lines if section.is_code else tuple(_wrapped(line) for line in section.lines)
        blocks.append("\n".join([section.title, *(f"  {line}" for line in lines)]))
    return "\n\n".join(block for block in blocks if block) + "\n"


def _row(label: str, value: str) -> str:
    return textwrap.fill(
        value,
        _WIDTH,
        initial_indent=f"{label:<{_LABEL}}",
        subsequent_indent=" " * _LABEL,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _wrapped(line: str) -> str:
    return "\n  ".join(
        textwrap.wrap(line, _WIDTH - 2, break_long_words=False, break_on_hyphens=False) or [""]
    )
