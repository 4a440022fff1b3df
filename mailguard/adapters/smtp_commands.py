"""Reading MAIL, RCPT and XFORWARD arguments; what is carried on to the next hop keeps its own bytes.

Source: RFC 5321 4.1.2, RFC 3461 (DSN), RFC 6531 (SMTPUTF8), RFC 6152 (8BITMIME), RFC 1870 (SIZE),
Postfix XFORWARD_README.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from mailguard.adapters.smtp_reply import Reply

_PATH = re.compile(
    r'\s*(?P<path><(?P<inside>(?:"(?:[^"\\]|\\.)*"|[^<>"])*)>)(?:\s+(?P<parameters>.*))?', re.DOTALL
)
_SOURCE_ROUTE = re.compile(r"@[^:]*:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST_PATH = 1_024

# Extension that must have been announced for a parameter to be taken.
MAIL_PARAMETERS: Mapping[str, str] = {
    "SIZE": "SIZE",
    "BODY": "8BITMIME",
    "SMTPUTF8": "SMTPUTF8",
    "RET": "DSN",
    "ENVID": "DSN",
}
RCPT_PARAMETERS: Mapping[str, str] = {"NOTIFY": "DSN", "ORCPT": "DSN"}

XFORWARD_NAMES = ("NAME", "ADDR", "PORT", "PROTO", "HELO", "IDENT", "SOURCE")
_XTEXT = re.compile(r"\+([0-9A-F]{2})")


class CommandRefused(Exception):
    """The argument cannot be taken; ``reply`` says why."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.text)
        self.reply = reply


@dataclass(frozen=True, slots=True)
class PathCommand:
    """One MAIL or RCPT. ``address`` is bare ("" for <>); ``wire`` is the command to mirror, without CRLF."""

    address: str
    parameters: Mapping[str, str]
    wire: bytes

    @property
    def declared_bytes(self) -> int:
        """SIZE, 0 when not given."""
        return int(self.parameters.get("SIZE", "0"))


def read_mail(argument: str | None, extensions: Collection[str], *, max_message_bytes: int) -> PathCommand:
    """The argument of MAIL. Raises CommandRefused."""
    command = _read_path("MAIL", "FROM:", argument, MAIL_PARAMETERS, extensions)
    parameters = command.parameters
    if parameters.get("BODY", "7BIT").upper() not in {"7BIT", "8BITMIME"}:
        raise _syntax("BODY is 7BIT or 8BITMIME")
    if parameters.get("SMTPUTF8", ""):
        raise _syntax("SMTPUTF8 takes no value")
    size = parameters.get("SIZE", "0")
    if not (size.isascii() and size.isdigit() and len(size) <= 20):
        raise _syntax("SIZE is a number")
    if int(size) > max_message_bytes:
        raise CommandRefused(Reply.of(552, "5.3.4 Message is larger than the limit"))
    _check_charset(command, "SMTPUTF8" in parameters)
    return command


def read_rcpt(argument: str | None, extensions: Collection[str], *, is_utf8: bool) -> PathCommand:
    """The argument of RCPT. ``is_utf8``: MAIL said SMTPUTF8. Raises CommandRefused."""
    command = _read_path("RCPT", "TO:", argument, RCPT_PARAMETERS, extensions)
    if not command.address:
        raise CommandRefused(Reply.of(501, "5.1.3 No recipient address"))
    _check_charset(command, is_utf8)
    return command


def read_xforward(argument: str | None) -> dict[str, str]:
    """Attributes by upper-case name, values still xtext. Raises CommandRefused."""
    attributes: dict[str, str] = {}
    for item in (argument or "").split():
        name, equals, value = item.partition("=")
        if not equals or name.upper() not in XFORWARD_NAMES or _CONTROL.search(value):
            raise CommandRefused(Reply.of(501, "5.5.4 Bad XFORWARD attribute"))
        attributes[name.upper()] = value
    if not attributes:
        raise CommandRefused(Reply.of(501, "5.5.4 XFORWARD needs attributes"))
    return attributes


def xforward_line(attributes: Mapping[str, str], understood: str) -> bytes:
    """The command for those attributes that the next hop named in its EHLO; b"" when there are none."""
    names = understood.upper().split()
    words = [f"{name}={value}" for name, value in attributes.items() if name in names]
    return " ".join(["XFORWARD", *words]).encode("utf-8", "surrogateescape") if words else b""


def xforward_value(attributes: Mapping[str, str], name: str) -> str:
    """A decoded attribute; "" when absent or marked as not available."""
    value = attributes.get(name, "")
    decoded = _XTEXT.sub(lambda found: chr(int(found.group(1), 16)), value)
    return "" if decoded.upper() in {"[UNAVAILABLE]", "[TEMPUNAVAIL]"} else decoded


def xforward_address(attributes: Mapping[str, str]) -> str:
    """ADDR as a plain IP address, "" when there is none."""
    address = xforward_value(attributes, "ADDR")
    return address[5:] if address[:5].upper() == "IPV6:" else address


def _read_path(
    verb: str, keyword: str, argument: str | None, known: Mapping[str, str], extensions: Collection[str]
) -> PathCommand:
    text = argument or ""
    found = _PATH.fullmatch(text[len(keyword) :]) if text[: len(keyword)].upper() == keyword else None
    if found is None or _CONTROL.search(text):
        raise _syntax(f"{verb} {keyword}<address>")
    inside = found.group("inside")
    if len(inside) > _LONGEST_PATH:
        raise CommandRefused(Reply.of(501, "5.1.3 Address too long"))
    route = _SOURCE_ROUTE.match(inside) if inside.startswith("@") else None
    address = inside[route.end() :] if route else inside
    if "@" not in address and address and not (verb == "RCPT" and address.lower() == "postmaster"):
        raise CommandRefused(Reply.of(501, "5.1.3 Address without a domain"))
    words = (found.group("parameters") or "").split()
    parameters: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        name = name.upper()
        if known.get(name) not in extensions or name in parameters or (equals and not value):
            raise CommandRefused(Reply.of(555, f"5.5.4 {verb} parameter not recognised"))
        parameters[name] = value
    line = " ".join([f"{verb} {keyword}{found.group('path')}", *words])
    return PathCommand(address, parameters, line.encode("utf-8", "surrogateescape"))


def _check_charset(command: PathCommand, is_utf8: bool) -> None:
    """RFC 6531 3.5: an address beyond ASCII needs SMTPUTF8, and then is well-formed UTF-8."""
    if command.address.isascii():
        return
    try:
        command.address.encode("utf-8")
    except UnicodeEncodeError:
        raise CommandRefused(Reply.of(501, "5.1.3 Address is not UTF-8")) from None
    if not is_utf8:
        raise CommandRefused(Reply.of(553, "5.6.7 Address needs SMTPUTF8"))


def _syntax(usage: str) -> CommandRefused:
    return CommandRefused(Reply.of(501, f"5.5.4 Syntax: {usage}"))
