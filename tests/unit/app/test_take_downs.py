"""A request to take a comment down: its letter, its evidence, and what came of it."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mailguard.adapters.typesetting.typst_pdf import TypstTypesetter
from mailguard.app.ports_store import CaseRecord
from mailguard.app.take_down_letter import letter_document
from mailguard.app.take_down_records import TakeDown
from mailguard.app.take_downs import Signature, TakeDownAnswers, TakeDownBook, due_take_downs
from mailguard.domain.take_down import TakeDownState, states_after
from tests.effects_fixture import HEAD, MovingClock, Office, RememberingCourier

HEAD_SIGNS = Signature(account_id="acc-head", name=HEAD.name, title="Head Teacher", address=HEAD.address)
ANSWERS = TakeDownAnswers(
    url="https://www.chatter.example/p/77?x=1",
    platform="Chatter",
    seen_on="Sunday 27 September",
    recipient="Chatter Ltd\r\nComplaints\n1 Long Road",
    about="staff",
    quoted="we know where\r\nshe lives",
)


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def office(tmp_path: Path, clock: MovingClock) -> Iterator[Office]:
    office = Office(tmp_path, RememberingCourier(), clock=clock)
    yield office
    office.close()


@pytest.fixture
def book(office: Office) -> TakeDownBook:
    return TakeDownBook(office.store, office.settings)


@pytest.fixture
def case_id(office: Office) -> str:
    return office.receive().case_id


def written(book: TakeDownBook, office: Office, case_id: str, **changes: Any) -> TakeDown:
    done = book.write(case_id, replace(ANSWERS, **changes), HEAD_SIGNS)
    with office.store.reading() as transaction:
        found = transaction.take_downs.find(done.id)
    assert found is not None, done.problems
    return found


def test_the_letter_says_where_what_and_how_it_is_proved_and_names_nobody(
    book: TakeDownBook, office: Office, case_id: str
) -> None:
    text = written(book, office, case_id).text
    assert "Chatter Ltd\nComplaints\n1 Long Road" in text
    assert "Web address: https://www.chatter.example/p/77?x=1" in text
    assert "It concerns a member of staff of St Test's" in text
    assert hashlib.sha256(b"we know where\nshe lives").hexdigest() in text
    assert "by 5 October 2026" in text
    assert f"our reference {case_id}" in text
    for name in ("Nair", "Doyle", "she lives"):
        assert name not in text


def test_the_comment_is_repeated_only_when_that_is_wanted(
    book: TakeDownBook, office: Office, case_id: str
) -> None:
    assert "    she lives" in written(book, office, case_id, is_quoted_in_letter=True).text


def test_without_a_copied_text_the_hash_is_that_of_the_cases_message(
    book: TakeDownBook, office: Office, case_id: str
) -> None:
    with office.store.reading() as transaction:
        (message,) = transaction.cases.messages(case_id)
    found = written(book, office, case_id, quoted="")
    assert found.letter.evidence_sha256 == message.sha256
    assert f"the record of the comment is kept unchanged; its SHA-256 is {message.sha256}" in found.text


def test_what_is_missing_is_told_all_at_once(book: TakeDownBook, case_id: str) -> None:
    bad = TakeDownAnswers(url="ftp://x", recipient=" \n ", about="dog", days="ten")
    assert set(book.write(case_id, bad, HEAD_SIGNS).problems) == {
        "url", "platform", "recipient", "about", "days"
    }  # fmt: skip


def test_the_letter_prints_as_a_pdf_whatever_was_typed(
    book: TakeDownBook, office: Office, case_id: str
) -> None:
    found = written(
        book,
        office,
        case_id,
        recipient="#panic() \\ $x$ [Zoë] <b>",
        platform="Чат ☹ 聊天",
        quoted="#include \U0001f600 " + "ü" * 3000,
        is_quoted_in_letter=True,
    )
    pdf = TypstTypesetter().pdf(letter_document(found.letter, made_at=found.made_at))
    assert pdf.startswith(b"%PDF-")


def test_its_way_is_noted_step_by_step_and_is_on_the_record(
    book: TakeDownBook, office: Office, case_id: str
) -> None:
    take_down = written(book, office, case_id)
    for before, after in (
        (TakeDownState.WRITTEN, TakeDownState.SENT),
        (TakeDownState.SENT, TakeDownState.REFUSED),
        (TakeDownState.REFUSED, TakeDownState.SENT),
        (TakeDownState.SENT, TakeDownState.REMOVED),
    ):
        assert book.note(
            take_down.id,
            expected=before,
            state=after,
            note="by post",
            remind_on=date(2026, 10, 9),
            by="acc-head",
        )
    with office.store.reading() as transaction:
        found = transaction.take_downs.find(take_down.id)
        notes = transaction.take_downs.notes(take_down.id)
        trail = "".join(str(event) for event in transaction.audit.events(case_id=case_id))
    assert found is not None
    assert (found.state, found.remind_on) == (TakeDownState.REMOVED, None)
    assert [note.state.value for note in notes] == ["sent", "refused", "sent", "removed"]
    assert trail.count("review:take-down:noted") == 4
    assert "by post" not in trail
    assert "chatter.example" not in trail


def test_two_who_note_at_once_are_told_apart(book: TakeDownBook, office: Office, case_id: str) -> None:
    take_down = written(book, office, case_id)
    first = {"expected": TakeDownState.WRITTEN, "note": "", "remind_on": None}
    assert book.note(take_down.id, state=TakeDownState.SENT, by="acc-head", **first)  # type: ignore[arg-type]
    assert not book.note(take_down.id, state=TakeDownState.WITHDRAWN, by="acc-deputy", **first)  # type: ignore[arg-type]


def test_a_step_that_may_not_follow_is_refused(book: TakeDownBook, office: Office, case_id: str) -> None:
    take_down = written(book, office, case_id)
    assert not book.note(
        take_down.id,
        expected=TakeDownState.WRITTEN,
        state=TakeDownState.ANSWERED,
        note="",
        remind_on=None,
        by="acc-head",
    )
    assert states_after(TakeDownState.REMOVED) == (TakeDownState.SENT,)


def test_an_unsent_letter_and_a_reminder_whose_day_has_come_are_due(
    book: TakeDownBook, office: Office, case_id: str, clock: MovingClock
) -> None:
    def due(may_see: Any = lambda case: True) -> list[str]:
        with office.store.reading() as transaction:
            today = clock.now().date()
            return [each.take_down.id for each in due_take_downs(transaction, may_see, today=today)]

    take_down = written(book, office, case_id)
    assert due() == []
    clock.pass_time(days=1, minutes=1)
    assert due() == [take_down.id]
    book.note(
        take_down.id,
        expected=TakeDownState.WRITTEN,
        state=TakeDownState.SENT,
        note="",
        remind_on=date(2026, 10, 9),
        by="acc-head",
    )
    assert due() == []
    clock.pass_time(days=10)
    assert due() == [take_down.id]

    def closed(case: CaseRecord) -> bool:
        return False

    assert due(closed) == []
