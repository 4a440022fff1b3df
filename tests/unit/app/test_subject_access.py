import csv
import io
import json
import subprocess
import zipfile
from pathlib import Path

import pytest

from mailguard.app.export_making import TAG_MADE, MadeExport
from mailguard.app.person_cases import UnknownPerson
from mailguard.app.subject_access_export import (
    ItemDecision,
    SubjectAccess,
    SubjectDraft,
    Undecided,
    UnknownDraft,
)
from mailguard.domain.words import Role
from tests.effects_fixture import Office, decided
from tests.exporting import DEPUTY_MAKER, HEAD_MAKER, exports_of, office

LETTER = b"\r\n".join(
    [
        b"From: Harvey <harvey@inbox.test>",
        b"To: p.nair@school.test",
        b"Subject: about tuesday",
        b"Message-ID: <two@inbox.test>",
        b"",
        b"dear miss nair, harvey here. james adeleke told me off. my number is 01632 960111",
        b"my friend Tobias Quennell saw it",
        b"",
        b"On Monday Priya Nair <p.nair@school.test> wrote:",
        b"> secret words of a teacher",
        b"",
    ]
)


@pytest.fixture
def school(tmp_path: Path):
    made = office(tmp_path / "state")
    yield made
    made.close()


def service_of(school: Office) -> SubjectAccess:
    return exports_of(school).subject_access


def drafted(school: Office, about: str = "P0003") -> tuple[SubjectAccess, SubjectDraft]:
    service = service_of(school)
    export = service.begin(about, by=HEAD_MAKER, reason="letter of 3 May")
    return service, service.draft(export.id, by=HEAD_MAKER)


def as_proposed(draft: SubjectDraft) -> dict[str, ItemDecision]:
    return {item.id: ItemDecision(is_given=item.is_proposed) for item in draft.items}


def everything(made: MadeExport) -> str:
    """All that can be read in the ZIP: the PDF's words, the JSON, the table."""
    with zipfile.ZipFile(io.BytesIO(made.content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    pdf = files.pop("what-is-held.pdf")
    words = subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True
    ).stdout
    return "\n".join([words.decode(), *(content.decode("utf-8-sig") for content in files.values())])


def test_other_people_and_their_words_are_not_in_the_file(school: Office):
    school.receive(raw=LETTER)
    service, draft = drafted(school)
    made = service.make(draft.export.id, as_proposed(draft), by=HEAD_MAKER)
    text = everything(made)
    assert "harvey here" in text
    for other in ("Nair", "nair", "Adeleke", "adeleke", "p.nair@", "01632 960111", "secret words"):
        assert other not in text, other
    assert "somebody else wrote it" in text


def test_a_name_that_no_list_knows_goes_when_the_reviewer_says_so(school: Office):
    school.receive(raw=LETTER)
    service, draft = drafted(school)
    assert "Tobias Quennell" in everything_drafted(draft)
    service.take_out(draft.export.id, ["tobias quennell", " "], by=HEAD_MAKER)
    again = service.draft(draft.export.id, by=HEAD_MAKER)
    assert "Quennell" not in everything_drafted(again)
    made = service.make(draft.export.id, as_proposed(again), by=HEAD_MAKER)
    assert "Quennell" not in everything(made)


def test_what_somebody_else_wrote_is_given_only_when_a_reviewer_chose_so(school: Office):
    school.receive(raw=LETTER)
    service, draft = drafted(school)
    (quoted,) = [item for item in draft.items if "secret words" in item.text]
    assert not quoted.is_proposed
    decisions = as_proposed(draft) | {quoted.id: ItemDecision(is_given=True)}
    assert "secret words" in everything(service.make(draft.export.id, decisions, by=HEAD_MAKER))


def test_an_item_that_nobody_decided_stops_the_export(school: Office):
    school.receive(raw=LETTER)
    service, draft = drafted(school)
    decisions = as_proposed(draft)
    missing = draft.items[1].id
    del decisions[missing]
    with pytest.raises(Undecided) as problem:
        service.make(draft.export.id, decisions, by=HEAD_MAKER)
    assert problem.value.item_ids == (missing,)


def test_what_was_taken_out_is_listed_with_its_reason(school: Office):
    school.receive(raw=LETTER)
    service, draft = drafted(school)
    made = service.make(draft.export.id, as_proposed(draft), by=HEAD_MAKER)
    with zipfile.ZipFile(io.BytesIO(made.content)) as archive:
        table = archive.read("what-was-taken-out.csv").decode("utf-8-sig")
        items = json.loads(archive.read("what-is-held.json"))["items"]
    rows = list(csv.DictReader(io.StringIO(table, newline="")))
    assert {row["What"] for row in rows} >= {"name", "e-mail address", "telephone number", "the whole item"}
    assert all(row["Why"] for row in rows)
    assert {item["kind"] for item in items} == {"list-entry", "case", "envelope", "own-words", "chronology"}


def test_a_draft_is_handed_out_once_and_is_on_the_record(school: Office):
    school.receive(raw=LETTER)
    service, draft = drafted(school)
    made = service.make(draft.export.id, as_proposed(draft), by=HEAD_MAKER)
    for act in (
        lambda: service.draft(draft.export.id, by=HEAD_MAKER),
        lambda: service.make(draft.export.id, as_proposed(draft), by=HEAD_MAKER),
        lambda: service.take_out(draft.export.id, ["x"], by=HEAD_MAKER),
    ):
        with pytest.raises(UnknownDraft):
            act()
    with school.store.reading() as transaction:
        (event,) = [each for each in transaction.audit.events() if each.tag == TAG_MADE]
    assert event.detail["sha256"] == made.sha256
    assert "P0003" not in json.dumps(dict(event.detail))


def test_a_case_about_the_maker_is_not_among_the_items(school: Office):
    about_head = decided(subjects=("S001",), withheld_roles=(Role.HEAD,), report_roles=(Role.DEPUTY,))
    school.receive(about_head, raw=LETTER)
    service, draft = drafted(school)
    assert {item.case_id for item in draft.items} == {""}
    export = service.begin("P0003", by=DEPUTY_MAKER, reason="letter of 3 May")
    assert {item.case_id for item in service.draft(export.id, by=DEPUTY_MAKER).items} != {""}
    with pytest.raises(UnknownDraft):
        service.draft(export.id, by=HEAD_MAKER)


def test_a_person_is_found_by_any_of_their_addresses_and_a_stranger_by_theirs(school: Office):
    case_id = school.receive(raw=LETTER).case_id
    for about in ("harvey@inbox.test", "HARVEY@inbox.test"):
        _, draft = drafted(school, about)
        assert case_id in {item.case_id for item in draft.items}
        assert draft.who.person is not None
    _, stranger = drafted(school, "nobody@elsewhere.test")
    assert stranger.items == ()
    with pytest.raises(UnknownPerson):
        drafted(school, "no such id")


def everything_drafted(draft: SubjectDraft) -> str:
    return "\n".join(item.text for item in draft.items)
