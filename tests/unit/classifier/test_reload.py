"""A running process follows what the disk says is in force, and says when nothing is."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mailguard.classifier.artefact import DarkClassifier
from mailguard.classifier.registry import POINTER, VERSIONS, ModelRegistry
from mailguard.classifier.reload import CurrentModel, ModelDark, ModelNews, ModelReplaced
from tests.models import SIGNED_AT, add_candidate, alter

KEY = Ed25519PrivateKey.generate()


@pytest.fixture
def registry(tmp_path: Path) -> ModelRegistry:
    return ModelRegistry(tmp_path / "models", public_key=KEY.public_key().public_bytes_raw())


def put_in_force(registry: ModelRegistry, name: str) -> None:
    pointer = registry.pointer().moved(name, by="I. Admin", reason="test", at=SIGNED_AT)
    registry.publish(registry.signed_pointer(pointer, KEY))


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_promoted_model_is_taken_and_told(registry: ModelRegistry):
    news: list[ModelNews] = []
    current = CurrentModel(registry, news.append)
    before = current.classifier.model_id
    model_id = add_candidate(registry, KEY)
    assert not current.reload_if_changed()
    put_in_force(registry, model_id)
    assert current.reload_if_changed()
    assert current.classifier.model_id == model_id
    assert news == [ModelReplaced(old_id=before, new_id=model_id)]


def test_a_model_altered_under_a_running_process_goes_dark_and_comes_back_when_it_is_right_again(
    registry: ModelRegistry,
):
    news: list[ModelNews] = []
    model_id = add_candidate(registry, KEY)
    put_in_force(registry, model_id)
    current = CurrentModel(registry, news.append)
    place = registry.folder / VERSIONS / model_id / "weights.npz"
    right = place.read_bytes()
    alter(place, 0.5)
    assert current.reload_if_changed()
    assert isinstance(current.classifier, DarkClassifier)
    assert isinstance(news[-1], ModelDark)
    assert news[-1].old_id == model_id
    assert not current.reload_if_changed()
    assert len(news) == 1
    place.write_bytes(right)
    assert current.reload_if_changed()
    assert news[1:] == [ModelReplaced(old_id="", new_id=model_id)]


def test_news_that_could_not_be_taken_comes_again(registry: ModelRegistry):
    heard: list[ModelNews] = []

    def listen(news: ModelNews) -> None:
        heard.append(news)
        if len(heard) == 1:
            raise OSError("the store is busy")

    current = CurrentModel(registry, listen)
    put_in_force(registry, add_candidate(registry, KEY))
    with pytest.raises(OSError, match="busy"):
        current.reload_if_changed()
    current.reload_if_changed()
    assert heard[0] == heard[1]
    assert len(heard) == 2


def test_a_pointer_that_cannot_be_restored_stops_nothing(registry: ModelRegistry):
    def restore() -> None:
        raise OSError("read-only")

    current = CurrentModel(registry, lambda news: None, restore=restore)
    put_in_force(registry, add_candidate(registry, KEY))
    assert current.reload_if_changed()
    assert "read-only" in current.fault


def test_threads_see_a_promotion_within_seconds_and_end(registry: ModelRegistry):
    add_candidate(registry, KEY)
    second = add_candidate(registry, KEY, bias=1.0)
    current = CurrentModel(registry, lambda news: None, poll_seconds=60)
    current.start()
    try:
        time.sleep(0.3)
        put_in_force(registry, second)
        wait_for(lambda: current.classifier.model_id == second)
        alter(registry.folder / POINTER, 0.4)
        wait_for(lambda: current.classifier.model_id == "")
    finally:
        current.stop()


def test_a_poll_finds_what_no_event_told(registry: ModelRegistry, monkeypatch: pytest.MonkeyPatch):
    def no_watch(*_: object, **__: object) -> None:
        raise OSError("inotify watch limit reached")

    monkeypatch.setattr("mailguard.app.following.watch", no_watch)
    model_id = add_candidate(registry, KEY)
    current = CurrentModel(registry, lambda news: None, poll_seconds=0.1)
    current.start()
    try:
        put_in_force(registry, model_id)
        wait_for(lambda: current.classifier.model_id == model_id)
    finally:
        current.stop()
