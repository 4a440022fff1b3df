import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailguard.adapters.typesetting.charts import whole_steps
from mailguard.adapters.typesetting.letters import SHOWN_RANGES, is_shown, printable
from mailguard.adapters.typesetting.typst_pdf import TypstTypesetter
from mailguard.app.document import (
    Block,
    Document,
    EmbeddedFile,
    Fields,
    Grid,
    Heading,
    Notice,
    Paragraph,
    Steps,
    Verbatim,
)

TYPESETTER = TypstTypesetter()


def document(*blocks: Block, embedded: tuple[EmbeddedFile, ...] = ()) -> Document:
    return Document(
        title="A title",
        subtitle="below it",
        organisation="St Test's",
        made_at=datetime(2026, 9, 28, 9, 0, tzinfo=UTC),
        running="MG-2026-0001",
        foot="confidential",
        blocks=blocks,
        embedded=embedded,
    )


def test_every_character_that_counts_as_shown_has_a_glyph():
    letters = [
        chr(code)
        for first, last in SHOWN_RANGES
        for code in range(first, last + 1)
        if unicodedata.category(chr(code)) != "Cn"
    ]
    assert all(map(is_shown, letters))
    assert TYPESETTER._set(document(Paragraph(" ".join(letters)), Verbatim(" ".join(letters))), str)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zażółć gęślą jaźń, Ωμέγα, Жизнь – “x”", "Zażółć gęślą jaźń, Ωμέγα, Жизнь – “x”"),
        ("hi \U0001f600 there", "hi [grinning face] there"),
        ("a\u202eb", "a[right-to-left override]b"),
        ("你好 世界!", "[Chinese: 4 letters]!"),
        ("مرحبا بك", "[Arabic: 7 letters]"),
        ("x\ty\r\nz", "x    y\nz"),
        ("e\u0301", "é"),
        ("nul\x00", "nul[u+0000]"),
        (
            "\U0001f600\U0001f600\U0001f600\U0001f600",
            "[grinning face, grinning face, grinning face and 1 more]",
        ),
    ],
)
def test_what_cannot_be_shown_is_named(text: str, shown: str):
    assert printable(text) == shown


@given(st.text(max_size=300))
def test_whatever_the_text_every_letter_of_it_can_be_shown_afterwards(text: str):
    assert all(map(is_shown, printable(text)))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_no_text_of_a_stranger_keeps_a_document_from_being_made(text: str):
    blocks = (
        Heading(text),
        Paragraph(text, is_lead=True),
        Paragraph(text),
        Fields(((text, text),)),
        Grid(("A", "B"), (1, 1), ((text, text),), mono=frozenset({1})),
        Verbatim(text),
        Notice(text, text),
        Steps((text,)),
    )
    assert TYPESETTER.pdf(document(*blocks)).startswith(b"%PDF-")


def test_the_same_document_gives_the_same_bytes_with_any_file_inside():
    octets = bytes(range(256)) * 300
    made = document(Paragraph("x"), embedded=(EmbeddedFile("a.eml", octets, "message/rfc822", "as it came"),))
    assert TYPESETTER.pdf(made) == TypstTypesetter().pdf(made)


@pytest.mark.parametrize(
    ("highest", "labels"), [(0, [0, 1]), (3, [0, 1, 2, 3]), (7, [0, 2, 4, 6, 8]), (53, [0, 20, 40, 60])]
)
def test_the_axis_of_a_chart_has_whole_numbers_up_to_the_highest(highest: int, labels: list[int]):
    assert whole_steps(highest) == labels
