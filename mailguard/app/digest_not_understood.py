"""What a digest says of letters that the program did not understand: numbers, no word of theirs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from mailguard.app.effects_settings import Directory, EffectsSettings
from mailguard.app.labelling import ENDED_UNREAD, NOT_KEPT
from mailguard.app.ports_learning import SampleReason
from mailguard.app.ports_store import AuditFilter, Transaction
from mailguard.app.readers import Reader
from mailguard.app.sample_readers import is_closed, is_closed_to
from mailguard.domain.words import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class NotUnderstoodCounts:
    """Nobody has read ``foreign`` and ``doubtful``. Since the last digest ``ended_unread`` were destroyed, and ``not_kept`` came
    beyond what is kept in a day.
    """

    foreign: int = 0
    doubtful: int = 0
    ended_unread: int = 0
    not_kept: int = 0

    @property
    def waiting(self) -> int:
        return self.foreign + self.doubtful

    @property
    def is_any(self) -> bool:
        return bool(self.waiting or self.ended_unread or self.not_kept)


def not_understood_counts(
    transaction: Transaction,
    *,
    settings: EffectsSettings,
    directory: Directory,
    reader: Reader,
    is_for_all: bool,
    since: datetime,
) -> NotUnderstoodCounts:
    """Of those that are open to the reader. Unless ``is_for_all``, only of those that are closed to the Head."""
    role, configured = reader.role.value, settings.contacts
    own_ids = {person.id for person in directory.by_address(reader.address)}

    def is_told(closed_to: tuple[str, ...]) -> bool:
        return is_for_all or f"roles.{Role.HEAD}" in closed_to

    unread = Counter(
        each.reason
        for each in transaction.samples.unread()
        if is_told(each.closed_to)
        and not is_closed(each, directory, address=reader.address, role=role, configured=configured)
    )

    def recorded(tag: str) -> int:
        events = transaction.audit.newest(AuditFilter(tag_start=tag, at_from=since))
        closed = (tuple(map(str, event.detail.get("closed_to", ()))) for event in events)
        return sum(
            is_told(each) and not is_closed_to(each, own_ids, role=role, configured=configured)
            for each in closed
        )

    return NotUnderstoodCounts(
        foreign=unread[SampleReason.FOREIGN],
        doubtful=unread[SampleReason.DOUBTFUL],
        ended_unread=recorded(ENDED_UNREAD),
        not_kept=recorded(NOT_KEPT),
    )
