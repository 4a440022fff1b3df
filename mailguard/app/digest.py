"""The daily digest: what waits for a decision, without names. It comes when there is nothing to say, too.

The Head's tells of every case that is not closed to its reader; deputy and chair get one only while a case is
closed to the Head and theirs to decide.
Source: UX.md "digest"; DESIGN promises 5 and 9.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from mailguard.app.effects_health import EffectsHealth, effects_health
from mailguard.app.effects_settings import DirectoryNow, EffectsSettings
from mailguard.app.own_mail import OwnMail, outgoing
from mailguard.app.performing import Performed, not_needed
from mailguard.app.ports import Clock, Courier, PermanentFailure
from mailguard.app.ports_store import CaseFilter, CaseRecord, EffectRecord, Store, Transaction
from mailguard.app.readers import Reader, Readers
from mailguard.app.report import ReportContent, Section, local_time
from mailguard.app.report_html import write_html
from mailguard.app.report_text import write_text
from mailguard.app.report_words import SUBJECT_NOUNS
from mailguard.domain.audit import AuditHead
from mailguard.domain.case import CaseState, Mode
from mailguard.domain.words import ReportWhen, Role

_MOST_LISTED = 100
_COUNTED = {"D7": "parent messages delivered", "P2": "security codes", "P9": "platform mails of no person"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestMaterial:
    """Cases oldest first, those closed to the reader left out. ``held``: copies held, by case id."""

    late: tuple[CaseRecord, ...]
    waiting: tuple[CaseRecord, ...]
    shadowed: tuple[CaseRecord, ...]
    decided: tuple[CaseRecord, ...]
    held: dict[str, int]
    counted: dict[str, int]
    health: EffectsHealth
    head: AuditHead
    checkpoint: str
    public_key: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.late or self.waiting or self.shadowed or self.decided)


class DigestPerformer:
    """Performs DIGEST."""

    def __init__(
        self,
        *,
        store: Store,
        courier: Courier,
        settings: EffectsSettings,
        directory: DirectoryNow,
        clock: Clock,
        public_key: str = "",
    ) -> None:
        """``public_key``: the trail's, as ``mailguard audit verify --key`` wants it."""
        self._public_key = public_key
        self._store = store
        self._courier = courier
        self._settings = settings
        self._directory = directory
        self._clock = clock

    def perform(self, effect: EffectRecord) -> Performed:
        """Raises TemporaryFailure, PermanentFailure."""
        role = Role(effect.role)
        day = date.fromisoformat(str(effect.payload["day"]))
        readers = Readers(settings=self._settings, directory=self._directory())
        reader = readers.daily_reader(role, day)
        if reader is None:
            raise PermanentFailure(f"effect {effect.id}: role {role.value} is not configured")
        with self._store.reading() as transaction:
            material = self._material(role, reader, readers, day, transaction)
        if role is not Role.HEAD and material.is_empty:
            return not_needed("nothing that is closed to the Head")
        content = compose_digest(material, day=day, settings=self._settings)
        mail = OwnMail(
            to_address=reader.address,
            to_name=reader.name,
            subject=content.subject,
            text=write_text(content),
            html=write_html(content),
            header_message_id=effect.header_message_id,
            list_name="digest",
        )
        reply = self._courier.send(outgoing(mail, self._settings, now=self._clock.now()))
        return Performed(detail={"reply": reply[:80], "head": material.head.hash, "size": material.head.size})

    def _material(
        self, role: Role, reader: Reader, readers: Readers, day: date, transaction: Transaction
    ) -> DigestMaterial:
        def mine(case: CaseRecord) -> bool:
            if not readers.may_see(reader.address, case.decision):
                return False
            return role is Role.HEAD or Role.HEAD in readers.withheld_roles(case.decision)

        cases = transaction.cases
        undecided = tuple(
            filter(
                mine,
                cases.matching(
                    CaseFilter(states={CaseState.NEW, CaseState.ACKNOWLEDGED}, is_oldest_first=True)
                ),
            )
        )
        decided = filter(mine, cases.matching(CaseFilter(decided_from=transaction.now - timedelta(days=1))))
        held = {case.id: sum(each.state.is_held for each in cases.recipients(case.id)) for case in undecided}
        shadowed = tuple(case for case in undecided if case.mode is Mode.SHADOW)
        late = tuple(
            case
            for case in undecided
            if case.state is CaseState.NEW
            and case.decision.report_when is ReportWhen.NOW
            and case not in shadowed
        )
        counted: dict[str, int] = {}
        yesterday = day - timedelta(days=1)
        for counter in transaction.ledger.counts(first_day=yesterday, last_day=yesterday):
            if counter.row in _COUNTED:
                counted[counter.row] = counted.get(counter.row, 0) + counter.count
        checkpoints = transaction.audit.checkpoints()
        return DigestMaterial(
            late=late,
            waiting=tuple(case for case in undecided if case not in late and case not in shadowed),
            shadowed=shadowed,
            decided=tuple(decided),
            held=held,
            counted=counted,
            health=effects_health(transaction, self._settings),
            head=transaction.audit.head(),
            checkpoint=checkpoints[-1] if checkpoints else "",
            public_key=self._public_key,
        )


