"""HTML elements by what they do to text, and the class names by which mail programs mark old mail and
signatures.
"""

from __future__ import annotations

import re

BLOCKS = frozenset(
    {
        "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details",
        "dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form",
        "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "legend", "li", "main", "menu", "nav",
        "ol", "option", "p", "pre", "section", "summary", "table", "tbody", "tfoot", "thead", "tr",
        "ul", "iframe", "frameset", "frame", "html", "optgroup", "search",
    }
)  # fmt: skip
CELLS = frozenset({"td", "th"})
SKIPPED = frozenset(
    {
        "script", "style", "head", "title", "template", "meta", "link", "base", "datalist", "audio",
        "video",
    }
)  # fmt: skip
PREFORMATTED = frozenset({"pre", "textarea", "listing", "plaintext", "xmp"})
OPTIONAL_END = frozenset({"p", "li", "dd", "dt", "option"})
VOID = frozenset(
    {
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
        "track", "wbr",
    }
)  # fmt: skip
QUOTE_CLASSES = re.compile(
    r"\b(?:gmail_quote|yahoo_quoted|protonmail_quote|zmail_extra|moz-cite|quote|cite|reply)", re.I
)
TAIL_CLASSES = re.compile(
    r"\b(?:yahoo_quoted|protonmail_quote|tutanota_quote|OutlookMessageHeader|x_yahoo_quoted)\b", re.I
)
REGION_CLASSES = re.compile(
    r"\b(?:gmail_quote(?:_container)?|moz-forward-container|yahoo_quoted|protonmail_quote|zmail_extra)\b"
)
SIGNATURE_CLASSES = re.compile(
    r"\b(?:gmail_signature|moz-signature|protonmail_signature_block|tutanota_signature)\b", re.I
)
SIGNATURE_IDS = frozenset(
    {"signature", "x_signature", "ms-outlook-mobile-signature", "applemailsignature", "mail-editor-signature"}
)
