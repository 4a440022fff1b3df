"""Rules of mail addresses: which two are one mailbox, which domain covers which, and what nearly is another.

Pure and total: anything that is no address gives "" or False.
Sources: RFC 5321 2.4, RFC 5233 (plus tags), RFC 6531 (addresses beyond ASCII), DECISIONS.md "Party".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from mailguard.domain.folding import fold_letters, leet_readings

DOT_BLIND = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}
"""Domains whose mailboxes ignore dots in the local part, and the one name that stands for all of them."""

# What IDNA takes for a dot (RFC 3490 3.1).
_DOTS = ".\u3002\uff0e\uff61"
_SEPARATORS = str.maketrans("", "", "._-")
# Second-level labels under which registries sell names; with a two-letter ending they belong to the ending.
_REGISTRY_LABELS = frozenset(
    {"ac", "co", "com", "edu", "gov", "ltd", "me", "net", "nhs", "org", "plc", "sch"}
)
# RFC 5321 4.5.3.1 says 320 at most, yet servers take more, and a plus tag has no end.
_LONGEST_ADDRESS = 1_100


def split_address(address: str) -> tuple[str, str]:
    """(local part, domain in :func:`canonical_domain` form), or ("", "") for what is no address."""
    stripped = address.strip().strip("<>").strip()
    local, at, domain = stripped.rpartition("@")
    if not at or not local or not domain or len(stripped) > _LONGEST_ADDRESS:
        return "", ""
    if local.startswith('"') and local.endswith('"') and len(local) > 2:
        local = local[1:-1].replace("\\", "")
    return local, canonical_domain(domain)


def domain_of(address: str) -> str:
    """The domain of an address in canonical form, or "" for what is no address."""
    return split_address(address)[1]


def canonical_domain(domain: str) -> str:
    """Lower case, without a closing dot, international labels as their xn-- form where they have one."""
    lowered = domain.strip().rstrip(_DOTS).lower()
    if lowered.isascii():
        return lowered
    try:
        return lowered.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return lowered


def canonical_address(address: str, dot_blind: Collection[str] = DOT_BLIND) -> str:
    """The key under which two spellings of one mailbox are equal, or "".

    Case and plus tag are dropped everywhere, dots only under ``dot_blind`` domains.
    """
    local, domain = split_address(address)
    if not local:
        return ""
    folded = local.casefold()
    bare = folded.partition("+")[0] or folded
    if domain in dot_blind:
        bare = bare.replace(".", "") or bare
        domain = DOT_BLIND.get(domain, domain)
    return f"{bare}@{domain}"


def parent_domains(domain: str) -> Iterator[str]:
    """The domain itself, then each domain above it, the longest first."""
    rest = domain
    while rest:
        yield rest
        rest = rest.partition(".")[2]


def covering_domain(domain: str, domains: Collection[str]) -> str:
    """The longest of ``domains`` that is ``domain`` or lies above it, or ""."""
    return next((parent for parent in parent_domains(domain) if parent in domains), "")


def near_local(local: str) -> str:
    """The local part without case, tag and separators: what stays equal when dots are added or left out."""
    return local.casefold().partition("+")[0].translate(_SEPARATORS)


def domain_skeletons(domain: str) -> tuple[str, ...]:
    """What a reader sees of a domain: without ending, dots and hyphens, look-alike letters folded.

    Several where a digit can be read as two letters, and where its words may stand in another order.
    """
    words = _words_of(domain)
    skeletons: dict[str, None] = {}
    for order in (words, sorted(words)):
        for reading in leet_readings("".join(order), keep_ends=True):
            skeletons[reading] = None
    return tuple(skeletons)


def _words_of(domain: str) -> list[str]:
    labels = [fold_letters(_unicode_label(label)) for label in canonical_domain(domain).split(".") if label]
    if len(labels) > 1:
        labels = labels[:-1]
    if len(labels) > 1 and labels[-1] in _REGISTRY_LABELS:
        labels = labels[:-1]
    return [word for label in labels for word in label.split("-") if word]


def _unicode_label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label.encode("ascii").decode("idna")
    except UnicodeError:
        return label


def deletions(word: str) -> tuple[str, ...]:
    """The word and every word with one letter less. Two words one slip apart share at least one of them."""
    return (word, *dict.fromkeys(word[:at] + word[at + 1 :] for at in range(len(word))))


def is_one_slip(one: str, other: str) -> bool:
    """One letter added, left out or replaced, or two neighbours swapped. Equal words are no slip."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    short, long = sorted((one, other), key=len)
    at = next((place for place, letter in enumerate(short) if letter != long[place]), len(short))
    if len(short) < len(long):
        return short[at:] == long[at + 1 :]
    swapped = short[at : at + 2] == long[at : at + 2][::-1] and short[at + 2 :] == long[at + 2 :]
    return swapped or short[at + 1 :] == long[at + 1 :]
