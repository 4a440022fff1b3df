"""A list file as a table that can be edited row by row: what is not changed stays byte for byte as it was.

Columns keep their order, rows theirs, the file its separator and line ends; text is written as UTF-8, with the
mark the file had. A cell that a spreadsheet would run as a formula is written with an apostrophe before it
when a list is exported, and read without it.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mailguard.app.list_files import (
    COLUMNS,
    ListName,
    column_names,
    csv_lines,
    csv_records,
    decode_text,
    delimiter_of,
)
from mailguard.app.safe_csv import FORMULA_STARTS

_FORMULA_STARTS = (*sorted(FORMULA_STARTS), "\t", "\r")


@dataclass(frozen=True, slots=True)
class TableRow:
    """``line`` as problems name it. ``lines`` are the row's own, with their ends."""

    line: int
    fields: Mapping[str, str]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListTable:
    """``before``: the lines up to the end of the header. ``columns``: the header's names, in its order."""

    name: ListName
    columns: tuple[str, ...]
    before: tuple[str, ...]
    rows: tuple[TableRow, ...]
    delimiter: str = ","
    line_end: str = "\n"
    has_mark: bool = False

    def row(self, line: int) -> TableRow | None:
        return next((row for row in self.rows if row.line == line), None)

    def with_row(self, fields: Mapping[str, str]) -> ListTable:
        """One more, at the end. Columns that the file lacks and the row needs are added."""
        table = self._with_columns(fields)
        return replace(table, rows=(*table.rows, TableRow(0, fields, table._written(fields))))

    def with_change(self, line: int, fields: Mapping[str, str]) -> ListTable:
        """Raises KeyError when no row begins on that line."""
        if self.row(line) is None:
            raise KeyError(line)
        table = self._with_columns(fields)
        changed = TableRow(line, fields, table._written(fields))
        return replace(table, rows=tuple(changed if row.line == line else row for row in table.rows))

    def without(self, line: int) -> ListTable:
        """Raises KeyError when no row begins on that line."""
        if self.row(line) is None:
            raise KeyError(line)
        return replace(self, rows=tuple(row for row in self.rows if row.line != line))

    def content(self) -> bytes:
        """The file."""
        lines = [*self.before, *(line for row in self.rows for line in row.lines)]
        # A last line without an end would run into the one after it.
        text = "".join(line if line.endswith(("\n", "\r")) else line + self.line_end for line in lines)
        return (codecs.BOM_UTF8 if self.has_mark else b"") + text.encode("utf-8", "replace")

    def _with_columns(self, fields: Mapping[str, str]) -> ListTable:
        missing = [name for name in fields if name not in self.columns and fields[name]]
        if not missing:
            return self
        columns = (*self.columns, *missing)
        header = _written(columns, self.delimiter, self.line_end)
        table = replace(self, columns=columns, before=(*self.before[:-1], *header))
        rows = tuple(replace(row, lines=table._written(row.fields)) for row in self.rows)
        return replace(table, rows=rows)

    def _plain(self, row: TableRow) -> TableRow:
        """The row itself when no cell has an apostrophe of ours."""
        fields = {column: _without_apostrophe(cell) for column, cell in row.fields.items()}
        return row if fields == row.fields else TableRow(row.line, fields, self._written(fields))

    def _written(self, fields: Mapping[str, str]) -> tuple[str, ...]:
        return _written([fields.get(name, "") for name in self.columns], self.delimiter, self.line_end)


def read_table(name: ListName, content: bytes) -> ListTable:
    """The table of a file that loads. Raises csv.Error for one that is no CSV.

    A row with more fields than the header, or blank, keeps its lines and cannot be edited by itself.
    """
    lines = csv_lines(decode_text(content))
    records = csv_records(lines)
    header = next(records, None)
    if header is None:
        return empty_table(name)
    columns = column_names(header.fields)
    rows = [
        TableRow(
            record.line,
            dict(zip(columns, (field.strip() for field in record.fields), strict=False)),
            tuple(lines[record.line - 1 : record.last_line]),
        )
        for record in records
    ]
    return ListTable(
        name=name,
        columns=tuple(columns),
        before=tuple(lines[: header.last_line]),
        rows=tuple(rows),
        delimiter=delimiter_of(lines)[0],
        line_end="\r\n" if lines[0].endswith("\r\n") else "\n",
        has_mark=content.startswith(codecs.BOM_UTF8),
    )


def empty_table(name: ListName) -> ListTable:
    """A header with every column of the list."""
    columns = COLUMNS[name].known
    return ListTable(name=name, columns=columns, before=_written(columns, ",", "\n"), rows=())


def export(table: ListTable) -> bytes:
    """A copy for a spreadsheet: comma-separated UTF-8 with a mark, no cell a formula."""
    rows = [table.columns, *([row.fields.get(name, "") for name in table.columns] for row in table.rows)]
    text = "".join(
        line for row in rows for line in _written([without_formula(cell) for cell in row], ",", "\r\n")
    )
    return codecs.BOM_UTF8 + text.encode("utf-8", "replace")


def without_formula(cell: str) -> str:
    """The cell as a spreadsheet shows it and does not run it."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell


def imported(name: ListName, content: bytes) -> bytes:
    """What a spreadsheet gave back, as a list wants it: the apostrophes of :func:`export` taken away again.

    Content without any is given back as it is, and so is what is no CSV: the loader says what is wrong.
    """
    try:
        table = read_table(name, content)
    except csv.Error:
        return content
    rows = tuple(table._plain(row) for row in table.rows)
    return replace(table, rows=rows).content() if rows != table.rows else content


def _without_apostrophe(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA_STARTS) else cell


def _written(cells: Sequence[str], delimiter: str, line_end: str) -> tuple[str, ...]:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=line_end).writerow(cells)
    return tuple(csv_lines(out.getvalue()))
