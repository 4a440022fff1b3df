"""What was known of a sender at receipt, as evidence: for the day on which the signer's key is gone from DNS.

A DKIM signature is proved with a key that its domain may withdraw at any time. So each message of a case keeps who
checked it and with what result, the trusted fields as they stood, each signature's domain, selector and algorithm, and,
where mailguard itself asked DNS, the key record as it was given.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mailguard.domain.audit import canonical_json, time_text
from mailguard.domain.message import Authentication

OWN_ID = "mailguard"
TRAIL_FIELD = "sender_check"
"""Of the event of the message's arrival: the hash, so that the signed trail vouches for what was kept."""


def sender_check(
    used: Authentication, read: Authentication, *, at: datetime, is_read: bool
) -> dict[str, Any]:
    """``used``: what the decision rests on; ``read``: what the message's own header says; ``at``: the receipt.

    ``is_read``: whether its header could be looked at.
    """
    return {
        "at": time_text(at),
        "is_read": is_read,
        "checked_by": used.authserv_id,
        "overall": used.overall.value,
        "dmarc": used.dmarc.value,
        "dkim": used.dkim.value,
        "spf": used.spf.value,
        "from_domain": used.header_from_domain or read.header_from_domain,
        "dkim_domain": used.dkim_domain,
        "spf_domain": used.spf_domain,
        "stated": list(used.stated or read.stated),
        "signatures": [
            {
                "domain": each.domain,
                "selector": each.selector,
                "algorithm": each.algorithm,
                "body_hash": each.body_hash,
                "is_partial": each.is_partial,
                "result": each.result.value,
                "key": each.key,
            }
            for each in used.signatures or read.signatures
        ],
    }


def check_hash(check: Mapping[str, Any]) -> str:
    """Hex SHA-256 over the record as JSON with sorted keys."""
    return hashlib.sha256(canonical_json(check).encode("utf-8", "surrogatepass")).hexdigest()


def is_own_check(check: Mapping[str, Any]) -> bool:
    """Whether mailguard asked DNS itself."""
    return check.get("checked_by") == OWN_ID


def has_key(check: Mapping[str, Any]) -> bool:
    return any(each["key"] for each in check["signatures"])


def what_it_is_worth(check: Mapping[str, Any] | None) -> str:
    """One paragraph for whoever reads the evidence: what can be proved of the sender, and what cannot."""
    if check is None:
        return (
            "This message came before mailguard kept what was known of its sender. What its header states can be read "
            "below; whether a signature holds can be tried only as long as the signer's domain gives the key."
        )
    if not check["is_read"]:
        return (
            "The message could not be looked into when it arrived, so nothing was known of its sender. What its header "
            "states, and whether it has a signature, is to be read from the bytes."
        )
    if not check["signatures"]:
        return f"The message has no DKIM signature, so no domain vouches for its bytes. {_who_checked(check)}"
    if has_key(check):
        return (
            "mailguard asked DNS for the signer's public key when the message arrived, and keeps it as it was given. With "
            "that key the signature can be tried on the bytes in this pack at any time, also when the domain has "
            "withdrawn it. That DNS gave this key then rests on the school's word: the record's hash is in the signed trail "
            "from that moment on."
        )
    if is_own_check(check):
        return (
            "mailguard asked DNS for the signer's public key when the message arrived and got none, so the signature was "
            "not proved. Only its domain, selector and algorithm are kept."
        )
    return (
        f"{_who_checked(check)} mailguard itself made no DNS look-up for this message and has no copy of the signer's public "
        "key. As long as the domain gives the key (at the name shown), the signature can be tried on the bytes in this "
        "pack; after that, what remains is the statement."
    )


def key_name(signature: Mapping[str, Any]) -> str:
    """Where DNS has, or had, the key."""
    return f"{signature['selector']}._domainkey.{signature['domain']}"


def _who_checked(check: Mapping[str, Any]) -> str:
    if is_own_check(check):
        return "mailguard checked the sender itself when the message arrived."
    if check["checked_by"]:
        return (
            f"The school's mail server ({check['checked_by']}) checked the sender before mailguard saw the message; what it "
            "stated is kept as it stood."
        )
    return "No server that the school trusts had stated anything about the sender when the message arrived."
