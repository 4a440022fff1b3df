import pytest

from mailguard.domain.routing import next_in_chain, report_route
from mailguard.domain.words import Role

HEAD, DEPUTY, CHAIR, LADO = Role


@pytest.mark.parametrize(
    ("subjects", "to"),
    [
        ((), (HEAD,)),
        ((DEPUTY,), (HEAD,)),
        ((CHAIR,), (HEAD,)),
        ((HEAD,), (DEPUTY, CHAIR)),
        ((HEAD, DEPUTY), (CHAIR,)),
        ((HEAD, CHAIR), (DEPUTY,)),
        ((HEAD, DEPUTY, CHAIR), (LADO,)),
    ],
)
def test_report_goes_to_the_first_who_is_not_a_subject(subjects, to):
    route = report_route(subjects=frozenset(subjects))
    assert route.to == to
    assert route.withheld_from == tuple(role for role in Role if role in subjects)


def test_no_subject_is_ever_told_whoever_it_is():
    for mask in range(16):
        subjects = frozenset(role for index, role in enumerate(Role) if mask >> index & 1)
        assert not set(report_route(subjects=subjects).to) & subjects


def test_timer_reaches_the_lado_only_for_allegations():
    told = frozenset({HEAD, DEPUTY, CHAIR})
    everyone = frozenset(Role)
    assert next_in_chain(told=told, subjects=frozenset(), available=everyone, may_reach_lado=False) is None
    assert next_in_chain(told=told, subjects=frozenset(), available=everyone, may_reach_lado=True) is LADO


def test_escalation_skips_subjects():
    answer = next_in_chain(
        told=frozenset({HEAD}), subjects=frozenset({DEPUTY}), available=frozenset(Role), may_reach_lado=False
    )
    assert answer is CHAIR
