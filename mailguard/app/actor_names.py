"""Who did something, by name: the trail and the cases keep ids of accounts and people, roles, and parts of
mailguard.
"""

from __future__ import annotations

from mailguard.app.effects_settings import Directory, EffectsSettings
from mailguard.app.ports_store import Transaction
from mailguard.domain.words import Role

_PROGRAMME = frozenset({"gate", "effects", "daemon", "answer", "retention"})


class ActorNames:
    """Looked up once each, inside one transaction."""

    def __init__(self, transaction: Transaction, settings: EffectsSettings, directory: Directory) -> None:
        self._transaction = transaction
        self._settings = settings
        self._directory = directory
        self._known: dict[str, str] = {"": ""}

    def of(self, actor: str) -> str:
        """The actor's own words where nobody knows it."""
        if actor not in self._known:
            self._known[actor] = self._find(actor)
        return self._known[actor]

    def _find(self, actor: str) -> str:
        if actor in _PROGRAMME:
            return "mailguard"
        account = self._transaction.accounts.find(actor)
        if account is not None:
            return account.name
        person = self._directory.person(actor)
        if person is not None:
            return person.name
        if actor in set(Role):
            contact = self._settings.contacts.get(Role(actor))
            return f"{contact.name} ({self._settings.title(Role(actor))})" if contact is not None else actor
        return actor
