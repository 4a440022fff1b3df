"""docs/reference/configuration.md, made of the same classes that validate the settings file."""

from __future__ import annotations

import types
from collections.abc import Iterator
from datetime import date, time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mailguard.adapters.smtp_settings import HostPort
from mailguard.config_schema import Config
from mailguard.config_sections.school import Absence
from mailguard.config_sections.values import PasswordSource

INLINE: tuple[type[BaseModel], ...] = (Absence, PasswordSource)
"""Written as ``{ key = value }`` inside a line, so they are no table of their own."""

_INTRODUCTION = """# Settings

The settings are one TOML file, by default `/etc/mailguard/mailguard.toml`; the commented sample is
`config/mailguard.toml`. `[school]`, `[lists]` and `[roles]` are required, everything else has a default.
Paths are relative to the file. `mailguard config check` names everything that is wrong at once, with line,
key, value and fix; `mailguard config show` prints what is in force.

Secrets are not written in the file. A key that takes a password names where it is, in exactly one of three
ways:

| form | where the password is |
|---|---|
| `{ file = "path" }` | The content of a file that only mailguard's user can read. |
| `{ environment = "NAME" }` | An environment variable. |
| `{ credential = "name" }` | A systemd credential of that name (`LoadCredential=`). |

Days away, terms and holidays are lists of `{ first_day = 2026-10-26, last_day = 2026-10-30 }`; both days
count.

This page is made by `mailguard config reference`.
"""


def settings_reference() -> str:
    """Markdown, ended by a newline: a table for each section, a line for each key."""
    parts = [_INTRODUCTION, "## At the top of the file\n", *_table(Config)]
    shown: dict[type[BaseModel], str] = {}
    for heading, section, words in sections():
        parts += [f"## `{heading}`\n", f"{words[:1].upper()}{words[1:]}\n"]
        if section in shown:
            parts.append(f"Its keys are those of `{shown[section]}`.\n")
            continue
        shown[section] = heading
        parts += _table(section)
    return "\n".join(parts)


def sections(model: type[BaseModel] = Config, prefix: str = "") -> Iterator[tuple[str, type[BaseModel], str]]:
    """Every table of the file, as ``[name]`` or ``[[name]]``, with what validates it and what it is for."""
    for key, field in model.model_fields.items():
        inner = section_of(field)
        if inner is not None:
            name = f"{prefix}{key}"
            words = field.description or (inner.__doc__ or "").partition(": ")[2].strip()
            yield (f"[[{name}]]" if _is_list(field.annotation) else f"[{name}]"), inner, words
            yield from sections(inner, f"{name}.")


def section_of(field: FieldInfo) -> type[BaseModel] | None:
    """The table that a key is, None for a key with a plain value."""
    candidates = [field.annotation, *get_args(field.annotation)]
    for candidate in candidates:
        if isinstance(candidate, type) and issubclass(candidate, BaseModel) and candidate not in INLINE:
            return candidate
    return None


def _table(section: type[BaseModel]) -> list[str]:
    rows = [
        f"| `{key}` | {_kind(field)} | {_default(field)} | {field.description or ''} |"
        for key, field in section.model_fields.items()
        if section_of(field) is None
    ]
    return ["| key | value | default | meaning |", "|---|---|---|---|", *rows, ""] if rows else []


def _is_list(annotation: object) -> bool:
    return get_origin(annotation) is list


def _kind(field: FieldInfo) -> str:
    return _words(field.annotation)


def _words(annotation: Any) -> str:
    """What may be written, in a word or two."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _words(get_args(annotation)[0])
    if origin is Literal:
        return " or ".join(f'`"{value}"`' for value in get_args(annotation))
    if origin is list:
        return f"list of {_words(get_args(annotation)[0])}"
    if origin in (Union, types.UnionType):
        kinds = [each for each in get_args(annotation) if each is not type(None)]
        return _words(kinds[0]) if len(kinds) == 1 else "network"
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return " or ".join(f'`"{member.value}"`' for member in annotation)
    plain: dict[object, str] = {
        bool: "true or false",
        int: "whole number",
        float: "number",
        str: "text",
        Path: "path",
        date: "date",
        time: "time of day",
        HostPort: "host:port",
        PasswordSource: "where a password is",
        Absence: "first and last day",
    }
    return plain[annotation]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return "not set" if field.default is None else f"`{toml_value(field.default)}`"


def toml_value(value: object) -> str:
    """As it is written in the file."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case list():
            return "[" + ", ".join(toml_value(each) for each in value) + "]"
        case time():
            return f'"{value:%H:%M}"'
        case _:
            return f'"{value}"'
