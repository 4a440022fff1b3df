"""CSV that a spreadsheet opens as text: whatever a stranger wrote, no cell becomes a formula.

Every cell is quoted; one that begins like a formula gets an apostrophe in front (OWASP, "CSV injection"); line
ends inside a cell become blanks. UTF-8 with a mark at the start, because Excel needs it, and CRLF (RFC 4180).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

_BYTE_ORDER_MARK = "\ufeff"
# The full-width forms count too: some spreadsheets fold them.
FORMULA_STARTS = frozenset("=+-@|%＝＋－＠")


def csv_bytes(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """The file: a row of column names, then the rows."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([safe_cell(name) for name in columns])
    for row in rows:
        writer.writerow([safe_cell(cell) for cell in row])
    return (_BYTE_ORDER_MARK + buffer.getvalue()).encode("utf-8", "replace")


def safe_cell(text: str) -> str:
    """``text`` on one line without control or direction marks, never the start of a formula."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    line = " ".join(plain.split())
    return f"'{line}" if line[:1] in FORMULA_STARTS else line
