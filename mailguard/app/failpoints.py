"""Named points at which tests may kill, fail or delay the process.

Switched on only by the environment: ``MAILGUARD_FAILPOINTS="blob-fsynced=kill,t1-committed=raise,report-sent=delay:2"``;
"name=kill@3" acts at the third time. Unset (always, in production), ``reach`` is one dictionary look-up.
SECURITY: whoever sets a daemon's environment already owns the daemon.
"""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections import defaultdict

NAMES = frozenset(
    {
        "data-received",
        "judged",
        "blob-written",
        "blob-fsynced",
        "t1-before-commit",
        "t1-committed",
        "next-hop-before-data",
        "next-hop-accepted",
        "reply-sent",
        "effect-leased",
        "report-before-send",
        "report-sent",
        "t2-before-commit",
        "t2-committed",
        "imap-fetched",
        "imap-before-move",
        "imap-copied",
        "imap-moved",
        "release-sent",
        "digest-before-send",
        "digest-sent",
        "list-written-beside",
        "list-replaced",
        "list-before-commit",
        "list-committed",
        "retention-recorded",
        "retention-shredded",
    }
)


class FailpointReached(RuntimeError):
    """Raised by a failpoint set to "raise"."""


def _parse(text: str) -> dict[str, tuple[str, int]]:
    """Map each name to its action and the occurrence at which it acts (0: every time)."""
    actions: dict[str, tuple[str, int]] = {}
    for item in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, action = item.partition("=")
        action, _, occurrence = action.partition("@")
        if name not in NAMES:
            raise ValueError(f"MAILGUARD_FAILPOINTS names no failpoint: {name!r}")
        actions[name] = (action, int(occurrence or 0))
    return actions


_actions = _parse(os.environ.get("MAILGUARD_FAILPOINTS", ""))
_counts: dict[str, itertools.count[int]] = defaultdict(lambda: itertools.count(1))


def reach(name: str) -> None:
    """Do what tests asked for at this point; nothing in production."""
    if not _actions or name not in _actions:
        return
    action, occurrence = _actions[name]
    if occurrence and next(_counts[name]) != occurrence:
        return
    match action.partition(":"):
        case ("kill", _, _):
            os.kill(os.getpid(), signal.SIGKILL)
        case ("raise", _, _):
            raise FailpointReached(name)
        case ("delay", _, seconds):
            time.sleep(float(seconds))
        case _:
            raise ValueError(f"failpoint {name}: no action {action!r}")
