"""``mailguard config show`` prints what is in force and nothing that lets a reader in."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from click.testing import CliRunner

from mailguard.cli import cli
from mailguard.shipped import shipped_path

URLS = """
[store]
url = "postgresql://mailguard:hunter2@db.example/mailguard"
[second_channel]
urls = ["json://user:hunter2@push.example"]
"""


def shown(folder: Path, more: str) -> str:
    shutil.copytree(shipped_path("config/demo"), folder, dirs_exist_ok=True)
    path = folder / "mailguard.toml"
    text = path.read_text(encoding="utf-8").replace(
        "[roles.head]\n", '[roles.head]\nsecond_channel = "json://head:hunter2@push.example"\n', 1
    )
    path.write_text(text + more, encoding="utf-8")
    result = CliRunner().invoke(cli, ["config", "show", "--config", str(path)])
    assert result.exit_code == 0, result.output
    return result.output


def test_credentials_in_urls_are_not_shown(tmp_path):
    output = shown(tmp_path, URLS)
    assert "hunter2" not in output
    assert json.loads(output)["store"]["url"] == "(set, hidden)"


def test_defaults_are_shown(tmp_path):
    values = json.loads(shown(tmp_path, ""))
    assert values["relay"]["hop_limit"] == 50
    assert values["store"]["url"] == ""
