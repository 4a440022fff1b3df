"""What the digest tells of take-down requests and of changes to the lists."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailguard.adapters.list_writer import ListFolder
from mailguard.app.list_editing import ListEditing
from mailguard.app.list_files import ListName
from mailguard.app.ports_learning import SampleReason, SampleRecord
from mailguard.app.take_downs import Signature, TakeDownAnswers, TakeDownBook
from mailguard.domain.words import Role
from tests.effects_fixture import CHAIR, DEPUTY, HEAD, decided
from tests.list_fixture import around, list_files_in, write_lists
from tests.unit.app.test_digest import DIGEST_CASE, Morning

SIGNED = Signature(account_id="acc-head", name=HEAD.name, title="Head", address=HEAD.address)
REQUEST = TakeDownAnswers(url="https://chatter.example/p/1", platform="Chatter", recipient="Chatter Ltd")


@pytest.fixture
def morning(tmp_path: Path) -> Iterator[Morning]:
    morning = Morning(tmp_path / "state")
    yield morning
    morning.office.close()


def test_a_letter_that_nobody_sent_is_a_thing_to_do(morning: Morning) -> None:
    case_id = morning.office.receive(DIGEST_CASE).case_id
    morning.office.casebook.confirm(case_id, by="S001")
    TakeDownBook(morning.office.store, morning.office.settings).write(case_id, REQUEST, SIGNED)
    morning.clock.pass_time(hours=1)
    morning.next_day()
    (text,) = morning.digests()
    assert "One take-down request waits for you to follow up." in text
    assert f"{case_id}: the letter is written and not sent" in text
    assert "chatter.example" not in text


def test_a_request_of_a_case_about_the_head_is_told_to_the_others_only(morning: Morning) -> None:
    about_head = decided(subjects=("S001",), row="D1")
    case_id = morning.office.receive(about_head).case_id
    TakeDownBook(morning.office.store, morning.office.settings).write(case_id, REQUEST, SIGNED)
    morning.clock.pass_time(hours=1)
    morning.next_day()
    assert "take-down" not in "".join(morning.digests())
    told = morning.digests(DEPUTY.address) + morning.digests(CHAIR.address)
    assert any("One take-down request waits" in " ".join(text.split()) for text in told)


def test_a_change_of_the_lists_that_lowers_the_protection_is_told_without_names(
    morning: Morning, tmp_path: Path
) -> None:
    write_lists(tmp_path / "lists")
    editing = ListEditing(
        files=list_files_in(tmp_path / "lists"),
        surroundings=around(),
        store=morning.office.store,
        writer=ListFolder(),
        settings=morning.office.settings,
    )
    row = {"address": "nurse@health.test", "reason": "occupational health"}
    draft = editing.propose_row(ListName.EXCLUDED_CORRESPONDENTS, row, by="S002")
    editing.apply(draft, by="S002", is_confirmed=True, reason="agreed with Helen")
    added = editing.propose_row(ListName.PUPILS, {"id": "P0010", "name": "Kim Oakes"}, by="S002")
    editing.apply(added, by="S002")
    morning.next_day()
    (text,) = morning.digests()
    assert "Lists changed so that less is held or reported (1)" in text
    assert "Excluded correspondents: 1 row added, by J. Adeleke, " in text
    for content in ("health.test", "Helen", "Kim"):
        assert content not in text


def test_the_weekly_sample_is_one_line_with_numbers_and_only_in_the_heads(morning: Morning) -> None:
    office = morning.office
    blobs = [office.opened.blobs.put(b"Subject: x\r\n\r\nsecret words\r\n") for _ in range(3)]
    with office.store.transaction() as transaction:
        for number, reason in enumerate([SampleReason.BLIND, SampleReason.BLIND, SampleReason.UNCERTAIN]):
            sample = SampleRecord(
                id=f"sample-{number}",
                week="2026-W40",
                reason=reason,
                rank=number,
                blob_id=blobs[number],
                received_at=transaction.now,
                envelope={"sender": "someone@elsewhere.test"},
            )
            transaction.samples.offer(sample, keep=5)
    morning.office.receive(
        decided(withheld_roles=(Role.HEAD,), subjects=("S001",), report_roles=(Role.DEPUTY,))
    )
    morning.next_day()
    (text,) = morning.digests()
    assert (
        "To look at and label: 2 delivered messages of the weekly sample, 1 message of which the model was least sure"
        in " ".join(text.split())
    )
    assert "elsewhere.test" not in text
    assert "secret words" not in text
    assert "weekly sample" not in " ".join(morning.digests(DEPUTY.address))
