"""The lists in force, replaced when a file of theirs is replaced.

Watched are the folders, because a watched file is lost at its first atomic replacement; beside the watch a
poll compares hashes, because a network share may send no events.
FAILURE: files that cannot be used leave the lists in force as they are, and the listener hears of it; so do
files that have lost half their people, which is what an export that broke off looks like. News that the
listener could not take is kept and tried again.
"""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from watchfiles import watch

from mailguard.app.list_files import ListFile, ListName, ListProblem, ListsProblem
from mailguard.app.lists import IndexedLists, Surroundings, load_lists

POLL_SECONDS = 30.0
SETTLE_SECONDS = 0.3
_SETTLE_TRIES = 20
_DEBOUNCE_MILLISECONDS = 300
_WAKE_MILLISECONDS = 1000
_SMALLEST_GUARDED_LIST = 20


@dataclass(frozen=True, slots=True)
class ListsReplaced:
    """New lists are in force. Both versions are equal when wrong files were put right by the old ones."""

    old_version: str
    new_version: str
    lists: IndexedLists


@dataclass(frozen=True, slots=True)
class ListsRefused:
    """New files could not be used; ``kept_version`` stays in force. ``problems`` may hold personal data."""

    kept_version: str
    problems: tuple[ListProblem, ...]


ReloadListener = Callable[[ListsReplaced | ListsRefused], None]


class CurrentLists:
    """Holds the lists in force and reloads them. ``lists`` is one reference: readers need no lock.

    ``listener`` logs, audits and alarms; it is called from the threads of :meth:`start`, one call at a time.
    Construction loads the lists once and raises ListsProblem, because a daemon must not start without them.
    """

    def __init__(
        self,
        files: Sequence[ListFile],
        surroundings: Surroundings,
        listener: ReloadListener,
        *,
        poll_seconds: float = POLL_SECONDS,
        settle_seconds: float = SETTLE_SECONDS,
    ) -> None:
        self._files = tuple(files)
        self._surroundings = surroundings
        self._listener = listener
        self._poll_seconds = poll_seconds
        self._settle_seconds = settle_seconds
        self._stopping = threading.Event()
        self._reloading = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._news: deque[ListsReplaced | ListsRefused] = deque()
        self._problems: tuple[ListProblem, ...] = ()
        self._fingerprint = self._fingerprint_files()
        self.lists = load_lists(self._files, surroundings)

    @property
    def problems(self) -> tuple[ListProblem, ...]:
        """What is wrong with the files as they are now; empty when they are what is in force."""
        return self._problems

    @property
    def untold(self) -> int:
        """How many changes the listener has not yet taken."""
        return len(self._news)

    def reload_if_changed(self) -> bool:
        """Load the files when one differs from what was read. True when lists were replaced.

        Waits while a file is still being written. Raises what the listener raises, which then
        hears the same news again at the next call.
        """
        with self._reloading:
            version = self.lists.version
            fingerprint = self._fingerprint_files()
            if fingerprint != self._fingerprint:
                self._fingerprint = self._settled(fingerprint)
                self._load()
            while self._news:
                self._listener(self._news[0])
                self._news.popleft()
            return self.lists.version != version

    def start(self) -> None:
        """Watch and poll in two threads until :meth:`stop`."""
        for name, run in (("lists-watch", self._watch), ("lists-poll", self._poll)):
            thread = threading.Thread(target=run, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End both threads; returns when they have ended, within about a second."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(timeout=5)
        self._threads.clear()

    def _load(self) -> None:
        old = self.lists
        try:
            lists = load_lists(self._files, self._surroundings)
            self._refuse_halved(old, lists)
        except ListsProblem as problem:
            self._problems = problem.problems
            self._news.append(ListsRefused(kept_version=old.version, problems=problem.problems))
            return
        was_wrong = bool(self._problems)
        self._problems = ()
        self.lists = lists
        if was_wrong or lists.version != old.version:
            self._news.append(ListsReplaced(old_version=old.version, new_version=lists.version, lists=lists))

    def _refuse_halved(self, old: IndexedLists, new: IndexedLists) -> None:
        shown = {file.name: file.shown for file in self._files}
        problems = tuple(
            ListProblem(
                file=shown[name],
                line=0,
                value="",
                problem=f"has {new.counts[name]} rows, before it had {old.counts[name]}",
                fix="export it again; if this is right, restart mailguard to accept it",
            )
            for name in (ListName.PUPILS, ListName.PARENTS, ListName.STAFF)
            if old.counts[name] >= _SMALLEST_GUARDED_LIST and new.counts[name] * 2 < old.counts[name]
        )
        if problems:
            raise ListsProblem(problems)

    def _settled(self, fingerprint: tuple[str, ...]) -> tuple[str, ...]:
        """The fingerprint once it has stayed the same for a moment: a file may be copied in slowly."""
        for _ in range(_SETTLE_TRIES):
            if self._stopping.wait(self._settle_seconds):
                break
            again = self._fingerprint_files()
            if again == fingerprint:
                break
            fingerprint = again
        return fingerprint

    def _fingerprint_files(self) -> tuple[str, ...]:
        return tuple(_fingerprint(file.path) for file in self._files)

    def _poll(self) -> None:
        while not self._stopping.wait(self._poll_seconds):
            self._reload_in_thread()

    def _watch(self) -> None:
        folders = {file.path.parent for file in self._files}
        names = {file.path.name for file in self._files}
        while not self._stopping.is_set():
            try:
                changes = watch(
                    *(folder for folder in folders if folder.is_dir()),
                    watch_filter=lambda _, path: Path(path).name in names,
                    debounce=_DEBOUNCE_MILLISECONDS,
                    rust_timeout=_WAKE_MILLISECONDS,
                    stop_event=self._stopping,
                    recursive=False,
                    raise_interrupt=False,
                )
                for _ in changes:
                    self._reload_in_thread()
            except (OSError, RuntimeError) as error:
                # No inotify watches left, or the folder is gone: the poll goes on.
                self._tell_fault(f"the folder of the lists cannot be watched ({error})")
                self._stopping.wait(self._poll_seconds)

    def _reload_in_thread(self) -> None:
        """A thread that dies would be silence: a fault becomes news, kept until the listener takes it."""
        try:
            self.reload_if_changed()
        except Exception as error:
            if not self._news:
                self._tell_fault(f"the lists could not be reloaded ({type(error).__name__}: {error})")

    def _tell_fault(self, says: str) -> None:
        fault = ListProblem("[lists]", 0, "", says, "the lists in force stay until it is put right")
        self._news.append(ListsRefused(kept_version=self.lists.version, problems=(fault,)))


def _fingerprint(path: Path) -> str:
    """SHA-256 of a file, "" for one that cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
