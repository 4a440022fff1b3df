"""``mailguard doctor``: what a report needs of the settings is looked at before one is missed."""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from mailguard import doctor
from mailguard.adapters.clock import SystemClock
from mailguard.adapters.store.opening import open_store
from mailguard.app.health import Finding, State
from mailguard.app.site_settings import SiteSettings
from mailguard.config import load_config
from mailguard.daemon_settings import store_settings
from mailguard.doctor import examine, next_hop_findings, review_findings, space_words
from mailguard.domain.account import AccountState, SiteRole
from tests.daemon import Daemon
from tests.schooling import DEPUTY
from tests.servers import free_port
from tests.web_site import make_web_school, write_config


def warnings(folder: Path, *, more: str = "", replaced: tuple[str, str] = ("", "")) -> dict[str, str]:
    installation = Daemon(folder=folder, port=free_port(), next_hop_port=free_port(), more=more)
    installation.write_config()
    settings = installation.config.read_text("utf-8").replace(*replaced)
    installation.config.write_text(settings, "utf-8")
    found = examine(installation.config, installation.state)
    return {each.what: each.says for each in found if each.state is State.WARN}


def test_a_reader_who_is_on_no_staff_row_is_warned_of(tmp_path: Path) -> None:
    found = warnings(tmp_path, replaced=(f'address = "{DEPUTY}"', 'address = "deputy@hill.example"'))
    assert found["readers"] == "roles.deputy.address is on no row of the staff list"


def test_a_missing_number_of_childrens_services_is_warned_of(tmp_path: Path) -> None:
    assert "emergency" in warnings(tmp_path)
    more = '[emergency]\nchildren_services_number = "01632 960000"'
    assert "emergency" not in warnings(tmp_path, more=more)
    assert "readers" not in warnings(tmp_path)


def next_hop_row(folder: Path, port: int) -> Finding:
    installation = Daemon(folder=folder, port=free_port(), next_hop_port=port)
    installation.write_config()
    (finding,) = next_hop_findings(load_config(installation.config))
    return finding


@pytest.mark.parametrize(
    ("greeting", "state", "says"),
    [
        (b"220 mx.hill.example ready\r\n", State.OK, "answers"),
        (b"421 shutting down\r\n", State.FAIL, "421 shutting down"),
        (b"", State.FAIL, "closed at once"),
        (None, State.FAIL, "no greeting within 0.3 seconds"),
    ],
)
def test_a_next_hop_is_asked_whether_it_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, greeting: bytes | None, state: State, says: str
) -> None:
    monkeypatch.setattr(doctor, "_NEXT_HOP_SECONDS", 0.3)
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as server:

        def answer() -> None:
            connection, _ = server.accept()
            if greeting is None:
                connection.recv(1)
            else:
                connection.sendall(greeting)
            connection.close()

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        finding = next_hop_row(tmp_path, server.getsockname()[1])
        thread.join(5)
    assert (finding.what, finding.state) == ("next hop", state)
    assert says in finding.says


def test_a_next_hop_that_is_gone_is_named_with_what_follows(tmp_path: Path) -> None:
    finding = next_hop_row(tmp_path, free_port())
    assert finding.state is State.FAIL
    assert "Connection refused" in finding.says
    assert "refused with 4yz" in finding.fix


def review_row(folder: Path, *, more: str = "") -> Finding:
    config = load_config(write_config(folder, more=more))
    opened = open_store(store_settings(config, folder / "state", may_make=True), SystemClock())
    try:
        (finding,) = review_findings(opened, config)
        return finding
    finally:
        opened.store.close()


def test_a_review_page_that_does_not_answer_is_warned_of(tmp_path: Path) -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    finding = review_row(tmp_path, more=f'[review]\nlisten = "127.0.0.1:{port}"\n')
    assert finding.state is State.WARN
    assert "does not answer" in finding.says


def test_a_review_page_that_nobody_can_read_on_is_warned_of(tmp_path: Path) -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as page:
        port = page.getsockname()[1]
        finding = review_row(tmp_path, more=f'[review]\nlisten = "127.0.0.1:{port}"\n')
    assert finding.state is State.WARN
    assert finding.fix == "Run: mailguard account create head"


def test_a_reader_who_was_invited_and_never_came_is_warned_of_as_such(tmp_path: Path) -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port = listening.getsockname()[1]
        settings = SiteSettings(url=f"http://127.0.0.1:{port}")
        more = f'[review]\nlisten = "127.0.0.1:{port}"\n'
        with make_web_school(tmp_path, settings=settings, more_config=more) as school:
            with school.opened.store.transaction() as transaction:
                for account in school.accounts.values():
                    state = AccountState.INVITED if account.role is SiteRole.HEAD else AccountState.DISABLED
                    transaction.accounts.replace(replace(account, state=state))
            (finding,) = review_findings(school.opened, school.loaded)
    assert finding.says == "nobody who reads cases has signed in yet"
    assert "one-time password" in finding.fix


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 MiB"),
        (64 * 2**20 - 1, "63 MiB"),
        (2**30 - 1, "1023 MiB"),
        (3 * 2**29, "1.5 GiB"),
        (2 * 2**30 - 1, "1.9 GiB"),
        (71 * 2**30, "71 GiB"),
    ],
)
def test_free_space_is_told_in_a_unit_that_shows_it_and_never_rounded_up(count: int, words: str) -> None:
    assert space_words(count) == words
