"""A small school's lists for tests: the people of ``effects_fixture`` and a few more, as files in a folder."""

from pathlib import Path

from mailguard.app.list_files import ListFile, ListName
from mailguard.app.lists import IndexedLists, Surroundings, load_lists
from mailguard.domain.names import Nicknames
from mailguard.domain.roll import School
from tests.effects_fixture import CONTACTS

FILES = {
    ListName.PUPILS: """id,name,year,addresses,handles
P0001,Ella Bee,8,ella.bee@pupils.school.test ella@inbox.test,instagram:ella.bee
P0002,Tom Ash,9,tom.ash@pupils.school.test,
P0003,Harvey Doyle,10,harvey@inbox.test,
""",
    ListName.PARENTS: """id,name,pupils,addresses
Q0001,Rosa Bee,P0001,rosa@home.test
""",
    ListName.STAFF: """id,name,role,addresses
S001,Helen Ormerod,head,head@school.test
S002,James Adeleke,deputy-head,deputy@school.test
S010,Priya Nair,teacher,p.nair@school.test
S011,Paul Nair,teacher,paul.nair@school.test
S012,Gwen Tollard,caretaker,g.tollard@school.test
""",
    ListName.OFFICIAL_ACCOUNTS: """mailbox,platform,handle,owner,expires
office@school.test,facebook,StTests,S001,2027-07-31
""",
    ListName.DECLARED_RELATIONSHIPS: """staff,person,relationship,declared_on
S010,P0002,nephew,2026-09-01
""",
    ListName.EXCLUDED_CORRESPONDENTS: """address,reason
rep@union.test,trade union
""",
}


def school() -> School:
    return School(
        name="St Test's",
        domains=("school.test",),
        pupil_domains=("pupils.school.test",),
        role_addresses={role: contact.address for role, contact in CONTACTS.items()},
        role_names={role: contact.name for role, contact in CONTACTS.items()},
    )


def around() -> Surroundings:
    return Surroundings(school=school(), nicknames=Nicknames.from_csv(["james,nickname,jim"]))


def write_lists(folder: Path) -> tuple[ListFile, ...]:
    """The files, in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in FILES.items():
        (folder / f"{name.value}.csv").write_text(text, encoding="utf-8")
    return list_files_in(folder)


def list_files_in(folder: Path) -> tuple[ListFile, ...]:
    return tuple(ListFile(name, f"lists/{name.value}.csv", folder / f"{name.value}.csv") for name in FILES)


def school_lists(folder: Path) -> IndexedLists:
    return load_lists(write_lists(folder), around())
