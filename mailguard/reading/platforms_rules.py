"""The rules of config/platforms.toml, checked and compiled."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from mailguard.domain.words import Event, PlatformClass

SCHOOL_CLASSES = frozenset({PlatformClass.EDUCATION, PlatformClass.COLLABORATION})


class PlatformsProblem(ValueError):
    """All that is wrong with a recogniser file, one line each: file, key, value, fix."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@cache
def compiled(expression: str) -> re.Pattern[str]:
    """Regardless of case. Raises re.error."""
    return re.compile(expression, re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wording:
    """One way to say that something happened; a group ``who``, where there is one, is the person who acted.

    Compiled when it is first tried: there are thousands, most in languages that a school never meets.
    ``is_first``: tried before the wordings of graver events, where one service means something else by their words.
    """

    event: Event
    language: str
    expression: str
    is_first: bool = False

    @property
    def pattern(self) -> re.Pattern[str]:
        return compiled(self.expression)


@dataclass(frozen=True, slots=True)
class HeaderRule:
    """``header`` in lower case."""

    header: str
    pattern: re.Pattern[str]
    event: Event


@dataclass(frozen=True, slots=True)
class GatewayRule:
    """``domain`` "*" is any domain; ``local``: what the local part must look like."""

    kind: str
    domain: str
    local: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class LinkRule:
    """``path`` is sought in path, query and fragment."""

    hosts: tuple[str, ...]
    path: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Platform:
    """What is known of one service. ``domains`` cover their subdomains, ``addresses`` are whole; all lower case."""

    id: str
    name: str
    platform_class: PlatformClass
    domains: tuple[str, ...]
    addresses: tuple[str, ...]
    names: tuple[str, ...]
    senders: re.Pattern[str] | None
    hosts: tuple[re.Pattern[str], ...]
    shows_handles: bool
    is_by_header: bool
    imitated: tuple[str, ...]
    local_parts: tuple[tuple[re.Pattern[str], Event], ...]
    headers: tuple[HeaderRule, ...]
    gateways: tuple[GatewayRule, ...]
    links: tuple[LinkRule, ...]
    wordings: tuple[Wording, ...]


@dataclass(frozen=True, slots=True)
class TextRules:
    """Patterns about what surrounds a notification's news; see [text] in the file."""

    footer: re.Pattern[str]
    greeting: re.Pattern[str]
    call: re.Pattern[str]
    detail: re.Pattern[str]
    nobody: re.Pattern[str]
    others: re.Pattern[str]
    machine: re.Pattern[str]
    notice: re.Pattern[str]
    office: re.Pattern[str]
    contact: re.Pattern[str]
    social: re.Pattern[str]
    office_headers: frozenset[str]


@dataclass(frozen=True, slots=True)
class PlatformFile:
    """The whole file. ``version``: first 12 hex digits of the SHA-256 of its bytes."""

    version: str
    never: frozenset[str]
    platforms: tuple[Platform, ...]
    wordings: tuple[Wording, ...]
    text: TextRules
