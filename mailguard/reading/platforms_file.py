"""config/platforms.toml into checked, compiled rules. Everything wrong is told at once: file, key, value, fix."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mailguard.domain.words import Event, PlatformClass
from mailguard.reading.platforms_rules import (
    SCHOOL_CLASSES,
    GatewayRule,
    HeaderRule,
    LinkRule,
    Platform,
    PlatformFile,
    PlatformsProblem,
    TextRules,
    Wording,
    compiled,
)

_EVENTS = frozenset(event.value for event in Event)
_CLASSES = frozenset(kind.value for kind in PlatformClass)
_KINDS = ("post-by-mail", "reply")
_PLATFORM_KEYS = frozenset(
    [
        "name",
        "class",
        "from",
        "names",
        "senders",
        "hosts",
        "handles",
        "by_header",
        "imitated",
        "local_parts",
        "headers",
        "gateways",
        "links",
        "wording",
    ]
)
_TEXT_KEYS = (
    "footer",
    "greeting",
    "call",
    "detail",
    "nobody",
    "others",
    "machine",
    "notice",
    "office",
    "contact",
    "social",
)
_HOST = re.compile(r"^(?:[a-z0-9_-]+\.)*[a-z0-9-]+$")
_PLACEHOLDERS = {
    "<any>": r"[^\n]{0,80}?",
    "<n>": r"[\d٠-٩۰-۹][\d.,٠-٩۰-۹]{0,9}\+?",
    "<site>": r"[\w+!.-]{1,20}(?: [\w+!.-]{1,20})?",
    "<quoted>": r'"[^\n]{1,160}?"',
}
_SERVICE = "<service>"
_CAPITALISED = r"(?:Google )?(?-i:[A-Z])[\w.]*"
_WHO = r"(?P<who{}>[^\n]{{1,80}}?)"
_LAST_WHO = r"(?P<who{}>[^\n,:;!?\"]{{1,80}})"  # nothing after it would stop the shortest match at one letter
_PART = re.compile(r"\\.|\[(?:\\.|[^\]])*\]|[()|]|[^()|\\\[]+")
_NEVER = r"(?!)"
_PLACEHOLDER = re.compile(r"<(?:[a-z0-9]+)>")


@dataclass(slots=True)
class _Loader:
    """``is_known``: its wordings have been compiled before, and are so again when they are tried. ``services``: the names, of any
    service, in scripts without capitals.
    """

    source: str
    is_known: bool = False
    services: tuple[str, ...] = ()
    problems: list[str] = field(default_factory=list)

    def problem(self, key: str, value: object, fix: str) -> None:
        self.problems.append(f"{self.source}: {key}: {value!r}: {fix}")

    def table(self, value: object, key: str) -> Mapping[str, Any]:
        if isinstance(value, dict):
            return value
        if value is not None:
            self.problem(key, value, "must be a table")
        return {}

    def strings(self, value: object, key: str) -> tuple[str, ...]:
        if value is None:
            return ()
        if isinstance(value, list) and all(isinstance(item, str) and item for item in value):
            return tuple(value)
        self.problem(key, value, "must be a list of texts")
        return ()

    def event(self, value: object, key: str) -> Event:
        if isinstance(value, str) and value in _EVENTS:
            return Event(value)
        self.problem(key, value, f"must be one of {', '.join(sorted(_EVENTS))}")
        return Event.OTHER

    def pattern(self, value: object, key: str) -> re.Pattern[str]:
        expression = self.expression(value, key)
        try:
            return compiled(expression)
        except re.error as error:
            self.problem(key, value, f"is no regular expression ({error})")
            return compiled(_NEVER)

    def expression(self, value: object, key: str) -> str:
        """With the placeholders' meanings, not compiled."""
        if not isinstance(value, str) or not value:
            self.problem(key, value, "must be a regular expression")
            return _NEVER
        unknown = [
            name
            for name in _PLACEHOLDER.findall(_without_groups(value))
            if name not in ("<who>", _SERVICE, *_PLACEHOLDERS)
        ]
        if unknown:
            known = ", ".join(("<who>", _SERVICE, *_PLACEHOLDERS))
            self.problem(key, value, f"{unknown[0]} is not a placeholder: use {known}")
        first, *rest = value.split("<who>")
        expression = first + "".join(
            (_LAST_WHO if _ends_with("<who>".join(rest[number:])) else _WHO).format(number or "") + piece
            for number, piece in enumerate(rest)
        )
        for name, meaning in _PLACEHOLDERS.items():
            expression = expression.replace(name, meaning)
        # As it stands within a sentence of a language without capitals.
        return expression.replace(_SERVICE, f"(?:{'|'.join((_CAPITALISED, *self.services))})")

    def tables(self, value: object, key: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        if value is None:
            return
        if not isinstance(value, list):
            self.problem(key, value, "must be a list of tables")
            return
        for number, item in enumerate(value, start=1):
            yield f"{key}[{number}]", self.table(item, f"{key}[{number}]")

    def only(self, table: Mapping[str, Any], key: str, known: frozenset[str]) -> None:
        for name in table:
            if name not in known:
                self.problem(
                    f"{key}.{name}", table[name], f"is not a key here: use {', '.join(sorted(known))}"
                )


def load(data: bytes, source: str, *, is_known: bool = False) -> PlatformFile:
    """The rules of a file. Raises PlatformsProblem with everything that is wrong in it.

    ``is_known``: the file as shipped, whose wordings our tests have compiled; to compile thousands takes most of a second.
    """
    loader = _Loader(source, is_known)
    try:
        document: Mapping[str, Any] = tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PlatformsProblem([f"{source}: is not TOML in UTF-8: {error}"]) from error
    loader.only(document, "file", frozenset({"version", "never", "platform", "text", "wording"}))
    if document.get("version") != 1:
        loader.problem("version", document.get("version"), "must be 1")
    loader.services = _names_without_capitals(document.get("platform"))
    platforms = [
        _platform(loader, identifier, loader.table(entry, f"platform.{identifier}"))
        for identifier, entry in loader.table(document.get("platform"), "platform").items()
    ]
    if not platforms:
        loader.problem("platform", None, "name at least one [platform.ID]")
    _unique_senders(loader, platforms)
    result = PlatformFile(
        version=hashlib.sha256(data).hexdigest()[:12],
        never=frozenset(item.lower() for item in loader.strings(document.get("never"), "never")),
        platforms=tuple(platforms),
        wordings=_wordings(loader, document.get("wording"), "wording"),
        text=_text(loader, loader.table(document.get("text"), "text")),
    )
    if loader.problems:
        raise PlatformsProblem(loader.problems)
    return result


def _names_without_capitals(platforms: object) -> tuple[str, ...]:
    """As regular expressions. What is wrong in the file is told when each platform is read."""
    entries = platforms.values() if isinstance(platforms, dict) else ()
    lists = (entry.get("names") for entry in entries if isinstance(entry, dict))
    names = (name for names in lists if isinstance(names, list) for name in names)
    return tuple(
        re.escape(name.strip())
        for name in names
        if isinstance(name, str) and name.upper() == name.lower() and any(map(str.isalpha, name))
    )


def _platform(loader: _Loader, identifier: str, entry: Mapping[str, Any]) -> Platform:
    key = f"platform.{identifier}"
    loader.only(entry, key, _PLATFORM_KEYS)
    if identifier != identifier.lower() or not _HOST.match(identifier):
        loader.problem(key, identifier, "an id is lower case letters, digits, hyphens and dots")
    name = entry.get("name")
    if not isinstance(name, str) or not name:
        loader.problem(f"{key}.name", name, "must be the service's name")
        name = identifier
    kind = entry.get("class")
    if kind not in _CLASSES:
        loader.problem(f"{key}.class", kind, f"must be one of {', '.join(sorted(_CLASSES))}")
        kind = PlatformClass.SOCIAL.value
    sources = tuple(item.lower() for item in loader.strings(entry.get("from"), f"{key}.from"))
    for item in sources:
        if not _HOST.match(item.rpartition("@")[2]) or "." not in item:
            loader.problem(f"{key}.from", item, "must be a domain or an address")
    if not sources and not entry.get("by_header"):
        loader.problem(f"{key}.from", None, "name a domain or an address, or set by_header")
    for flag in ("handles", "by_header"):
        if not isinstance(entry.get(flag, False), bool):
            loader.problem(f"{key}.{flag}", entry[flag], "must be true or false")
    gateways = tuple(_gateways(loader, entry.get("gateways"), f"{key}.gateways"))
    links = tuple(_links(loader, entry.get("links"), f"{key}.links"))
    platform_class = PlatformClass(kind)
    if platform_class in SCHOOL_CLASSES and (gateways or links):
        loader.problem(key, identifier, "an education or collaboration service has no gateways and no links")
    senders = loader.strings(entry.get("senders"), f"{key}.senders")
    return Platform(
        id=identifier,
        name=name,
        platform_class=platform_class,
        domains=tuple(item for item in sources if "@" not in item),
        addresses=tuple(item for item in sources if "@" in item),
        names=(name, *loader.strings(entry.get("names"), f"{key}.names")),
        senders=loader.pattern(f"^(?:{'|'.join(senders)})(?:$|[+._-])", f"{key}.senders")
        if senders
        else None,
        hosts=tuple(
            loader.pattern(item, f"{key}.hosts")
            for item in loader.strings(entry.get("hosts"), f"{key}.hosts")
        ),
        shows_handles=entry.get("handles") is True,
        is_by_header=entry.get("by_header") is True,
        imitated=loader.strings(entry.get("imitated"), f"{key}.imitated"),
        local_parts=tuple(
            (loader.pattern(local, f"{key}.local_parts"), loader.event(event, f"{key}.local_parts.{local}"))
            for local, event in loader.table(entry.get("local_parts"), f"{key}.local_parts").items()
        ),
        headers=tuple(
            _headers(loader, loader.table(entry.get("headers"), f"{key}.headers"), f"{key}.headers")
        ),
        gateways=gateways,
        links=links,
        wordings=_wordings(loader, entry.get("wording"), f"{key}.wording"),
    )


def _headers(loader: _Loader, entry: Mapping[str, Any], key: str) -> Iterator[HeaderRule]:
    for header, rules in entry.items():
        if not isinstance(rules, list):
            loader.problem(f"{key}.{header}", rules, "must be a list of [regular expression, event]")
            continue
        for rule in rules:
            if not isinstance(rule, list) or len(rule) != 2:
                loader.problem(f"{key}.{header}", rule, "must be [regular expression, event]")
                continue
            yield HeaderRule(
                header.lower(),
                loader.pattern(rule[0], f"{key}.{header}"),
                loader.event(rule[1], f"{key}.{header}"),
            )


def _gateways(loader: _Loader, value: object, key: str) -> Iterator[GatewayRule]:
    for where, entry in loader.tables(value, key):
        loader.only(entry, where, frozenset({"kind", "domain", "local"}))
        kind, domain, local = entry.get("kind"), entry.get("domain"), entry.get("local")
        if kind not in _KINDS:
            loader.problem(f"{where}.kind", kind, f"must be {' or '.join(_KINDS)}")
        if not isinstance(domain, str) or not (domain == "*" or _HOST.match(domain)):
            loader.problem(f"{where}.domain", domain, "must be a domain, or * for any")
        if domain == "*" and local is None:
            loader.problem(
                f"{where}.local", local, "say what the local part looks like when any domain will do"
            )
        yield GatewayRule(
            kind=str(kind),
            domain=str(domain),
            local=None if local is None else loader.pattern(local, f"{where}.local"),
        )


def _links(loader: _Loader, value: object, key: str) -> Iterator[LinkRule]:
    for where, entry in loader.tables(value, key):
        loader.only(entry, where, frozenset({"hosts", "path"}))
        hosts = loader.strings(entry.get("hosts"), f"{where}.hosts")
        if not hosts:
            loader.problem(f"{where}.hosts", entry.get("hosts"), "name at least one host")
        yield LinkRule(hosts=hosts, path=loader.pattern(entry.get("path"), f"{where}.path"))


def _wordings(loader: _Loader, value: object, key: str) -> tuple[Wording, ...]:
    found: list[Wording] = []
    for where, entry in loader.tables(value, key):
        loader.only(entry, where, frozenset({"event", "language", "first", "patterns"}))
        event = loader.event(entry.get("event"), f"{where}.event")
        language = entry.get("language")
        if not isinstance(language, str) or not language:
            loader.problem(f"{where}.language", language, 'must be a language code, or "any"')
        is_first = entry.get("first", False)
        if not isinstance(is_first, bool) or (is_first and key == "wording"):
            loader.problem(
                f"{where}.first", is_first, "must be true or false, and true for a platform's own only"
            )
        if is_first and event in (Event.SECURITY, Event.SUGGESTION):
            loader.problem(f"{where}.first", is_first, f"must be false for {event}: it would hide a contact")
        lines = _lines(loader, entry.get("patterns"), f"{where}.patterns")
        for at, line in lines:
            if not loader.is_known:
                loader.pattern(line, at)
            found.append(Wording(event, str(language), loader.expression(line, at), is_first is True))
    return tuple(found)


def _text(loader: _Loader, entry: Mapping[str, Any]) -> TextRules:
    loader.only(entry, "text", frozenset({*_TEXT_KEYS, "office_headers"}))
    rules = {}
    for name in _TEXT_KEYS:
        lines = _lines(loader, entry.get(name), f"text.{name}")
        for at, line in lines if not loader.is_known else ():
            loader.pattern(line, at)
        rules[name] = loader.pattern("|".join(f"(?:{line})" for _, line in lines) or "(?!)", f"text.{name}")
    headers = loader.strings(entry.get("office_headers"), "text.office_headers")
    return TextRules(**rules, office_headers=frozenset(header.lower() for header in headers))


def _lines(loader: _Loader, value: object, key: str) -> list[tuple[str, str]]:
    if not isinstance(value, str):
        loader.problem(key, value, "must be regular expressions, one a line")
        return []
    # A line keeps its last space: "says: " is not "says:".
    return [
        (f"{key} line {number}", line) for number, line in enumerate(value.split("\n"), 1) if line.strip()
    ]


def _unique_senders(loader: _Loader, platforms: Sequence[Platform]) -> None:
    owners: dict[str, str] = {}
    for platform in platforms:
        for item in (*platform.domains, *platform.addresses):
            if item in owners:
                loader.problem(
                    f"platform.{platform.id}.from", item, f"also belongs to {owners[item]}: keep it in one"
                )
            owners[item] = platform.id


def _ends_with(rest: str) -> bool:
    """Whether nothing stands after a name, in its own alternative and behind the groups around it."""
    depth, is_other = 0, False
    for part in _PART.findall(rest):
        if part == "(":
            depth += 1
        if depth == 0 and part == "|":
            is_other = True
        elif depth == 0 and part == ")":
            is_other = False
        elif not is_other and part.strip("?"):
            return False
        if part == ")" and depth:
            depth -= 1
    return True


def _without_groups(pattern: str) -> str:
    """A pattern without its lookbehinds and named groups, whose "<" is no placeholder's."""
    return re.sub(r"\(\?P?<[\w=!]+>?", "(", pattern)
