from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from mailguard.app.chronology import case_chronology, who_was_told
from mailguard.app.event_words import EventWords, event_words
from mailguard.app.ports_store import AuditEntry, AuditRecord, EffectRecord
from mailguard.domain.case import EffectKind, EffectState
from mailguard.domain.words import Role
from tests.effects_fixture import Office
from tests.exporting import office

AT = datetime(2026, 9, 28, 9, 0, tzinfo=UTC)


@pytest.fixture
def school(tmp_path: Path):
    made = office(tmp_path / "state")
    yield made
    made.close()


def test_a_list_of_several_cases_stands_in_the_chronology_of_each(school: Office):
    first = school.receive(raw=b"From: a@b.test\r\n\r\none\r\n").case_id
    second = school.receive(raw=b"From: a@b.test\r\n\r\ntwo\r\n").case_id
    third = school.receive(raw=b"From: a@b.test\r\n\r\nthree\r\n").case_id
    with school.store.transaction() as transaction:
        detail = {"role": "head", "reply": "250 ok", "cases": [first, second]}
        transaction.audit.append(AuditEntry(tag="effects:report:sent", actor="effects", detail=detail))
        transaction.ledger.count(day=date(2026, 9, 28), row="Z", verdict="clear")
    with school.store.reading() as transaction:
        words = event_words(transaction, school.settings)
        chronologies = {
            case_id: case_chronology(case_id, transaction, words) for case_id in (first, second, third)
        }
    shared = {
        case_id: [entry.seq for entry in found if entry.is_shared] for case_id, found in chronologies.items()
    }
    assert shared == {first: [4], second: [4], third: []}
    (told,) = who_was_told((), chronologies[first], words)
    assert told.who == school.settings.title(Role.HEAD)
    assert told.how == "list of several cases by e-mail"


def test_a_chronology_may_end_at_an_event(school: Office):
    case_id = school.receive().case_id
    school.casebook.acknowledge(case_id, by="head", role="head")
    with school.store.reading() as transaction:
        words = event_words(transaction, school.settings)
        assert [entry.seq for entry in case_chronology(case_id, transaction, words, last=1)] == [1]
        assert case_chronology("MG-2026-9999", transaction, words) == ()


@pytest.mark.parametrize(
    ("reply", "plain"),
    [
        ("250 2.0.0 kept", "the mail server took it"),
        ("451 4.3.0 later", "the mail server wants it later"),
        ("550 5.1.1 user unknown", "the mail server refused it"),
        ("", None),
        ("odd", "the mail server gave no clear answer"),
    ],
)
def test_people_read_plain_words_and_evidence_quotes_the_server(
    school: Office, reply: str, plain: str | None
):
    case_id = school.receive().case_id
    with school.store.transaction() as transaction:
        detail = {"role": "head", "reply": reply}
        transaction.audit.append(
            AuditEntry(tag="effects:report:sent", actor="effects", case_id=case_id, detail=detail)
        )
    with school.store.reading() as transaction:
        words = event_words(transaction, school.settings)
        exact = event_words(transaction, school.settings, is_exact=True)
        said, quoted = (case_chronology(case_id, transaction, each)[-1].says for each in (words, exact))
    head = f"Report sent: to the {school.settings.title(Role.HEAD)}"
    assert said == (f"{head}, {plain}" if plain else head)
    assert quoted == (f"{head}, the mail server answered “{reply}”" if reply else head)


def test_a_recipient_is_named_as_the_lists_do_and_by_address_where_they_do_not():
    released = EffectRecord(
        id="e1",
        kind=EffectKind.RELEASE,
        key="release:1",
        state=EffectState.DONE,
        created_at=AT,
        due_at=AT,
        header_message_id="<1@school.test>",
        address="P.Nair@school.test",
    )
    event = AuditRecord(
        seq=1,
        at=AT,
        tag="effects:message:released",
        actor="effects",
        case_id="MG-2026-0001",
        school="hill",
        previous="",
        detail={"effect": released.id, "reply": "250 ok"},
        hash="",
    )
    effects = {released.id: released}
    named = EventWords(effects=effects, people={"p.nair@school.test": "Priya Nair"})
    assert named.sentence(event) == "Message released: to Priya Nair, the mail server took it"
    assert "to P.Nair@school.test," in EventWords(effects=effects).sentence(event)
    assert "<P.Nair@school.test>" in EventWords(effects=effects, is_exact=True).sentence(event)


def test_what_left_the_server_is_sent_and_the_rest_is_done():
    def event(kind: str) -> AuditRecord:
        return AuditRecord(
            seq=1,
            at=AT,
            tag="effects:effect:done",
            actor="effects",
            case_id="MG-2026-0001",
            school="hill",
            previous="",
            detail={"kind": kind, "role": "chair"},
            hash="",
        )

    words = EventWords()
    assert words.heading(event("second_channel")) == "Sent"
    assert words.sentence(event("second_channel")).startswith("Sent: second channel")
    assert words.heading(event("escalate")) == "Done"
