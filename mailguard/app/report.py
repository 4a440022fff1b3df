"""What a report says to one reader: one structure, from which text and HTML are both written.

No name stands in the subject. The LADO gets facts only: no attachment, no link into the school's system.
Source: issue "Report mail"; UX.md "report"; DECISIONS.md, rule 3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from mailguard.app.effects_settings import Directory, EffectsSettings
from mailguard.app.own_mail import one_line
from mailguard.app.ports_store import CaseRecord, DecisionRecord, MessageRecord, RecipientRecord
from mailguard.app.readers import Reader
from mailguard.app.report_words import (
    SUBJECT_NOUNS,
    deadline_words,
    is_outgoing,
    is_written,
    nature_words,
    next_steps,
    what_happened,
    what_was_done,
)
from mailguard.domain.audit import AuditHead
from mailguard.domain.case import CaseState, RecipientState
from mailguard.domain.words import Level, PersonList, Role

_SHOWN_RECIPIENTS = 12
_CERTAINTY_WORDS = {
    "exact": "exact address or handle",
    "near": "nearly the listed address",
    "name": "by name only",
    "one-of": "one of several people of that name",
}
_SENDER_WORDS = {
    "pass": "sender verified",
    "fail": "sender not verified: authentication failed",
    "none": "sender not verified",
}
# Said elsewhere in the report.
SILENT_SIGNALS = frozenset({"direction", "auth-pass", "auth-fail", "auth-none", "event", "nature-model"})
_PLAIN_WORDS = (
    ("the name in header From", "the sender's name"),
    ("header From", "the sender"),
    ("MAIL FROM", "the envelope's sender"),
    ("RCPT TO", "the recipient"),
    ("is representative", "is member of staff"),
    ("the actor's", "the account's"),
)
_HOW_RECOGNISED = re.compile(r" \(sender domain [^()]*\)$")


class Purpose(StrEnum):
    FIRST = "first"
    FOLLOW_UP = "follow-up"
    ESCALATED = "escalated"  # the one before has not acknowledged, or could not be reached
    AGAIN = "again"  # the chain is exhausted: the last reader once more
    GATHERED = "gathered"  # several cases in one mail: an approved channel, or the backlog of a first pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """``lines`` under a title. ``is_code``: to be copied letter for letter."""

    title: str
    lines: tuple[str, ...]
    is_code: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportContent:
    """``url``: of the case's own page, "" where there is none or the reader has no account."""

    subject: str
    first_line: str
    rows: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportMaterial:
    """What is known when a report is written.

    ``messages`` and ``recipients``: those it is about (of a follow-up the new ones). ``because``: why this
    reader gets it now, "" for a first report. ``attached``: sentences about the enclosures. ``code``: for the
    acknowledging answer. ``event_seq``: of the audit event that opened the case. ``is_undecided``: a held
    letter whose decision, not whose acknowledgement, is asked for.
    """

    case: CaseRecord
    messages: Sequence[MessageRecord]
    recipients: Sequence[RecipientRecord]
    reader: Reader
    purpose: Purpose
    code: str
    event_seq: int
    head: AuditHead
    because: str = ""
    is_late: bool = False
    is_undecided: bool = False
    attached: Sequence[str] = ()


def compose(material: ReportMaterial, settings: EffectsSettings, directory: Directory) -> ReportContent:
    """Total: whatever a case holds gives a report."""
    case, decision = material.case, material.case.decision
    platform = _platform_name(material, settings)
    done = what_was_done(material.recipients, is_outgoing=is_outgoing(decision))
    first_line = f"{what_happened(decision, platform_name=platform)} {done}"
    if material.purpose is Purpose.FOLLOW_UP:
        first_line = f"More of the same case. {first_line}"
    is_held = any(recipient.state.is_held for recipient in material.recipients)
    steps = next_steps(decision, is_held=is_held, role=material.reader.role)
    url = case_url(case, material.reader, settings)
    rows = [
        *([("Open", f"{url} (sign-in; links never act)")] if url else []),
        ("Who", _who(material, platform)),
        ("To", _to(material, directory)),
        ("When", _when(material, settings)),
        *([("Subject", one_line(material.messages[0].subject))] if _shows_words(material) else []),
        ("Next", " ".join(steps)),
        ("Why", _why(material, platform)),
        ("Clause", _clause(material, settings)),
        ("By", _by(material, platform)),
        ("Done", f"{done} Recorded as audit event {material.event_seq}."),
        ("Case", f"{case.id}, level {int(decision.level)}"),
    ]
    emergency = [emergency_section(settings)]
    is_grave = decision.level >= Level.URGENT
    sections = [
        *(emergency if is_grave else []),
        *_reason_to_tell(material, settings),
        *_attached(material),
        *(
            deciding(case, material.reader, settings)
            if material.is_undecided
            else acknowledging(
                case, material.reader, material.code, settings, is_last=material.purpose is Purpose.AGAIN
            )
        ),
        *([] if is_grave else emergency),
        _record(material),
    ]
    return ReportContent(
        subject=subject_of(
            case, material.purpose, is_late=material.is_late, is_undecided=material.is_undecided
        ),
        first_line=first_line,
        rows=tuple(rows),
        sections=tuple(sections),
        url=url,
    )


