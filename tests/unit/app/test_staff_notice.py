"""The notice to a member of staff that mail was held for them."""

import email
import email.policy
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailguard.domain.case import EffectKind
from mailguard.domain.words import Level, Role
from tests.digest_scene import clutter, parents_letter
from tests.effects_fixture import (
    DEPUTY,
    HEAD,
    RAW,
    MovingClock,
    Office,
    RememberingCourier,
    decided,
    school_settings,
)

NAIR = "p.nair@school.test"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    clauses = {
        "3.b1": "School staff will not invite, accept or engage in communications with parents or children.",
        "3.b2": "Any communication received from children must be immediately reported.",
    }
    office = Office(
        tmp_path, RememberingCourier(), clock=MovingClock(), settings=school_settings(clauses=clauses)
    )
    yield office
    office.close()


def notices(office: Office, address: str = NAIR) -> list[str]:
    """What was said to somebody, with the subject."""
    office.clock.pass_time(minutes=2)
    office.work()
    assert isinstance(office.courier, RememberingCourier)
    found = []
    for each in office.courier.to(address):
        message = email.message_from_bytes(each.raw, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        body = message.get_body(("plain",))
        assert body is not None
        if "notices" in str(message["List-Id"]):
            found.append(f"{message['Subject']}\n{body.get_content()}".replace("\r\n", "\n"))
    return found


def test_it_says_that_something_is_held_by_which_clause_and_what_to_do(office: Office) -> None:
    office.receive()
    (notice,) = notices(office)
    flat = " ".join(notice.split())
    assert flat.startswith("[mailguard] Mail to you was held A message that was sent to you was held")
    assert '- held Mon 28 Sep 2026 10:00, clause 3.b2: "Any communication received from children' in flat
    assert "ask the Head Teacher (Designated Child Protection Officer), who can read it" in flat
    assert "ring 999" in flat
    assert max(map(len, notice.splitlines())) <= 78


def test_neither_sender_nor_child_nor_content_nor_case_is_in_it(office: Office) -> None:
    office.receive()
    (notice,) = notices(office)
    for word in ("Harvey", "harvey", "Doyle", "u awake", "P0003", "MG-2026", "inbox.test"):
        assert word not in notice


def test_several_of_one_sender_before_it_goes_out_are_one_notice(office: Office) -> None:
    for number in range(20):
        office.receive(raw=RAW + str(number).encode())
    (notice,) = notices(office)
    assert notice.count("- held ") == 12
    assert "- and 8 more" in notice


def test_the_same_sender_is_told_of_once_a_day_and_again_on_the_next(office: Office) -> None:
    office.receive()
    assert len(notices(office)) == 1
    for number in range(3):
        office.clock.pass_time(hours=2)
        office.receive(raw=RAW + str(number).encode())
        assert len(notices(office)) == 1
    office.clock.pass_time(hours=20)
    office.receive(raw=RAW + b"tomorrow")
    assert len(notices(office)) == 2


def test_the_day_is_the_schools_and_not_that_of_utc(office: Office) -> None:
    office.clock.at = datetime(2026, 9, 28, 22, 50, tzinfo=UTC)
    office.receive()
    assert len(notices(office)) == 1
    # 00:10 in London, and still yesterday in UTC.
    office.clock.at = datetime(2026, 9, 28, 23, 10, tzinfo=UTC)
    office.receive(raw=RAW + b"after midnight")
    assert len(notices(office)) == 2


def test_another_sender_of_the_same_day_is_told_of(office: Office) -> None:
    office.receive()
    office.receive(clutter("instagram"), raw=RAW + b"other", sender="Instagram <no-reply@mail.instagram.com>")
    assert len(notices(office)) == 2


def test_the_same_sender_under_another_name_is_the_same_sender(office: Office) -> None:
    office.receive()
    office.receive(raw=RAW + b"other", sender="H D <HARVEY@inbox.test>")
    assert len(notices(office)) == 1


@pytest.mark.parametrize("level", [Level.URGENT, Level.EMERGENCY])
def test_at_levels_4_and_5_nobody_is_told(office: Office, level: Level) -> None:
    office.receive(decided(level=level))
    assert notices(office) == []
    assert office.effects(EffectKind.STAFF_NOTICE) == ()


def test_a_case_that_became_grave_before_the_notice_went_out_is_not_told(office: Office) -> None:
    office.receive(cluster_key="one")
    office.receive(
        decided(level=Level.EMERGENCY, nature="disclosure", row="D1"), raw=RAW + b"more", cluster_key="one"
    )
    assert notices(office) == []


@pytest.mark.parametrize(
    ("row", "nature"),
    [("P5", None), ("P6", None), ("O1", "personal"), ("O4", None), ("D4", None), ("D2", "allegation")],
)
def test_whoever_a_case_may_accuse_gets_no_notice(office: Office, row: str, nature: str | None) -> None:
    office.receive(decided(row=row, nature=nature))
    assert notices(office) == []


def test_whoever_an_allegation_names_gets_no_notice_whatever_its_nature(office: Office) -> None:
    office.receive(decided(signals=({"code": "accused-named", "says": "", "source": ""},)))
    assert notices(office) == []


def test_what_was_released_before_it_went_out_is_not_told(office: Office) -> None:
    case_id = office.receive(parents_letter()).case_id
    office.casebook.release(case_id, by="S001")
    assert notices(office) == []


def test_they_are_not_sent_to_the_head_when_the_case_is_closed_to_the_head(office: Office) -> None:
    office.receive(replace(parents_letter(), withheld_roles=(Role.HEAD,), subjects=("S001",)))
    (notice,) = notices(office)
    assert "ask the Deputy Designated Child Protection Officer" in " ".join(notice.split())
    assert "Head Teacher" not in notice


def test_a_head_whose_own_mail_is_held_is_sent_to_the_deputy(office: Office) -> None:
    office.receive(parents_letter(), recipients=((HEAD.address, "S001"),))
    (notice,) = notices(office, HEAD.address)
    assert "ask the Deputy" in " ".join(notice.split())
    assert notices(office, DEPUTY.address) == []


def test_a_school_may_switch_them_off_and_old_mail_gives_none(tmp_path: Path) -> None:
    office = Office(
        tmp_path, RememberingCourier(), clock=MovingClock(), settings=school_settings(staff_notices=False)
    )
    office.receive()
    assert notices(office) == []
    office.close()


def test_a_first_pass_over_old_mail_gives_none(office: Office) -> None:
    office.receive(is_backlog=True)
    assert notices(office) == []
