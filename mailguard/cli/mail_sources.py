"""Messages from paths: an .eml file, an mbox, a Maildir, a folder of .eml files, or standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class FoundMessage:
    """``raw`` is None when the path could not be read; then ``error`` says why. ``label`` is printed as the path."""

    label: str
    raw: bytes | None = None
    error: str = ""
    file: Path | None = None


def count_files(paths: tuple[str, ...]) -> int:
    """How many files there are, for a progress bar; an mbox counts as one."""
    return sum(len(_files(Path(path))) if path != "-" and Path(path).is_dir() else 1 for path in paths)


def find_messages(paths: tuple[str, ...]) -> Iterator[FoundMessage]:
    """Every message in the order given; files of a folder by name. Files are named, not yet read, where possible."""
    for path in paths:
        if path == "-":
            yield FoundMessage("-", raw=sys.stdin.buffer.read())
            continue
        place = Path(path)
        if place.is_dir():
            files = _files(place)
            if not files:
                yield FoundMessage(path, error="holds no message (no .eml file, no Maildir cur or new)")
            for file in files:
                yield FoundMessage(str(file), file=file)
        elif _is_mbox(place):
            yield from _mbox(place)
        else:
            yield FoundMessage(path, file=place)


def read_message(found: FoundMessage) -> FoundMessage:
    """Load the bytes of a named file; an unreadable one gives its error."""
    if found.raw is not None or found.file is None:
        return found
    try:
        return FoundMessage(found.label, raw=found.file.read_bytes())
    except OSError as problem:
        return FoundMessage(found.label, error=problem.strerror or str(problem))


def _files(folder: Path) -> list[Path]:
    maildir = [folder / "cur", folder / "new"]
    if any(place.is_dir() for place in maildir):
        return sorted(
            file for place in maildir if place.is_dir() for file in place.iterdir() if file.is_file()
        )
    return sorted(file for file in folder.rglob("*.eml") if file.is_file())


def _is_mbox(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(5) == b"From "
    except OSError:
        return False


def _mbox(path: Path) -> Iterator[FoundMessage]:
    """Split at "From " lines after an empty line (RFC 4155); ">From " is unquoted once."""
    number = 0
    lines: list[bytes] = []
    previous_blank = True
    with path.open("rb") as file:
        for line in file:
            if line.startswith(b"From ") and previous_blank:
                if number:
                    yield FoundMessage(f"{path}:{number}", raw=b"".join(lines))
                number += 1
                lines = []
                previous_blank = False
                continue
            previous_blank = line.strip(b"\r\n") == b""
            lines.append(line[1:] if line.startswith(b">From ") else line)
    yield FoundMessage(f"{path}:{number}", raw=b"".join(lines))
