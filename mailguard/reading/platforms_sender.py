"""Whose mail it is: a listed service's, or one that imitates a service."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from mailguard.domain.message import AuthenticationResult, MessageFacts
from mailguard.reading.organisation import organisational_domain
from mailguard.reading.platforms_rules import SCHOOL_CLASSES, Platform, TextRules
from mailguard.reading.platforms_text import NotificationText, line_of

_IMITATED_LETTERS = 6
_SLIP_LETTERS = 7
_FILLER = re.compile(
    r"(?:"
    r"team|the|support|security|notification|notifications|mail|help|center|centre|updates|update|"
    r"no-reply|noreply|login|account|accounts|verification|service|services|alert|alerts|info|"
    r"community|de|of|from|by|for|official|app|messages|invitations|digest|daily|weekly|customer|care|"
    r"copyright|safety|trust|admin|staff|inc|user|users"
    r")$"
)
_LETTERS = str.maketrans(
    "0134578iаеорсухіӏոⅼαβεικνορτυχωıɑɡ",
    "oleastblaeopcyxllnlabelkvoptuxwlag",
)
OWN_NAME_LETTERS = 4  # fewer fit too much
_BESIDE = re.compile(
    r"\s+(?:via|on|in|from|at)\s+(?P<service>\S.*)$|[(\[](?:via |on |in )?(?P<bracket>[^()\[\]]+)[)\]]$",
    re.IGNORECASE,
)
_LONGEST_LABEL = 63  # RFC 1035 2.3.4
_NOT_LETTERS = re.compile(r"[^a-z]+")
_PERSON = re.compile(r"^[a-z]{2,}[._-][a-z]{2,}$|^[a-z]{2,12}$")
_NAME_LIKE = re.compile(r"^[^\W\d_][^\d@|]+ [^\W\d_][^\d@|]+$")
_BULK_HEADERS = (
    "list-unsubscribe",
    "feedback-id",
    "x-facebook-notify",
    "x-twitter-cid",
    "x-linkedin-template",
    "x-notifications",
    "x-ses-outgoing",
    "x-sg-eid",
    "x-campaign",
    "x-mailgun-tag",
)


@dataclass(frozen=True, slots=True)
class Sender:
    """``host`` and ``local_part`` of header From, lower case."""

    host: str
    local_part: str
    display_name: str


@dataclass(frozen=True, slots=True)
class Recognised:
    platform: Platform
    evidence: str
    is_lookalike: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """``shown``: the service whose name From's display name is; ``imitated``: the one its domain looks like."""

    sender: Sender
    shown: Platform | None
    imitated: Platform | None


def sender_of(facts: MessageFacts) -> Sender | None:
    """Header From, when it names one address."""
    mailbox = next((one for one in facts.named("From") if "@" in one.address), None)
    if mailbox is None:
        return None
    local_part, _, host = mailbox.address.rpartition("@")
    return Sender(host.strip(".").lower(), local_part.lower(), line_of(mailbox.display_name).text)


class SenderIndex:
    """Finds the platform of a From address. Constant time for listed domains."""

    def __init__(self, platforms: Sequence[Platform], never: frozenset[str], rules: TextRules) -> None:
        self._never = never
        self._rules = rules
        self._platforms = tuple(platforms)
        self._by_domain: Mapping[str, Platform] = {domain: one for one in platforms for domain in one.domains}
        self._by_address: Mapping[str, Platform] = {
            address: one for one in platforms for address in one.addresses
        }
        self._imitated = tuple(_imitated(platforms))

    def is_never(self, sender: Sender) -> bool:
        """Mail of an identity provider: never social."""
        return any(domain in self._never for domain in _suffixes(sender.host))

    def listed(self, sender: Sender, facts: MessageFacts) -> Recognised | None:
        """The service whose own mail this is, by From's domain or by a header that only its software sets."""
        by_address = self._by_address.get(f"{sender.local_part}@{sender.host}")
        if by_address is not None:
            return Recognised(by_address, f"sender {sender.local_part}@{sender.host}")
        for platform in self._platforms:
            header = _own_header(platform, facts, sender)
            if header:
                return Recognised(platform, f"header {header}")
        for domain in _suffixes(sender.host):
            platform_of_domain = self._by_domain.get(domain)
            if platform_of_domain is not None:
                if not self._is_service(platform_of_domain, sender, facts):
                    return None
                return Recognised(platform_of_domain, f"sender domain {domain}")
        for platform in self._platforms:
            if any(pattern.search(sender.host) for pattern in platform.hosts):
                return Recognised(platform, f"sender host {sender.host}")
        return None

    def claim(self, sender: Sender) -> Claim | None:
        """What mail from elsewhere claims by its display name or domain alone; None when it claims nothing."""
        if any(domain in self._by_domain for domain in _suffixes(sender.host)):
            return None
        claim = Claim(sender, self._shown_as(sender.display_name), self._imitates(sender.host))
        return claim if claim.shown or claim.imitated else None

    def claimed(
        self, claim: Claim, facts: MessageFacts, text: NotificationText, has_news: bool
    ) -> Recognised | None:
        """The service that a claim holds for. ``has_news``: its wording is a notification's."""
        sender, shown, imitated = claim.sender, claim.shown, claim.imitated
        if imitated is not None and (
            shown is imitated or (shown is None and has_news and _names(imitated, facts))
        ):
            return Recognised(imitated, f"domain {sender.host} imitates {imitated.name}", is_lookalike=True)
        if shown is None:
            return None
        if facts.authentication.overall is AuthenticationResult.FAIL:
            return Recognised(shown, f'From calls itself "{sender.display_name}"')
        if shown.platform_class in SCHOOL_CLASSES or not has_news or not _names(shown, facts):
            return None
        return Recognised(
            shown, f'From calls itself "{sender.display_name}" and is not of its domain', is_lookalike=True
        )

    def _is_service(self, platform: Platform, sender: Sender, facts: MessageFacts) -> bool:
        """False for a person who works there, or whose address the service hosts."""
        if (platform.senders and platform.senders.search(sender.local_part)) or self._rules.machine.search(
            sender.local_part
        ):
            return True
        if (
            any(facts.header(header) for header in _BULK_HEADERS)
            or self._shown_as(sender.display_name) is platform
        ):
            return True
        is_person = bool(_PERSON.match(sender.local_part)) and (
            not sender.display_name or bool(_NAME_LIKE.match(sender.display_name))
        )
        return not is_person

    def _shown_as(self, display_name: str) -> Platform | None:
        """The service whose name the display name is, apart from words such as "team" and "support"."""
        words = [word for word in re.split(r"[^\w+.'-]+", display_name.casefold()) if word]
        for platform in self._platforms:
            for name in platform.names:
                parts = name.casefold().split()
                if not parts or parts[0] not in words:
                    continue
                rest = [
                    word
                    for word in words
                    if word not in parts and not _FILLER.match(word) and word != f"{parts[0]}.com"
                ]
                if all(part in words for part in parts) and (not rest or _is_via(display_name, name)):
                    return platform
        folded = folded_letters(display_name.replace(" ", ""))
        return next((one for word, one in self._imitated if folded == word), None)

    def _imitates(self, host: str) -> Platform | None:
        labels = [_decoded(label) for label in (host.split(".")[:-1] if "." in host else [host])]
        pieces = [piece for label in labels for piece in (label, *label.split("-"))]
        for piece in dict.fromkeys(pieces):
            folded = folded_letters(piece)
            for word, platform in self._imitated:
                if len(folded) < len(word) - 1:
                    continue
                if word in folded or (
                    len(word) >= _SLIP_LETTERS
                    and OSA.distance(word, folded[: len(word) + 1], score_cutoff=1) <= 1
                ):
                    return platform
        return None


