"""What is enclosed with a composed mail: a picture where it is the message or is spoken of, papers now and then."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from mailguard.classifier.corpus import Record
from mailguard.domain.words import Kind, Nature

_SPEAKS_OF_A_PICTURE = re.compile(
    r"\b(?:photos?|pics?|pictures?|scan(?:ned)?|screenshots?|selfie|attach\w*|voice note|video|img|zdjęcie|llun)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class File:
    """``content``: the first bytes alone, by which a reader knows what it is."""

    name: str
    content_type: str
    content: bytes


_JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")
_PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452")
_PICTURES = (
    File("IMG_2041.jpg", "image/jpeg", _JPEG),
    File("image0.jpeg", "image/jpeg", _JPEG),
    File("VID_0113.mp4", "video/mp4", b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00"),
)
_PAPERS = (
    File(
        "homework.docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00[Content_Types].xml word/document.xml",
    ),
    File("letter.pdf", "application/pdf", b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"),
    File("scan0001.jpg", "image/jpeg", _JPEG),
)
PICTURE = _PICTURES[0]
LOGO = File("image001.png", "image/png", _PNG)


def speaks_of_a_picture(record: Record) -> bool:
    """Such mail has one with it, or the attachment alone would tell whose nature is an image."""
    return _SPEAKS_OF_A_PICTURE.search(f"{record.subject}\n{record.body}") is not None


def drawn_files(record: Record, rng: random.Random) -> tuple[File, ...]:
    """A picture for an image; of other letters some have a picture or a paper."""
    is_direct = record.kind is Kind.DIRECT
    if Nature.IMAGE in record.natures or (is_direct and speaks_of_a_picture(record) and rng.random() < 0.7):
        return (rng.choice(_PICTURES),)
    if is_direct and rng.random() < 0.12:
        return (rng.choice(_PAPERS if rng.random() < 0.7 else _PICTURES),)
    return ()
