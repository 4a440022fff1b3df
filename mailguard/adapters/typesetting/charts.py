"""Bar charts for printing, as SVG in the document's own typeface. No script, nothing to load."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from xml.etree.ElementTree import Element, tostring

import pygal
from pygal.style import Style

_MOST_LABELS = 16
_STYLE = Style(
    background="transparent",
    plot_background="transparent",
    foreground="#1b2733",
    foreground_strong="#1b2733",
    foreground_subtle="#c6ced6",
    colors=("#1d4f7c", "#e0a33c", "#9aa7b3"),
    font_family="Libertinus Serif",
    label_font_size=15,
    major_label_font_size=15,
    legend_font_size=16,
    guide_stroke_color="#dfe4e9",
    guide_stroke_dasharray="1,0",
    major_guide_stroke_color="#dfe4e9",
    major_guide_stroke_dasharray="1,0",
    opacity="1",
)


def printed_bars(labels: Sequence[str], series: Mapping[str, Sequence[int]]) -> str:
    """``app.governors_report.DrawBars``."""
    step = -(-len(labels) // _MOST_LABELS) or 1
    chart = pygal.StackedBar(
        width=900,
        height=300,
        style=_STYLE,
        js=(),
        no_prefix=True,
        legend_at_bottom=True,
        legend_at_bottom_columns=len(series),
        legend_box_size=12,
        x_label_rotation=0,
        truncate_label=-1,
        truncate_legend=-1,
        margin=4,
        spacing=8,
        value_formatter=lambda value: f"{value:,.0f}",
    )
    highest = max((sum(column) for column in zip(*series.values(), strict=True)), default=0)
    chart.y_labels = whole_steps(highest)
    chart.x_labels = [label if place % step == 0 else "" for place, label in enumerate(labels)]
    for name, numbers in series.items():
        chart.add(name, list(numbers))
    tree = chart.render_tree()
    _strip(tree)
    return tostring(tree, encoding="unicode")


def whole_steps(highest: int) -> list[int]:
    """Labels from 0 to at least ``highest``, whole numbers, six at most."""
    step = next(size for size in _steps() if size * 5 >= highest)
    return list(range(0, max(highest, 1) + step, step))[: -(-highest // step) + 1 if highest else 2]


def _steps() -> Iterator[int]:
    """1, 2, 5, 10, 20, 50 …"""
    return (size * 10**power for power in count() for size in (1, 2, 5))


def _strip(tree: Element) -> None:
    """Take out scripts, and what a picture shows only under a mouse."""
    for parent in list(tree.iter()):
        for child in list(parent):
            name = str(child.tag).rpartition("}")[2]
            classes = str(child.get("class", "")).split()
            if name in {"script", "desc"} or {"tooltip", "tooltip-overlay"} & set(classes):
                parent.remove(child)
