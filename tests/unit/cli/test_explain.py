"""The contract of ``mailguard explain``: its keys, its envelope, its exit statuses, and that it changes nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import example, given
from hypothesis import strategies as st

from mailguard.cli import cli
from mailguard.cli.explain import explain_one
from mailguard.cli.mail_sources import FoundMessage
from mailguard.config import load_config
from mailguard.wiring import make_parts
from tests.schooling import OFFICE, PARENT, PUPIL, SECOND_TEACHER, STRANGER, TEACHER

CONFIG = Path(__file__).parents[2] / "verdicts" / "school" / "mailguard.toml"
KEYS = [
    *("path", "message", "envelope", "direction", "initiator", "persons", "platform", "nature", "signals"),
    *("scores", "verdict", "row", "clause", "level", "disposition", "report"),
    *("policy_version", "lists_version", "model_id"),
]


LETTER = "The music lesson on Thursday has been moved to Room 12. Kind regards."


def message(*headers: str, sender: str = PUPIL, to: str = TEACHER, body: str = LETTER) -> bytes:
    fields = [*headers, f"From: {sender}", f"To: {to}", "Subject: homework", "Message-ID: <1@x.example>"]
    return "\r\n".join([*fields, "", body, ""]).encode()


def explain(*arguments: object, given: bytes = b"") -> Result:
    """Run in this process; standard output and standard error apart."""
    words = ["explain", "--config", str(CONFIG), "--json", *map(str, arguments)]
    return CliRunner().invoke(cli, words, input=given)


def answers(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def answer_to(raw: bytes, *options: str) -> dict[str, Any]:
    result = explain(*options, "-", given=raw)
    assert result.exit_code == 0, result.output
    (only,) = answers(result)
    return only


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three .eml files, one of them in a folder below, and a file that is none."""
    (tmp_path / "below").mkdir()
    (tmp_path / "b.eml").write_bytes(message(sender=PARENT))
    (tmp_path / "a.eml").write_bytes(message())
    (tmp_path / "below" / "c.eml").write_bytes(message(sender=STRANGER))
    (tmp_path / "notes.txt").write_text("no message")
    return tmp_path


def test_the_answer_has_the_contract_s_keys_in_the_contract_s_order():
    answer = answer_to(message())
    assert list(answer) == KEYS
    assert list(answer["message"]) == ["sha256", "size_bytes", "message_id", "defects"]
    assert list(answer["envelope"]) == ["mail_from", "rcpt_tos"]
    assert list(answer["report"]) == ["when", "to", "withheld_from"]
    assert {tuple(person) for person in answer["persons"]} == {("id", "name", "list", "matched", "certainty")}
    assert {tuple(signal) for signal in answer["signals"]} == {("code", "says", "source")}
    assert answer["message"]["size_bytes"] == len(message())


def test_a_platform_has_the_contract_s_keys_in_the_contract_s_order():
    answer = answer_to(message(sender="Facebook <notification@facebookmail.com>"))
    assert list(answer["platform"]) == ["id", "class", "event", "actor", "handle", "authenticated"]


def test_recipients_are_listed_when_their_outcomes_differ():
    words = "On Tuesday Tom Brown dragged my son by the collar and hit him on the head. He has a bruise."
    raw = message(sender=PARENT, to=f"{TEACHER}, {SECOND_TEACHER}", body=words)
    answer = answer_to(raw)
    assert list(answer) == [*KEYS, "recipients"]
    assert answer["recipients"] == [
        {"address": TEACHER, "disposition": "hold", "row": "D4"},
        {"address": SECOND_TEACHER, "disposition": "deliver", "row": "D4"},
    ]


def test_recipients_with_one_outcome_are_not_listed():
    assert "recipients" not in answer_to(message(to=f"{TEACHER}, {SECOND_TEACHER}"))