def case_url(case: CaseRecord, reader: Reader, settings: EffectsSettings) -> str:
    """Of the case on the review page, "" when there is none or none for this reader."""
    if reader.role is Role.LADO or not settings.review_url:
        return ""
    return f"{settings.review_url.rstrip('/')}/cases/{case.id}"


def subject_of(
    case: CaseRecord, purpose: Purpose, *, is_late: bool = False, is_undecided: bool = False
) -> str:
    """Without names. ``is_late``: somebody was told before and has not acknowledged."""
    noun = SUBJECT_NOUNS[case.decision.verdict]
    if is_undecided:
        return (
            f"[mailguard] not decided yet: {noun} {case.id}, level {int(case.decision.level)}: please decide"
        )
    ask = "" if case.state is not CaseState.NEW else ": please acknowledge"
    late = "not acknowledged yet: " if is_late or purpose is Purpose.AGAIN else ""
    reply = "Re: " if purpose is Purpose.FOLLOW_UP else ""
    return f"{reply}[mailguard] {late}{noun} {case.id}, level {int(case.decision.level)}{ask}"


def _shows_words(material: ReportMaterial) -> bool:
    return material.reader.role in {Role.HEAD, Role.DEPUTY} and bool(
        material.messages and material.messages[0].subject.strip()
    )


def _platform_name(material: ReportMaterial, settings: EffectsSettings) -> str:
    platform = material.case.decision.platform
    return "" if platform is None else settings.platform_name(str(platform.get("id") or "a platform"))


def _who(material: ReportMaterial, platform: str) -> str:
    """The persons, then where the message came from and whether that is verified: the two may differ."""
    decision = material.case.decision
    sender = material.messages[0].sender or material.messages[0].mail_from if material.messages else ""
    address = one_line(sender, limit=160) or "no sender given"
    if is_written(decision):
        return _who_wrote(decision, address)
    if is_outgoing(decision):
        staff = [each for each in decision.persons if each.get("list") == PersonList.STAFF.value]
        names = "; ".join(f"{one_line(str(each.get('name', '')))} {each.get('id', '')}" for each in staff)
        return f"{names}, from {address}" if names else address
    verified = _SENDER_WORDS.get(
        str(decision.further.get("authentication") or _stated(decision.signals)), "sender not verified"
    )
    others = other_persons(decision)
    if not others:
        return f"{address}, on no list ({verified})"
    persons = "; ".join(person_words(person) for person in others)
    if platform:
        # Verified is the service's mail, never who holds the account.
        platform_verified = f"{verified.replace('sender', 'mail')}; nobody has verified who holds the account"
        return f"{persons}; told by mail of {platform} ({platform_verified})"
    if verified == _SENDER_WORDS["pass"] and any(each.get("certainty") != "exact" for each in others):
        verified = "address verified, person not"
    return f"{persons}; from {address} ({verified})"


def _who_wrote(decision: DecisionRecord, address: str) -> str:
    """Of a concern: whom it is about, as far as the lists know them, then who wrote it down."""
    about = "; ".join(
        person_words(each)
        if each.get("list") != PersonList.STAFF.value
        else f"{one_line(str(each.get('name', '')))}, member of staff {each.get('id', '')}"
        for each in decision.persons
    )
    known = str(decision.further.get("reporter", ""))
    writer = f"written down by {address}" + (f", member of staff {known}" if known else "")
    return f"about {about}; {writer}" if about else writer


def other_persons(decision: DecisionRecord) -> list[Mapping[str, Any]]:
    """Whoever the lists know in it but staff: pupils and parents."""
    return [person for person in decision.persons if person.get("list") != PersonList.STAFF.value]


