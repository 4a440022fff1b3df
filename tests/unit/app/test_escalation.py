"""Who is told next, and when: over a real store and a moved clock."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from mailguard.app.ports import PermanentFailure, TemporaryFailure
from mailguard.app.school_time import DayRange
from mailguard.domain.case import EffectKind, EffectState
from mailguard.domain.words import Level, Role, Verdict
from tests.effects_fixture import (
    CHAIR,
    CONTACTS,
    DEPUTY,
    HEAD,
    RAW,
    MovingClock,
    Office,
    RememberingChannel,
    RememberingCourier,
    decided,
    school_settings,
)

AWAY = (DayRange(date(2026, 9, 21), date(2026, 10, 2)),)


@pytest.fixture
def courier() -> RememberingCourier:
    return RememberingCourier()


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def office(tmp_path: Path, courier: RememberingCourier, clock: MovingClock) -> Iterator[Office]:
    office = Office(tmp_path, courier, clock=clock)
    yield office
    office.close()


def reports(courier: RememberingCourier) -> list[str]:
    return [message.rcpt_to for message in courier.sent if b"Mail to you was held" not in message.raw]


def test_an_unacknowledged_level_5_goes_to_the_deputy_after_15_minutes(
    office: Office, courier: RememberingCourier, clock: MovingClock
) -> None:
    case_id = office.receive(decided(level=Level.EMERGENCY, row="D1", nature="disclosure")).case_id
    office.work()
    clock.pass_time(minutes=14)
    office.work()
    assert reports(courier) == [HEAD.address]
    clock.pass_time(minutes=2)
    office.work()
    assert reports(courier) == [HEAD.address, DEPUTY.address]
    assert "effects:case:escalated" in office.tags(case_id)


def test_an_acknowledged_case_is_not_escalated(
    office: Office, courier: RememberingCourier, clock: MovingClock
) -> None:
    case_id = office.receive(decided(level=Level.EMERGENCY)).case_id
    office.work()
    office.casebook.acknowledge(case_id, by="S001", through="cli")
    clock.pass_time(days=3)
    office.work()
    assert reports(courier) == [HEAD.address]
    assert {effect.state for effect in office.effects(EffectKind.ESCALATE)} == {EffectState.CANCELLED}


def test_level_3_goes_on_at_the_end_of_the_school_day(
    office: Office, courier: RememberingCourier, clock: MovingClock
) -> None:
    office.receive(decided())
    office.work()
    clock.pass_time(hours=6, minutes=59)
    office.work()
    assert reports(courier) == [HEAD.address]
    clock.pass_time(minutes=2)
    office.work()
    assert reports(courier) == [HEAD.address, DEPUTY.address]


def test_the_lado_is_not_reached_by_timer_and_the_last_school_contact_is_told_again(
    office: Office, courier: RememberingCourier, clock: MovingClock
) -> None:
    office.receive(decided(level=Level.EMERGENCY))
    for _ in range(6):
        office.work()
        clock.pass_time(minutes=16)
    told = reports(courier)
    assert told[:3] == [HEAD.address, DEPUTY.address, CHAIR.address]
    assert set(told[3:]) == {CHAIR.address}
    assert told[3:]
    assert ("escalation_chain_exhausted", "MG-2026-0001") in office.alarms


def test_repetitions_come_at_growing_intervals(
    office: Office, courier: RememberingCourier, clock: MovingClock
) -> None:
    office.receive(decided(level=Level.EMERGENCY))
    for _ in range(24 * 4):
        office.work()
        clock.pass_time(minutes=16)
    assert 5 <= len(reports(courier)) <= 12


def test_the_lado_is_reached_by_timer_for_an_allegation(
    office: Office, courier: RememberingCourier, clock: MovingClock
) -> None:
    decision = decided(
        level=Level.EMERGENCY,
        row="D4",
        verdict=Verdict.THIRD_PARTY_CONCERN,
        nature="allegation",
        initiator="parent",
    )
    office.receive(decision)
    for _ in range(4):
        office.work()
        clock.pass_time(minutes=16)
    assert reports(courier)[:4] == [contact.address for contact in CONTACTS.values()]


def test_escalation_never_reaches_a_withheld_role(
    office: Office, courier: RememberingCourier, clock: MovingClock
) -> None:
    office.receive(
        decided(
            level=Level.EMERGENCY,
            report_roles=(Role.DEPUTY, Role.CHAIR),
            withheld_roles=(Role.HEAD,),
            subjects=("S001",),
        )
    )
    for _ in range(8):
        office.work()
        clock.pass_time(minutes=20)
    assert HEAD.address not in reports(courier)
    assert {DEPUTY.address, CHAIR.address} <= set(reports(courier))


def test_a_role_whose_holder_is_a_subject_by_person_is_not_told_even_when_the_decision_names_it(
    office: Office, courier: RememberingCourier
) -> None:
    office.receive(decided(subjects=("S001",), report_roles=(Role.HEAD,)))
    office.work()
    assert reports(courier) == [DEPUTY.address]


def test_a_refused_address_goes_on_to_the_next_at_once(office: Office, courier: RememberingCourier) -> None:
    courier.refusals[HEAD.address] = PermanentFailure("RCPT TO at 127.0.0.1:25: 550 5.1.1 user unknown")
    case_id = office.receive(decided()).case_id
    office.work()
    assert reports(courier) == [DEPUTY.address]
    assert "effects:report:failed" in office.tags(case_id)
    assert any(event == "effect_failed" for event, _ in office.alarms)


def test_a_report_that_waits_for_more_than_30_seconds_is_sent_to_the_next_and_still_tried(
    office: Office, courier: RememberingCourier, clock: MovingClock
) -> None:
    courier.refusals[HEAD.address] = TemporaryFailure("connecting to 127.0.0.1:25: refused")
    office.receive(decided())
    for _ in range(40):
        office.work()
        clock.pass_time(seconds=1)
    assert reports(courier) == [DEPUTY.address]
    courier.refusals.clear()
    clock.pass_time(minutes=2)
    office.work()
    assert reports(courier) == [DEPUTY.address, HEAD.address]


@pytest.mark.parametrize("jitter", [0.8, 1.0, 1.2])
def test_the_backoff_never_carries_a_report_past_its_thirty_seconds(
    office: Office,
    courier: RememberingCourier,
    clock: MovingClock,
    monkeypatch: pytest.MonkeyPatch,
    jitter: float,
) -> None:
    monkeypatch.setattr("mailguard.app.effects.random.uniform", lambda low, high: jitter)
    courier.refusals[HEAD.address] = TemporaryFailure("connecting to 127.0.0.1:25: refused")
    office.receive(decided())
    for _ in range(32):
        office.work()
        clock.pass_time(seconds=1)
    assert reports(courier) == [DEPUTY.address]


def test_a_short_outage_escalates_to_nobody(
    office: Office, courier: RememberingCourier, clock: MovingClock
) -> None:
    courier.refusals[HEAD.address] = TemporaryFailure("451 4.3.0 try later")
    office.receive(decided())
    office.work()
    clock.pass_time(seconds=5)
    courier.refusals.clear()
    office.work()
    assert reports(courier) == [HEAD.address]


def test_the_acting_person_is_told_while_the_head_is_away(tmp_path: Path) -> None:
    courier = RememberingCourier()
    head = replace(HEAD, absent=AWAY, acting_name="Acting Head", acting_address="acting@school.test")
    office = Office(tmp_path, courier, settings=school_settings(contacts={**CONTACTS, Role.HEAD: head}))
    office.receive(decided())
    office.work()
    assert reports(courier) == ["acting@school.test"]
    assert b"Helen Ormerod is away" in courier.sent[0].raw
    office.close()


def test_without_an_acting_person_the_next_role_is_told_and_the_report_says_so(tmp_path: Path) -> None:
    courier = RememberingCourier()
    settings = school_settings(contacts={**CONTACTS, Role.HEAD: replace(HEAD, absent=AWAY)})
    office = Office(tmp_path, courier, settings=settings)
    office.receive(decided())
    office.work()
    assert reports(courier) == [DEPUTY.address]
    assert b"is away and nobody is acting" in courier.sent[0].raw.replace(b"=\r\n", b"").replace(
        b"\r\n  ", b" "
    )
    office.close()


def test_an_acting_person_whom_the_case_is_about_is_passed_over(tmp_path: Path) -> None:
    courier = RememberingCourier()
    head = replace(HEAD, absent=AWAY, acting_name="Priya Nair", acting_address="p.nair@school.test")
    office = Office(tmp_path, courier, settings=school_settings(contacts={**CONTACTS, Role.HEAD: head}))
    office.receive(decided(subjects=("S010",)))
    office.work()
    assert reports(courier) == [DEPUTY.address]
    office.close()


def test_when_everybody_is_away_the_holder_is_told_all_the_same(tmp_path: Path) -> None:
    courier = RememberingCourier()
    away = {role: replace(contact, absent=AWAY) for role, contact in CONTACTS.items()}
    office = Office(tmp_path, courier, settings=school_settings(contacts={Role.HEAD: away[Role.HEAD]}))
    office.receive(decided())
    office.work()
    assert reports(courier) == [HEAD.address]
    office.close()


def test_level_5_goes_by_the_second_channel_too_without_names(tmp_path: Path) -> None:
    channel = RememberingChannel()
    office = Office(tmp_path, RememberingCourier(), channel=channel)
    case_id = office.receive(decided(level=Level.EMERGENCY)).case_id
    office.work()
    ((title, body),) = channel.notices
    assert case_id in title
    for name in ("Harvey", "Doyle", "P0003", "Nair", "u awake"):
        assert name not in title + body
    office.close()


def test_level_3_does_not_ring_the_second_channel(tmp_path: Path) -> None:
    channel = RememberingChannel()
    office = Office(tmp_path, RememberingCourier(), channel=channel)
    office.receive(decided())
    office.work()
    assert channel.notices == []
    office.close()


def test_the_schools_general_channel_is_silent_when_the_case_is_closed_to_somebody_in_the_chain(
    tmp_path: Path,
) -> None:
    general, deputys = RememberingChannel(), RememberingChannel()
    office = Office(tmp_path, RememberingCourier(), channel=general, channels={Role.DEPUTY: deputys})
    office.receive(
        decided(
            level=Level.EMERGENCY,
            report_roles=(Role.DEPUTY,),
            withheld_roles=(Role.HEAD,),
            subjects=("S001",),
        )
    )
    office.work()
    assert general.notices == []
    assert len(deputys.notices) == 1
    office.close()


def test_a_failing_second_channel_is_tried_again(tmp_path: Path) -> None:
    channel = RememberingChannel(failure=TemporaryFailure("second channel: 1 of 1 services did not take it"))
    clock = MovingClock()
    office = Office(tmp_path, RememberingCourier(), channel=channel, clock=clock)
    office.receive(decided(level=Level.EMERGENCY))
    office.work()
    channel.failure = None
    clock.pass_time(seconds=10)
    office.work()
    assert len(channel.notices) == 1
    office.close()


def test_a_reopened_case_is_reported_anew_with_timers_of_its_own(
    office: Office, courier: RememberingCourier, clock: MovingClock
) -> None:
    case_id = office.receive(decided(level=Level.EMERGENCY), content_key="same").case_id
    office.work()
    office.casebook.confirm(case_id, by="S001")
    clock.pass_time(hours=1)
    other = RAW.replace(b"p.nair", b"t.hall")
    office.receive(
        decided(level=Level.EMERGENCY),
        content_key="same",
        raw=other,
        recipients=(("t.hall@school.test", "S011"),),
    )
    office.work()
    clock.pass_time(minutes=16)
    office.work()
    assert reports(courier) == [HEAD.address, HEAD.address, DEPUTY.address]


def test_a_case_closed_to_the_whole_school_reaches_the_lado(
    office: Office, courier: RememberingCourier
) -> None:
    office.receive(
        decided(report_roles=(), withheld_roles=(Role.HEAD, Role.DEPUTY, Role.CHAIR), subjects=("S001",))
    )
    office.work()
    assert reports(courier) == ["lado@council.test"]


def test_a_case_closed_to_everybody_alarms_the_admin_and_is_never_silent(
    office: Office, courier: RememberingCourier
) -> None:
    office.receive(decided(report_roles=(), withheld_roles=tuple(Role), subjects=("S001",)))
    office.work()
    assert reports(courier) == []
    assert ("escalation_chain_exhausted", "MG-2026-0001") in office.alarms
