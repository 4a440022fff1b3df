"""One report for several cases.

An approved channel's ten minutes, or the old mail that a first pass found.
"""

from __future__ import annotations

from collections.abc import Sequence

from mailguard.app.effects_settings import Directory, EffectsSettings
from mailguard.app.own_mail import one_line
from mailguard.app.ports_store import CaseRecord, MessageRecord, RecipientRecord
from mailguard.app.readers import Reader
from mailguard.app.report import ReportContent, Section, emergency_section, local_time
from mailguard.app.report_words import SUBJECT_NOUNS, deadline_words, nature_words
from mailguard.domain.audit import AuditHead
from mailguard.domain.case import CaseState
from mailguard.domain.words import PersonList, Role

WHY_CHANNEL = "channel"
WHY_BACKLOG = "backlog"
Listed = tuple[CaseRecord, Sequence[MessageRecord], Sequence[RecipientRecord]]


def compose_gathered(
    listed: Sequence[Listed],
    *,
    reader: Reader,
    why: str,
    code: str,
    head: AuditHead,
    settings: EffectsSettings,
    directory: Directory,
) -> ReportContent:
    """Gravest first, then oldest. Without a name in the subject."""
    ordered = sorted(listed, key=lambda each: (-int(each[0].decision.level), each[0].opened_at))
    count = len(ordered)
    cases = "1 case" if count == 1 else f"{count} cases"
    if why == WHY_CHANNEL:
        subject = f"[mailguard] Approved channel: {cases}, please acknowledge"
        first_line = (
            f"Pupils wrote about schoolwork through an approved channel: {cases} in the last minutes. "
            "The messages were delivered."
        )
    else:
        subject = f"[mailguard] Found in older mail: {cases}, please acknowledge"
        first_line = f"The first pass over existing mail found {cases} that would have been reported at once."
    levels = [case.decision.level for case, _, _ in ordered]
    rows = [("Cases", cases), ("Gravest", f"level {int(max(levels))}" if levels else "none")]
    sections = [
        Section(
            title="Cases, gravest first", lines=tuple(_line(each, settings, directory) for each in ordered)
        ),
        _acknowledging(ordered, settings, reader.role),
        *(
            [
                Section(
                    title=f"Answer this mail from {reader.address} with this line",
                    lines=(f"acknowledge {code}",),
                    is_code=True,
                )
            ]
            if code
            else []
        ),
        emergency_section(settings),
        Section(title="On the record", lines=(f"Trail of {head.size} audit events, head {head.hash}.",)),
    ]
    if reader.absent_name:
        rows.append(("Why you", f"{reader.absent_name} is away; you get this as the acting person."))
    return ReportContent(subject=subject, first_line=first_line, rows=tuple(rows), sections=tuple(sections))


def _acknowledging(ordered: Sequence[Listed], settings: EffectsSettings, role: Role) -> Section:
    waiting = [case for case, _, _ in ordered if case.state is CaseState.NEW]
    if not waiting:
        return Section(title="Acknowledged", lines=("All of these have been acknowledged.",))
    gravest = max(case.decision.level for case in waiting)
    lines = [f"Please acknowledge {deadline_words(gravest)}. One answer covers all cases of this mail."]
    if settings.review_url:
        lines.append(f"On the review page: {settings.review_url.rstrip('/')}/queue")
    lines.append(f"On the mail server (IT), each case: mailguard case acknowledge CASE --by {role.value}")
    return Section(title="Acknowledge", lines=tuple(lines))


def _line(listed: Listed, settings: EffectsSettings, directory: Directory) -> str:
    case, messages, recipients = listed
    persons = [person for person in case.decision.persons if person.get("list") != PersonList.STAFF.value]
    who = "; ".join(f"{one_line(str(person.get('name', '')))} {person.get('id', '')}" for person in persons)
    to = ", ".join(dict.fromkeys(_name(recipient, directory) for recipient in recipients))
    at = local_time(messages[0].received_at if messages else case.opened_at, settings)
    held = "held" if any(recipient.state.is_held for recipient in recipients) else "delivered"
    nature = nature_words(case.decision.nature)
    noun = SUBJECT_NOUNS[case.decision.verdict]
    date_header = one_line(str(case.decision.further.get("date_header", "")), limit=40)
    dated = f", dated {date_header}" if case.is_backlog and date_header else ""
    happened = f"{noun}: {who or 'on no list'} to {to}  {at}{dated}  {held}"
    says = f"; it {nature}" if nature else ""
    return f"{case.id}  level {int(case.decision.level)}  {happened}{says}"


def _name(recipient: RecipientRecord, directory: Directory) -> str:
    person = directory.person(recipient.person_id) if recipient.person_id else None
    return one_line(person.name if person is not None else recipient.address)
