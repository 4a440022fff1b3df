"""Address headers: every mailbox somebody could be meant by, however the field is written (RFC 5322 3.4 and
real life).
"""

from __future__ import annotations

import re

from mailguard.domain.message import Mailbox
from mailguard.reading.charset import clean
from mailguard.reading.encoded_words import ENCODED_WORD, decode_words

# Field names (lower case) to the canonical names of ``Mailbox.header``.
ADDRESS_FIELDS = {
    "from": "From",
    "sender": "Sender",
    "reply-to": "Reply-To",
    "resent-from": "Resent-From",
    "resent-sender": "Resent-From",
    "to": "To",
    "apparently-to": "To",
    "cc": "Cc",
    "bcc": "Bcc",
    "resent-to": "Resent-To",
    "resent-cc": "Resent-To",
    "resent-bcc": "Resent-To",
    "return-path": "Return-Path",
    "delivered-to": "Delivered-To",
    "x-envelope-to": "X-Envelope-To",
}

_NAME_CHARS = 300
_ADDRESS_CHARS = 500
_NAME_WORDS = 20
_PLAIN = re.compile(r'[^",;:<()=]+')
_BARE_ADDRESS = re.compile(r"[^\s<>\"(),;:@\[\]]{1,320}@(?:\[[^\]\s@]{1,80}\]|[^\s<>\"(),;:@\[\]]{1,255})")
_QUOTED_LOCAL = re.compile(r'"((?:[^"\\]|\\.){1,200})"@([^\s<>"(),;:@]{1,255})')
_LOOSE = re.compile(r"\s*([@.])\s*")
_SPACES = re.compile(r"\s+")
_ATOM = re.compile(r"[^\s\"(),:;<>@\[\\\]]+")


def read_mailboxes(value: str, header: str, limit: int) -> list[Mailbox]:
    """Mailboxes of one field value (unfolded, encoded words not yet decoded), at most ``limit``. Never
    raises, linear time.
    """
    found = _Reader(value, header, limit).read()
    if any(mailbox.address for mailbox in found):
        return found[:limit]
    # The whole mailbox may hide in encoded words, or stand in a form that no grammar knows.
    decoded = decode_words(value)
    if "@" in decoded:
        if decoded != value:
            again = _Reader(decoded, header, limit).read()
            if any(mailbox.address for mailbox in again):
                return again[:limit]
        addresses = [match.group() for match in _BARE_ADDRESS.finditer(decoded[:10_000])]
        if addresses:
            return [Mailbox(address=address, display_name="", header=header) for address in addresses[:limit]]
    return found[:limit]


def bare_address(text: str) -> str:
    """What stands between angle brackets as an addr-spec: no route, comment, quotes or spaces; "" when it is
    none.
    """
    if "=?" in text:
        text = decode_words(text)
    text = clean(text).replace("\n", " ").strip()
    quoted = _QUOTED_LOCAL.search(text)
    if quoted:
        return f"{_local_part(quoted.group(1))}@{quoted.group(2)}"
    if "(" in text:
        text = re.sub(r"\([^()]{0,500}\)", "", text)
    text = text.strip("<>'\"` \t")
    if text.startswith("["):
        text = text.strip("[]")
    if text[:7].lower() == "mailto:":
        text = text[7:].partition("?")[0]
    if text.startswith("@") and ":" in text:
        text = text.rpartition(":")[2]
    if "@" not in text:
        return ""
    text = _SPACES.sub("", text) if _LOOSE.search(text) else text
    local, _, domain = text.rpartition("@")
    domain = domain.strip(".>'\"")
    return f"{local}@{domain}" if local and domain else ""


def _local_part(content: str) -> str:
    """A quoted local part without its quotes where they change nothing (RFC 5321 4.1.2)."""
    plain = re.sub(r"\\(.)", r"\1", content)
    return plain if _ATOM.fullmatch(plain) else f'"{content}"'


def _cut(address: str) -> str:
    """A bounded address: what it loses is the middle, so that its mailbox, its tag's start and its domain stay."""
    return address if len(address) <= _ADDRESS_CHARS else address[:200] + address[-300:]


