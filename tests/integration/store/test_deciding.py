"""Deciding with a delay, undoing while nothing has gone out, and labels; on both databases."""

from datetime import timedelta

import pytest

from mailguard.app.casebook import Casebook
from mailguard.app.ports import ImapLocation
from mailguard.domain.audit import AuditTag
from mailguard.domain.case import CaseDecision, CaseState, EffectKind, EffectState, Outcome, RecipientState
from tests.storing import LONDON, School, one_report, opening

TWO = ("p.nair@stoswins.example", "t.halliwell@stoswins.example")


@pytest.fixture
def book(school: School) -> Casebook:
    store, blobs = school.opened.store, school.opened.blobs
    return Casebook(store, blobs, zone=LONDON, release_delay=timedelta(seconds=30))


@pytest.fixture
def case_id(school: School, book: Casebook) -> str:
    return book.open_or_join(opening(to=TWO), one_report).case_id


def states(school: School, case_id: str) -> list[RecipientState]:
    with school.opened.store.reading() as transaction:
        return [each.state for each in transaction.cases.recipients(case_id)]


def lease_release(school: School):
    return school.opened.store.lease_due(owner="w", lease_seconds=5, kinds={EffectKind.RELEASE})


def test_a_release_waits_so_that_it_can_be_undone(school: School, book: Casebook, case_id: str):
    book.release(case_id, by="S1", reason="a mistake of the list")
    assert lease_release(school) is None
    school.clock.turn(seconds=29)
    undone = book.undo(case_id, by="S1")
    assert undone.is_changed
    assert undone.case.state is CaseState.ACKNOWLEDGED
    assert (undone.case.decided_by, undone.case.decided_as, undone.case.outcome) == ("", None, None)
    assert states(school, case_id) == [RecipientState.HELD, RecipientState.HELD]
    school.clock.turn(minutes=5)
    assert lease_release(school) is None
    with school.opened.store.reading() as transaction:
        assert transaction.cases.reviews(case_id) == ()
        tags = [event.tag for event in transaction.audit.events(case_id=case_id)]
    assert tags[-2:] == [AuditTag.CASE_RELEASED, AuditTag.CASE_UNDONE]
    assert school.trail.verify().is_intact


def test_after_an_undo_the_case_can_be_released_again(school: School, book: Casebook, case_id: str):
    book.release(case_id, by="S1")
    book.undo(case_id, by="S1")
    released = book.release(case_id, by="S2")
    assert len(released.effects) == 2
    school.clock.turn(seconds=30)
    assert lease_release(school) is not None


def test_a_release_that_a_worker_has_taken_up_cannot_be_undone(school: School, book: Casebook, case_id: str):
    book.release(case_id, by="S1")
    school.clock.turn(seconds=30)
    effect = lease_release(school)
    assert effect is not None
    assert not book.undo(case_id, by="S1").is_changed
    assert states(school, case_id) == [RecipientState.RELEASE_PENDING] * 2
    book.effect_done(effect)
    assert not book.undo(case_id, by="S1").is_changed


def test_a_due_release_cannot_be_undone_though_no_worker_has_come_yet(
    school: School, book: Casebook, case_id: str
):
    book.release(case_id, by="S1")
    school.clock.turn(seconds=30)
    assert not book.undo(case_id, by="S1").is_changed


def test_a_confirmed_case_can_be_taken_back_for_an_hour(school: School, book: Casebook, case_id: str):
    book.confirm(case_id, by="S1", outcome=Outcome.SUBSTANTIATED)
    school.clock.turn(minutes=59)
    assert book.undo(case_id, by="S1").case.outcome is None
    book.confirm(case_id, by="S1")
    school.clock.turn(minutes=60)
    assert not book.undo(case_id, by="S1").is_changed


def test_a_message_taken_out_of_a_mailbox_is_out_again_after_an_undo(school: School, book: Casebook):
    location = ImapLocation(account="p.nair", folder="INBOX", uidvalidity=1, uid=7)
    case_id = book.open_or_join(opening("in the box", location=location), one_report).case_id
    move = school.opened.store.lease_due(owner="w", lease_seconds=5, kinds={EffectKind.MOVE})
    assert move is not None
    book.effect_done(move)
    book.release(case_id, by="S1")
    book.undo(case_id, by="S1")
    assert states(school, case_id) == [RecipientState.TAKEN_OUT]


def test_a_release_after_the_decision_is_taken_back_alone(school: School, book: Casebook, case_id: str):
    book.confirm(case_id, by="S1")
    school.clock.turn(hours=2)
    book.release(case_id, by="S2")
    undone = book.undo(case_id, by="S2")
    assert undone.is_changed
    assert (undone.case.state, undone.case.decided_as) == (CaseState.DECIDED, CaseDecision.CONFIRM)
    assert states(school, case_id) == [RecipientState.HELD] * 2
    with school.opened.store.reading() as transaction:
        assert [each.decision for each in transaction.cases.reviews(case_id)] == [CaseDecision.CONFIRM]


def test_an_undecided_case_has_nothing_to_undo(book: Casebook, case_id: str):
    assert not book.undo(case_id, by="S1").is_changed


def test_one_recipient_can_be_given_the_message_and_another_not(school: School, book: Casebook, case_id: str):
    with school.opened.store.reading() as transaction:
        first, _ = transaction.cases.recipients(case_id)
    book.release(case_id, by="S1", release_to=[first.id])
    assert states(school, case_id) == [RecipientState.RELEASE_PENDING, RecipientState.HELD]


def test_what_a_case_was_is_written_into_its_newest_decision_for_the_model(
    school: School, book: Casebook, case_id: str
):
    assert not book.teach(case_id, by="S1", label="parent-contact").is_changed
    book.release(case_id, by="S1", reason="a grandparent")
    assert book.teach(case_id, by="S1", label="parent-contact").is_changed
    with school.opened.store.reading() as transaction:
        (review,) = transaction.cases.reviews(case_id)
        last = list(transaction.audit.events(case_id=case_id))[-1]
    assert (review.label, review.reason) == ("parent-contact", "a grandparent")
    assert (last.tag, last.detail["label"]) == (AuditTag.CASE_LABELLED, "parent-contact")
    assert book.undo(case_id, by="S1").is_changed


def test_of_two_who_decide_at_once_the_second_changes_nothing(book: Casebook, case_id: str):
    book.dismiss(case_id, by="S1", reason="clutter")
    second = book.confirm(case_id, by="S2")
    assert not second.is_changed
    assert (second.case.decided_by, second.case.decided_as) == ("S1", CaseDecision.DISMISS)


def test_an_undone_release_leaves_a_cancelled_effect_on_the_record(
    school: School, book: Casebook, case_id: str
):
    book.release(case_id, by="S1")
    book.undo(case_id, by="S1")
    with school.opened.store.reading() as transaction:
        effects = transaction.effects.matching(case_id=case_id, kinds={EffectKind.RELEASE})
    assert {effect.state for effect in effects} == {EffectState.CANCELLED}
