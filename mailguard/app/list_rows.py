"""Rows of the list files to persons, accounts, relationships and exclusions, every fault reported.

A fault never hides another: a row is checked to its end, and so is every file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from mailguard.app.list_files import ListName, ListProblem, Row
from mailguard.domain.address import (
    canonical_address,
    canonical_domain,
    covering_domain,
    domain_of,
    split_address,
)
from mailguard.domain.people import (
    ApprovedChannel,
    DeclaredRelationship,
    ExcludedCorrespondent,
    OfficialAccount,
    Person,
)
from mailguard.domain.words import PersonList

_SEVERAL = re.compile(r"[\s;,]+")
_ADDRESS = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>]+")
_PLATFORM = re.compile(r"[a-z0-9][a-z0-9.-]*")
_PERSON_LISTS = {
    ListName.PUPILS: PersonList.PUPILS,
    ListName.PARENTS: PersonList.PARENTS,
    ListName.STAFF: PersonList.STAFF,
}
_PLATFORM_ALIASES = {
    "fb": "facebook",
    "ig": "instagram",
    "insta": "instagram",
    "snap": "snapchat",
    "twitter": "x",
    "yt": "youtube",
}


@dataclass(slots=True)
class ListContents:
    """What all the files say together."""

    people: list[Person] = field(default_factory=list)
    accounts: list[OfficialAccount] = field(default_factory=list)
    relationships: list[DeclaredRelationship] = field(default_factory=list)
    exclusions: list[ExcludedCorrespondent] = field(default_factory=list)
    channels: list[ApprovedChannel] = field(default_factory=list)


def platform_id(name: str) -> str:
    """The id of a platform as a list may write it: "Twitter" is x, "Google Classroom" google-classroom."""
    lowered = re.sub(r"[\s_]+", "-", name.strip().lower())
    return _PLATFORM_ALIASES.get(lowered, lowered)


def bare_handle(handle: str) -> str:
    """A handle without case, "@", "u/" and "/": what two spellings of one handle share."""
    return (
        handle.strip()
        .casefold()
        .lstrip("@/")
        .removeprefix("user/")
        .removeprefix("u/")
        .lstrip("@")
        .rstrip("/")
    )


def read_contents(
    rows: dict[ListName, Sequence[Row]],
    *,
    pupil_domains: Collection[str],
    free_mail_domains: Collection[str],
    problems: list[ListProblem],
) -> ListContents:
    """All lists checked against each other. Faults go to ``problems``; a faulty row gives nothing."""
    contents = ListContents()
    places: dict[str, Row] = {}
    people: dict[str, Person] = {}
    for name, person_list in _PERSON_LISTS.items():
        for row in rows.get(name, ()):
            person = _read_person(row, person_list, places, problems)
            if person is not None:
                people[person.id] = person
    known = frozenset(places)
    # A pupil list that could not be read has its own fault; a line for each parent would bury it.
    for person in people.values() if rows.get(ListName.PUPILS) else ():
        for pupil_id in person.pupil_ids:
            pupil = people.get(pupil_id)
            if (pupil is None and pupil_id not in known) or (
                pupil is not None and pupil.list is not PersonList.PUPILS
            ):
                fault = places[person.id].problem(
                    pupil_id,
                    "is no id of the pupil list",
                    "correct the id, or leave it out when the pupil has left",
                )
                problems.append(fault)
    contents.people.extend(people.values())
    staff = frozenset(person.id for person in people.values() if person.list is PersonList.STAFF)
    for row in rows.get(ListName.OFFICIAL_ACCOUNTS, ()):
        account = _read_account(row, staff, problems)
        if account is not None:
            contents.accounts.append(account)
    for row in rows.get(ListName.DECLARED_RELATIONSHIPS, ()):
        relationship = _read_relationship(row, staff, known, problems)
        if relationship is not None:
            contents.relationships.append(relationship)
    children = frozenset(
        canonical_address(address)
        for person in people.values()
        if person.list is PersonList.PUPILS
        for address in person.addresses
    )
    for row in rows.get(ListName.EXCLUDED_CORRESPONDENTS, ()):
        exclusion = _read_exclusion(row, children, pupil_domains, free_mail_domains, problems)
        if exclusion is not None:
            contents.exclusions.append(exclusion)
    for row in rows.get(ListName.APPROVED_CHANNELS, ()):
        channel = _read_channel(row, pupil_domains, problems)
        if channel is not None:
            contents.channels.append(channel)
    return contents


def _read_person(
    row: Row, person_list: PersonList, places: dict[str, Row], problems: list[ListProblem]
) -> Person | None:
    before = len(problems)
    person_id = row["id"]
    if not person_id:
        problems.append(row.problem("", "has no id", "give every row the id that the MIS uses"))
    elif person_id in places:
        where = places[person_id].source
        problems.append(
            row.problem(
                person_id, f"is the id of {where} too", "ids are unique over pupils, parents and staff"
            )
        )
    else:
        places[person_id] = row
    if not row["name"]:
        problems.append(row.problem(person_id, "has no name", "give the person's given name and surname"))
    addresses = _several(row["addresses"])
    for address in addresses:
        _check_address(row, address, problems)
    handles = tuple(_read_handle(row, handle, problems) for handle in _several(row["handles"]))
    pupil_ids = _several(row["pupils"])
    if person_list is PersonList.PARENTS and not pupil_ids:
        problems.append(
            row.problem(
                person_id, "names no pupil", "write the ids of the parent's children in the column pupils"
            )
        )
    if len(problems) > before:
        return None
    return Person(
        id=person_id,
        name=row["name"],
        list=person_list,
        source=row.source,
        addresses=addresses,
        handles=handles,
        pupil_ids=pupil_ids if person_list is PersonList.PARENTS else (),
        role=row["role"].lower().replace(" ", "-"),
        year=row["year"],
    )


def _several(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, _SEVERAL.split(text))))


def _is_address(text: str) -> bool:
    return _ADDRESS.fullmatch(text) is not None and split_address(text) != ("", "")


def _check_address(row: Row, address: str, problems: list[ListProblem]) -> None:
    if not _is_address(address):
        problems.append(
            row.problem(
                address, "is no mail address", "write name@domain, several separated by spaces or semicolons"
            )
        )


def _read_handle(row: Row, text: str, problems: list[ListProblem]) -> str:
    platform, colon, handle = text.partition(":")
    shown = bare_handle(handle)
    if not colon or not shown or not _PLATFORM.fullmatch(platform_id(platform)):
        problems.append(
            row.problem(
                text,
                "is no handle",
                "write platform:handle, such as instagram:name, several separated by spaces",
            )
        )
    return f"{platform_id(platform)}:{shown}"


def _read_date(row: Row, column: str, problems: list[ListProblem]) -> date | None:
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            # A date on paper has no zone; it is compared with the school's own calendar day.
            return datetime.strptime(row[column], form).date()  # noqa: DTZ007
        except ValueError:
            continue
    problems.append(row.problem(row[column], f"is no date ({column})", "write YYYY-MM-DD or DD/MM/YYYY"))
    return None


def _read_account(row: Row, staff: frozenset[str], problems: list[ListProblem]) -> OfficialAccount | None:
    before = len(problems)
    _check_address(row, row["mailbox"], problems)
    platform = platform_id(row["platform"])
    if not _PLATFORM.fullmatch(platform):
        problems.append(
            row.problem(row["platform"], "is no platform", "write the platform's id, such as facebook or x")
        )
    if row["owner"] and row["owner"] not in staff:
        problems.append(
            row.problem(
                row["owner"],
                "is no id of the staff list",
                "name the member of staff who answers for the account",
            )
        )
    expires = _read_date(row, "expires", problems) if row["expires"] else None
    if len(problems) > before:
        return None
    return OfficialAccount(
        mailbox=row["mailbox"],
        platform=platform,
        handle=row["handle"],
        owner=row["owner"],
        expires=expires,
        source=row.source,
    )


def _read_relationship(
    row: Row, staff: frozenset[str], known: frozenset[str], problems: list[ListProblem]
) -> DeclaredRelationship | None:
    before = len(problems)
    if row["staff"] not in staff:
        problems.append(
            row.problem(row["staff"], "is no id of the staff list", "write the id of the member of staff")
        )
    if row["person"] not in known:
        problems.append(
            row.problem(row["person"], "is no id of a list", "write the id of the pupil or parent")
        )
    if not row["relationship"]:
        problems.append(
            row.problem("", "names no relationship", "write what was declared, such as stepdaughter")
        )
    declared_on = _read_date(row, "declared_on", problems)
    if len(problems) > before or declared_on is None:
        return None
    return DeclaredRelationship(
        staff_id=row["staff"],
        person_id=row["person"],
        relationship=row["relationship"],
        declared_on=declared_on,
        source=row.source,
    )


def _read_exclusion(
    row: Row,
    children: frozenset[str],
    pupil_domains: Collection[str],
    free_mail_domains: Collection[str],
    problems: list[ListProblem],
) -> ExcludedCorrespondent | None:
    before = len(problems)
    pattern = row["address"].lower()
    is_domain = pattern.startswith("*@")
    example = f"x{pattern[1:]}" if is_domain else pattern
    if not _is_address(example) or "*" in example:
        problems.append(
            row.problem(
                row["address"], "is no mail address", "write name@domain, or *@domain for everyone there"
            )
        )
        return None
    domain = domain_of(example)
    # DECISIONS.md, row X1: a listed child never is an excluded correspondent.
    if covering_domain(domain, pupil_domains) or (not is_domain and canonical_address(pattern) in children):
        problems.append(
            row.problem(pattern, "is a pupil's", "a pupil cannot be excluded; declare a relationship instead")
        )
    if is_domain and domain in free_mail_domains:
        problems.append(
            row.problem(pattern, "is everyone at a free-mail provider", "exclude single addresses there")
        )
    if len(problems) > before:
        return None
    shown = f"*@{canonical_domain(domain)}" if is_domain else pattern
    return ExcludedCorrespondent(pattern=shown, reason=row["reason"], source=row.source)


def _read_channel(
    row: Row, pupil_domains: Collection[str], problems: list[ListProblem]
) -> ApprovedChannel | None:
    before = len(problems)
    if not row["approver"]:
        problems.append(row.problem("", "names no approver", "write who approved the channel"))
    domain = canonical_domain(row["pupil_domain"])
    if not covering_domain(domain, pupil_domains):
        problems.append(
            row.problem(
                row["pupil_domain"],
                "is no pupil domain",
                "write one of school.pupil_domains, such as pupils.school.example",
            )
        )
    representatives = _several(row["representatives"])
    if not representatives:
        problems.append(
            row.problem(
                "", "names no representative", "write the addresses of the members of staff it is for"
            )
        )
    for address in representatives:
        _check_address(row, address, problems)
    # Off by default, and it ends: DECISIONS.md, "approved channel".
    expires = _read_date(row, "expires", problems)
    if len(problems) > before or expires is None:
        return None
    return ApprovedChannel(
        approver=row["approver"],
        pupil_domain=domain,
        representatives=representatives,
        expires=expires,
        source=row.source,
    )
