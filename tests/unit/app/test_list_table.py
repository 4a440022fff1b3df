"""A list file edited row by row keeps whatever was not changed, byte for byte."""

import csv
import io
import time

import pytest

from mailguard.app.list_files import ListFile, ListName, read_rows
from mailguard.app.list_table import empty_table, export, imported, read_table

PUPILS = (
    b"id;Name;year;addresses\r\n"
    b'P1;"Bee; Ella";8;ella@x.test\r\n'
    b"\r\n"
    b"P2;Tom Ash;9;tom@x.test  tom@y.test\r\n"
    b'P3;"Ann\r\nMay Lee";9;\r\n'
)


def rows(content: bytes, name: ListName = ListName.PUPILS) -> list[dict[str, str]]:
    problems: list = []
    found = read_rows(ListFile(name, "pupils.csv", None), content, problems)  # type: ignore[arg-type]
    assert not problems
    return [dict(row.fields) for row in found]


def test_a_table_that_nobody_changes_is_the_file_byte_for_byte() -> None:
    assert read_table(ListName.PUPILS, PUPILS).content() == PUPILS


def test_changing_a_row_leaves_all_other_bytes() -> None:
    table = read_table(ListName.PUPILS, PUPILS)
    changed = table.with_change(4, {**table.rows[2].fields, "addresses": "tom@z.test"}).content()
    assert changed == PUPILS.replace(b"tom@x.test  tom@y.test", b"tom@z.test")


def test_removing_a_row_of_two_lines_takes_both() -> None:
    assert read_table(ListName.PUPILS, PUPILS).without(5).content() == PUPILS[: PUPILS.index(b"P3;")]


def test_a_row_is_added_in_the_files_own_way_of_writing() -> None:
    added = read_table(ListName.PUPILS, PUPILS).with_row({"id": "P4", "name": "a;b", "year": "7"})
    assert added.content() == PUPILS + b'P4;"a;b";7;\r\n'


def test_a_file_without_a_last_line_end_takes_another_row() -> None:
    table = read_table(ListName.PUPILS, b"id,name\nP1,Ella Bee")
    assert table.with_row({"id": "P2", "name": "Tom Ash"}).content() == b"id,name\nP1,Ella Bee\nP2,Tom Ash\n"


def test_a_column_that_the_file_lacks_is_added_when_a_row_needs_it() -> None:
    table = read_table(ListName.PUPILS, b"id,name\nP1,Ella Bee\n")
    content = table.with_row({"id": "P2", "name": "Tom Ash", "handles": "instagram:tom"}).content()
    assert rows(content)[1] == {"id": "P2", "name": "Tom Ash", "handles": "instagram:tom"}
    assert rows(content)[0]["handles"] == ""


def test_utf_16_and_windows_1252_come_out_as_utf_8() -> None:
    for encoded in ("id,name\nP1,Zoë Żak\n".encode("utf-16"), "id,name\nP1,Zoë Łak\n".encode("cp1250")):
        table = read_table(ListName.PUPILS, encoded).with_row({"id": "P2", "name": "Ün"})
        assert "Ün" in table.content().decode("utf-8")


def test_a_missing_row_is_an_error() -> None:
    with pytest.raises(KeyError):
        read_table(ListName.PUPILS, PUPILS).without(99)


def test_an_empty_list_has_a_header_with_all_columns() -> None:
    assert empty_table(ListName.EXCLUDED_CORRESPONDENTS).content() == b"address,reason\n"


HOSTILE = "id,name\nP1,=HYPERLINK(1)\nP2,+44\nP3,-1\nP4,@x\nP5,Ann-May\n"


def test_no_cell_of_an_export_is_a_formula() -> None:
    exported = export(read_table(ListName.PUPILS, HOSTILE.encode())).decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(exported)) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert "'=HYPERLINK(1)" in cells
    assert "Ann-May" in cells


def test_an_export_that_is_imported_again_changes_nothing() -> None:
    again = imported(ListName.PUPILS, export(read_table(ListName.PUPILS, HOSTILE.encode())))
    assert rows(again) == rows(HOSTILE.encode())


def test_an_import_without_apostrophes_is_taken_as_it_is() -> None:
    assert imported(ListName.PUPILS, PUPILS) == PUPILS
    assert imported(ListName.PUPILS, b'id,name\n"P1') == b'id,name\n"P1'


def test_a_large_file_full_of_apostrophes_is_read_in_one_go():
    rows = "".join(f"P{number},'=Name{number}\r\n" for number in range(60_000))
    began = time.monotonic()
    found = imported(ListName.PUPILS, f"id,name\r\n{rows}".encode())
    assert time.monotonic() - began < 5
    assert b"'=" not in found
    assert found.endswith(b"P59999,=Name59999\r\n")
