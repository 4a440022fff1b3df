"""iCalendar objects (RFC 5545) carried by a message: who asks whom for what, and the words somebody typed.

A content-line reader of our own: icalendar gives up on the first broken line, and a broken line is where
words would be lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mailguard.domain.message import Calendar, Mailbox
from mailguard.reading.charset import clean
from mailguard.reading.mailboxes import bare_address

_LINE = re.compile(r"([A-Za-z0-9-]{1,60})((?:;(?:[^\";:]|\"[^\"]*\")*)*):(.*)", re.DOTALL)
_CN = re.compile(r";CN=(\"[^\"]{0,300}\"|[^;:\"]{0,300})", re.IGNORECASE)
_ESCAPE = re.compile(r"\\([nN\\;,:])")
_TYPED = ("SUMMARY", "LOCATION", "DESCRIPTION", "COMMENT", "CONTACT")
_PEOPLE = 500


@dataclass(frozen=True, slots=True)
class CalendarFacts:
    """``typed`` are the words that count as this sender's: in a REPLY only COMMENT and DESCRIPTION (the rest
    is the organiser's).
    """

    calendar: Calendar
    mailboxes: tuple[Mailbox, ...]
    typed: str


def read_calendar(text: str, *, declared_method: str = "") -> CalendarFacts | None:
    """The object in ``text``, None when there is none. Never raises. ``declared_method``: of the
    Content-Type.
    """
    if "BEGIN:VCALENDAR" not in text[:10_000].upper():
        return None
    method, organizer = "", ""
    attendees: list[str] = []
    mailboxes: list[Mailbox] = []
    words: dict[str, list[str]] = {name: [] for name in _TYPED}
    component = ""
    for name, parameters, value in _content_lines(text):
        if name == "BEGIN":
            component = value.strip().upper()
        elif name == "END":
            component = "VEVENT" if value.strip().upper() == "VALARM" else component
        elif name == "METHOD" and not method:
            method = value.strip().upper()
        elif component in ("VALARM", "VTIMEZONE", "STANDARD", "DAYLIGHT"):
            continue
        elif name in ("ORGANIZER", "ATTENDEE") and len(mailboxes) < _PEOPLE:
            address, shown = _person(parameters, value)
            mailboxes.append(Mailbox(address=address, display_name=shown, header=name))
            if name == "ATTENDEE":
                attendees.append(address)
            else:
                organizer = organizer or address
        elif name in words and len(words[name]) < 20:
            words[name].append(_unescaped(value))
    method = method or declared_method.strip().upper()
    calendar = Calendar(
        method=method[:40],
        organizer=organizer,
        attendees=tuple(attendees),
        summary=" ".join(words["SUMMARY"])[:2_000],
        comment="\n".join(words["COMMENT"])[:20_000],
    )
    names = ("COMMENT", "DESCRIPTION") if method == "REPLY" else _TYPED
    typed = "\n".join(piece for name in names for piece in words[name] if piece)
    return CalendarFacts(calendar=calendar, mailboxes=tuple(mailboxes), typed=typed)


def _content_lines(text: str) -> Iterator[tuple[str, str, str]]:
    logical = ""
    # RFC 5545 3.1: a line that starts with white space goes on from the one before it.
    pieces: list[str] = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if line[:1] in (" ", "\t"):
            pieces.append(line[1:])
            continue
        logical = "".join(pieces)
        pieces = [line]
        if found := _split(logical):
            yield found
    if found := _split("".join(pieces)):
        yield found


def _split(line: str) -> tuple[str, str, str] | None:
    match = _LINE.match(line[:20_000])
    return (match.group(1).upper(), match.group(2), match.group(3)) if match else None


def _person(parameters: str, value: str) -> tuple[str, str]:
    found = _CN.search(parameters)
    name = clean(found.group(1).strip('"')) if found else ""
    address = bare_address(value[:1_000])
    if not address and ":" in value:
        # "CN=Name:mailto:a@b" is right; a program that writes "mailto: a@b" or leaves mailto out is met as
        # well.
        address = bare_address(value.rpartition(":")[2])
    return address, name[:300]


def _unescaped(value: str) -> str:
    text = _ESCAPE.sub(lambda match: "\n" if match.group(1) in "nN" else match.group(1), value)
    return clean(text).strip()
