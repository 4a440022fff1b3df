from __future__ import annotations

import pytest

from mailguard.domain.message import TextSource
from mailguard.reading.links import host_of, links_in
from mailguard.reading.message import read
from tests.unit.reading.composing import html, mail


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("join chat.whatsapp.com/AbC123", "chat.whatsapp.com"),
        ("t.me/kian", "t.me"),
        ("its discord.gg/xyz ok", "discord.gg"),
        ("see https://www.Instagram.com/kian.", "www.instagram.com"),
        ("www.tiktok.com", "www.tiktok.com"),
        ("(snapchat.com/add/kian)", "snapchat.com"),
        ("http://user:pw@host.example:8080/x", "host.example"),
        ("whatsapp://send?text=x", "send"),
        ("HTTP://X.EXAMPLE", "x.example"),
    ],
)
def test_url_like_words_are_links(text: str, host: str) -> None:
    assert [link.host for link in links_in(text, TextSource.OWN)] == [host]


@pytest.mark.parametrize(
    "text",
    [
        "and/or",
        "Mr.Smith/Mrs.Jones",
        "me@post.example/x",
        "homework.It was",
        "9.30/10.00",
        "file.docx",
        "e.g. x",
        "../up/x.txt",
    ],
)
def test_ordinary_words_are_no_links(text: str) -> None:
    assert links_in(text, TextSource.OWN) == []


def test_wrapped_links_are_also_seen_unwrapped() -> None:
    facts = read(
        html(
            '<a href="https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fchat.whatsapp.com%2'
            'Fabc&data=x">group</a>'
            '<a href="https://urldefense.com/v3/__https://t.me/kian__;!!x">tg</a>'
        )
    )
    assert {"chat.whatsapp.com", "t.me"} <= {link.host for link in facts.links}


def test_internationalised_hosts_are_decoded() -> None:
    assert host_of("https://xn--caf-dma.example/x") == "café.example"
    assert host_of("https://xn--\u00e9.example/x") == "xn--é.example"
    assert host_of("http://a.example%2e/") == "a.example"
    assert host_of("mailto:x") == ""


def test_links_know_whose_text_they_stand_in() -> None:
    body = (
        "look t.me/own\r\n\r\nOn 3 Nov 2026, A <a@x.example> wrote:\r\n> t.me/quoted\r\n\r\n-- \r\nt.me/sig"
    )
    facts = read(mail(body, "In-Reply-To: <1@x.example>"))
    assert [(link.url, link.source.value) for link in facts.links] == [
        ("http://t.me/own", "own"),
        ("http://t.me/quoted", "quoted"),
        ("http://t.me/sig", "signature"),
    ]


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "noise",
    [
        "a." * 60_000,
        "http://" * 30_000,
        "www." * 40_000,
        "a.com/" * 30_000,
        "-." * 60_000 + "com/x",
        "1" * 150_000,
    ],
)
def test_hostile_text_takes_bounded_time(noise: str) -> None:
    assert len(read(mail(noise)).links) <= 1_000
