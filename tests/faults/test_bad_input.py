"""Settings, lists, tables, models, keys and stores that cannot be used: what the daemon says, and that nothing is lost.

Each refusal names file, key, value and fix on standard error, without a traceback, and ends with status 1; put right, the
same installation starts and has everything.
"""

import socket
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from mailguard.shipped import shipped_path
from tests.daemon import Daemon, can_connect, installed
from tests.schooling import TEACHER
from tests.servers import HOST, CollectingNextHop
from tests.whole_way import (
    account_for,
    assert_trail_is_whole,
    held_bytes,
    post,
    reports_to,
    send_until_taken,
    wait_for_reports,
)


@pytest.fixture
def daemon(tmp_path: Path, next_hop: CollectingNextHop) -> Iterator[Daemon]:
    with installed(tmp_path, next_hop_port=next_hop.port) as installation:
        yield installation


def refusal(daemon: Daemon, *, is_bare: bool = False) -> str:
    """What it says when it does not start."""
    daemon.start(wait=False, is_bare=is_bare)
    assert daemon.process is not None
    assert daemon.process.wait(30) == 1
    said = (daemon.folder / f"log-{daemon.starts:02d}.txt").read_text("utf-8")
    assert "Traceback" not in said
    assert said.strip()
    return said


def replace(daemon: Daemon, old: str, new: str) -> None:
    text = daemon.config.read_text("utf-8")
    assert old in text
    daemon.config.write_text(text.replace(old, new), encoding="utf-8")


def at_top(daemon: Daemon, text: str) -> None:
    daemon.config.write_text(text + "\n" + daemon.config.read_text("utf-8"), encoding="utf-8")


def add(daemon: Daemon, text: str) -> None:
    daemon.config.write_text(daemon.config.read_text("utf-8") + text, encoding="utf-8")


def own_policy(daemon: Daemon, change: Callable[[str], str]) -> None:
    text = shipped_path("config/policy.toml").read_text("utf-8")
    (daemon.folder / "policy.toml").write_text(change(text), encoding="utf-8")
    add(daemon, '\n[policy]\ntable = "policy.toml"\n')


def own_recognisers(daemon: Daemon, content: bytes) -> None:
    (daemon.folder / "platforms.toml").write_bytes(content)
    add(daemon, '\n[policy]\nplatforms = "platforms.toml"\n')


def write_list(daemon: Daemon, name: str, text: str) -> None:
    (daemon.folder / "lists" / f"{name}.csv").write_text(text, encoding="utf-8")


def in_the_state_folder(daemon: Daemon, name: str, content: bytes) -> None:
    daemon.state.mkdir()
    (daemon.state / name).write_bytes(content)


