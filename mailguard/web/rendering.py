"""Templates to HTML. Everything is escaped; a name that a page forgot to give is an error, not an empty place."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mailguard.app.ports import Clock
from mailguard.web.times import full_time, full_time_element, local_day, time_element

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"
STATIC_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}


class StaticFiles:
    """The few files of the site, in memory; their hash in the address lets browsers keep them for good."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._contents = {
            path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix in STATIC_TYPES
        }

    def content(self, name: str) -> tuple[bytes, str] | None:
        """(bytes, content type), or None."""
        content = self._contents.get(name)
        return None if content is None else (content, STATIC_TYPES[Path(name).suffix])

    def version(self, name: str) -> str:
        return hashlib.sha256(self._contents[name]).hexdigest()[:12]


class Rendering:
    """``url_path(name, parameters)`` is the router's; ``names``: of all routes."""

    def __init__(
        self,
        *,
        url_path: Callable[[str, Mapping[str, Any]], str],
        names: frozenset[str],
        static: StaticFiles,
        zone: ZoneInfo,
        clock: Clock,
        more: Mapping[str, Any],
    ) -> None:
        self._url_path = url_path
        self.names = names
        self._static = static
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

        def ago(at: datetime | None) -> Markup | str:
            return "" if at is None else time_element(at, clock.now(), zone)

        def at_time(at: datetime | None) -> Markup | str:
            return "" if at is None else full_time_element(at, clock.now(), zone)

        self._environment.filters |= {
            "ago": ago,
            "at_time": at_time,
            "local_time": lambda at: "" if at is None else full_time(at, zone),
            "day": local_day,
            "plural": plural,
        }
        self._environment.globals |= {"url": self.url, "static": self.static_url, **more}

    def render(self, template: str, **context: Any) -> str:
        return self._environment.get_template(template).render(context)

    def url(self, route: str, /, **parameters: Any) -> str:
        """The path of a route. Raises NoMatchFound for a name or parameters that fit none."""
        return self._url_path(route, parameters)

    def with_next(self, name: str, back: str) -> str:
        """A page that leads back to ``back`` (a path of this site, or "")."""
        return self.url(name) + (f"?{urlencode({'next': back})}" if back and back != "/" else "")

    def static_url(self, name: str) -> str:
        return f"{self.url('static', name=name)}?v={self._static.version(name)}"


def plural(count: int, one: str, many: str = "") -> str:
    """ "1 case", "2,104 cases"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def local_path(text: str) -> str:
    """``text`` when it is a path of this site, else "": nobody is sent elsewhere after signing in."""
    is_local = text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable()
    return text if is_local and "\\" not in text and len(text) < 500 else ""
