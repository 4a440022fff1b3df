"""The demo's accounts on the review page, made as the console makes the first ones."""

from __future__ import annotations

from mailguard.adapters.store.sql_store import SqlStore
from mailguard.app.account_book import AccountBook, Issued
from mailguard.app.lists import IndexedLists
from mailguard.app.sessions import SessionBook
from mailguard.config import LoadedConfig
from mailguard.daemon_settings import effects_settings, site_settings
from mailguard.demo.cast import CHAIR, DEPUTY, HEAD, IT
from mailguard.domain.account import SiteRole

_PEOPLE = (
    (SiteRole.HEAD, "Marian Holroyd", HEAD),
    (SiteRole.DEPUTY, "Dominic Okonjo", DEPUTY),
    (SiteRole.CHAIR, "Rev Alan Sugden", CHAIR),
    (SiteRole.ADMIN, "IT admin", IT),
    (SiteRole.AUDITOR, "Clerk to the governors", "clerk@borough.example"),
)


def demo_accounts(loaded: LoadedConfig, store: SqlStore, lists: IndexedLists) -> tuple[Issued, ...]:
    """One for each role, each with its one-time password."""
    settings = site_settings(loaded)
    effects = effects_settings(loaded, mark_key=store.keys.mark_key, clauses={})
    book = AccountBook(
        store, SessionBook(store, settings), settings=settings, effects=effects, directory=lambda: lists
    )
    return tuple(
        book.create(name=name, address=address, role=role, by=None, reason="the demo")
        for role, name, address in _PEOPLE
    )
