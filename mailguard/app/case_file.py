"""An evidence pack's case file as a document: what a police officer, a LADO or a court reads.

It says what happened, why the programme thought so, who was told when, what was decided, and how each of these
can be checked. Times stand in UTC and in the school's zone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from mailguard.app.document import (
    Block,
    Document,
    EmbeddedFile,
    Fields,
    Grid,
    Heading,
    Notice,
    Paragraph,
    Tone,
    Verbatim,
)
from mailguard.app.effects_settings import Directory, EffectsSettings
from mailguard.app.evidence_material import (
    EvidenceMaterial,
    PackedMessage,
    PackForm,
    matches_record,
    person_words,
)
from mailguard.app.evidence_words import how_to_verify, what_is_proved
from mailguard.app.own_mail import one_line
from mailguard.app.ports import Receipt
from mailguard.app.ports_store import RecipientRecord
from mailguard.app.report_words import SUBJECT_NOUNS, is_written, nature_words, what_happened
from mailguard.app.sender_check import key_name, what_it_is_worth
from mailguard.domain import concern
from mailguard.domain.case import CaseDecision, CaseState, RecipientState

_SHOWN_LETTERS = 40_000
_RECIPIENT_WORDS = {
    RecipientState.DELIVERED: "delivered",
    RecipientState.WOULD_HOLD: "delivered (shadow mode: would have been held)",
    RecipientState.HELD: "held: never seen by the recipient",
    RecipientState.TAKE_OUT_PENDING: "held: being taken out of the mailbox",
    RecipientState.TAKEN_OUT: "held: taken out of the mailbox",
    RecipientState.RELEASE_PENDING: "release decided, on its way",
    RecipientState.RELEASED: "released, byte for byte",
}
_CHECKED_WORDS = {
    "written": "does not apply: a person wrote it down on the review page",
    "pass": "passed, by the word of a server that the school trusts",
    "fail": "failed, by the word of a server that the school trusts",
    "none": "no server that the school trusts has checked the sender",
}
_DECISION_WORDS = {
    CaseDecision.CONFIRM: "contact confirmed",
    CaseDecision.RELEASE: "released",
    CaseDecision.DISMISS: "dismissed (not a contact)",
}


def case_file(
    material: EvidenceMaterial,
    *,
    settings: EffectsSettings,
    directory: Directory,
    embedded: Sequence[EmbeddedFile] = (),
) -> Document:
    """The document; ``embedded``: the originals that may leave the store."""
    case = material.case
    form = "Sealed parts withheld" if material.form is PackForm.WITHHELD else "Whole: nothing is withheld"
    return Document(
        title=f"Case {case.id}",
        subtitle=f"Evidence pack: case file. {form}.\n"
        f"Made {_both(material.made_at, settings)} by {material.maker}, {material.purpose}.",
        organisation=settings.school_name,
        made_at=material.made_at,
        running=f"{case.id} · confidential",
        foot="Confidential: about children and staff. Keep it locked; share it only with those who must know.",
        blocks=(
            *_summary(material, settings, directory),
            *_why(material, settings),
            *_messages(material, settings),
            *_told(material, settings),
            *_chronology(material, settings),
            *_decisions(material, settings),
            *_receipts(material, settings),
            *_proof(material),
        ),
        embedded=tuple(embedded),
    )


def _summary(material: EvidenceMaterial, settings: EffectsSettings, directory: Directory) -> list[Block]:
    case, decision = material.case, material.case.decision
    platform = settings.platform_name(str((decision.platform or {}).get("id") or ""))
    persons = person_words(decision.persons)
    rows = [
        ("Kind", f"{SUBJECT_NOUNS[decision.verdict]}, level {int(decision.level)}"),
        ("Persons named", "\n".join(persons) or "nobody on the school's lists"),
        ("Addressed to", "\n".join(_recipient(each, directory) for each in material.recipients)),
        ("Opened", _both(case.opened_at, settings)),
        ("Acknowledged", _by_at(material.words.actor(case.acknowledged_by), case.acknowledged_at, settings)),
        ("Decided", _decided(material, settings)),
        ("Outcome", case.outcome.value if case.outcome else "none recorded"),
    ]
    if decision.withheld_roles:
        titles = ", ".join(settings.title(role) for role in decision.withheld_roles)
        rows.append(("Closed to", f"{titles}: the case may concern them"))
    if material.reason:
        rows.append(("Reason for this pack", material.reason))
    blocks: list[Block] = [
        Heading("Summary"),
        Paragraph(what_happened(decision, platform_name=platform), is_lead=True),
        Fields(tuple(rows)),
    ]
    withheld = [message for message in material.messages if message.withheld]
    if withheld:
        count = (
            f"{len(withheld)} of {len(material.messages)} messages"
            if len(material.messages) > 1
            else "The message"
        )
        text = f"{count}: {withheld[0].withheld}"
        blocks.append(Notice("Not everything is in this pack", text, Tone.WARNING))
    return blocks


def _why(material: EvidenceMaterial, settings: EffectsSettings) -> list[Block]:
    decision = material.case.decision
    clauses = [clause.strip() for clause in decision.clause.split(",") if clause.strip()]
    cited = "\n".join(
        f"{clause}: “{settings.clauses[clause]}”" if clause in settings.clauses else clause
        for clause in clauses
    )
    nature = nature_words(decision.nature)
    by_whom = (
        "The school's lists decide who wrote. The trained model can raise suspicion, never lower it. With the "
        "versions above the decision can be made again: mailguard explain."
    )
    if is_written(decision):
        nature = "what it is about is the word of whoever wrote it down"
        by_whom = "A person wrote it down and said what it is about; that decided its level. No list and no model did."
    versions = decision.versions
    rows = (
        (
            "Rule",
            f"row {decision.row} of the decision table: {decision.further.get('clause_words') or ''}".rstrip(
                ": "
            ),
        ),
        ("Policy", cited),
        ("The message", nature or "its nature played no part"),
        (
            "Decided with",
            f"policy {versions.policy}, lists {versions.lists}, model {versions.model or 'none'}",
        ),
    )
    signals = tuple(
        (
            str(signal.get("code", "")),
            one_line(str(signal.get("says", "")), limit=300),
            one_line(str(signal.get("source", "")), limit=120),
        )
        for signal in decision.signals
    )
    return [
        Heading("Why it was decided so"),
        Fields(rows),
        Grid(
            ("Signal", "What it says", "Where it comes from"),
            (2.2, 5, 3),
            signals,
            mono=frozenset({0}),
            empty="No signal was recorded.",
        ),
        Paragraph(by_whom),
    ]


def _messages(material: EvidenceMaterial, settings: EffectsSettings) -> list[Block]:
    blocks: list[Block] = []
    for number, message in enumerate(material.messages, start=1):
        title = "The message" if len(material.messages) == 1 else f"Message {number}"
        blocks += [Heading(title), *_message(message, number, settings)]
    return blocks


def _message(message: PackedMessage, number: int, settings: EffectsSettings) -> list[Block]:
    record = message.record
    if message.raw is not None:
        whole = (
            "the bytes in this pack have this hash" if matches_record(message) else "THE BYTES DO NOT FIT IT"
        )
        where = f"messages/{number}.eml, and embedded in this PDF"
    else:
        whole, where = "hash at receipt", "not in this pack"
    checked = _CHECKED_WORDS.get(str(record.decision.further.get("authentication")), _CHECKED_WORDS["none"])
    stated = "\n".join(record.authentication_results) or "nothing"
    blocks: list[Block] = [
        Fields(
            (
                ("From", one_line(record.sender)),
                ("Envelope sender", record.mail_from or "<> (null sender)"),
                ("Subject", one_line(record.subject)),
                ("Received", _both(record.received_at, settings)),
                ("Message-ID", record.header_message_id or "none"),
                ("SHA-256", f"{record.sha256}\n({whole})"),
                ("Size", f"{record.size_bytes:,} bytes"),
                ("Original", where),
                ("Sender check", checked),
                ("Its header states", stated),
            )
        )
    ]
    if not is_written(record.decision):
        blocks += _sender(record.sender_check)
    if message.withheld:
        blocks.append(Notice("Withheld", message.withheld, Tone.WARNING))
    if message.parts:
        parts = tuple(
            (
                one_line(part.filename, limit=120) or "(no name)",
                part.detected_type or part.declared_type or part.family.value,
                f"{part.size_bytes:,}",
                f"{part.sha256[:32]}\n{part.sha256[32:]}",
            )
            for part in message.parts
        )
        blocks += [
            Heading("Attachments", 2),
            Grid(("Name", "Type", "Bytes", "SHA-256"), (3, 2.2, 1.1, 4.5), parts, mono=frozenset({3})),
        ]
    if message.words:
        blocks += [Heading("Words", 2), Verbatim(_cut(message.words, number))]
    if message.header:
        blocks += [Heading("Header as received", 2), Verbatim(_cut(message.header, number))]
    return blocks


def _sender(check: Mapping[str, Any] | None) -> list[Block]:
    """What was known of the sender at receipt, and what that can prove."""
    blocks: list[Block] = [Heading("Sender check at receipt", 2), Paragraph(what_it_is_worth(check))]
    if check is None:
        return blocks
    rows = [
        ("Checked by", str(check["checked_by"]) or "nobody whom the school trusts"),
        ("Result", ", ".join(f"{name} {check[name]}" for name in ("dmarc", "dkim", "spf"))),
        ("From domain", str(check["from_domain"]) or "none"),
        ("Trusted statement", "\n".join(check["stated"]) or "none"),
    ]
    blocks.append(Fields(tuple(rows)))
    signatures = tuple(
        (
            key_name(each),
            f"{each['algorithm'] or 'not stated'}{', covers a part only' if each['is_partial'] else ''}",
            str(each["result"]),
            _key_words(each["key"]),
        )
        for each in check["signatures"]
    )
    if signatures:
        columns = ("Key of the DKIM signature (s=, d=)", "a=", "Own check", "Public key at receipt")
        blocks.append(Grid(columns, (3.6, 1.6, 1.1, 4.5), signatures, mono=frozenset({0, 3})))
    return blocks


def _key_words(key: str | None) -> str:
    if key is None:
        return "not asked for, or no answer"
    return _broken(key) if key else "DNS said that there is none"


def _broken(text: str) -> str:
    """A long key in lines that fit a column."""
    return "\n".join(text[start : start + 32] for start in range(0, len(text), 32))


def _told(material: EvidenceMaterial, settings: EffectsSettings) -> list[Block]:
    rows = tuple(
        (
            _both(each.at, settings) if each.at else "-",
            f"{each.who}\n<{each.address}>" if each.address else each.who,
            each.how,
            each.came_to,
        )
        for each in material.told
    )
    return [
        Heading("Who was told when"),
        Grid(("When", "Who", "How", "Came to"), (3.1, 4, 2.2, 2.4), rows, empty="Nobody was told at once."),
    ]


def _chronology(material: EvidenceMaterial, settings: EffectsSettings) -> list[Block]:
    rows = tuple(
        (
            str(entry.seq),
            _utc(entry.at),
            _local(entry.at, settings),
            entry.says + (" (told together with other cases)" if entry.is_shared else ""),
            entry.actor,
        )
        for entry in material.chronology
    )
    return [
        Heading("Chronology"),
        Paragraph(
            f"Every event on the record, in UTC and in {settings.hours.timezone} time. "
            "The number is its place in the audit trail."
        ),
        Grid(("No.", "UTC", "Local time", "What happened", "By"), (0.9, 2.7, 2.4, 6.2, 2.3), rows),
    ]


def _decisions(material: EvidenceMaterial, settings: EffectsSettings) -> list[Block]:
    rows = tuple(
        (
            _both(review.at, settings),
            material.words.actor(review.by),
            review.decision.value,
            review.reason or "-",
        )
        for review in material.reviews
    )
    return [
        Heading("Decisions by people"),
        Grid(
            ("When", "Who", "Decision", "Reason in their words"),
            (3, 2, 1.6, 5),
            rows,
            empty="Nobody has decided this case yet.",
        ),
    ]


def _receipts(material: EvidenceMaterial, settings: EffectsSettings) -> list[Block]:
    # Recipients of one transaction came the same way: told once.
    together: dict[Receipt, list[RecipientRecord]] = {}
    for recipient in material.recipients:
        together.setdefault(recipient.receipt, []).append(recipient)
    blocks: list[Block] = [Heading("How it reached the school")]
    blocks += [Fields(_receipt(receipt, each, settings)) for receipt, each in together.items()]
    return blocks


def _receipt(
    receipt: Receipt, recipients: Sequence[RecipientRecord], settings: EffectsSettings
) -> tuple[tuple[str, str], ...]:
    if receipt.via == concern.VIA:
        return (
            ("Written down", _both(receipt.received_at, settings)),
            ("Through", receipt.protocol or "not stated"),
        )
    location = receipt.imap
    rows = [
        ("RCPT TO" if location is None else "Mailbox of", "\n".join(each.address for each in recipients)),
        ("Received", f"{_both(receipt.received_at, settings)}, by {receipt.via}"),
    ]
    if location is None:
        client = " ".join(
            part
            for part in (receipt.client_ip, f"({receipt.client_name})" if receipt.client_name else "")
            if part
        )
        rows += [
            ("Client", client or "not known"),
            ("HELO", receipt.helo or "not known"),
            ("TLS", receipt.tls or "none stated"),
            ("Queue id", receipt.queue_id or "not known"),
        ]
    else:
        dated = _both(location.internal_date, settings) if location.internal_date else "not known"
        rows += [
            ("Mailbox", f"{location.account}, folder {location.folder}"),
            ("UIDVALIDITY, UID", f"{location.uidvalidity}, {location.uid}"),
            ("INTERNALDATE", dated),
            ("Flags", " ".join(location.flags) or "none"),
        ]
    return tuple(rows)


def _proof(material: EvidenceMaterial) -> list[Block]:
    return [
        Heading("How to check this pack"),
        *(Paragraph(text) for text in what_is_proved(material)),
        Fields(
            (
                ("Trail", f"{material.head.size:,} events; head {material.head.hash}"),
                ("Export", material.export_id),
                ("Made by", material.programme),
            )
        ),
        Paragraph("Public key, to be compared with the one from elsewhere:"),
        Verbatim(str(material.key)),
        *(
            Verbatim(line.text) if line.is_command else Paragraph(line.text)
            for line in how_to_verify(material.case.id, str(material.key))
        ),
    ]


def _recipient(recipient: RecipientRecord, directory: Directory) -> str:
    if recipient.row == concern.ROW:
        return "those who answer for child protection, by the report"
    person = directory.person(recipient.person_id) if recipient.person_id else None
    who = f"{one_line(person.name)} ({person.id}), " if person is not None else ""
    return f"{who}{recipient.address}: {_RECIPIENT_WORDS[recipient.state]}"


def _decided(material: EvidenceMaterial, settings: EffectsSettings) -> str:
    case = material.case
    if case.state is not CaseState.DECIDED or case.decided_as is None:
        return "not yet"
    return f"{_DECISION_WORDS[case.decided_as]}, {_by_at(material.words.actor(case.decided_by), case.decided_at, settings)}"


def _by_at(by: str, at: datetime | None, settings: EffectsSettings) -> str:
    return f"{_both(at, settings)}, by {by}" if at is not None else "not yet"


def _utc(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")


def _local(at: datetime, settings: EffectsSettings) -> str:
    return at.astimezone(settings.hours.zone).strftime("%a %d %b %Y\n%H:%M:%S")


def _both(at: datetime, settings: EffectsSettings) -> str:
    local = at.astimezone(settings.hours.zone)
    return f"{local.strftime('%a %d %b %Y %H:%M')} ({_utc(at)} UTC)"


def _cut(text: str, number: int) -> str:
    if len(text) <= _SHOWN_LETTERS:
        return text
    return f"{text[:_SHOWN_LETTERS]}\n[goes on: {len(text):,} letters in all; see messages/{number}.txt]"
