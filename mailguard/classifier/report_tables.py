"""Tables and foldable lists of the evaluation report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

_SLICE_WORDS = {
    "texts": "texts",
    "kind_right": "kind right",
    "headline_right": "headline nature right",
    "initiator_right": "writer right",
    "grave_found": "grave natures found",
    "voice_found": "children's voice found",
    "voice_mistaken": "adults mistaken",
    "uncertain": "uncertain",
    "event_right": "event right, model",
    "whole_way_event_right": "event right, whole way",
}
_COUNTS = frozenset({"texts", "voice_mistaken"})


def per_cent(value: float) -> str:
    return f"{100 * value:.1f} %"


def section(title: str, *parts: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]], *, raw: bool = False) -> str:
    """``raw``: cells are HTML already."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    lines = []
    for row in rows:
        first, *rest = (str(cell) if raw else escape(str(cell)) for cell in row)
        lines.append(f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>')
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'


def details(summary: str, lines: Sequence[str]) -> str:
    """A list that opens; nothing where there is nothing."""
    if not lines:
        return ""
    text = escape("\n".join(lines))
    return f"<details><summary>{escape(summary)}</summary><pre>{text}</pre></details>"


def classes_table(classes: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        (
            word,
            each["texts"],
            each["said"],
            each["right"],
            per_cent(each["precision"]),
            per_cent(each["recall"]),
            f"{each['f1']:.3f}",
        )
        for word, each in classes.items()
    ]
    return table(("class", "texts", "said", "rightly", "precision", "recall", "F1"), rows)


def confusion_table(confusion: Mapping[str, Mapping[str, int]]) -> str:
    """Rows are the truth, columns what was said; the darker, the larger the share of its row."""
    said = sorted(
        {word for row in confusion.values() for word in row}, key=lambda word: (word not in confusion, word)
    )
    head = "".join(f'<th scope="col"><span>{escape(word)}</span></th>' for word in said)
    lines = []
    for truth, row in confusion.items():
        total = sum(row.values())
        cells = []
        for word in said:
            count = row.get(word, 0)
            shade = 0 if not count else 1 + min(int(8 * count / total), 8)
            kind = "right" if word == truth else "wrong"
            cells.append(f'<td class="{kind} s{shade}">{count or ""}</td>')
        lines.append(f'<tr><th scope="row">{escape(truth)}</th>{"".join(cells)}</tr>')
    return (
        '<div class="wide"><table class="confusion"><thead><tr><th scope="col">truth, and said →</th>'
        f"{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def slice_table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    keys = [key for key in _SLICE_WORDS if any(key in row for row in rows.values())]
    head = "".join(
        f'<th scope="col">{escape(word)}</th>' for word in ["", *(_SLICE_WORDS[key] for key in keys)]
    )
    lines = []
    for name, row in rows.items():
        cells = "".join(f"<td>{_slice_cell(row, key)}</td>" for key in keys)
        few = ' class="few"' if row["is_few"] else ""
        lines.append(f'<tr{few}><th scope="row">{escape(name)}</th>{cells}</tr>')
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'


def _slice_cell(row: Mapping[str, Any], key: str) -> str:
    if key == "voice_found":
        return f"{row[key]} of {row['children']}" if row["children"] else ""
    return str(row[key]) if key in _COUNTS else per_cent(row[key])
