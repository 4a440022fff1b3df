"""What style sheets and style attributes say about whether words can be seen."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

_ESCAPED = re.compile(r"\\([0-9a-fA-F]{1,6})[ \t\r\n]?|\\(.)", re.DOTALL)
_LENGTH = re.compile(
    r"([+-]?(?:\d{1,6}(?:\.\d{0,6})?|\.\d{1,6}))\s*(px|pt|em|rem|ex|ch|%|cm|mm|in|pc|vh|vw)?"
)
_RGB = re.compile(
    r"rgba?\(\s*(\d{1,3})%?[\s,]+(\d{1,3})%?[\s,]+(\d{1,3})%?\s*(?:[,/]\s*([\d.]{1,8})(%?))?\s*\)"
)
_SELECTOR = re.compile(r"([a-zA-Z][a-zA-Z0-9]*)?(?:([.#])([A-Za-z0-9_-]{1,80}))?")
_CLASS = re.compile(r"[.#]([A-Za-z0-9_-]{1,80})")
_RELEVANT = re.compile(
    r"display|visib|opacity|font|colou?r|background|height|width|indent|position|clip|transform|mso-hide|"
    r"white-space|border"
)
_PIXELS = {
    "px": 1.0, "": 1.0, "pt": 4 / 3, "em": 16.0, "rem": 16.0, "ex": 8.0, "ch": 8.0,
    "%": 0.16, "cm": 37.8, "mm": 3.78, "in": 96.0, "pc": 16.0, "vh": 8.0, "vw": 8.0,
}  # fmt: skip
_NAMED = {
    "white": (255, 255, 255), "black": (0, 0, 0), "red": (255, 0, 0), "green": (0, 128, 0),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0), "gray": (128, 128, 128), "grey": (128, 128, 128), "silver": (192, 192, 192),
    "navy": (0, 0, 128), "maroon": (128, 0, 0), "purple": (128, 0, 128), "teal": (0, 128, 128),
    "lime": (0, 255, 0),
    "aqua": (0, 255, 255), "cyan": (0, 255, 255), "fuchsia": (255, 0, 255), "magenta": (255, 0, 255),
    "olive": (128, 128, 0), "orange": (255, 165, 0), "snow": (255, 250, 250), "ivory": (255, 255, 240),
    "whitesmoke": (245, 245, 245), "ghostwhite": (248, 248, 255), "floralwhite": (255, 250, 240),
    "lightgray": (211, 211, 211), "lightgrey": (211, 211, 211), "darkgray": (169, 169, 169),
    "darkgrey": (169, 169, 169),
}  # fmt: skip
_TINY_PIXELS = 2.0
_AWAY_PIXELS = -400.0

Color = tuple[int, int, int]
UNKNOWN_BACKGROUND = (-1, -1, -1)  # a picture or gradient: nothing can be said of what stands on it
TRANSPARENT = (-2, -2, -2)


@dataclass(frozen=True, slots=True)
class Style:
    """``is_hidden`` cannot be undone by a descendant; the other fields are inherited and None where nothing
    is said.
    """

    is_hidden: bool = False
    is_shown: bool = False  # display other than none
    is_invisible: bool | None = None
    is_tiny: bool | None = None
    color: Color | None = None
    background: Color | None = None
    is_preformatted: bool | None = None
    has_left_border: bool = False


NO_STYLE = Style()


@dataclass(slots=True)
class Sheet:
    """Rules with one simple selector; a name that any rule could show again is never hidden by its class
    alone.
    """

    rules: dict[str, Style] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)


@lru_cache(maxsize=2048)
def read_style(declarations: str) -> Style:
    """The effect of a style attribute or of a rule's declarations."""
    declarations = _normal(declarations)
    if not _RELEVANT.search(declarations):
        return NO_STYLE
    values: dict[str, str] = {}
    for declaration in declarations.split(";"):
        name, colon, value = declaration.partition(":")
        if colon:
            values[name.strip()] = value.replace("!important", "").strip()
    return _style_of(values)


