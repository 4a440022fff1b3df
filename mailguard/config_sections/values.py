"""How a value is written in the settings file, and what a wrong one is answered with."""

from __future__ import annotations

import ipaddress
import re
from datetime import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from mailguard.adapters.smtp_settings import HostPort, IPNetwork


def _host_port(value: object) -> HostPort:
    return value if isinstance(value, HostPort) else HostPort.parse(str(value))


def network(value: object) -> IPNetwork:
    return ipaddress.ip_network(str(value), strict=False)


def _domain(value: str) -> str:
    if not re.fullmatch(r"[\w.-]+\.[\w-]+", value) or "@" in value:
        raise ValueError("write a domain such as school.example, without @")
    return value.lower().strip(".")


def _address(value: str) -> str:
    if not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>.]+", value):
        raise ValueError("write one address such as head@school.example")
    return value


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as problem:
        raise ValueError("write a time zone such as Europe/London") from problem
    return value


def one_of(kind: type[StrEnum]) -> BeforeValidator:
    """A value by its word; the error names all of them."""

    def convert(value: object) -> StrEnum:
        try:
            return kind(str(value))
        except ValueError as problem:
            raise ValueError(f"use one of {', '.join(member.value for member in kind)}") from problem

    return BeforeValidator(convert)


def _clock_time(value: object) -> time:
    if isinstance(value, time):
        return value
    return time.fromisoformat(str(value))


Domain = Annotated[str, AfterValidator(_domain)]
Address = Annotated[str, AfterValidator(_address)]
Endpoint = Annotated[HostPort, BeforeValidator(_host_port)]
Network = Annotated[IPNetwork, BeforeValidator(network)]
ClockTime = Annotated[time, BeforeValidator(_clock_time)]
Timezone = Annotated[str, AfterValidator(_timezone)]
PathText = Annotated[Path, BeforeValidator(lambda value: Path(str(value)))]


class Section(BaseModel):
    """A table of the file: no unknown key, no silent conversion."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, arbitrary_types_allowed=True)


class PasswordSource(Section):
    """Where a secret is: exactly one of the three."""

    file: PathText | None = None
    environment: str = ""
    credential: str = ""
