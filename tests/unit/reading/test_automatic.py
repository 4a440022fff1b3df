from __future__ import annotations

import pytest

from mailguard.domain.message import AutomaticMark
from mailguard.reading.automatic import has_auto_reply_marks
from mailguard.reading.message import read
from tests.unit.reading.composing import mail, multipart, part


def test_a_report_is_automatic_by_structure() -> None:
    raw = multipart(
        "report",
        part("Your message was read"),
        part("Disposition: displayed", "message/disposition-notification"),
    )
    assert read(raw).automatic is AutomaticMark.REPORT


@pytest.mark.parametrize(
    ("value", "mark"),
    [
        ("auto-replied", AutomaticMark.HEADER),
        ("auto-generated; x=y", AutomaticMark.HEADER),
        ("no", AutomaticMark.NONE),
        ("No (human)", AutomaticMark.NONE),
        ("", AutomaticMark.NONE),
    ],
)
def test_rfc_3834_field_other_than_no_is_a_mark(value: str, mark: AutomaticMark) -> None:
    assert read(mail("x", f"Auto-Submitted: {value}")).automatic is mark


@pytest.mark.parametrize(
    "field",
    [
        "Auto-Submitted: auto-replied",
        "X-Autoreply: yes",
        "Precedence: auto_reply",
        "X-Failed-Recipients: a@x.example",
        "Subject: Automatic reply: hello",
        "Subject: =?utf-8?q?R=C3=A9ponse_automatique?= : absence",
        "Subject: Undeliverable: hw",
        "From: MAILER-DAEMON@x.example",
    ],
)
def test_marks_of_automatic_answers_are_found(field: str) -> None:
    assert has_auto_reply_marks(read(mail("x", field)))


@pytest.mark.parametrize(
    "field",
    ["Subject: Re: hello", "Precedence: bulk", "X-Auto-Response-Suppress: All", "Subject: reading: ch 4"],
)
def test_ordinary_mail_has_none(field: str) -> None:
    assert not has_auto_reply_marks(read(mail("x", field)))
