"""The audit trail in use: append, checkpoint, export, and verification of the store or of an export.

An export is one file of JSON lines: a header, every event in order, the checkpoints. An event that is closed to whoever
takes the file is given by its place and hash alone, and the chain is followed across it. Whoever has it and the
public key (from a digest, or from the clerk who keeps it) verifies it with nothing else; the key named in
the file itself proves nothing, so ``verify_export`` wants it from outside.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailguard.app.ports_store import AuditEntry, AuditRecord, Store, Transaction
from mailguard.domain.audit import (
    AuditEvent,
    AuditHead,
    AuditProblem,
    AuditTag,
    Link,
    SignatureCheck,
    Verification,
    VerifierKey,
    Withheld,
    canonical_json,
    event_from_json,
    event_to_json,
    origin,
    time_text,
    verify,
    withhold,
    write_checkpoint,
)
from mailguard.domain.evidence_manifest import Manifest, seal_manifest

_FORMAT = "mailguard-audit-1"

Opening = Callable[[Transaction], Callable[[AuditRecord], bool]]
"""What tells the events that a reader may see, of a transaction's state (``app.trail_closed``)."""


@dataclass(frozen=True, slots=True)
class TrailKey:
    """A school's audit key as the application needs it: what signs, and the public half."""

    public_key: bytes
    sign: Callable[[bytes], bytes]


class AuditTrail:
    """``check_signature`` is Ed25519 verification (``adapters.keys.is_genuine_signature``)."""

    def __init__(self, store: Store, *, key: TrailKey, check_signature: SignatureCheck) -> None:
        self._store = store
        self._key = key
        self._check_signature = check_signature

    @property
    def verifier_key(self) -> VerifierKey:
        """To be printed in every digest; ``str()`` of it is what ``verify_export`` and the clerk want."""
        return VerifierKey(name=origin(self._store.school), public_key=self._key.public_key)

    def append(
        self, tag: str, *, actor: str, case_id: str = "", detail: Mapping[str, Any] | None = None
    ) -> AuditRecord:
        """One event in a transaction of its own.

        What changes the store is audited in the changing transaction.
        """
        with self._store.transaction() as transaction:
            return transaction.audit.append(
                AuditEntry(tag=tag, actor=actor, case_id=case_id, detail=detail or {})
            )

    def head(self) -> AuditHead:
        with self._store.reading() as transaction:
            return transaction.audit.head()

    def checkpoint(self) -> str:
        """Sign the head, keep the note and give it: it is worth something once it has left the machine."""
        with self._store.transaction() as transaction:
            event = AuditEntry(tag=AuditTag.CHECKPOINT_SIGNED, actor="daemon")
            transaction.audit.append(event)
            head = transaction.audit.head()
            note = write_checkpoint(
                head,
                school=self._store.school,
                at=transaction.now,
                public_key=self._key.public_key,
                sign=self._key.sign,
            )
            transaction.audit.add_checkpoint(size=head.size, note=note)
            return note

    def sealed(self, content: bytes, manifest: Manifest) -> str:
        """The school's seal on an evidence pack's manifest."""
        return seal_manifest(content, manifest, key=self.verifier_key, sign=self._key.sign)

    def verify(self, *, further_notes: Iterable[str] = ()) -> Verification:
        """Walk the chain, against the store's checkpoints, its recorded head, and notes kept elsewhere."""
        with self._store.reading() as transaction:
            return verify(
                transaction.audit.events(),
                notes=[*transaction.audit.checkpoints(), *further_notes],
                key=self.verifier_key,
                is_genuine=self._check_signature,
                stated_head=transaction.audit.head(),
            )

    def export(self, *, actor: str, opening: Opening | None = None) -> Iterator[str]:
        """Lines, each with its newline, ended by a checkpoint that vouches for all of it.

        The export is on the record. ``opening``: what tells the events that whoever takes it may see; the others
        stand in it as place and hash, so that the chain is whole. None: every event is shown.
        """
        self.append(AuditTag.AUDIT_EXPORTED, actor=actor)
        self.checkpoint()
        with self._store.reading() as transaction:
            head = transaction.audit.head()
            yield json_line(_header(self._store.school, self.verifier_key, head, at=transaction.now))
            is_open = opening(transaction) if opening is not None else None
            for event in transaction.audit.events():
                if is_open is None or is_open(event):
                    yield json_line({"event": event_to_json(event)})
                else:
                    yield json_line({"withheld": withheld_to_json(event)})
            for note in transaction.audit.checkpoints():
                yield json_line({"checkpoint": note})


