"""Which domains belong together: organisational domains and DMARC's relaxed alignment."""

from __future__ import annotations

from functools import lru_cache

from publicsuffixlist import PublicSuffixList


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@lru_cache(maxsize=8192)
def organisational_domain(domain: str) -> str:
    """The domain one label below the public suffix, in lower case; the domain itself when there is none.

    Source: RFC 7489 3.2, the Public Suffix List shipped with publicsuffixlist.
    """
    domain = domain.strip().strip(".").lower()
    if len(domain) > 255:
        return domain
    return _suffixes().privatesuffix(domain) or domain


@lru_cache(maxsize=1)
def _known_suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


@lru_cache(maxsize=4096)
def has_known_suffix(host: str) -> bool:
    """True when the host ends in a suffix of the list: "t.me" does, "mr.smith" does not."""
    return _known_suffixes().publicsuffix(host.lower()) is not None


def is_aligned(domain: str, other: str) -> bool:
    """True when both are of one organisation (relaxed alignment, RFC 7489 3.1). An empty domain is aligned
    with nothing.
    """
    return bool(domain) and bool(other) and organisational_domain(domain) == organisational_domain(other)
