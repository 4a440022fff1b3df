"""What is advised when no model can be used works as things are: nobody is sent to a rollback that has nothing to go back to."""

import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mailguard.classifier.registry import POINTER, SHIPPED, VERSIONS, ModelRegistry
from mailguard.classifier.way_out import way_out
from mailguard.shipped import shipped_path
from tests.models import SIGNED_AT, add_candidate, alter

KEY = Ed25519PrivateKey.generate()
WEIGHTS = "weights.npz"


@pytest.fixture
def registry(tmp_path: Path) -> ModelRegistry:
    """With a shipped model of its own, to be altered."""
    shipped = shutil.copytree(shipped_path("models"), tmp_path / "shipped")
    return ModelRegistry(tmp_path / "models", public_key=KEY.public_key().public_bytes_raw(), shipped=shipped)


def put_in_force(registry: ModelRegistry, *names: str) -> None:
    pointer = registry.pointer()
    for name in names:
        pointer = pointer.moved(name, by="I. Admin", reason="test", at=SIGNED_AT)
        registry.publish(registry.signed_pointer(pointer, KEY))


def alter_own(registry: ModelRegistry, model_id: str) -> None:
    alter(registry.folder / VERSIONS / model_id / WEIGHTS, 0.5)


def test_nothing_is_advised_while_a_model_is_used(registry: ModelRegistry):
    assert way_out(registry) == ""


def test_an_altered_shipped_model_is_installed_again_and_there_is_no_rollback(registry: ModelRegistry):
    alter(registry.folder_of(SHIPPED) / WEIGHTS, 0.5)
    assert "install mailguard's package again" in way_out(registry)
    assert "rollback" not in way_out(registry)


def test_an_altered_shipped_model_may_be_left_for_one_that_was_in_force_before(registry: ModelRegistry):
    own = add_candidate(registry, KEY)
    put_in_force(registry, own, SHIPPED)
    alter(registry.folder_of(SHIPPED) / WEIGHTS, 0.5)
    assert "install mailguard's package again" in way_out(registry)
    assert f"To go back to {own}" in way_out(registry)
    assert "mailguard model rollback" in way_out(registry)


def test_from_an_altered_model_of_the_school_one_goes_back(registry: ModelRegistry):
    own = add_candidate(registry, KEY)
    put_in_force(registry, own)
    alter_own(registry, own)
    assert "mailguard model rollback" in way_out(registry)
    assert "install" not in way_out(registry)


def test_when_the_one_before_is_broken_too_the_shipped_one_is_advised(registry: ModelRegistry):
    first, second = (add_candidate(registry, KEY, bias=bias) for bias in (0.0, 1.0))
    put_in_force(registry, first, second)
    for each in (first, second):
        alter_own(registry, each)
    assert "mailguard model promote shipped" in way_out(registry)
    assert "rollback" not in way_out(registry)
    alter(registry.folder_of(SHIPPED) / WEIGHTS, 0.5)
    assert "install mailguard's package again" in way_out(registry)
    assert "promote" not in way_out(registry)


def test_a_pointer_that_is_not_genuine_is_put_back_by_the_daemon(registry: ModelRegistry):
    put_in_force(registry, add_candidate(registry, KEY))
    alter(registry.folder / POINTER, 0.5)
    assert "within half a minute" in way_out(registry)
    blind = ModelRegistry(registry.folder, public_key=None)
    assert "a user who may open the school's store" in way_out(blind)
