"""Who performs which effect, and the workers that call them."""

from __future__ import annotations

from dataclasses import dataclass

from mailguard.adapters.imap_mover import ImapMover
from mailguard.adapters.imap_settings import MailboxesSettings
from mailguard.adapters.store.opening import OpenedStore
from mailguard.adapters.typesetting.charts import printed_bars
from mailguard.adapters.typesetting.typst_pdf import TypstTypesetter
from mailguard.app import failpoints
from mailguard.app.casebook import Casebook
from mailguard.app.chain_notice import ChainNoticePerformer
from mailguard.app.concern_links import ConcernLinkPerformer
from mailguard.app.digest import DigestPerformer
from mailguard.app.effects import EffectsWorker
from mailguard.app.effects_settings import DirectoryNow, EffectsSettings
from mailguard.app.escalation_performer import EscalationPerformer, SecondChannelPerformer
from mailguard.app.governors_export import GovernorsReportPerformer, GovernorsReports
from mailguard.app.performing import Performer
from mailguard.app.ports import Clock, Courier
from mailguard.app.release import MovePerformer, ReleasePerformer
from mailguard.app.report_performer import ReportPerformer
from mailguard.app.staff_notice import StaffNoticePerformer
from mailguard.config import LoadedConfig
from mailguard.daemon.telling import tell_alarm, tell_failed_attempt
from mailguard.daemon_settings import process_name
from mailguard.domain.case import EffectKind
from mailguard.reading.message import read
from mailguard.second_channels import second_channels

# Two, because a send to a server that hangs takes minutes, and the next report must not wait for it.
_EFFECTS_THREADS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectsParts:
    """What the performers share. ``public_key``: of the audit trail, as digests show it; ``mailboxes``: None where
    none is watched."""

    courier: Courier
    mailboxes: MailboxesSettings | None
    opened: OpenedStore
    settings: EffectsSettings
    directory: DirectoryNow
    clock: Clock
    public_key: str


def effects_workers(
    loaded: LoadedConfig, parts: EffectsParts, casebook: Casebook
) -> tuple[EffectsWorker, ...]:
    """Wired, not started. Raises ConfigProblem."""
    performers = _performers(loaded, parts)
    return tuple(
        EffectsWorker(
            store=parts.opened.store,
            casebook=casebook,
            performers=performers,
            clock=parts.clock,
            owner=f"{process_name()}:{number}",
            on_alarm=tell_alarm,
            on_failed_attempt=tell_failed_attempt,
        )
        for number in range(_EFFECTS_THREADS)
    )


def _performers(loaded: LoadedConfig, parts: EffectsParts) -> dict[EffectKind, Performer]:
    store, blobs = parts.opened.store, parts.opened.blobs
    settings, directory, clock = parts.settings, parts.directory, parts.clock
    courier = parts.courier
    channels, general = second_channels(loaded, settings, clock)
    performers: dict[EffectKind, Performer] = {
        EffectKind.REPORT: ReportPerformer(
            store=store,
            blobs=blobs,
            courier=courier,
            settings=settings,
            directory=directory,
            read=read,
            clock=clock,
        ),
        EffectKind.ESCALATE: EscalationPerformer(store=store, settings=settings, directory=directory),
        EffectKind.SECOND_CHANNEL: SecondChannelPerformer(
            store=store, settings=settings, directory=directory, channels=channels, general=general
        ),
        EffectKind.RELEASE: ReleasePerformer(
            store=store, blobs=blobs, courier=courier, settings=settings, clock=clock
        ),
        EffectKind.STAFF_NOTICE: StaffNoticePerformer(
            store=store, courier=courier, settings=settings, directory=directory, clock=clock
        ),
        EffectKind.CONCERN_LINK: ConcernLinkPerformer(
            store=store, courier=courier, settings=settings, clock=clock
        ),
        EffectKind.DIGEST: DigestPerformer(
            store=store,
            courier=courier,
            settings=settings,
            directory=directory,
            clock=clock,
            public_key=parts.public_key,
        ),
        EffectKind.GOVERNORS_REPORT: GovernorsReportPerformer(
            reports=GovernorsReports(
                store=store,
                settings=settings,
                directory=directory,
                typesetter=TypstTypesetter(),
                draw_bars=printed_bars,
            ),
            courier=courier,
            clock=clock,
        ),
        EffectKind.CHAIN_NOTICE: ChainNoticePerformer(courier=courier, settings=settings, clock=clock),
    }
    if parts.mailboxes is not None:
        mover = ImapMover(parts.mailboxes, failpoint=failpoints.reach)
        performers[EffectKind.MOVE] = MovePerformer(store=store, mover=mover)
    return performers
