"""``mailguard policy replay`` as an administrator runs it, over a store and over an archive."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

from mailguard.app.list_files import ListName
from mailguard.cli import cli
from mailguard.cli.replay_archive import came
from mailguard.cli.since import since_time
from mailguard.reading.message import read
from mailguard.shipped import shipped_path
from tests.daemon import Daemon
from tests.schooling import FILES, PARENT, PUPIL_AT_HOME, TEACHER
from tests.servers import make_message

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@pytest.fixture
def school(tmp_path: Path) -> Daemon:
    installation = Daemon(folder=tmp_path, port=1, next_hop_port=2)
    installation.write_config()
    return installation


def replay(school: Daemon, *words: str) -> Result:
    where = ["--config", str(school.config), "--state", str(school.state)]
    return CliRunner().invoke(cli, ["policy", "replay", *where, *words])


def archive(school: Daemon) -> Path:
    folder = school.folder / "archive"
    folder.mkdir()
    for name, sender, words in (
        ("1.eml", PUPIL_AT_HOME, "Invoice 4471 for the photocopier is attached. Kind regards, Accounts"),
        ("2.eml", PARENT, "Ella is ill today."),
    ):
        (folder / name).write_bytes(make_message(sender=sender, to=TEACHER, subject="hi", body=words))
    return folder


def lists_without_the_pupil(school: Daemon) -> Path:
    folder = school.folder / "candidate"
    folder.mkdir()
    text = FILES[ListName.PUPILS].replace(f" {PUPIL_AT_HOME}", "")
    (folder / "pupils.csv").write_text(text, encoding="utf-8")
    return folder


def test_a_candidate_that_loses_a_child_s_report_is_said_loudly_and_ends_with_status_3(school: Daemon):
    answer = replay(school, "--lists", str(lists_without_the_pupil(school)), str(archive(school)))
    assert answer.exit_code == 3, answer.output
    assert "A CHILD'S REPORT WOULD BE LOST" in answer.output
    assert "DO NOT PUT THIS IN FORCE: 1 " in answer.output
    assert "2 messages decided again, 1 of them otherwise" in answer.output
    assert "photocopier" not in answer.output
    assert PUPIL_AT_HOME not in answer.output
    assert not school.state.exists()


def test_a_policy_that_changes_nothing_ends_with_status_0(school: Daemon):
    policy = school.folder / "same.toml"
    shutil.copy(shipped_path("config/policy.toml"), policy)
    answer = replay(school, "--json", "--policy", str(policy), str(archive(school)))
    assert answer.exit_code == 0, answer.output
    (summary,) = (json.loads(line)["summary"] for line in answer.output.splitlines())
    assert (summary["messages"], summary["changed"]) == (2, 0)
    assert summary["before"] == summary["after"]


def test_a_policy_that_could_not_be_put_in_force_is_refused_with_its_reasons(school: Daemon):
    policy = school.folder / "silent.toml"
    text = shipped_path("config/policy.toml").read_text("utf-8")
    policy.write_text(text.replace('report = "now"', 'report = "none"'), encoding="utf-8")
    answer = replay(school, "--policy", str(policy), str(archive(school)))
    assert answer.exit_code == 1
    assert "silent.toml" in answer.output


def test_a_model_that_is_not_there_is_an_error(school: Daemon):
    answer = replay(school, "--model", "0123456789abcdef", str(archive(school)))
    assert answer.exit_code == 1
    assert "0123456789abcdef" in answer.output


def test_a_folder_without_lists_is_an_error(school: Daemon):
    empty = school.folder / "empty"
    empty.mkdir()
    answer = replay(school, "--lists", str(empty), str(archive(school)))
    assert answer.exit_code == 1
    assert "pupils.csv" in answer.output


def test_an_archive_without_a_candidate_and_a_wrong_time_are_wrong_usage(school: Daemon):
    assert replay(school, str(archive(school))).exit_code == 2
    assert replay(school, "--since", "yesterday").exit_code == 2


def test_messages_of_an_archive_that_came_before_are_left_out(school: Daemon):
    folder = archive(school)
    trace = b"Received: from mx by mx.hill.example; Mon, 02 Nov 2026 08:00:00 +0000\r\n"
    old = folder / "1.eml"
    old.write_bytes(trace + old.read_bytes())
    new = folder / "2.eml"
    new.write_bytes(trace.replace(b"02 Nov", b"16 Nov") + new.read_bytes())
    words = ("--json", "--since", "2026-11-10", "--lists", str(lists_without_the_pupil(school)))
    (line,) = replay(school, *words, str(folder)).output.splitlines()
    assert json.loads(line)["summary"]["messages"] == 1


def test_a_message_came_when_the_topmost_received_says_and_never_in_the_future():
    dated = b"Received: by a; Mon, 02 Nov 2026 08:00:00 +0000\r\nReceived: by b; Sun, 01 Nov 2026 08:00:00 +0000\r\n"
    assert came(read(dated + b"\r\nx"), otherwise=NOW) == datetime(2026, 11, 2, 8, tzinfo=UTC)
    assert came(read(b"Date: Tue, 3 Nov 2026 08:00:00 +0100\r\n\r\nx"), otherwise=NOW).hour == 7
    assert came(read(b"Date: Tue, 3 Nov 2037 08:00:00 +0100\r\n\r\nx"), otherwise=NOW) == NOW
    assert came(read(b"Date: someday\r\nReceived: nonsense\r\n\r\nx"), otherwise=NOW) == NOW


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30d", datetime(2026, 10, 25, 9, 30, tzinfo=UTC)),
        ("12h", datetime(2026, 11, 23, 21, 30, tzinfo=UTC)),
        ("2026-07-01", datetime(2026, 6, 30, 23, 0, tzinfo=UTC)),
        ("2026-07-01T08:00+02:00", datetime(2026, 7, 1, 6, 0, tzinfo=UTC)),
    ],
)
def test_how_far_back_is_a_span_or_a_day_of_the_school(text: str, expected: datetime):
    assert since_time(text, now=NOW, zone=ZoneInfo("Europe/London")) == expected
