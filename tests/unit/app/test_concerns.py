"""A written concern becomes a case that the right people hear of at once, and nobody else can read."""

import email
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from mailguard.app.concern_form import ConcernAnswers, StaffFinder, check_answers
from mailguard.app.concern_links import ConcernLinks
from mailguard.app.concerns import Concerns, LinkSpent
from mailguard.app.event_words import EventWords
from mailguard.app.lists import IndexedLists
from mailguard.app.readers import Readers
from mailguard.app.review_words import recipient_says, who_words
from mailguard.domain.case import EffectKind
from mailguard.domain.concern import Concern, ConcernKind, Reporter
from mailguard.domain.words import Level, Role
from tests.effects_fixture import (
    CHAIR,
    CONTACTS,
    DEPUTY,
    HEAD,
    MovingClock,
    Office,
    RememberingCourier,
    school_settings,
)
from tests.list_fixture import school_lists

SETTINGS = school_settings(review_url="https://review.school.test")
NAIR = Reporter(name="Priya Nair", address="p.nair@school.test", person_id="S010", through="a mailed link")
ITEM = "0" * 32


@pytest.fixture
def lists(tmp_path: Path) -> IndexedLists:
    return school_lists(tmp_path / "lists")


@pytest.fixture
def courier() -> RememberingCourier:
    return RememberingCourier()


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def office(tmp_path: Path, courier: RememberingCourier, clock: MovingClock) -> Iterator[Office]:
    office = Office(tmp_path / "state", courier, settings=SETTINGS, clock=clock)
    yield office
    office.close()


@pytest.fixture
def concerns(office: Office, lists: IndexedLists) -> Concerns:
    return Concerns(
        store=office.store,
        blobs=office.opened.blobs,
        settings=SETTINGS,
        lists=lambda: lists,
        plan_effects=office.planner,
        clock=office.clock,
        policy_version="7f3c1a",
    )


@pytest.fixture
def links(office: Office, lists: IndexedLists) -> ConcernLinks:
    return ConcernLinks(store=office.store, settings=SETTINGS, lists=lambda: lists)


def concern(**changes: Any) -> Concern:
    return Concern(**{"kind": ConcernKind.HARM, "words": "Ella said she is afraid to go home.", **changes})


