"""Decisions teach, undoing withdraws, shredding forgets; samples keep the lowest ranks: the same on both databases."""

from datetime import timedelta

import pytest

from mailguard.app.labelling import LABELLED, OPENED, Labelling, NoSample
from mailguard.app.ports_learning import SampleReason, SampleRecord, SampleState
from mailguard.domain.case import Outcome
from mailguard.domain.label import Label
from mailguard.domain.words import Initiator, Kind, Nature
from mailguard.reading.message import read
from tests.storing import School, one_report, opening

WEEK = "2026-W40"


def decided(school: School, words: str = "u awake", *, label: str = "child-contact") -> str:
    """A case that was confirmed with that label."""
    case_id = school.casebook.open_or_join(opening(words), one_report).case_id
    school.casebook.confirm(case_id, by="head", reason="a pupil", label=label)
    return case_id


def examples(school: School):
    with school.opened.store.reading() as transaction:
        return transaction.learning.examples()


def test_a_decision_with_a_label_teaches_and_keeps_no_text(school: School):
    case_id = decided(school)
    (example,) = examples(school)
    assert example.case_id == case_id
    assert example.by == "head"
    assert example.label == Label(kind=Kind.DIRECT, initiator=Initiator.CHILD)
    assert b"u awake" in school.opened.blobs.get(example.blob_id)


def test_a_decision_without_a_label_teaches_nothing(school: School):
    decided(school, label="")
    assert examples(school) == ()


def test_an_undone_decision_teaches_nothing_any_more(school: School):
    case_id = decided(school)
    assert school.casebook.undo(case_id, by="head").is_changed
    assert examples(school) == ()
    with school.opened.store.reading() as transaction:
        assert transaction.learning.counts().withdrawn == 1


def test_what_is_taught_afterwards_replaces_what_was_taught_before(school: School):
    case_id = decided(school)
    assert school.casebook.teach(case_id, by="deputy", label="parent-contact").is_changed
    (example,) = examples(school)
    assert example.by == "deputy"
    assert example.label.initiator is Initiator.PARENT
    assert example.label.is_only_not_grave


def test_an_outcome_alone_teaches_nothing(school: School):
    case_id = decided(school, label="")
    school.casebook.set_outcome(case_id, Outcome.UNFOUNDED, by="head")
    assert examples(school) == ()


def test_a_shredded_message_teaches_nothing_any_more(school: School):
    decided(school, "one")
    decided(school, "two")
    first, second = examples(school)
    school.opened.blobs.shred(first.blob_id)
    assert [each.id for each in examples(school)] == [second.id]


def sample(
    school: School, rank: int, *, reason: SampleReason = SampleReason.BLIND, week: str = WEEK
) -> SampleRecord:
    raw = f"From: a@b.example\r\nSubject: secret {rank}\r\n\r\nwords {rank}\r\n".encode()
    return SampleRecord(
        id=f"{rank:032x}",
        week=week,
        reason=reason,
        rank=rank,
        blob_id=school.opened.blobs.put(raw),
        received_at=school.clock.now(),
        envelope={"from": "a@b.example", "to": ["t@hill.example"]},
    )


def labelling_of(school: School) -> Labelling:
    return Labelling(
        store=school.opened.store, blobs=school.opened.blobs, read=read, keep_days=14, examples_keep_days=365
    )


def test_of_a_week_the_lowest_ranks_are_kept_in_whatever_order_they_come(school: School):
    gone: list[str] = []
    for rank in (50, 10, 40, 30, 20, 60):
        each = sample(school, rank)
        with school.opened.store.transaction() as transaction:
            gone += transaction.samples.offer(each, keep=3)
    with school.opened.store.reading() as transaction:
        assert [each.rank for each in transaction.samples.waiting()] == [10, 20, 30]
        assert transaction.samples.bound(WEEK, SampleReason.BLIND, keep=3) == 30
        assert transaction.samples.bound(WEEK, SampleReason.BLIND, keep=4) is None
        assert transaction.samples.bound(WEEK, SampleReason.UNCERTAIN, keep=3) is None
    assert len(gone) == 3


def test_one_that_somebody_has_opened_is_not_displaced(school: School):
    for rank in (30, 10, 20):
        each = sample(school, rank)
        with school.opened.store.transaction() as transaction:
            transaction.samples.offer(each, keep=2)
            if rank == 30:
                transaction.samples.note_opened(each.id)
    with school.opened.store.reading() as transaction:
        assert [each.rank for each in transaction.samples.waiting()] == [10, 20, 30]


