"""Whether a message is a mailing to many that tells of nobody at this school: a bulletin quotes harm, and reports none.

Structure and lists say so, not the model alone: marks of a mailing in the header, the model's "bulk" beside them, and
neither the school nor anybody of it named but the reader. Source: DECISIONS, row D4 ("telling of harm to a child").
"""

from __future__ import annotations

from mailguard.domain.material import Material
from mailguard.domain.parties import Parties, on_list
from mailguard.domain.words import Kind, PersonList

_SURELY_BULK = 0.5


def is_bulletin(material: Material, parties: Parties) -> bool:
    """Total. False where any sign is missing, and for a discussion list, whose members do report what happened."""
    facts = material.facts
    is_mailing = bool(facts.header("list-unsubscribe")) and (
        facts.header("precedence").strip().lower() == "bulk" or bool(facts.header("list-id"))
    )
    is_discussion = bool(facts.header("list-post")) or facts.header("precedence").strip().lower() == "list"
    if not is_mailing or is_discussion or material.scores.kind.get(Kind.BULK.value, 0.0) < _SURELY_BULK:
        return False
    text = f"{facts.subject}\n{facts.own_text}\n{facts.signature_text}"
    return not _names_school(text, material, parties) and not _names_somebody_else(text, material, parties)


def _names_school(text: str, material: Material, parties: Parties) -> bool:
    folded = " ".join(text.split()).casefold()
    # "You receive this at j.adeleke@…" names the reader.
    for party in parties.all_recipients:
        folded = folded.replace(party.address.casefold(), " ") if party.address else folded
    return any(
        name and name.casefold() in folded for name in (material.school.name, *material.school.domains)
    )


def _names_somebody_else(text: str, material: Material, parties: Parties) -> bool:
    if material.staff_in_text is None:
        return True
    readers = {
        person.id
        for party in parties.all_recipients
        for person in on_list(material.lists.by_address(party.address), PersonList.STAFF)
    }
    # By name: "the Head" of a bulletin is everybody's.
    return any(
        not readers.intersection(person.id for person in hit.persons)
        and any(person.name.split()[-1].casefold() in hit.words.casefold() for person in hit.persons)
        for hit in material.staff_in_text(text)
    )
