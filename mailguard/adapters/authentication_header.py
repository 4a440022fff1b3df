"""What sender authentication needs from a raw header: the domains of From, and the signatures.

A second, smaller reading beside ``mailguard.reading``: it runs before judging, on bytes nobody has checked,
and never raises. Source: RFC 5322 3.4, RFC 6376 3.5.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import idna

from mailguard.reading.dkim_signature import MOST_SIGNATURES, read_signature

_LARGEST_HEADER_BYTES = 1_048_576
_MOST_FROM_DOMAINS = 3
# What is never closed is matched, too: looking at each stretch once keeps the time linear.
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*(?:(?P<closed>")|\\?\Z)', re.DOTALL)
_COMMENT = re.compile(r"\((?:[^()\\]|\\.)*(?:(?P<closed>\))|(?=\()|\\?\Z)", re.DOTALL)
_DEEPEST_COMMENT = 8
_ANGLED = re.compile(r"<[^<>]*@([^<>@]*)>")
_PLAIN = re.compile(r"@\s*([^\s<>@,;:]+)")


@dataclass(frozen=True, slots=True)
class Signature:
    """A DKIM-Signature as far as it can be read without its key. ``index`` counts from the top.

    ``is_partial``: it has ``l=``, so text may follow what it covers.
    """

    index: int
    domain: str
    selector: str
    is_partial: bool
    algorithm: str = ""
    body_hash: str = ""

    @property
    def key_name(self) -> str:
        """Where DNS has its key."""
        return f"{self.selector}._domainkey.{self.domain}"


@dataclass(frozen=True, slots=True)
class HeaderBlock:
    """Raw fields in order, topmost first: lower-case name, unfolded value."""

    fields: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, raw: bytes) -> HeaderBlock:
        """Total: whatever is no field is passed over. ``raw`` has CRLF line ends."""
        block = raw[:_LARGEST_HEADER_BYTES].partition(b"\r\n\r\n")[0].decode("utf-8", "replace")
        fields: list[tuple[str, list[str]]] = []
        for line in block.split("\r\n"):
            if line[:1] in (" ", "\t"):
                if fields:
                    fields[-1][1].append(line)
                continue
            name, colon, value = line.partition(":")
            if colon:
                fields.append((name.strip().lower(), [value]))
        return cls(tuple((name, "".join(lines)) for name, lines in fields))

    def values(self, name: str) -> tuple[str, ...]:
        """Every value of a field, topmost first. ``name`` in lower case."""
        return tuple(value for key, value in self.fields if key == name)

    def from_domains(self) -> tuple[str, ...]:
        """ASCII domains of the addresses in all From fields, in order, each once; a few at most."""
        found: dict[str, None] = {}
        for value in self.values("from"):
            for mailbox in _without_words(value).split(","):
                for domain in _ANGLED.findall(mailbox) or _PLAIN.findall(mailbox)[-1:]:
                    ascii_domain = to_ascii(domain)
                    if ascii_domain:
                        found[ascii_domain] = None
        return tuple(found)[:_MOST_FROM_DOMAINS]

    def signatures(self) -> tuple[Signature, ...]:
        """The topmost DKIM signatures that name a domain and a selector; a few at most."""
        found = []
        for index, value in enumerate(self.values("dkim-signature")[:MOST_SIGNATURES]):
            read = read_signature(value)
            domain = to_ascii(read.domain)
            if domain and read.selector.isascii() and read.selector:
                found.append(
                    Signature(index, domain, read.selector, read.is_partial, read.algorithm, read.body_hash)
                )
        return tuple(found)


def to_ascii(domain: str) -> str:
    """The domain as DNS knows it, lower-case without final dot; "" when it is none."""
    bare = domain.strip().rstrip(".").lower()
    if not bare or bare.startswith("["):
        return ""
    if bare.isascii():
        return bare if re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", bare) else ""
    try:
        return idna.encode(bare, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return ""


def _unless_closed(found: re.Match[str]) -> str:
    return "" if found["closed"] else found.group()


def _without_words(value: str) -> str:
    """The field without quoted strings and comments, in which an "@" or a comma means nothing."""
    bare = _QUOTED.sub(_unless_closed, value)
    for _ in range(_DEEPEST_COMMENT):
        shorter = _COMMENT.sub(_unless_closed, bare)
        if shorter == bare:
            break
        bare = shorter
    return bare
