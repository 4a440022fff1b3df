from datetime import date

import pytest

from mailguard.domain.case import (
    CASE_ID,
    CaseState,
    RecipientState,
    case_id,
    notification_cluster_key,
    recipient_states_before,
    states_before,
    words_cluster_key,
)
from mailguard.domain.words import Role

DAY = date(2026, 9, 28)


@pytest.mark.parametrize(
    ("year", "number", "expected"),
    [(2026, 147, "MG-2026-0147"), (2026, 1, "MG-2026-0001"), (2027, 12345, "MG-2027-12345")],
)
def test_a_case_id_has_the_year_and_at_least_four_digits(year: int, number: int, expected: str):
    assert case_id(year, number) == expected
    assert CASE_ID.fullmatch(expected)


def test_a_case_is_decided_from_any_open_state_and_acknowledged_once():
    assert states_before(CaseState.DECIDED) == {CaseState.NEW, CaseState.ACKNOWLEDGED}
    assert states_before(CaseState.ACKNOWLEDGED) == {CaseState.NEW}


def test_nothing_is_released_without_having_been_pending():
    assert recipient_states_before(RecipientState.RELEASED) == {RecipientState.RELEASE_PENDING}
    assert recipient_states_before(RecipientState.HELD) == frozenset()


def test_the_same_notification_clusters_whatever_the_blanks_and_another_day_does_not():
    def key(actor: str = "Tyler Jones", day: date = DAY, roles: tuple[Role, ...] = (Role.HEAD,)) -> str:
        return notification_cluster_key(
            platform="instagram", event="follow", actor=actor, row="P7", report_roles=roles, local_day=day
        )

    assert key() == key(" tyler  JONES ")
    assert len({key(), key("Tyler Jonas"), key(day=date(2026, 9, 29)), key(roles=(Role.DEPUTY,))}) == 4


def test_words_cluster_by_sender_and_text_and_parts_do_not_run_together():
    def key(sender: str, text: str) -> str:
        return words_cluster_key(sender=sender, text=text, row="D2", report_roles=(Role.HEAD,), local_day=DAY)

    assert key("A@x.example", "hi  there") == key("a@x.example", "Hi there")
    assert key("a", "bc") != key("ab", "c")
