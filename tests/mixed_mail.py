"""A seeded mixture of a school's mail: every kind, odd bytes included, with what must become of each."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.schooling import (
    DECLARED_CHILD,
    DEPUTY,
    HEAD,
    OFFICE,
    PARENT,
    PUPIL,
    PUPIL_AT_HOME,
    SECOND_TEACHER,
    STRANGER,
    TEACHER,
)

_STAFF = (TEACHER, SECOND_TEACHER, OFFICE, DEPUTY, HEAD)


@dataclass(frozen=True, slots=True)
class Mixed:
    """``held_from``: the recipients that must not get it; ``is_reported``: a report must come now."""

    number: int
    mail_from: str
    recipients: tuple[str, ...]
    raw: bytes
    held_from: frozenset[str]
    is_reported: bool

    @property
    def token(self) -> bytes:
        """Stands in the body, and nowhere else."""
        return b"token-%06d-" % self.number


def mixture(count: int, *, seed: int = 1) -> list[Mixed]:
    """``count`` messages; the same for the same seed."""
    chance = random.Random(seed)
    return [_one(number, chance) for number in range(count)]


def _one(number: int, chance: random.Random) -> Mixed:
    kind = chance.choice(
        ("pupil", "pupil-home", "parent", "stranger", "declared", "internal", "two", "odd", "follow", "large")
    )
    teacher = chance.choice(_STAFF)
    sender, held, reported = STRANGER, False, False
    recipients: tuple[str, ...] = (teacher,)
    match kind:
        case "pupil" | "pupil-home":
            sender = PUPIL if kind == "pupil" else PUPIL_AT_HOME
            held = reported = True
        case "two":
            sender, recipients, held, reported = PUPIL, (TEACHER, SECOND_TEACHER), True, True
        case "parent":
            sender = PARENT
        case "declared":
            sender, recipients = DECLARED_CHILD, (TEACHER,)
        case "internal":
            sender = OFFICE
        case "follow":
            sender, held, reported = "no-reply@mail.instagram.com", True, True
        case _:
            sender = STRANGER
    body = _body(kind, number, chance)
    subject = "ella.bee started following you" if kind == "follow" else f"Message {number}"
    header = (
        f"From: <{sender}>\r\nTo: {', '.join(f'<{each}>' for each in recipients)}\r\nSubject: {subject}\r\n"
        f"Message-ID: <mixed-{number}@test.example>\r\nDate: Tue, 24 Nov 2026 09:00:00 +0000\r\n"
    ).encode()
    if kind == "odd":
        header += b"X-Odd: \xe9\xff raw bytes\r\nX-Long: " + b"y" * 900 + b"\r\n"
    return Mixed(
        number=number,
        mail_from=sender,
        recipients=recipients,
        raw=header + b"\r\n" + body,
        held_from=frozenset(recipients) if held else frozenset(),
        is_reported=reported,
    )


def _body(kind: str, number: int, chance: random.Random) -> bytes:
    token = b"token-%06d-" % number
    match kind:
        case "odd":
            return b".\r\n..two dots\r\n\r\n" + token + b" caf\xc3\xa9 \xe9 tail \t \r\n.\tend\r\n"
        case "large":
            lines = b"".join(
                b"%032x\r\n" % chance.getrandbits(128) for _ in range(chance.randrange(200, 3000))
            )
            return token + b"\r\n" + lines
        case "follow":
            return (
                b"ella.bee (@ella.bee) started following you on Instagram. See profile.\r\n" + token + b"\r\n"
            )
        case "parent":
            return b"Ella has a dentist appointment on Thursday at ten. " + token + b"\r\nPriya Sharma\r\n"
        case _:
            return b"Good morning, the list for Thursday is ready. " + token + b"\r\n"
