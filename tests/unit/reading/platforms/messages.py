"""Messages made for the tests of the recognisers, and the shipped recognisers themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from functools import lru_cache
from pathlib import Path

from mailguard.domain.message import MessageFacts
from mailguard.domain.platform import PlatformFacts
from mailguard.reading.message import read
from mailguard.reading.platforms import Recognisers
from mailguard.shipped import shipped_path

FIXTURES = Path(__file__).parents[3] / "platforms"
AUTHSERV_ID = "mx.school.test"


@lru_cache(maxsize=1)
def shipped() -> Recognisers:
    path = shipped_path("config/platforms.toml")
    return Recognisers.from_toml(path.read_bytes(), str(path))


def facts_of(
    sender: str, subject: str, body: str = "", *, headers: Mapping[str, str] | None = None, dmarc: str = ""
) -> MessageFacts:
    """A message to Dawn Eccles. ``dmarc``: what our own MTA found."""
    message = EmailMessage()
    if dmarc:
        message["Authentication-Results"] = (
            f"{AUTHSERV_ID}; dmarc={dmarc} header.from={sender.rpartition('@')[2].rstrip('>')}"
        )
    message["From"] = sender
    message["To"] = "Dawn Eccles <d.eccles@school.test>"
    message["Subject"] = subject
    for name, value in (headers or {}).items():
        message[name] = value
    message.set_content(body or "\n")
    return read(message.as_bytes(), trusted_authserv_ids=frozenset({AUTHSERV_ID}))


def recognised(sender: str, subject: str, body: str = "") -> PlatformFacts:
    """What the shipped recognisers make of mail that must be a listed service's."""
    found = shipped().recognise(facts_of(sender, subject, body))
    assert found is not None, f"{sender} is not listed"
    return found


@dataclass(frozen=True)
class Fixture:
    platform: str
    event: str
    actor: str
    handle: str
    sender: str
    subject: str
    body: str

    @property
    def is_negative(self) -> bool:
        return self.event == "-"

    def facts(self) -> MessageFacts:
        headers = (
            {"X-Discourse-Post-Id": "71"} if self.platform == "discourse" and not self.is_negative else {}
        )
        return facts_of(self.sender, self.subject, self.body.replace(" / ", "\n"), headers=headers)


def fixtures() -> list[Fixture]:
    found = []
    for path in sorted(FIXTURES.glob("*.txt")):
        for line in path.read_text("utf-8").splitlines():
            event, actor, handle, sender, subject, body = (field.strip() for field in line.split("|", 5))
            found.append(Fixture(path.stem, event, actor, handle, sender, subject, body))
    return found
