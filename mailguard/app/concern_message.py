"""A written concern as a message: what mailguard keeps, reports and shows as evidence like any other.

It goes nowhere by itself; the report encloses it. Lines are the form's questions with the writer's answers.
SECURITY: the texts are a person's own; nothing of them becomes a header but the writer's name, on one line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from zoneinfo import ZoneInfo

from mailguard.app.own_mail import one_line
from mailguard.domain.audit import time_text
from mailguard.domain.concern import Concern, ConcernKind, WrittenConcern

KIND_WORDS: Mapping[ConcernKind, str] = {
    ConcernKind.HARM: "A child is being harmed, or may be",
    ConcernKind.ADULT: "What an adult of the school did or said",
    ConcernKind.THREAT: "Malicious or threatening comments about a pupil or a member of staff",
    ConcernKind.SECRECY: "Somebody asked a child to meet, or to keep contact secret",
    ConcernKind.PICTURE: "Pictures or videos of a child, sent, posted or asked for",
    ConcernKind.CONTACT: "A pupil or parent made contact outside the school's channels",
    ConcernKind.OTHER: "Something else",
}
_SUBJECTS: Mapping[ConcernKind, str] = {
    ConcernKind.HARM: "Concern: a child may be harmed",
    ConcernKind.ADULT: "Concern: an adult of the school",
    ConcernKind.THREAT: "Concern: malicious or threatening comments",
    ConcernKind.SECRECY: "Concern: a meeting or secrecy",
    ConcernKind.PICTURE: "Concern: pictures of a child",
    ConcernKind.CONTACT: "Concern: contact outside the school's channels",
    ConcernKind.OTHER: "Concern",
}


def concern_subject(kind: ConcernKind) -> str:
    """Without names."""
    return _SUBJECTS[kind]


def concern_message_id(written: WrittenConcern, *, domain: str) -> str:
    return f"<concern-{written.item}@{domain}>"


def compose_concern(
    written: WrittenConcern,
    *,
    to_address: str,
    zone: ZoneInfo,
    staff_names: Mapping[str, str],
) -> bytes:
    """RFC 5322 with CRLF: the same concern gives the same bytes. ``staff_names``: of the ids it names.

    ``to_address``: mailguard's own; its domain is the Message-ID's.
    """
    reporter = written.reporter
    is_ascii = (reporter.address + to_address).isascii()
    message = EmailMessage(policy=policy.SMTP if is_ascii else policy.SMTPUTF8)
    message["From"] = _mailbox(one_line(reporter.name, limit=80), reporter.address)
    message["To"] = _mailbox("Concerns (mailguard)", to_address)
    message["Subject"] = concern_subject(written.concern.kind)
    message["Date"] = format_datetime(written.at.astimezone(zone))
    message["Message-ID"] = concern_message_id(written, domain=to_address.rpartition("@")[2])
    message["Auto-Submitted"] = "no"
    text = "\n".join(_lines(written, zone, staff_names)) + "\n"
    message.set_content(text, cte="quoted-printable")
    return message.as_bytes()


def _mailbox(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(name, username=local, domain=domain)


def _lines(written: WrittenConcern, zone: ZoneInfo, staff_names: Mapping[str, str]) -> Iterator[str]:
    concern, reporter = written.concern, written.reporter
    yield "A concern, written down for the school's record."
    yield ""
    yield from _answer("What it is about", KIND_WORDS[concern.kind])
    yield from _answer("Immediate danger", "YES, the writer says so" if concern.is_danger else "no")
    yield from _answer("Told by", concern.told_by)
    yield from _answer("When", concern.when)
    yield from _answer("Where", concern.where)
    yield from _answer("Platform", concern.platform)
    yield from _answer("Web address", concern.url)
    yield from _answer("Children", "; ".join(concern.children))
    yield from _answer("Adults of the school", _adults(concern, staff_names))
    known = f" ({reporter.person_id})" if reporter.person_id else ""
    yield from _answer(
        "Written by", f"{one_line(reporter.name)}{known}, {reporter.address}, through {reporter.through}"
    )
    local = written.at.astimezone(zone).strftime("%a %d %b %Y %H:%M")
    yield from _answer("Written down", f"{local} ({zone.key}), {time_text(written.at)}")
    yield ""
    yield "What was seen, heard or said, in the writer's own words:"
    yield ""
    yield from _own_words(concern.words)
    if concern.quoted:
        yield ""
        yield "The comment as it was posted, copied by the writer:"
        yield ""
        yield from _own_words(concern.quoted)


def _own_words(text: str) -> Iterator[str]:
    # Set in, so that no mail reader takes a line of it for a quotation mark or a signature, and folds the rest away.
    yield from (f"  | {line}".rstrip() for line in text.split("\n"))


def _answer(label: str, text: str) -> Iterator[str]:
    """A question and its answer; one without an answer is left out."""
    answer = one_line(text, limit=2000)
    if answer:
        yield f"{label}: {answer}"


def _adults(concern: Concern, staff_names: Mapping[str, str]) -> str:
    named = [f"{staff_names.get(each, '')} ({each})".strip() for each in concern.staff_ids]
    unnamed = ["an adult whom the writer cannot name"] if concern.is_staff_unnamed else []
    return "; ".join([*named, *unnamed])
