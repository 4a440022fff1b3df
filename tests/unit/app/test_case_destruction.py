import hashlib
from pathlib import Path

import pytest

from mailguard.app.case_deciding import UnknownCase
from mailguard.app.case_destruction import Authority, CaseDestruction, DestructionRefused
from mailguard.app.export_making import Maker, OpenCases
from mailguard.app.ports import PermanentFailure
from mailguard.domain.words import Role
from tests.effects_fixture import RAW, Office, PeopleDirectory, decided
from tests.exporting import CHAIR_MAKER, DEPUTY_MAKER, HEAD_MAKER, office, trail_of


@pytest.fixture
def school(tmp_path: Path):
    made = office(tmp_path / "state")
    yield made
    made.close()


def service_of(school: Office) -> CaseDestruction:
    return CaseDestruction(school.store, school.opened.blobs, OpenCases(school.settings, PeopleDirectory))


def over(school: Office) -> str:
    """A case that was reported and decided."""
    case_id = school.receive().case_id
    school.work()
    school.casebook.confirm(case_id, by="head")
    school.clock.pass_time(days=40)
    school.work()
    return case_id


def destroy(school: Office, case_id: str, *, by: Maker = HEAD_MAKER, second: Maker = CHAIR_MAKER) -> int:
    return (
        service_of(school)
        .destroy(case_id, by=by, approved_by=second, authority=Authority.RETENTION_SCHEDULE)
        .messages
    )


def blob_of(school: Office, case_id: str) -> str:
    with school.store.reading() as transaction:
        (message,) = transaction.cases.messages(case_id)
    return message.blob_id


def test_the_bytes_are_gone_for_good_and_the_hash_is_on_the_record(school: Office):
    case_id = over(school)
    blob_id = blob_of(school, case_id)
    assert school.opened.blobs.get(blob_id) == RAW
    assert destroy(school, case_id) == 1
    with pytest.raises(PermanentFailure, match="shredded"):
        school.opened.blobs.get(blob_id)
    with school.store.reading() as transaction:
        event = list(transaction.audit.events(case_id=case_id))[-1]
        (message,) = transaction.cases.messages(case_id)
    assert event.tag == "review:case:messages-destroyed"
    assert (event.actor, event.detail["approved_by"]) == ("head", "chair")
    assert event.detail["messages"] == [{"id": message.id, "sha256": hashlib.sha256(RAW).hexdigest()}]
    assert trail_of(school).verify().is_intact
    assert destroy(school, case_id) == 1


def test_what_is_on_legal_hold_stays_until_the_hold_is_lifted(school: Office):
    case_id = over(school)
    service = service_of(school)
    assert service.set_legal_hold(case_id, by=HEAD_MAKER, is_held=True)
    assert not service.set_legal_hold(case_id, by=HEAD_MAKER, is_held=True)
    with pytest.raises(DestructionRefused, match="legal hold"):
        destroy(school, case_id)
    assert school.opened.blobs.get(blob_of(school, case_id)) == RAW
    assert service.set_legal_hold(case_id, by=DEPUTY_MAKER, is_held=False)
    assert destroy(school, case_id) == 1
    assert [tag for tag in school.tags(case_id) if "legal-hold" in tag] == [
        "review:case:legal-hold-set",
        "review:case:legal-hold-lifted",
    ]


def test_an_open_case_and_one_with_a_release_under_way_are_never_destroyed(school: Office):
    open_case = school.receive().case_id
    with pytest.raises(DestructionRefused, match="not decided"):
        destroy(school, open_case)
    school.work()
    school.clock.pass_time(days=1)
    school.work()
    school.casebook.release(open_case, by="head")
    with pytest.raises(DestructionRefused, match="on its way"):
        destroy(school, open_case)
    school.work()
    assert destroy(school, open_case) == 1


def test_it_takes_two_people_and_neither_may_be_the_one_it_is_about(school: Office):
    case_id = over(school)
    with pytest.raises(DestructionRefused, match="two people"):
        destroy(school, case_id, second=HEAD_MAKER)
    closed = decided(subjects=("S001",), withheld_roles=(Role.HEAD,), report_roles=(Role.DEPUTY,))
    about_head = school.receive(closed, raw=b"From: mum@inbox.test\r\n\r\nabout the head\r\n").case_id
    school.work()
    school.casebook.confirm(about_head, by="deputy")
    school.clock.pass_time(days=40)
    school.work()
    for by, second in ((HEAD_MAKER, CHAIR_MAKER), (DEPUTY_MAKER, HEAD_MAKER)):
        with pytest.raises(UnknownCase):
            destroy(school, about_head, by=by, second=second)
    assert destroy(school, about_head, by=DEPUTY_MAKER) == 1
