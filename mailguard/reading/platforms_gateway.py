"""Addresses that post to a platform, and URLs that are a person's or group's page on one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import unquote, urlsplit

from mailguard.domain.platform import PostingGateway
from mailguard.domain.words import PlatformClass
from mailguard.reading.platforms_rules import SCHOOL_CLASSES, GatewayRule, LinkRule, Platform

_APP_LINK = re.compile(r"^(?P<scheme>[a-z][a-z0-9+.-]{1,20})://(?P<rest>.*)$", re.IGNORECASE)
# An address made for one answer: "comment-reply+k7p2@", or anything at a domain of its own for answers. Never "no-reply@".
_ANSWERS = re.compile(
    r"^(?!(?:no|do-?not|dont|never)[-_.]?repl)(?:[a-z]+[-_.])?(?:reply|replies|respond|comments?)[+=](?=[^@]*\d)[\w.=+-]{6,}$",
    re.IGNORECASE,
)
_NOT_POSTED_TO = SCHOOL_CLASSES | {PlatformClass.GAMING}
_ANSWER_LABELS = frozenset({"reply", "replies", "respond"})
_SAME_SITE = re.compile(r"^(?:www\d?|m|mobile|web|touch|old|[a-z]{2}(?:-[a-z]{2})?)$")
_WEB = frozenset({"http", "https", "ftp"})
_URL_CHARS = 2_000


class Gateways:
    """Post-by-mail and reply addresses, found by domain.

    Beside those that the rules name, what looks like an answer's address at any mail domain of a social service: they change, and
    a post that goes out unseen cannot be taken back.
    """

    def __init__(self, platforms: Sequence[Platform]) -> None:
        self._social = {
            domain: platform.id
            for platform in platforms
            if platform.platform_class not in _NOT_POSTED_TO
            for domain in platform.domains
        }
        by_domain: dict[str, list[tuple[Platform, GatewayRule]]] = {}
        for platform in platforms:
            for rule in platform.gateways:
                by_domain.setdefault(rule.domain, []).append((platform, rule))
        self._by_domain: Mapping[str, Sequence[tuple[Platform, GatewayRule]]] = by_domain

    def find(self, address: str) -> PostingGateway | None:
        """The gateway that an address is, None for any other."""
        local_part, at, domain = address.strip().rpartition("@")
        if not at or not local_part:
            return None
        for platform, rule in (
            *self._by_domain.get(domain.lower().strip("."), ()),
            *self._by_domain.get("*", ()),
        ):
            if rule.local is None or rule.local.search(local_part):
                return PostingGateway(
                    platform.id, address.strip(), rule.kind, handle=local_part.partition(".")[0]
                )
        return self._answering(address.strip(), local_part, domain.lower().strip("."))

    def _answering(self, address: str, local_part: str, domain: str) -> PostingGateway | None:
        labels = domain.split(".")
        covering = (self._social.get(".".join(labels[place:])) for place in range(len(labels) - 1))
        platform_id = next(filter(None, covering), "")
        if not platform_id or not (_ANSWERS.match(local_part) or _ANSWER_LABELS.intersection(labels)):
            return None
        return PostingGateway(platform_id, address, "reply")


class SocialLinks:
    """URLs of people and groups, found by host."""

    def __init__(self, platforms: Sequence[Platform]) -> None:
        by_host: dict[str, list[tuple[Platform, LinkRule]]] = {}
        for platform in platforms:
            for rule in platform.links:
                for host in rule.hosts:
                    by_host.setdefault(host, []).append((platform, rule))
        self._by_host: Mapping[str, Sequence[tuple[Platform, LinkRule]]] = by_host

    def find(self, url: str) -> str:
        """The platform's id, "" when the URL is no person's or group's page."""
        url = url.strip()[:_URL_CHARS]
        app = _APP_LINK.match(url)
        if app and app["scheme"].lower() not in _WEB:
            return self._match(app["scheme"].lower(), app["rest"])
        try:
            parts = urlsplit(url if app else f"http://{url}")
            host = (parts.hostname or "").strip(".")
        except ValueError:
            return ""
        query = f"?{parts.query}" if parts.query else ""
        fragment = f"#{parts.fragment}" if parts.fragment else ""
        path = unquote(f"{parts.path or '/'}{query}{fragment}")
        found = self._match(host, path)
        front, _, rest = host.partition(".")
        # "www.", "m." and "fr." show the same pages; "help." and "business." are other sites of the same firm.
        return found or (self._match(rest, path) if _SAME_SITE.match(front) else "")

    def _match(self, host: str, path: str) -> str:
        for platform, rule in self._by_host.get(host, ()):
            if rule.path.search(path):
                return platform.id
        return ""
