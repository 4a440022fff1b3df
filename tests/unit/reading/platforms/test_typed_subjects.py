"""What a person typed, shown by the service as subject or first line, makes nothing else of the contact that the text tells of."""

from __future__ import annotations

import pytest

from mailguard.domain.words import Event
from mailguard.reading.message import read
from tests.unit.reading.platforms.messages import shipped

_NEWS = "Marta Oakes sent you a message"


def event_and_actor(subject: str, body: str, *headers: str, sender: str = "no-reply@mail.instagram.com"):
    lines = [f"From: Instagram <{sender}>", f"Subject: {subject}", *headers, "", body, ""]
    found = shipped().recognise(read("\r\n".join(lines).encode()))
    assert found is not None
    return found.event, found.actor


@pytest.mark.parametrize(
    "subject",
    [
        "reset your password",
        "your account has been suspended",
        "you are live now",
        "your video is published",
        "people you may know",
        "welcome to instagram",
    ],
)
def test_a_text_that_names_who_wrote_counts_more_than_a_subject_that_names_nobody(subject: str):
    assert event_and_actor(subject, f"{_NEWS}\r\nReply") == (Event.DIRECT_MESSAGE, "Marta Oakes")


def test_a_header_that_says_message_counts_more_than_a_subject_like_a_code():
    found = event_and_actor(
        "reset your password",
        "Marta Oakes\r\nreset your password",
        "X-Facebook-Notify: msg; x",
        sender="notification+x@facebookmail.com",
    )
    assert found[0] is Event.DIRECT_MESSAGE


def test_a_code_stays_one_where_nobody_is_named():
    body = "Use 123456 to reset your password.\r\nInstagram sent you a message because somebody asked for it."
    assert event_and_actor("Reset your password", body)[0] is Event.SECURITY


@pytest.mark.parametrize("greeting", ["Hi Priya,", "Cześć Priya,", "Bonjour Priya,"])
def test_a_name_above_its_news_is_found_below_a_greeting(greeting: str):
    body = f"{greeting}\r\n\r\nMarta Oakes\r\nsent you a message\r\nOpen"
    assert event_and_actor("Instagram", body) == (Event.DIRECT_MESSAGE, "Marta Oakes")


@pytest.mark.parametrize(
    "line",
    [
        "It looks like you are trying to log in from a new device.",
        "We saved your settings.",
        "This adds you to nothing.",
    ],
)
def test_what_a_service_says_of_itself_names_nobody(line: str):
    assert event_and_actor("Your login code", f"{line}\r\n482913")[0] is Event.SECURITY


@pytest.mark.parametrize(
    "line",
    [
        "email registration closes tomorrow miss can i come",
        "vérification de ton e-mail stp",
        "安全代码1234",
        "we got a request to change your email lol",
        "e-posta adresi değişti hocam",
    ],
)
def test_a_line_with_more_than_a_service_s_sentence_is_no_code(line: str):
    assert event_and_actor("Instagram", line)[0] is not Event.SECURITY
