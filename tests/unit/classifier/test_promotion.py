"""Putting a model in force: a person's act, on the record, all or nothing, first come first served."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mailguard.classifier.gates import GateRow
from mailguard.classifier.promotion import PROMOTED, RESTORED, ROLLED_BACK, Promoter, PromotionRefused
from mailguard.classifier.registry import POINTER, SHIPPED, VERSIONS, ModelRegistry, Pointer
from tests.models import add_candidate, alter
from tests.storing import School, open_school, school_settings

FAILED_EVENTS = ({"name": "events-of-known-platforms", "set": "test", "pass": False},)
FAILED_RECALL = ({"name": "probable-child-found", "set": "test", "pass": False},)


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    opened = open_school(school_settings(tmp_path / "state"))
    yield opened
    opened.opened.store.close()


@pytest.fixture
def promoter(school: School, tmp_path: Path) -> Promoter:
    return promoter_of(school, tmp_path / "state" / "models")


def promoter_of(school: School, folder: Path) -> Promoter:
    key = school.opened.store.keys.model_key
    registry = ModelRegistry(folder, public_key=key.public_key().public_bytes_raw())
    return Promoter(registry=registry, store=school.opened.store, key=key)


def promote(promoter: Promoter, name: str, **changes: object) -> Pointer:
    given = {
        "by": "I. Admin",
        "reason": "better on our mail",
        "is_forced": False,
        "expected_serial": promoter.current().serial,
        **changes,
    }
    return promoter.promote(name, **given)  # type: ignore[arg-type]


def events(promoter: Promoter) -> list[tuple[str, str, str]]:
    with promoter.store.reading() as transaction:
        return [
            (each.tag, each.actor, str(each.detail.get("promoted"))) for each in transaction.audit.events()
        ]


def test_a_promotion_is_in_force_and_on_the_record_with_name_and_reason(promoter: Promoter):
    model_id = add_candidate(promoter.registry, promoter.key)
    promote(promoter, model_id)
    assert promoter.registry.classifier().model_id == model_id
    assert events(promoter) == [(PROMOTED, "I. Admin", model_id)]
    with promoter.store.reading() as transaction:
        (event,) = transaction.audit.events()
    assert event.detail["reason"] == "better on our mail"
    assert event.detail["before"] == SHIPPED


def test_a_rollback_goes_back_one_step_a_time_down_to_the_shipped_model(promoter: Promoter):
    first, second = (add_candidate(promoter.registry, promoter.key, bias=bias) for bias in (0.0, 1.0))
    promote(promoter, first)
    promote(promoter, second)
    assert promoter.roll_back(by="I. Admin", reason="worse").promoted == first
    assert promoter.roll_back(by="I. Admin", reason="worse").promoted == SHIPPED
    assert promoter.registry.pointer().promoted == SHIPPED
    with pytest.raises(PromotionRefused, match="no model was in force before"):
        promoter.roll_back(by="I. Admin", reason="worse")
    assert [tag for tag, _, _ in events(promoter)] == [PROMOTED, PROMOTED, ROLLED_BACK, ROLLED_BACK]


@pytest.mark.parametrize(("by", "reason"), [("", "why"), ("who", "  ")])
def test_nobody_promotes_without_a_name_and_a_reason(promoter: Promoter, by: str, reason: str):
    model_id = add_candidate(promoter.registry, promoter.key)
    with pytest.raises(PromotionRefused, match="who decides and why"):
        promote(promoter, model_id, by=by, reason=reason)
    assert events(promoter) == []


def test_a_failed_gate_refuses_and_a_person_may_override_it_on_the_record(promoter: Promoter):
    model_id = add_candidate(promoter.registry, promoter.key, gates=FAILED_EVENTS)
    with pytest.raises(PromotionRefused, match="events-of-known-platforms"):
        promote(promoter, model_id)
    promote(promoter, model_id, is_forced=True)
    with promoter.store.reading() as transaction:
        (event,) = transaction.audit.events()
    assert event.detail["failed_gates"] == ["events-of-known-platforms"]
    assert event.detail["is_forced"] is True


def test_lost_child_recall_cannot_be_overridden(promoter: Promoter):
    model_id = add_candidate(promoter.registry, promoter.key, gates=FAILED_RECALL)
    with pytest.raises(PromotionRefused, match="cannot be overridden"):
        promote(promoter, model_id, is_forced=True)
    assert promoter.registry.pointer().promoted == SHIPPED


def test_a_model_that_was_never_measured_cannot_be_forced_either(promoter: Promoter):
    model_id = add_candidate(promoter.registry, promoter.key, gates=())
    with pytest.raises(PromotionRefused, match="never measured"):
        promote(promoter, model_id, is_forced=True)


def test_gates_measured_now_count_more_than_those_of_the_day_of_training(promoter: Promoter):
    model_id = add_candidate(promoter.registry, promoter.key)
    worse = GateRow("probable-child-found", "test", "children found", 0.2, 0.9, 0.89, True, False)
    with pytest.raises(PromotionRefused, match="probable-child-found"):
        promote(promoter, model_id, rows=(worse,), is_forced=True)


def test_one_that_was_never_measured_is_promoted_on_what_is_measured_now(promoter: Promoter):
    model_id = add_candidate(promoter.registry, promoter.key, gates=())
    good = GateRow("probable-child-found", "test", "children found", 0.9, 0.9, 0.89, True, True)
    promote(promoter, model_id, rows=(good,))
    assert promoter.registry.pointer().promoted == model_id


def test_one_that_failed_against_a_model_since_rolled_back_is_promoted_when_it_passes_now(promoter: Promoter):
    model_id = add_candidate(promoter.registry, promoter.key, gates=FAILED_RECALL)
    good = GateRow("probable-child-found", "test", "children found", 0.9, 0.8, 0.79, True, True)
    promote(promoter, model_id, rows=(good,))
    assert promoter.registry.pointer().promoted == model_id


def test_one_that_a_person_went_back_from_passes_its_gates_again_or_stays_out(promoter: Promoter):
    model_id = add_candidate(promoter.registry, promoter.key)
    promote(promoter, model_id)
    promoter.roll_back(by="I. Admin", reason="worse")
    worse = GateRow("kind-right", "test", "kinds", 0.2, 0.9, 0.89, True, False)
    with pytest.raises(PromotionRefused, match="kind-right"):
        promote(promoter, model_id, rows=(worse,))


def test_a_pointer_of_another_store_gives_way_to_the_shipped_model_with_an_event(promoter: Promoter):
    model_id = add_candidate(promoter.registry, promoter.key)
    foreign = Ed25519PrivateKey.generate()
    pointer = Pointer(serial=7, promoted=model_id)
    (promoter.registry.folder / POINTER).write_bytes(promoter.registry.signed_pointer(pointer, foreign))
    assert promoter.registry.classifier().model_id == ""
    assert promoter.restore()
    assert promoter.registry.pointer() == Pointer()
    assert [tag for tag, _, _ in events(promoter)] == [RESTORED]
    assert not promoter.restore()
    promote(promoter, model_id)


def test_a_broken_model_is_never_put_in_force(promoter: Promoter):
    model_id = add_candidate(promoter.registry, promoter.key)
    alter(promoter.registry.folder / VERSIONS / model_id / "weights.npz", 0.5)
    with pytest.raises(PromotionRefused, match="cannot be used"):
        promote(promoter, model_id, is_forced=True)


def test_whoever_looked_before_another_promoted_is_told_and_changes_nothing(promoter: Promoter):
    first, second = (add_candidate(promoter.registry, promoter.key, bias=bias) for bias in (0.0, 1.0))
    promote(promoter, first, by="A. First")
    with pytest.raises(PromotionRefused, match=r"A\. First put .* in force"):
        promote(promoter, second, expected_serial=0)
    assert promoter.registry.pointer().promoted == first


def test_of_two_promotions_at_once_one_wins_whole(school: School, promoter: Promoter):
    names = [add_candidate(promoter.registry, promoter.key, bias=float(number)) for number in range(4)]
    others = [promoter_of(school, promoter.registry.folder) for _ in names]
    begun = threading.Barrier(len(names))
    refused: list[str] = []

    def act(other: Promoter, name: str) -> None:
        begun.wait()
        try:
            promote(other, name, expected_serial=0)
        except PromotionRefused as error:
            refused.append(str(error))

    threads = [threading.Thread(target=act, args=pair) for pair in zip(others, names, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(refused) == 3
    ((_, _, winner),) = events(promoter)
    assert promoter.registry.pointer() == promoter.current()
    assert promoter.current().promoted == winner


def test_one_that_is_removed_while_it_is_being_promoted_is_refused(promoter: Promoter):
    model_id = add_candidate(promoter.registry, promoter.key)

    class StoreAfterPruning:
        """Between the look at the gates and the act, another command's prune has come first."""

        reading = promoter.store.reading

        def transaction(self) -> object:
            shutil.rmtree(promoter.registry.folder / VERSIONS / model_id)
            return promoter.store.transaction()

    with pytest.raises(PromotionRefused, match="there is no model"):
        promote(replace(promoter, store=StoreAfterPruning()), model_id)  # type: ignore[arg-type]
    assert promoter.current().promoted == SHIPPED
    assert promoter.registry.pointer().promoted == SHIPPED


