"""A document to be printed: what stands in it, not how it looks. The typesetter and the web page both show it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Tone(StrEnum):
    """What a notice is: plain information, or something the reader must not miss."""

    NOTE = "note"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Heading:
    text: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Paragraph:
    """``is_lead``: the sentence that says the most."""

    text: str
    is_lead: bool = False


@dataclass(frozen=True, slots=True)
class Fields:
    """Label and value each; a value may have several lines."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table. ``widths``: share of the page's width for each column; ``mono``: columns of hashes and codes."""

    columns: tuple[str, ...]
    widths: tuple[float, ...]
    rows: tuple[tuple[str, ...], ...]
    mono: frozenset[int] = frozenset()
    empty: str = "Nothing."


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Somebody else's words or a header, letter for letter."""

    text: str


@dataclass(frozen=True, slots=True)
class Notice:
    title: str
    text: str
    tone: Tone = Tone.NOTE


@dataclass(frozen=True, slots=True)
class Steps:
    """Numbered."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """``alt``: the same in words, for those who cannot see it."""

    svg: str
    alt: str
    caption: str = ""


Block = Heading | Paragraph | Fields | Grid | Verbatim | Notice | Steps | Chart


@dataclass(frozen=True, slots=True)
class EmbeddedFile:
    """A file inside the PDF. ``says``: one line about it."""

    name: str
    content: bytes
    media_type: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """``running``: repeated on every page's head, such as the case id; ``foot``: on every page's foot."""

    title: str
    subtitle: str
    organisation: str
    made_at: datetime
    running: str
    foot: str
    blocks: tuple[Block, ...]
    embedded: tuple[EmbeddedFile, ...] = field(default=())


class Typesetter(Protocol):
    """Makes a PDF of a document: the same bytes for the same document."""

    def pdf(self, document: Document) -> bytes:
        """Raises PermanentFailure when it cannot be set."""
        ...
