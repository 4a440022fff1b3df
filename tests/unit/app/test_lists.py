"""The school's lists: what they answer, and what is said about files that cannot be used."""

import time
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

import pytest

from mailguard.app.list_files import ListFile, ListName, ListsProblem
from mailguard.app.lists import IndexedLists, Surroundings, load_lists, read_domains
from mailguard.domain.names import Nicknames
from mailguard.domain.people import Person
from mailguard.domain.roll import School, SchoolLists
from mailguard.domain.words import PersonList, Role

TODAY = date(2026, 11, 24)
SCHOOL = School(
    name="Hill School",
    domains=("hill.example",),
    pupil_domains=("pupils.hill.example",),
    role_addresses={Role.HEAD: "h.moss@hill.example", Role.CHAIR: "chair@council.example"},
    role_names={Role.HEAD: "Hannah Moss", Role.CHAIR: "Ruth Bell"},
)
GOOD: dict[ListName, str] = {
    ListName.PUPILS: (
        "id,name,year,addresses,handles\n"
        "P1,Isla Doyle,7,isla@pupils.hill.example isla.doyle9@mail.example,instagram:Isla.D Twitter:@isla_d\n"
        "P2,Tom Doyle,9,tom@pupils.hill.example; family.doyle@mail.example,\n"
        "P3,Zoë Quist,8,,\n"
        "P4,Amy Hart,8,family.hart@mail.example,\n"
        "P5,Ben Hart,8,family.hart@mail.example,\n"
    ),
    ListName.PARENTS: (
        "id,name,pupils,addresses\n"
        "G1,Sue Doyle,P1 P2,family.doyle@mail.example sue.doyle@gmail.com\n"
        "G2,Ola Quist,P3,ola@mail.example\n"
    ),
    ListName.STAFF: (
        "id,name,role,addresses\n"
        "S1,Hannah Moss,head,h.moss@hill.example\n"
        "S2,Karen Price,teacher,k.price@hill.example\n"
        "S3,Music Service,partner,lessons@music.example\n"
    ),
    ListName.OFFICIAL_ACCOUNTS: (
        "mailbox,platform,handle,owner,expires\n"
        "k.price@hill.example,Twitter,@HillSport,S2,2027-08-31\n"
        "k.price@hill.example,facebook,Hill School,S2,31/08/2026\n"
        "k.price@hill.example,flickr,round99hill@photos.flickr.example,S2,\n"
    ),
    ListName.DECLARED_RELATIONSHIPS: (
        "staff,person,relationship,declared_on\nS2,P1,niece,2026-09-03\nS2,P2,nephew,2027-01-01\n"
    ),
    ListName.EXCLUDED_CORRESPONDENTS: "address,reason\nRep@Union.example,trade union\n*@health.example,health\n",
}


def load(folder: Path, changed: Mapping[ListName, str | bytes] | None = None) -> IndexedLists:
    """The good files with some replaced, loaded."""
    files = []
    for name, content in {**GOOD, **(changed or {})}.items():
        path = folder / f"{name}.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        files.append(ListFile(name, f"lists/{name}.csv", path))
    surroundings = Surroundings(
        school=SCHOOL,
        nicknames=Nicknames.from_csv(["name,kind,forms", "isla,nickname,izzy"]),
        free_mail_domains=frozenset({"gmail.com", "googlemail.com"}),
        personal_mail_domains=("mail.example",),
    )
    return load_lists(files, surroundings)


def problems(folder: Path, changed: Mapping[ListName, str | bytes]) -> list[str]:
    with pytest.raises(ListsProblem) as refused:
        load(folder, changed)
    return [str(problem) for problem in refused.value.problems]


@pytest.fixture
def lists(tmp_path):
    return load(tmp_path)


def by_id(lists: IndexedLists, person_id: str) -> Person:
    person = lists.person(person_id)
    assert person is not None
    return person


def ids(people: Iterable[Person]) -> list[str]:
    return [person.id for person in people]


def test_the_lists_are_what_deciding_asks_for(lists):
    protocol: SchoolLists = lists
    assert protocol.person("P1") is not None
    assert protocol.person("nobody") is None
    assert ids(protocol.staff()) == ["S1", "S2", "S3"]
    assert ids(protocol.pupils_of("G1")) == ["P1", "P2"]
    assert protocol.pupils_of("nobody") == ()


def test_a_person_knows_the_row_it_came_from(lists):
    assert lists.person("P2").source == "lists/pupils.csv:3"
    assert lists.person("P2").year == "9"
    assert lists.person("S1").role == "head"


