"""Past messages decided again: on a real store filled through the gate, and held against other lists, policies and models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from mailguard.app.gate import PolicyGate
from mailguard.app.list_files import ListName
from mailguard.app.lists import load_lists
from mailguard.app.ports import ImapLocation, Receipt, Versions
from mailguard.app.replay import Outcome, PastMessage, Replayed, Replayer, Tally
from mailguard.app.replay_results import keep_result, latest_results
from mailguard.app.replay_store import StoredMessages, Unread
from mailguard.config import load_config
from mailguard.domain.case import Mode
from mailguard.domain.message import Envelope
from mailguard.domain.words import Disposition, Level, ReportWhen, Verdict
from mailguard.wiring import Parts, list_files, make_parts, surroundings
from tests.daemon import Daemon
from tests.mixed_mail import mixture
from tests.schooling import DECLARED_CHILD, FILES, PUPIL_AT_HOME, SECOND_TEACHER, TEACHER
from tests.servers import make_message
from tests.storing import START, School, TurnedClock, open_school, school_settings


@dataclass
class Installation:
    """Parts and an open store of one school, with a gate between them."""

    parts: Parts
    school: School
    gate: PolicyGate

    def take(self, raw: bytes, sender: str, *recipients: str, location: ImapLocation | None = None) -> None:
        receipt = Receipt(
            via="relay" if location is None else "mailbox",
            received_at=self.school.clock.now(),
            queue_id=f"q{self.school.clock.now():%H%M%S}",
            imap=location,
        )
        envelope = Envelope(mail_from=sender, rcpt_tos=recipients, received_via=receipt.via)
        judged = self.gate.judge(raw, envelope, receipt)
        if judged.must_record:
            self.gate.record(judged)
        self.school.clock.turn(seconds=7)

    def stored(self) -> StoredMessages:
        store, blobs = self.school.opened.store, self.school.opened.blobs
        return StoredMessages(store, blobs, since=START - timedelta(days=1), policy=self.parts.policy)

    def replayed(self, replayer: Replayer) -> list[Replayed]:
        found = list(self.stored())
        assert not [item for item in found if isinstance(item, Unread)]
        return [replayer.replay(item) for item in found if isinstance(item, PastMessage)]

    def with_list(self, name: ListName, text: str) -> Parts:
        """The same parts with one list replaced."""
        path = self.parts.loaded.path.parent / f"other-{name}.csv"
        path.write_text(text, encoding="utf-8")
        files = list_files(self.parts.loaded, replaced={name.value: path})
        return replace(
            self.parts, lists=load_lists(files, surroundings(self.parts.loaded, self.parts.school))
        )


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    daemon = Daemon(folder=tmp_path, port=1, next_hop_port=2)
    daemon.write_config()
    school = open_school(school_settings(daemon.state), TurnedClock())
    parts = make_parts(load_config(daemon.config), clock=school.clock)
    gate = PolicyGate(
        inspector=parts.inspector(),
        casebook=school.casebook,
        store=school.opened.store,
        plan_effects=lambda joined, transaction: (),
        clock=school.clock,
        mode=Mode.ENFORCE,
        on_recorded=lambda: None,
        on_alarm=lambda word, key: None,
    )
    yield Installation(parts, school, gate)
    school.opened.store.close()


def from_home(words: str = "Invoice 4471 for the photocopier is attached. Kind regards, Accounts") -> bytes:
    return make_message(sender=PUPIL_AT_HOME, to=TEACHER, subject="hi", body=words)


def test_with_the_same_versions_nothing_of_a_school_s_mail_is_decided_otherwise(installation: Installation):
    for each in mixture(60, seed=5):
        for recipient in each.recipients:
            installation.take(each.raw, each.mail_from, recipient)
    replayed = installation.replayed(Replayer(after=installation.parts.inspector()))
    assert len(replayed) > 20
    assert [(each.label, each.before, each.after) for each in replayed if each.is_changed] == []
    assert {why for each in replayed for why in each.why} == set()
    twice = Replayer(after=installation.parts.inspector(), before=installation.parts.inspector())
    assert not any(each.is_changed for each in installation.replayed(twice))


def test_every_delivery_of_a_message_that_came_twice_is_decided_again(installation: Installation):
    raw = from_home()
    installation.take(raw, PUPIL_AT_HOME, TEACHER)
    installation.take(raw, PUPIL_AT_HOME, SECOND_TEACHER)
    replayed = installation.replayed(Replayer(after=installation.parts.inspector()))
    assert len(replayed) == installation.stored().count() == 2
    assert len({each.label for each in replayed}) == 1
    assert [each.is_changed for each in replayed] == [False, False]


def test_a_further_delivery_whose_row_would_be_another_is_a_lost_report_too(installation: Installation):
    raw = from_home()
    installation.take(raw, PUPIL_AT_HOME, TEACHER)
    installation.take(raw, PUPIL_AT_HOME, SECOND_TEACHER)
    without = FILES[ListName.PUPILS].replace(f" {PUPIL_AT_HOME}", "")
    after = installation.with_list(ListName.PUPILS, without).inspector()
    replayed = installation.replayed(Replayer(after=after))
    assert [each.after.row for each in replayed] == ["Z", "Z"]
    assert [each.loses_a_childs_report for each in replayed] == [True, True]


def test_a_pupil_s_address_that_is_gone_from_the_lists_is_a_child_s_report_lost_and_says_why(
    installation: Installation,
):
    installation.take(from_home(), PUPIL_AT_HOME, TEACHER)
    without = FILES[ListName.PUPILS].replace(f" {PUPIL_AT_HOME}", "")
    after = installation.with_list(ListName.PUPILS, without).inspector()
    (replayed,) = installation.replayed(Replayer(after=after, before=installation.parts.inspector()))
    assert (replayed.before.row, replayed.after.row) == ("D2", "Z")
    assert replayed.marks[0] == "child-report-lost"
    assert "-pupil-address" in replayed.why
    assert "-P1" in replayed.why
    assert "initiator child to other" in replayed.why
    said = str(replayed.as_dict())
    assert "Sharma" not in said
    assert PUPIL_AT_HOME not in said
    assert "essay" not in said


def test_a_new_pupil_s_address_is_a_new_hold_and_a_new_report(installation: Installation):
    sender = "robin.lane@mail.example"
    raw = make_message(sender=sender, to=TEACHER, subject="Order", body="The order is ready.")
    past = PastMessage(
        label="a.eml", raw=raw, envelope=Envelope(mail_from=sender, rcpt_tos=(TEACHER,)), came_at=START
    )
    more = installation.with_list(ListName.PUPILS, FILES[ListName.PUPILS] + f"P9,Robin Lane,8,{sender},\n")
    replayed = Replayer(after=more.inspector(), before=installation.parts.inspector()).replay(past)
    assert set(replayed.marks) == {"new-hold", "report-new"}
    tally = Tally()
    tally.add(replayed)
    assert tally.rows == {"Z to D2": 1}
    assert tally.child_reports_lost == 0


def test_dates_are_held_against_the_time_the_message_came(installation: Installation):
    raw = make_message(sender=DECLARED_CHILD, to=TEACHER, subject="tea", body="what time is tea, dad")
    replayer = Replayer(after=installation.parts.inspector(), before=installation.parts.inspector())
    rows = {}
    for came_at in (START - timedelta(days=60), START):
        past = PastMessage(
            label="x",
            raw=raw,
            envelope=Envelope(mail_from=DECLARED_CHILD, rcpt_tos=(TEACHER,)),
            came_at=came_at,
        )
        rows[came_at] = replayer.replay(past).after.row
    # The relationship was declared on 1 September.
    assert list(rows.values()) == ["D2", "X2"]


def test_a_sender_whom_mailguard_verified_itself_stays_verified_or_not(installation: Installation):
    installation.take(from_home(), PUPIL_AT_HOME, TEACHER)
    (message,) = installation.stored()
    assert isinstance(message, PastMessage)
    assert message.authentication is not None
    assert message.authentication.overall.value == "none"


def test_a_shredded_message_is_named_and_the_others_are_decided_again(installation: Installation):
    installation.take(from_home(), PUPIL_AT_HOME, TEACHER)
    installation.take(from_home("another one"), PUPIL_AT_HOME, TEACHER)
    with installation.school.opened.store.reading() as transaction:
        blob_id = transaction.cases.messages("MG-2026-0001")[0].blob_id
    installation.school.opened.blobs.shred(blob_id)
    first, second = installation.stored()
    assert isinstance(first, Unread)
    assert first.label == "MG-2026-0001"
    assert isinstance(second, PastMessage)


def test_messages_that_came_before_are_left_out(installation: Installation):
    installation.take(from_home(), PUPIL_AT_HOME, TEACHER)
    installation.school.clock.turn(days=3)
    installation.take(from_home("another one"), PUPIL_AT_HOME, TEACHER)
    late = replace(installation.stored(), since=START + timedelta(days=1))
    assert [item.label for item in late] == ["MG-2026-0002"]
    assert late.count() == 1


def outcome(report: ReportWhen, *, initiator: str = "child", level: Level = Level.NOW) -> Outcome:
    return Outcome(
        verdict=Verdict.CHILD_CONTACT,
        row="D2",
        disposition=Disposition.HOLD,
        report=report,
        level=level,
        initiator=initiator,
    )


@pytest.mark.parametrize(
    ("before", "after", "initiator", "marks"),
    [
        (ReportWhen.NOW, ReportWhen.NONE, "child", ("child-report-lost", "report-no-longer")),
        (ReportWhen.NOW, ReportWhen.DIGEST, "probable-child", ("child-report-later", "report-later")),
        (ReportWhen.DIGEST, ReportWhen.NONE, "parent", ("report-no-longer",)),
        (ReportWhen.DIGEST, ReportWhen.NOW, "child", ()),
        (ReportWhen.NONE, ReportWhen.NOW, "other", ("report-new",)),
    ],
)
def test_a_change_is_counted_as_what_it_is(
    before: ReportWhen, after: ReportWhen, initiator: str, marks: tuple[str, ...]
):
    replayed = Replayed(
        label="x",
        message_id="",
        came_at=START,
        before=outcome(before, initiator=initiator),
        after=outcome(after, initiator=initiator),
        why=(),
    )
    assert replayed.marks == marks
    assert replayed.loses_a_childs_report == (marks[:1] in {("child-report-lost",), ("child-report-later",)})


def test_results_are_kept_newest_first_with_one_event_each_and_at_most_ten(installation: Installation):
    store = installation.school.opened.store
    versions = Versions(policy="p", lists="l", model="m")
    for number in range(12):
        tally = Tally(messages=number)
        keep_result(store, actor="admin", since=START, before=None, after=versions, tally=tally, changed=[])
        installation.school.clock.turn(seconds=1)
    with store.reading() as transaction:
        results = latest_results(transaction)
        events = [event for event in transaction.audit.events() if event.tag == "cli:policy:replayed"]
    assert [result.tally["messages"] for result in results] == list(range(11, 1, -1))
    assert results[0].before is None
    assert results[0].after == versions
    assert len(events) == 12
    assert events[-1].detail["messages"] == 11
    assert installation.school.trail.verify().is_intact
