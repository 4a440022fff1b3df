"""Training texts: plain files that people can read and extend, loaded whole or refused with every fault at once.

A record is a line ``== key=value ...``, a line ``Subject: ...`` and the body up to the next ``== ``. Format: models/corpus/README.md.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mailguard.domain.words import Direction, Event, Initiator, Kind, Nature

_FIELD = re.compile(r'([a-z_]+)=("[^"]*"|\S+)')
_KEYS = frozenset(
    {
        "nature",
        "initiator",
        "direction",
        "language",
        "kind",
        "platform",
        "event",
        "era",
        "actor",
        "sender_name",
    }
)
_INITIATORS = frozenset(word.value for word in Initiator) - {Initiator.PROBABLE_CHILD.value}
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,8})?")
_START = "== "
_SUBJECT = "Subject:"


class CorpusError(ValueError):
    """Records that cannot be used. ``problems``: one "file:line: what, and what to write instead" each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Record:
    """One text with its labels. ``file`` is the name below the corpus folder and stands for the author; ``line`` from 1.

    ``sender_name``: the From display name of direct mail, where its writer gave one ("" is mail without a name).
    """

    file: str
    line: int
    subject: str
    body: str
    kind: Kind = Kind.DIRECT
    natures: tuple[Nature, ...] = ()
    initiator: Initiator = Initiator.OTHER
    direction: Direction = Direction.INBOUND
    language: str = "en"
    platform: str = ""
    event: Event | None = None
    era: str = ""
    actor: str = ""
    sender_name: str | None = None


@dataclass(frozen=True, slots=True)
class Corpus:
    """``sha256`` is over names and bytes of the files in order of name: equal texts give equal models."""

    records: tuple[Record, ...]
    sha256: str


def load_corpus(folder: Path) -> Corpus:
    """Every record of every ``*.txt`` below `folder`. Raises CorpusError naming all faults; an empty folder is one."""
    digest = hashlib.sha256()
    records: list[Record] = []
    problems: list[str] = []
    for path in sorted(folder.rglob("*.txt"), key=lambda path: path.relative_to(folder).as_posix()):
        name = path.relative_to(folder).as_posix()
        content = path.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            problems.append(f"{name}: is not UTF-8 ({error.reason} at byte {error.start}): save it as UTF-8")
            continue
        found, faults = parse_records(text, file=name)
        records.extend(found)
        problems.extend(faults)
    if not records and not problems:
        problems.append(f"{folder.name}: has no records: put .txt files there")
    if problems:
        raise CorpusError(problems)
    return Corpus(records=tuple(records), sha256=digest.hexdigest())


def parse_records(text: str, *, file: str) -> tuple[list[Record], list[str]]:
    """The records of one file and what is wrong with the others. Never raises."""
    records: list[Record] = []
    problems: list[str] = []
    lines = text.replace("\r\n", "\n").split("\n")
    starts = [number for number, line in enumerate(lines) if line.startswith(_START)]
    if any(line.strip() for line in lines[: starts[0] if starts else None]):
        problems.append(f'{file}:1: text before the first record: begin with a line "== key=value ..."')
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        record, faults = _parse_record(lines[start:end], file=file, line=start + 1)
        problems.extend(f"{file}:{start + 1}: {fault}" for fault in faults)
        if record is not None and not faults:
            records.append(record)
    return records, problems


def _parse_record(lines: list[str], *, file: str, line: int) -> tuple[Record | None, list[str]]:
    head = lines[0].removeprefix(_START)
    fields = {key: value.strip('"') for key, value in _FIELD.findall(head)}
    faults = [f"unknown key {key!r}: one of {', '.join(sorted(_KEYS))}" for key in fields if key not in _KEYS]
    if _FIELD.sub("", head).strip():
        faults.append(
            f"cannot read {_FIELD.sub('', head).strip()!r}: write key=value, values with spaces in quotes"
        )
    if len(lines) < 2 or not lines[1].startswith(_SUBJECT):
        faults.append('the second line must be "Subject: ..." (it may be empty after the colon)')
        return None, faults
    faults.extend(_wrong_words(fields))
    subject, body = lines[1].removeprefix(_SUBJECT).strip(), "\n".join(lines[2:]).strip("\n")
    if faults:
        return None, faults
    kind = Kind(fields.get("kind", Kind.DIRECT.value))
    natures = sorted(
        {Nature(word) for word in fields.get("nature", "").split("+") if word}, key=lambda n: n.gravity
    )
    record = Record(
        file=file,
        line=line,
        subject=subject,
        body=body,
        kind=kind,
        natures=tuple(natures),
        initiator=Initiator(fields.get("initiator", Initiator.NONE.value)),
        direction=Direction(fields.get("direction", Direction.INBOUND.value)),
        language=fields.get("language", "en"),
        platform=fields.get("platform", ""),
        event=Event(fields["event"]) if "event" in fields else None,
        era=fields.get("era", ""),
        actor=fields.get("actor", ""),
        sender_name=fields.get("sender_name"),
    )
    if kind is Kind.DIRECT and not record.natures:
        return None, ["a direct message needs a nature"]
    if kind is Kind.NOTIFICATION and (record.event is None or not record.platform):
        return None, ["a notification needs a platform and an event"]
    return record, []


def _wrong_words(fields: dict[str, str]) -> list[str]:
    vocabulary: dict[str, frozenset[str]] = {
        "kind": frozenset(word.value for word in Kind),
        "initiator": _INITIATORS,
        "direction": frozenset(word.value for word in Direction),
        "event": frozenset(word.value for word in Event),
    }
    faults = [
        f"{key}={fields[key]}: one of {', '.join(sorted(words))}"
        for key, words in vocabulary.items()
        if key in fields and fields[key] not in words
    ]
    known = {word.value for word in Nature}
    faults.extend(
        f"nature={word}: one of {', '.join(sorted(known))}"
        for word in fields.get("nature", "").split("+")
        if word and word not in known
    )
    if "language" in fields and not _LANGUAGE.fullmatch(fields["language"]):
        faults.append(f"language={fields['language']}: an ISO code such as en, pl or ur-Latn")
    return faults
