"""What a new file of a list changes: rows added, changed and gone, by the list's own key.

Rows are compared by what they say, not by how they are written: order, letter case of addresses and blanks do
not count.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mailguard.app.list_files import COLUMNS, ListName, Row

KEYS: Mapping[ListName, tuple[str, ...]] = {
    ListName.PUPILS: ("id",),
    ListName.PARENTS: ("id",),
    ListName.STAFF: ("id",),
    ListName.OFFICIAL_ACCOUNTS: ("mailbox", "platform", "handle"),
    ListName.DECLARED_RELATIONSHIPS: ("staff", "person"),
    ListName.EXCLUDED_CORRESPONDENTS: ("address",),
    ListName.APPROVED_CHANNELS: ("pupil_domain", "representatives"),
}
_SEVERAL = frozenset({"addresses", "handles", "pupils", "representatives"})
_ANY_CASE = frozenset(
    {"addresses", "handles", "representatives", "mailbox", "address", "pupil_domain", "platform"}
)
_SEPARATORS = re.compile(r"[\s;,]+")


@dataclass(frozen=True, slots=True)
class FieldChange:
    """``gone`` and ``come``: of a column that holds several, which ones; else both empty."""

    column: str
    before: str
    after: str
    gone: tuple[str, ...] = ()
    come: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RowChange:
    before: Row
    after: Row
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class ListDiff:
    """In the order of the files: ``added`` and ``changed`` of the new, ``removed`` of the old."""

    name: ListName
    added: tuple[Row, ...]
    removed: tuple[Row, ...]
    changed: tuple[RowChange, ...]
    rows_before: int
    rows_after: int

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.removed or self.changed)


def row_key(name: ListName, row: Row) -> tuple[str, ...]:
    return tuple(" ".join(sorted(_values(column, row[column]))) for column in KEYS[name])


def diff_rows(name: ListName, old: Sequence[Row], new: Sequence[Row]) -> ListDiff:
    """Of rows with the same key the last counts, on either side; such a file does not load anyway."""
    before = {row_key(name, row): row for row in old}
    after = {row_key(name, row): row for row in new}
    changed = []
    for key, row in after.items():
        fields = _changes(name, before[key], row) if key in before else ()
        if fields:
            changed.append(RowChange(before[key], row, fields))
    return ListDiff(
        name=name,
        added=tuple(row for key, row in after.items() if key not in before),
        removed=tuple(row for key, row in before.items() if key not in after),
        changed=tuple(changed),
        rows_before=len(old),
        rows_after=len(new),
    )


def _changes(name: ListName, before: Row, after: Row) -> tuple[FieldChange, ...]:
    found = []
    for column in COLUMNS[name].known:
        old, new = _values(column, before[column]), _values(column, after[column])
        if set(old) == set(new):
            continue
        gone = tuple(each for each in old if each not in new) if column in _SEVERAL else ()
        come = tuple(each for each in new if each not in old) if column in _SEVERAL else ()
        found.append(FieldChange(column, before[column], after[column], gone, come))
    return tuple(found)


def _values(column: str, text: str) -> tuple[str, ...]:
    folded = text.casefold() if column in _ANY_CASE else text
    if column not in _SEVERAL:
        return (folded,)
    return tuple(dict.fromkeys(filter(None, _SEPARATORS.split(folded))))