def service_beside(sender: Sender) -> str:
    """The service in "Tia Jones via Streambarn" or "Tia Jones (Streambarn)" where that is the sender's own, else ""."""
    match = _BESIDE.search(sender.display_name)
    if match is None:
        return ""
    service = match["service"] or match["bracket"]
    label = folded_letters(organisational_domain(sender.host).partition(".")[0])
    shown = folded_letters(service)
    return service if len(shown) >= OWN_NAME_LETTERS and (shown in label or label in shown) else ""


def _names(platform: Platform, facts: MessageFacts) -> bool:
    words = " ".join([facts.subject, facts.own_text[:4000], facts.signature_text]).casefold()
    return any(
        re.search(rf"(?<!\w){re.escape(name.casefold())}(?!\w)", words)
        for name in platform.names
        if len(name) > 1
    )


def _own_header(platform: Platform, facts: MessageFacts, sender: Sender) -> str:
    for rule in platform.headers:
        value = facts.header(rule.header)
        if not value or not rule.pattern.search(value):
            continue
        if platform.is_by_header:
            return rule.header
        # Mastodon's List-Id ends in the instance, which anybody may run: it must be From's own.
        if rule.header == "list-id" and organisational_domain(
            value.rstrip("> ").rpartition("<")[2]
        ) == organisational_domain(sender.host):
            return rule.header
    return ""


def _suffixes(host: str) -> Iterable[str]:
    """The host and every domain above it, longest first."""
    labels = host.split(".")
    for start in range(len(labels) - 1):
        yield ".".join(labels[start:])


def _decoded(label: str) -> str:
    """A label as it is shown: "xn--..." in its own letters; what is no punycode, as it stands.

    RFC 3492. Python's codec of that name refuses no code points, as a browser's would: an imitation need not be registrable.
    """
    if not label.startswith("xn--") or len(label) > _LONGEST_LABEL:
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError, OverflowError):
        return label


def folded_letters(text: str) -> str:
    """Letters as the eye takes them: digits, Cyrillic, Greek and accents folded, "rn" as "m", "vv" as "w"; "i" and "l" are one."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter)).translate(_LETTERS)
    return _NOT_LETTERS.sub("", plain).replace("rn", "m").replace("vv", "w").replace("i", "l")


def _imitated(platforms: Sequence[Platform]) -> Iterable[tuple[str, Platform]]:
    pairs: dict[str, Platform] = {}
    for platform in platforms:
        if platform.platform_class in SCHOOL_CLASSES:
            continue
        for name in (*platform.names, *platform.imitated):
            word = folded_letters(name.replace(" ", ""))
            if len(word) >= _IMITATED_LETTERS and not name.startswith(("The ", "Team ")):
                pairs.setdefault(word, platform)
    return sorted(pairs.items(), key=lambda pair: -len(pair[0]))


def _is_via(display_name: str, name: str) -> bool:
    return bool(
        re.search(rf"(?:\bvia|\bon|\bpar|\(|\|)\s*{re.escape(name)}\)?$", display_name, re.IGNORECASE)
    )
