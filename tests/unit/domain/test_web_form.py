"""Mail of a site's form: whose words it carries."""

from __future__ import annotations

import pytest

from mailguard.domain.message import Mailbox, MessageFacts
from mailguard.domain.web_form import form_sender, is_web_form

FORM = """You have a new submission from "Ask us" on www.hill.example

Name: Ella Bee
E-mail: Ella.Bee@mail.example
Message: is the library open on friday
"""


def mail(text: str, sender: str = "noreply@formpost.example", subject: str = "New message") -> MessageFacts:
    return MessageFacts(
        sha256="",
        content_sha256="",
        size_bytes=0,
        subject=subject,
        own_text=text,
        mailboxes=(Mailbox(sender, "Site", "From"),),
    )


def test_whoever_filled_the_form_in_is_named() -> None:
    assert form_sender(mail(FORM)) == Mailbox("ella.bee@mail.example", "Ella Bee", "form")


def test_a_value_may_stand_below_its_label() -> None:
    text = "Contact form\n\nName\n\nElla Bee\n\nEmail\n\nella.bee@mail.example\n\nMessage\n\nhello\n"
    found = form_sender(mail(text))
    assert found is not None
    assert found.address == "ella.bee@mail.example"


@pytest.mark.parametrize(
    ("text", "sender"),
    [
        (FORM, "t.brown@hill.example"),  # a colleague passes it on
        ("Name: Ella Bee\nE-mail: ella.bee@mail.example\nMessage: hi", "noreply@formpost.example"),
        ("The contact form is broken again.\nE-mail: it@hill.example", "noreply@formpost.example"),
        ("Ella sent you a message on Zingo\nReply", "noreply@zingo.example"),
    ],
)
def test_other_mail_is_no_form(text: str, sender: str) -> None:
    assert not is_web_form(mail(text, sender))


def test_a_form_without_an_address_names_nobody() -> None:
    assert form_sender(mail(FORM.replace("Ella.Bee@mail.example", "none"))) is None
