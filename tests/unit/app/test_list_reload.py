"""Lists are replaced when their files are, and never by worse ones."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailguard.app.list_files import ListFile, ListName, ListsProblem
from mailguard.app.list_reload import CurrentLists, ListsRefused, ListsReplaced
from mailguard.app.lists import Surroundings
from mailguard.domain.names import Nicknames
from mailguard.domain.roll import School

HEADER = "id,name,year,addresses,handles\n"
FIRST = HEADER + "P1,Isla Doyle,7,isla@mail.example,\n"
SECOND = HEADER + "P1,Isla Doyle,7,isla@mail.example,\nP2,Tom Bell,7,tom@mail.example,\n"
BAD = HEADER + "P1,,7,nonsense,\n"


class News:
    """Collects what the lists say; ``fails`` makes it refuse to listen."""

    def __init__(self) -> None:
        self.heard: list[ListsReplaced | ListsRefused] = []
        self.fails = False
        self.came = threading.Event()

    def __call__(self, event: ListsReplaced | ListsRefused) -> None:
        if self.fails:
            raise RuntimeError("the audit trail is out of reach")
        self.heard.append(event)
        self.came.set()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "pupils.csv"
    path.write_text(FIRST)
    return ListFile(ListName.PUPILS, "lists/pupils.csv", path)


@pytest.fixture
def news():
    return News()


def make(file: ListFile, news: News, poll_seconds: float = 60.0) -> CurrentLists:
    surroundings = Surroundings(School("Hill", ("hill.example",)), Nicknames.from_csv([]))
    return CurrentLists([file], surroundings, news, poll_seconds=poll_seconds, settle_seconds=0.01)


@contextmanager
def running(lists: CurrentLists) -> Iterator[None]:
    lists.start()
    try:
        yield
    finally:
        lists.stop()


def replace_atomically(path: Path, text: str) -> None:
    beside = path.with_suffix(".new")
    beside.write_text(text)
    beside.replace(path)


def test_bad_lists_at_the_start_are_refused(file, news):
    file.path.write_text(BAD)
    with pytest.raises(ListsProblem):
        make(file, news)


def test_unchanged_files_are_not_loaded_again(file, news):
    lists = make(file, news)
    before = lists.lists
    file.path.touch()
    assert not lists.reload_if_changed()
    assert lists.lists is before
    assert news.heard == []


def test_a_new_file_replaces_the_lists_and_is_told_with_both_versions(file, news):
    lists = make(file, news)
    old = lists.lists.version
    replace_atomically(file.path, SECOND)
    assert lists.reload_if_changed()
    assert [person.id for person in lists.lists.by_address("tom@mail.example")] == ["P2"]
    assert news.heard == [ListsReplaced(old, lists.lists.version, lists.lists)]
    assert old != lists.lists.version


@pytest.mark.parametrize("worse", [BAD, "", HEADER, "id;wrong\n"])
def test_a_bad_new_file_keeps_the_old_lists_loudly(file, news, worse):
    lists = make(file, news)
    before = lists.lists
    replace_atomically(file.path, worse)
    assert not lists.reload_if_changed()
    assert lists.lists is before
    (told,) = news.heard
    assert isinstance(told, ListsRefused)
    assert told.kept_version == before.version
    assert told.problems == lists.problems != ()
    assert not lists.reload_if_changed()
    assert len(news.heard) == 1, "the same bad file is told once"


def test_a_file_that_disappears_keeps_the_old_lists_loudly(file, news):
    lists = make(file, news)
    file.path.unlink()
    assert not lists.reload_if_changed()
    assert lists.lists.by_address("isla@mail.example")
    assert "cannot be read" in str(news.heard[0].problems[0])


def test_putting_a_bad_file_right_is_told_too(file, news):
    lists = make(file, news)
    replace_atomically(file.path, BAD)
    lists.reload_if_changed()
    replace_atomically(file.path, FIRST)
    assert not lists.reload_if_changed()
    assert lists.problems == ()
    assert isinstance(news.heard[-1], ListsReplaced)
    assert news.heard[-1].old_version == news.heard[-1].new_version


def test_a_list_that_lost_half_its_people_is_refused(file, news):
    rows = [f"P{number},Isla Number{chr(97 + number)},7,p{number}@mail.example,\n" for number in range(26)]
    file.path.write_text(HEADER + "".join(rows))
    lists = make(file, news)
    replace_atomically(file.path, HEADER + "".join(rows[:12]))
    assert not lists.reload_if_changed()
    assert "has 12 rows, before it had 26" in str(news.heard[0].problems[0])
    assert lists.lists.by_address("p20@mail.example")
    replace_atomically(file.path, HEADER + "".join(rows[:20]))
    assert lists.reload_if_changed()


def test_news_the_listener_could_not_take_comes_again(file, news):
    lists = make(file, news)
    replace_atomically(file.path, SECOND)
    news.fails = True
    with pytest.raises(RuntimeError):
        lists.reload_if_changed()
    assert lists.lists.by_address("tom@mail.example"), "the new lists are in force all the same"
    assert lists.untold == 1
    news.fails = False
    lists.reload_if_changed()
    assert lists.untold == 0
    assert isinstance(news.heard[0], ListsReplaced)


def write_in_place(path: Path, text: str) -> None:
    path.write_text(text)


@pytest.mark.parametrize("write", [replace_atomically, write_in_place])
def test_the_watch_sees_a_file_replaced_or_written(file, news, write: Callable[[Path, str], None]):
    lists = make(file, news)
    with running(lists):
        # The watch is set up in its thread: the file is written until it is seen.
        for attempt in range(20):
            write(file.path, SECOND + f"P{attempt + 3},Max Extra,7,,\n")
            if news.came.wait(1.0):
                break
    assert lists.lists.by_address("tom@mail.example")


def test_the_poll_sees_what_the_watch_does_not(file, news, tmp_path):
    folder = tmp_path / "later"
    folder.mkdir()
    link = ListFile(ListName.PUPILS, "lists/pupils.csv", folder / "pupils.csv")
    link.path.symlink_to(file.path)
    lists = make(link, news, poll_seconds=0.05)
    with running(lists):
        replace_atomically(file.path, SECOND)
        assert news.came.wait(10)
    assert lists.lists.by_address("tom@mail.example")


def test_a_listener_that_fails_does_not_end_the_threads(file, news):
    lists = make(file, news, poll_seconds=0.05)
    with running(lists):
        news.fails = True
        replace_atomically(file.path, SECOND)
        assert not news.came.wait(0.5)
        news.fails = False
        assert news.came.wait(10)
    assert isinstance(news.heard[0], ListsReplaced)