def test_what_the_store_has_in_force_is_never_removed_although_its_copy_could_not_be_written(
    promoter: Promoter,
):
    model_id, *_, fresh = [
        add_candidate(promoter.registry, promoter.key, bias=float(number)) for number in range(4)
    ]
    place = promoter.registry.folder / f"{POINTER}.new"
    place.mkdir()
    with pytest.raises(OSError, match=POINTER):
        promote(promoter, model_id)
    place.rmdir()
    assert promoter.registry.pointer().promoted == SHIPPED
    assert len(promoter.prune(2, fresh=fresh)) == 2
    assert promoter.restore()
    assert promoter.registry.classifier().model_id == model_id


_KILLED = """
import os, signal, sys
from pathlib import Path
from mailguard.classifier import promotion, registry
from tests.storing import open_school, school_settings
from tests.unit.classifier.test_promotion import promote, promoter_of
school = open_school(school_settings(Path(sys.argv[1])))
promoter = promoter_of(school, Path(sys.argv[1]) / "models")
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[3] == "before-commit":
    registry.ModelRegistry.signed_pointer = die
else:
    registry.ModelRegistry.publish = die
promote(promoter, sys.argv[2])
"""


@pytest.mark.parametrize(("where", "in_force"), [("before-commit", False), ("before-copy", True)])
def test_killed_during_a_promotion_it_has_happened_whole_or_not_at_all(
    school: School, promoter: Promoter, tmp_path: Path, where: str, in_force: bool
):
    model_id = add_candidate(promoter.registry, promoter.key)
    words = [sys.executable, "-c", _KILLED, str(tmp_path / "state"), model_id, where]
    died = subprocess.run(words, cwd=Path(__file__).parents[3], env=os.environ, timeout=60, check=False)
    assert died.returncode == -signal.SIGKILL
    assert promoter.registry.pointer().promoted == SHIPPED
    assert promoter.restore() is in_force
    assert promoter.registry.pointer() == promoter.current()
    assert (promoter.registry.pointer().promoted == model_id) is in_force
    tags = [tag for tag, _, _ in events(promoter)]
    assert tags == ([PROMOTED, RESTORED] if in_force else [])
    assert not promoter.restore()


def test_an_older_pointer_put_back_by_hand_is_replaced_and_told(promoter: Promoter):
    first, second = (add_candidate(promoter.registry, promoter.key, bias=bias) for bias in (0.0, 1.0))
    promote(promoter, first)
    old = (promoter.registry.folder / POINTER).read_bytes()
    promote(promoter, second)
    (promoter.registry.folder / POINTER).write_bytes(old)
    assert promoter.registry.pointer().promoted == first
    assert promoter.restore()
    assert promoter.registry.pointer().promoted == second
    assert events(promoter)[-1][0] == RESTORED


@pytest.mark.parametrize("damage", ["altered", "gone"])
def test_a_pointer_that_was_altered_or_removed_is_put_back(promoter: Promoter, damage: str):
    model_id = add_candidate(promoter.registry, promoter.key)
    promote(promoter, model_id)
    place = promoter.registry.folder / POINTER
    if damage == "gone":
        place.unlink()
    else:
        alter(place, 0.5)
    assert promoter.restore()
    assert promoter.registry.classifier().model_id == model_id
