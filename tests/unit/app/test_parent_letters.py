"""A parent's letter that is held and that nobody decides goes to the next in the chain."""

import email
import email.policy
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from mailguard.app.parent_letters import add_due_escalations, letter_deadline
from mailguard.app.school_time import DayRange, SchoolHours
from mailguard.domain.case import EffectKind
from mailguard.domain.words import Role
from tests.digest_scene import NAIR, Scene, parents_letter, scene
from tests.effects_fixture import CHAIR, CONTACTS, DEPUTY, HEAD, school_settings

FRIDAY = datetime(2026, 9, 25, 9, 0, tzinfo=UTC)


@pytest.fixture
def school(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path) as played:
        yield played.at(FRIDAY)


def look(school: Scene) -> bool:
    with school.office.store.transaction() as transaction:
        has_added = add_due_escalations(transaction, school.office.settings)
    school.office.work()
    return has_added


def asked(school: Scene, address: str) -> list[str]:
    """Subjects of what an address was asked to decide."""
    parsed = (
        email.message_from_bytes(each.raw, policy=email.policy.default) for each in school.courier.to(address)
    )
    return [str(each["Subject"]) for each in parsed if "not decided yet" in str(each["Subject"])]


def test_two_school_days_are_counted_and_the_weekend_is_not() -> None:
    # Friday 10:00 leaves seven of eighteen school hours; the rest is all of Monday and two hours of Tuesday.
    assert letter_deadline(FRIDAY, school_settings()) == datetime(2026, 9, 29, 9, 0, tzinfo=UTC)


def test_a_holiday_does_not_keep_a_letter_longer_than_the_days_allow() -> None:
    summer = SchoolHours(breaks=(DayRange(date(2026, 7, 22), date(2026, 8, 31)),))
    last_day = datetime(2026, 7, 21, 15, 0, tzinfo=UTC)
    assert letter_deadline(last_day, school_settings(hours=summer)) == last_day + timedelta(days=5)


def test_the_deputy_is_told_of_a_letter_that_the_head_has_not_decided(school: Scene) -> None:
    case_id = school.comes(parents_letter(), to=NAIR)
    school.at(datetime(2026, 9, 29, 8, 59, tzinfo=UTC))
    assert look(school) is False
    school.at(datetime(2026, 9, 29, 9, 0, tzinfo=UTC))
    assert look(school) is True
    assert asked(school, DEPUTY.address) == [
        f"[mailguard] not decided yet: Parent social contact {case_id}, level 2: please decide"
    ]
    assert asked(school, HEAD.address) == []


def test_looking_often_asks_once_a_round(school: Scene) -> None:
    school.comes(parents_letter(), to=NAIR)
    school.at(datetime(2026, 9, 29, 9, 0, tzinfo=UTC))
    for _ in range(4):
        look(school)
    assert len(asked(school, DEPUTY.address)) == 1


def test_the_chair_is_next_and_then_the_last_reader_is_asked_again_and_it_is_alarmed(school: Scene) -> None:
    school.comes(parents_letter(), to=NAIR)
    for _ in range(4):
        school.clock.pass_time(days=5)
        look(school)
    assert [len(asked(school, each.address)) for each in (HEAD, DEPUTY, CHAIR)] == [0, 1, 2]
    assert ("escalation_chain_exhausted") in [event for event, _ in school.office.alarms]


def test_an_acknowledgement_does_not_stop_it_but_a_decision_does(school: Scene) -> None:
    first = school.comes(parents_letter(), to=NAIR)
    second = school.comes(parents_letter(), to=NAIR)
    school.office.casebook.acknowledge(first, by="S001")
    school.office.casebook.release(second, by="S001")
    school.office.work()
    school.clock.pass_time(days=5)
    look(school)
    assert len(asked(school, DEPUTY.address)) == 1
    assert first in asked(school, DEPUTY.address)[0]


def test_a_letter_about_the_head_goes_from_the_deputy_to_the_chair(school: Scene) -> None:
    decision = replace(parents_letter(), withheld_roles=(Role.HEAD,), subjects=("S001",))
    school.comes(decision, to=NAIR)
    school.clock.pass_time(days=5)
    look(school)
    assert [len(asked(school, each.address)) for each in (HEAD, DEPUTY, CHAIR)] == [0, 0, 1]


def test_with_nobody_but_the_head_the_head_is_asked_again(tmp_path: Path) -> None:
    with scene(tmp_path, contacts={Role.HEAD: CONTACTS[Role.HEAD]}) as school:
        school.at(FRIDAY)
        school.comes(parents_letter(), to=NAIR)
        school.clock.pass_time(days=5)
        look(school)
        assert len(asked(school, HEAD.address)) == 1


def test_what_was_released_meanwhile_is_not_asked_about(school: Scene) -> None:
    case_id = school.comes(parents_letter(), to=NAIR)
    school.clock.pass_time(days=5)
    with school.office.store.transaction() as transaction:
        add_due_escalations(transaction, school.office.settings)
    school.office.casebook.release(case_id, by="S001")
    school.office.work()
    assert asked(school, DEPUTY.address) == []
    assert school.office.effects(EffectKind.RELEASE)
