import pytest

from mailguard.domain.defanging import defanged, visible, without_marks


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://evil.example/a.html?x=1", "hxxps://evil[.]example/a.html?x=1"),
        ("http://EVIL.example", "hxxp://EVIL[.]example"),
        ("javascript:alert(1)", "javascript[:]alert(1)"),
        ("whatsapp://send?text=hi", "whatsapp[:]//send?text=hi"),
        ("evil.example/path", "evil[.]example/path"),
        ("HTTPS://evil.example", "hxxps://evil[.]example"),
        ("", ""),
    ],
)
def test_an_address_is_shown_so_that_nothing_makes_a_link_of_it(url: str, shown: str):
    assert defanged(url) == shown


def test_a_very_long_address_is_cut():
    assert defanged("https://evil.example/" + "a" * 5_000).endswith("a…")


def test_a_direction_override_is_named_where_it_stands():
    assert without_marks("photo\u202egpj.exe") == "photo[right-to-left override]gpj.exe"


def test_invisible_characters_and_controls_are_named():
    assert without_marks("a\u200bb\x07c\U000e0041") == "a[zero-width space]b[U+0007]c[U+E0041]"


def test_plain_text_of_any_script_stays_as_it_is():
    text = "Zażółć gęślą jaźń, שלום, مرحبا, 你好 👩\u200d👧\nnext line\ttab"
    assert "".join(piece.text for piece in visible(text)) == text
    assert not any(piece.is_mark for piece in visible(text))
