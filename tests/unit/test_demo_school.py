"""The demo's school is complete, is nobody real, and shows what lists can hold."""

import tomllib

from mailguard.app.list_files import ListFile, ListName
from mailguard.app.lists import IndexedLists, Surroundings, load_lists, read_domains
from mailguard.domain.names import Nicknames
from mailguard.domain.roll import School
from mailguard.domain.words import PersonList
from mailguard.shipped import shipped_path


def load_demo() -> IndexedLists:
    settings = tomllib.loads(shipped_path("config/demo/mailguard.toml").read_text(encoding="utf-8"))
    school = settings["school"]
    return load_lists(
        [
            ListFile(ListName(name), path, shipped_path(f"config/demo/{path}"))
            for name, path in settings["lists"].items()
        ],
        Surroundings(
            school=School(school["name"], tuple(school["domains"]), tuple(school["pupil_domains"])),
            nicknames=Nicknames.from_csv(
                shipped_path("config/nicknames.csv").read_text("utf-8").splitlines()
            ),
            free_mail_domains=read_domains(
                shipped_path("config/free_mail_domains.txt").read_text("utf-8").splitlines()
            ),
            personal_mail_domains=tuple(school["personal_mail_domains"]),
        ),
    )


def test_the_demo_school_has_every_list():
    counts = load_demo().counts
    assert all(counts[name] for name in ListName)
    assert counts[ListName.PUPILS] == 60


def test_every_address_of_the_demo_school_can_belong_to_nobody():
    addresses = [address for person in load_demo().people() for address in person.addresses]
    assert addresses
    assert all(address.endswith(".example") for address in addresses)


def test_every_pupil_of_the_demo_school_is_found_by_name_and_two_share_one():
    lists = load_demo()
    shared = set()
    for person in lists.people():
        if person.list is PersonList.PUPILS:
            found = lists.named(person.name, frozenset({PersonList.PUPILS}))
            assert person in found
            if len(found) > 1:
                shared.add(person.name)
    assert len(shared) == 1


def test_every_parent_of_the_demo_school_has_a_child_there():
    lists = load_demo()
    assert all(lists.pupils_of(person.id) for person in lists.people() if person.list is PersonList.PARENTS)


def test_the_usual_providers_are_personal_mail_and_platforms_are_not():
    lists = load_demo()
    for domain in (
        "gmail.com",
        "hotmail.co.uk",
        "btinternet.com",
        "icloud.com",
        "wp.pl",
        "proton.me",
        "webmail.example",
    ):
        assert lists.is_personal_mail(f"x@{domain}"), domain
    for domain in (
        "facebookmail.com",
        "docs.google.com",
        "amazonses.com",
        "harrowlane.example",
        "council.gov.uk",
    ):
        assert not lists.is_personal_mail(f"x@{domain}"), domain