def test_one_object_a_line_in_the_order_given_and_exit_status_0_whatever_the_verdicts(folder: Path):
    paths = [folder / "b.eml", folder / "a.eml", folder / "b.eml"]
    result = explain(*paths)
    assert result.exit_code == 0
    assert [answer["path"] for answer in answers(result)] == [str(path) for path in paths]
    assert [answer["row"] for answer in answers(result)] == ["D7", "D2", "D7"]


def test_a_folder_gives_its_eml_files_and_those_below(folder: Path):
    found = answers(explain(folder))
    assert [answer["path"] for answer in found] == [
        str(folder / name) for name in ("a.eml", "b.eml", "below/c.eml")
    ]


def test_a_path_that_cannot_be_read_is_an_object_with_an_error_and_the_rest_is_still_answered(folder: Path):
    missing = folder / "gone.eml"
    result = explain(folder / "a.eml", missing, folder / "b.eml")
    first, second, third = answers(result)
    assert result.exit_code == 1
    assert list(second) == ["path", "error"]
    assert second["path"] == str(missing)
    assert second["error"]
    assert (first["row"], third["row"]) == ("D2", "D7")


def test_a_folder_without_a_message_is_an_error(tmp_path: Path):
    result = explain(tmp_path)
    assert result.exit_code == 1
    assert list(answers(result)[0]) == ["path", "error"]


@pytest.mark.parametrize(
    "words",
    [[], ["--no-such", "x.eml"], ["--received-via", "pigeon", "x.eml"]],
    ids=["none", "option", "via"],
)
def test_wrong_usage_is_exit_status_2(words: list[str]):
    assert explain(*words).exit_code == 2


def test_settings_that_cannot_be_read_are_exit_status_1_and_no_answer(tmp_path: Path):
    missing = str(tmp_path / "gone.toml")
    result = CliRunner().invoke(cli, ["explain", "--config", missing, "--json", "-"], input=message())
    assert result.exit_code == 1
    assert result.stdout == ""
    assert missing in result.stderr


def test_a_dash_is_standard_input():
    answer = answer_to(message())
    assert answer["path"] == "-"
    assert answer["row"] == "D2"


def test_an_mbox_gives_each_of_its_messages_with_quoted_from_lines_restored(tmp_path: Path):
    letter = f"{LETTER}\r\n\r\nFrom Monday on it is in the hall."
    one, two = message(), message(sender=PARENT, body=letter)
    box = tmp_path / "box"
    quoted = two.replace(b"\r\nFrom Monday", b"\r\n>From Monday")
    box.write_bytes(b"From a Tue Nov 24 09:00:00 2026\r\n" + one + b"\r\nFrom b Tue Nov 24\r\n" + quoted)
    first, second = answers(explain(box))
    assert [first["row"], second["row"]] == ["D2", "D7"]
    assert first["path"].startswith(str(box))
    assert first["path"] != second["path"]
    assert second["message"]["sha256"] == answer_to(two)["message"]["sha256"]


def test_no_message_of_an_mbox_goes_unanswered_even_an_empty_one(tmp_path: Path):
    box = tmp_path / "box"
    box.write_bytes(b"From a Tue Nov 24 09:00:00 2026\n")
    assert len(answers(explain(box))) == 1