def report_to(courier: RememberingCourier, address: str) -> EmailMessage:
    (message,) = courier.to(address)
    parsed = email.message_from_bytes(message.raw, policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def test_a_child_in_harms_way_is_reported_to_the_head_at_once_at_level_five(
    office: Office, concerns: Concerns, courier: RememberingCourier
) -> None:
    recorded = concerns.record(concern(children=("Ella Bee",)), NAIR, item=ITEM, actor="S010")
    office.work()
    report = report_to(courier, HEAD.address)
    assert recorded.case_id == "MG-2026-0001"
    assert report["Subject"] == "[mailguard] Concern MG-2026-0001, level 5: please acknowledge"
    text = text_of(report)
    assert "Somebody reported that a child is being harmed" in text
    assert "written down for you on the review page" in text
    assert "Ella Bee, pupil P0001" in text
    assert "member of staff S010" in text


def test_what_is_enclosed_is_the_very_message_that_is_kept_as_evidence(
    office: Office, concerns: Concerns, courier: RememberingCourier
) -> None:
    recorded = concerns.record(
        concern(words="Sie sagte: „ich habe Angst“\n\nThen she ran. ☹", url="https://a.test/b-c?d=e-f"),
        NAIR,
        item=ITEM,
        actor="S010",
    )
    office.work()
    with office.store.reading() as transaction:
        (message,) = transaction.cases.messages(recorded.case_id)
    raw = office.opened.blobs.get(message.blob_id)
    (enclosure,) = report_to(courier, HEAD.address).iter_attachments()
    assert enclosure.get_content() == raw
    assert raw.count(b"\n") == raw.count(b"\r\n")
    parsed = email.message_from_bytes(raw, policy=default)
    assert isinstance(parsed, EmailMessage)
    text = text_of(parsed)
    assert "  | Sie sagte: „ich habe Angst“\n  |\n  | Then she ran. ☹" in text
    assert "https://a.test/b-c?d=e-f" in text
    assert parsed["From"] == "Priya Nair <p.nair@school.test>"
    assert parsed["Message-ID"] == f"<concern-{ITEM}@school.test>"


def test_a_concern_about_the_head_goes_to_deputy_and_chair_and_is_closed_to_the_head(
    office: Office, concerns: Concerns, courier: RememberingCourier
) -> None:
    about_head = concern(kind=ConcernKind.ADULT, staff_ids=("S001",))
    recorded = concerns.record(about_head, NAIR, item=ITEM, actor="S010")
    office.work()
    assert not courier.to(HEAD.address)
    assert len(courier.to(DEPUTY.address)) == len(courier.to(CHAIR.address)) == 1
    with office.store.reading() as transaction:
        case = transaction.cases.find(recorded.case_id)
    assert case is not None
    readers = Readers(settings=SETTINGS, directory=concerns.finder().lists)
    assert not readers.may_see(HEAD.address, case.decision)
    assert readers.may_see(DEPUTY.address, case.decision)


def test_the_chair_who_is_on_no_list_can_be_named_and_is_not_told(
    office: Office, concerns: Concerns, courier: RememberingCourier
) -> None:
    (chair,) = concerns.finder().find("Ruth Bellingham")
    recorded = concerns.record(
        concern(kind=ConcernKind.ADULT, staff_ids=(chair.id,)), NAIR, item=ITEM, actor="S010"
    )
    office.work()
    assert recorded.told == (Role.HEAD,)
    with office.store.reading() as transaction:
        case = transaction.cases.find(recorded.case_id)
    assert case is not None
    assert case.decision.withheld_roles == (Role.CHAIR,)
    readers = Readers(settings=SETTINGS, directory=concerns.finder().lists)
    assert not readers.may_see(CHAIR.address, case.decision)


def test_the_victim_of_a_threat_may_be_told(office: Office, concerns: Concerns) -> None:
    recorded = concerns.record(
        concern(kind=ConcernKind.THREAT, staff_ids=("S001",), quoted="we know where you live"),
        NAIR,
        item=ITEM,
        actor="S010",
    )
    assert recorded.told == (Role.HEAD,)
    with office.store.reading() as transaction:
        case = transaction.cases.find(recorded.case_id)
    assert case is not None
    assert (case.decision.level, case.decision.clause) == (Level.URGENT, "4.b1")
    assert case.decision.subjects == ()


def test_danger_now_is_level_five_whatever_the_kind() -> None:
    assert concern(kind=ConcernKind.OTHER).weight.level is Level.NOW
    assert concern(kind=ConcernKind.OTHER, is_danger=True).weight.level is Level.EMERGENCY


def test_sending_the_form_twice_makes_one_case(office: Office, concerns: Concerns) -> None:
    first = concerns.record(concern(), NAIR, item=ITEM, actor="S010")
    again = concerns.record(concern(words="and more"), NAIR, item=ITEM, actor="S010")
    assert again == replace(first, newly=False, told=())
    assert office.tags(first.case_id).count("gate:case:opened") == 1


def test_the_audit_trail_has_ids_and_no_words_of_it(office: Office, concerns: Concerns) -> None:
    concerns.record(
        concern(children=("Ella Bee",), staff_ids=("S012",), where="bus stop"), NAIR, item=ITEM, actor="S010"
    )
    with office.store.reading() as transaction:
        trail = "".join(str(event) for event in transaction.audit.events())
    assert "review:concern:written" in trail
    for content in ("Ella", "Tollard", "afraid", "bus stop", "p.nair"):
        assert content not in trail


def test_a_link_goes_to_a_listed_member_of_staff_and_opens_one_form_once(
    office: Office, concerns: Concerns, links: ConcernLinks, courier: RememberingCourier
) -> None:
    links.ask("P.Nair@school.test", client="192.0.2.1")
    office.work()
    text = text_of(report_to(courier, "p.nair@school.test"))
    token = text.partition("https://review.school.test/concern/by-link/")[2].split()[0]
    assert len(token) == 26
    seen = links.look(token)
    assert seen is not None
    link, person = seen
    assert person is not None
    assert (person.id, link.used_at) == ("S010", None)
    recorded = concerns.record(concern(), NAIR, item=link.item, actor="S010", link=token)
    spent = links.look(token)
    assert spent is not None
    assert spent[0].case_id == recorded.case_id
    with pytest.raises(LinkSpent):
        concerns.record(concern(), NAIR, item="1" * 32, actor="S010", link=token)


def test_nobody_but_listed_staff_is_sent_a_link(
    office: Office, links: ConcernLinks, courier: RememberingCourier
) -> None:
    for address in ("ella@inbox.test", "rosa@home.test", "nobody@school.test", "x", "", "p.nair@evil.test"):
        links.ask(address, client="192.0.2.1")
    office.work()
    assert not courier.sent


def test_a_link_goes_to_the_listed_address_whatever_tag_was_typed(
    office: Office, links: ConcernLinks, courier: RememberingCourier
) -> None:
    links.ask("p.nair+elsewhere@school.test", client="192.0.2.1")
    office.work()
    assert [message.rcpt_to for message in courier.sent] == ["p.nair@school.test"]


def test_asking_for_links_is_bounded_for_each_address_and_each_client(
    office: Office, links: ConcernLinks, courier: RememberingCourier, clock: MovingClock
) -> None:
    for _ in range(6):
        links.ask("p.nair@school.test", client="192.0.2.1")
    office.work()
    assert len(courier.sent) == 3
    for number in range(30):
        links.ask(f"nobody{number}@school.test", client="192.0.2.9")
    links.ask("g.tollard@school.test", client="192.0.2.9")
    office.work()
    assert not courier.to("g.tollard@school.test")
    clock.pass_time(hours=1)
    links.ask("g.tollard@school.test", client="192.0.2.9")
    office.work()
    assert len(courier.to("g.tollard@school.test")) == 1


def test_tags_are_no_way_round_the_bound_of_one_mailbox(
    office: Office, links: ConcernLinks, courier: RememberingCourier
) -> None:
    for number in range(12):
        links.ask(f"p.nair+{number}@school.test", client=f"192.0.2.{number}")
    office.work()
    assert len(courier.to("p.nair@school.test")) == 3


def test_strangers_use_up_nobodys_links(
    office: Office, links: ConcernLinks, courier: RememberingCourier
) -> None:
    for number in range(250):
        links.ask(f"nobody{number}@school.test", client=f"198.51.100.{number}")
        links.ask("p.nair@school.test", client=f"203.0.113.{number}")
    links.ask("g.tollard@school.test", client="192.0.2.1")
    office.work()
    assert len(courier.to("g.tollard@school.test")) == 1


def test_a_whole_network_of_ipv6_addresses_is_one_client(
    office: Office, links: ConcernLinks, courier: RememberingCourier
) -> None:
    for number in range(30):
        links.ask(f"nobody{number}@school.test", client=f"2001:db8::{number:x}")
    links.ask("g.tollard@school.test", client="2001:db8::ffff")
    office.work()
    assert not courier.sent


def test_a_link_ends_after_a_day(
    office: Office, concerns: Concerns, links: ConcernLinks, courier: RememberingCourier, clock: MovingClock
) -> None:
    links.ask("p.nair@school.test", client="192.0.2.1")
    office.work()
    token = text_of(report_to(courier, "p.nair@school.test")).partition("/concern/by-link/")[2].split()[0]
    clock.pass_time(hours=25)
    assert links.look(token) is None
    with pytest.raises(LinkSpent):
        concerns.record(concern(), NAIR, item=ITEM, actor="S010", link=token)
    with office.store.reading() as transaction:
        assert transaction.cases.find("MG-2026-0001") is None


def test_the_token_is_nowhere_in_the_database(
    tmp_path: Path, office: Office, links: ConcernLinks, courier: RememberingCourier
) -> None:
    links.ask("p.nair@school.test", client="192.0.2.1")
    office.work()
    token = text_of(report_to(courier, "p.nair@school.test")).partition("/concern/by-link/")[2].split()[0]
    kept = b"".join(path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file())
    assert token.encode() not in kept


@pytest.fixture
def finder(lists: IndexedLists) -> StaffFinder:
    return StaffFinder(lists=lists, contacts=CONTACTS)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("Priya Nair (S010)", ["S010"]),
        ("priya nair", ["S010"]),
        ("S010", ["S010"]),
        ("g.tollard@school.test", ["S012"]),
        ("Miss Tollard", ["S012"]),
        ("the head teacher", ["S001"]),
        ("Ruth Bellingham", ["roles.chair"]),
        ("Mr Nobody", []),
        ("Ella Bee", []),
    ],
)
def test_an_adults_name_finds_who_is_meant(finder: StaffFinder, typed: str, expected: list[str]) -> None:
    assert [person.id for person in finder.find(typed)] == expected


