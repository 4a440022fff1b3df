"""The governors' report as a file, made when somebody asks and by mail at the end of each term."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from mailguard.app.document import Document, Typesetter
from mailguard.app.effects_settings import DirectoryNow, EffectsSettings
from mailguard.app.export_making import ExportLedger, MadeExport, Maker, OpenCases
from mailguard.app.export_records import ExportKind, ExportPurpose
from mailguard.app.governors_figures import TermFigures, term_figures
from mailguard.app.governors_report import DrawBars, governors_report, in_brief
from mailguard.app.own_mail import Enclosure, OwnMail, outgoing
from mailguard.app.performing import Performed
from mailguard.app.ports import Clock, Courier, PermanentFailure
from mailguard.app.ports_store import EffectRecord, NewEffect, Store, Transaction
from mailguard.app.readers import Readers
from mailguard.app.schedule import Job
from mailguard.app.terms import Term, last_ended, term_before, term_named
from mailguard.domain.case import EffectKind
from mailguard.domain.words import Role

_SINCE = "governors-since"


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernorsReports:
    store: Store
    settings: EffectsSettings
    directory: DirectoryNow
    typesetter: Typesetter
    draw_bars: DrawBars

    def make(self, term_name: str, *, by: Maker, reason: str) -> MadeExport:
        """The PDF of a term such as 2026-autumn. Raises ValueError, ReasonMissing, TemporaryFailure."""
        term = term_named(term_name, self.settings.hours.terms)
        ledger = ExportLedger(self.store)
        export, _ = ledger.request(
            ExportKind.GOVERNORS,
            by=by,
            purpose=ExportPurpose.GOVERNORS,
            reason=reason,
            about=term.name,
        )
        content = self.typesetter.pdf(self.document(term, by=by, made_at=export.at))
        return ledger.made(
            export, content, filename=f"governors-{term.name}.pdf", media_type="application/pdf", by=by
        )

    def document(self, term: Term, *, by: Maker, made_at: datetime) -> Document:
        """What stands in it, for a page or the printer. Raises TemporaryFailure."""
        figures, before = self.figures(term, by=by)
        return governors_report(
            figures, before, settings=self.settings, made_at=made_at, draw_bars=self.draw_bars
        )

    def figures(self, term: Term, *, by: Maker) -> tuple[TermFigures, TermFigures]:
        """Of the term and of the one before, of the cases that the maker may know of."""
        hours = self.settings.hours
        open_cases = OpenCases(self.settings, self.directory)
        with self.store.reading() as transaction:
            figures, before = (
                term_figures(
                    transaction, each, hours=hours, may_see=lambda case: open_cases.may_see(case, by)
                )
                for each in (term, term_before(term, hours.terms))
            )
        return figures, before


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernorsReportPerformer:
    """Performs GOVERNORS_REPORT: the report of a term that has ended, to the chair by mail."""

    reports: GovernorsReports
    courier: Courier
    clock: Clock

    def perform(self, effect: EffectRecord) -> Performed:
        """Raises TemporaryFailure, PermanentFailure."""
        settings = self.reports.settings
        term = term_named(str(effect.payload["term"]), settings.hours.terms)
        readers = Readers(settings=settings, directory=self.reports.directory())
        now = self.clock.now()
        reader = readers.daily_reader(Role(effect.role), now.astimezone(settings.hours.zone).date())
        if reader is None:
            raise PermanentFailure(f"effect {effect.id}: role {effect.role} is not configured")
        maker = Maker(actor=effect.role, address=reader.address, title=reader.title, role=reader.role)
        figures, before = self.reports.figures(term, by=maker)
        document = governors_report(
            figures, before, settings=settings, made_at=effect.created_at, draw_bars=self.reports.draw_bars
        )
        mail = OwnMail(
            to_address=reader.address,
            to_name=reader.name,
            subject=f"[mailguard] Report to the governors: {term.title}",
            text=_text(term, figures),
            header_message_id=effect.header_message_id,
            list_name="governors",
            enclosures=(
                Enclosure(
                    filename=f"governors-{term.name}.pdf", content=self.reports.typesetter.pdf(document)
                ),
            ),
        )
        reply = self.courier.send(outgoing(mail, settings, now=now))
        return Performed(detail={"reply": reply[:80], "term": term.name})


def governors_job(store: Store, settings: EffectsSettings) -> Job:
    def fire() -> None:
        """Raises TemporaryFailure; the next look comes in an hour."""
        with store.transaction() as transaction:
            add_due_report(transaction, settings)

    return Job(name="governors", seconds=3600, call=fire)


def add_due_report(transaction: Transaction, settings: EffectsSettings) -> bool:
    """Add the report of the term that ended last, once, from the day after its end; whether it was added."""
    today = transaction.now.astimezone(settings.hours.zone).date()
    since = transaction.ledger.state(_SINCE)
    if since is None:
        # A term that ended before mailguard came has nothing to tell.
        transaction.ledger.put_state(_SINCE, today.isoformat())
        return False
    term = last_ended(today, settings.hours.terms)
    if term.days.last_day < date.fromisoformat(since):
        return False
    role = Role.CHAIR if Role.CHAIR in settings.contacts else Role.HEAD
    effect = NewEffect(
        kind=EffectKind.GOVERNORS_REPORT,
        key=f"governors:{term.name}:{role.value}",
        due_at=transaction.now,
        role=role,
        payload={"term": term.name},
    )
    return transaction.effects.add(effect) is not None


def _text(term: Term, figures: TermFigures) -> str:
    return (
        "\n\n".join(
            [
                in_brief(figures),
                f"The report for the {term.title.lower()} is attached: what came, how quickly reports were acknowledged, "
                "how often it was nothing, what changed in the rules. It names nobody.",
                f"Keep it: it dates the audit trail ({figures.trail_events:,} events, head {figures.trail_head}).",
            ]
        )
        + "\n"
    )
