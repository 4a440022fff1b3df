"""From settings to second channels: another smarthost is one of them, and it reaches people without names."""

import shutil
from pathlib import Path

import pytest

from mailguard.adapters.clock import SystemClock
from mailguard.config import ConfigProblem, LoadedConfig, load_config
from mailguard.daemon_settings import effects_settings
from mailguard.second_channels import second_channels
from mailguard.shipped import shipped_path
from tests.servers import HOST, CollectingNextHop


def loaded_with(folder: Path, lines: str) -> LoadedConfig:
    shutil.copytree(shipped_path("config/demo"), folder / "school")
    config = folder / "school" / "mailguard.toml"
    config.write_text(config.read_text("utf-8") + "\n" + lines, "utf-8")
    return load_config(config)


def test_smarthost_reaches_the_addresses_it_is_given(tmp_path: Path, next_hop: CollectingNextHop) -> None:
    loaded = loaded_with(
        tmp_path,
        f'[second_channel]\nsmarthost = "{HOST}:{next_hop.port}"\nsmarthost_security = "none"\n'
        'smarthost_addresses = ["head@elsewhere.example"]\n',
    )
    settings = effects_settings(loaded, mark_key=b"k" * 32, clauses={})
    assert settings.has_second_channel
    own, general = second_channels(loaded, settings, SystemClock())
    assert own == {}
    assert general is not None
    general.notify("report MG-2026-0001", "A report waits for you.")
    assert next_hop.only_delivery().recipients == ("head@elsewhere.example",)


@pytest.mark.parametrize(
    "lines",
    ['[second_channel]\nsmarthost = "127.0.0.1:25"\n', '[second_channel]\nurls = ["nosuchservice://x"]\n'],
)
def test_channel_that_reaches_nobody_is_refused_with_its_key(tmp_path: Path, lines: str) -> None:
    loaded = loaded_with(tmp_path, lines)
    settings = effects_settings(loaded, mark_key=b"k" * 32, clauses={})
    with pytest.raises(ConfigProblem, match=r"second.channel"):
        second_channels(loaded, settings, SystemClock())
