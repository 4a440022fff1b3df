"""A list file as an MIS or a spreadsheet exports it: bytes to rows of named fields, or what is wrong.

Read are UTF-8 with or without a mark, UTF-16 with one, and Windows-1252; commas, semicolons or tabs; "sep=".
"""

from __future__ import annotations

import codecs
import csv
import difflib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_Report = Callable[[int, str, str, str], None]


class ListName(StrEnum):
    """The lists, as the keys of ``[lists]`` in the settings name them."""

    PUPILS = "pupils"
    PARENTS = "parents"
    STAFF = "staff"
    OFFICIAL_ACCOUNTS = "official_accounts"
    DECLARED_RELATIONSHIPS = "declared_relationships"
    EXCLUDED_CORRESPONDENTS = "excluded_correspondents"
    APPROVED_CHANNELS = "approved_channels"


@dataclass(frozen=True, slots=True)
class Columns:
    """``required`` must stand in the header; ``optional`` may. ``needs_rows``: no rows is a failed export."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    needs_rows: bool = False

    @property
    def known(self) -> tuple[str, ...]:
        return self.required + self.optional


COLUMNS: Mapping[ListName, Columns] = {
    ListName.PUPILS: Columns(("id", "name"), ("year", "addresses", "handles"), needs_rows=True),
    ListName.PARENTS: Columns(("id", "name", "pupils", "addresses")),
    ListName.STAFF: Columns(("id", "name", "addresses"), ("role",), needs_rows=True),
    ListName.OFFICIAL_ACCOUNTS: Columns(("mailbox", "platform", "handle"), ("owner", "expires")),
    ListName.DECLARED_RELATIONSHIPS: Columns(("staff", "person", "relationship", "declared_on")),
    ListName.EXCLUDED_CORRESPONDENTS: Columns(("address",), ("reason",)),
    ListName.APPROVED_CHANNELS: Columns(("approver", "pupil_domain", "representatives", "expires")),
}


@dataclass(frozen=True, slots=True)
class ListFile:
    """``shown`` is the path as the settings write it; sources and problems name it."""

    name: ListName
    shown: str
    path: Path


@dataclass(frozen=True, slots=True)
class ListProblem:
    """One thing wrong with a list. ``line`` counts from 1; 0 means the file as a whole."""

    file: str
    line: int
    value: str
    problem: str
    fix: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        shown = f" {self.value!r}" if self.value else ""
        return f"{place}:{shown} {self.problem}; {self.fix}"


class ListsProblem(Exception):
    """The lists cannot be used. ``problems`` are all that was found, in the order of files and lines."""

    def __init__(self, problems: tuple[ListProblem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Row:
    """The fields of one row by column, stripped; a column that the file lacks is ""."""

    source: str
    file: str
    line: int
    fields: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.fields.get(column, "")

    def problem(self, value: str, problem: str, fix: str) -> ListProblem:
        return ListProblem(self.file, self.line, value, problem, fix)


def read_rows(file: ListFile, content: bytes, problems: list[ListProblem]) -> list[Row]:
    """The rows that can be read; what is wrong with the file's form is added to ``problems``."""

    def report(line: int, value: str, problem: str, fix: str) -> None:
        problems.append(ListProblem(file.shown, line, value, problem, fix))

    columns = COLUMNS[file.name]
    text = decode_text(content)
    if not text.strip():
        report(0, "", "is empty", f"export it again; the first line must be {','.join(columns.known)}")
        return []
    if "\0" in text:
        report(0, "", "is not a text file", "export it as CSV, not as a spreadsheet")
        return []
    records = csv_records(csv_lines(text))
    try:
        header = next(records)
        names = column_names(header.fields)
        if not _is_header_good(names, columns, header.line, report):
            return []
        rows = []
        for found in records:
            line, record = found.line, found.fields
            if not any(field.strip() for field in record):
                continue
            if len(record) > len(names) and any(field.strip() for field in record[len(names) :]):
                report(
                    line,
                    record[len(names)],
                    f"has {len(record)} fields, the header {len(names)}",
                    "quote fields that contain the separator",
                )
                continue
            fields = {name: field.strip() for name, field in zip(names, record, strict=False)}
            rows.append(Row(f"{file.shown}:{line}", file.shown, line, fields))
    except csv.Error as error:
        report(0, "", f"is not CSV ({error})", "export it again")
        return []
    if not rows and columns.needs_rows:
        report(
            0,
            "",
            "has a header but no rows",
            "export it again; to run without this list remove its key from [lists]",
        )
    return rows


def decode_text(content: bytes) -> str:
    """The text of an exported file. Total: a byte that no encoding explains is shown as Latin-1 does."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


@dataclass(frozen=True, slots=True)
class CsvRecord:
    """The fields of one record and the lines it stands on, from 1, both included."""

    line: int
    last_line: int
    fields: list[str]


def csv_lines(text: str) -> list[str]:
    """The lines of a file with their ends, as :func:`csv_records` counts them."""
    return list(io.StringIO(text, newline=""))


def delimiter_of(lines: Sequence[str]) -> tuple[str, int]:
    """What separates fields, and how many lines come before the header (an Excel "sep=" line and blanks)."""
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    words = lines[first].strip() if lines else ""
    if words.lower().startswith("sep=") and len(words) == 5:
        return words[4], first + 1
    return max(",;\t", key=words.count), 0


def csv_records(lines: Sequence[str]) -> Iterator[CsvRecord]:
    """Every record, the header first. Raises csv.Error at the first that is none."""
    delimiter, skipped = delimiter_of(lines)
    reader = csv.reader(lines[skipped:], delimiter=delimiter, strict=True)
    before = 0
    for record in reader:
        if record or before:
            yield CsvRecord(skipped + before + 1, skipped + reader.line_num, record)
        before = reader.line_num


def column_names(header: Sequence[str]) -> list[str]:
    """The header's names as the lists know them: lower case, "_" for blanks, empty ones at the end dropped."""
    names = [name.strip().lower().replace(" ", "_") for name in header]
    while names and not names[-1]:
        names.pop()
    return names


def _is_header_good(names: list[str], columns: Columns, line: int, report: _Report) -> bool:
    good = True
    known = columns.known
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
            fix = f"is {close[0]} meant?" if close else f"the columns are {', '.join(known)}"
            report(line, name, "is no column of this list", fix)
            good = False
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            report(line, name, "stands in the header more than once", "keep one of them")
            good = False
    for name in columns.required:
        if name not in names:
            report(line, "", f"has no column {name}", f"the first line must be {','.join(known)}")
            good = False
    return good
