"""What the lists and their columns are called on pages and in digests, and what each is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mailguard.app.list_files import COLUMNS, ListName


@dataclass(frozen=True, slots=True)
class ListWords:
    title: str
    one: str
    purpose: str


@dataclass(frozen=True, slots=True)
class ColumnWords:
    label: str
    hint: str = ""


LIST_WORDS: Mapping[ListName, ListWords] = {
    ListName.PUPILS: ListWords(
        "Pupils", "pupil", "Whatever comes from one of these addresses or accounts is reported."
    ),
    ListName.PARENTS: ListWords(
        "Parents and carers", "parent", "Their ordinary letters are delivered; private contact is held."
    ),
    ListName.STAFF: ListWords(
        "Staff and governors", "member of staff", "Whose mail is watched, and whom a concern may be about."
    ),
    ListName.OFFICIAL_ACCOUNTS: ListWords(
        "Official accounts",
        "account",
        "The school's own accounts: what a platform sends about them is delivered.",
    ),
    ListName.DECLARED_RELATIONSHIPS: ListWords(
        "Declared relationships",
        "relationship",
        "Such as a teacher's own child: what the two write is delivered unless it is grave.",
    ),
    ListName.EXCLUDED_CORRESPONDENTS: ListWords(
        "Excluded correspondents",
        "correspondent",
        "Such as a trade union: their mail is not read, where the sender is verified.",
    ),
    ListName.APPROVED_CHANNELS: ListWords(
        "Approved channels",
        "channel",
        "Schoolwork from a pupil domain to these members of staff is delivered and reported together.",
    ),
}

_SEVERAL = "Several are separated by spaces."
_PLATFORM = "The platform's id, such as facebook or x."
COLUMN_WORDS: Mapping[ListName, Mapping[str, ColumnWords]] = {
    ListName.PUPILS: {
        "id": ColumnWords("Id", "The id that the MIS uses. It never changes."),
        "name": ColumnWords("Name", "Given name and surname."),
        "year": ColumnWords("Year"),
        "addresses": ColumnWords("Addresses", f"Every one that is known, private ones too. {_SEVERAL}"),
        "handles": ColumnWords("Accounts", f"As platform:name, such as instagram:ella.bee. {_SEVERAL}"),
    },
    ListName.PARENTS: {
        "id": ColumnWords("Id", "The id that the MIS uses."),
        "name": ColumnWords("Name", "Given name and surname."),
        "pupils": ColumnWords("Children", f"The ids of their children on the pupil list. {_SEVERAL}"),
        "addresses": ColumnWords("Addresses", _SEVERAL),
    },
    ListName.STAFF: {
        "id": ColumnWords("Id", "The id that the MIS uses."),
        "name": ColumnWords("Name", "Given name and surname."),
        "role": ColumnWords("Role", "Such as teacher, head, deputy-head, caretaker."),
        "addresses": ColumnWords(
            "Addresses", f"School and private ones that are used for school. {_SEVERAL}"
        ),
    },
    ListName.OFFICIAL_ACCOUNTS: {
        "mailbox": ColumnWords("Mailbox", "The school address that the account belongs to."),
        "platform": ColumnWords("Platform", _PLATFORM),
        "handle": ColumnWords("Account", "Its name there."),
        "owner": ColumnWords("Answers for it", "The id of a member of staff."),
        "expires": ColumnWords("Last day", "YYYY-MM-DD. Empty: it does not end."),
    },
    ListName.DECLARED_RELATIONSHIPS: {
        "staff": ColumnWords("Member of staff", "Their id."),
        "person": ColumnWords("Pupil or parent", "Their id."),
        "relationship": ColumnWords("Relationship", "Such as daughter, nephew, neighbour."),
        "declared_on": ColumnWords("Declared on", "YYYY-MM-DD. It counts from that day."),
    },
    ListName.EXCLUDED_CORRESPONDENTS: {
        "address": ColumnWords("Address", "One address, or *@domain for everybody there."),
        "reason": ColumnWords("Why", "Such as trade union, occupational health."),
    },
    ListName.APPROVED_CHANNELS: {
        "approver": ColumnWords("Approved by", "Who approved it."),
        "pupil_domain": ColumnWords("Pupil domain", "Whose mail it covers."),
        "representatives": ColumnWords("Members of staff", f"Their addresses. {_SEVERAL}"),
        "expires": ColumnWords("Last day", "YYYY-MM-DD."),
    },
}


def column_words(name: ListName, column: str) -> ColumnWords:
    return COLUMN_WORDS[name][column]


def is_required(name: ListName, column: str) -> bool:
    """Whether a row cannot do without it, as far as its column tells."""
    required = {
        ListName.PARENTS: {"id", "name", "pupils"},
        ListName.STAFF: {"id", "name"},
        ListName.OFFICIAL_ACCOUNTS: {"mailbox", "platform", "handle"},
    }
    return column in required.get(name, set(COLUMNS[name].required))
