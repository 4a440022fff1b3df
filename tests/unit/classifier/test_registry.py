"""What the pointer names is in force when every byte of it is as signed; otherwise nothing is, and it says why."""

import json
import os
import shutil
from base64 import b64encode
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mailguard.classifier.artefact import (
    MANIFEST,
    MOST_WEIGHTS_BYTES,
    SIGNATURE,
    WEIGHTS,
    DarkClassifier,
    ModelRefused,
    canonical,
    key_of_signature,
    size_warning,
)
from mailguard.classifier.predict import LinearClassifier
from mailguard.classifier.registry import (
    POINTER,
    SHIPPED,
    TRUSTED,
    VERSIONS,
    ModelRegistry,
    Pointer,
    VersionState,
    fingerprint,
)
from tests.models import SIGNED_AT, add_candidate, alter, manifest

KEY = Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key().public_bytes_raw()
FOREIGN = Ed25519PrivateKey.generate()


@pytest.fixture
def registry(tmp_path: Path) -> ModelRegistry:
    return ModelRegistry(tmp_path / "models", public_key=PUBLIC)


def put_in_force(registry: ModelRegistry, *names: str) -> Pointer:
    """One after the other."""
    pointer = registry.pointer()
    for name in names:
        pointer = pointer.moved(name, by="I. Admin", reason="test", at=SIGNED_AT)
        registry.publish(registry.signed_pointer(pointer, KEY))
    return pointer


def dark_reason(registry: ModelRegistry) -> str:
    model = registry.classifier()
    assert isinstance(model, DarkClassifier), model.model_id
    return model.reason


def test_where_nothing_was_promoted_the_shipped_model_is_in_force_and_a_candidate_is_not(
    registry: ModelRegistry,
):
    model_id = add_candidate(registry, KEY)
    assert registry.classifier().model_id not in ("", model_id)
    assert [(version.name, version.state) for version in registry.versions()] == [
        (SHIPPED, VersionState.PROMOTED),
        (model_id, VersionState.CANDIDATE),
    ]


def test_what_was_promoted_is_in_force_and_the_one_before_is_remembered(registry: ModelRegistry):
    first, second = add_candidate(registry, KEY), add_candidate(registry, KEY, bias=1.0)
    put_in_force(registry, first, second)
    assert registry.classifier().model_id == second
    states = {version.name: version.state for version in registry.versions()}
    assert states == {
        SHIPPED: VersionState.SHIPPED,
        first: VersionState.PREVIOUS,
        second: VersionState.PROMOTED,
    }
    assert registry.pointer().back(by="x", reason="y", at=SIGNED_AT).promoted == first


@pytest.mark.parametrize("name", [MANIFEST, SIGNATURE, WEIGHTS])
@pytest.mark.parametrize("place", [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0])
def test_a_single_altered_bit_of_the_promoted_model_makes_it_dark(
    registry: ModelRegistry, name: str, place: float
):
    model_id = add_candidate(registry, KEY)
    put_in_force(registry, model_id)
    alter(registry.folder / VERSIONS / model_id / name, place)
    assert model_id in dark_reason(registry)
    assert registry.find(model_id).problem


@pytest.mark.parametrize("place", [0.0, 0.3, 0.6, 0.9, 1.0])
def test_a_single_altered_bit_of_the_pointer_makes_everything_dark(registry: ModelRegistry, place: float):
    put_in_force(registry, add_candidate(registry, KEY))
    alter(registry.folder / POINTER, place)
    assert POINTER in dark_reason(registry)


def test_a_pointer_signed_by_somebody_else_counts_for_nothing(registry: ModelRegistry):
    model_id = add_candidate(registry, KEY)
    forged = registry.signed_pointer(Pointer(serial=9, promoted=model_id), FOREIGN)
    with pytest.raises(ModelRefused, match="not signed with this school's key"):
        registry.publish(forged)
    registry.folder.joinpath(POINTER).write_bytes(forged)
    assert "not signed" in dark_reason(registry)


def test_a_model_signature_can_not_pass_for_a_pointer(registry: ModelRegistry):
    model_id = add_candidate(registry, KEY)
    signature = json.loads((registry.folder_of(model_id) / SIGNATURE).read_bytes())["signature"]
    value = {
        "serial": 1,
        "promoted": model_id,
        "previous": [],
        "by": "",
        "reason": "",
        "at": "",
        "signature": signature,
    }
    registry.folder.joinpath(POINTER).write_text(json.dumps(value))
    assert dark_reason(registry)


def test_a_foreign_model_is_dark_until_its_key_is_trusted(registry: ModelRegistry):
    model_id = add_candidate(registry, FOREIGN)
    put_in_force(registry, model_id)
    assert "does not trust" in dark_reason(registry)
    registry.trust(FOREIGN.public_key().public_bytes_raw(), by="I. Admin", at=SIGNED_AT, key=KEY)
    assert registry.classifier().model_id == model_id
    assert registry.find(model_id).signed_by == fingerprint(FOREIGN.public_key().public_bytes_raw())


