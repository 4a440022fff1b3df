"""The school's lists, loaded from CSV and indexed: the answers to :class:`mailguard.domain.roll.SchoolLists`.

Immutable: a changed file gives a new :class:`IndexedLists`. No answer takes longer with a longer roll.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from mailguard.app.list_files import ListFile, ListName, ListProblem, ListsProblem, Row, read_rows
from mailguard.app.list_rows import ListContents, bare_handle, platform_id, read_contents
from mailguard.domain.accused import StaffHit
from mailguard.domain.address import (
    DOT_BLIND,
    canonical_address,
    canonical_domain,
    covering_domain,
    domain_of,
    parent_domains,
)
from mailguard.domain.name_index import NameIndex
from mailguard.domain.name_mentions import StaffMentions, signed_lines
from mailguard.domain.names import Nicknames
from mailguard.domain.near_addresses import LookalikeDomains, NearAddresses
from mailguard.domain.people import (
    ApprovedChannel,
    DeclaredRelationship,
    ExcludedCorrespondent,
    OfficialAccount,
    Person,
)
from mailguard.domain.roll import School
from mailguard.domain.words import PersonList, Role

_ORDER = {PersonList.PUPILS: 0, PersonList.PARENTS: 1, PersonList.STAFF: 2}
_CHAIN_ROLES = {Role.HEAD: "head", Role.DEPUTY: "deputy-head", Role.CHAIR: "chair-of-governors"}
_Item = TypeVar("_Item")
_Key = TypeVar("_Key")
_PUPILS = frozenset({PersonList.PUPILS})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What matching needs beside the lists: the school's settings and the shipped facts."""

    school: School
    nicknames: Nicknames
    free_mail_domains: frozenset[str] = frozenset()
    personal_mail_domains: tuple[str, ...] = ()
    dot_blind_domains: frozenset[str] = frozenset(DOT_BLIND)


def read_domains(lines: Iterable[str]) -> frozenset[str]:
    """A file of domains, one a line; "#" starts a comment."""
    stripped = (line.partition("#")[0].strip() for line in lines)
    return frozenset(canonical_domain(line) for line in stripped if line)


def load_lists(
    files: Sequence[ListFile],
    surroundings: Surroundings,
    *,
    contents: Mapping[ListName, bytes] | None = None,
) -> IndexedLists:
    """Read, check and index the lists. A list that has no file is empty.

    ``contents``: what to read instead of a file, before it is written. Raises ListsProblem with everything
    that is wrong in any file.
    """
    instead = contents or {}
    problems: list[ListProblem] = []
    rows: dict[ListName, Sequence[Row]] = {}
    digest = hashlib.sha256()
    for file in sorted(files, key=lambda listed: listed.name):
        try:
            content = instead[file.name] if file.name in instead else file.path.read_bytes()
        except OSError as error:
            reason = error.strerror or str(error)
            problems.append(
                ListProblem(file.shown, 0, "", f"cannot be read ({reason})", "correct its path in [lists]")
            )
            continue
        digest.update(f"{file.name} {len(content)}\n".encode() + content)
        rows[file.name] = read_rows(file, content, problems)
    read = read_contents(
        rows,
        pupil_domains=_domains(surroundings.school.pupil_domains),
        free_mail_domains=surroundings.free_mail_domains | _domains(surroundings.personal_mail_domains),
        problems=problems,
    )
    if problems:
        order = {file.shown: place for place, file in enumerate(files)}
        raise ListsProblem(tuple(sorted(problems, key=lambda found: (order.get(found.file, 0), found.line))))
    return IndexedLists(read, surroundings, version=digest.hexdigest()[:12])


def _domains(domains: Iterable[str]) -> frozenset[str]:
    return frozenset(map(canonical_domain, domains))


