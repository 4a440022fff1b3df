import pytest

from mailguard.app.case_opening import merged_decision
from mailguard.domain.words import Disposition, Level, ReportWhen, Role
from tests.storing import decision


def test_a_report_now_outweighs_any_level_and_a_hold_breaks_the_tie():
    now = decision(row="A", level=Level.NOW)
    later = decision(row="B", level=Level.EMERGENCY, report_when=ReportWhen.DIGEST)
    delivered = decision(row="C", level=Level.NOW, disposition=Disposition.DELIVER)
    assert merged_decision(later, now).row == "A"
    assert merged_decision(delivered, now).row == "A"
    assert merged_decision(now, delivered).row == "A"


@pytest.mark.parametrize("is_first", [True, False])
def test_the_merged_case_has_a_reader_who_is_withheld_by_neither(is_first: bool):
    one = decision(level=Level.EMERGENCY, roles=(Role.HEAD,), withheld=(), subjects=("S0002",))
    two = decision(level=Level.NOW, roles=(Role.DEPUTY,), withheld=(Role.HEAD,), subjects=("S0001",))
    merged = merged_decision(one, two) if is_first else merged_decision(two, one)
    assert merged.report_roles == (Role.DEPUTY,)
    assert set(merged.subjects) == {"S0001", "S0002"}


def test_when_both_readers_are_withheld_the_next_in_the_chain_reads():
    one = decision(level=Level.EMERGENCY, roles=(Role.HEAD,), withheld=(Role.DEPUTY,))
    two = decision(level=Level.NOW, roles=(Role.DEPUTY,), withheld=(Role.HEAD,))
    assert merged_decision(one, two).report_roles == (Role.CHAIR,)
