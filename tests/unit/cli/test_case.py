"""``mailguard case`` on a real store: what an admin sees."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailguard.cli import cli
from tests.daemon import Daemon
from tests.effects_fixture import Office, RememberingCourier, decided
from tests.servers import free_port


@dataclass
class Admin:
    """Runs commands on one installation."""

    config: Path
    state: Path

    def run(self, *words: str) -> Result:
        where = ["--config", str(self.config), "--state", str(self.state)]
        return CliRunner().invoke(cli, ["case", words[0], *where, *words[1:]])


@pytest.fixture
def admin(tmp_path: Path) -> Admin:
    installation = Daemon(folder=tmp_path, port=free_port(), next_hop_port=free_port())
    installation.write_config()
    return Admin(config=installation.config, state=installation.state)


def received(admin: Admin) -> None:
    office = Office(admin.state, RememberingCourier())
    office.receive(decided())
    office.close()


def test_a_list_without_cases_says_so(admin: Admin) -> None:
    Office(admin.state, RememberingCourier()).close()
    assert admin.run("list").output == "no cases\n"
    assert admin.run("list", "--only", "new").output == "no cases that are new\n"


def test_a_case_is_shown_with_its_readers_and_recipients(admin: Admin) -> None:
    received(admin)
    shown = admin.run("show", "MG-2026-0001")
    assert shown.exit_code == 0, shown.output
    assert "report_to:\n    head\n" in shown.output
    assert "person=S010" in shown.output
    assert "report to head" in admin.run("list").output


def test_a_decision_says_what_was_decided_and_a_second_one_who_was_first(admin: Admin) -> None:
    received(admin)
    assert "MG-2026-0001 is decided, " in admin.run("release", "--by", "head", "MG-2026-0001").output
    second = admin.run("dismiss", "--by", "deputy", "MG-2026-0001")
    assert second.exit_code == 3
    assert "by head" in second.output