def _style_of(values: dict[str, str]) -> Style:
    get = values.get
    display = get("display", "")
    font_size = pixels(get("font-size", "")) if "font-size" in values else _shorthand_size(get("font", ""))
    visibility = get("visibility", "")
    white_space = get("white-space", "")
    return Style(
        is_hidden=display == "none" or _is_cut_away(values),
        is_shown=bool(display) and display != "none",
        is_invisible=visibility in ("hidden", "collapse") if visibility else None,
        is_tiny=font_size < _TINY_PIXELS if font_size is not None else None,
        color=read_color(get("color", "") or get("-webkit-text-fill-color", "")),
        background=_background(values),
        is_preformatted=white_space.startswith(("pre", "break-spaces")) if white_space else None,
        has_left_border=_has_left_border(values),
    )


def _is_cut_away(values: dict[str, str]) -> bool:
    get = values.get
    if get("mso-hide", "") == "all" or get("content-visibility", "") == "hidden":
        return True
    opacity = _number(get("opacity", ""))
    if opacity is not None and opacity <= (5 if get("opacity", "").endswith("%") else 0.05):
        return True
    if "filter" in values and re.search(r"opacity\s*[(=]\s*0*(?:\.0+)?\s*%?\)", get("filter", "")):
        return True
    max_height, max_width = pixels(get("max-height", "")), pixels(get("max-width", ""))
    if (max_height is not None and max_height <= _TINY_PIXELS) or (max_width is not None and max_width < 1):
        return True
    if get("overflow", "") in ("hidden", "clip"):
        height, width = pixels(get("height", "")), pixels(get("width", ""))
        if (height is not None and height <= _TINY_PIXELS) or (width is not None and width < 1):
            return True
    indent = pixels(get("text-indent", ""))
    if indent is not None and indent <= _AWAY_PIXELS:
        return True
    if get("position", "") in ("absolute", "fixed"):
        for side in ("left", "top", "right", "bottom"):
            offset = pixels(get(side, ""))
            if offset is not None and offset <= _AWAY_PIXELS:
                return True
        if re.search(r"rect\(\s*0", get("clip", "")):
            return True
    if re.search(r"scale[xy]?\(\s*0(?:\.0+)?\s*[,)]", get("transform", "")):
        return True
    return bool(re.search(r"inset\(\s*(?:50|100)%|circle\(\s*0", get("clip-path", "")))


def _has_left_border(values: dict[str, str]) -> bool:
    border = values.get("border-left", "") or values.get("border-left-width", "")
    if not border:
        style = values.get("border-left-style", "") or values.get("border-style", "")
        border = style.split()[-1] if style else ""
    return bool(border) and not border.startswith(("none", "0", "medium none", "initial"))


def _background(values: dict[str, str]) -> Color | None:
    image = values.get("background-image", "")
    shorthand = values.get("background", "")
    if ("url(" in shorthand or "gradient" in shorthand) or (image and image != "none"):
        return UNKNOWN_BACKGROUND
    color = values.get("background-color", "") or shorthand
    if not color:
        return None
    found = read_color(color) or next((known for word in color.split() if (known := read_color(word))), None)
    if found == TRANSPARENT:
        return None
    return found or UNKNOWN_BACKGROUND


@lru_cache(maxsize=2048)
def read_color(value: str) -> Color | None:
    """A colour, TRANSPARENT, or None when it is not known."""
    value = value.strip().lower()
    if not value:
        return None
    if value == "transparent":
        return TRANSPARENT
    if value in _NAMED:
        return _NAMED[value]
    digits = value[1:] if value.startswith("#") else value
    if re.fullmatch(r"[0-9a-f]{3,8}", digits):
        if len(digits) in (3, 4):
            digits = "".join(digit * 2 for digit in digits)
        if len(digits) in (6, 8):
            if len(digits) == 8 and digits[6:] <= "0d":
                return TRANSPARENT
            return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)
    match = _RGB.search(value)
    if match:
        alpha = _number(match.group(4) or "")
        if alpha is not None and alpha <= (5 if match.group(5) else 0.05):
            return TRANSPARENT
        return min(int(match.group(1)), 255), min(int(match.group(2)), 255), min(int(match.group(3)), 255)
    return None


