"""Whom a message accuses, with the signal that says so: alike for a letter and for what a user wrote in a notification.

Source: DECISIONS.md, rule 3 ("the accused").
"""

from __future__ import annotations

from mailguard.domain.accused import Accused, find_accused
from mailguard.domain.material import Material
from mailguard.domain.parties import Parties, on_list
from mailguard.domain.signal import Signal, SignalCode
from mailguard.domain.words import Nature, PersonList


def accused_of(
    material: Material,
    parties: Parties,
    natures: tuple[Nature, ...],
    text: str,
    signals: list[Signal],
    *,
    subject: str = "",
) -> Accused | None:
    """Whom ``text`` accuses, None when it is no allegation or about nobody of the school. Adds to ``signals``."""
    if Nature.ALLEGATION not in natures or material.staff_in_text is None:
        return None
    lists = material.lists
    recipients, writers = (
        [person for party in some for person in on_list(lists.by_address(party.address), PersonList.STAFF)]
        for some in (
            parties.all_recipients,
            # A forged Reply-To makes nobody the writer.
            [party for party in parties.senders if party.where == "header From"],
        )
    )
    accused = find_accused(text, material.staff_in_text, recipients, subject=subject, writers=writers)
    if not accused.persons and not accused.is_unnamed:
        return None
    code = SignalCode.ACCUSED_UNNAMED if accused.is_unnamed else SignalCode.ACCUSED_NAMED
    signals.append(Signal(code, f"an allegation that {accused.says}", "own words"))
    return accused
