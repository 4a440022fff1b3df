"""Everything an evidence pack is made of, read from the store in one transaction.

Two packs of one state hold the same material; nothing here depends on when or where it is gathered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mailguard.app.audit_extract import extract_lines
from mailguard.app.chronology import ChronologyEntry, Told, case_chronology, who_was_told
from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.event_words import EventWords, event_words
from mailguard.app.ports import BlobStore, PermanentFailure
from mailguard.app.ports_store import (
    CaseRecord,
    MessageRecord,
    RecipientRecord,
    ReviewRecord,
    Transaction,
)
from mailguard.app.report_attachment import ReadMessage, header_text, must_stay_sealed, words_text
from mailguard.domain.audit import AuditHead, VerifierKey
from mailguard.domain.message import Attachment, MessageFacts


class PackForm(StrEnum):
    """Whether parts that are sealed leave the store with the pack."""

    WITHHELD = "sealed-withheld"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedMessage:
    """``raw``: the bytes as they arrived, None when they are withheld or gone. ``withheld``: why, "" when not.

    ``header``, ``words``: as text, for reading; ``parts``: its attachments.
    """

    record: MessageRecord
    raw: bytes | None
    withheld: str
    header: str
    words: str
    parts: tuple[Attachment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceMaterial:
    """``extract``: the case's part of the trail, as lines. ``head``: what the newest checkpoint in it vouches for.

    ``maker``: who asked for the pack, in words; ``made_at``: when, as the trail has it.
    """

    case: CaseRecord
    messages: tuple[PackedMessage, ...]
    recipients: tuple[RecipientRecord, ...]
    reviews: tuple[ReviewRecord, ...]
    chronology: tuple[ChronologyEntry, ...]
    told: tuple[Told, ...]
    words: EventWords
    extract: tuple[str, ...]
    head: AuditHead
    key: VerifierKey
    form: PackForm
    export_id: str
    purpose: str
    reason: str
    maker: str
    made_at: datetime
    programme: str


def gather_messages(
    messages: Sequence[MessageRecord], blobs: BlobStore, read: ReadMessage, form: PackForm
) -> tuple[PackedMessage, ...]:
    """Raises TemporaryFailure when the store does not answer now."""
    return tuple(_packed(message, blobs, read, form) for message in messages)


def gather_record(
    case: CaseRecord, transaction: Transaction, settings: EffectsSettings, *, last: int
) -> tuple[EventWords, tuple[ChronologyEntry, ...], tuple[Told, ...]]:
    """The words for events, chronology and who was told, up to event ``last``."""
    effects = transaction.effects.matching(case_id=case.id)
    words = event_words(transaction, settings, effects, is_exact=True)
    chronology = case_chronology(case.id, transaction, words, last=last)
    return words, chronology, who_was_told(effects, chronology, words)


def gather_extract(
    case_id: str, transaction: Transaction, *, key: VerifierKey, last: int, made_at: datetime
) -> tuple[str, ...]:
    return tuple(extract_lines(case_id, transaction, key=key, last=last, made_at=made_at))


def _packed(message: MessageRecord, blobs: BlobStore, read: ReadMessage, form: PackForm) -> PackedMessage:
    try:
        raw = blobs.get(message.blob_id)
    except PermanentFailure:
        # Destroyed by retention, or damaged: the hash is what is left, and the pack says so.
        gone = "The bytes are no longer in the store; their SHA-256 remains."
        return PackedMessage(record=message, raw=None, withheld=gone, header="", words="", parts=())
    facts: MessageFacts | None = None
    try:
        facts = read(raw)
        is_sealed = must_stay_sealed(message.decision, facts, raw)
    except Exception:
        # What cannot be looked into cannot be shown to be harmless.
        is_sealed = True
    withheld = ""
    if is_sealed and form is PackForm.WITHHELD:
        withheld = (
            "It carries pictures, videos, archives or parts that cannot be looked into, from or about a child. "
            "They stay sealed: this pack has the message's hash, header and words."
        )
    return PackedMessage(
        record=message,
        raw=None if withheld else raw,
        withheld=withheld,
        header=header_text(raw),
        words=words_text(facts),
        parts=facts.attachments if facts is not None else (),
    )


def matches_record(message: PackedMessage) -> bool:
    """Whether the bytes are those that were hashed at receipt. True when there are none to compare."""
    return message.raw is None or hashlib.sha256(message.raw).hexdigest() == message.record.sha256


def person_words(persons: Sequence[Mapping[str, object]]) -> tuple[str, ...]:
    """Everyone on the lists whom the decision names."""
    return tuple(
        f"{person.get('name', '')} ({person.get('id', '')}, {person.get('list', '')}; "
        f"{person.get('certainty') or 'exact'}, {person.get('matched') or 'by address'})"
        for person in persons
    )
