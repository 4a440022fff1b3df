"""Training examples: features with the labels each head may learn from, and the group that is held out together."""

from __future__ import annotations

import hashlib
import re
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from joblib import Parallel, delayed

from mailguard.app.lists import read_domains
from mailguard.classifier.compose import compose
from mailguard.classifier.corpus import Record
from mailguard.classifier.features import Features, extract, text_read_whole
from mailguard.classifier.stretches import asides_of, stretches_of
from mailguard.domain.message import MessageFacts
from mailguard.domain.words import Event, Initiator, Kind, Nature
from mailguard.reading.message import read
from mailguard.shipped import shipped_path

Progress = Callable[[str, int, int], None]  # what is being done, how much is done, of how much

_AT_ONCE = 200  # records that one worker makes into mail before it tells
_FEW_CHUNKS = 10
_WORKERS = 2
_NUMBERED = re.compile(r"(?:-\d+)?\.txt$")


def no_progress(step: str, done: int, total: int) -> None:
    """For callers who do not watch."""


@dataclass(frozen=True, slots=True)
class Example:
    """``natures`` None: this head learns nothing here; ``only_grave``: learns only that it is none of the grave ones.

    ``text``: subject and own words as the encoder reads them. ``is_personal_mail``: of an office mail, whether it came from a
    free-mail provider, the only addresses of which decisions ask whether a child writes that no list knows. ``stretches``: as
    ``classifier.stretches`` cuts it.
    """

    features: Features
    kind: Kind
    event: Event | None
    natures: frozenset[Nature] | None
    only_grave: bool
    initiator: Initiator | None
    group: str
    source: str
    language: str = "en"
    is_office: bool = False
    is_personal_mail: bool = False
    variant: int = 0
    text: tuple[str, str] = ("", "")
    stretches: tuple[str, ...] = ()


def from_corpus(
    records: Sequence[Record], *, seed: int, variants: Sequence[int], progress: Progress = no_progress
) -> list[Example]:
    """`variants` compositions of every record, in order; many are made on two cores."""
    chunks = [records[start : start + _AT_ONCE] for start in range(0, len(records), _AT_ONCE)]
    # Processes: reading mail is Python, which threads would do one at a time.
    workers = Parallel(n_jobs=_WORKERS if len(chunks) > _FEW_CHUNKS else 1, return_as="generator")
    found: list[Example] = []
    for done, some in enumerate(
        workers(delayed(_composed)(chunk, seed, tuple(variants)) for chunk in chunks)
    ):
        found.extend(some)
        progress("composing", done * _AT_ONCE, len(records))
    progress("composing", len(records), len(records))
    return found


def author_of(record: Record) -> str:
    """Who wrote `record`, or of which platform it is: texts that are held out together.

    The files of one author bear one name and a number: ``direct/abc-def-3.txt`` is of ``direct/abc-def``.
    """
    return record.platform or _NUMBERED.sub("", record.file)


def _composed(records: Sequence[Record], seed: int, variants: Sequence[int]) -> list[Example]:
    found: list[Example] = []
    for record in records:
        for variant in variants:
            facts = compose(record, seed=seed, variant=variant)
            found.append(
                Example(
                    features=extract(facts),
                    kind=record.kind,
                    event=record.event,
                    natures=_natures(record),
                    only_grave=record.kind is Kind.BULK,
                    initiator=record.initiator if record.kind is Kind.DIRECT else Initiator.NONE,
                    group=author_of(record),
                    source=f"{record.file}:{record.line}",
                    language=record.language,
                    variant=variant,
                    text=text_read_whole(facts),
                    stretches=_stretches(facts, is_childs=record.initiator is Initiator.CHILD),
                )
            )
    return found


def _natures(record: Record) -> frozenset[Nature] | None:
    """A platform's wording has no nature; bulk mail is only never grave."""
    match record.kind:
        case Kind.NOTIFICATION:
            return None
        case Kind.AUTOMATIC:
            return frozenset(record.natures) or frozenset({Nature.AUTOMATIC})
        case Kind.BULK | Kind.DIRECT:
            return frozenset(record.natures)


def from_office_mail(archive: Path, *, progress: Progress = no_progress) -> tuple[list[Example], str]:
    """Real office mail as negatives, and the archive's SHA-256. None of it is a child's contact or of a grave nature."""
    found: list[Example] = []
    for number, (name, raw) in enumerate(office_messages(archive)):
        found.append(office_example(read(raw), name=name))
        if number % 100 == 0:
            progress("reading office mail", number, 0)
    progress("reading office mail", len(found), len(found))
    return found, hashlib.sha256(archive.read_bytes()).hexdigest()


def office_messages(archive: Path) -> Iterator[tuple[str, bytes]]:
    """(name, raw message) in order of name. Nothing is unpacked to disk."""
    with tarfile.open(archive) as tar:
        for member in sorted((member for member in tar if member.isfile()), key=lambda member: member.name):
            opened = tar.extractfile(member)
            if opened is not None:
                yield member.name, opened.read()


def office_example(facts: MessageFacts, *, name: str) -> Example:
    """Bulk by its headers (lists, Precedence), else direct; held out with mail of the same sender."""
    is_bulk = (
        facts.header("precedence").lower() in {"bulk", "list", "junk"}
        or bool(facts.header("list-unsubscribe"))
        or bool(facts.header("list-id"))
    )
    sender = next((mailbox.address.lower() for mailbox in facts.named("From")), name)
    return Example(
        features=extract(facts),
        kind=Kind.BULK if is_bulk else Kind.DIRECT,
        event=None,
        natures=frozenset(),
        only_grave=True,
        initiator=Initiator.NONE if is_bulk else Initiator.OTHER,
        group=f"office:{sender}",
        source=f"office:{name}",
        is_office=True,
        is_personal_mail=sender.rpartition("@")[2] in _free_mail_domains(),
        text=text_read_whole(facts),
        stretches=_stretches(facts, is_childs=False),
    )


def _stretches(facts: MessageFacts, *, is_childs: bool) -> tuple[str, ...]:
    parts = [*stretches_of(facts), *(asides_of(facts) if is_childs else ())]
    return tuple(part.own_text for part in parts)


@cache
def _free_mail_domains() -> frozenset[str]:
    return read_domains(shipped_path("config/free_mail_domains.txt").read_text("utf-8").splitlines())