def _grouped(items: Iterable[_Item], key: Callable[[_Item], _Key]) -> dict[_Key, tuple[_Item, ...]]:
    groups: dict[_Key, list[_Item]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return {name: tuple(group) for name, group in groups.items()}


class IndexedLists:
    """See :class:`mailguard.domain.roll.SchoolLists`. Safe to share between threads."""

    def __init__(self, contents: ListContents, surroundings: Surroundings, *, version: str) -> None:
        school = surroundings.school
        people = sorted(contents.people, key=lambda person: _ORDER[person.list])
        self._version = version
        self._school_domains = _domains(school.domains)
        self._pupil_domains = _domains(school.pupil_domains)
        self._all_domains = self._school_domains | self._pupil_domains
        self._personal_domains = surroundings.free_mail_domains | _domains(surroundings.personal_mail_domains)
        self._dot_blind = _domains(surroundings.dot_blind_domains)
        self._people = {person.id: person for person in people}
        self._by_address = _by_address(people, self._key)
        self._by_handle = _by_handle(people)
        self._names = NameIndex(people, surroundings.nicknames)
        self._staff = tuple(person for person in people if person.list is PersonList.STAFF)
        self._mentions = StaffMentions((*self._staff, *self._unlisted_chain(school)), surroundings.nicknames)
        pupils = [person for person in people if person.list is PersonList.PUPILS]
        self._near = NearAddresses(pupils, covered=self._pupil_domains, dot_blind=self._dot_blind)
        self._lookalikes = LookalikeDomains(self._pupil_domains)
        self._accounts = _grouped(
            contents.accounts, lambda account: (self._key(account.mailbox), account.platform)
        )
        self._declared = {(entry.staff_id, entry.person_id): entry for entry in contents.relationships}
        self._declared_of = _grouped(contents.relationships, lambda entry: entry.staff_id)
        self._excluded_addresses = {
            self._key(entry.pattern): entry
            for entry in contents.exclusions
            if not entry.pattern.startswith("*@")
        }
        self._excluded_domains = {
            entry.pattern[2:]: entry for entry in contents.exclusions if entry.pattern.startswith("*@")
        }
        self._channels = tuple(contents.channels)
        self._counts = {
            ListName.PUPILS: len(pupils),
            ListName.PARENTS: sum(person.list is PersonList.PARENTS for person in people),
            ListName.STAFF: len(self._staff),
            ListName.OFFICIAL_ACCOUNTS: len(contents.accounts),
            ListName.DECLARED_RELATIONSHIPS: len(contents.relationships),
            ListName.EXCLUDED_CORRESPONDENTS: len(contents.exclusions),
            ListName.APPROVED_CHANNELS: len(contents.channels),
        }

    @property
    def version(self) -> str:
        return self._version

    @property
    def platforms_named(self) -> tuple[tuple[str, str], ...]:
        """Every platform id that a handle or an official account names, each with the row that does."""
        handles = (
            (handle.partition(":")[0], person.source) for person in self.people() for handle in person.handles
        )
        accounts = ((each.platform, each.source) for several in self._accounts.values() for each in several)
        return tuple(dict.fromkeys((*handles, *accounts)))

    @property
    def counts(self) -> Mapping[ListName, int]:
        """Rows of each list: what health pages and the audit trail may show."""
        return self._counts

    def people(self) -> tuple[Person, ...]:
        """Everyone, pupils first."""
        return tuple(self._people.values())

    def by_address(self, address: str) -> tuple[Person, ...]:
        return self._by_address.get(self._key(address), ())

    def near_address(self, address: str) -> tuple[Person, ...]:
        if self.by_address(address) or self.is_representative(address):
            return ()
        return self._near.find(address)

    def is_pupil_domain(self, address: str) -> bool:
        return covering_domain(domain_of(address), self._all_domains) in self._pupil_domains

    def is_lookalike_of_pupil_domain(self, address: str) -> bool:
        domain = domain_of(address)
        if not domain or covering_domain(domain, self._all_domains) or self.is_personal_mail(address):
            return False
        return any(self._lookalikes.imitates(parent) for parent in parent_domains(domain))

    def is_representative(self, address: str) -> bool:
        people = self.by_address(address)
        if any(person.list is PersonList.PUPILS for person in people):
            return False
        covering = covering_domain(domain_of(address), self._all_domains)
        if covering in self._pupil_domains:
            return False
        return covering in self._school_domains or any(person.list is PersonList.STAFF for person in people)

    def is_personal_mail(self, address: str) -> bool:
        return bool(covering_domain(domain_of(address), self._personal_domains))

    def named(self, text: str, lists: frozenset[PersonList]) -> tuple[Person, ...]:
        return self._names.find(text, lists)

    def signed_names(self, text: str) -> tuple[Person, ...]:
        """Pupils whose full name signs or introduces a running text; never the one it greets or speaks of."""
        found: dict[str, Person] = {}
        for line in signed_lines(text):
            found.update((person.id, person) for person in self._names.find(line, _PUPILS))
        return tuple(found.values())

    def staff_in_text(self, text: str) -> tuple[StaffHit, ...]:
        """Mentions of staff by full name, by title and surname, or by role, in the order of the text."""
        return self._mentions.find(text)

    def by_handle(self, platform_id: str, handle: str) -> tuple[Person, ...]:
        return self._by_handle.get((platform_id.lower(), bare_handle(handle)), ())

    def person(self, person_id: str) -> Person | None:
        return self._people.get(person_id)

    def staff(self) -> tuple[Person, ...]:
        return self._staff

    def pupils_of(self, parent_id: str) -> tuple[Person, ...]:
        parent = self._people.get(parent_id)
        return tuple(self._people[pupil_id] for pupil_id in parent.pupil_ids) if parent else ()

    def official_account(
        self, mailbox: str, platform_id: str, today: date, *, stated: str = ""
    ) -> OfficialAccount | None:
        fitting = (
            account
            for account in self._current_accounts(mailbox, platform_id, today)
            if not stated
            or " " in account.handle.strip()
            or bare_handle(account.handle) in ("", bare_handle(stated))
        )
        return next(fitting, None)

    def official_gateway(
        self, mailbox: str, platform_id: str, gateway_address: str, today: date
    ) -> OfficialAccount | None:
        wanted = self._key(gateway_address)
        fitting = (
            account
            for account in self._current_accounts(mailbox, platform_id, today)
            if self._key(account.handle) in ("", wanted)
        )
        return next(fitting, None)

    def declared(self, staff_id: str, person_id: str, today: date) -> DeclaredRelationship | None:
        entry = self._declared.get((staff_id, person_id))
        return entry if entry is not None and entry.declared_on <= today else None

    def declared_with(self, staff_id: str, today: date) -> tuple[str, ...]:
        entries = self._declared_of.get(staff_id, ())
        return tuple(entry.person_id for entry in entries if entry.declared_on <= today)

    def excluded(self, address: str) -> ExcludedCorrespondent | None:
        return self._excluded_addresses.get(self._key(address)) or self._excluded_domains.get(
            domain_of(address)
        )

    def approved_channels(self) -> tuple[ApprovedChannel, ...]:
        return self._channels

    def _key(self, address: str) -> str:
        return canonical_address(address, self._dot_blind)

    def _current_accounts(self, mailbox: str, platform: str, today: date) -> Iterator[OfficialAccount]:
        registered = self._accounts.get((self._key(mailbox), platform_id(platform)), ())
        return (account for account in registered if account.expires is None or today <= account.expires)

    def _unlisted_chain(self, school: School) -> Iterable[Person]:
        """The chain as the settings name it, where the staff list does not have them in that role."""
        for role, list_role in _CHAIN_ROLES.items():
            address = (school.role_addresses or {}).get(role, "")
            listed = [person for person in self.by_address(address) if person.list is PersonList.STAFF]
            if not address or any(person.role == list_role for person in listed):
                continue
            name = (school.role_names or {}).get(role, "")
            known = (
                listed[0]
                if listed
                else Person(f"roles.{role}", name, PersonList.STAFF, f"roles.{role}", (address,))
            )
            yield replace(known, role=list_role)


def _by_address(people: Iterable[Person], key: Callable[[str], str]) -> dict[str, tuple[Person, ...]]:
    pairs = dict.fromkeys((key(address), person) for person in people for address in person.addresses)
    groups: dict[str, list[Person]] = {}
    for address, person in pairs:
        groups.setdefault(address, []).append(person)
    return {address: tuple(group) for address, group in groups.items()}


def _by_handle(people: Iterable[Person]) -> dict[tuple[str, str], tuple[Person, ...]]:
    groups: dict[tuple[str, str], list[Person]] = {}
    for person in people:
        for handle in person.handles:
            platform, _, name = handle.partition(":")
            groups.setdefault((platform, name), []).append(person)
    return {handle: tuple(group) for handle, group in groups.items()}
