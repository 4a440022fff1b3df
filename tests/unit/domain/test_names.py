"""Listed names taken apart, letters folded, nicknames looked up."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailguard.domain.folding import fold_letters, fold_spellings, leet_readings
from mailguard.domain.names import NameKey, Nicknames, NicknamesProblem, parse_name
from mailguard.shipped import shipped_path


def words(keys: Iterable[NameKey]) -> set[str]:
    return {key.word for key in keys}


@pytest.mark.parametrize(
    "name",
    [
        "Isla Doyle",
        "DOYLE, Isla",
        "Doyle, Isla",
        "DOYLE Isla",
        "Miss Isla Doyle",
        "Isla Doyle MBE",
        "  Isla   Doyle ",
    ],
)
def test_a_listed_name_is_understood_in_either_order(name):
    parsed = parse_name(name)
    assert parsed.given[0].word == "isla"
    assert parsed.surnames[0].word == "doyle"


@pytest.mark.parametrize(
    ("name", "surnames"),
    [
        ("Ava Gerrard-Hale", {"gerrardhale", "gerrard", "hale"}),
        ("Jasmine Ó Ceallaigh", {"oceallaigh", "ceallaigh"}),
        ("Liesl van der Merwe", {"vandermerwe", "merwe"}),
        ("Finley O'Neill", {"oneill"}),
        ("Zoe Müller", {"muller", "mueller"}),
        ("Emma Lord", {"lord"}),
    ],
)
def test_a_surname_is_sought_whole_and_in_its_parts(name, surnames):
    assert surnames <= words(parse_name(name).surnames)


def test_half_a_surname_is_looser_than_the_whole():
    by_word = {key.word: key.looseness for key in parse_name("Ava Gerrard-Hale").surnames}
    assert by_word["gerrardhale"] < by_word["hale"]


def test_a_single_word_has_no_surname():
    assert parse_name("Prince").surnames == ()
    assert parse_name("").given == ()


@given(st.text())
def test_any_text_can_be_a_name(text):
    parse_name(text)


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Siân", "sian"),
        ("Łukasz", "lukasz"),
        ("O’Neill", "oneill"),
        ("Јауdеn", "jayden"),
        ("ΗΑΝΝΑΗ", "hannah"),
        ("Jay\u200bden", "jayden"),
        ("𝕁𝕒𝕪𝕕𝕖𝕟", "jayden"),
        ("🅹🅰🆈", "jay"),
        ("ＺＯＥ", "zoe"),
        ("OΩEN", "owen"),
    ],
)
def test_letters_are_folded_to_what_a_reader_sees(written, folded):
    assert fold_letters(written) == folded


@given(st.text())
def test_folding_twice_changes_nothing_more(text):
    once = fold_letters(text)
    assert fold_letters(once) == once


def test_umlauts_are_read_both_ways():
    assert fold_spellings("Müller") == ("muller", "mueller")


def test_digits_inside_a_word_are_letters_and_at_its_ends_years():
    assert "jayden" in leet_readings("j4yd3n")
    assert "jayden" in leet_readings("jayden2012")
    assert {"mila", "mlla"} <= set(leet_readings("m1la"))
    assert leet_readings("2012") == ("2012",)


def test_a_nickname_stands_for_its_full_names_and_spellings_are_equal():
    table = Nicknames.from_csv(
        [
            "# comment",
            "name,kind,forms",
            "samuel,nickname,sam",
            "samantha,nickname,sam",
            "zoe,spelling,zoey zoé",
        ]
    )
    assert table.roots("sam") == (("sam", 0), ("samuel", 1), ("samantha", 1))
    assert table.roots("zoey") == (("zoe", 0),)
    assert table.roots("unknown") == (("unknown", 0),)


@pytest.mark.parametrize("line", ["sam", "samuel,short,sam", "samuel,nickname,", "samuel,nickname,sam,more"])
def test_a_faulty_nickname_line_is_named(line):
    with pytest.raises(NicknamesProblem, match="line 2"):
        Nicknames.from_csv(["name,kind,forms", line])


def test_the_shipped_nicknames_have_no_chain_of_spellings():
    spellings: dict[str, str] = {}
    for line in shipped_path("config/nicknames.csv").read_text(encoding="utf-8").splitlines():
        name, _, rest = line.partition(",")
        kind, _, forms = rest.partition(",")
        if kind == "spelling" and not line.startswith("#"):
            for form in forms.split():
                assert form not in spellings, f"{form} is a spelling of {spellings.get(form)} and of {name}"
                spellings[form] = name
    assert not set(spellings) & set(spellings.values())


@pytest.mark.parametrize(
    ("familiar", "full"),
    [
        ("oli", "oliver"), ("zac", "zachary"), ("liv", "olivia"), ("jay", "jayden"), ("tommy", "tomos"),
        ("gracie", "grace"), ("mo", "mohammed"), ("mohamed", "muhammad"), ("ibby", "ibrahim"), ("kasia", "katarzyna"),
        ("gosia", "małgorzata"), ("siân", "sian"), ("preet", "jaspreet"), ("sasha", "oleksandr"), ("kuba", "jakub"),
        ("dai", "dafydd"), ("libby", "elizabeth"), ("yousuf", "yusuf"), ("fatimah", "fatima"), ("bex", "rebecca"),
    ],
)  # fmt: skip
def test_the_shipped_nicknames_know_what_pupils_are_called(familiar, full):
    lines = shipped_path("config/nicknames.csv").read_text(encoding="utf-8").splitlines()
    table = Nicknames.from_csv(lines)
    names = {root for root, _ in table.roots(fold_letters(familiar))}
    assert names & {root for root, _ in table.roots(fold_letters(full))}