def person_words(person: Mapping[str, Any]) -> str:
    """Name, list, id and how sure: "Harvey Doyle, pupil P0003, exact address or handle"."""
    kind = {PersonList.PUPILS.value: "pupil", PersonList.PARENTS.value: "parent"}.get(
        str(person.get("list")), "listed as"
    )
    certainty = _CERTAINTY_WORDS.get(str(person.get("certainty")), str(person.get("certainty")))
    return f"{one_line(str(person.get('name', '')))}, {kind} {person.get('id', '')}, {certainty}"


def _stated(signals: Sequence[Mapping[str, Any]]) -> str:
    codes = {str(signal.get("code")) for signal in signals}
    return next((word for word in ("pass", "fail") if f"auth-{word}" in codes), "none")


def _to(material: ReportMaterial, directory: Directory) -> str:
    """Every recipient with what became of the copy; of outgoing mail also who on the lists that is."""
    recipients, decision = material.recipients, material.case.decision
    if is_written(decision):
        return "those who answer for child protection"
    words = [person_words(person) for person in other_persons(decision)] if is_outgoing(decision) else []
    delivered = "sent" if is_outgoing(decision) else "delivered"
    for recipient in recipients[:_SHOWN_RECIPIENTS]:
        person = directory.person(recipient.person_id) if recipient.person_id else None
        name = (
            f"{one_line(person.name)} <{one_line(recipient.address)}>"
            if person is not None
            else one_line(recipient.address)
        )
        words.append(f"{name} ({_STATE_WORDS.get(recipient.state, delivered)})")
    more = len(recipients) - _SHOWN_RECIPIENTS
    return "; ".join(words) + (f"; and {more} more" if more > 0 else "")


_STATE_WORDS = {
    RecipientState.HELD: "held",
    RecipientState.TAKE_OUT_PENDING: "held",
    RecipientState.TAKEN_OUT: "held",
    RecipientState.RELEASE_PENDING: "being released",
    RecipientState.RELEASED: "released",
}


def _when(material: ReportMaterial, settings: EffectsSettings) -> str:
    times = [message.received_at for message in material.messages] or [material.case.opened_at]
    first, last = min(times), max(times)
    text = local_time(first, settings)
    if local_time(last, settings) != text:
        text += f" to {local_time(last, settings)}"
    count = f", {len(times)} messages" if len(times) > 1 else ""
    return f"{text}{count} ({settings.hours.timezone})"


def local_time(at: datetime, settings: EffectsSettings) -> str:
    return at.astimezone(settings.hours.zone).strftime("%a %d %b %Y %H:%M")


def _by(material: ReportMaterial, platform_name: str) -> str:
    if is_written(material.case.decision):
        return f"not by mail: written down through {one_line(str(material.case.decision.further.get('through', '')))}"
    way = "found in the mailbox" if material.case.via == "mailbox" else "through the school's relay"
    platform = material.case.decision.platform
    if platform is None:
        return f"e-mail, {way}"
    event = str(platform.get("event") or "notification").replace("_", " ")
    return f"{platform_name}, {event}; its mail came {way}"


def _why(material: ReportMaterial, platform: str) -> str:
    """The signals without the machine's words: no score, no field name. ``mailguard explain`` has those."""
    decision = material.case.decision
    reasons = [
        plain_reason(str(signal.get("says", "")), decision, platform)
        for signal in decision.signals
        if signal.get("code") not in SILENT_SIGNALS
    ]
    nature = "" if is_written(decision) else nature_words(decision.nature)
    if nature:
        reasons.append(f"the message {nature}{weighing_words(decision)}")
    return "; ".join(dict.fromkeys(filter(None, reasons))) or "the policy says so"


def plain_reason(says: str, decision: DecisionRecord, platform: str) -> str:
    """A signal's words without field names. ``platform``: its name, "" for none."""
    for technical, plain in _PLAIN_WORDS:
        says = says.replace(technical, plain)
    platform_id = str((decision.platform or {}).get("id") or "")
    if platform_id:
        for word in ("of", "on"):
            says = says.replace(f" {word} {platform_id}", f" {word} {platform}")
    return one_line(_HOW_RECOGNISED.sub("", says), limit=200)


