"""From the parts of a running school to its ``Site``."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from mailguard.adapters.keys import is_genuine_signature
from mailguard.adapters.passkeys import site_webauthn
from mailguard.adapters.passwords import Argon2Passwords
from mailguard.adapters.store.opening import OpenedStore
from mailguard.app.account_book import AccountBook
from mailguard.app.audit_trail import AuditTrail, TrailKey
from mailguard.app.casebook import Casebook
from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.enrolment import Enrolment
from mailguard.app.glass_book import GlassBook
from mailguard.app.lists import IndexedLists
from mailguard.app.own_account import OwnAccount
from mailguard.app.passkeys import Passkeys
from mailguard.app.ports_accounts import PasswordHasher
from mailguard.app.readers import readers_now
from mailguard.app.rota_book import RotaBook
from mailguard.app.sessions import SessionBook
from mailguard.app.sign_in import SignIn
from mailguard.app.site_settings import SiteSettings
from mailguard.app.trail_reading import TrailReading
from mailguard.classifier.registry import ModelRegistry
from mailguard.exports import make_exports
from mailguard.model_wiring import labelling_of
from mailguard.web.headers import host_name
from mailguard.web.review import make_review
from mailguard.web.seals import Seals
from mailguard.web.site import Site
from mailguard.wiring import Parts, list_editing

_LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})


def make_site(
    parts: Parts,
    opened: OpenedStore,
    *,
    effects: EffectsSettings,
    directory: Callable[[], IndexedLists],
    settings: SiteSettings,
    listen_host: str,
    models: ModelRegistry,
    passwords: PasswordHasher | None = None,
) -> Site:
    """``listen_host``: a further name that the site answers to, beside that of its address and loopback."""
    store = opened.store
    passwords = passwords or Argon2Passwords()
    sessions = SessionBook(store, settings)
    enrolment = Enrolment(store, passwords, sessions, effects=effects)
    key = TrailKey(public_key=store.keys.public_key, sign=store.keys.sign)
    trail = AuditTrail(store, key=key, check_signature=is_genuine_signature)
    review = make_review(
        store,
        opened.blobs,
        effects=effects,
        directory=directory,
        clock=parts.clock,
        undo_seconds=settings.undo_seconds,
    )
    return Site(
        store=store,
        blobs=opened.blobs,
        casebook=Casebook(store, opened.blobs, zone=effects.hours.zone),
        trail=trail,
        parts=parts,
        effects=effects,
        directory=directory,
        editing=list_editing(parts.loaded, parts.school, store, effects, directory),
        models=models,
        clock=parts.clock,
        settings=settings,
        passwords=passwords,
        sessions=sessions,
        sign_in=SignIn(store, passwords, sessions, effects=effects),
        enrolment=enrolment,
        own_account=OwnAccount(store, passwords, sessions, enrolment, effects=effects),
        glass_book=GlassBook(
            store,
            settings=settings,
            effects=effects,
            readers=lambda: readers_now(store, effects, directory),
            is_open_to=review.queue.is_open_to,
        ),
        rota_book=RotaBook(store, effects=effects, directory=directory),
        passkeys=Passkeys(store, sessions, site_webauthn(settings.url, effects.school_name), effects=effects),
        account_book=AccountBook(store, sessions, settings=settings, effects=effects, directory=directory),
        review=review,
        exports=make_exports(
            store=store,
            blobs=opened.blobs,
            trail=trail,
            read=parts.inspector().read,
            settings=effects,
            directory=directory,
            roll=lambda: directory().people(),
        ),
        trail_reading=TrailReading(store=store, settings=effects, directory=directory),
        seals=Seals(store.keys.derived),
        labelling=labelling_of(parts.loaded, store, opened.blobs),
        hosts=_LOOPBACK_HOSTS | {listen_host.lower(), host_name(urlsplit(settings.url).netloc)} - {""},
        is_running=opened.part_locks.is_held,
    )