def test_a_list_of_trusted_keys_that_was_written_by_hand_adds_none(registry: ModelRegistry):
    model_id = add_candidate(registry, FOREIGN)
    put_in_force(registry, model_id)
    registry.trust(FOREIGN.public_key().public_bytes_raw(), by="I. Admin", at=SIGNED_AT, key=FOREIGN)
    assert "does not trust" in dark_reason(registry)
    with pytest.raises(ModelRefused, match=TRUSTED):
        registry.confirmed_keys()


def test_a_model_of_other_features_goes_dark_and_says_retrain(registry: ModelRegistry):
    model_id = add_candidate(registry, KEY, features_version="0-old")
    put_in_force(registry, model_id)
    assert "retrain" in dark_reason(registry)


def test_a_candidate_under_the_promoted_ones_name_is_not_used(registry: ModelRegistry):
    promoted, candidate = add_candidate(registry, KEY), add_candidate(registry, KEY, bias=2.0)
    put_in_force(registry, promoted)
    versions = registry.folder / VERSIONS
    shutil.rmtree(versions / promoted)
    shutil.copytree(versions / candidate, versions / promoted)
    assert f"holds another model, {candidate}" in dark_reason(registry)


def test_a_promoted_model_that_is_gone_is_dark_and_no_other_takes_its_place(registry: ModelRegistry):
    first, second = add_candidate(registry, KEY), add_candidate(registry, KEY, bias=1.0)
    put_in_force(registry, first, second)
    shutil.rmtree(registry.folder / VERSIONS / second)
    assert f"no model {second}" in dark_reason(registry)


@pytest.mark.parametrize("missing", [MANIFEST, SIGNATURE, WEIGHTS])
def test_a_half_written_version_is_dark(registry: ModelRegistry, missing: str):
    model_id = add_candidate(registry, KEY)
    put_in_force(registry, model_id)
    (registry.folder / VERSIONS / model_id / missing).unlink()
    assert missing in dark_reason(registry)


def test_a_death_while_a_version_is_written_leaves_no_version_and_the_next_writer_tidies_up(
    registry: ModelRegistry,
):
    left = registry.folder / VERSIONS / ".draft-1"
    left.mkdir(parents=True)
    (left / WEIGHTS).write_bytes(b"half")
    assert [version.name for version in registry.versions()] == [SHIPPED]
    model_id = add_candidate(registry, KEY)
    assert not left.exists()
    assert isinstance(registry.open(model_id), LinearClassifier)


def test_a_broken_version_is_replaced_by_the_same_one_trained_again(registry: ModelRegistry):
    model_id = add_candidate(registry, KEY)
    alter(registry.folder / VERSIONS / model_id / WEIGHTS, 0.5)
    assert add_candidate(registry, KEY) == model_id
    assert not registry.find(model_id).problem


@pytest.mark.parametrize("name", ["../../etc", "", ".", "shipped/..", "0" * 15, "0" * 16 + "\n"])
def test_what_is_no_model_id_is_refused(registry: ModelRegistry, name: str):
    with pytest.raises(ModelRefused):
        registry.folder_of(name)
    assert isinstance(registry.open(name), DarkClassifier)


NESTED = b"[" * 200_000


@pytest.mark.parametrize("name", [POINTER, TRUSTED])
def test_signed_files_of_endless_brackets_are_refused_and_nothing_falls_over(
    registry: ModelRegistry, name: str
):
    model_id = add_candidate(registry, KEY)
    put_in_force(registry, model_id)
    (registry.folder / name).write_bytes(NESTED)
    assert isinstance(registry.classifier(), DarkClassifier) is (name == POINTER)
    with pytest.raises(ModelRefused, match=name):
        registry.pointer() if name == POINTER else registry.confirmed_keys()


@pytest.mark.parametrize("name", [MANIFEST, SIGNATURE])
def test_a_version_of_endless_brackets_goes_dark(registry: ModelRegistry, name: str):
    model_id = add_candidate(registry, KEY)
    put_in_force(registry, model_id)
    place = registry.folder_of(model_id)
    if name == MANIFEST:
        # Signed by a trusted key, it is opened.
        at = SIGNED_AT.isoformat(timespec="seconds")
        mark = KEY.sign(b"mailguard model v1\n" + at.encode() + b"\n" + NESTED)
        signature = json.loads((place / SIGNATURE).read_bytes())
        changed = {**signature, "signed_at": at, "signature": b64encode(mark).decode()}
        (place / SIGNATURE).write_bytes(canonical(changed))
    (place / name).write_bytes(NESTED)
    assert name in dark_reason(registry)
    assert name in registry.find(model_id).problem
    if name == SIGNATURE:
        with pytest.raises(ModelRefused, match=SIGNATURE):
            key_of_signature(NESTED)


def own_names(registry: ModelRegistry) -> set[str]:
    return {version.name for version in registry.versions()} - {SHIPPED}