def answers(**changes: Any) -> ConcernAnswers:
    return ConcernAnswers(**{"kind": "adult", "words": "He shouted.", **changes})


def test_a_name_that_fits_several_is_asked_back_with_the_choices(finder: StaffFinder) -> None:
    checked = check_answers(answers(staff=("Mr Nair",)), finder)
    assert checked.concern is None
    assert "Priya Nair (S010); Paul Nair (S011)" in checked.problems["staff"]


def test_an_allegation_wants_a_name_or_the_word_that_there_is_none(finder: StaffFinder) -> None:
    assert "staff" in check_answers(answers(), finder).problems
    assert check_answers(answers(is_staff_unnamed=True), finder).concern is not None


def test_an_allegation_that_names_its_adult_only_in_the_words_is_closed_to_that_adult(
    finder: StaffFinder,
) -> None:
    checked = check_answers(answers(words="Helen Ormerod shouted at Tom and pushed him."), finder)
    assert checked.concern is not None
    assert checked.concern.staff_ids == ("S001",)


def test_every_problem_is_told_at_once(finder: StaffFinder) -> None:
    checked = check_answers(
        answers(kind="", words=" \r\n ", url="javascript:alert(1)", staff=("Mr Nobody",)), finder
    )
    assert set(checked.problems) == {"kind", "words", "url", "staff"}


