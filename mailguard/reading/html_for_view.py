"""HTML made ready for a view without the sender's styles, pictures and links: what those did is said in words.

Without its styles a hidden passage would look like any other, as if the recipient had read it: it is marked. A
picture becomes its description and its words; behind a link stands where it leads, as words; of a form's fields and of a
formula the words are left.
SECURITY: this removes nothing that acts; whoever shows the result sanitises it (``app.safe_html``).
"""

from __future__ import annotations

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from mailguard.domain.defanging import defanged, without_marks
from mailguard.reading.bounds import DEFAULT_BOUNDS, Bounds
from mailguard.reading.elements import PREFORMATTED, SKIPPED
from mailguard.reading.html_context import Context, Styling, sheet_of
from mailguard.reading.html_scan import is_tangled

HIDDEN, SHOWN = "hidden", "shown"
_PICTURES = frozenset({"img", "picture", "svg", "canvas", "video", "audio", "object", "embed", "iframe"})
# What they hold is words only; as elements other parsers read them by rules of their own.
_FIELDS = frozenset({"textarea", "select", "math", "noscript"})
_COMMENTS = frozenset({"-comment", "_comment"})
_DESCRIPTION = 200
_MOST_WORDS = 5000  # characters of one field or picture


def html_for_view(source: str, attribute: str, bounds: Bounds = DEFAULT_BOUNDS) -> str | None:
    """The document with ``attribute`` = "hidden" on elements whose words cannot be seen, "shown" where they can
    be again inside of one, and nowhere else.

    None when it is too tangled to be parsed in bounded time.
    """
    source = source[: bounds.html_chars]
    if is_tangled(source, bounds):
        return None
    try:
        tree = LexborHTMLParser(source)
        styling = Styling(sheet_of(tree, bounds))
        pending: list[tuple[LexborNode | None, Context]] = [(tree.root, Context())]
        visited = 0
        while pending:
            node, context = pending.pop()
            while node is not None:
                visited += 1
                if visited > bounds.html_nodes:
                    return None
                following, tag = node.next, node.tag or ""
                if tag in _PICTURES:
                    node.replace_with(_in_words(node, tag))
                elif tag in _FIELDS:
                    inner = _entered(node, tag, context, styling)
                    node.replace_with(_field_words(node, is_hidden=inner.hides and not context.hides))
                elif tag in SKIPPED or tag in _COMMENTS:
                    # Another parser may end a style or a comment elsewhere, and swallow words after it.
                    node.decompose()
                elif tag[:1] not in ("-", "!"):
                    inner = _entered(node, tag, context, styling)
                    _mark(node, attribute, context, inner)
                    pending.append((node.child, inner))
                    if tag == "a" and node.attributes.get("href"):
                        node.insert_after(f" [link to {defanged(node.attributes['href'] or '')}] ")
                node = following
        return tree.html
    except SelectolaxError:
        return None


def _entered(node: LexborNode, tag: str, context: Context, styling: Styling) -> Context:
    attributes = node.attributes
    if attributes or tag in PREFORMATTED or tag in styling.tags:
        return styling.enter(tag, attributes, context)
    return context


def _mark(node: LexborNode, attribute: str, context: Context, inner: Context) -> None:
    if attribute in node.attributes:
        del node.attrs[attribute]
    if inner.hides != context.hides:
        node.attrs[attribute] = HIDDEN if inner.hides else SHOWN


def _in_words(node: LexborNode, tag: str) -> str:
    kind = "picture" if tag in ("img", "picture", "svg", "canvas") else "embedded content"
    description = without_marks(" ".join((node.attributes.get("alt") or "").split()))[:_DESCRIPTION]
    told = " ".join(filter(None, (description, _words(node))))
    return f" [{kind}: {told}] " if told else f" [{kind}] "


def _field_words(node: LexborNode, *, is_hidden: bool) -> str:
    words = _words(node)
    return f" [hidden from a reader: {words}] " if words and is_hidden else f" {words} "


def _words(node: LexborNode) -> str:
    """What is written inside, but for what acts."""
    for acting in node.css(", ".join(sorted(SKIPPED - {"title"}))):
        acting.decompose()
    words = without_marks(" ".join(node.text(separator=" ").split()))
    return words if len(words) <= _MOST_WORDS else f"{words[:_MOST_WORDS]} [and more]"
