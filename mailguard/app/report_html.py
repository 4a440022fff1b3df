"""A report as HTML: the same words as the text, nothing remote, no scripts, nothing that acts.

SECURITY: every value is escaped; what strangers wrote becomes text and never a tag or a link. The one link is ours: to
the case on the review page, behind its sign-in.
"""

from __future__ import annotations

from html import escape

from mailguard.app.report import ReportContent, Section

_STYLE = "font-family:sans-serif;font-size:15px;line-height:1.45;color:#1a1a1a;max-width:42em;overflow-wrap:anywhere"
_LABEL_STYLE = "text-align:left;vertical-align:top;padding:2px 12px 2px 0;font-weight:bold;white-space:nowrap"
_CODE_STYLE = "font-family:monospace;font-size:16px;background:#f2f2f2;padding:8px 12px"


def write_html(content: ReportContent) -> str:
    rows = "".join(
        f'<tr><th scope="row" style="{_LABEL_STYLE}">{escape(label)}</th>'
        f'<td style="padding:2px 0">{_open(value, content.url) if label == "Open" else escape(value)}</td></tr>'
        for label, value in content.rows
    )
    table = f'<table style="border-collapse:collapse">{rows}</table>' if rows else ""
    return (
        '<!DOCTYPE html><html lang="en-GB"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(content.subject)}</title></head><body>"
        f'<div style="{_STYLE}"><p style="font-size:17px"><strong>{escape(content.first_line)}</strong></p>'
        f"{table}{''.join(_section(section) for section in content.sections)}</div></body></html>\n"
    )


def _open(value: str, url: str) -> str:
    """The row that leads to the case: its address, to be pressed by a thumb."""
    link = f'<a href="{escape(url)}" style="display:inline-block;padding:8px 0;font-weight:bold">{escape(url)}</a>'
    return link + escape(value.removeprefix(url))


def _section(section: Section) -> str:
    title = f'<h2 style="font-size:15px;margin:18px 0 4px">{escape(section.title)}</h2>'
    if section.is_code:
        return title + "".join(f'<p style="{_CODE_STYLE}">{escape(line)}</p>' for line in section.lines)
    return title + "".join(f'<p style="margin:0 0 4px">{escape(line)}</p>' for line in section.lines)
