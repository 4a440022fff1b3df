"""What was taken out of mailguard: by whom, about whom, why, and the hash of the file.

The audit trail has the same acts without the words; this record has the words, encrypted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Protocol

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class ExportKind(StrEnum):
    EVIDENCE = "evidence"
    CHRONOLOGY = "chronology"
    SUBJECT_ACCESS = "subject-access"
    FOI = "foi"
    GOVERNORS = "governors"


class ExportPurpose(StrEnum):
    """Why an export is made, in words that may stand in the audit trail."""

    POLICE = "police"
    CHILDREN_SERVICES = "children-services"
    COURT = "court"
    SCHOOL_RECORD = "school-record"
    SUBJECT_REQUEST = "subject-request"
    FOI_REQUEST = "foi-request"
    GOVERNORS = "governors"
    OTHER = "other"

    @property
    def says(self) -> str:
        return _PURPOSE_WORDS[self]


_PURPOSE_WORDS = {
    ExportPurpose.POLICE: "for the police",
    ExportPurpose.CHILDREN_SERVICES: "for children's services or the designated officer (LADO)",
    ExportPurpose.COURT: "for a court or a solicitor",
    ExportPurpose.SCHOOL_RECORD: "for the school's own safeguarding record",
    ExportPurpose.SUBJECT_REQUEST: "a person has asked what is held about them",
    ExportPurpose.FOI_REQUEST: "a freedom of information request",
    ExportPurpose.GOVERNORS: "for the governors",
    ExportPurpose.OTHER: "another reason",
}


class ExportState(StrEnum):
    DRAFT = "draft"
    MADE = "made"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRecord:
    """One export. ``by``: the actor as the trail names it; ``case_id`` "" when it is about no single case.

    Encrypted: ``about`` (a person id or an address, "" for none), ``reason`` in the maker's words, ``choices``
    (what a draft's reviewer has decided). ``sha256``: of the file as handed out, "" while a draft.
    """

    id: str
    kind: ExportKind
    state: ExportState
    at: datetime
    by: str
    purpose: ExportPurpose
    case_id: str = ""
    form: str = ""
    sha256: str = ""
    about: str = ""
    reason: str = ""
    choices: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)


class Exports(Protocol):
    """The school's exports."""

    def add(self, export: ExportRecord) -> None: ...

    def find(self, export_id: str) -> ExportRecord | None: ...

    def replace(self, export: ExportRecord) -> bool:
        """Write every field of a draft. False, and nothing is written, when it is no draft any more."""
        ...

    def newest(self) -> Iterator[ExportRecord]:
        """Newest first; streamed while the transaction is open, for whoever looks may not see them all."""
        ...
