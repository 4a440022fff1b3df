"""What the log of a running mailguard says of what went wrong: why, and of nobody."""

from __future__ import annotations

import errno
import io
import json
from pathlib import Path

import pytest
import structlog

from mailguard.adapters.log_errors import without_content
from mailguard.app.ports import PermanentFailure, TemporaryFailure
from mailguard.daemon.telling import tell_alarm, tell_failed_attempt
from mailguard.domain.case import EffectKind
from tests.effects_fixture import HEAD, Office, RememberingCourier


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """The log as ``configure_logs`` has it, in memory."""
    out = io.StringIO()
    log = structlog.wrap_logger(
        structlog.PrintLogger(file=out),
        processors=[
            structlog.processors.add_log_level,
            without_content,
            structlog.processors.JSONRenderer(),
        ],
    )
    monkeypatch.setattr("mailguard.daemon.telling.log", log)
    return out


def test_an_alarm_says_why_in_codes_and_never_in_a_servers_words(written: io.StringIO) -> None:
    failure = PermanentFailure(f"RCPT TO at mx:25: 550 5.1.1 {HEAD.address}", reply="550 5.1.1")
    tell_alarm("effect_failed", "report MG-2026-0001", failure)
    assert json.loads(written.getvalue()) == {
        "event": "alarm",
        "level": "error",
        "alarm": "effect_failed",
        "subject": "report MG-2026-0001",
        "error": ["PermanentFailure"],
        "cause": "550 5.1.1",
    }


def test_an_alarm_of_a_full_disk_says_so(written: io.StringIO) -> None:
    failure = TemporaryFailure(f"blob for {HEAD.address}")
    failure.__cause__ = OSError(errno.ENOSPC, HEAD.address)
    tell_alarm("effects_worker_failed", "TemporaryFailure", failure)
    said = json.loads(written.getvalue())
    assert (said["error"], said["cause"]) == (["TemporaryFailure", "OSError"], "No space left on device")
    assert HEAD.address not in written.getvalue()


def test_an_alarm_of_our_own_mistake_says_where_it_is(written: io.StringIO) -> None:
    try:
        {}[HEAD.address]  # type: ignore[index]
    except KeyError as mistake:
        tell_alarm("effect_crashed", "17 KeyError", mistake)
    said = json.loads(written.getvalue())
    assert (said["error"], said["exception"][0]["type"]) == (["KeyError"], "KeyError")
    assert "test_telling.py" in said["exception"][0]["frames"][-1]
    assert HEAD.address not in written.getvalue()


def test_an_alarm_without_an_exception_stays_short(written: io.StringIO) -> None:
    tell_alarm("mailbox_stale", "p.nair")
    assert set(json.loads(written.getvalue())) == {"event", "level", "alarm", "subject"}


def test_a_failed_attempt_says_of_which_report_and_why(tmp_path: Path, written: io.StringIO) -> None:
    office = Office(tmp_path, RememberingCourier())
    case_id = office.receive().case_id
    (effect,) = office.effects(EffectKind.REPORT)
    office.close()
    failure = TemporaryFailure(f"connecting at mx: {HEAD.address}")
    failure.__cause__ = ConnectionRefusedError(errno.ECONNREFUSED, HEAD.address)
    tell_failed_attempt(effect, failure)
    said = json.loads(written.getvalue())
    assert (said["event"], said["level"]) == ("effect_attempt_failed", "warning")
    assert (said["kind"], said["case_id"], said["role"]) == ("report", case_id, "head")
    assert said["error"] == ["TemporaryFailure", "ConnectionRefusedError"]
    assert said["cause"] == "Connection refused"
    assert HEAD.address not in written.getvalue()