def test_control_and_direction_characters_do_not_enter_the_record(finder: StaffFinder) -> None:
    checked = check_answers(
        answers(words="a\u202eb\x00c\r\nd\te\n\n", is_staff_unnamed=True, where="x\r\nBcc: y"), finder
    )
    assert checked.concern is not None
    assert checked.concern.words == "abc\nd\te"
    assert checked.concern.where == "x Bcc: y"


def test_two_forms_sent_at_once_with_one_link_make_one_case(
    office: Office, concerns: Concerns, links: ConcernLinks, courier: RememberingCourier
) -> None:
    links.ask("p.nair@school.test", client="192.0.2.1")
    office.work()
    token = text_of(report_to(courier, "p.nair@school.test")).partition("/concern/by-link/")[2].split()[0]
    begun = threading.Barrier(4)

    def send(number: int) -> str:
        begun.wait()
        try:
            return concerns.record(concern(), NAIR, item=f"{number}" * 32, actor="S010", link=token).case_id
        except LinkSpent:
            return ""

    with ThreadPoolExecutor(4) as pool:
        case_ids = [case_id for case_id in pool.map(send, range(4)) if case_id]
    assert case_ids == ["MG-2026-0001"]
    with office.store.reading() as transaction:
        assert transaction.cases.find("MG-2026-0002") is None
        assert len(transaction.effects.matching(kinds={EffectKind.REPORT})) == 1


def test_the_case_file_says_that_a_person_wrote_it_down(office: Office, concerns: Concerns) -> None:
    recorded = concerns.record(concern(), NAIR, item=ITEM, actor="S010")
    with office.store.reading() as transaction:
        opened = next(transaction.audit.events(case_id=recorded.case_id))
        (recipient,) = transaction.cases.recipients(recorded.case_id)
        case = transaction.cases.find(recorded.case_id)
    assert case is not None
    assert EventWords().sentence(opened).endswith("policy 3.b5; written down by a person")
    assert recipient_says(recipient) == "told by the report"
    assert who_words(case.decision, "Priya Nair <p.nair@school.test>") == "Priya Nair"
    assert not recipient.state.is_held
