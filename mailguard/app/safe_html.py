"""The formatted view of a hostile message: a whole document in which nothing can act, load or hide.

SECURITY: three walls, each enough by itself: only the tags and attributes named here survive; the document's own
policy forbids everything but its one style; the browser sandboxes it (no script, no form, no origin). There is no
``style``, ``class``, ``href`` or ``src`` in it at all.
"""

from __future__ import annotations

import base64
import hashlib
import html
from dataclasses import dataclass

import nh3

from mailguard.domain.defanging import visible
from mailguard.reading.html_for_view import HIDDEN, SHOWN, html_for_view

MARK = "data-mailguard"
_TAGS = {
    "a", "b", "blockquote", "br", "center", "code", "dd", "del", "div", "dl", "dt", "em", "h1", "h2", "h3",
    "h4", "h5", "h6", "hr", "i", "ins", "li", "ol", "p", "pre", "s", "small", "span", "strike", "strong",
    "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul",
}  # fmt: skip
# Under "*": without it the library would let "title" and "lang" through everywhere.
_ATTRIBUTES = {"*": {MARK}, "td": {"colspan"}, "th": {"colspan"}}
_WITHOUT_CONTENT = {"script", "style", "title", "head", "template", "noscript", "textarea", "select", "math"}
STYLE = f"""
html {{ color-scheme: light dark; }}
body {{ font: 1rem/1.5 system-ui, sans-serif; margin: .75rem; overflow-wrap: anywhere; unicode-bidi: plaintext; }}
td, th {{ padding: .1rem .4rem; text-align: start; vertical-align: top; }}
pre {{ white-space: pre-wrap; }}
blockquote {{ margin: .5rem 0; padding-inline-start: .75rem; border-inline-start: .2rem solid #888; }}
[{MARK}="{HIDDEN}"] {{ outline: .15rem dashed #b35900; background: #b3590022; }}
[{MARK}="{HIDDEN}"]::before {{ content: "[hidden from a reader:] "; font-weight: bold; }}
[{MARK}="{SHOWN}"]::before {{ content: "[visible again:] "; font-weight: bold; }}
mark {{ background: #ffd54f; color: #000; font-family: monospace; }}
"""
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox"
)


@dataclass(frozen=True, slots=True)
class SafeDocument:
    """``is_shown`` False: it was too tangled to be shown safely, and the document says so."""

    html: str
    is_shown: bool


def safe_document(source: str) -> SafeDocument:
    """A complete HTML document to be served with ``CONTENT_SECURITY_POLICY``. Never raises."""
    prepared = html_for_view(source, MARK)
    if prepared is None:
        words = "This message's layout is too tangled to be shown safely. Its words stand in the text view."
        return SafeDocument(html=_document(f"<p>{words}</p>"), is_shown=False)
    cleaned = nh3.clean(
        prepared,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        clean_content_tags=_WITHOUT_CONTENT,
        url_schemes=set(),
        link_rel=None,
        strip_comments=True,
    )
    return SafeDocument(html=_document(_named_marks(cleaned)), is_shown=True)


def _named_marks(cleaned: str) -> str:
    """Direction marks and invisible characters by name: they could turn a name or a link round."""
    return "".join(
        f"<mark>[{html.escape(piece.text)}]</mark>" if piece.is_mark else piece.text
        for piece in visible(cleaned)
    )


def _document(body: str) -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>The message as formatted</title>'
        f"<style>{STYLE}</style></head><body>{body}</body></html>"
    )