def offered(school: School, *ranks: int) -> list[SampleRecord]:
    found = [sample(school, rank) for rank in ranks]
    with school.opened.store.transaction() as transaction:
        for each in found:
            transaction.samples.offer(each, keep=10)
    return found


def tags(school: School) -> list[str]:
    with school.opened.store.reading() as transaction:
        return [each.tag for each in transaction.audit.events()]


def test_the_envelope_is_shown_first_and_the_words_only_when_opened_which_is_on_the_record(school: School):
    (each,) = offered(school, 1)
    labelling = labelling_of(school)
    assert labelling.offered().waiting[0].envelope == {"from": "a@b.example", "to": ["t@hill.example"]}
    assert "secret" not in str(labelling.offered())
    with pytest.raises(NoSample):
        labelling.open(each.id, by="head")
    assert tags(school) == []
    labelling.ask_to_open(each.id)
    opened = labelling.open(each.id, by="head")
    assert (opened.subject, opened.text.strip()) == ("secret 1", "words 1")
    assert tags(school) == [OPENED]


def test_a_labelled_sample_teaches_once_and_waits_no_longer(school: School):
    (each,) = offered(school, 1)
    labelling = labelling_of(school)
    label = Label(kind=Kind.DIRECT, initiator=Initiator.CHILD, natures=frozenset({Nature.PERSONAL}))
    assert labelling.label(each.id, label, by="head")
    assert not labelling.label(each.id, label, by="deputy")
    assert not labelling.skip(each.id, by="deputy")
    assert labelling.offered().waiting == ()
    (example,) = examples(school)
    assert (example.sample_id, example.label) == (each.id, label)
    assert tags(school) == [LABELLED]
    with school.opened.store.reading() as transaction:
        counts = transaction.samples.counts(WEEK)
    assert counts == {(SampleReason.BLIND, SampleState.LABELLED): 1}
    assert labelling.withdraw(each.id, by="head")
    assert examples(school) == ()


def test_what_nobody_labels_in_time_is_destroyed_and_what_was_labelled_stays_with_its_example(school: School):
    unlabelled, labelled = offered(school, 1, 2)
    labelling = labelling_of(school)
    labelling.label(labelled.id, Label(kind=Kind.DIRECT), by="head")
    school.clock.turn(days=15)
    assert labelling.forget_old(now=school.clock.now(), shred=school.opened.blobs.shred) == 1
    store = school.opened.store
    assert store.blob_key(unlabelled.blob_id) is None
    assert store.blob_key(labelled.blob_id) is not None
    assert len(examples(school)) == 1
    school.clock.turn(days=360)
    assert labelling.forget_old(now=school.clock.now(), shred=school.opened.blobs.shred) == 1
    assert store.blob_key(labelled.blob_id) is None
    assert examples(school) == ()


def test_the_sweep_of_unused_blobs_leaves_samples_and_examples_alone(school: School):
    waiting, labelled = offered(school, 1, 2)
    labelling_of(school).label(labelled.id, Label(kind=Kind.DIRECT), by="head")
    orphan = school.opened.blobs.put(b"nobody's")
    school.clock.turn(hours=3)
    assert school.opened.blobs.sweep(before=school.clock.now() - timedelta(hours=1)) == 1
    store = school.opened.store
    assert store.blob_key(orphan) is None
    assert store.blob_key(waiting.blob_id) is not None
    assert store.blob_key(labelled.blob_id) is not None


def test_counts_of_scores_add_up_and_old_ones_go(school: School):
    with school.opened.store.transaction() as transaction:
        for _ in range(2):
            transaction.scores.add(week=WEEK, model="m", counts={("child", "0.1"): 2, ("kind", "direct"): 3})
        transaction.scores.add(week="2024-W01", model="m", counts={("child", "0.1"): 1})
        transaction.scores.add(week=WEEK, model="n", counts={("child", "0.1"): 9})
    with school.opened.store.transaction() as transaction:
        found = {
            (each.series, each.bin): each.count
            for each in transaction.scores.between(WEEK, WEEK)
            if each.model == "m"
        }
        assert found == {("child", "0.1"): 4, ("kind", "direct"): 6}
        assert transaction.scores.forget_old(before_week="2025-W01") == 1
        assert {each.week for each in transaction.scores.of_model("m")} == {WEEK}
