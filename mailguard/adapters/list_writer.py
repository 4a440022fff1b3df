"""List files read and replaced: whole, durable, with the rights they had.

FAILURE: killed anywhere, the file is the old one or the new one, never a piece of either.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from mailguard.app.failpoints import reach
from mailguard.app.ports import PermanentFailure

_FIX = "IT can put the file in place, or move the lists to a folder that mailguard may write to"


class ListFolder:
    """``app.list_editing.ListWriter`` over the file system."""

    def read(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise PermanentFailure(f"{path.name} cannot be read: {error.strerror}") from error

    def is_writable(self, path: Path) -> bool:
        """Whether a new file may be put in its place: that is a right on the folder."""
        return os.access(path.parent, os.W_OK | os.X_OK)

    def write(self, path: Path, content: bytes) -> None:
        try:
            mode = path.stat().st_mode & 0o777
            descriptor, beside = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fchmod(file.fileno(), mode)
                    os.fsync(file.fileno())
                reach("list-written-beside")
                os.replace(beside, path)
                reach("list-replaced")
            except OSError:
                Path(beside).unlink(missing_ok=True)
                raise
            folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise PermanentFailure(f"{path.name} cannot be written: {error.strerror}. {_FIX}") from error
