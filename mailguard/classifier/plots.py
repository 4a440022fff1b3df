"""Small line plots as inline SVG: readable on paper and in the dark, no script, nothing remote. Colours come from the page's style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 420, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 14, 40


@dataclass(frozen=True, slots=True)
class Line:
    """``points`` (x, y) in 0..1, drawn in order. ``has_dots``: a dot a point, for few of them."""

    name: str
    points: Sequence[tuple[float, float]]
    has_dots: bool = False


def plot(
    title: str,
    lines: Sequence[Line],
    *,
    across: str,
    up: str,
    mark: float | None = None,
    has_diagonal: bool = False,
    top: float = 1.0,
) -> str:
    """An SVG of lines over 0..1 by 0..`top`; ``mark``: a vertical line, such as the threshold in force."""
    parts = [
        f'<svg class="plot" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">',
        f'<text class="name" x="{_LEFT}" y="10">{escape(title)}</text>',
    ]
    for step in range(6):
        share = step / 5
        parts.append(
            f'<line class="grid" x1="{_x(0)}" y1="{_y(share)}" x2="{_x(1)}" y2="{_y(share)}"/>'
            f'<text class="tick" text-anchor="end" x="{_LEFT - 6}" y="{_y(share) + 4}">{share * top:.3g}</text>'
            f'<text class="tick" text-anchor="middle" x="{_x(share)}" y="{_y(0) + 16}">{share:.1f}</text>'
        )
    parts.append(
        f'<text class="tick" text-anchor="middle" x="{(_x(0) + _x(1)) / 2}" y="{_HEIGHT - 6}">{escape(across)}</text>'
        f'<text class="tick" text-anchor="middle" transform="translate(11 {(_y(0) + _y(1)) / 2}) rotate(-90)">{escape(up)}</text>'
    )
    if has_diagonal:
        parts.append(f'<line class="diagonal" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}"/>')
    if mark is not None:
        parts.append(f'<line class="mark" x1="{_x(mark)}" y1="{_y(0)}" x2="{_x(mark)}" y2="{_y(1)}"/>')
    for number, line in enumerate(lines):
        places = [(_x(x), _y(min(y / top, 1.0))) for x, y in line.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline class="line l{number}" points="{path}"/>')
        if line.has_dots:
            parts.extend(
                f'<circle class="dot l{number}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in places
            )
    parts.append("</svg>")
    names = "".join(
        f'<li><span class="key l{number}"></span>{escape(line.name)}</li>'
        for number, line in enumerate(lines)
    )
    return f'<figure>{"".join(parts)}<figcaption><ul class="keys">{names}</ul></figcaption></figure>'


def _x(share: float) -> float:
    return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)


def _y(share: float) -> float:
    return round(_HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM), 1)
