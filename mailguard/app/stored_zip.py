"""ZIP files that are the same bytes for the same contents: stored, one date, names in order.

Because nothing is compressed, a reader can write the file anew from its contents and compare: a difference
anywhere, also between the files, shows.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

_PLAIN_FILE = 0o100644 << 16
_UNIX = 3


@dataclass(frozen=True, slots=True)
class Unzipped:
    """``problems``: (name of the file in it, "" for the ZIP itself; what is wrong)."""

    files: Mapping[str, bytes]
    problems: tuple[tuple[str, str], ...]


def write_zip(files: Mapping[str, bytes], *, at: datetime) -> bytes:
    """``at``: the date of every file in it, to two seconds."""
    buffer = io.BytesIO()
    moment = at.astimezone(UTC)
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, moment.timetuple()[:6])
            entry.create_system = _UNIX
            entry.external_attr = _PLAIN_FILE
            archive.writestr(entry, files[name])
    return buffer.getvalue()


def read_zip(content: bytes) -> Unzipped:
    """The files that can be read, and everything that is wrong. Total, whatever the bytes are."""
    files: dict[str, bytes] = {}
    problems: list[tuple[str, str]] = []
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                if entry.filename in files:
                    problems.append((entry.filename, "is in the ZIP twice"))
                    continue
                try:
                    files[entry.filename] = archive.read(entry)
                except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error) as error:
                    problems.append((entry.filename, f"cannot be read: {error}"))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        return Unzipped(files={}, problems=(("", f"is not a whole ZIP file: {error}"),))
    return Unzipped(files=files, problems=tuple(problems))
