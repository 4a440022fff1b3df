"""An answer by mail acknowledges a case, once, and only from whom it was sent to."""

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mailguard.app.acknowledge import Answer, AnswerReader, AnswerResult
from mailguard.app.ports import OutgoingMessage
from mailguard.domain.case import CaseState, EffectKind, EffectState
from mailguard.domain.message import AuthenticationResult, AutomaticMark, Mailbox, MessageFacts
from mailguard.domain.words import Disposition, Level
from tests.effects_fixture import (
    DEPUTY,
    HEAD,
    RAW,
    MovingClock,
    Office,
    PeopleDirectory,
    RememberingCourier,
    decided,
)

CODE = re.compile(r"acknowledge ([a-z2-7-]{32})")


class Desk:
    """An office with one report sent, and its reader's answers."""

    def __init__(self, folder: Path) -> None:
        self.courier = RememberingCourier()
        self.clock = MovingClock()
        self.office = Office(folder, self.courier, clock=self.clock)
        self.reader = AnswerReader(
            store=self.office.store, settings=self.office.settings, directory=lambda: PeopleDirectory()
        )

    def code_in(self, message: OutgoingMessage) -> str:
        body = email.message_from_bytes(message.raw, policy=email.policy.default).get_body(("plain",))
        assert body is not None
        found = CODE.search(body.get_content())
        assert found is not None
        return found.group(1)

    def answer(
        self,
        text: str,
        *,
        sender: str = HEAD.address,
        authentication: AuthenticationResult = AuthenticationResult.NONE,
        **changes: Any,
    ) -> Answer:
        facts = MessageFacts(
            sha256="",
            content_sha256="",
            size_bytes=0,
            subject="Re: [mailguard] Child contact",
            mailboxes=(Mailbox(sender, "", "From"),),
            own_text=text,
        )
        return self.reader.take(replace(facts, **changes), mail_from=sender, authentication=authentication)

    def state(self, case_id: str) -> CaseState:
        with self.office.store.reading() as transaction:
            case = transaction.cases.find(case_id)
        assert case is not None
        return case.state


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.office.close()


@pytest.fixture
def case_id(desk: Desk) -> str:
    case_id = desk.office.receive(decided(level=Level.EMERGENCY)).case_id
    desk.office.work()
    return case_id


def test_the_code_line_from_the_heads_address_acknowledges_and_stops_the_timer(
    desk: Desk, case_id: str
) -> None:
    code = desk.code_in(desk.courier.sent[0])
    assert desk.answer(f"acknowledge {code}") == Answer(result=AnswerResult.ACKNOWLEDGED, case_ids=(case_id,))
    assert desk.state(case_id) is CaseState.ACKNOWLEDGED
    (timer,) = desk.office.effects(EffectKind.ESCALATE)
    assert timer.state is EffectState.CANCELLED
    assert "review:case:acknowledged" in desk.office.tags(case_id)


def test_a_code_works_once(desk: Desk, case_id: str) -> None:
    code = desk.code_in(desk.courier.sent[0])
    desk.answer(code)
    assert desk.answer(code).result is AnswerResult.REFUSED


def test_a_code_in_capitals_works(desk: Desk, case_id: str) -> None:
    code = desk.code_in(desk.courier.sent[0])
    assert desk.answer(f"Acknowledge {code.upper()}").result is AnswerResult.ACKNOWLEDGED


def test_another_roles_address_is_refused_and_the_code_stays_good(desk: Desk, case_id: str) -> None:
    code = desk.code_in(desk.courier.sent[0])
    assert desk.answer(code, sender=DEPUTY.address).result is AnswerResult.REFUSED
    assert desk.answer(code, sender="stranger@outside.test").result is AnswerResult.REFUSED
    assert desk.state(case_id) is CaseState.NEW
    assert desk.answer(code).result is AnswerResult.ACKNOWLEDGED


def test_failed_authentication_is_refused(desk: Desk, case_id: str) -> None:
    code = desk.code_in(desk.courier.sent[0])
    assert desk.answer(code, authentication=AuthenticationResult.FAIL).result is AnswerResult.REFUSED
    assert desk.state(case_id) is CaseState.NEW


@pytest.mark.parametrize(
    "changes",
    [
        {"automatic": AutomaticMark.HEADER},
        {"headers": (("x-autoreply", "yes"),)},
        {"subject": "Automatic reply: [mailguard] Child contact"},
    ],
)
def test_an_out_of_office_answer_that_quotes_the_code_does_not_acknowledge(
    desk: Desk, case_id: str, changes: dict[str, Any]
) -> None:
    code = desk.code_in(desk.courier.sent[0])
    assert desk.answer(f"I am away. acknowledge {code}", **changes).result is AnswerResult.REFUSED
    assert desk.state(case_id) is CaseState.NEW


def test_a_code_that_only_the_quoted_report_carries_needs_words_of_the_readers_own(
    desk: Desk, case_id: str
) -> None:
    code = desk.code_in(desk.courier.sent[0])
    assert desk.answer("", quoted_text=f"acknowledge {code}").result is AnswerResult.REFUSED
    assert desk.answer("Acknowledged, thanks", quoted_text=f"acknowledge {code}").result is (
        AnswerResult.ACKNOWLEDGED
    )


def test_an_answer_to_a_case_that_was_acknowledged_already_says_so(desk: Desk, case_id: str) -> None:
    code = desk.code_in(desk.courier.sent[0])
    desk.office.casebook.acknowledge(case_id, by="S001", through="cli")
    assert desk.answer(code).result is AnswerResult.ALREADY


def test_a_code_expires(desk: Desk, case_id: str) -> None:
    code = desk.code_in(desk.courier.sent[0])
    desk.clock.pass_time(days=31)
    assert desk.answer(code).result is AnswerResult.REFUSED


def test_a_refusal_is_on_the_record_without_the_code(desk: Desk, case_id: str) -> None:
    code = desk.code_in(desk.courier.sent[0])
    desk.answer(code, sender="stranger@outside.test")
    with desk.office.store.reading() as transaction:
        (event,) = [each for each in transaction.audit.events() if each.tag == "effects:answer:refused"]
    assert code not in str(event.detail)
    assert "stranger" not in str(event.detail)


def test_one_answer_covers_every_case_of_a_gathered_report(desk: Desk) -> None:
    decision = decided(row="D2a", nature="schoolwork", disposition=Disposition.DELIVER)
    ids = [desk.office.receive(decision, raw=RAW + str(number).encode()).case_id for number in range(3)]
    desk.clock.pass_time(minutes=10)
    desk.office.work()
    code = desk.code_in(desk.courier.to(HEAD.address)[0])
    assert desk.answer(code).case_ids == tuple(ids)
    assert {desk.state(case_id) for case_id in ids} == {CaseState.ACKNOWLEDGED}


def test_no_code_is_stored_in_clear(desk: Desk, case_id: str, tmp_path: Path) -> None:
    code = desk.code_in(desk.courier.sent[0])
    for path in tmp_path.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert code.encode() not in content
            assert code.replace("-", "").encode() not in content
