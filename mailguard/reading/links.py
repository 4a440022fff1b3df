"""URLs behind words and URL-like words, wrapped ones also unwrapped."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache
from urllib.parse import unquote

from mailguard.domain.message import Link, TextSource
from mailguard.reading.organisation import has_known_suffix

_HAS_URL = re.compile(r"[/]|www\.", re.IGNORECASE)
_URL = re.compile(
    r"(?<![\w@.-])(?:(?P<scheme>https?|ftp|whatsapp|tg|snapchat|discord|instagram|fb|skype|sgnl|viber|"
    r"roblox)://|(?P<www>www\d?\.))"
    r"[^\s<>\"“”‘’«»\[\]{}|\\^`]{1,2000}"
    r"|(?<![\w@./=:-])(?P<bare>(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,6}[^\W\d_]{2,24})(?::\d{1,5})?/[^\s<>\"“”‘’«»\[\]{}|\\^`]{1,2000}",
    re.IGNORECASE,
)
_TRAILING = ".,;:!?'*_)>…"
_HOST = re.compile(
    r"^(?:[a-zA-Z][a-zA-Z0-9+.-]{0,30}:)?/{2,}(?:[^/?#@]{0,500}@)?(\[[^\]]{1,60}\]|[^/?#:\\]{1,500})"
)
_WRAPPERS = (
    (re.compile(r"(?:^|\.)safelinks\.protection\.outlook\.(?:com|de|us)$"), ("url",)),
    (re.compile(r"^(?:www\.)?google\.[a-z.]{2,6}$"), ("q", "url")),
    (re.compile(r"^(?:l|lm)\.(?:facebook|instagram)\.com$"), ("u",)),
    (re.compile(r"^urldefense(?:\.proofpoint)?\.com$"), ("u",)),
    (re.compile(r"^(?:www\.)?youtube\.com$"), ("q",)),
    (
        re.compile(
            r"^(?:.*\.)?(?:mimecast(?:protect)?\.com|linkprotect\.cudasvc\.com|protection\.sophos\.com)$"
        ),
        ("a", "u", "url", "domain"),
    ),
)
_DEFENSE_V3 = re.compile(r"/v3/__(.{1,2000}?)__;")


def links_in(text: str, source: TextSource) -> list[Link]:
    """URL-like words of one line: with a scheme, "www.", or a bare domain of a known suffix and a path."""
    if not _HAS_URL.search(text):
        return []
    found: list[Link] = []
    for match in _URL.finditer(text):
        word = match.group().rstrip(_TRAILING)
        if match.group("bare"):
            host = match.group("bare").lower()
            if not host.isascii() or not has_known_suffix(host):
                continue
            url = f"http://{word}"
        else:
            url = word if match.group("scheme") else f"http://{word}"
        found.extend(_with_unwrapped(url, word, source))
    return found


def link_behind(href: str, text: str, source: TextSource) -> list[Link]:
    """The link of an anchor; nothing for a fragment, a mail address or an embedded part."""
    href = re.sub(r"[\t\r\n]", "", href.strip())[:4_000]
    if href.startswith("//"):
        href = f"http:{href}"
    scheme = href.partition(":")[0].lower()
    if (
        scheme == "mailto"
        or href.startswith("#")
        or scheme in ("cid", "data", "about", "mid", "tel", "sms", "javascript")
    ):
        return []
    if "://" not in href:
        bare = links_in(href if "/" in href else f"{href}/-", source)
        return [Link(url=f"http://{href}", host=bare[0].host, text=text[:500], source=source)] if bare else []
    return _with_unwrapped(href, text[:500], source)


def _with_unwrapped(url: str, text: str, source: TextSource) -> list[Link]:
    links = [Link(url=url, host=host_of(url), text=text, source=source)]
    inner = _unwrap(url, links[0].host)
    if inner:
        links.append(Link(url=inner, host=host_of(inner), text=text, source=source))
    return links


def host_of(url: str) -> str:
    """The host of a URL in lower case, IDNA decoded where possible; for an app's own scheme the scheme; ""
    when none.
    """
    match = _HOST.match(url.replace("\\", "/"))
    if not match:
        return ""
    host = unquote(match.group(1)).strip().strip(".").lower()
    if "xn--" in host:
        host = ".".join(_decoded_label(label) for label in host.split("."))
    return host[:255]


@lru_cache(maxsize=1024)
def _decoded_label(label: str) -> str:
    if not label.startswith("xn--") or len(label) > 63:
        return label
    try:
        return codecs.decode(label[4:].encode("ascii"), "punycode")
    except (UnicodeError, ValueError, OverflowError):
        return label


def _unwrap(url: str, host: str) -> str:
    for pattern, names in _WRAPPERS:
        if not pattern.search(host):
            continue
        version3 = _DEFENSE_V3.search(url)
        if version3:
            return version3.group(1)
        query = url.partition("?")[2].partition("#")[0]
        for pair in query.split("&")[:50]:
            name, _, value = pair.partition("=")
            if name in names and value:
                if host.startswith("urldefense"):
                    value = value.replace("-", "%").replace("_", "/")
                value = unquote(value)
                if "://" in value[:12]:
                    return value[:4_000]
                if name == "domain" and has_known_suffix(value.lower()):
                    return f"http://{value[:255]}"
    return ""
