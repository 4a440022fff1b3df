"""Mail to mailguard's own address: an answer is taken only when everyone it names as its sender has a role."""

from __future__ import annotations

from typing import Any, cast

import pytest

from mailguard.app.acknowledge import AnswerReader
from mailguard.app.gate import PolicyGate
from mailguard.app.own_address_gate import JudgedAnswer, OwnAddressGate
from mailguard.app.ports import Receipt
from mailguard.domain.message import Envelope
from mailguard.reading.message import read
from tests.schooling import DEPUTY, HEAD, NOW, PUPIL_AT_HOME, STRANGER

OWN = "mailguard@hill.example"
CODE = "abcd-efgh-ijkl-mnop-qrst-uvwx-yz"


class InnerGate:
    """Remembers what it was asked to judge."""

    def __init__(self) -> None:
        self.asked: list[Envelope] = []

    def judge(self, raw: bytes, envelope: Envelope, receipt: Receipt, **_: Any) -> str:
        self.asked.append(envelope)
        return "judged"


class OwnAddress:
    def is_for_us(self, address: str) -> bool:
        return address == OWN


def judge(header: str, *, mail_from: str = HEAD) -> tuple[Any, list[Envelope]]:
    inner = InnerGate()
    gate = OwnAddressGate(
        cast(PolicyGate, inner),
        answers=cast(AnswerReader, OwnAddress()),
        read=read,
        is_role_address=lambda address: address in (HEAD, DEPUTY),
    )
    raw = f"{header}\r\nTo: {OWN}\r\n\r\nacknowledge {CODE}\r\n".encode()
    return gate.judge(raw, Envelope(mail_from, (OWN,)), Receipt(via="relay", received_at=NOW)), inner.asked


def test_an_answer_of_a_role_goes_to_the_porter() -> None:
    judged, asked = judge(f"From: {HEAD}\r\nReply-To: {HEAD}")
    assert isinstance(judged, JudgedAnswer)
    assert asked == []


@pytest.mark.parametrize(
    "header",
    [
        f"From: {PUPIL_AT_HOME}",
        f"From: {HEAD}\r\nFrom: {PUPIL_AT_HOME}",
        f"From: {HEAD}\r\nReply-To: {PUPIL_AT_HOME}",
        f"From: {HEAD}\r\nSender: {STRANGER}",
        f"From: {HEAD}\r\nResent-From: {PUPIL_AT_HOME}",
        "Subject: from nobody",
    ],
)
def test_a_forged_envelope_and_a_made_up_code_do_not_keep_a_child_from_the_gate(header: str) -> None:
    judged, asked = judge(header)
    assert judged == "judged"
    assert len(asked) == 1
