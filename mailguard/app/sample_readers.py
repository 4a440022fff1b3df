"""Who may see a sampled message: the DCPO and the deputy, and never whoever writes it, gets it or is named in it.

What the model did not understand must be read by somebody: what is closed to both of them is the Chair's.
"""

from __future__ import annotations

from collections.abc import Collection

from mailguard.app.effects_settings import Directory
from mailguard.app.ports_learning import SampleRecord
from mailguard.domain.words import Role

_LABELLERS = (Role.HEAD, Role.DEPUTY)


def is_closed(
    sample: SampleRecord, directory: Directory, *, address: str, role: str, configured: Collection[Role]
) -> bool:
    """The chain's own mail is left out when a sample is drawn; accounts, rota and lists may have changed since.

    ``role``: the reader's in the chain. ``configured``: the roles that the school has.
    """
    own_ids = {person.id for person in directory.by_address(address)}
    parties = [str(sample.envelope.get("from", "")), *map(str, sample.envelope.get("to", ()))]
    return is_closed_to(sample.closed_to, own_ids, role=role, configured=configured) or any(
        each.lower() == address.lower()
        or own_ids.intersection(person.id for person in directory.by_address(each))
        for each in parties
    )


def is_closed_to(
    closed_to: Collection[str], own_ids: Collection[str], *, role: str, configured: Collection[Role]
) -> bool:
    """By whom a message names alone. ``closed_to``: ids of persons, and "roles.head"."""
    if role not in _LABELLERS and any(
        each in configured and f"roles.{each}" not in closed_to for each in _LABELLERS
    ):
        return True
    return f"roles.{role}" in closed_to or not set(own_ids).isdisjoint(closed_to)