PUPIL_HEADER = "id,name,year,addresses,handles\n"
# what is wrong: how it is made so, words of the refusal
WRONG: dict[str, tuple[Callable[[Daemon], object], tuple[str, ...]]] = {
    "no settings file": (
        lambda daemon: daemon.config.unlink(),
        ("mailguard.toml", "cannot be read", "--config"),
    ),
    "settings that are no TOML": (
        lambda daemon: at_top(daemon, "mode = "),
        ("mailguard.toml", "not TOML", "sample"),
    ),
    "settings that are not UTF-8": (
        lambda daemon: daemon.config.write_bytes(b"# \xff\xfe\n" + daemon.config.read_bytes()),
        ("mailguard.toml", "UTF-8", "byte 2"),
    ),
    "an unknown setting": (
        lambda daemon: replace(daemon, "[relay]", "[relay]\nlisten_on = 25"),
        ("mailguard.toml:", "relay.listen_on", "25", "spelling"),
    ),
    "a wrong value": (
        lambda daemon: replace(daemon, "[relay]", '[relay]\nposition = "sideways"'),
        ("mailguard.toml:", "relay.position", "sideways", "after-queue"),
    ),
    "a list that is not there": (
        lambda daemon: (daemon.folder / "lists" / "pupils.csv").unlink(),
        ("lists.pupils", "lists/pupils.csv", "no such file", "correct the path"),
    ),
    "a list with wrong columns": (
        lambda daemon: write_list(daemon, "pupils", "number,who\n1,Ella\n"),
        ("lists/pupils.csv:1", "number"),
    ),
    "a list with a wrong address": (
        lambda daemon: write_list(daemon, "pupils", PUPIL_HEADER + "P1,Ella Sharma,10,ella at home,\n"),
        ("lists/pupils.csv:2", "ella"),
    ),
    "a list that is not text": (
        lambda daemon: (daemon.folder / "lists" / "staff.csv").write_bytes(b"\x00\xff\xfe\x81" * 50),
        ("lists/staff.csv",),
    ),
    "a policy that is not there": (
        lambda daemon: add(daemon, '\n[policy]\ntable = "other.toml"\n'),
        ("other.toml", "cannot be read", "policy.table"),
    ),
    "a policy that is no TOML": (
        lambda daemon: own_policy(daemon, lambda text: "[[row]\n" + text),
        ("policy.toml", "not TOML", "restore"),
    ),
    "recognisers that are no TOML": (
        lambda daemon: own_recognisers(daemon, b"[[platform"),
        ("platforms.toml",),
    ),
    "recognisers that are not there": (
        lambda daemon: add(daemon, '\n[policy]\nplatforms = "other.toml"\n'),
        ("other.toml", "cannot be read", "policy.platforms"),
    ),
    "no next hop": (
        lambda daemon: replace(daemon, f'next_hop = "{HOST}:{daemon.next_hop_port}"', ""),
        ("mailguard.toml", "next_hop"),
    ),
    "a password that is not there": (
        lambda daemon: add(daemon, '\n[outgoing]\nusername = "u"\npassword = { file = "secret" }\n'),
        ("mailguard.toml", "outgoing.password", "secret"),
    ),
    "a second channel of no service": (
        lambda daemon: add(daemon, '\n[second_channel]\nurls = ["nowhere://hidden-token"]\n'),
        ("mailguard.toml", "second channel"),
    ),
    "a mailbox without a password": (
        lambda daemon: add(
            daemon, f'\n[mailboxes]\nhost = "{HOST}"\n[[mailboxes.account]]\naddress = "{TEACHER}"\n'
        ),
        ("mailguard.toml", TEACHER, "password"),
    ),
    "a state folder that cannot be written": (
        lambda daemon: in_the_state_folder(daemon, "blobs", b"in the way"),
        ("state", "--state", "cannot be written", "Name a folder"),
    ),
    "a store that is no database": (
        lambda daemon: in_the_state_folder(daemon, "mailguard.sqlite3", b"not one" * 999),
        ("mailguard.sqlite3", "store", "backup"),
    ),
    "a PostgreSQL that does not answer": (
        lambda daemon: add(daemon, f'\n[store]\nurl = "postgresql+psycopg://u:hidden-token@{HOST}:9/none"\n'),
        ("cannot be opened", "See that the database runs"),
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_it_does_not_start_and_says_where_what_and_how_to_mend_it(daemon: Daemon, what: str):
    make_wrong, words = WRONG[what]
    make_wrong(daemon)
    said = refusal(daemon)
    assert all(word in said for word in words), said
    assert "hidden-token" not in said
    assert not can_connect(daemon.port)


def test_everything_wrong_in_settings_and_lists_is_said_at_once(daemon: Daemon):
    write_list(daemon, "pupils", PUPIL_HEADER + "P1,Ella Sharma,10,nobody,\nP1,Ella Sharma,10,a@b.example,\n")
    write_list(daemon, "staff", "id,name,role,addresses\nS1,,head,a.head@hill.example\n")
    own_policy(daemon, lambda text: "[[row]\n" + text)
    said = refusal(daemon, is_bare=True)
    assert all(word in said for word in ("pupils.csv:2", "pupils.csv:3", "staff.csv:2", "policy.toml"))


def test_a_policy_that_would_let_a_listed_childs_contact_pass_unreported_is_refused(daemon: Daemon):
    def silence(text: str) -> str:
        before, code, after = text.partition('code = "D2"')
        assert code
        return before + code + after.replace('report = "now"', 'report = "none"', 1)

    own_policy(daemon, silence)
    said = refusal(daemon)
    assert "D2" in said
    assert "policy.toml" in said


def test_a_port_in_use_is_said_and_the_store_can_still_be_opened(daemon: Daemon):
    with socket.create_server((HOST, daemon.port)):
        said = refusal(daemon)
    assert f"{HOST}:{daemon.port}" in said
    assert "in use" in said
    daemon.start()
    assert daemon.stop() == 0


@pytest.fixture
def holding(daemon: Daemon, next_hop: CollectingNextHop) -> Daemon:
    """It has held a message and was then stopped."""
    daemon.start()
    send_until_taken(daemon.port, post("held"))
    wait_for_reports(daemon)
    assert daemon.stop() == 0
    return daemon


def assert_nothing_is_lost(daemon: Daemon, next_hop: CollectingNextHop) -> None:
    daemon.start()
    with daemon.store() as opened:
        (raw,) = held_bytes(opened)[TEACHER]
        assert raw.endswith(b".dot first\r\n")
        assert_trail_is_whole(opened)
    assert len(reports_to(next_hop)) == 1
    assert daemon.stop() == 0


def test_without_its_key_a_store_stays_shut_and_with_it_nothing_is_lost(
    holding: Daemon, next_hop: CollectingNextHop
):
    key = holding.state / "keys" / "kek"
    right = key.read_bytes()
    key.unlink()
    said = refusal(holding)
    assert all(word in said for word in (str(key), "key-encryption key", "missing", "backup"))
    assert not key.exists()
    key.write_bytes(Fernet.generate_key())
    key.chmod(0o600)
    said = refusal(holding)
    assert all(word in said for word in (str(key), "is not the one", "Put back"))
    key.write_bytes(right[:20])
    said = refusal(holding)
    assert all(word in said for word in (str(key), "damaged", "backup"))
    key.write_bytes(right)
    key.chmod(0o644)
    said = refusal(holding)
    assert all(word in said for word in (str(key), "0644", "chmod 600"))
    key.chmod(0o600)
    assert_nothing_is_lost(holding, next_hop)


def test_a_store_of_a_newer_mailguard_is_refused_and_left_as_it_is(
    holding: Daemon, next_hop: CollectingNextHop
):
    path = holding.state / "mailguard.sqlite3"

    def set_schema(version: str) -> str:
        with sqlite3.connect(path) as link:
            (before,) = link.execute("SELECT version_num FROM alembic_version").fetchone()
            link.execute("UPDATE alembic_version SET version_num = ?", (version,))
        link.close()
        return str(before)

    right = set_schema("9999")
    said = refusal(holding)
    assert all(word in said for word in (str(path), "schema", "9999", "newer"))
    assert set_schema(right) == "9999"
    assert_nothing_is_lost(holding, next_hop)


def test_settings_broken_while_it_runs_do_no_harm_before_the_next_start(
    daemon: Daemon, next_hop: CollectingNextHop
):
    daemon.start()
    right = daemon.config.read_bytes()
    daemon.config.write_text("mode = ")
    sent = post("held")
    send_until_taken(daemon.port, sent)
    daemon.config.write_bytes(right)
    wait_for_reports(daemon)
    account_for(sent, daemon, next_hop)
