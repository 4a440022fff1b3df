"""The form of a concern: what a person typed, checked against the lists, to a ``Concern`` or to what is missing.

Names are looked up so that the right people are told: an adult it is about must be one of the staff list, or
be said to be unknown. Children need not be on the roll.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from mailguard.app.effects_settings import RoleContact
from mailguard.app.lists import IndexedLists
from mailguard.app.own_mail import one_line
from mailguard.domain.accused import find_accused
from mailguard.domain.concern import Concern, ConcernKind
from mailguard.domain.people import Person
from mailguard.domain.words import PersonList, Role

MOST_WORDS = 20_000
MOST_LINE = 500
_STAFF = frozenset({PersonList.STAFF})
_SHOWN_CHOICES = 8
# As the page's list of names writes a person: "Priya Nair (S010)".
_WITH_ID = re.compile(r".*\(([^()]+)\)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcernAnswers:
    """As typed. ``staff`` and ``children``: one name each, empty ones allowed."""

    kind: str = ""
    words: str = ""
    told_by: str = ""
    when: str = ""
    where: str = ""
    platform: str = ""
    url: str = ""
    quoted: str = ""
    children: tuple[str, ...] = ()
    staff: tuple[str, ...] = ()
    is_staff_unnamed: bool = False
    is_danger: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedAnswers:
    """``concern`` None when something is to be put right. ``problems``: field → what, for the page."""

    concern: Concern | None
    problems: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StaffFinder:
    """Who an adult's name means: the staff list, and the chain where it is on no list."""

    lists: IndexedLists
    contacts: Mapping[Role, RoleContact]

    def everyone(self) -> tuple[Person, ...]:
        """The staff list in its order, then members of the chain who are not on it."""
        return (*self.lists.staff(), *self._unlisted())

    def person(self, person_id: str) -> Person | None:
        found = self.lists.person(person_id)
        if found is not None and found.list is PersonList.STAFF:
            return found
        return next((each for each in self._unlisted() if each.id == person_id), None)

    def find(self, typed: str) -> tuple[Person, ...]:
        """Whoever it may mean: nobody, one, or several."""
        text = one_line(typed, limit=MOST_LINE)
        with_id = _WITH_ID.fullmatch(text)
        if with_id is not None and (exact := self.person(with_id.group(1).strip())) is not None:
            return (exact,)
        everyone = self.everyone()
        wanted = text.casefold()
        same = tuple(each for each in everyone if wanted in {each.name.casefold(), each.id.casefold()})
        if same:
            return same
        by_address = tuple(each for each in everyone if wanted in map(str.casefold, each.addresses))
        if by_address:
            return by_address
        named = self.lists.named(text, _STAFF)
        if named:
            return named
        # "Mrs Nair", "the head teacher", as a letter would say it.
        hits = self.lists.staff_in_text(text)
        mentioned = {person.id: person for hit in hits for person in hit.persons}
        return tuple(self.person(each.id) or each for each in mentioned.values())

    def accused_in(self, text: str) -> tuple[Person, ...]:
        """Whom a running text accuses by a name that fits exactly one."""
        return find_accused(text, self.lists.staff_in_text, ()).persons

    def _unlisted(self) -> tuple[Person, ...]:
        found = []
        for role, contact in self.contacts.items():
            is_listed = any(
                person.list is PersonList.STAFF for person in self.lists.by_address(contact.address)
            )
            if role is not Role.LADO and not is_listed:
                found.append(
                    Person(
                        f"roles.{role.value}",
                        contact.name,
                        PersonList.STAFF,
                        f"roles.{role.value}",
                        (contact.address,),
                    )
                )
        return tuple(found)


def check_answers(answers: ConcernAnswers, finder: StaffFinder) -> CheckedAnswers:
    """Total. Every problem at once, each by the name of its field."""
    problems: dict[str, str] = {}
    kind = ConcernKind(answers.kind) if answers.kind in set(ConcernKind) else None
    if kind is None:
        problems["kind"] = "Choose what it is about. If you are not sure, choose the first that fits."
    words = plain_text(answers.words)
    if not words:
        problems["words"] = "Write what was seen, heard or said."
    for name, text in (("words", words), ("quoted", plain_text(answers.quoted))):
        if len(text) > MOST_WORDS:
            problems[name] = f"This is longer than {MOST_WORDS:,} characters. Please write it shorter."
    url = one_line(answers.url, limit=2000)
    if url and not is_web_address(url):
        problems["url"] = "This is not a web address. Copy it from the browser; it begins with https://"
    staff_ids = _staff_ids(answers.staff, finder, problems)
    if kind is ConcernKind.ADULT and not staff_ids and not answers.is_staff_unnamed:
        found = finder.accused_in(words)
        staff_ids = tuple(person.id for person in found)
        if not found and "staff" not in problems:
            problems["staff"] = "Name the adult it is about, or say that you do not know who it is."
    if problems or kind is None:
        return CheckedAnswers(concern=None, problems=problems)
    return CheckedAnswers(
        concern=Concern(
            kind=kind,
            words=words,
            told_by=one_line(answers.told_by, limit=MOST_LINE),
            when=one_line(answers.when, limit=MOST_LINE),
            where=one_line(answers.where, limit=MOST_LINE),
            platform=one_line(answers.platform, limit=MOST_LINE),
            url=url,
            quoted=plain_text(answers.quoted),
            children=tuple(filter(None, (one_line(each, limit=MOST_LINE) for each in answers.children))),
            staff_ids=staff_ids,
            is_staff_unnamed=answers.is_staff_unnamed,
            is_danger=answers.is_danger,
        )
    )


def _staff_ids(typed: Sequence[str], finder: StaffFinder, problems: dict[str, str]) -> tuple[str, ...]:
    ids: list[str] = []
    for name in filter(str.strip, typed):
        shown = one_line(name, limit=80)
        found = finder.find(name)
        if len(found) == 1:
            ids.append(found[0].id)
        elif found:
            choices = "; ".join(f"{person.name} ({person.id})" for person in found[:_SHOWN_CHOICES])
            problems["staff"] = f"“{shown}” may be several people. Write one of: {choices}"
        else:
            problems["staff"] = (
                f"“{shown}” is not on the staff list. Write given name and surname as the school does, or leave "
                "it empty, say that you cannot name the adult, and put the name into your own words."
            )
    return tuple(dict.fromkeys(ids))


def is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc) and " " not in text


def plain_text(typed: str) -> str:
    """Line ends as "\\n", without control characters, without blank lines at the ends."""
    lines = typed.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    plain = ("".join(letter for letter in line if letter.isprintable() or letter == "\t") for line in lines)
    return "\n".join(line.rstrip() for line in plain).strip("\n").encode("utf-8", "replace").decode()
