"""What makes exports, wired once for the command line and the review page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata

from mailguard.adapters.blobs import BlobFiles
from mailguard.adapters.evidence.stand_alone import stand_alone_verifier
from mailguard.adapters.typesetting.charts import printed_bars
from mailguard.adapters.typesetting.typst_pdf import TypstTypesetter
from mailguard.app.audit_trail import AuditTrail
from mailguard.app.case_destruction import Shredder
from mailguard.app.chronology_export import ChronologyExports
from mailguard.app.effects_settings import DirectoryNow, EffectsSettings
from mailguard.app.evidence_pack import EvidencePacks
from mailguard.app.foi_export import FoiExports
from mailguard.app.governors_export import GovernorsReports
from mailguard.app.ports_store import Store
from mailguard.app.report_attachment import ReadMessage
from mailguard.app.subject_access_export import SubjectAccess
from mailguard.domain.people import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Exports:
    shredder: Shredder
    packs: EvidencePacks
    chronologies: ChronologyExports
    subject_access: SubjectAccess
    foi: FoiExports
    governors: GovernorsReports


def make_exports(
    *,
    store: Store,
    blobs: BlobFiles,
    trail: AuditTrail,
    read: ReadMessage,
    settings: EffectsSettings,
    directory: DirectoryNow,
    roll: Callable[[], Sequence[Person]],
) -> Exports:
    """``read``: bytes to facts, with the school's trusted verifiers; ``roll``: everyone on the lists."""
    typesetter = TypstTypesetter()
    return Exports(
        shredder=blobs,
        packs=EvidencePacks(
            store=store,
            blobs=blobs,
            trail=trail,
            read=read,
            settings=settings,
            directory=directory,
            typesetter=typesetter,
            programme=f"mailguard {metadata.version('mailguard')}",
            verifier=stand_alone_verifier(),
        ),
        chronologies=ChronologyExports(store=store, settings=settings, directory=directory),
        subject_access=SubjectAccess(
            store=store,
            blobs=blobs,
            read=read,
            settings=settings,
            directory=directory,
            roll=roll,
            typesetter=typesetter,
        ),
        foi=FoiExports(store=store, settings=settings, directory=directory),
        governors=GovernorsReports(
            store=store,
            settings=settings,
            directory=directory,
            typesetter=typesetter,
            draw_bars=printed_bars,
        ),
    )