def test_a_maildir_gives_what_is_in_cur_and_new(tmp_path: Path):
    for name, raw in (("cur/1:2,S", message()), ("new/2", message(sender=PARENT)), ("tmp/3", b"half")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(raw)
    assert [answer["row"] for answer in answers(explain(tmp_path))] == ["D2", "D7"]


def test_many_files_are_answered_in_order_by_several_processes(tmp_path: Path):
    senders = (PUPIL, PARENT, STRANGER)
    for number in range(180):
        sender = senders[number % 3]
        (tmp_path / f"{number:03}.eml").write_bytes(message(sender=sender, body=f"Room {number}, please."))
    missing = tmp_path / "gone.eml"
    result = explain(tmp_path, missing)
    found = answers(result)
    assert [Path(answer["path"]).name for answer in found] == [
        *(f"{number:03}.eml" for number in range(180)),
        "gone.eml",
    ]
    assert [answer["initiator"] for answer in found[:180]] == ["child", "parent", "other"] * 60
    assert "error" in found[-1]
    assert result.exit_code == 1


# ---- the envelope


def test_options_give_the_envelope():
    answer = answer_to(message(), "--mail-from", PARENT, "--rcpt-to", OFFICE, "--rcpt-to", SECOND_TEACHER)
    assert answer["envelope"] == {"mail_from": PARENT, "rcpt_tos": [OFFICE, SECOND_TEACHER]}


def test_one_option_leaves_the_other_half_to_the_message():
    raw = message("Return-Path: <bounce@x.example>", f"X-Envelope-To: {OFFICE}")
    assert answer_to(raw, "--mail-from", PARENT)["envelope"] == {"mail_from": PARENT, "rcpt_tos": [OFFICE]}
    assert answer_to(raw, "--rcpt-to", TEACHER)["envelope"] == {
        "mail_from": "bounce@x.example",
        "rcpt_tos": [TEACHER],
    }


@pytest.mark.parametrize("written", ["<>", ""])
def test_the_null_sender_can_be_given(written: str):
    raw = message("Return-Path: <bounce@x.example>", "Auto-Submitted: auto-replied", sender=PARENT)
    assert answer_to(raw, "--mail-from", written)["envelope"]["mail_from"] == ""


def test_addresses_may_be_given_in_angle_brackets():
    given = answer_to(message(), "--mail-from", f"<{PARENT}>", "--rcpt-to", f"<{OFFICE}>")["envelope"]
    assert given == {"mail_from": PARENT, "rcpt_tos": [OFFICE]}


@pytest.mark.parametrize(
    ("headers", "mail_from"),
    [
        (["Return-Path: <first@x.example>", "Return-Path: <second@x.example>"], "first@x.example"),
        (["Return-Path: <>", "Return-Path: <second@x.example>"], ""),
        (['Return-Path: ""', "Sender: <list@x.example>"], ""),
        (["Sender: <list@x.example>"], "list@x.example"),
        ([], STRANGER),
    ],
    ids=["topmost", "null", "quoted-null", "sender", "from"],
)
def test_mail_from_is_the_topmost_return_path_else_sender_else_from(headers: list[str], mail_from: str):
    assert answer_to(message(*headers, sender=STRANGER))["envelope"]["mail_from"] == mail_from


def test_recipients_are_all_of_x_envelope_to_and_delivered_to():
    raw = message(f"X-Envelope-To: {OFFICE},\r\n\t{SECOND_TEACHER}", "Delivered-To: x@hill.example")
    assert sorted(answer_to(raw)["envelope"]["rcpt_tos"]) == sorted(
        [OFFICE, SECOND_TEACHER, "x@hill.example"]
    )


def test_recipients_are_else_those_of_to_cc_and_bcc():
    raw = message(f"Cc: Office <{OFFICE}>", "Bcc: x@hill.example")
    assert sorted(answer_to(raw)["envelope"]["rcpt_tos"]) == sorted([TEACHER, OFFICE, "x@hill.example"])


@pytest.mark.parametrize("via", ["relay", "mailbox"])
def test_how_it_came_does_not_change_the_decision(via: str):
    assert answer_to(message(), "--received-via", via)["row"] == "D2"


# ---- what it leaves alone, and what it bears


def _everything(*folders: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for folder in folders
        for path in (folder, *folder.rglob("*"))
    }


def test_nothing_is_written_and_no_state_is_needed(folder: Path, tmp_path_factory: pytest.TempPathFactory):
    home, state = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("state") / "none"
    (folder / "new").mkdir()
    (folder / "new" / "1").write_bytes(message())
    before = _everything(folder, CONFIG.parent, home)
    environment = {**os.environ, "HOME": str(home), "TMPDIR": str(home), "MAILGUARD_STATE": str(state)}
    environment |= {"MAILGUARD_CONFIG": str(CONFIG), "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(
        [sys.executable, "-m", "mailguard", "explain", "--json", str(folder), str(folder / "a.eml")],
        env=environment,
        cwd=Path(__file__).parents[3],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert len(ran.stdout.splitlines()) == 2
    assert _everything(folder, CONFIG.parent, home) == before
    assert not state.exists()


def test_a_file_whose_name_is_no_utf_8_is_answered(tmp_path: Path):
    path = os.path.join(os.fsencode(tmp_path), b"caf\xe9.eml")
    with open(path, "wb") as file:
        file.write(message())
    command = [sys.executable, "-m", "mailguard", "explain", "--json", "--config", str(CONFIG)]
    ran = subprocess.run([*map(os.fsencode, command), path], capture_output=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stderr
    answer = json.loads(ran.stdout)
    assert answer["row"] == "D2"
    assert os.fsencode(answer["path"]) == path


def test_bytes_that_are_no_utf_8_in_any_header_are_answered():
    raw = (
        message().replace(b"<1@x.example>", b"<\xe9\xff@x.example>").replace(b"homework", b"\xed\xa0\x80\xff")
    )
    raw = raw.replace(b"From: ", b"From: \xff\xfe <\xe9@x.example>, ")
    assert answer_to(raw)["initiator"] == "child"


def test_the_answer_for_people_says_row_clause_and_that_nothing_was_changed(folder: Path):
    result = CliRunner().invoke(cli, ["explain", "--config", str(CONFIG), str(folder / "a.eml")])
    assert result.exit_code == 0
    assert "row D2, clause 3.b2" in result.stdout
    assert "Nothing was changed." in result.stdout


@cache
def _explain_bytes() -> Any:
    return partial(
        explain_one, inspector=make_parts(load_config(CONFIG)).inspector(), given=(None, (), "relay")
    )


_HEADER = st.sampled_from(
    [b"From: ", b"To: ", b"Subject: ", b"Content-Type: ", b"Return-Path: ", b"X-Envelope-To: ", b"Sender: "]
)
_VALUE = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [
            b"t.brown@hill.example",
            b"Ella Sharma <22esharma@pupils.hill.example>",
            b'multipart/mixed; boundary="b"',
            b"text/calendar; method=REPLY",
            b"=?utf-8?b?/////w==?=",
            b"=?utf-7?q?+AGE-?=",
            b"text/html; charset=\xff",
        ]
    ),
)
_ALMOST_A_MESSAGE = st.builds(
    lambda fields, body: b"\r\n".join([*(name + value for name, value in fields), b"", body]),
    st.lists(st.tuples(_HEADER, _VALUE), max_size=8),
    st.binary(max_size=300),
)


@given(st.one_of(st.binary(max_size=400), _ALMOST_A_MESSAGE))
@example(b"")
@example(b"\x00")
@example(b"From: \xed\xa0\x80@x\r\n\r\n")
@example(b"To: a@\xff\r\nX-Envelope-To: <>\r\n\r\n" + b"--b\r\n" * 50)
def test_explaining_arbitrary_bytes_never_fails(raw: bytes):
    answer = _explain_bytes()(FoundMessage("x", raw=raw))
    assert list(answer)[: len(KEYS)] == KEYS
    assert json.loads(json.dumps(answer, ensure_ascii=False).encode())["path"] == "x"


@given(st.binary(max_size=200), st.text(max_size=40), st.lists(st.text(max_size=40), max_size=3))
def test_explaining_under_an_arbitrary_envelope_never_fails(raw: bytes, mail_from: str, rcpt_tos: list[str]):
    given_envelope = (mail_from, tuple(rcpt_tos), "relay")
    answer = explain_one(
        FoundMessage("x", raw=raw), inspector=_explain_bytes().keywords["inspector"], given=given_envelope
    )
    assert answer["disposition"] in ("deliver", "hold")