def weighing_words(decision: DecisionRecord) -> str:
    """The words of the message that told its nature, when the model names them."""
    for signal in decision.signals:
        says = str(signal.get("says", ""))
        if signal.get("code") == "nature-model" and says.startswith(f"{decision.nature} "):
            _, bracket, words = says.partition("(")
            return f" ({one_line(words, limit=200)}" if bracket else ""
    return ""


def _clause(material: ReportMaterial, settings: EffectsSettings) -> str:
    decision = material.case.decision
    clauses = [clause.strip() for clause in decision.clause.split(",") if clause.strip()]
    cited = " ".join(
        f'{clause}: "{settings.clauses[clause]}"' if clause in settings.clauses else clause
        for clause in clauses
    )
    return f"Row {decision.row}, policy {cited}"


def _reason_to_tell(material: ReportMaterial, settings: EffectsSettings) -> list[Section]:
    lines = [material.because] if material.because else []
    if material.purpose is Purpose.AGAIN and not lines:
        lines.append("Nobody has acknowledged the reports before, and there is nobody else to tell.")
    reader = material.reader
    if reader.absent_name:
        lines.append(f"{reader.absent_name} is away; you get this as the acting person.")
    roles = material.case.decision.withheld_roles
    if roles:
        titles = ", ".join(settings.title(role) for role in roles)
        lines.append(f"Not told, because the case may concern them: {titles}. Do not forward this to them.")
    return [Section(title="Why you", lines=tuple(lines))] if lines else []


def _attached(material: ReportMaterial) -> list[Section]:
    lines = tuple(dict.fromkeys(material.attached))
    return [Section(title="The message", lines=lines)] if lines else []


def acknowledging(
    case: CaseRecord, reader: Reader, code: str, settings: EffectsSettings, *, is_last: bool = False
) -> list[Section]:
    """How the reader says that it was read, and the code line for an answer.

    Nothing when somebody has acknowledged. ``is_last``: nobody is left in the chain.
    """
    if case.state is not CaseState.NEW:
        by = f" by {one_line(case.acknowledged_by)}" if case.acknowledged_by else ""
        return [
            Section(
                title="Acknowledged",
                lines=(f"This case was acknowledged{by}. There is nothing to acknowledge again.",),
            )
        ]
    asked = f"Please acknowledge {deadline_words(case.decision.level)}; otherwise " + (
        "this report comes again." if is_last else "the next person in the chain is told."
    )
    sections = [Section(title="Acknowledge", lines=(asked,))]
    if code:
        sections.append(
            Section(
                title=f"Answer this mail from {reader.address} with this line",
                lines=(f"acknowledge {code}",),
                is_code=True,
            )
        )
    if reader.role is not Role.LADO:
        url = case_url(case, reader, settings)
        page = (f"on the review page: {url}",) if url else ()
        server = f"on the mail server (IT): mailguard case acknowledge {case.id} --by {reader.role.value}"
        sections.append(Section(title="Or acknowledge", lines=(*page, server)))
    return sections


def deciding(case: CaseRecord, reader: Reader, settings: EffectsSettings) -> list[Section]:
    """Where a held letter is decided. Nothing here acts by itself."""
    lines = ["Please read the letter and decide: release it to whom it was sent, or confirm and keep it."]
    if url := case_url(case, reader, settings):
        lines.append(f"On the review page: {url}")
    lines.append(f"On the mail server (IT): mailguard case release {case.id} --by {reader.role.value}")
    return [Section(title="Decide", lines=tuple(lines))]


def emergency_section(settings: EffectsSettings) -> Section:
    emergency = settings.emergency
    number = emergency.children_services_number
    services = f"{emergency.children_services_name}: {number}" if number else emergency.children_services_name
    lines = (
        f"If a child is in immediate danger ring {emergency.police}.",
        f"If a child may be at risk of harm, ring {services} today.",
    )
    return Section(title="Emergency", lines=lines)


def _record(material: ReportMaterial) -> Section:
    lines = [
        f"Audit event {material.event_seq}; trail of {material.head.size} events, head {material.head.hash}."
    ]
    lines += [f"Message SHA-256 {message.sha256}" for message in material.messages[:_SHOWN_RECIPIENTS]]
    versions = material.case.decision.versions
    lines.append(f"Policy {versions.policy}, lists {versions.lists}, model {versions.model or 'none'}.")
    return Section(title="On the record", lines=tuple(lines))


def is_urgent(level: Level) -> bool:
    """Level 3 and above must reach somebody now."""
    return level >= Level.NOW
