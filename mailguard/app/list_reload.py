"""The lists in force, replaced when a file of theirs is replaced.

FAILURE: files that cannot be used leave the lists in force as they are, and the listener hears of it; so do
files that have lost half their people, which is what an export that broke off looks like. News that the
listener could not take is kept and tried again. Faults of watching or loading are news, too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mailguard.app.following import POLL_SECONDS, SETTLE_SECONDS, Followed, Follower
from mailguard.app.list_files import ListFile, ListProblem, ListsProblem
from mailguard.app.list_warnings import lost_half
from mailguard.app.lists import IndexedLists, Surroundings, load_lists


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
        self._problems: tuple[ListProblem, ...] = ()
        names = {file.path.name for file in self._files}
        self._follower: Follower[ListsReplaced | ListsRefused] = Follower(
            Followed(
                name="lists",
                folders=lambda: {file.path.parent for file in self._files},
                is_recursive=False,
                is_ours=lambda path: path.name in names,
                stamp=self._fingerprint,
                load=self._load,
            ),
            listener,
            on_fault=self._tell_fault,
            poll_seconds=poll_seconds,
            settle_seconds=settle_seconds,
        )
        self.lists = load_lists(self._files, surroundings)

    @property
    def problems(self) -> tuple[ListProblem, ...]:
        """What is wrong with the files as they are now; empty when they are what is in force."""
        return self._problems

    @property
    def untold(self) -> int:
        """How many changes the listener has not yet taken."""
        return len(self._follower.news)

    def reload_if_changed(self) -> bool:
        """Load the files when one differs from what was read. True when lists were replaced.

        Waits while a file is still being written. Raises what the listener raises, which then
        hears the same news again at the next call.
        """
        version = self.lists.version
        self._follower.look()
        return self.lists.version != version

    def start(self) -> None:
        """Follow in two threads until :meth:`stop`."""
        self._follower.start()

    def stop(self) -> None:
        self._follower.stop()

    def _load(self) -> None:
        old = self.lists
        try:
            lists = load_lists(self._files, self._surroundings)
            self._refuse_halved(old, lists)
        except ListsProblem as problem:
            self._problems = problem.problems
            self._follower.news.append(ListsRefused(kept_version=old.version, problems=problem.problems))
            return
        was_wrong = bool(self._problems)
        self._problems = ()
        self.lists = lists
        if was_wrong or lists.version != old.version:
            self._follower.news.append(
                ListsReplaced(old_version=old.version, new_version=lists.version, lists=lists)
            )

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
            for name in lost_half(old, new)
        )
        if problems:
            raise ListsProblem(problems)

    def _fingerprint(self) -> tuple[str, ...]:
        return tuple(_fingerprint(file.path) for file in self._files)

    def _tell_fault(self, says: str) -> None:
        """Not when news waits already: then it is the listener that failed, and hears those again."""
        if not self._follower.news:
            fault = ListProblem(
                "[lists]", 0, "", f"the lists {says}", "the lists in force stay until it is put right"
            )
            self._follower.news.append(ListsRefused(kept_version=self.lists.version, problems=(fault,)))


def _fingerprint(path: Path) -> str:
    """SHA-256 of a file, "" for one that cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
