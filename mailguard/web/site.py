"""What the pages of the review page need, in one frozen object that is handed to each of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from mailguard.adapters.blobs import BlobFiles
from mailguard.adapters.store.sql_store import SqlStore
from mailguard.app.account_book import AccountBook
from mailguard.app.audit_trail import AuditTrail
from mailguard.app.casebook import Casebook
from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.enrolment import Enrolment
from mailguard.app.glass_book import GlassBook
from mailguard.app.health import PartRuns
from mailguard.app.labelling import Labelling
from mailguard.app.list_editing import ListEditing
from mailguard.app.lists import IndexedLists
from mailguard.app.own_account import OwnAccount
from mailguard.app.passkeys import Passkeys
from mailguard.app.ports import Clock
from mailguard.app.ports_accounts import PasswordHasher
from mailguard.app.readers import Readers, readers_now
from mailguard.app.rota_book import RotaBook
from mailguard.app.sessions import SessionBook
from mailguard.app.sign_in import SignIn
from mailguard.app.site_settings import SiteSettings
from mailguard.app.trail_reading import TrailReading
from mailguard.classifier.registry import ModelRegistry
from mailguard.exports import Exports
from mailguard.web.review import Review
from mailguard.web.seals import Seals
from mailguard.wiring import Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One school's review page. ``directory`` gives the lists as they are now; ``zone`` is the school's.

    ``is_running`` as for ``health``.
    """

    store: SqlStore
    blobs: BlobFiles
    casebook: Casebook
    trail: AuditTrail
    parts: Parts
    effects: EffectsSettings
    directory: Callable[[], IndexedLists]
    editing: ListEditing
    models: ModelRegistry
    clock: Clock
    settings: SiteSettings
    passwords: PasswordHasher
    sessions: SessionBook
    sign_in: SignIn
    enrolment: Enrolment
    own_account: OwnAccount
    account_book: AccountBook
    passkeys: Passkeys
    review: Review
    rota_book: RotaBook
    glass_book: GlassBook
    exports: Exports
    trail_reading: TrailReading
    seals: Seals
    labelling: Labelling
    hosts: frozenset[str]
    is_running: PartRuns

    @property
    def zone(self) -> ZoneInfo:
        return self.effects.hours.zone

    @property
    def today(self) -> date:
        """In the school's zone."""
        return self.clock.now().astimezone(self.zone).date()

    @property
    def readers(self) -> Readers:
        """Who may see what, with the lists and the rota as they are now. Raises TemporaryFailure."""
        return readers_now(self.store, self.effects, self.directory)
