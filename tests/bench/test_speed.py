"""How fast it is: printed by ``make bench``, never a pass or a failure on time.

One message is an ordinary letter of a parent with an HTML alternative and a picture; the school is that of tests/verdicts.
"""

from __future__ import annotations

import base64
import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from mailguard.config import load_config
from mailguard.domain.assess import Assessment
from mailguard.domain.decide import decide
from mailguard.domain.message import Envelope
from mailguard.reading.message import read
from mailguard.wiring import Parts, make_parts
from tests.relay import Client, FakeGate, run_relay
from tests.schooling import PARENT, TEACHER
from tests.servers import CollectingNextHop
from tests.storing import one_report, open_school, opening, school_settings

CONFIG = Path(__file__).parents[1] / "verdicts" / "school" / "mailguard.toml"
FOLDER_MESSAGES = 500
ROUNDS = 100
ENVELOPE = Envelope(mail_from=PARENT, rcpt_tos=(TEACHER,))
_LETTER = (
    "Good morning, Ella has a dentist's appointment on Thursday at ten and will be back for the music lesson. "
    "Could you let me know whether she has to hand in the essay before? She has finished it, but the printer "
    "at home has given up. Thank you for the help with the options form last week. Kind regards, Priya Sharma"
)


def letter(number: int = 0) -> bytes:
    """About 20 kB, the same but for ``number``."""
    paragraphs = [f"{_LETTER} ({number}.{line})" for line in range(6)]
    picture = base64.encodebytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40).decode().replace("\n", "\r\n")
    html = "".join(f"<p style='margin:0'>{paragraph}</p>" for paragraph in paragraphs)
    lines = [
        f"Received: from mx.mail.example by mx.hill.example; Tue, 24 Nov 2026 08:00:0{number % 10} +0000",
        "Authentication-Results: mx.hill.example; dmarc=pass header.from=mail.example",
        *(f"From: Priya Sharma <{PARENT}>", f"To: Tom Brown <{TEACHER}>", f"Subject: Thursday {number}"),
        *(f"Message-ID: <{number}@mail.example>", "MIME-Version: 1.0"),
        *('Content-Type: multipart/mixed; boundary="m"', "", "--m"),
        *('Content-Type: multipart/alternative; boundary="a"', "", "--a"),
        *("Content-Type: text/plain; charset=utf-8", "", *paragraphs, "--a"),
        *("Content-Type: text/html; charset=utf-8", "", f"<html><body>{html}</body></html>", "--a--", "--m"),
        *('Content-Type: image/png; name="form.png"', "Content-Transfer-Encoding: base64", "", picture),
        *("--m--", ""),
    ]
    return "\r\n".join(lines).encode()


@cache
def parts() -> Parts:
    return make_parts(load_config(CONFIG))


def repeated(
    benchmark: BenchmarkFixture, what: Callable[[], Any], *, rounds: int = ROUNDS, warmup_rounds: int = 3
) -> Any:
    """The last answer of ``what``, called once a round: for what takes milliseconds and changes something."""
    pedantic: Callable[..., Any] = benchmark.pedantic
    return pedantic(what, rounds=rounds, iterations=1, warmup_rounds=warmup_rounds)


def assessed() -> Assessment:
    return parts().inspector().inspect(letter(), ENVELOPE).assessment


def test_read_one_message(benchmark: BenchmarkFixture) -> None:
    facts = benchmark(read, letter())
    assert facts.is_readable


def test_predict_one_message(benchmark: BenchmarkFixture) -> None:
    assert parts().classifier.model_id
    scores = benchmark(parts().classifier.predict, read(letter()))
    assert scores.kind


def test_decide_one_message(benchmark: BenchmarkFixture) -> None:
    decision = benchmark(decide, assessed().situations, parts().policy)
    assert decision.headline.row.code == "D7"


def test_inspect_one_message(benchmark: BenchmarkFixture) -> None:
    inspection = benchmark(parts().inspector().inspect, letter(), ENVELOPE)
    assert inspection.headline.row.code == "D7"


@pytest.mark.timeout(300)
def test_explain_a_folder_of_500_with_start(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    for number in range(FOLDER_MESSAGES):
        (tmp_path / f"{number:04}.eml").write_bytes(letter(number))
    command = [sys.executable, "-m", "mailguard", "explain", "--json", "--config", str(CONFIG), str(tmp_path)]
    explain = partial(subprocess.run, command, capture_output=True, check=True)
    ran = repeated(benchmark, explain, rounds=2, warmup_rounds=0)
    assert len(ran.stdout.splitlines()) == FOLDER_MESSAGES


def test_commit_one_case_with_its_message_and_report(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """T1: the message encrypted and on disk, then one transaction, each with its fsync."""
    school = open_school(school_settings(tmp_path))
    numbers = itertools.count()

    def commit() -> bool:
        return school.casebook.open_or_join(opening(f"message {next(numbers)}"), one_report).newly

    assert repeated(benchmark, commit)


@pytest.fixture
def hop() -> Iterator[CollectingNextHop]:
    with CollectingNextHop() as running:
        yield running


@pytest.mark.parametrize("is_inspected", [False, True], ids=["as_it_is", "inspected"])
def test_relay_one_message_to_the_next_hop(
    benchmark: BenchmarkFixture, hop: CollectingNextHop, is_inspected: bool
) -> None:
    """MAIL, RCPT, DATA and the next hop's reply on one open connection; the next hop is in this process."""
    inspector, raw = parts().inspector(), letter()
    gate = FakeGate()
    if is_inspected:
        gate.judging = lambda: inspector.inspect(raw, ENVELOPE)  # type: ignore[assignment]
    with run_relay(gate, hop.port) as relay, Client(relay.port) as client:
        client.hello()
        deliver = partial(client.deliver, raw, TEACHER, mail_from=PARENT)
        reply = repeated(benchmark, deliver)
    assert reply.startswith("250 ")
