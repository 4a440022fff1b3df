"""Addresses and domains that nearly are a pupil's: dots, one slip, look-alike letters, another ending.

Time per query depends on the length of the address, not on the roll. Source: DECISIONS.md, "Party".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from mailguard.domain.address import (
    canonical_address,
    covering_domain,
    deletions,
    domain_skeletons,
    is_one_slip,
    near_local,
    split_address,
)
from mailguard.domain.folding import fold_letters
from mailguard.domain.people import Person

SHORTEST_LOCAL = 6
"""Below this many letters and digits one slip makes another person, not a variant."""
_SHORTEST_SAME_LOCAL = 4
# RFC 5321 4.5.3.1.1; looking for slips takes time with the square of the length.
_LONGEST_SLIPPED_LOCAL = 64
_SHORTEST_SKELETON = 5
# Where the local part is a pupil's already, a short domain may be imitated too.
_SHORTEST_SKELETON_OF_KNOWN = 3
_SHORTEST_SLIPPED_SKELETON = 8
# Two letters that a reader takes for one: "rn" for "m" is two slips to a counter of letters, and none to the eye.
_READ_AS_ONE = (("rn", "m"), ("vv", "w"), ("cl", "d"))


class LookalikeDomains:
    """The domains that are protected, by what a reader sees of them."""

    def __init__(self, domains: Iterable[str], *, shortest: int = _SHORTEST_SKELETON) -> None:
        self._skeletons = frozenset(
            skeleton
            for domain in domains
            for skeleton in domain_skeletons(domain)
            if len(skeleton) >= shortest
        )
        near: dict[str, set[str]] = {}
        for skeleton in self._skeletons:
            if len(skeleton) >= _SHORTEST_SLIPPED_SKELETON:
                for shorter in deletions(skeleton):
                    near.setdefault(shorter, set()).add(skeleton)
        self._near = {shorter: tuple(sorted(skeletons)) for shorter, skeletons in near.items()}

    def imitates(self, domain: str) -> bool:
        """The domain looks like a protected one; the caller knows that it is not itself protected."""
        for skeleton in domain_skeletons(domain):
            if skeleton in self._skeletons:
                return True
            for shorter in deletions(skeleton):
                if any(is_one_slip(skeleton, candidate) for candidate in self._near.get(shorter, ())):
                    return True
        return False


class NearAddresses:
    """Pupils by near variants of their listed addresses.

    ``covered``: domains under which every address is a pupil's; only imitations of the domain are sought.
    """

    def __init__(
        self, pupils: Iterable[Person], *, covered: Collection[str], dot_blind: Collection[str]
    ) -> None:
        self._dot_blind = dot_blind
        self._by_local: dict[tuple[str, str], dict[str, Person]] = {}
        self._by_slip: dict[tuple[str, str], list[tuple[str, Person]]] = {}
        self._by_sight: dict[tuple[str, str], dict[str, Person]] = {}
        self._domains_of: dict[str, list[tuple[str, Person]]] = {}
        self._skeletons: dict[str, LookalikeDomains] = {}
        for pupil in pupils:
            for address in pupil.addresses:
                local, domain = split_address(canonical_address(address, dot_blind))
                bare = near_local(local)
                if len(bare) < _SHORTEST_SAME_LOCAL:
                    continue
                self._domains_of.setdefault(bare, []).append((domain, pupil))
                if domain not in self._skeletons:
                    self._skeletons[domain] = LookalikeDomains(
                        (domain,), shortest=_SHORTEST_SKELETON_OF_KNOWN
                    )
                if covering_domain(domain, covered):
                    continue
                self._by_local.setdefault((domain, bare), {})[pupil.id] = pupil
                if len(bare) >= SHORTEST_LOCAL:
                    self._by_sight.setdefault((domain, _as_seen(bare)), {})[pupil.id] = pupil
                    for shorter in deletions(bare):
                        self._by_slip.setdefault((domain, shorter), []).append((bare, pupil))

    def find(self, address: str) -> tuple[Person, ...]:
        """Pupils whose address this nearly is; the caller knows that it is not listed itself."""
        local, domain = split_address(canonical_address(address, self._dot_blind))
        bare = near_local(local)
        if len(bare) < _SHORTEST_SAME_LOCAL:
            return ()
        found = dict(self._by_local.get((domain, bare), {}))
        if not bare.isascii():
            found.update(self._by_local.get((domain, fold_letters(bare)), {}))
        if SHORTEST_LOCAL <= len(bare) <= _LONGEST_SLIPPED_LOCAL:
            found.update(self._by_sight.get((domain, _as_seen(bare)), {}))
            for shorter in deletions(bare):
                for listed, pupil in self._by_slip.get((domain, shorter), ()):
                    if pupil.id not in found and is_one_slip(bare, listed):
                        found[pupil.id] = pupil
        for listed_domain, pupil in self._domains_of.get(bare, ()):
            if listed_domain != domain and self._skeletons[listed_domain].imitates(domain):
                found[pupil.id] = pupil
        return tuple(found.values())


def _as_seen(local: str) -> str:
    for pair, letter in _READ_AS_ONE:
        local = local.replace(pair, letter)
    return local
