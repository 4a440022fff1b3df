"""The demo holds all it claims, in a terminal's width and plain when piped, and leaves nothing behind."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailguard.config import load_config
from mailguard.demo import messages, people_mail
from mailguard.demo.cast import MAILBOXES
from mailguard.demo.checks import Check, below_trace, check_decisions
from mailguard.demo.letters import Writer
from mailguard.demo.observing import Outcome
from mailguard.demo.play import DemoResult
from mailguard.demo.school import PASSWORD, without_sections
from mailguard.demo.servers import MailServers
from mailguard.domain.message import Envelope
from mailguard.shipped import shipped_path
from mailguard.wiring import make_parts
from tests.servers.process import wait_until

DEMO = [sys.executable, "-m", "mailguard", "demo"]
WRITER = Writer(datetime(2026, 9, 28, 9, 30, tzinfo=UTC), "test")


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "TMPDIR": str(folder)}


def processes_of(folder: Path) -> list[int]:
    """Pids of processes whose command line names that folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(folder).encode() in command:
                found.append(int(entry.name))
    return found


def end(demo: subprocess.Popen[bytes]) -> None:
    """SIGTERM, so that it ends its daemon; SIGKILL only when it does not."""
    demo.terminate()
    try:
        demo.wait(40)
    except subprocess.TimeoutExpired:
        demo.kill()
        demo.wait()


def test_everything_that_the_demo_claims_holds_and_nothing_is_left(tmp_path: Path) -> None:
    shown = subprocess.run(
        [*DEMO, "--once"], env=environment(tmp_path), capture_output=True, text=True, timeout=110, check=False
    )
    assert "did not hold" not in shown.stdout
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "All of it held" in shown.stdout
    assert shown.stderr == ""
    assert "\x1b" not in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 100
    assert shown.stdout.count("MG-") > 8
    assert list(tmp_path.iterdir()) == []
    assert processes_of(tmp_path) == []


def test_sigterm_ends_the_demo_with_its_daemon_and_its_folder(tmp_path: Path) -> None:
    demo = subprocess.Popen(
        DEMO, env=environment(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: processes_of(tmp_path), "a daemon is started", seconds=40)
        demo.send_signal(signal.SIGTERM)
        assert demo.wait(40) == 130
    finally:
        end(demo)
    assert list(tmp_path.iterdir()) == []
    assert processes_of(tmp_path) == []


def test_without_once_it_stays_up_until_ctrl_c_and_says_where_everything_is(tmp_path: Path) -> None:
    kept, shown = tmp_path / "kept", tmp_path / "shown"
    with shown.open("wb") as file:
        demo = subprocess.Popen([*DEMO, "--keep", str(kept)], stdout=file, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: "send.py" in shown.read_text("utf-8"), "it stays up", seconds=75)
        listed = subprocess.run(
            [*DEMO[:-1], "case", "list", "--config", kept / "config/mailguard.toml", "--state", kept / "state"],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert listed.stdout.count("MG-") == 15
        address = re.search(r"http://127.0.0.1:\d+/", shown.read_text("utf-8"))
        assert address is not None
        with urllib.request.urlopen(address.group(0), timeout=30) as page:
            assert "Sign in" in page.read().decode()
        subprocess.run([sys.executable, kept / "send.py"], timeout=60, check=True)
        assert demo.poll() is None
        demo.send_signal(signal.SIGINT)
        assert demo.wait(40) == 0, shown.read_text("utf-8")
    finally:
        end(demo)
    assert (kept / "state/mailguard.sqlite3").exists()
    assert kept.stat().st_mode & 0o777 == 0o700
    assert processes_of(tmp_path) == []


def test_keep_refuses_a_folder_that_has_something_in_it(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    refused = subprocess.run(
        [*DEMO, "--once", "--keep", str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert refused.returncode == 2
    assert "not empty" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_the_shipped_lists_policy_and_model_give_what_the_demo_expects() -> None:
    inspector = make_parts(load_config(shipped_path("config/demo/mailguard.toml"))).inspector()
    for message in messages.all_messages(WRITER):
        for copy in message.copies:
            envelope = Envelope(
                mail_from=message.mail_from, rcpt_tos=(copy.rcpt_to,), received_via=message.via.value
            )
            inspection = inspector.inspect(copy.raw, envelope)
            headline = inspection.headline
            found = (headline.row.code, headline.disposition, headline.report, inspection.route.to)
            assert found == (message.row, copy.expected, message.report, message.told), message.title


def test_titles_fit_the_table_and_addresses_have_mailboxes() -> None:
    day = messages.all_messages(WRITER)
    assert all(len(message.title) <= 52 for message in day)
    assert len({copy.message_id for message in day for copy in message.copies}) > len(day)
    listed = shipped_path("config/demo/lists/staff.csv").read_text("utf-8")
    assert all(address in listed for address in MAILBOXES)


def test_a_decision_other_than_the_expected_fails_the_demo_and_is_named() -> None:
    message = people_mail.the_disclosure(WRITER)
    decided = {"row": "Z", "disposition": "deliver", "report": {"when": "none"}}
    outcome = Outcome(
        message=message,
        sent=(),
        explained=(decided,),
        case=None,
        recipients={},
        reports={},
        report_seconds={},
    )
    check = check_decisions([outcome])
    assert not check.held
    assert any(message.title in problem and "Z, deliver, none" in problem for problem in check.problems)
    result = DemoResult(outcomes=(), checks=(Check("this held"), check), seconds=1.0)
    assert not result.held
    answer = json.loads(result.to_json())
    assert [each["ok"] for each in answer["checks"]] == [True, False]
    assert replace(result, checks=result.checks[:1]).held


def test_trace_fields_and_nothing_else_are_taken_off_the_top() -> None:
    sent = b"Received: by us\r\nX-Mailguard: forged\r\n\r\nbody\r\n"
    trace = b"Return-Path: <a@b.example>\r\nX-Mailguard: v1 id=x e=1\r\n h=y\r\n"
    assert below_trace(trace + sent) == sent
    assert below_trace(sent) == sent


def test_settings_lose_the_sections_that_the_demo_replaces() -> None:
    text = '[school]\nname = "x"\n[relay]\nlisten = "a"\n[[mailboxes.account]]\naddress = "b"\n[lists]\npupils = "p"'
    assert (
        without_sections(text, ("relay", "mailboxes.account"))
        == '[school]\nname = "x"\n[lists]\npupils = "p"'
    )


@pytest.mark.parametrize(
    "body", [b"plain\r\n", b"8-bit \xc3\xa9\r\n.\r\n..dots\r\n\r\n  end  \r\n", b"no line end"]
)
def test_the_throw_away_imap_server_gives_back_the_bytes_it_got(body: bytes) -> None:
    raw = b"From: a@b.example\r\nSubject: =?utf-8?q?x?=\r\n folded\r\nX:y\r\n\r\n" + body
    with MailServers(frozenset({"c@d.example"}), PASSWORD) as servers:
        servers.append("c@d.example", raw)
        assert servers.inbox("c@d.example") == [raw]
