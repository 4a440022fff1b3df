"""A model as one file: what is not exactly an exported model is refused before anything of it is opened."""

import io
import zipfile
import zlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mailguard.classifier.artefact import MANIFEST, SIGNATURE, WEIGHTS, ModelRefused
from mailguard.classifier.package import read_package, write_package
from mailguard.classifier.registry import ModelRegistry
from tests.models import add_candidate, alter

KEY = Ed25519PrivateKey.generate()


def registry_at(folder: Path) -> ModelRegistry:
    return ModelRegistry(folder, public_key=KEY.public_key().public_bytes_raw())


@pytest.fixture
def package(tmp_path: Path) -> Path:
    registry = registry_at(tmp_path / "models")
    model_id = add_candidate(registry, KEY)
    write_package(registry.folder_of(model_id), tmp_path / "model.zip")
    return tmp_path / "model.zip"


def rewritten(
    package: Path, change: dict[str, bytes | None], *, more: dict[str, bytes] | None = None
) -> Path:
    """The package with members replaced (None: left out) or added."""
    files = {**read_package(package), **change}
    target = package.with_name("other.zip")
    with zipfile.ZipFile(target, "w") as other:
        for name, content in files.items():
            if content is not None:
                other.writestr(name, content)
        for name, content in (more or {}).items():
            other.writestr(name, content)
    return target


def test_what_was_exported_is_taken_in_elsewhere_byte_for_byte(package: Path, tmp_path: Path):
    files = read_package(package)
    other = registry_at(tmp_path / "elsewhere")
    model_id = other.take_in(files)
    assert other.open(model_id).model_id == model_id
    assert {name: (other.folder_of(model_id) / name).read_bytes() for name in files} == files


def test_the_same_model_gives_the_same_file(package: Path, tmp_path: Path):
    registry = registry_at(tmp_path / "models")
    (name,) = (version.name for version in registry.versions()[1:])
    write_package(registry.folder_of(name), tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == package.read_bytes()


@pytest.mark.parametrize(
    "name", ["../manifest.json", "/etc/cron.d/x", "models/../../x", "extra.pkl", "manifest.json/"]
)
def test_a_member_of_another_name_refuses_the_whole(package: Path, name: str):
    with pytest.raises(ModelRefused, match="no exported model"):
        read_package(rewritten(package, {}, more={name: b"x"}))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_refuse_the_whole(package: Path):
    with pytest.raises(ModelRefused, match="no exported model"):
        read_package(rewritten(package, {}, more={MANIFEST: b"{}"}))


@pytest.mark.parametrize("name", [MANIFEST, SIGNATURE, WEIGHTS])
def test_a_missing_member_refuses_the_whole(package: Path, name: str):
    with pytest.raises(ModelRefused, match="no exported model"):
        read_package(rewritten(package, {name: None}))


def test_a_bomb_is_not_unpacked(package: Path, tmp_path: Path):
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as other:
        for name in (MANIFEST, SIGNATURE, WEIGHTS):
            other.writestr(name, b"\0" * 60_000_000)
    assert bomb.stat().st_size < 400_000
    with pytest.raises(ModelRefused, match="compressed"):
        read_package(bomb)


def test_a_directory_that_lies_about_sizes_is_refused(package: Path):
    content = package.read_bytes()
    for lie in (0xFFFFFFF0, 100_000_000):
        place = content.rindex(b"PK\x01\x02")
        lying = bytearray(content)
        lying[place + 20 : place + 24] = lie.to_bytes(4, "little")
        lying[place + 24 : place + 28] = lie.to_bytes(4, "little")
        target = package.with_name("lying.zip")
        target.write_bytes(bytes(lying))
        with pytest.raises(ModelRefused):
            read_package(target)


@pytest.mark.parametrize("place", [0.0, 0.001, 0.2, 0.5, 0.8, 0.97, 0.99, 1.0])
def test_a_single_altered_bit_is_found_or_changes_nothing(package: Path, tmp_path: Path, place: float):
    before = read_package(package)
    alter(package, place)
    other = registry_at(tmp_path / "elsewhere")
    try:
        files = read_package(package)
        other.take_in(files)
    except ModelRefused:
        assert other.versions()[1:] == ()
        return
    assert files == before


def test_weights_of_another_model_are_refused_by_their_hash(package: Path):
    with pytest.raises(ModelRefused, match="not the file that"):
        read_package(rewritten(package, {WEIGHTS: zlib.compress(b"other")}))


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"not a zip at all", b"\x80\x04\x95pickle", b"{" * 5000]
)
def test_what_is_no_zip_is_refused(tmp_path: Path, content: bytes):
    place = tmp_path / "model.zip"
    place.write_bytes(content)
    with pytest.raises(ModelRefused):
        read_package(place)


def test_a_file_too_large_is_not_read_whole(tmp_path: Path):
    place = tmp_path / "model.zip"
    with place.open("wb") as file:
        file.truncate(3_000_000_000)
    with pytest.raises(ModelRefused, match="larger"):
        read_package(place)


def test_nested_json_of_a_hostile_manifest_is_refused(package: Path):
    with pytest.raises(ModelRefused):
        read_package(rewritten(package, {MANIFEST: b"[" * 900_000}))


def test_a_package_is_plain_stored_members(package: Path):
    with zipfile.ZipFile(io.BytesIO(package.read_bytes())) as opened:
        assert {entry.compress_type for entry in opened.infolist()} == {zipfile.ZIP_STORED}
