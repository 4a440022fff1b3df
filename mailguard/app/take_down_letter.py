"""The letter that asks a site to take a comment down: without the name of a pupil, with what proves the comment.

The writing is a plain request by the school; it threatens nobody and quotes no law, which is for the school's
advisers to add. Source: policy, section 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from mailguard.app.document import Block, Document, Fields, Paragraph, Verbatim


class About(StrEnum):
    """Whom the comment concerns; the letter names nobody."""

    PUPIL = "pupil"
    STAFF = "staff"
    BOTH = "both"


ABOUT_WORDS = {
    About.PUPIL: "a pupil",
    About.STAFF: "a member of staff",
    About.BOTH: "a pupil and a member of staff",
}
_TITLE = "Request to remove content"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """``quoted`` "" when the letter shall not repeat the comment. ``by_day``: until when an answer is asked."""

    school_name: str
    recipient: str
    case_id: str
    about: About
    url: str
    platform: str
    seen_on: str
    quoted: str
    evidence_sha256: str
    is_evidence_text: bool
    signed_name: str
    signed_title: str
    answer_to: str
    written_on: date
    by_day: date | None


def letter_text(letter: Letter) -> str:
    """As plain text, to be copied into a form or an e-mail. Lines end in "\\n"."""
    facts = [f"{label}: {value}" for label, value in _facts(letter)]
    parts = [
        f"{letter.school_name}\n{_day(letter.written_on)}",
        letter.recipient,
        f"{_TITLE} (our reference {letter.case_id})",
        *_before(letter),
        "\n".join(facts),
        *([f"The comment reads:\n\n{_indented(letter.quoted)}"] if letter.quoted else []),
        *_after(letter),
        "\n".join(["Yours faithfully", "", *_signed(letter)]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def letter_document(letter: Letter, *, made_at: datetime) -> Document:
    """The same as a page to print."""
    blocks: list[Block] = [Paragraph(letter.recipient)]
    blocks += [Paragraph(each) for each in _before(letter)]
    blocks.append(Fields(tuple(_facts(letter))))
    if letter.quoted:
        blocks += [Paragraph("The comment reads:"), Verbatim(letter.quoted)]
    blocks += [Paragraph(each) for each in _after(letter)]
    blocks += [Paragraph("Yours faithfully"), Paragraph("\n".join(_signed(letter)))]
    return Document(
        title=_TITLE,
        subtitle=_day(letter.written_on),
        organisation=letter.school_name,
        made_at=made_at,
        running=letter.case_id,
        foot=f"{letter.school_name}, reference {letter.case_id}",
        blocks=tuple(blocks),
    )


def _before(letter: Letter) -> Iterator[str]:
    yield "Dear Sir or Madam"
    asked = f" by {_day(letter.by_day)}" if letter.by_day is not None else ""
    yield (
        f"The content at the address below is malicious or threatening. It concerns {ABOUT_WORDS[letter.about]} "
        f"of {letter.school_name}. We ask you to remove it and its copies, and to tell us{asked} what you have done."
    )


def _facts(letter: Letter) -> Iterator[tuple[str, str]]:
    yield "Web address", letter.url
    yield "Platform", letter.platform
    yield "Seen on", letter.seen_on or _day(letter.written_on)
    what = "the text of the comment" if letter.is_evidence_text else "the record of the comment"
    yield "Evidence", f"{what} is kept unchanged; its SHA-256 is {letter.evidence_sha256}"
    yield "Our reference", letter.case_id


def _after(letter: Letter) -> Iterator[str]:
    yield (
        "Please keep your own record of the content, of the account and of when it was posted: the police may ask "
        "for it."
    )
    yield (
        "We make this request under section 4 of the school's Social Networking Policy. Please answer to the school "
        f"only, at {letter.answer_to}, and give our reference; do not get in touch with pupils, parents or members "
        "of staff."
    )


def _signed(letter: Letter) -> tuple[str, ...]:
    return (letter.signed_name, letter.signed_title, letter.school_name)


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.split("\n"))
