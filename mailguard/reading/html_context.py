"""What the ancestors and styles of an HTML element say of it: whether words in it can be seen, how deep it is
quoted.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser

from mailguard.reading.bounds import Bounds
from mailguard.reading.css import (
    NO_STYLE,
    Color,
    Sheet,
    Style,
    is_same_color,
    merge,
    read_color,
    read_sheet,
    read_style,
)
from mailguard.reading.elements import (
    PREFORMATTED,
    QUOTE_CLASSES,
    REGION_CLASSES,
    SIGNATURE_CLASSES,
    SIGNATURE_IDS,
    TAIL_CLASSES,
)
from mailguard.reading.lines import Hint


class Context(NamedTuple):
    """What the ancestors say of an element."""

    is_hidden: bool = False
    is_invisible: bool = False
    is_tiny: bool = False
    color: Color | None = None
    background: Color | None = (255, 255, 255)
    depth: int = 0
    hint: Hint = Hint.NONE
    region: int = 0
    is_preformatted: bool = False

    @property
    def hides(self) -> bool:
        return (
            self.is_hidden or self.is_invisible or self.is_tiny or is_same_color(self.color, self.background)
        )


class Styling:
    """One document's styles, asked from the outside in."""

    def __init__(self, sheet: Sheet | None = None) -> None:
        self._sheet = sheet or Sheet()
        self._regions = 0

    @property
    def tags(self) -> Collection[str]:
        """Selectors of the sheet: a tag among them is styled though it has no attributes."""
        return self._sheet.rules.keys()

    def enter(self, tag: str, attributes: dict[str, str | None], context: Context) -> Context:
        style = self._style(tag, attributes)
        is_hidden = context.is_hidden or style.is_hidden or "hidden" in attributes
        region, hint, depth = context.region, context.hint, context.depth
        classes = attributes.get("class") or ""
        identity = (attributes.get("id") or "").lower()
        if tag == "blockquote" and self._is_quotation(attributes, classes, style):
            depth += 1
        if classes or identity:
            if REGION_CLASSES.search(classes):
                self._regions += 1
                region = self._regions
            if "moz-forward-container" in classes:
                hint = Hint.FORWARD
            elif TAIL_CLASSES.search(classes):
                hint = Hint.QUOTE
            elif identity in (
                "divrplyfwdmsg",
                "x_divrplyfwdmsg",
                "olk_src_body_section",
                "mail-editor-reference-message-container",
            ):
                hint = Hint.QUOTE_BELOW
            elif SIGNATURE_CLASSES.search(classes) or identity in SIGNATURE_IDS:
                hint = Hint.SIGNATURE
        color = style.color
        if tag == "font" and attributes.get("color"):
            color = color or read_color(attributes["color"] or "")
        background = style.background
        if background is None and attributes.get("bgcolor"):
            background = read_color(attributes["bgcolor"] or "")
        if attributes.get("background"):
            background = (-1, -1, -1)
        is_tiny = context.is_tiny if style.is_tiny is None else style.is_tiny
        if tag == "font" and (attributes.get("size") or "") == "0":
            is_tiny = True
        return Context(
            is_hidden=is_hidden,
            is_invisible=context.is_invisible if style.is_invisible is None else style.is_invisible,
            is_tiny=is_tiny,
            color=color or context.color,
            background=background or context.background,
            depth=depth,
            hint=hint,
            region=region,
            is_preformatted=(
                (context.is_preformatted or tag in PREFORMATTED)
                if style.is_preformatted is None
                else style.is_preformatted
            ),
        )

    def _style(self, tag: str, attributes: dict[str, str | None]) -> Style:
        inline = attributes.get("style")
        style = read_style(inline) if inline and len(inline) <= 2_000 else NO_STYLE
        rules = self._sheet.rules
        if rules:
            sheet = rules.get(tag, NO_STYLE)
            names = (attributes.get("class") or "").split()[:20]
            for name in names:
                sheet = merge(sheet, rules.get("." + name, NO_STYLE))
            if attributes.get("id"):
                sheet = merge(sheet, rules.get(f"#{attributes['id']}", NO_STYLE))
            style = merge(sheet, style)
            if self._sheet.shown.intersection(names):
                style = merge(style, Style(is_shown=True, is_invisible=False, is_tiny=False))
        return style

    @staticmethod
    def _is_quotation(attributes: dict[str, str | None], classes: str, style: Style) -> bool:
        # A plain blockquote is only an indentation (the indent button of many programs makes one).
        return (
            (attributes.get("type") or "").lower() == "cite"
            or bool(QUOTE_CLASSES.search(classes))
            or style.has_left_border
        )


def sheet_of(tree: LexborHTMLParser, bounds: Bounds) -> Sheet:
    """The rules of a document's style elements."""
    sheets = [node.text(deep=True) for node in tree.css("style")[:20]]
    return read_sheet("\n".join(sheets)[: bounds.style_chars])
