"""The review page as a process of its own: it opens no password of a mail server, and hands over to the daemon."""

import contextlib
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailguard.domain.account import AccountState
from tests.daemon import Daemon, can_connect, installed
from tests.schooling import HEAD, TEACHER
from tests.servers import HOST, CollectingNextHop, free_port, send_by_smtp, wait_until

# Passwords that are nowhere: whoever wanted to open them could not start.
MAIL_SECRETS = """
[mailboxes]
host = "imap.hill.example"
password = { file = "nowhere/imap-password" }
[[mailboxes.account]]
address = "t.brown@hill.example"
[outgoing]
server = "127.0.0.1:9"
username = "mailguard"
password = { credential = "not-given" }
"""


@pytest.fixture
def review_port() -> int:
    return free_port()


@pytest.fixture
def daemon(tmp_path: Path, next_hop: CollectingNextHop, review_port: int) -> Iterator[Daemon]:
    more = f'[review]\nlisten = "{HOST}:{review_port}"\nurl = "http://review.hill.example"\n'
    with installed(tmp_path, next_hop_port=next_hop.port, more=more) as installation:
        yield installation


def ask(port: int, path: str, host: str = "") -> tuple[int, str]:
    request = urllib.request.Request(f"http://{HOST}:{port}{path}")
    if host:
        request.add_header("Host", host)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read().decode()


def test_alone_it_serves_without_any_password_of_a_mail_server_and_ends_in_order(
    daemon: Daemon, review_port: int
):
    daemon.more += MAIL_SECRETS
    daemon.parts = ("web",)
    daemon.write_config()
    daemon.start(is_bare=True)
    status, page = ask(review_port, "/")
    assert status == 200
    assert "Sign in" in page
    assert ask(review_port, "/", host="review.hill.example")[0] == 200
    assert ask(review_port, "/", host="evil.example")[0] == 400
    assert ask(review_port, "/queue")[1].count("Your school e-mail address") == 1
    said = daemon.command("account", "create", "head")
    assert re.search(r"One-time password +([a-z2-7]{4}-){4}[a-z2-7]{4}\n", said)
    assert "http://review.hill.example" in said
    listed = daemon.command("account", "list")
    assert re.search(rf"head +{AccountState.INVITED.value} +{HEAD}", listed)
    assert "There is an account" in daemon_refuses(daemon, "account", "create", "head")
    assert not can_connect(daemon.port)
    assert daemon.stop() == 0
    assert "nowhere" not in daemon.log_text


def daemon_refuses(daemon: Daemon, *words: str) -> str:
    options = ["--config", str(daemon.config), "--state", str(daemon.state)]
    done = subprocess.run(
        [sys.executable, "-m", "mailguard", *words, *options],
        capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    return done.stderr


def test_a_port_that_is_taken_stops_the_page_but_no_mail(
    daemon: Daemon, next_hop: CollectingNextHop, review_port: int
):
    with contextlib.closing(socket.create_server((HOST, review_port))):
        daemon.start()
        assert "review_page_not_started" in daemon.log_text
        raw = (
            b"From: someone@elsewhere.example\r\nTo: t.brown@hill.example\r\nSubject: hello\r\n\r\nhello\r\n"
        )
        send_by_smtp(daemon.port, raw, mail_from="someone@elsewhere.example", recipients=[TEACHER])
        wait_until(lambda: len(next_hop.deliveries) > 0, "the mail goes on")
        assert daemon.stop() == 0
        daemon.parts = ("web",)
        daemon.start(wait=False)
        assert daemon.process is not None
        assert daemon.process.wait(90) == 1
        assert "cannot listen" in daemon.log_text
