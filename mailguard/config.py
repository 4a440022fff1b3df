"""The settings: one TOML file, validated whole, with every error at once (file, line, key, value, fix).

Everything but [school], [lists] and [roles] has a safe default. Paths are relative to the file. Secrets are not written
here but named: a file, an environment variable or a systemd credential. Source of the reference: docs/reference/configuration.md.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import (
    ValidationError,
)

from mailguard.config_schema import Config


class ConfigProblem(Exception):
    """The settings cannot be used. ``problems``: one line each, with file, line, key, value and fix."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """``path`` as given, ``folder`` that relative paths start from, ``digest`` hex SHA-256 of the file."""

    config: Config
    path: Path
    folder: Path
    digest: str

    def resolve(self, path: Path) -> Path:
        return path if path.is_absolute() else self.folder / path


def load_config(path: Path) -> LoadedConfig:
    """Read and validate. Raises ConfigProblem with everything that is wrong."""
    import hashlib

    try:
        data = path.read_bytes()
        text = data.decode("utf-8")
    except OSError as problem:
        reason = problem.strerror or str(problem)
        raise ConfigProblem(
            [f"{path}: cannot be read: {reason}; give --config FILE or set MAILGUARD_CONFIG"]
        ) from problem
    except UnicodeDecodeError as problem:
        raise ConfigProblem([f"{path}: is not UTF-8 at byte {problem.start}; save it as UTF-8"]) from problem
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise ConfigProblem(
            [f"{path}: is not TOML: {problem}; compare with the sample config/mailguard.toml"]
        ) from problem
    try:
        config = Config.model_validate(document)
    except ValidationError as problem:
        raise ConfigProblem([_explain(error, text, path) for error in problem.errors()]) from problem
    loaded = LoadedConfig(config, path, path.resolve().parent, hashlib.sha256(data).hexdigest())
    missing = [
        f"{path}:{_line_of(text, ('lists', name))}: lists.{name} = {str(entry)!r}: no such file; correct the path"
        for name, entry in config.lists
        if entry is not None and not loaded.resolve(entry).is_file()
    ]
    if missing:
        raise ConfigProblem(missing)
    return loaded


def _explain(error: Any, text: str, path: Path) -> str:
    """One validation error as "file:line: key = value: what is wrong; fix"."""
    location = tuple(
        part for part in error["loc"] if not (isinstance(part, str) and part.startswith("function-"))
    )
    key = ".".join(str(part) for part in location) or "the file"
    line = _line_of(text, location)
    shown = (
        ""
        if error["type"] in ("missing", "value_error") and not location
        else _shown(error.get("input"), error["type"], key)
    )
    fix = _FIXES.get(error["type"], "see docs/reference/configuration.md")
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"{path}:{line}: {key}{shown}: {message}; {fix}"


_FIXES = {
    "missing": "add it",
    "extra_forbidden": "no such setting: check the spelling or remove it",
    "string_type": 'write text in quotes, such as "value"',
    "int_type": "write a whole number without quotes",
    "bool_type": "write true or false without quotes",
    "list_type": 'write a list, such as ["a", "b"]',
    "value_error": "correct the value",
    "too_short": "give at least one",
    "date_type": "write a date without quotes, such as 2026-09-01",
}


def _shown(value: object, kind: str, key: str) -> str:
    if kind == "missing" or isinstance(value, dict):
        return ""
    if any(word in key for word in ("password", "secret", "urls")):
        return " = (hidden)"
    return f" = {value!r}"


def _line_of(text: str, location: tuple[Any, ...]) -> int:
    """The line on which a key stands, as near as the file allows; tomllib gives none."""
    names = [part for part in location if isinstance(part, str)]
    indexes = [part for part in location if isinstance(part, int)]
    table: list[str] = []
    seen: dict[str, int] = {}
    best = 1
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line)
        if header:
            table = [part.strip().strip("\"'") for part in header.group(1).split(".")]
            dotted = ".".join(table)
            seen[dotted] = seen.get(dotted, -1) + 1
            if table == names[: len(table)] and (not indexes or seen[dotted] == indexes[0]):
                best = number
                if table == names:
                    return number
            continue
        key = re.match(r"\s*([\w\"'.-]+)\s*=", line)
        if key is None:
            continue
        written = [*table, *key.group(1).strip("\"'").split(".")]
        here = ".".join(table)
        is_wanted_item = not indexes or here not in seen or seen[here] == indexes[0]
        if written == names[: len(written)] and is_wanted_item:
            return number
    return best
