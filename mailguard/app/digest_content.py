"""What a digest holds: one structure, from which text and HTML are both written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from mailguard.app.digest_calendar import Frequency


class Tone(StrEnum):
    """How loud: ``URGENT`` only while a report has not been acknowledged."""

    URGENT = "urgent"
    ATTENTION = "attention"
    CALM = "calm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One case: ``what`` it is and to whom, ``when`` or how long, and ``notes`` below. ``url`` opens its page, or ""."""

    case_id: str
    what: str
    when: str
    notes: tuple[str, ...] = ()
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """``lines`` after the entries. ``code``: to be kept letter for letter, last. ``url`` opens the page of all this, or ""."""

    title: str
    entries: tuple[Entry, ...] = ()
    lines: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    tone: Tone = Tone.CALM
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestContent:
    subject: str
    first_line: str
    because: str
    tone: Tone
    blocks: tuple[Block, ...]
    notes: tuple[str, ...] = ()
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Which digest this is. ``reader``: a role's word or "admin"; ``because``: why this reader gets it, or ""."""

    day: date
    now: datetime
    reader: str
    frequency: Frequency
    because: str = ""
    public_key: str = ""
