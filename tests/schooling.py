"""A small school for tests: lists, settings and an inspector, without any file of the outside."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path

from mailguard.app.list_files import ListFile, ListName
from mailguard.app.lists import IndexedLists, Surroundings, load_lists
from mailguard.domain.names import Nicknames
from mailguard.domain.policy import Policy, parse_policy
from mailguard.domain.roll import School
from mailguard.domain.words import Role
from mailguard.shipped import shipped_path

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)

HEAD = "a.head@hill.example"
DEPUTY = "b.deputy@hill.example"
CHAIR = "c.chair@hill.example"
LADO = "lado@council.example"
TEACHER = "t.brown@hill.example"
SECOND_TEACHER = "o.green@hill.example"
OFFICE = "office@hill.example"
PUPIL = "22esharma@pupils.hill.example"
PUPIL_AT_HOME = "ella.bee@mail.example"
PARENT = "priya.sharma@mail.example"
STRANGER = "someone@elsewhere.example"
UNION = "rep@union.example"
DECLARED_CHILD = "26jbrown@pupils.hill.example"

FILES = {
    ListName.PUPILS: """id,name,year,addresses,handles
P1,Ella Sharma,10,22esharma@pupils.hill.example ella.bee@mail.example,instagram:ella.bee
P2,Jayden Adeyemi,9,23jadeyemi@pupils.hill.example,
P3,Jack Brown,7,26jbrown@pupils.hill.example,
P4,Sam Okafor,8,shared.okafor@mail.example,
P5,Joy Okafor,11,shared.okafor@mail.example,
""",
    ListName.PARENTS: """id,name,pupils,addresses
G1,Priya Sharma,P1,priya.sharma@mail.example
G2,Femi Adeyemi,P2,femi@post.example
""",
    ListName.STAFF: """id,name,role,addresses
S1,Alice Head,head,a.head@hill.example
S2,Bob Deputy,deputy-head,b.deputy@hill.example
S3,Tom Brown,teacher,t.brown@hill.example
S4,Olive Green,teacher,o.green@hill.example
S5,Gwen Office,office,office@hill.example
S6,Carla Chair,governor,c.chair@hill.example carla@council.example
""",
    ListName.OFFICIAL_ACCOUNTS: """mailbox,platform,handle,owner,expires
office@hill.example,facebook,Hill School,S5,2027-08-31
""",
    ListName.DECLARED_RELATIONSHIPS: """staff,person,relationship,declared_on
S3,P3,son,2026-09-01
""",
    ListName.EXCLUDED_CORRESPONDENTS: """address,reason
rep@union.example,trade union
*@oh.example,occupational health
""",
}


def make_school() -> School:
    return School(
        name="Hill School",
        domains=("hill.example",),
        pupil_domains=("pupils.hill.example",),
        approved_platforms=frozenset({"google-classroom", "padlet"}),
        role_addresses={Role.HEAD: HEAD, Role.DEPUTY: DEPUTY, Role.CHAIR: CHAIR, Role.LADO: LADO},
        role_names={Role.HEAD: "Alice Head", Role.DEPUTY: "Bob Deputy", Role.CHAIR: "Carla Chair"},
    )


def make_lists(folder: Path, school: School | None = None) -> IndexedLists:
    """Write the lists into ``folder`` and load them."""
    files = []
    for name, text in FILES.items():
        path = folder / f"{name}.csv"
        path.write_text(text, encoding="utf-8")
        files.append(ListFile(name=name, shown=f"lists/{name}.csv", path=path))
    return load_lists(
        files,
        Surroundings(
            school=school or make_school(),
            nicknames=Nicknames.from_csv(
                shipped_path("config/nicknames.csv").read_text("utf-8").splitlines()
            ),
            personal_mail_domains=("mail.example", "post.example"),
        ),
    )


def shipped_policy() -> Policy:
    return parse_policy(tomllib.loads(shipped_path("config/policy.toml").read_text("utf-8")))
