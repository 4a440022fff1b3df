"""HTML to the lines that a reader sees, and apart from them the words that are there and cannot be seen.

selectolax's lexbor builds the tree as a browser would; the walk is our own and iterative. Inline tags do not
split words, block tags do. What is too deep or too tangled for the parser (its time grows with the square) is
read by a plain scan that hides nothing: words may then count as seen that are not, never the other way round.
"""

from __future__ import annotations

import html as entities
import re
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from mailguard.reading.bounds import Bounds
from mailguard.reading.elements import (
    BLOCKS,
    CELLS,
    PREFORMATTED,
    SKIPPED,
)
from mailguard.reading.html_context import Context, Styling, sheet_of
from mailguard.reading.html_scan import RENAMED, is_tangled, scan, without_formatting
from mailguard.reading.lines import Line

_WORDS = re.compile(r"\w{2,}")


@dataclass(slots=True, eq=False)
class _Anchor:
    href: str
    context: Context
    pieces: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Rendering:
    """``hidden_links`` are (href, text) behind what cannot be seen."""

    lines: list[Line] = field(default_factory=list)
    hidden: str = ""
    hidden_links: list[tuple[str, str]] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)


def render(source: str, bounds: Bounds) -> Rendering:
    """Lines and hidden words of an HTML document. Never raises; linear in practice, bounded by ``bounds``."""
    rendering = Rendering()
    rest = ""
    if len(source) > bounds.html_chars:
        source, rest = source[: bounds.html_chars], source[bounds.html_chars :]
        rendering.defects.append("html-cut")
    if is_tangled(source, bounds):
        rendering.defects.append("html-too-deep")
        rendering.lines.extend(scan(source, bounds))
    else:
        try:
            _Walk(source, rendering, bounds).run()
        except SelectolaxError:
            rendering.defects.append("html-broken")
            rendering.lines.extend(scan(source, bounds))
    if rest:
        rendering.lines.extend(scan(rest, bounds))
    return rendering


class _Walk:
    """One document order walk with a stack of our own."""

    def __init__(self, source: str, rendering: Rendering, bounds: Bounds) -> None:
        self._tree = LexborHTMLParser(without_formatting(source, bounds))
        self._bounds = bounds
        self._out = rendering
        self._styling = Styling()
        self._text: list[str] = []
        self._has_words = False
        self._context = Context()
        self._links: list[tuple[str, str]] = []
        self._hidden: list[str] = []
        if "<style" in source or "<STYLE" in source or "<Style" in source:
            self._styling = Styling(sheet_of(self._tree, bounds))

    def run(self) -> None:
        node: LexborNode | None = self._tree.root
        context = Context()
        # What is open: the next sibling, the context of the parent, the tag, and the anchor if it is one.
        stack: list[tuple[LexborNode | None, Context, str, _Anchor | None]] = []
        anchors: list[_Anchor] = []
        visited = 0
        while True:
            if node is None:
                if not stack:
                    break
                node, context, tag, anchor = stack.pop()
                if anchor is not None:
                    anchors.remove(anchor)
                    self._close_anchor(anchor)
                if tag in BLOCKS:
                    self._flush()
                elif tag in CELLS:
                    self._text.append("\t")
                continue
            visited += 1
            if visited > self._bounds.html_nodes:
                self._out.defects.append("html-cut")
                break
            tag = (node.tag or "").removeprefix(RENAMED)
            if tag == "-text":
                self._words(node.text_content or "", context, anchors)
                node = node.next
                continue
            if tag[:1] in ("-", "!") or tag in SKIPPED:
                if tag == "-comment":
                    self._comment(node)
                node = node.next
                continue
            attributes = node.attributes
            inner = (
                self._styling.enter(tag, attributes, context)
                if attributes or tag in PREFORMATTED or tag in self._styling.tags
                else context
            )
            anchor = None
            if tag in BLOCKS:
                self._flush()
            elif tag == "br":
                self._flush(is_break=True)
            elif tag == "a" or tag == "area":
                href = attributes.get("href") or ""
                if href:
                    anchor = _Anchor(href, inner)
                    anchors.append(anchor)
            elif tag == "img":
                self._words(f" {attributes.get('alt')} " if attributes.get("alt") else "", inner, anchors)
            elif tag == "input":
                kind = (attributes.get("type") or "text").lower()
                if kind != "hidden" and attributes.get("value"):
                    self._words(f" {attributes['value']} ", inner, anchors)
            elif tag == "form" and attributes.get("action"):
                self._links.append((attributes["action"] or "", ""))
            child = node.child
            stack.append((node.next, context, tag, anchor))
            node, context = child, inner
        for open_anchor in anchors:
            self._close_anchor(open_anchor)
        self._flush()
        self._out.hidden = "\n".join(
            line for piece in "".join(self._hidden).split("\n") if (line := " ".join(piece.split()))
        )

    def _words(self, text: str, context: Context, anchors: list[_Anchor]) -> None:
        if not text:
            return
        is_hidden = context.hides
        if anchors and (not is_hidden or anchors[-1].context.hides):
            anchors[-1].pieces.append(text)
        if is_hidden:
            self._hidden.append(text)
            return
        if not self._has_words:
            if text.isspace() and not context.is_preformatted:
                return
            self._context, self._has_words = context, True
        if not context.is_preformatted or "\n" not in text:
            self._text.append(text)
            return
        for number, piece in enumerate(text.split("\n")):
            if number:
                self._flush(is_break=True)
                self._context, self._has_words = context, True
            self._text.append(piece)

    def _comment(self, node: LexborNode) -> None:
        # Outlook for Windows shows what stands in "[if mso]"; others do not.
        content = node.comment_content or ""
        if content[:40].lower().lstrip().startswith("[if") and "!mso" not in content[:40]:
            words = re.sub(
                r"<[^<>]{0,2000}>|<!\[endif\]", " ", content[content.find("]") + 1 :][:20_000].lstrip(">")
            )
            if _WORDS.search(words):
                self._hidden.append(f"\n{entities.unescape(words)}\n")

    def _close_anchor(self, anchor: _Anchor) -> None:
        link = (anchor.href, " ".join("".join(anchor.pieces).split()))
        if anchor.context.hides:
            self._out.hidden_links.append(link)
        else:
            self._links.append(link)

    def _flush(self, *, is_break: bool = False) -> None:
        if self._hidden and self._hidden[-1] != "\n":
            self._hidden.append("\n")
        text = " ".join("".join(self._text).split()) if self._text else ""
        context = self._context
        if text or self._links or (is_break and self._out.lines and self._out.lines[-1].text):
            self._out.lines.append(
                Line(
                    text,
                    depth=context.depth,
                    hint=context.hint,
                    region=context.region,
                    is_paragraph=not is_break,
                    links=self._links,
                )
            )
            self._links = []
        self._text = []
        self._has_words = False