def test_an_address_is_known_in_every_spelling(lists):
    for address in ("isla.doyle9@mail.example", "Isla.Doyle9+x@MAIL.example", "<isla.doyle9@mail.example>"):
        assert ids(lists.by_address(address)) == ["P1"]
    assert ids(lists.by_address("suedoyle@googlemail.com")) == ["G1"]
    assert lists.by_address("isladoyle9@mail.example") == ()


def test_a_shared_address_names_everyone_pupils_first(lists):
    assert ids(lists.by_address("family.doyle@mail.example")) == ["P2", "G1"]
    assert ids(lists.by_address("family.hart@mail.example")) == ["P4", "P5"]


def test_a_near_variant_of_a_pupils_address_is_found_and_an_exact_one_is_not(lists):
    assert ids(lists.near_address("isladoyle9@mail.example")) == ["P1"]
    assert lists.near_address("isla.doyle9@mail.example") == ()
    assert lists.near_address("family.doyle@mail.example") == ()


def test_who_represents_the_school(lists):
    assert lists.is_representative("anybody@hill.example")
    assert lists.is_representative("lessons@music.example")
    assert not lists.is_representative("x@pupils.hill.example")
    assert not lists.is_representative("ola@mail.example")
    assert not lists.is_representative("")


def test_a_pupil_listed_under_the_schools_own_domain_is_no_representative(tmp_path):
    own = GOOD[ListName.PUPILS] + "P9,Max Own,7,max@hill.example,\n"
    assert not load(tmp_path, {ListName.PUPILS: own}).is_representative("max@hill.example")


def test_the_longest_domain_decides_whose_an_address_is(lists):
    assert lists.is_pupil_domain("x@pupils.hill.example")
    assert lists.is_pupil_domain("x@y.PUPILS.hill.example")
    assert not lists.is_pupil_domain("x@hill.example")


def test_an_imitation_of_the_pupil_domain_is_seen_and_the_schools_own_domains_are_not(lists):
    assert lists.is_lookalike_of_pupil_domain("x@pupils.hi11.example")
    assert lists.is_lookalike_of_pupil_domain("x@mail.pupils-hill.example")
    for address in ("x@pupils.hill.example", "x@pupil.hill.example", "x@hill.example", "x@gmail.com", ""):
        assert not lists.is_lookalike_of_pupil_domain(address)


def test_personal_mail_is_the_shipped_list_and_the_schools_own(lists):
    assert lists.is_personal_mail("x@gmail.com")
    assert lists.is_personal_mail("x@mail.example")
    assert not lists.is_personal_mail("x@firm.example")


def test_names_are_sought_on_the_lists_asked_for(lists):
    assert ids(lists.named("Izzy Doyle", frozenset({PersonList.PUPILS}))) == ["P1"]
    assert ids(lists.named("Sue Doyle", frozenset({PersonList.PUPILS}))) == []
    assert ids(lists.named("Sue Doyle", frozenset({PersonList.PARENTS}))) == ["G1"]


def test_a_handle_is_known_regardless_of_case_and_at_sign(lists):
    for platform, handle in (("instagram", "@isla.d"), ("x", "ISLA_D"), ("x", "u/isla_d")):
        assert ids(lists.by_handle(platform, handle)) == ["P1"]
    assert lists.by_handle("tiktok", "isla.d") == ()
    assert lists.person("P1").handles == ("instagram:isla.d", "x:isla_d")


def test_an_official_account_counts_until_the_day_it_expires(lists):
    assert lists.official_account("K.Price@hill.example", "x", date(2027, 8, 31)).handle == "@HillSport"
    assert lists.official_account("k.price@hill.example", "x", date(2027, 9, 1)) is None
    assert lists.official_account("k.price@hill.example", "facebook", TODAY) is None
    assert lists.official_account("h.moss@hill.example", "x", TODAY) is None


def test_an_official_account_counts_only_for_the_account_that_the_mail_says_it_is_for(lists):
    mailbox = "k.price@hill.example"
    assert lists.official_account(mailbox, "x", TODAY, stated="hillsport") is not None
    assert lists.official_account(mailbox, "x", TODAY, stated="night_owl") is None


def test_a_registered_gateway_address_counts_only_for_itself(lists):
    mailbox = "k.price@hill.example"
    assert lists.official_gateway(mailbox, "flickr", "round99hill@photos.flickr.example", TODAY) is not None
    assert lists.official_gateway(mailbox, "flickr", "other1@photos.flickr.example", TODAY) is None
    assert lists.official_gateway(mailbox, "x", "anything@post.x.example", TODAY) is not None


def test_a_declared_relationship_holds_from_the_day_it_was_declared(lists):
    assert lists.declared("S2", "P1", TODAY).relationship == "niece"
    assert lists.declared("S2", "P1", date(2026, 9, 2)) is None
    assert lists.declared("S1", "P1", TODAY) is None
    assert lists.declared_with("S2", TODAY) == ("P1",)
    assert lists.declared_with("S1", TODAY) == ()


