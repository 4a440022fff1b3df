"""What tests of exports share: a school with cases, and a service for each export."""

from pathlib import Path

from mailguard.adapters.evidence.stand_alone import stand_alone_verifier
from mailguard.adapters.keys import is_genuine_signature
from mailguard.adapters.typesetting.typst_pdf import TypstTypesetter
from mailguard.app.audit_trail import AuditTrail, TrailKey
from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.evidence_pack import EvidencePacks
from mailguard.app.export_making import Maker
from mailguard.exports import Exports, make_exports
from mailguard.reading.message import read
from tests.effects_fixture import PEOPLE, Office, PeopleDirectory, RememberingCourier

HEAD_MAKER = Maker(actor="head", address="head@school.test", title="Helen Ormerod, Head Teacher")
DEPUTY_MAKER = Maker(actor="deputy", address="deputy@school.test", title="James Adeleke, deputy")
CHAIR_MAKER = Maker(actor="chair", address="chair@school.test", title="Ruth Bellingham, Chair")


def office(folder: Path, *, settings: EffectsSettings | None = None) -> Office:
    return Office(
        folder,
        RememberingCourier(),
        settings=settings,
        read=lambda raw: read(raw, trusted_authserv_ids=frozenset()),
    )


def trail_of(school: Office) -> AuditTrail:
    key = TrailKey(public_key=school.store.keys.public_key, sign=school.store.keys.sign)
    return AuditTrail(school.store, key=key, check_signature=is_genuine_signature)


def exports_of(school: Office) -> Exports:
    return make_exports(
        store=school.store,
        blobs=school.opened.blobs,
        trail=trail_of(school),
        read=lambda raw: read(raw, trusted_authserv_ids=frozenset()),
        settings=school.settings,
        directory=PeopleDirectory,
        roll=lambda: PEOPLE,
    )


def packs_of(school: Office) -> EvidencePacks:
    return EvidencePacks(
        store=school.store,
        blobs=school.opened.blobs,
        trail=trail_of(school),
        read=lambda raw: read(raw, trusted_authserv_ids=frozenset()),
        settings=school.settings,
        directory=PeopleDirectory,
        typesetter=TypstTypesetter(),
        programme="mailguard 0.1.0",
        verifier=stand_alone_verifier(),
    )
