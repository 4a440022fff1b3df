"""The gate on a bad day: inspection that fails or never ends holds the message; it is neither lost nor retried for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from mailguard.app.gate import ATTEMPTS_BEFORE_HELD_RAW, PolicyGate
from mailguard.app.inspect import Inspector
from mailguard.app.ports import Receipt, TemporaryFailure
from mailguard.classifier.registry import DarkClassifier
from mailguard.domain.case import Mode
from mailguard.domain.message import Envelope
from mailguard.reading.platforms import Recognisers
from mailguard.shipped import shipped_path
from tests.schooling import (
    NOW,
    OFFICE,
    PARENT,
    PUPIL,
    STRANGER,
    TEACHER,
    make_lists,
    make_school,
    shipped_policy,
)

RAW = b"From: <someone@elsewhere.example>\r\nSubject: x\r\n\r\nhello\r\n"


class Clock:
    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> Any:
        return self.at


class CountingStore:
    """Counts attempts as the ledger does; nothing else is asked of it here."""

    def __init__(self) -> None:
        self.attempts: dict[str, int] = {}

    def transaction(self) -> Any:
        store = self

        class Context:
            def __enter__(self) -> Any:
                def begin(key: str) -> int:
                    store.attempts[key] = store.attempts.get(key, 0) + 1
                    return store.attempts[key]

                return SimpleNamespace(ledger=SimpleNamespace(begin_attempt=begin))

            def __exit__(self, *_: object) -> None:
                return None

        return Context()


@pytest.fixture
def parts(tmp_path):
    school = make_school()
    lists = make_lists(tmp_path, school)
    clock = Clock()
    recognisers = Recognisers.from_toml(shipped_path("config/platforms.toml").read_bytes(), "platforms.toml")
    inspector = Inspector(
        school=school,
        policy=shipped_policy(),
        recognisers=recognisers,
        lists=lambda: lists,
        classifier=lambda: DarkClassifier(reason="none in this test"),
        clock=clock,
        trusted_authserv_ids=frozenset(),
    )
    alarms: list[tuple[str, str]] = []
    none: Any = None
    store: Any = CountingStore()
    gate = PolicyGate(
        inspector=inspector,
        casebook=none,
        store=store,
        plan_effects=none,
        clock=clock,
        mode=Mode.ENFORCE,
        on_recorded=lambda: None,
        on_alarm=lambda word, subject: alarms.append((word, subject)),
    )
    return SimpleNamespace(gate=gate, clock=clock, alarms=alarms, inspector=inspector)


def receipt() -> Receipt:
    return Receipt(via="relay", received_at=NOW)


class BrokenClassifier:
    model_id = "broken"

    def predict(self, facts: object) -> Any:
        raise ZeroDivisionError


@pytest.mark.parametrize(("sender", "row"), [(STRANGER, "U1"), (PARENT, "U1"), (OFFICE, "U1"), (PUPIL, "D2")])
def test_inspection_that_fails_is_refused_for_now_and_held_at_the_third_attempt(parts, sender, row):
    parts.gate._inspector = replace(parts.inspector, classifier=lambda: BrokenClassifier())
    envelope = Envelope(mail_from=sender, rcpt_tos=(TEACHER,))
    for _ in range(ATTEMPTS_BEFORE_HELD_RAW - 1):
        with pytest.raises(TemporaryFailure):
            parts.gate.judge(RAW, envelope, receipt())
    judged = parts.gate.judge(RAW, envelope, receipt())
    assert [(outcome.disposition, outcome.row) for outcome in judged.recipients] == [("hold", row)]
    assert judged.must_record
    assert {word for word, _ in parts.alarms} == {"inspection_failed"}


def test_inspection_that_never_ends_is_judged_by_the_envelope_in_the_end(parts):
    digest = Inspector.digest(RAW)
    parts.gate._under_way[digest] = [NOW] * ATTEMPTS_BEFORE_HELD_RAW
    parts.clock.at = NOW + timedelta(minutes=1)
    judged = parts.gate.judge(RAW, Envelope(mail_from=PARENT, rcpt_tos=(TEACHER,)), receipt())
    assert judged.recipients[0].disposition == "hold"
    assert parts.alarms == [("inspection_never_ends", digest[:12])]


def test_one_mail_to_many_at_a_time_is_no_attempt_that_hangs(parts):
    digest = Inspector.digest(RAW)
    parts.gate._under_way[digest] = [NOW] * 20
    judged = parts.gate.judge(RAW, Envelope(mail_from=STRANGER, rcpt_tos=(TEACHER,)), receipt())
    assert judged.recipients[0].disposition == "deliver"
    assert parts.gate._under_way[digest] == [NOW] * 20
