"""The daemon's sign of life, every twenty seconds: what runs, when each mailbox was read, and the figures for monitoring.

Doctor, the digest and the review page read it from the store; a daemon that has died is known by its age.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mailguard import __version__
from mailguard.adapters.imap_account import AccountStatus
from mailguard.adapters.metrics import write_metrics
from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.list_reload import CurrentLists
from mailguard.app.metrics import figures
from mailguard.app.ports_store import Store
from mailguard.app.schedule import Job
from mailguard.app.sightings import RunningFacts, note_running, note_seen
from mailguard.classifier.artefact import DarkClassifier
from mailguard.classifier.reload import CurrentModel
from mailguard.config import LoadedConfig

_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """``parts``: names of what this process runs. ``statuses``: of its mailboxes, empty when it has none."""

    store: Store
    settings: EffectsSettings
    loaded: LoadedConfig
    parts: Iterable[str]
    policy_version: str
    model: CurrentModel
    lists: CurrentLists
    started_at: datetime
    statuses: Callable[[], Iterable[AccountStatus]]

    def job(self) -> Job:
        path = self.loaded.config.metrics.textfile

        def beat() -> None:
            """Raises TemporaryFailure; the next one comes soon."""
            with self.store.transaction() as transaction:
                seen = dict.fromkeys(self.parts, transaction.now)
                seen.update(
                    {each.account: each.last_seen_at for each in self.statuses() if each.last_seen_at}
                )
                note_seen(transaction.ledger, seen)
                note_running(transaction.ledger, self._facts())
            if path is not None:
                with self.store.reading() as transaction:
                    found = figures(transaction, self.settings)
                write_metrics(self.loaded.resolve(path), found)

        return Job(name="heartbeat", seconds=_SECONDS, call=beat)

    def _facts(self) -> RunningFacts:
        classifier = self.model.classifier
        return RunningFacts(
            started_at=self.started_at,
            program=__version__,
            policy=self.policy_version,
            lists=self.lists.lists.version,
            lists_changed_at=_written_at(self.loaded.resolve(self.loaded.config.lists.pupils)),
            lists_problems=len(self.lists.problems),
            model=classifier.model_id,
            model_signed_at=self.model.signed_at,
            model_problem=classifier.reason if isinstance(classifier, DarkClassifier) else "",
            model_fix=self.model.fix,
        )


def _written_at(path: Path) -> datetime | None:
    """None while the file is being replaced."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None