def is_same_color(color: Color | None, background: Color | None) -> bool:
    """True when words in ``color`` cannot be told from ``background``."""
    if color == TRANSPARENT:
        return True
    if color is None or background is None or background == UNKNOWN_BACKGROUND:
        return False
    return all(abs(one - other) <= 8 for one, other in zip(color, background, strict=True))


def pixels(value: str) -> float | None:
    """A CSS length in pixels, roughly; None when it is none."""
    match = _LENGTH.match(value)
    return float(match.group(1)) * _PIXELS[match.group(2) or ""] if match else None


def _number(value: str) -> float | None:
    match = re.match(r"[+-]?(?:\d{1,6}(?:\.\d{0,6})?|\.\d{1,6})", value)
    return float(match.group()) if match else None


def _shorthand_size(value: str) -> float | None:
    for word in value.split()[:6]:
        size = _LENGTH.match(word)
        if size and (size.group(2) or word.partition("/")[0] == "0"):
            return pixels(word)
    return None


def _normal(text: str) -> str:
    text = _without_comments(text)
    if "\\" in text:
        text = _ESCAPED.sub(_unescaped, text)
    return text.lower()


def _unescaped(match: re.Match[str]) -> str:
    if match.group(1):
        code = int(match.group(1), 16)
        return chr(code) if 0 < code < 0xD800 else ""
    return match.group(2)


def read_sheet(text: str) -> Sheet:
    """Rules outside at-rules whose selector is a type, a class or an id; at-rules only tell what may be shown
    again.
    """
    sheet = Sheet()
    for selectors, declarations, is_nested in _rules(text.replace("<!--", " ").replace("-->", " ")):
        style = read_style(declarations.strip())
        shows = style.is_shown or style.is_invisible is False or style.is_tiny is False
        if shows and (is_nested or "important" in declarations):
            sheet.shown.update(_CLASS.findall(selectors))
        if is_nested:
            continue
        for selector in selectors.split(",")[:50]:
            match = _SELECTOR.fullmatch(selector.strip())
            if match and match.group():
                key = f"{match.group(2)}{match.group(3)}" if match.group(2) else match.group(1).lower()
                sheet.rules[key] = merge(sheet.rules.get(key, NO_STYLE), style)
    return sheet


def _rules(text: str) -> list[tuple[str, str, bool]]:
    """(selectors, declarations, inside an at-rule) in order; one pass over the braces."""
    found: list[tuple[str, str, bool]] = []
    text = _without_comments(text)
    depth, at = 0, 0
    prelude = ""
    for match in re.finditer(r"[{}]", text):
        piece = text[at : match.start()]
        at = match.end()
        if match.group() == "{":
            prelude = piece.rpartition(";")[2].strip()
            if prelude.startswith("@") or depth:
                depth += prelude.startswith("@")
        elif prelude and not prelude.startswith("@"):
            found.append((prelude, piece, depth > 0))
            prelude = ""
        else:
            depth = max(0, depth - 1)
            prelude = ""
    return found[:5_000]


def _without_comments(text: str) -> str:
    opening = text.find("/*")
    if opening < 0:
        return text
    kept, at = [], 0
    while opening >= 0:
        kept.append(text[at:opening])
        closing = text.find("*/", opening + 2)
        at = len(text) if closing < 0 else closing + 2
        opening = text.find("/*", at)
    kept.append(text[at:])
    return " ".join(kept)


def merge(under: Style, over: Style) -> Style:
    """``over`` applied after ``under``."""
    if under is NO_STYLE:
        return over
    if over is NO_STYLE:
        return under
    return Style(
        is_hidden=over.is_hidden or (under.is_hidden and not over.is_shown),
        is_shown=over.is_shown or (under.is_shown and not over.is_hidden),
        is_invisible=under.is_invisible if over.is_invisible is None else over.is_invisible,
        is_tiny=under.is_tiny if over.is_tiny is None else over.is_tiny,
        color=over.color or under.color,
        background=over.background or under.background,
        is_preformatted=under.is_preformatted if over.is_preformatted is None else over.is_preformatted,
        has_left_border=over.has_left_border or under.has_left_border,
    )
