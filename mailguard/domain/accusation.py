"""Whom a message accuses, with the signal that says so: alike for a letter and for what a user wrote in a notification.

Source: DECISIONS.md, rule 3 ("the accused").
"""

from __future__ import annotations

from collections.abc import Sequence

from mailguard.domain.accused import Accused, accused_by_given_name, find_accused
from mailguard.domain.material import Material
from mailguard.domain.parties import Parties, on_list
from mailguard.domain.people import Person
from mailguard.domain.signal import Signal, SignalCode
from mailguard.domain.words import Nature, PersonList

# Under the model's thresholds; a report that goes to another of the chain costs less than one that reaches whom it is about.
_MAY_BE_AN_ALLEGATION = 0.15
_GRAVE_BESIDE = frozenset({Nature.DISCLOSURE, Nature.THREAT, Nature.MEETING_OR_SECRECY})


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
    if material.staff_in_text is None:
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
    chain = [
        person
        for person in lists.staff()
        if any(material.school.role_of(address) is not None for address in person.addresses)
    ]
    if Nature.ALLEGATION not in natures:
        return _nearly_accused(material, natures, text, recipients, chain if writers else [], signals)
    accused = find_accused(
        text, material.staff_in_text, recipients, subject=subject, writers=writers, chain=chain
    )
    if not accused.persons and not accused.is_unnamed:
        return None
    code = SignalCode.ACCUSED_UNNAMED if accused.is_unnamed else SignalCode.ACCUSED_NAMED
    signals.append(Signal(code, f"an allegation that {accused.says}", "own words"))
    return accused


def _nearly_accused(
    material: Material,
    natures: tuple[Nature, ...],
    text: str,
    recipients: Sequence[Person],
    chain: Sequence[Person],
    signals: list[Signal],
) -> Accused | None:
    """Of a colleague's grave letter that may be an allegation too: who of the chain is blamed by given name, and must not be told."""
    likely = material.scores.nature.get(Nature.ALLEGATION.value, 0.0)
    if not chain or likely < _MAY_BE_AN_ALLEGATION or not _GRAVE_BESIDE.intersection(natures):
        return None
    readers = {person.id for person in recipients}
    named = accused_by_given_name(text, chain)
    persons = tuple(person for person in chain if person.id in named and person.id not in readers)
    if not persons:
        return None
    words = ", ".join(f'"{named[person.id]}"' for person in persons)
    says = f"blames {words} among those who would be told"
    signals.append(
        Signal(SignalCode.ACCUSED_NAMED, f"perhaps an allegation ({likely:.2f}) that {says}", "own words")
    )
    return Accused(persons=persons, is_unnamed=False, says=says)
