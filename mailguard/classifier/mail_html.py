"""A text as the HTML of one mail program or another: the words stay, the tags around them are those that programs write."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from html import escape

LINK = re.compile(r"https?://[^\s<>]+|\b(?:[\w-]+\.)+(?:com|gg|org|net|example|test)/[^\s<>]+")
_TRAILING = ".,;:!?)'\"*"
Rewrite = Callable[[str], str]


def linked(line: str, rewrite: Rewrite) -> str:
    """One line escaped, its addresses behind anchors that lead where ``rewrite`` says."""
    if "/" not in line:
        return escape(line, quote=False)
    pieces: list[str] = []
    place = 0
    for found in LINK.finditer(line):
        shown = found.group().rstrip(_TRAILING)
        end = found.start() + len(shown)
        target = escape(rewrite(shown if "://" in shown else f"http://{shown}"))
        pieces.append(escape(line[place : found.start()], quote=False))
        pieces.append(f'<a href="{target}">{escape(shown, quote=False)}</a>')
        place = end
    pieces.append(escape(line[place:], quote=False))
    return "".join(pieces)


def outlook_html(text: str, rewrite: Rewrite) -> str:
    lines = text.split("\n")
    return "\n".join(
        f'<p class="MsoNormal"><span style="font-size:11.0pt">{linked(line, rewrite)}<o:p></o:p></span></p>'
        if line.strip()
        else '<p class="MsoNormal"><o:p>&nbsp;</o:p></p>'
        for line in lines
    )


def outlook_web_html(text: str, rewrite: Rewrite) -> str:
    return "\n".join(
        '<div style="font-family: Aptos, Calibri, Helvetica, sans-serif; font-size: 12pt; color: rgb(0, 0, 0);" '
        f'class="elementToProof">{linked(line, rewrite) if line.strip() else "<br>"}</div>'
        for line in text.split("\n")
    )


def gmail_html(text: str, rewrite: Rewrite) -> str:
    lines = [linked(line, rewrite) for line in text.split("\n")]
    rest = "".join(f"<div>{line if line.strip() else '<br>'}</div>" for line in lines[1:])
    return f'<div dir="ltr">{lines[0]}{rest}</div>'


def phone_html(text: str, rewrite: Rewrite) -> str:
    return "".join(
        f'<div dir="auto">{linked(line, rewrite) if line.strip() else "<br>"}</div>'
        for line in text.split("\n")
    )


def apple_html(text: str, rewrite: Rewrite) -> str:
    lines = [linked(line, rewrite) for line in text.split("\n")]
    return "<br>".join(lines)


def paragraphs_html(text: str, rewrite: Rewrite) -> str:
    return "\n".join(
        f"<p>{'<br>'.join(linked(line, rewrite) for line in part.split(chr(10)))}</p>"
        for part in re.split(r"\n{2,}", text)
    )


def table_html(text: str, rewrite: Rewrite) -> str:
    """As services and newsletters lay out a text: a table within a table, a cell for each paragraph."""
    rows = "\n".join(
        '<tr><td style="padding:8px 24px;font-family:Arial,sans-serif;font-size:14px;line-height:20px;color:#333333" '
        f'align="left">{"<br>".join(linked(line, rewrite) for line in part.split(chr(10)))}</td></tr>'
        for part in re.split(r"\n{2,}", text)
    )
    return (
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" bgcolor="#f4f4f4"><tr><td align="center">'
        f'<table width="600" cellpadding="0" cellspacing="0" bgcolor="#ffffff">{rows}</table></td></tr></table>'
    )


LAYOUTS: Mapping[str, Callable[[str, Rewrite], str]] = {
    "outlook": outlook_html,
    "outlook-web": outlook_web_html,
    "gmail": gmail_html,
    "phone": phone_html,
    "apple": apple_html,
    "paragraphs": paragraphs_html,
    "table": table_html,
}

_HEADS = (
    '<html><head><meta http-equiv="Content-Type" content="text/html"></head><body>{body}</body></html>',
    '<!DOCTYPE html><html><head><meta name="viewport" content="width=device-width"><title></title></head>'
    '<body style="margin:0;padding:0">{body}</body></html>',
    '<html><body dir="auto">{body}</body></html>',
    "{body}",
    '<div style="font-family:Verdana;font-size:12px">{body}</div>',
)
_OUTLOOK_HEAD = (
    '<html xmlns:o="urn:schemas-microsoft-com:office:office" xmlns="http://www.w3.org/TR/REC-html40"><head>'
    '<meta name="Generator" content="Microsoft Word 15"><style><!--\np.MsoNormal, li.MsoNormal\n\t{{margin:0cm;\n\t'
    'font-size:11.0pt;}}\n--></style></head><body lang="EN-GB" link="#0563C1"><div class="WordSection1">{body}</div>'
    "</body></html>"
)


def document(body: str, layout: str, rng: random.Random) -> str:
    """`body` within the document that a program writes."""
    frame = _OUTLOOK_HEAD if layout == "outlook" else rng.choice(_HEADS)
    return frame.format(body=body)


def banner_html(banner: str, rng: random.Random) -> str:
    words = escape(banner, quote=False)
    return rng.choice(
        (
            f'<table cellspacing="0" style="background:#FFEB9C;border:1px solid #9C6500"><tr><td>{words}</td></tr></table><br>',
            f'<div style="background-color:#FFEB9C; width:100%; border-style: solid; padding:2pt"><b>{words}</b></div><br>',
            f'<p style="color:#C00000"><strong>{words}</strong></p>',
        )
    )
