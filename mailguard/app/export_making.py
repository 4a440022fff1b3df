"""Making an export on the record: asked for before anything is opened, handed out with its hash after.

A case is closed to its subjects here as everywhere: for them it does not exist (DECISIONS, rule 3).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mailguard.app.case_deciding import UnknownCase
from mailguard.app.effects_settings import DirectoryNow, EffectsSettings
from mailguard.app.export_records import ExportKind, ExportPurpose, ExportRecord, ExportState
from mailguard.app.ports_store import AuditEntry, AuditRecord, CaseRecord, Store, Transaction
from mailguard.app.readers import Readers
from mailguard.domain.case import EffectKind
from mailguard.domain.words import Role

TAG_REQUESTED = "review:export:requested"
TAG_MADE = "review:export:made"


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """Who makes an export. ``actor``: as the trail names them; ``address``: whose cases are closed to them;
    ``title``: in words; ``role``: in the chain, None for who has none.
    """

    actor: str
    address: str
    title: str
    role: Role | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeExport:
    """A file to hand out."""

    filename: str
    media_type: str
    content: bytes
    sha256: str
    export_id: str


class ReasonMissing(ValueError):
    """An export needs a reason in words."""


@dataclass(frozen=True, slots=True)
class ExportLedger:
    """Puts exports on the record. Each method is one transaction."""

    store: Store

    def request(
        self,
        kind: ExportKind,
        *,
        by: Maker,
        purpose: ExportPurpose,
        reason: str,
        case_id: str = "",
        form: str = "",
        about: str = "",
        choices: Mapping[str, Any] | None = None,
    ) -> tuple[ExportRecord, AuditRecord]:
        """On the record before anything is opened. Raises ReasonMissing."""
        if not reason.strip():
            raise ReasonMissing("say why, in a few words")
        with self.store.transaction() as transaction:
            export = ExportRecord(
                id=secrets.token_hex(16),
                kind=kind,
                state=ExportState.DRAFT,
                at=transaction.now,
                by=by.actor,
                purpose=purpose,
                case_id=case_id,
                form=form,
                about=about,
                reason=reason.strip(),
                choices=choices or {},
            )
            transaction.exports.add(export)
            detail = {"export": export.id, "kind": kind.value, "form": form, "purpose": purpose.value}
            entry = AuditEntry(tag=TAG_REQUESTED, actor=by.actor, case_id=case_id, detail=detail)
            return export, transaction.audit.append(entry)

    def made(
        self, export: ExportRecord, content: bytes, *, filename: str, media_type: str, by: Maker
    ) -> MadeExport:
        """The file is handed out: its hash is on the record."""
        digest = hashlib.sha256(content).hexdigest()
        with self.store.transaction() as transaction:
            transaction.exports.replace(replace(export, state=ExportState.MADE, sha256=digest))
            detail = {
                "export": export.id,
                "kind": export.kind.value,
                "form": export.form,
                "sha256": digest,
                "size_bytes": len(content),
            }
            transaction.audit.append(
                AuditEntry(tag=TAG_MADE, actor=by.actor, case_id=export.case_id, detail=detail)
            )
        return MadeExport(
            filename=plain_filename(filename),
            media_type=media_type,
            content=content,
            sha256=digest,
            export_id=export.id,
        )


def plain_filename(name: str) -> str:
    """``name`` without what leads elsewhere, breaks a header, or a file system refuses."""
    # SECURITY: an id from a list or an address that somebody typed stands in it.
    plain = "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "-_.") else "_" for letter in name
    )
    return plain.lstrip(".")[-100:] or "export"


@dataclass(frozen=True, slots=True)
class OpenCases:
    """Cases as one person may see them."""

    settings: EffectsSettings
    directory: DirectoryNow

    def find(self, case_id: str, by: Maker, transaction: Transaction) -> CaseRecord:
        """Raises UnknownCase, also for whom the case is about: they cannot tell the difference."""
        case = transaction.cases.find(case_id)
        if case is None or not self.may_read(case, by, transaction):
            raise UnknownCase(case_id)
        return case

    def may_see(self, case: CaseRecord, by: Maker) -> bool:
        """Whether they may know of it: in a number, in the trail."""
        return self._readers.may_see(by.address, case.decision, role=by.role)

    def may_read(self, case: CaseRecord, by: Maker, transaction: Transaction) -> bool:
        """Whether they may have its content: of the Chair's, what is closed to the Head or was reported to the Chair."""
        if not self.may_see(case, by):
            return False
        if by.role is not Role.CHAIR or Role.HEAD in self._readers.withheld_roles(case.decision):
            return True
        reports = transaction.effects.matching(case_id=case.id, kinds={EffectKind.REPORT})
        return any(report.role == Role.CHAIR for report in reports)

    @property
    def _readers(self) -> Readers:
        return Readers(settings=self.settings, directory=self.directory())
