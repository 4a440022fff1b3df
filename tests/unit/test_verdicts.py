"""Golden decisions: tests/verdicts/CASE/{message.eml,expected.toml}, judged for the school in tests/verdicts/school.

``expected.toml``: ``why`` · ``mail_from``, ``rcpt_tos``: the envelope · ``clock``: the date on which it is judged,
where it matters · ``[expect]``: what the contract (DECISIONS.md) determines, in the words of
``mailguard explain --json``. A table is compared key by key, ``persons`` and ``signals`` must be among the answer's,
``recipients`` is compared whole, and a key given as "null" must be null. ``signals`` lists codes.
"""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mailguard.app.explain import explanation
from mailguard.config import load_config
from mailguard.domain.message import Envelope
from mailguard.wiring import Parts, make_parts
from tests.storing import TurnedClock

VERDICTS = Path(__file__).parents[1] / "verdicts"
CASES = sorted(path.parent for path in VERDICTS.glob("*/expected.toml"))
TODAY = date(2026, 11, 24)
ROWS = (
    *("X0", "X1", "X2", "X3", "P1", "P2", "E1", "E2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "R1"),
    *("D1", "D2", "D3", "D4i", "D4", "D5", "D6", "D7", "O1", "O2", "O3", "O4", "O5", "U1", "Z"),
)


@cache
def school() -> tuple[Parts, TurnedClock]:
    clock = TurnedClock()
    return make_parts(load_config(VERDICTS / "school" / "mailguard.toml"), clock=clock), clock


def judged(case: Path) -> dict[str, Any]:
    """What ``mailguard explain`` says of the case on its day."""
    wanted = expected(case)
    parts, clock = school()
    clock.at = datetime.combine(wanted.get("clock", TODAY), time(9, 30), tzinfo=UTC)
    envelope = Envelope(mail_from=wanted["mail_from"], rcpt_tos=tuple(wanted["rcpt_tos"]))
    inspection = parts.inspector().inspect((case / "message.eml").read_bytes(), envelope)
    return explanation(inspection, path=case.name)


@cache
def expected(case: Path) -> dict[str, Any]:
    return tomllib.loads((case / "expected.toml").read_text(encoding="utf-8"))


def differences(wanted: dict[str, Any], answer: dict[str, Any], where: str = "") -> list[str]:
    """One line for each key that is not as wanted."""
    found: list[str] = []
    for key, value in wanted.items():
        got = answer.get(key)
        match key, value:
            case "persons", list():
                ids = {person["id"]: person for person in got or ()}
                for person in value:
                    found += differences(person, ids.get(person["id"], {}), f"{where}persons.{person['id']}.")
            case "signals", list():
                codes = {signal["code"] for signal in got or ()}
                found += [
                    f"{where}signals: {code} is missing from {sorted(codes)}"
                    for code in value
                    if code not in codes
                ]
            case _, dict():
                found += differences(value, got or {}, f"{where}{key}.")
            case _:
                if got != (None if value == "null" else value):
                    found.append(f"{where}{key}: wanted {value!r}, got {got!r}")
    return found


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_decision_is_the_one_the_contract_determines(case: Path) -> None:
    answer = judged(case)
    wrong = differences(expected(case)["expect"], answer)
    signals = [f"{signal['code']}: {signal['says']}" for signal in answer["signals"]]
    assert not wrong, "\n".join([expected(case)["why"], *wrong, f"row {answer['row']}", *signals])


def test_every_row_of_the_table_has_at_least_two_cases() -> None:
    rows = [expected(case)["expect"].get("row") for case in CASES]
    assert {row: rows.count(row) for row in ROWS if rows.count(row) < 2} == {}


def test_the_shipped_model_is_in_use() -> None:
    assert school()[0].classifier.model_id


def test_a_case_says_why_and_holds_no_unknown_key() -> None:
    for case in CASES:
        assert set(expected(case)) <= {"why", "mail_from", "rcpt_tos", "clock", "expect"}, case.name
        assert expected(case)["why"], case.name
        assert expected(case)["expect"], case.name