def verify_export(
    lines: Iterable[str],
    *,
    key: VerifierKey,
    check_signature: SignatureCheck,
    further_notes: Iterable[str] = (),
) -> Verification:
    """Verify an export with the public key alone: no database, no network. Total, whatever the file holds.

    An export ends in a checkpoint of its whole length, so one without is reported as cut.
    """
    reader = _ExportReader(lines)
    events = list(reader.events())
    result = verify(
        events,
        notes=[*reader.notes, *further_notes],
        key=key,
        is_genuine=check_signature,
        stated_head=reader.head,
    )
    problems = [*reader.problems, *result.problems]
    if result.checkpointed_size < result.head.size or not result.checkpoints:
        says = f"no genuine checkpoint vouches for the events after {result.checkpointed_size}"
        problems.append(AuditProblem(seq=result.head.size, says=says))
    return Verification(
        head=result.head,
        checkpoints=result.checkpoints,
        checkpointed_size=result.checkpointed_size,
        problems=tuple(problems),
        withheld=result.withheld,
        unlinked=result.unlinked,
    )


class _ExportReader:
    """Takes an export apart; what is not an export's line becomes a problem."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = lines
        self.notes: list[str] = []
        self.problems: list[AuditProblem] = []
        self.head: AuditHead | None = None

    def events(self) -> Iterator[Link]:
        """Every event in the order of the file, shown or withheld; notes and head are known at the end."""
        for number, line in enumerate(self._lines, start=1):
            try:
                event = self._read(json.loads(line), number)
            except (ValueError, TypeError, KeyError, RecursionError) as error:
                self.problems.append(AuditProblem(seq=0, says=f"line {number} is not of an export: {error}"))
                continue
            if event is not None:
                yield event
        if self.head is None:
            self.problems.append(AuditProblem(seq=0, says="the header line is missing"))

    def _read(self, value: Any, number: int) -> Link | None:
        if not isinstance(value, dict):
            raise ValueError("not an object")
        if number == 1:
            if value.get("format") != _FORMAT:
                raise ValueError(f"format is not {_FORMAT}")
            self.head = AuditHead(size=int(value["size"]), hash=str(value["head"]))
            return None
        if set(value) == {"event"}:
            return event_from_json(value["event"])
        if set(value) == {"withheld"}:
            return withheld_from_json(value["withheld"])
        if set(value) == {"checkpoint"} and isinstance(value["checkpoint"], str):
            self.notes.append(value["checkpoint"])
            return None
        raise ValueError("neither an event nor a checkpoint")


def _header(school: str, key: VerifierKey, head: AuditHead, *, at: datetime) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "school": school,
        "public_key": str(key),
        "size": head.size,
        "head": head.hash,
        "exported_at": time_text(at),
    }


def withheld_to_json(event: AuditEvent) -> dict[str, Any]:
    """All that a file says of an event that is closed to its reader."""
    hidden = withhold(event)
    return {"seq": hidden.seq, "content": hidden.content, "hash": hidden.hash}


def withheld_from_json(fields: Any) -> Withheld:
    """Raises ValueError or TypeError when it is none."""
    if set(fields) != {"seq", "content", "hash"} or type(fields["seq"]) is not int:
        raise ValueError("not a withheld event")
    return Withheld(seq=fields["seq"], content=str(fields["content"]), hash=str(fields["hash"]))


def json_line(value: Mapping[str, Any]) -> str:
    """One line of a file of JSON lines, its newline included."""
    # Separators of other alphabets would otherwise be taken for line ends by some readers.
    text = (
        canonical_json(value)
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029")
        .replace("\x85", "\\u0085")
    )
    return text + "\n"
