"""Small numbers that could point at a person are not published.

A count from 1 to 4 is shown as "fewer than 5". When a table has a total and only one such cell, the total would
give it away: then the next smallest cell is kept back too, as "not shown". Zero points at nobody.
Source: ONS and DfE practice for school statistics.
"""

from __future__ import annotations

from collections.abc import Mapping

SMALLEST_SHOWN = 5
FEW = f"fewer than {SMALLEST_SHOWN}"
NOT_SHOWN = "not shown"


def suppressed(counts: Mapping[str, int]) -> dict[str, str]:
    """Each cell as it may be published beside the table's total."""
    shown = {label: FEW if 0 < count < SMALLEST_SHOWN else str(count) for label, count in counts.items()}
    few = [label for label, words in shown.items() if words == FEW]
    if len(few) == 1:
        others = [label for label, count in counts.items() if count >= SMALLEST_SHOWN]
        if others:
            shown[min(others, key=lambda label: (counts[label], label))] = NOT_SHOWN
    return shown


def suppressed_total(counts: Mapping[str, int]) -> str:
    """The table's total. It is kept back when it is small itself, or when its only cell is."""
    total = sum(counts.values())
    cells = [count for count in counts.values() if count]
    if 0 < total < SMALLEST_SHOWN:
        return FEW
    # With every cell small, the total of a few cells narrows each of them.
    return NOT_SHOWN if len(cells) == 1 and cells[0] < SMALLEST_SHOWN else str(total)
