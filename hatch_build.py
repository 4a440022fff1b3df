"""Put config/ and models/ (the shipped model, corpus, held-out texts) into the wheel, where mailguard/shipped.py looks first.

Hatchling's own force-include would also copy them at `pip install -e`, and the copy would hide later edits.
"""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ShippedFiles(BuildHookInterface):  # type: ignore[type-arg]
    """Adds the shipped folders to standard wheels and leaves editable ones alone."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the folders for `version` "standard"; a missing folder fails the build, as it must."""
        if version == "standard":
            build_data["force_include"]["config"] = "mailguard/_shipped/config"
            build_data["force_include"]["models/shipped"] = "mailguard/_shipped/models"
            build_data["force_include"]["models/corpus"] = "mailguard/_shipped/corpus"
            build_data["force_include"]["models/held_out"] = "mailguard/_shipped/held_out"
