"""The mailbox reader in the running system."""

from __future__ import annotations

from collections.abc import Callable

from mailguard.adapters.imap_mailbox import ScanParts
from mailguard.adapters.imap_supervisor import MailboxSupervisor
from mailguard.app import failpoints
from mailguard.app.list_reload import CurrentLists
from mailguard.daemon.parts import Running
from mailguard.daemon.telling import tell_alarm, tell_progress
from mailguard.daemon_settings import mailboxes_settings
from mailguard.domain.words import PersonList


def start_mailboxes(running: Running) -> MailboxSupervisor | None:
    """None when no mailbox is configured."""
    settings = mailboxes_settings(running.loaded, aliases=_aliases_of(running.lists))
    if settings is None:
        return None
    supervisor = MailboxSupervisor(
        ScanParts(
            settings=settings,
            gate=running.edge,
            store=running.opened.store,
            mark_key=running.mark_key,
            clock=running.parts.clock,
            failpoint=failpoints.reach,
            on_alarm=tell_alarm,
            on_progress=tell_progress,
        )
    )
    supervisor.start()
    return supervisor


def _aliases_of(lists: CurrentLists) -> Callable[[str], tuple[str, ...]]:
    """A mailbox's further addresses are those of the same person on the staff list."""

    def aliases(address: str) -> tuple[str, ...]:
        people = (person for person in lists.lists.by_address(address) if person.list is PersonList.STAFF)
        return tuple(
            other for person in people for other in person.addresses if other.lower() != address.lower()
        )

    return aliases
