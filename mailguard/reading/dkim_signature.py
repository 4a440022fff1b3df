"""DKIM-Signature fields as far as they can be read without their keys (RFC 6376 3.5). Never raises.

They are kept as evidence: when the key is gone from DNS, who signed with which key is still known.
"""

from __future__ import annotations

from collections.abc import Sequence

from mailguard.domain.message import DkimSignature

MOST_SIGNATURES = 5
_LONGEST_VALUE = 300


def read_signatures(headers: Sequence[tuple[str, str]]) -> tuple[DkimSignature, ...]:
    """The topmost ones that name a domain and a selector. ``headers`` topmost first, lower-case names."""
    values = [value for name, value in headers if name == "dkim-signature"][:MOST_SIGNATURES]
    found = (read_signature(value) for value in values)
    return tuple(each for each in found if each.domain and each.selector)


def read_signature(value: str) -> DkimSignature:
    tags = tag_list(value)

    def tag(name: str) -> str:
        # SECURITY: whatever the sender wrote; shown in evidence, so bounded and printable.
        text = "".join(letter for letter in tags.get(name, "") if letter.isprintable())
        return text[:_LONGEST_VALUE]

    return DkimSignature(
        domain=tag("d").strip(".").lower(),
        selector=tag("s"),
        algorithm=tag("a").lower(),
        body_hash=tag("bh"),
        is_partial="l" in tags,
    )


def tag_list(text: str) -> dict[str, str]:
    """``a=b; c=d`` as a mapping, without white space; the first of equal tags wins."""
    tags: dict[str, str] = {}
    for item in text[:16_384].split(";"):
        name, equals, value = item.partition("=")
        if equals:
            tags.setdefault(name.strip(), "".join(value.split()))
    return tags