class _Reader:
    """One pass over a field value. A segment ends at a comma or semicolon; words without an address wait for
    the next one.
    """

    def __init__(self, value: str, header: str, limit: int) -> None:
        self._value, self._header, self._limit = value, header, limit
        self._found: list[Mailbox] = []
        self._words: list[str] = []
        self._comments: list[str] = []
        self._angles: list[str] = []
        self._waiting = ""  # a display name written with an unquoted comma: "Smith, John <j@s.example>"
        self._has_quote = self._has_paren = self._has_angle = True
        self._last_semicolon = value.rfind(";")

    def read(self) -> list[Mailbox]:
        value, at = self._value, 0
        while at < len(value) and len(self._found) < self._limit:
            character = value[at]
            if character == '"':
                at = self._quoted(at)
            elif character == "(":
                at = self._comment(at)
            elif character == "<":
                at = self._angle(at)
            elif character in ",;":
                self._end_segment(is_last=character == ";")
                at += 1
            elif character == ":":
                at = self._colon(at)
            elif character == "=" and (word := ENCODED_WORD.match(value, at)):
                # Adjacent words belong together: the text between them decides, so keep it as it stands.
                self._words.append(word.group())
                at = word.end()
            else:
                plain = _PLAIN.match(value, at)
                end = plain.end() if plain else at + 1
                self._words.append(value[at:end])
                at = end
        self._end_segment(is_last=True)
        return self._found

    def _quoted(self, at: int) -> int:
        end = at + 1
        while self._has_quote and end < len(self._value) and self._value[end] != '"':
            end += 2 if self._value[end] == "\\" else 1
        if not self._has_quote or end >= len(self._value):
            self._has_quote = False
            return at + 1
        content = self._value[at + 1 : end]
        if self._value[end + 1 : end + 2] == "@":
            self._words.append(f'"{content}"')
        else:
            self._words.append(re.sub(r"\\(.)", r"\1", content) if "\\" in content else content)
        return end + 1

    def _comment(self, at: int) -> int:
        depth, end = 1, at + 1
        while self._has_paren and depth and end < len(self._value):
            character = self._value[end]
            depth += (character == "(") - (character == ")")
            end += 2 if character == "\\" else 1
        if not self._has_paren or depth:
            self._has_paren = False
            return at + 1
        self._comments.append(self._value[at + 1 : end - 1])
        return end

    def _angle(self, at: int) -> int:
        end = self._value.find(">", at) if self._has_angle else -1
        if end < 0:
            self._has_angle = False
            stop = self._value.find(",", at)
            end = len(self._value) if stop < 0 else stop
            self._angles.append(self._value[at + 1 : end])
            return end
        self._angles.append(self._value[at + 1 : end])
        return end + 1

    def _colon(self, at: int) -> int:
        # A group has a short name; joining the words at every colon would take quadratic time.
        words = "".join(self._words) if len(self._words) < _NAME_WORDS else "@"
        is_group = at < self._last_semicolon and "@" not in words and not self._angles
        if is_group and words.strip().lower() != "mailto":
            self._words, self._comments, self._waiting = [], [], ""
        else:
            self._words.append(":")
        return at + 1

    def _end_segment(self, *, is_last: bool) -> None:
        text = "".join(self._words).strip()
        comment = decode_words(" ".join(self._comments)).strip() if self._comments else ""
        angles, self._words, self._comments, self._angles = self._angles, [], [], []
        if angles:
            name = f"{self._waiting}, {text}" if self._waiting else text
            self._waiting = ""
            shown = decode_words(name).strip("'\"<> \t") or comment
            addresses = [bare_address(angle) for angle in angles]
            if not any(addresses):
                addresses = [match.group() for match in _BARE_ADDRESS.finditer(shown[:2_000])] or [""]
            for address in addresses[: self._limit]:
                self._add(address, shown)
        elif text or comment:
            self._bare(text, comment)
        if is_last and self._waiting:
            self._add("", decode_words(self._waiting).strip())
            self._waiting = ""

    def _bare(self, text: str, comment: str) -> None:
        if "@" not in text and "=?" in text:
            decoded = decode_words(text)
            if "@" in decoded:
                self._found.extend(_Reader(decoded, self._header, self._limit).read())
                return
        if "@" not in text:
            waiting = text or comment
            if len(self._waiting) > _NAME_CHARS:
                self._add("", decode_words(self._waiting).strip())
                self._waiting = ""
            self._waiting = f"{self._waiting}, {waiting}" if self._waiting else waiting
            return
        if self._waiting:
            self._add("", decode_words(self._waiting).strip())
            self._waiting = ""
        if '"' in text:
            self._add(bare_address(text), comment)
            return
        addresses = [token for token in text.split() if 0 < token.find("@") < len(token) - 1]
        if not addresses:
            self._add(bare_address(text), comment)
            return
        rest = " ".join(token for token in text.split() if token not in addresses)
        for token in addresses[: self._limit]:
            self._add(bare_address(token), comment or decode_words(rest))

    def _add(self, address: str, display_name: str) -> None:
        if (address or display_name) and len(self._found) < self._limit:
            self._found.append(
                Mailbox(address=_cut(address), display_name=display_name[:1_000], header=self._header)
            )
