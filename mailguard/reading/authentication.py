"""Authentication-Results (RFC 8601) of verifiers that the school trusts, by their pinned authserv-id.

SECURITY: whoever sends the message writes every header below those of our own servers. So only pinned ids
count, only the topmost field of one and those beside it (no Received between them), and a result for another
From domain is none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from mailguard.domain.message import Authentication, AuthenticationResult, Mailbox
from mailguard.reading.dkim_signature import read_signatures
from mailguard.reading.organisation import is_aligned

_RESULT = re.compile(r"\s*([A-Za-z0-9-]{1,40})\s*(?:/\s*\d{1,3}\s*)?=\s*([A-Za-z0-9-]{1,40})")
_PROPERTY = re.compile(
    r"([A-Za-z0-9-]{1,40}\s*\.\s*[A-Za-z0-9_-]{1,60})\s*=\s*(\"[^\"]{0,500}\"|[^\s;\"]{1,500})"
)
_VERSION = re.compile(r"^(\S+)\s+\d{1,3}$")
_PASS, _FAIL, _NONE = AuthenticationResult.PASS, AuthenticationResult.FAIL, AuthenticationResult.NONE
# RFC 7208 2.6: softfail is a weak statement that the host is not authorised; it carries no trust.
_FOLDED = {"pass": _PASS, "fail": _FAIL, "softfail": _FAIL, "hardfail": _FAIL}

_MOST_STATED = 5
_LONGEST_STATED = 4000

_Statement = tuple[str, str, dict[str, str]]


def read_authentication(
    headers: Sequence[tuple[str, str]], mailboxes: Sequence[Mailbox], trusted_authserv_ids: Collection[str]
) -> Authentication:
    """What trusted verifiers said. ``headers`` topmost first, lower-case names; an id of "" means a field
    without one.

    Never raises. A header From of several organisations has no result: no verifier can speak for all of them.
    """
    domains = _from_domains(mailboxes)
    domain = domains[0] if domains else ""
    signatures = read_signatures(headers)
    trusted = {name.strip().lower() for name in trusted_authserv_ids}
    results, authserv_id, stated = _trusted_results(headers, trusted)
    if not results:
        return Authentication(
            authserv_id=authserv_id, header_from_domain=domain, stated=stated, signatures=signatures
        )
    is_one_sender = bool(domain) and all(is_aligned(other, domain) for other in domains)
    dmarc = _dmarc(results, domain)
    dkim, dkim_domain = _dkim(results, domain)
    spf, spf_domain = _spf(results)
    if not is_one_sender:
        overall = _FAIL if _FAIL in (dmarc, dkim, spf) else _NONE
    elif dmarc is not _NONE:
        overall = dmarc
    elif (dkim is _PASS and is_aligned(dkim_domain, domain)) or (
        spf is _PASS and is_aligned(spf_domain, domain)
    ):
        overall = _PASS
    else:
        overall = _FAIL if _FAIL in (dkim, spf) else _NONE
    return Authentication(
        overall=overall,
        dmarc=dmarc,
        dkim=dkim,
        spf=spf,
        authserv_id=authserv_id,
        header_from_domain=domain,
        dkim_domain=dkim_domain,
        spf_domain=spf_domain,
        stated=stated,
        signatures=signatures,
    )


def _from_domains(mailboxes: Sequence[Mailbox]) -> list[str]:
    found: list[str] = []
    for mailbox in mailboxes:
        if mailbox.header == "From" and "@" in mailbox.address:
            domain = mailbox.address.rpartition("@")[2].strip(".").lower()
            if domain not in found and len(found) < 20:
                found.append(domain)
    return found


def _trusted_results(
    headers: Sequence[tuple[str, str]], trusted: set[str]
) -> tuple[list[_Statement], str, tuple[str, ...]]:
    """(results, authserv-id, the field values they are from)."""
    results: list[_Statement] = []
    stated_values: list[str] = []
    authserv_id: str | None = None
    if not trusted:
        return results, "", ()
    for name, value in headers:
        if name == "received" and authserv_id is not None:
            break
        if name != "authentication-results":
            continue
        found_id, found = parse_authentication_results(value)
        if found_id in trusted:
            authserv_id = found_id if authserv_id is None else authserv_id
            if len(stated_values) < _MOST_STATED:
                stated_values.append(" ".join(value.split())[:_LONGEST_STATED])
            stated = {method for method, _, _ in results}
            results.extend(result for result in found if result[0] not in stated)
    return results, authserv_id or "", tuple(stated_values)


def parse_authentication_results(value: str) -> tuple[str, list[_Statement]]:
    """(authserv-id in lower case, [(method, result, properties)]) of one field value; the id is "" when it
    has none.

    Tolerant: comments anywhere, no id (Microsoft 365), no space after a semicolon, unknown methods.
    """
    pieces = _pieces(_without_comments(value[:16_384]))
    if not pieces:
        return "", []
    first = pieces[0].strip()
    version = _VERSION.match(first)
    authserv_id = "" if "=" in first else (version.group(1) if version else first).strip('"').lower()
    found: list[_Statement] = []
    for piece in pieces[0 if "=" in first else 1 :][:50]:
        match = _RESULT.match(piece)
        if match:
            properties = {
                re.sub(r"\s", "", name).lower(): content.strip('"')
                for name, content in _PROPERTY.findall(piece[match.end() :])
            }
            found.append((match.group(1).lower(), match.group(2).lower(), properties))
    return authserv_id, found


def _without_comments(value: str) -> str:
    kept: list[str] = []
    depth, is_quoted, is_escaped = 0, False, False
    for character in value:
        if is_escaped:
            is_escaped = False
            if not depth:
                kept.append(character)
        elif character == "\\" and (is_quoted or depth):
            is_escaped = True
        elif character == '"' and not depth:
            is_quoted = not is_quoted
            kept.append(character)
        elif character == "(" and not is_quoted:
            depth += 1
        elif character == ")" and depth:
            depth -= 1
            kept.append(" ")
        elif not depth:
            kept.append(character)
    return "".join(kept)


def _pieces(value: str) -> list[str]:
    pieces: list[str] = []
    start, is_quoted = 0, False
    for at, character in enumerate(value):
        if character == '"':
            is_quoted = not is_quoted
        elif character == ";" and not is_quoted:
            pieces.append(value[start:at])
            start = at + 1
    pieces.append(value[start:])
    return pieces if value.strip() else []


def _dmarc(results: Sequence[_Statement], domain: str) -> AuthenticationResult:
    for method, result, properties in results:
        if method == "dmarc":
            stated_for = properties.get("header.from", "")
            stated_for = stated_for.rpartition("@")[2] or stated_for
            if stated_for and not is_aligned(stated_for, domain):
                return _NONE
            return _FOLDED.get(result, _NONE)
    return _NONE


def _dkim(results: Sequence[_Statement], domain: str) -> tuple[AuthenticationResult, str]:
    """The best signature: an aligned pass, else any pass, else a failure."""
    best, best_domain, best_rank = _NONE, "", -1
    for method, result, properties in results:
        if method != "dkim":
            continue
        signer = properties.get("header.d", "") or properties.get("header.i", "").rpartition("@")[2]
        signer = signer.strip(".").lower()
        folded = _FOLDED.get(result, _NONE)
        rank = {_NONE: 0, _FAIL: 1, _PASS: 2}[folded] + (
            1 if folded is _PASS and is_aligned(signer, domain) else 0
        )
        if rank > best_rank:
            best, best_domain, best_rank = folded, signer, rank
    return best, best_domain


def _spf(results: Sequence[_Statement]) -> tuple[AuthenticationResult, str]:
    for method, result, properties in results:
        if method == "spf":
            identity = properties.get("smtp.mailfrom", "") or properties.get("smtp.helo", "")
            return _FOLDED.get(result, _NONE), (identity.rpartition("@")[2] or identity).strip(".<>").lower()
    return _NONE, ""
