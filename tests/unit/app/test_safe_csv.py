import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailguard.app.safe_csv import csv_bytes, safe_cell


@pytest.mark.parametrize(
    "text",
    [
        "=HYPERLINK(1)",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        " \r\n=1",
        "\ufeff=1",
        "\u202e=1",
        "|cmd",
        "＝1",
        "%0a",
    ],
)
def test_no_cell_begins_like_a_formula(text: str):
    assert safe_cell(text).startswith("'")


@given(st.lists(st.lists(st.text(max_size=40), min_size=2, max_size=2), max_size=4))
def test_every_cell_stays_in_its_place_and_none_is_a_formula(rows: list[list[str]]):
    text = csv_bytes(("A", "B"), rows).decode("utf-8-sig")
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert [len(row) for row in read] == [2] * (len(rows) + 1)
    assert not any(cell.lstrip()[:1] in {"=", "+", "-", "@", "|"} for row in read for cell in row)
    assert text.count("\r\n") == len(rows) + 1
