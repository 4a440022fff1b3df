"""What a school gets that sets nothing."""

import tomllib

from mailguard.config_sections.school import DEFAULT_APPROVED_PLATFORMS
from mailguard.shipped import shipped_path


def test_every_education_platform_the_recognisers_know_is_approved_by_default() -> None:
    platforms = tomllib.loads(shipped_path("config/platforms.toml").read_text("utf-8"))["platform"]
    education = {name for name, entry in platforms.items() if entry["class"] == "education"}
    assert education <= set(DEFAULT_APPROVED_PLATFORMS)


def test_no_collaboration_platform_but_the_contract_s_is_approved_by_default() -> None:
    platforms = tomllib.loads(shipped_path("config/platforms.toml").read_text("utf-8"))["platform"]
    other = {name for name, entry in platforms.items() if entry["class"] != "education"}
    assert other & set(DEFAULT_APPROVED_PLATFORMS) == {
        "google-docs",
        "google-calendar",
        "google-meet",
        "microsoft-teams",
        "sharepoint",
    }
