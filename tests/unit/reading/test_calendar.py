from __future__ import annotations

from mailguard.domain.message import AutomaticMark
from mailguard.reading.message import read
from tests.unit.reading.composing import attached, mail, multipart, part


def event(method: str, *lines: str) -> str:
    return "\r\n".join(
        ["BEGIN:VCALENDAR", f"METHOD:{method}", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR", ""]
    )


def invitation(method: str, *lines: str, text: str = "") -> bytes:
    return multipart(
        "alternative",
        part(text),
        part(event(method, *lines), f"text/calendar; charset=utf-8; method={method}"),
    )


def test_an_answer_without_words_has_none() -> None:
    facts = read(
        invitation(
            "REPLY",
            "ATTENDEE;PARTSTAT=ACCEPTED;CN=Siân Tyrer:mailto:sian@pupils.example",
            "SUMMARY;LANGUAGE=en:Revision",
        )
    )
    assert facts.automatic is AutomaticMark.CALENDAR_REPLY
    assert facts.own_text == ""
    assert facts.calendar is not None
    assert (facts.calendar.method, facts.calendar.summary, facts.calendar.comment) == (
        "REPLY",
        "Revision",
        "",
    )
    assert [(one.address, one.display_name) for one in facts.named("ATTENDEE")] == [
        ("sian@pupils.example", "Siân Tyrer")
    ]


def test_a_comment_in_an_answer_is_the_senders_own() -> None:
    facts = read(
        invitation(
            "REPLY",
            "ATTENDEE:mailto:a@x.example",
            "COMMENT:whats ur in",
            " sta\\, miss\\nlol",
            "SUMMARY:Revision",
        )
    )
    assert facts.own_text == "whats ur insta, miss\nlol"
    assert facts.calendar is not None
    assert facts.calendar.comment == "whats ur insta, miss\nlol"


def test_words_of_an_invitation_are_the_senders_own_once() -> None:
    facts = read(
        invitation(
            "REQUEST",
            'ORGANIZER;CN="Tyler: F; x":MAILTO:tyler@pupils.example',
            "ATTENDEE:mailto:b@stoswins.example",
            "SUMMARY:catch up",
            "DESCRIPTION:bring the book",
            "BEGIN:VALARM",
            "DESCRIPTION:Reminder",
            "END:VALARM",
            text="catch up",
        )
    )
    assert facts.automatic is AutomaticMark.NONE
    assert facts.own_text == "catch up\nbring the book"
    assert facts.named("ORGANIZER")[0].address == "tyler@pupils.example"
    assert facts.named("ORGANIZER")[0].display_name == "Tyler: F; x"


def test_a_calendar_file_and_a_broken_one_are_read_as_far_as_they_go() -> None:
    data = event("REQUEST", "no colon here", ";;;:", "ORGANIZER:tyler@pupils.example", "SUMMARY:x").encode()
    facts = read(multipart("mixed", part("see"), attached(data, "application/octet-stream", "invite.ics")))
    assert facts.calendar is not None
    assert facts.calendar.organizer == "tyler@pupils.example"
    assert "calendar-broken" in read(mail("nonsense", "Content-Type: text/calendar; method=REPLY")).defects
