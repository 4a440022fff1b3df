"""A case's part of the trail as a file for strangers, and reading such a file back.

One file of JSON lines: a header; every link from the case's first event to the trail's end, other cases'
withheld; the checkpoints over that stretch, one a day and the last.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mailguard.app.audit_trail import json_line, withheld_from_json, withheld_to_json
from mailguard.app.ports_store import Transaction
from mailguard.domain.audit import (
    FIRST_PREVIOUS,
    AuditEvent,
    AuditHead,
    AuditProblem,
    Link,
    VerifierKey,
    event_from_json,
    event_to_json,
    time_text,
)

EXTRACT_FORMAT = "mailguard-audit-extract-1"


def extract_lines(
    case_id: str, transaction: Transaction, *, key: VerifierKey, last: int, made_at: datetime
) -> Iterator[str]:
    """Lines, each with its newline, up to event ``last``, over which there must be a checkpoint.

    Raises LookupError when the trail has no event of the case.
    """
    first = next(iter(transaction.audit.events(case_id=case_id)), None)
    if first is None:
        raise LookupError(case_id)
    (end,) = transaction.audit.events(first=last, last=last)
    yield json_line(
        {
            "format": EXTRACT_FORMAT,
            "school": first.school,
            "public_key": str(key),
            "case_id": case_id,
            "after": {"size": first.seq - 1, "hash": first.previous},
            "head": {"size": end.seq, "hash": end.hash},
            "made_at": time_text(made_at),
        }
    )
    for event in transaction.audit.events(first=first.seq, last=last):
        if event.case_id == case_id:
            yield json_line({"event": event_to_json(event)})
        else:
            yield json_line({"withheld": withheld_to_json(event)})
    for note in _one_a_day(transaction.audit.checkpoints(), first=first.seq - 1, last=last):
        yield json_line({"checkpoint": note})


@dataclass(slots=True)
class ExtractFile:
    """A file taken apart; what is not of an extract becomes a problem. Total."""

    case_id: str = ""
    after: AuditHead = field(default_factory=AuditHead)
    head: AuditHead | None = None
    links: list[Link] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[AuditProblem] = field(default_factory=list)


def read_extract(lines: Iterable[str]) -> ExtractFile:
    """Whatever the lines hold, without an error raised."""
    found = ExtractFile()
    for number, line in enumerate(lines, start=1):
        try:
            _take(json.loads(line), number, found)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            found.problems.append(AuditProblem(seq=0, says=f"line {number} is not of an extract: {error}"))
    if found.head is None:
        found.problems.append(AuditProblem(seq=0, says="the header line is missing"))
    return found


def _take(value: Any, number: int, found: ExtractFile) -> None:
    if not isinstance(value, dict):
        raise ValueError("not an object")
    if number == 1:
        if value.get("format") != EXTRACT_FORMAT:
            raise ValueError(f"format is not {EXTRACT_FORMAT}")
        found.case_id = str(value["case_id"])
        found.after = AuditHead(size=int(value["after"]["size"]), hash=str(value["after"]["hash"]))
        found.head = AuditHead(size=int(value["head"]["size"]), hash=str(value["head"]["hash"]))
        if found.after.size == 0 and found.after.hash != FIRST_PREVIOUS:
            raise ValueError("the first event of all follows 64 zeros")
    elif set(value) == {"event"}:
        found.links.append(event_from_json(value["event"]))
    elif set(value) == {"withheld"}:
        found.links.append(withheld_from_json(value["withheld"]))
    elif set(value) == {"checkpoint"} and isinstance(value["checkpoint"], str):
        found.notes.append(value["checkpoint"])
    else:
        raise ValueError("neither an event nor a checkpoint")


def shown_events(found: ExtractFile) -> tuple[AuditEvent, ...]:
    return tuple(link for link in found.links if isinstance(link, AuditEvent))


def _one_a_day(notes: Iterable[str], *, first: int, last: int) -> list[str]:
    """The last note of each day over so many events; the last of all is among them."""
    kept: dict[str, str] = {}
    for note in notes:
        lines = note.split("\n")
        if first <= int(lines[1]) <= last:
            kept[lines[3][: len("time 2026-09-28")]] = note
    return list(kept.values())