def add_some(registry: ModelRegistry, count: int) -> list[str]:
    return [
        add_candidate(registry, KEY, bias=float(number), signed_at=SIGNED_AT + timedelta(days=number))
        for number in range(count)
    ]


def test_the_oldest_versions_go_and_what_is_or_was_in_force_never_does(registry: ModelRegistry):
    names = add_some(registry, 6)
    put_in_force(registry, names[0], names[1], names[2])
    assert set(registry.prune(keep=4)) == {names[3], names[4]}
    assert own_names(registry) == {*names[:3], names[5]}


def test_as_many_are_kept_as_the_setting_says_when_the_shipped_one_is_in_force(registry: ModelRegistry):
    names = add_some(registry, 4)
    assert registry.prune(keep=3) == (names[0],)
    assert registry.prune(keep=3) == ()


def test_one_that_a_person_went_back_from_is_kept_and_shown_as_that_and_measured_again(
    registry: ModelRegistry,
):
    names = add_some(registry, 4)
    pointer = put_in_force(registry, names[0], names[1]).back(by="x", reason="y", at=SIGNED_AT)
    registry.publish(registry.signed_pointer(pointer, KEY))
    found = registry.find(names[1])
    assert (found.state, found.needs_no_gates) == (VersionState.ROLLED_BACK, False)
    assert registry.prune(keep=2) == (names[2], names[3])
    assert own_names(registry) == {names[0], names[1]}
    put_in_force(registry, names[1])
    assert registry.pointer().rolled_back == ()


def test_what_has_just_come_is_kept_however_long_ago_it_was_signed(registry: ModelRegistry):
    names = add_some(registry, 3)
    old = add_candidate(registry, KEY, bias=9.0, signed_at=SIGNED_AT - timedelta(days=900))
    assert registry.prune(keep=3, fresh=old) == (names[0],)
    put_in_force(registry, names[1], names[2])
    # Nor is it the next to go: it came last.
    newest = add_candidate(registry, KEY, bias=10.0, signed_at=SIGNED_AT)
    assert registry.prune(keep=4, fresh=newest) == ()
    assert registry.prune(keep=3, fresh=newest) == (old,)


def test_one_that_comes_again_counts_as_new(registry: ModelRegistry):
    names = add_some(registry, 3)
    files = {
        name: (registry.folder_of(names[0]) / name).read_bytes() for name in (MANIFEST, SIGNATURE, WEIGHTS)
    }
    assert registry.take_in(files) == names[0]
    assert registry.prune(keep=2) == (names[1],)


def test_nothing_is_removed_while_nobody_can_tell_what_is_in_force(registry: ModelRegistry):
    names = add_some(registry, 4)
    put_in_force(registry, names[0])
    alter(registry.folder / POINTER, 0.5)
    assert registry.prune(keep=2) == ()
    assert own_names(registry) == set(names)


def test_a_pointer_of_an_earlier_version_without_what_was_rolled_back_is_read(registry: ModelRegistry):
    model_id = add_candidate(registry, KEY)
    value = asdict(Pointer(serial=1, promoted=model_id, previous=(SHIPPED,), by="x", reason="y", at="z"))
    del value["rolled_back"]
    mark = KEY.sign(b"mailguard promoted model v1\n" + canonical(value))
    registry.folder.joinpath(POINTER).write_bytes(canonical({**value, "signature": b64encode(mark).decode()}))
    assert registry.pointer().promoted == model_id
    assert registry.pointer().rolled_back == ()


def test_weights_that_nobody_would_read_are_never_signed(registry: ModelRegistry):
    with pytest.raises(ModelRefused, match=r"20,000,000 are ever read"):
        registry.add(
            weights=b"\0" * (MOST_WEIGHTS_BYTES + 1), manifest=manifest(), key=KEY, signed_at=SIGNED_AT
        )
    assert own_names(registry) == set()
    assert size_warning(MOST_WEIGHTS_BYTES // 2) == ""
    assert "19.97 MB, and 20.00 MB are the most" in size_warning(19_970_000)


def test_without_the_school_s_keys_only_the_shipped_model_can_be_used(registry: ModelRegistry):
    put_in_force(registry, add_candidate(registry, KEY))
    blind = ModelRegistry(registry.folder, public_key=None)
    assert "keys are not at hand" in dark_reason(blind)


def test_the_stamp_changes_with_every_file_that_counts(registry: ModelRegistry):
    model_id = add_candidate(registry, KEY)
    stamps = [registry.stamp()]
    put_in_force(registry, model_id)
    stamps.append(registry.stamp())
    for name in (MANIFEST, SIGNATURE, WEIGHTS):
        alter(registry.folder / VERSIONS / model_id / name, 0.5)
        stamps.append(registry.stamp())
    assert len(set(stamps)) == len(stamps)
    assert registry.stamp() == stamps[-1]


def test_nobody_else_may_read_the_folder(registry: ModelRegistry):
    add_candidate(registry, KEY)
    assert os.stat(registry.folder).st_mode & 0o077 == 0
