"""``mailguard doctor``: what a report needs of the settings is looked at before one is missed."""

from __future__ import annotations

from pathlib import Path

from mailguard.doctor import State, examine
from tests.daemon import Daemon
from tests.schooling import DEPUTY
from tests.servers import free_port


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
