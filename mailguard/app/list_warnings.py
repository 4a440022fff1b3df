"""What a person should see before a change of the lists is applied, and which changes lower the protection.

A change lowers it when mail that was reported or held would no longer be: somebody leaves a list, a pupil
loses an address or handle, a sender is trusted (excluded, declared, official, an approved channel, an address
outside the school's that becomes a colleague's), or such trust lasts longer. So does what moves a case from one
reader to another: a colleague's name, role or addresses, by which a case is closed to whom it is about. It
wants a reason, and the chain is told.
SECURITY: hostile is who may edit lists and wants a case not to be seen, or to see their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from mailguard.app.list_diff import ListDiff, RowChange
from mailguard.app.list_files import ListName
from mailguard.app.lists import IndexedLists
from mailguard.domain.people import Person
from mailguard.domain.words import PersonList

SMALLEST_GUARDED_LIST = 20
_MANY_PER_CENT = 10
_MANY = 3
_PEOPLE = {
    ListName.PUPILS: PersonList.PUPILS,
    ListName.PARENTS: PersonList.PARENTS,
    ListName.STAFF: PersonList.STAFF,
}
_TRUSTED = {
    ListName.OFFICIAL_ACCOUNTS: "an official account: what a platform sends about it is delivered",
    ListName.DECLARED_RELATIONSHIPS: "a declared relationship: what these two write is delivered unless it is grave",
    ListName.EXCLUDED_CORRESPONDENTS: "an excluded correspondent: their mail is not read",
    ListName.APPROVED_CHANNELS: "an approved channel: schoolwork on it is delivered and reported together",
}


class Gravity(StrEnum):
    LOUD = "loud"  # read this before anything else
    LOWERS = "lowers"  # the protection: wants a reason


@dataclass(frozen=True, slots=True)
class ListWarning:
    """``says`` names ids and addresses, as the page may show; the audit trail gets counts and ids."""

    gravity: Gravity
    says: str


def lost_half(old: IndexedLists, new: IndexedLists) -> tuple[ListName, ...]:
    """Lists of people that have lost more than half: what an export that broke off looks like.

    The daemon refuses such a file, so nobody may apply one here.
    """
    return tuple(
        name
        for name in _PEOPLE
        if old.counts[name] >= SMALLEST_GUARDED_LIST and new.counts[name] * 2 < old.counts[name]
    )


def warnings_of(diff: ListDiff, old: IndexedLists, new: IndexedLists) -> tuple[ListWarning, ...]:
    """The loudest first."""
    found = [*_many_gone(diff), *_moved(old, new), *_lowering(diff), *_colleagues(diff, old, new)]
    order = list(Gravity)
    return tuple(sorted(found, key=lambda each: order.index(each.gravity)))


def _many_gone(diff: ListDiff) -> Iterator[ListWarning]:
    gone = len(diff.removed)
    if diff.name in _PEOPLE and gone >= _MANY and gone * 100 >= diff.rows_before * _MANY_PER_CENT:
        yield ListWarning(
            Gravity.LOUD,
            f"{gone} of {diff.rows_before} rows would go. Is this the whole export? A year group that is "
            "missing here would no longer be recognised.",
        )


def _moved(old: IndexedLists, new: IndexedLists) -> Iterator[ListWarning]:
    """Addresses and ids whose meaning changes from one list to another."""
    for person in old.people():
        after = new.person(person.id)
        if after is not None and after.list is not person.list:
            yield ListWarning(
                Gravity.LOUD, f"{person.id} would move from the {person.list.value} to the {after.list.value}"
            )
        for address in person.addresses:
            kinds = _kinds(new.by_address(address))
            if kinds and person.list.value not in kinds:
                yield ListWarning(
                    Gravity.LOUD,
                    f"{address} of {person.id} would no longer be on the list of {person.list.value}, but on "
                    f"that of {', '.join(kinds)}",
                )
    for person in new.people():
        for address in person.addresses:
            others = [
                each
                for each in new.by_address(address)
                if each.list is not person.list and each.id != person.id
            ]
            before = {each.id for each in old.by_address(address)}
            if others and person.id not in before and person.list is not PersonList.PUPILS:
                yield ListWarning(
                    Gravity.LOUD,
                    f"{address} would be on the list of {person.list.value} ({person.id}) and on that of "
                    f"{others[0].list.value} ({others[0].id}); a pupil's list wins",
                )


def _kinds(people: tuple[Person, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(person.list.value for person in people))


def _lowering(diff: ListDiff) -> Iterator[ListWarning]:
    if diff.name in _TRUSTED:
        if diff.added:
            yield ListWarning(Gravity.LOWERS, f"adds {len(diff.added)} × {_TRUSTED[diff.name]}")
        for change in diff.changed:
            yield from _longer_trust(change)
        return
    for row in diff.removed:
        yield ListWarning(Gravity.LOWERS, f"{row['id']} would no longer be on the list of {diff.name.value}")
    for change in diff.changed:
        for field in change.fields:
            for value in field.gone:
                loud = diff.name is ListName.PUPILS and field.column == "addresses"
                yield ListWarning(
                    Gravity.LOUD if loud else Gravity.LOWERS,
                    f"{change.after['id']} would lose {value} ({field.column})",
                )
            if diff.name is ListName.STAFF and field.column in {"name", "role"}:
                yield ListWarning(
                    Gravity.LOWERS,
                    f"{change.after['id']} gets another {field.column}; an accusation under the old one would not be "
                    "recognised as one of a colleague",
                )
            if diff.name is ListName.STAFF and field.come:
                yield ListWarning(
                    Gravity.LOWERS,
                    f"{change.after['id']} gets {', '.join(field.come)}; cases about {change.after['id']} would be "
                    "closed to whoever has that address",
                )
            if field.column == "name" and diff.name is ListName.PUPILS:
                yield ListWarning(
                    Gravity.LOWERS,
                    f"{change.after['id']} gets another name; mail under the old one would not be recognised",
                )


def _colleagues(diff: ListDiff, old: IndexedLists, new: IndexedLists) -> Iterator[ListWarning]:
    """New colleagues with an address outside the school's, or with one that somebody else has."""
    for row in diff.added if diff.name is ListName.STAFF else ():
        person = new.person(row["id"])
        for address in person.addresses if person is not None else ():
            others = [each.id for each in new.by_address(address) if each.id != row["id"]]
            if others:
                yield ListWarning(
                    Gravity.LOWERS,
                    f"{address} of {row['id']} is that of {', '.join(others)} too; a case about one of them would be "
                    "closed to the other",
                )
            elif not old.is_representative(address):
                yield ListWarning(
                    Gravity.LOWERS,
                    f"{address} of {row['id']} is no address of the school; mail from it would count as a colleague's",
                )


def _longer_trust(change: RowChange) -> Iterator[ListWarning]:
    for field in change.fields:
        if field.column in {"expires", "declared_on"} and not _is_earlier_end(
            field.column, field.before, field.after
        ):
            yield ListWarning(Gravity.LOWERS, f"trust would begin earlier or last longer ({field.column})")
        elif field.come:
            yield ListWarning(Gravity.LOWERS, f"trust would reach further ({field.column})")


def _is_earlier_end(column: str, before: str, after: str) -> bool:
    """Whether a changed date shortens the trust. A date that cannot be read, or none, does not."""
    try:
        old, new = date.fromisoformat(before), date.fromisoformat(after)
    except ValueError:
        return bool(after) and not before and column == "expires"
    return new < old if column == "expires" else new > old


def lowers_protection(diff: ListDiff) -> bool:
    return any(True for _ in _lowering(diff))