def test_excluded_are_the_address_and_everyone_at_the_domain_only(lists):
    assert lists.excluded("rep@union.example").reason == "trade union"
    assert lists.excluded("anyone@health.example").pattern == "*@health.example"
    assert lists.excluded("other@union.example") is None
    assert lists.excluded("x@sub.health.example") is None


def test_the_chain_of_the_settings_is_known_as_staff_in_text(lists):
    assert [
        hit.persons[0].name for hit in lists.staff_in_text("the chair of governors and the headteacher")
    ] == [
        "Ruth Bell",
        "Hannah Moss",
    ]


def test_a_signature_names_pupils_only(lists):
    assert ids(lists.signed_names("can i have the sheet\nthanks\nIzzy Doyle 7C")) == ["P1"]
    assert lists.signed_names("can she have the sheet\nthanks\nSue Doyle") == ()


def test_the_version_changes_with_any_file_and_only_then(tmp_path, lists):
    assert lists.version == load(tmp_path).version
    assert len(lists.version) == 12
    changed = {ListName.EXCLUDED_CORRESPONDENTS: "address,reason\n"}
    assert load(tmp_path, changed).version != lists.version


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("utf-8", b""), ("utf-8-sig", b""), ("cp1252", b""), ("utf-16", b"")],
)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_file_is_read_as_an_mis_exports_it(tmp_path, encoding, mark, separator, ending):
    rows = [
        "id,name,year,addresses,handles",
        "P1,Zoë O'Neill,7,zoe@mail.example,",
        '"P2","Doyle Isla",8,,',
        "",
        ",,,,",
    ]
    text = ending.join(row.replace(",", separator) for row in rows) + ending
    pupils = load(tmp_path, {ListName.PUPILS: mark + text.encode(encoding), **_without_people()}).people()
    assert [(person.id, person.name) for person in pupils[:2]] == [
        ("P1", "Zoë O'Neill"),
        ("P2", "Doyle Isla"),
    ]
    assert pupils[1].source == "lists/pupils.csv:3"


def _without_people() -> dict[ListName, str]:
    return {
        ListName.PARENTS: "id,name,pupils,addresses\n",
        ListName.DECLARED_RELATIONSHIPS: "staff,person,relationship,declared_on\n",
    }


def test_excels_sep_line_and_spaced_headers_are_understood(tmp_path):
    text = "sep=;\nID;Name;Year;Addresses;Handles\nP1;Isla Doyle;7;isla@mail.example;\n"
    lists = load(tmp_path, {ListName.PUPILS: text, **_without_people()})
    assert by_id(lists, "P1").source == "lists/pupils.csv:3"


def test_a_field_over_several_lines_keeps_the_line_of_its_row(tmp_path):
    text = (
        'id,name,year,addresses,handles\nP1,Isla Doyle,7,"a@mail.example\nb@mail.example",\nP2,Tom Bell,7,,\n'
    )
    lists = load(tmp_path, {ListName.PUPILS: text, **_without_people()})
    assert by_id(lists, "P1").addresses == ("a@mail.example", "b@mail.example")
    assert by_id(lists, "P2").source == "lists/pupils.csv:4"


def test_a_pupil_list_that_cannot_be_read_is_not_buried_under_its_parents(tmp_path):
    found = problems(
        tmp_path,
        {
            ListName.PUPILS: "id,name,year,adresses,handles\nP1,Isla Doyle,7,,\n",
            ListName.PARENTS: "id,name,pupils,addresses\nG1,Sue Doyle,P1,sue@mail.example\n",
            ListName.DECLARED_RELATIONSHIPS: "staff,person,relationship,declared_on\n",
        },
    )
    assert len(found) == 1
    assert "'adresses' is no column" in found[0]


