"""mailguard.shipped: the same name finds a file in a wheel and in a checkout."""

from pathlib import Path

import pytest

from mailguard.shipped import ShippedFileMissing, shipped_path


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(text)


def test_wheel_is_asked_before_the_checkout(tmp_path: Path) -> None:
    _write(tmp_path / "wheel" / "config" / "policy.toml", "wheel")
    _write(tmp_path / "checkout" / "config" / "policy.toml", "checkout")
    found = shipped_path("config/policy.toml", wheel=tmp_path / "wheel", checkout=tmp_path / "checkout")
    assert found.read_text() == "wheel"


@pytest.mark.parametrize(
    ("name", "place"), [("config/a.toml", "config/a.toml"), ("models/a", "models/shipped/a")]
)
def test_checkout_is_asked_when_the_wheel_has_none(tmp_path: Path, name: str, place: str) -> None:
    _write(tmp_path / "checkout" / place, "checkout")
    found = shipped_path(name, wheel=tmp_path / "wheel", checkout=tmp_path / "checkout")
    assert found == tmp_path / "checkout" / place


def test_missing_file_names_both_places(tmp_path: Path) -> None:
    with pytest.raises(ShippedFileMissing, match="reinstall mailguard") as caught:
        shipped_path("config/policy.toml", wheel=tmp_path / "wheel", checkout=tmp_path / "checkout")
    assert str(tmp_path / "wheel") in str(caught.value)
    assert str(tmp_path / "checkout") in str(caught.value)


@pytest.mark.parametrize("name", ["", "pyproject.toml", "config/../../etc/passwd", "/etc/passwd"])
def test_name_outside_the_shipped_folders_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a shipped file"):
        shipped_path(name)
