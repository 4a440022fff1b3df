"""The evidence pack of a case: one ZIP that stands for itself, years later and elsewhere.

The PDF is for people, case.json for machines, the .eml is the message as it arrived, the extract proves all of
it. The pack is sealed by the school's audit key; the same state of the store gives the same bytes.
Source: SAFEGUARDING.md, "Evidence", "Images"; issue "Audit and evidence".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mailguard.app.audit_trail import AuditTrail
from mailguard.app.case_file import case_file
from mailguard.app.document import EmbeddedFile, Typesetter
from mailguard.app.effects_settings import Directory, DirectoryNow, EffectsSettings
from mailguard.app.evidence_material import (
    EvidenceMaterial,
    PackedMessage,
    PackForm,
    gather_extract,
    gather_messages,
    gather_record,
)
from mailguard.app.evidence_words import verify_page
from mailguard.app.export_making import ExportLedger, MadeExport, Maker, OpenCases
from mailguard.app.export_records import ExportKind, ExportPurpose, ExportRecord
from mailguard.app.ports import BlobStore
from mailguard.app.ports_store import AuditRecord, Store, Transaction
from mailguard.app.record_json import decision_to_json, plain, receipt_to_json
from mailguard.app.report_attachment import ReadMessage
from mailguard.app.stored_zip import write_zip
from mailguard.domain.audit import AuditHead, time_text
from mailguard.domain.evidence_manifest import manifest_of, write_manifest

MANIFEST_NAME = "manifest.json"
SEAL_NAME = "manifest.sig"
EXTRACT_NAME = "audit-extract.jsonl"
CASE_NAME = "case.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePacks:
    """Makes packs. ``programme``: name and version; ``verifier``: the stand-alone program that goes along."""

    store: Store
    blobs: BlobStore
    trail: AuditTrail
    read: ReadMessage
    settings: EffectsSettings
    directory: DirectoryNow
    typesetter: Typesetter
    programme: str
    verifier: bytes

    def make(
        self, case_id: str, *, by: Maker, purpose: ExportPurpose, reason: str, form: PackForm
    ) -> MadeExport:
        """The ZIP, on the record. Raises UnknownCase, ReasonMissing, TemporaryFailure, PermanentFailure."""
        cases = OpenCases(self.settings, self.directory)
        with self.store.reading() as transaction:
            cases.find(case_id, by, transaction)
        ledger = ExportLedger(self.store)
        export, event = ledger.request(
            ExportKind.EVIDENCE, by=by, purpose=purpose, reason=reason, case_id=case_id, form=form.value
        )
        # The pack ends at a checkpoint that was signed after the request: so the pack tells of itself.
        self.trail.checkpoint()
        content = self.build(self.gather(export, event, by=by))
        short = "" if form is PackForm.WITHHELD else "-whole"
        return ledger.made(
            export, content, filename=f"{case_id}{short}.zip", media_type="application/zip", by=by
        )

    def gather(self, export: ExportRecord, event: AuditRecord, *, by: Maker) -> EvidenceMaterial:
        """Everything up to the first checkpoint after the request. Raises UnknownCase, TemporaryFailure."""
        form = PackForm(export.form)
        key = self.trail.verifier_key
        with self.store.reading() as transaction:
            case = OpenCases(self.settings, self.directory).find(export.case_id, by, transaction)
            head = _vouched_head(event, transaction)
            words, chronology, told = gather_record(case, transaction, self.settings, last=head.size)
            messages = transaction.cases.messages(case.id)
            recipients = transaction.cases.recipients(case.id)
            reviews = transaction.cases.reviews(case.id)
            extract = gather_extract(case.id, transaction, key=key, last=head.size, made_at=export.at)
        return EvidenceMaterial(
            case=case,
            messages=gather_messages(messages, self.blobs, self.read, form),
            recipients=recipients,
            reviews=reviews,
            chronology=chronology,
            told=told,
            words=words,
            extract=extract,
            head=head,
            key=key,
            form=form,
            export_id=export.id,
            purpose=export.purpose.says,
            reason=export.reason,
            maker=by.title,
            made_at=export.at,
            programme=self.programme,
        )

    def build(self, material: EvidenceMaterial) -> bytes:
        """The ZIP of this material. Raises PermanentFailure when the PDF cannot be set."""
        directory = self.directory()
        files = _message_files(material)
        embedded = [
            EmbeddedFile(
                name=f"{material.case.id}-{number}.eml",
                content=message.raw,
                media_type="message/rfc822",
                says=f"Message {number} as it arrived, SHA-256 {message.record.sha256}",
            )
            for number, message in enumerate(material.messages, start=1)
            if message.raw is not None
        ]
        document = case_file(material, settings=self.settings, directory=directory, embedded=embedded)
        files["case-file.pdf"] = self.typesetter.pdf(document)
        files[CASE_NAME] = _json_bytes(case_object(material, directory))
        files[EXTRACT_NAME] = "".join(material.extract).encode("utf-8", "surrogatepass")
        files["checkpoint.txt"] = _newest_note(material).encode()
        files["VERIFY.txt"] = verify_page(material).encode()
        files["verify.py"] = self.verifier
        manifest = manifest_of(
            files,
            case_id=material.case.id,
            form=material.form.value,
            export_id=material.export_id,
            made_at=material.made_at,
        )
        content = write_manifest(manifest)
        files[MANIFEST_NAME] = content
        files[SEAL_NAME] = self.trail.sealed(content, manifest).encode()
        return write_zip(files, at=material.made_at)


def case_object(material: EvidenceMaterial, directory: Directory) -> dict[str, Any]:
    """The machine-readable record: everything that the store holds of the case."""
    case = material.case
    return {
        "format": "mailguard-case-1",
        "case": {
            "id": case.id,
            "state": case.state.value,
            "mode": case.mode.value,
            "opened_at": time_text(case.opened_at),
            "updated_at": time_text(case.updated_at),
            "via": case.via,
            "is_backlog": case.is_backlog,
            "acknowledged_by": case.acknowledged_by,
            "acknowledged_at": time_text(case.acknowledged_at) if case.acknowledged_at else None,
            "decided_by": case.decided_by,
            "decided_at": time_text(case.decided_at) if case.decided_at else None,
            "decided_as": case.decided_as.value if case.decided_as else None,
            "outcome": case.outcome.value if case.outcome else None,
            "decision": decision_to_json(case.decision),
        },
        "messages": [
            _message_object(message, number) for number, message in enumerate(material.messages, start=1)
        ],
        "recipients": [
            {
                "id": each.id,
                "message": each.message_id,
                "address": each.address,
                "person": each.person_id,
                "name": person.name if (person := directory.person(each.person_id)) is not None else "",
                "disposition": each.disposition.value,
                "row": each.row,
                "state": each.state.value,
                "updated_at": time_text(each.updated_at),
                "delivery_key": each.delivery_key,
                "receipt": receipt_to_json(each.receipt),
            }
            for each in material.recipients
        ],
        "reviews": [
            {
                "at": time_text(each.at),
                "by": each.by,
                "decision": each.decision.value,
                "label": each.label,
                "reason": each.reason,
            }
            for each in material.reviews
        ],
        "told": [
            {
                "at": time_text(each.at) if each.at else None,
                "who": each.who,
                "address": each.address,
                "how": each.how,
                "came_to": each.came_to,
            }
            for each in material.told
        ],
        "pack": {
            "export": material.export_id,
            "form": material.form.value,
            "purpose": material.purpose,
            "reason": material.reason,
            "made_by": material.maker,
            "made_at": time_text(material.made_at),
            "programme": material.programme,
            "public_key": str(material.key),
            "trail": {"size": material.head.size, "head": material.head.hash},
        },
    }


def _message_object(message: PackedMessage, number: int) -> dict[str, Any]:
    record = message.record
    return {
        "id": record.id,
        "file": f"messages/{number}.eml" if message.raw is not None else None,
        "withheld": message.withheld,
        "sha256": record.sha256,
        "size_bytes": record.size_bytes,
        "content_key": record.content_key,
        "received_at": time_text(record.received_at),
        "header_message_id": record.header_message_id,
        "subject": record.subject,
        "sender": record.sender,
        "mail_from": record.mail_from,
        "addresses": list(record.addresses),
        "authentication_results": list(record.authentication_results),
        "sender_check": record.sender_check,
        "is_outbound": record.is_outbound,
        "decision": decision_to_json(record.decision),
        "parts": [
            {
                "name": part.filename,
                "declared_type": part.declared_type,
                "detected_type": part.detected_type,
                "size_bytes": part.size_bytes,
                "sha256": part.sha256,
            }
            for part in message.parts
        ],
    }


def _message_files(material: EvidenceMaterial) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for number, message in enumerate(material.messages, start=1):
        if message.raw is not None:
            files[f"messages/{number}.eml"] = message.raw
        text = [
            f"Message {number} of case {material.case.id}, SHA-256 {message.record.sha256}",
            *([message.withheld] if message.withheld else []),
            "",
            "HEADER",
            message.header,
            "",
            "WORDS",
            message.words,
        ]
        files[f"messages/{number}.txt"] = ("\n".join(text) + "\n").encode("utf-8", "replace")
    return files


def _newest_note(material: EvidenceMaterial) -> str:
    """The signed checkpoint over the pack's end: the last line of the extract."""
    return str(json.loads(material.extract[-1])["checkpoint"])


def _json_bytes(value: Mapping[str, Any]) -> bytes:
    # Headers may hold lone surrogates; as escapes they survive and every reader takes them.
    return (json.dumps(plain(value), indent=1, sort_keys=True, ensure_ascii=True) + "\n").encode("ascii")


def _vouched_head(event: AuditRecord, transaction: Transaction) -> AuditHead:
    """Where the first checkpoint at or after ``event`` stands. Raises LookupError when there is none."""
    sizes = (int(note.split("\n")[1]) for note in transaction.audit.checkpoints())
    size = next(size for size in sizes if size >= event.seq)
    (end,) = transaction.audit.events(first=size, last=size)
    return AuditHead(size=end.seq, hash=end.hash)
