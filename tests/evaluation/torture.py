"""Reads every hostile message of ``evaluation/real/torture_dev.tar.xz`` and says what became of it.

``python -m tests.evaluation.torture [ARCHIVE]``: exit status 1 when reading had a fault of its own, took too
long, or lost words that two other readers (the standard library's and fast-mail-parser's) see in a plain text.
"""

from __future__ import annotations

import collections
import email
import email.message
import re
import sys
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import fast_mail_parser

from mailguard.domain.message import MessageFacts
from mailguard.reading.message import read

ARCHIVE = Path(__file__).parents[3] / "shared" / "evaluation" / "real" / "torture_dev.tar.xz"
SLOWEST_SECONDS = 2.0
# A file inside the text is no text to us, and fields below a broken line are fields.
_DIFFERENTLY_CUT = frozenset({"inline-encoded-file", "garbage-in-header"})
_ADDRESS = re.compile(r"(?<!\S)\S{0,10}(?:://|www\.)\S*")
_WORD = re.compile(r"[a-z]{4,}")


@dataclass(slots=True)
class Result:
    """``faults``, ``slow`` and ``lost`` are (name, what); all three must be empty."""

    count: int = 0
    unreadable: int = 0
    seconds: list[float] = field(default_factory=list)
    defects: collections.Counter[str] = field(default_factory=collections.Counter)
    faults: list[tuple[str, str]] = field(default_factory=list)
    slow: list[tuple[str, float]] = field(default_factory=list)
    lost: list[tuple[str, list[str]]] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return self.count > 0 and not (self.faults or self.slow or self.lost)


def torture(archive: Path) -> Result:
    """Read all of ``archive``."""
    result = Result()
    for name, raw in _messages(archive):
        begun = time.perf_counter()
        facts = read(raw)
        seconds = time.perf_counter() - begun
        result.count += 1
        result.seconds.append(seconds)
        result.unreadable += not facts.is_readable
        result.defects.update(facts.defects)
        result.faults += [(name, defect) for defect in facts.defects if defect.startswith("reading-fault")]
        if seconds > SLOWEST_SECONDS:
            result.slow.append((name, seconds))
        if lost := lost_words(raw, facts):
            result.lost.append((name, lost))
    return result


def _messages(archive: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as packed:
        for member in packed:
            content = packed.extractfile(member) if member.isfile() else None
            if content is not None:
                yield member.name, content.read()


def lost_words(raw: bytes, facts: MessageFacts) -> list[str]:
    """Words that both other readers see in a plain text part and that stand in none of our texts."""
    if not facts.is_readable or _DIFFERENTLY_CUT.intersection(facts.defects):
        return []
    texts = (facts.own_text, facts.quoted_text, facts.forwarded_text, facts.hidden_text, facts.signature_text)
    addresses = [link.url for link in facts.links]
    ours = set(_WORD.findall("\n".join([*texts, *addresses]).lower()))
    # An address is looked up by its host: an alternative text may write it at length and the HTML stand behind a word.
    return sorted((_standard_words(raw) & _fast_words(raw)) - ours)[:20]


def _words(text: str) -> set[str]:
    return set(_WORD.findall(_ADDRESS.sub(" ", text).lower()))


def _standard_words(raw: bytes) -> set[str]:
    try:
        parts = [part for part in email.message_from_bytes(raw).walk() if not part.is_multipart()]
        texts = [_payload(part) for part in parts if part.get_content_type() == "text/plain"]
    except (TypeError, ValueError, LookupError, AttributeError, RecursionError):
        return set()
    return _words("\n".join(texts))


def _payload(part: email.message.Message) -> str:
    payload = part.get_payload(decode=True)
    return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def _fast_words(raw: bytes) -> set[str]:
    try:
        parsed = fast_mail_parser.parse_email(raw)
    except (fast_mail_parser.ParseError, ValueError, UnicodeDecodeError):
        return set()
    return _words("\n".join(parsed.text_plain))


def main(arguments: list[str]) -> int:
    result = torture(Path(arguments[0]) if arguments else ARCHIVE)
    seconds = sorted(result.seconds) or [0.0]
    print(f"{result.count} messages, {result.unreadable} unreadable, {len(result.faults)} faults of reading")
    print(f"median {1000 * seconds[len(seconds) // 2]:.1f} ms, slowest {1000 * seconds[-1]:.0f} ms")
    for defect, count in result.defects.most_common():
        print(f"{count:6} {defect}")
    for name, what in [*result.faults, *result.slow, *result.lost]:
        print(f"{name}: {what}")
    return 0 if result.is_good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
