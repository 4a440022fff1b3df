"""What ``config check`` says of ids that would never match."""

import shutil
from pathlib import Path

from click.testing import CliRunner

from mailguard.cli import cli
from mailguard.shipped import shipped_path


def school(folder: Path, *, platform: str) -> Path:
    shutil.copytree(shipped_path("config/demo"), folder / "school")
    accounts = folder / "school" / "lists" / "official_accounts.csv"
    lines = accounts.read_text("utf-8").splitlines()
    first = lines[1].split(",")
    first[1] = platform
    accounts.write_text("\n".join([lines[0], ",".join(first)]) + "\n", "utf-8")
    return folder / "school" / "mailguard.toml"


def test_misspelt_platform_is_warned_of_with_a_suggestion(tmp_path):
    result = CliRunner().invoke(
        cli, ["config", "check", "--config", str(school(tmp_path, platform="facebok"))]
    )
    assert result.exit_code == 0, result.output
    assert "platform 'facebok' is not known; did you mean facebook?" in result.output


def test_service_named_by_its_domain_is_no_mistake(tmp_path):
    result = CliRunner().invoke(
        cli, ["config", "check", "--config", str(school(tmp_path, platform="newnet.example"))]
    )
    assert result.exit_code == 0, result.output
    assert "warn" not in result.output
