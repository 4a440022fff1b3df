"""Bar charts as SVG pictures: drawn here, shown by an <img>, so that nothing in them can run or load anything.

A picture is no way to read numbers: every chart stands beside a table of the same.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import tostring

import pygal
from pygal.style import Style

WIDTH, HEIGHT = 480, 260
_STYLE = Style(
    background="transparent",
    plot_background="transparent",
    foreground="#4a565f",
    foreground_strong="#1c252c",
    foreground_subtle="#d9d8d2",
    colors=("#14545c", "#d08a1d", "#7a8c94"),
    font_family="system-ui, sans-serif",
    label_font_size=14,
    major_label_font_size=14,
    legend_font_size=14,
    # A change of scheme that fades would stand still in a picture.
    transition="none",
    opacity="1",
    opacity_hover="1",
)
# In the picture, because the page's style does not reach into it.
_DARK = """inline:
@media (prefers-color-scheme: dark) {
  .pygal-chart .axis text, .pygal-chart .legend text { fill: #b6c2c8 !important }
  .pygal-chart .axis path { stroke: #4a565f !important }
  .pygal-chart .color-0 { fill: #8fd3d8 !important; stroke: #8fd3d8 !important }
  .pygal-chart .color-1 { fill: #f2b35c !important; stroke: #f2b35c !important }
  .pygal-chart .color-2 { fill: #9aa7af !important; stroke: #9aa7af !important }
}
"""
_TICKS = 4
_SCRIPT = "{http://www.w3.org/2000/svg}script"


def stacked_bars(
    labels: Sequence[str], series: Mapping[str, Sequence[int]], *, shown_labels: Sequence[str] | None = None
) -> bytes:
    """An SVG document. ``series``: name → a number for each label. ``shown_labels``: those with room at the axis."""
    chart = pygal.StackedBar(
        width=WIDTH,
        height=HEIGHT,
        style=_STYLE,
        css=["file://style.css", "file://graph.css", _DARK],
        js=(),
        legend_at_bottom=True,
        legend_at_bottom_columns=len(series),
        legend_box_size=12,
        show_minor_x_labels=shown_labels is None,
        x_labels_major=list(shown_labels) if shown_labels is not None else None,
        x_label_rotation=0,
        truncate_label=-1,
        truncate_legend=-1,
        show_legend=len(series) > 1,
        margin=6,
        margin_right=24,
        spacing=8,
        print_values=False,
        tooltip_fancy_mode=False,
        value_formatter=lambda value: f"{value:,.0f}",
    )
    chart.x_labels = list(labels)
    chart.y_labels = _ticks(max(map(sum, zip(*series.values(), strict=True)), default=0))
    for name, numbers in series.items():
        chart.add(name, list(numbers))
    tree = chart.render_tree()
    for parent in list(tree.iter()):
        for child in [each for each in parent if str(each.tag) in {_SCRIPT, "script"}]:
            parent.remove(child)
    return bytes(tostring(tree))


def _ticks(highest: int) -> list[int]:
    """From 0 to the highest or just above it, in steps that people count in."""
    step, growth = 1, 0
    while step * _TICKS < highest:
        growth += 1
        step = (1, 2, 5)[growth % 3] * 10 ** (growth // 3)
    return [step * number for number in range(max(1, -(-highest // step)) + 1)]


def picture(svg: bytes) -> str:
    """For the ``src`` of an <img>."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode('ascii')}"
