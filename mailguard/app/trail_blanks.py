"""Blank events: they say nothing, come at random, and are shown to nobody, so that a gap in the numbers says nothing.

The trail is numbered without gaps and its length stands in every checkpoint. Whoever may not see some events could
count what they do see, hold it against the length, and learn that there is a case about them. Blank events lie in the
same gaps: now and then a run of them, as the events of a case come, an hour or so long, by day and night. Nobody can
tell them from events that are closed; who has the whole trail can, and counts them. Some runs have a checkpoint, for
an evidence pack of a closed case leaves one, too, outside the hourly ones. Source: ADR 18.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from mailguard.app.audit_trail import AuditTrail
from mailguard.app.ports_store import AuditEntry, Store
from mailguard.app.schedule import Job
from mailguard.domain.audit import AuditTag

SECONDS = 60.0
# Of a minute: two runs a day, of half an hour on average, with something in every fifth minute.
_BEGINS = 1 / 720
_ENDS = 1 / 30
_WRITES = 1 / 5
_MOST_AT_ONCE = 4
# Of the minutes in which something is written.
_SIGNS = 1 / 10


@dataclass(slots=True)
class Blanks:
    """One minute after another. ``draw``: from 0 to below 1, as from ``random.SystemRandom``.

    The first run begins with the process: a new trail, too, must have gaps that say nothing. A clock that fires twice, or
    two daemons, write a few more, which say as little.
    """

    store: Store
    trail: AuditTrail
    draw: Callable[[], float] = field(default_factory=lambda: random.SystemRandom().random)
    _is_running: bool = True

    def job(self) -> Job:
        return Job(name="blanks", seconds=SECONDS, call=self.minute)

    def minute(self) -> None:
        """Raises TemporaryFailure; nothing is owed for a minute that was missed."""
        if not self._is_running:
            self._is_running = self.draw() < _BEGINS
        if not self._is_running:
            return
        if self.draw() < _WRITES:
            self._write(1 + int(self.draw() * _MOST_AT_ONCE))
            if self.draw() < _SIGNS:
                self.trail.checkpoint()
        self._is_running = self.draw() >= _ENDS

    def _write(self, count: int) -> None:
        with self.store.transaction() as transaction:
            for _ in range(count):
                transaction.audit.append(AuditEntry(tag=AuditTag.BLANK, actor="daemon"))
