"""A digest as HTML: the same words as the text, nothing remote, no scripts, links that open pages and never act.

It reads on a telephone and in the dark, and without its style sheet: some mail readers drop that.
SECURITY: every value is escaped; what strangers wrote becomes text and never a tag or a link.
"""

from __future__ import annotations

from html import escape

from mailguard.app.digest_content import Block, DigestContent, Entry, Tone

_TONE_WORDS = {Tone.URGENT: "Please acknowledge", Tone.ATTENTION: "Waits for you", Tone.CALM: "All well"}
_STYLE = """
:root { color-scheme: light dark }
body { margin: 0; background: #f3f4f6; color: #1b1f24;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }
.page { max-width: 640px; margin: 0 auto; padding: 16px; overflow-wrap: anywhere }
.first { background: #fff; border: 1px solid #d5d9de; border-left: 6px solid #2f6f4f; border-radius: 6px;
  padding: 14px 16px; margin: 0; font-size: 18px; font-weight: 600 }
.first small { display: block; font-size: 13px; color: #2f6f4f }
.attention .first { border-left-color: #9a5b00 }
.attention .first small { color: #8a5200 }
.urgent .first { border-left-color: #b3261e }
.urgent .first small { color: #b3261e }
.open a { display: inline-block; background: #1d4f91; color: #fff; text-decoration: none; font-weight: 600;
  border-radius: 6px; padding: 10px 18px }
.open span, .when, .note, .quiet { color: #555d67; font-size: 14px }
.open span { margin-left: 8px }
h2 { font-size: 16px; margin: 22px 0 6px }
.case { background: #fff; border: 1px solid #d5d9de; border-radius: 6px; padding: 10px 14px; margin: 0 0 8px }
.case a, .case b { color: #1d4f91; font-weight: 600; white-space: nowrap }
.what { font-weight: 600 }
.what, .when, .note { display: block }
.loud { border-left: 4px solid #b3261e }
p { margin: 0 0 6px }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: 12px/1.45 ui-monospace, monospace; color: #555d67 }
@media (prefers-color-scheme: dark) {
  body { background: #15181c; color: #e8eaed }
  .first, .case { background: #1f2429; border-color: #3a4149 }
  .first { border-left-color: #7fd1a5 }
  .first small { color: #7fd1a5 }
  .attention .first { border-left-color: #f2b35c }
  .attention .first small { color: #f2b35c }
  .urgent .first, .loud { border-left-color: #ff9d94 }
  .urgent .first small { color: #ff9d94 }
  .case a, .case b { color: #9cc4ff }
  .open span, .when, .note, .quiet, pre { color: #a9b1ba }
  .open a { background: #9cc4ff; color: #10233d }
}
"""


def write_digest_html(content: DigestContent) -> str:
    link = (
        f'<p class="open" style="margin:14px 0"><a href="{escape(content.url)}">Open the review page</a>'
        "<span>sign-in; links never act</span></p>"
        if content.url
        else ""
    )
    because = f"<p>{escape(content.because)}</p>" if content.because else ""
    blocks = "".join(_block(block) for block in content.blocks)
    notes = "".join(f'<p class="quiet">{escape(note)}</p>' for note in content.notes)
    return (
        '<!DOCTYPE html><html lang="en-GB"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(content.subject)}</title><style>{_STYLE}</style></head>"
        f'<body><main class="page {content.tone.value}">'
        f'<h1 class="first"><small>{_TONE_WORDS[content.tone]}</small>{escape(content.first_line)}</h1>'
        f"{because}{link}{blocks}{notes}</main></body></html>\n"
    )


def _block(block: Block) -> str:
    entries = "".join(_entry(entry, block.tone) for entry in block.entries)
    lines = "".join(f"<p>{escape(line)}</p>" for line in block.lines)
    code = "\n".join(escape(line) for line in block.code)
    link = f'<p><a href="{escape(block.url)}">Open: {escape(block.url)}</a></p>' if block.url else ""
    return f"<section><h2>{escape(block.title)}</h2>{entries}{lines}{link}{f'<pre>{code}</pre>' if code else ''}</section>"


def _entry(entry: Entry, tone: Tone) -> str:
    name = (
        f'<a href="{escape(entry.url)}">{escape(entry.case_id)}</a>'
        if entry.url
        else f"<b>{escape(entry.case_id)}</b>"
    )
    notes = "".join(f'<span class="note">{escape(note)}</span>' for note in entry.notes)
    loud = " loud" if tone is Tone.URGENT else ""
    return (
        f'<div class="case{loud}"><span class="what">{escape(_capital(entry.what))}</span>'
        f'<span class="when">{name} · {escape(entry.when)}</span>{notes}</div>'
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
