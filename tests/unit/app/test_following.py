"""What follows files loads when they have changed and settled, and tells its news until they are taken."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mailguard.app.following import Followed, Follower


class Text:
    """Follows one file's text; ``stamps`` counts how often it was looked at."""

    def __init__(self, path: Path, *, poll_seconds: float = 60.0) -> None:
        self.path = path
        self.text = path.read_text()
        self.stamps = 0
        self.heard: list[str] = []
        self.faults: list[str] = []
        self.fails = False
        self.follower: Follower[str] = Follower(
            Followed(
                name="text",
                folders=lambda: [path.parent],
                is_recursive=False,
                is_ours=lambda changed: changed.name == path.name,
                stamp=self._stamp,
                load=self._load,
            ),
            self._listen,
            on_fault=self.faults.append,
            poll_seconds=poll_seconds,
            settle_seconds=0.01,
        )

    def _stamp(self) -> str:
        self.stamps += 1
        return self.path.read_text()

    def _load(self) -> None:
        self.text = self.path.read_text()
        self.follower.news.append(self.text)

    def _listen(self, news: str) -> None:
        if self.fails:
            raise RuntimeError("the store is busy")
        self.heard.append(news)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    place = tmp_path / "text"
    place.write_text("one")
    return place


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_has_not_changed_is_not_loaded(path: Path):
    text = Text(path)
    path.touch()
    text.follower.look()
    assert (text.heard, text.stamps) == ([], 2)


def test_a_change_is_loaded_once_it_has_stayed_the_same(path: Path):
    text = Text(path)
    path.write_text("two")
    text.follower.look()
    assert text.heard == ["two"]
    assert text.stamps == 3, "at the start, at the look, and once more when it had settled"


def test_news_comes_again_in_order_until_it_is_taken(path: Path):
    text = Text(path)
    text.fails = True
    for words in ("two", "three"):
        path.write_text(words)
        with pytest.raises(RuntimeError, match="busy"):
            text.follower.look()
    assert text.text == "three", "in force all the same"
    text.fails = False
    text.follower.look()
    assert text.heard == ["two", "three"]


def test_a_fault_is_told_and_ends_no_thread(path: Path):
    text = Text(path, poll_seconds=0.05)
    text.follower.start()
    try:
        path.unlink()
        wait_for(lambda: bool(text.faults))
        assert "could not be reloaded (FileNotFoundError" in text.faults[0]
        path.write_text("again")
        wait_for(lambda: text.heard == ["again"])
    finally:
        text.follower.stop()


def test_a_watch_that_cannot_be_is_told_and_the_poll_goes_on(path: Path, monkeypatch: pytest.MonkeyPatch):
    def no_watch(*_: object, **__: object) -> None:
        raise OSError("inotify watch limit reached")

    monkeypatch.setattr("mailguard.app.following.watch", no_watch)
    text = Text(path, poll_seconds=0.05)
    text.follower.start()
    try:
        wait_for(lambda: bool(text.faults))
        assert text.faults[0] == "cannot be watched (inotify watch limit reached)"
        path.write_text("two")
        wait_for(lambda: text.heard == ["two"])
    finally:
        text.follower.stop()