def test_every_fault_of_every_file_is_said_at_once(tmp_path):
    found = problems(
        tmp_path,
        {
            ListName.PUPILS: (
                "id,name,year,addresses,handles\n"
                "P1,Isla Doyle,7,no-address,instagram\n"
                "P1,,7,,\n"
                ",Tom Doyle,7,a@mail.example,\n"
                "P4,Zoe Quist,7,a@mail.example,,extra\n"
            ),
            ListName.PARENTS: "id,name,pupils,addresses\nG1,Sue Doyle,P9,sue@mail.example\nS2,Al Doyle,,\n",
            ListName.OFFICIAL_ACCOUNTS: "mailbox,platform,handle,owner,expires\nx,!,h,S9,soon\n",
            ListName.DECLARED_RELATIONSHIPS: "staff,person,relationship,declared_on\nP1,X,,never\n",
            ListName.EXCLUDED_CORRESPONDENTS: "address,reason\n*@gmail.com,x\nx@pupils.hill.example,x\nnot one,x\n",
        },
    )
    shown = "\n".join(found)
    for expected in (
        "lists/pupils.csv:2: 'no-address' is no mail address",
        "lists/pupils.csv:2: 'instagram' is no handle",
        "lists/pupils.csv:3: 'P1' is the id of lists/pupils.csv:2 too",
        "lists/pupils.csv:3: 'P1' has no name",
        "lists/pupils.csv:4: has no id",
        "lists/pupils.csv:5: 'extra' has 6 fields, the header 5",
        "lists/parents.csv:2: 'P9' is no id of the pupil list",
        "lists/parents.csv:3: 'S2' names no pupil",
        "lists/official_accounts.csv:2: 'x' is no mail address",
        "lists/official_accounts.csv:2: '!' is no platform",
        "lists/official_accounts.csv:2: 'S9' is no id of the staff list",
        "lists/official_accounts.csv:2: 'soon' is no date (expires)",
        "lists/declared_relationships.csv:2: 'P1' is no id of the staff list",
        "lists/declared_relationships.csv:2: 'X' is no id of a list",
        "lists/declared_relationships.csv:2: names no relationship",
        "lists/declared_relationships.csv:2: 'never' is no date (declared_on)",
        "lists/excluded_correspondents.csv:2: '*@gmail.com' is everyone at a free-mail provider",
        "lists/excluded_correspondents.csv:3: 'x@pupils.hill.example' is a pupil's",
        "lists/excluded_correspondents.csv:4: 'not one' is no mail address",
        "lists/staff.csv:3: 'S2' is the id of lists/parents.csv:3 too",
    ):
        assert expected in shown, shown
    assert all(";" in line for line in found), "every fault says how to mend it"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "lists/pupils.csv: is empty"),
        (b"\n\n", "lists/pupils.csv: is empty"),
        (b"id,name,year,addresses,handles\n", "has a header but no rows"),
        (b"id,name,mail\nP1,A B,x\n", "'mail' is no column of this list"),
        (b"id,name,adresses\nP1,A B,x\n", "is addresses meant?"),
        (b"id,name,name\nP1,A B,C\n", "stands in the header more than once"),
        (b"name,year\nA B,7\n", "has no column id"),
        (b"PK\x03\x04\x00\x00rest of a spreadsheet", "is not a text file"),
        (b'id,name\nP1,"A B\n', "is not CSV"),
        (b'id,name\nP1,"A"B\n', "is not CSV"),
    ],
)
def test_a_file_of_the_wrong_form_is_refused(tmp_path, content, says):
    assert says in "\n".join(problems(tmp_path, {ListName.PUPILS: content, **_without_people()}))


def test_a_file_that_is_not_there_is_a_fault_of_the_settings(tmp_path):
    gone = ListFile(ListName.PUPILS, "lists/gone.csv", tmp_path / "gone.csv")
    with pytest.raises(ListsProblem, match=r"lists/gone\.csv: cannot be read"):
        load_lists([gone], Surroundings(SCHOOL, Nicknames.from_csv([])))


def test_lists_without_files_are_empty():
    lists = load_lists([], Surroundings(SCHOOL, Nicknames.from_csv([])))
    assert lists.people() == ()
    assert lists.is_pupil_domain("x@pupils.hill.example")
    assert lists.named("Isla Doyle", frozenset(PersonList)) == ()


def test_a_file_of_domains_may_have_comments():
    assert read_domains(["# providers", "Gmail.com", "", "mail.example # ours"]) == {
        "gmail.com",
        "mail.example",
    }


def test_a_school_of_five_thousand_pupils_loads_quickly(tmp_path):
    pupils = ["id,name,year,addresses,handles"]
    parents = ["id,name,pupils,addresses"]
    for number in range(5000):
        surname = f"Fam{chr(97 + number % 26)}{chr(97 + number // 26 % 26)}{chr(97 + number // 676)}ton"
        pupils.append(
            f"P{number},Given{chr(97 + number % 26)} {surname},7,p{number}@pupils.hill.example gp{number}@mail.example,"
        )
        parents.append(f"G{number},Adult {surname},P{number},adult{number}@mail.example")
    content = {ListName.PUPILS: "\n".join(pupils), ListName.PARENTS: "\n".join(parents)}
    content |= {ListName.DECLARED_RELATIONSHIPS: "staff,person,relationship,declared_on\n"}
    began = time.process_time()
    lists = load(tmp_path, content)
    # Generous: a list that is compared with itself takes minutes. How fast it is, `make bench` says.
    assert time.process_time() - began < 15, "about a second on an idle machine"
    assert lists.counts[ListName.PUPILS] == 5000
