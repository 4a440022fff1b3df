from hypothesis import given
from hypothesis import strategies as st

from mailguard.app.suppression import FEW, NOT_SHOWN, suppressed, suppressed_total


def test_one_to_four_are_few_and_a_zero_is_shown():
    assert suppressed({"a": 0, "b": 1, "c": 4, "d": 5}) == {"a": "0", "b": FEW, "c": FEW, "d": "5"}


def test_a_single_small_cell_takes_the_next_one_with_it():
    assert suppressed({"a": 3, "b": 40, "c": 12}) == {"a": FEW, "b": "40", "c": NOT_SHOWN}


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 30)))
def test_no_small_number_can_be_worked_out_from_what_is_shown(counts: dict[str, int]):
    shown, total = suppressed(counts), suppressed_total(counts)
    hidden = [label for label in counts if not shown[label].isdigit()]
    if total.isdigit():
        assert len(hidden) != 1
    assert not any(shown[label] == str(count) for label, count in counts.items() if 0 < count < 5)
    assert not (total.isdigit() and 0 < int(total) < 5)