def compose_digest(material: DigestMaterial, *, day: date, settings: EffectsSettings) -> ReportContent:
    """Names stand nowhere in it: neither of people nor of platforms' users."""
    parts = []
    if material.waiting:
        parts.append(f"{len(material.waiting)} to decide")
    if material.late:
        reports = "report" if len(material.late) == 1 else "reports"
        parts.append(f"{len(material.late)} {reports} not acknowledged")
    said = ", ".join(parts) or "nothing waits for you"
    first_line = f"{said[:1].upper()}{said[1:]}."
    if not parts:
        first_line += " mailguard is at work; this mail comes every day."
    sections = [
        *_listed("Reports not acknowledged", material.late, material, settings),
        *_listed("Waiting for you, oldest first", material.waiting, material, settings),
        *_listed(
            "In shadow mode: nothing was held, this is what would have been",
            material.shadowed,
            material,
            settings,
        ),
    ]
    if material.decided:
        words = [case.decided_as.value for case in material.decided if case.decided_as is not None]
        tally = ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))
        sections.append(Section(title=f"Decided since yesterday ({len(words)})", lines=(tally,)))
    if material.counted:
        line = ", ".join(f"{count} {_COUNTED[row]}" for row, count in sorted(material.counted.items()))
        sections.append(Section(title="Counted only", lines=(line,)))
    sections += [_health(material, settings), _audit(material)]
    if settings.review_url:
        sections.append(
            Section(
                title="Open", lines=(f"{settings.review_url.rstrip('/')}/queue (sign in; links never act)",)
            )
        )
    return ReportContent(
        subject=f"[mailguard] {said} - {day.strftime('%a')} {day.day} {day.strftime('%b')}",
        first_line=first_line,
        rows=(
            (
                "Held",
                _held_words(material),
            ),
        ),
        sections=tuple(sections),
    )


def _held_words(material: DigestMaterial) -> str:
    copies = sum(material.held.values())
    cases = sum(map(bool, material.held.values()))
    if not copies:
        return "nothing"
    return f"{copies} {'copy' if copies == 1 else 'copies'} in {cases} {'case' if cases == 1 else 'cases'}"


def _listed(
    title: str, cases: Sequence[CaseRecord], material: DigestMaterial, settings: EffectsSettings
) -> list[Section]:
    if not cases:
        return []
    lines = [_line(case, material.held.get(case.id, 0), settings) for case in cases[:_MOST_LISTED]]
    if len(cases) > _MOST_LISTED:
        lines.append(f"and {len(cases) - _MOST_LISTED} more")
    return [Section(title=f"{title} ({len(cases)})", lines=tuple(lines))]


def _line(case: CaseRecord, held: int, settings: EffectsSettings) -> str:
    noun = SUBJECT_NOUNS[case.decision.verdict].lower()
    platform = case.decision.platform
    place = f", {settings.platform_name(str(platform.get('id')))}" if platform else ""
    copies = f", {held} held" if held else ", nothing held"
    at = local_time(case.opened_at, settings)
    return f"{case.id}  level {int(case.decision.level)}  {noun}{place}  {at}{copies}"


def _health(material: DigestMaterial, settings: EffectsSettings) -> Section:
    problems = material.health.problems()
    last = material.health.last_report_at
    lines = [
        f"Last report delivered {local_time(last, settings)}."
        if last
        else "No report has been delivered yet."
    ]
    said = [f"For IT: {problem}." for problem in problems] or ["Reports go out."]
    return Section(title="Health", lines=(*said, *lines))


def _audit(material: DigestMaterial) -> Section:
    head = f"{material.head.size} events, head {material.head.hash} (keep this mail: it dates the trail)"
    note = tuple(material.checkpoint.splitlines()) if material.checkpoint else ()
    key = (f"public key {material.public_key}",) if material.public_key else ()
    return Section(title="Audit", lines=(head, *note, *key), is_code=bool(note))
