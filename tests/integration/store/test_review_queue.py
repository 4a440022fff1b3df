"""The queue's order, filters, exclusions and marks, on both databases."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from mailguard.app.ports_queue import QueueFilter, ReaderKeys
from mailguard.app.ports_store import DecisionRecord, NewEffect
from mailguard.domain.case import CaseDecision, EffectKind, Mode
from mailguard.domain.queue_order import QueueGroup
from mailguard.domain.words import Level, ReportWhen, Role, Verdict
from tests.storing import School, decision, one_report, open_school, opening

NOBODY = ReaderKeys()
OPEN = frozenset(QueueGroup) - {QueueGroup.DECIDED}
HELD = decision(row="P9", level=Level.DIGEST, report_when=ReportWhen.DIGEST)


def opened(school: School, words: str, made: DecisionRecord | None = None, **more) -> str:
    case_id = school.casebook.open_or_join(opening(words, made=made, **more), one_report).case_id
    school.clock.turn(minutes=1)
    return case_id


def ids(school: School, **wanted) -> list[str]:
    wanted = {"closed_to": NOBODY, **wanted}
    with school.opened.store.reading() as transaction:
        found = [entry.case.id for entry in transaction.queue.page(QueueFilter(**wanted), person="S1")]
        assert transaction.queue.count(QueueFilter(**{**wanted, "after": None, "limit": 0})) >= len(found)
    return found


def test_reports_come_first_by_level_then_acknowledged_ones_then_what_is_held_then_decided(school: School):
    held = opened(school, "held", HELD)
    shadow = opened(school, "shadow", mode=Mode.SHADOW)
    read = opened(school, "read", decision(level=Level.EMERGENCY))
    level_3 = opened(school, "three")
    level_5 = opened(school, "five", decision(level=Level.EMERGENCY))
    later = opened(school, "later", HELD)
    first_decided, last_decided = opened(school, "d1"), opened(school, "d2")
    school.casebook.acknowledge(read, by="S1")
    school.casebook.confirm(first_decided, by="S1")
    school.clock.turn(minutes=1)
    school.casebook.confirm(last_decided, by="S1")
    expected = [level_5, level_3, read, held, later, shadow, last_decided, first_decided]
    assert ids(school) == expected
    assert ids(school, groups=OPEN) == expected[:6]
    assert ids(school, groups={QueueGroup.DECIDED}) == expected[6:]
    assert ids(school, groups={QueueGroup.UNACKNOWLEDGED, QueueGroup.WAITING}) == [
        level_5,
        level_3,
        held,
        later,
    ]


def test_pages_follow_each_other_without_a_gap_while_cases_are_added(school: School):
    known = [opened(school, f"words {number}", HELD) for number in range(7)]
    shown: list[str] = []
    after = None
    while True:
        with school.opened.store.reading() as transaction:
            wanted = QueueFilter(closed_to=NOBODY, groups=OPEN, limit=3, after=after)
            page = transaction.queue.page(wanted, person="S1")
        if not page:
            break
        shown += [entry.case.id for entry in page]
        after = (page[-1].place, page[-1].case.id)
        if len(shown) == 3:
            opened(school, "a grave one comes meanwhile")
    assert shown == known


def test_a_case_does_not_exist_for_its_subjects_and_for_roles_it_is_withheld_from(school: School):
    about_head = opened(
        school, "about", decision(subjects=("S0001",), withheld=(Role.HEAD,), roles=(Role.DEPUTY,))
    )
    by_role_only = opened(school, "role", decision(withheld=(Role.HEAD,), roles=(Role.DEPUTY,)))
    other = opened(school, "other")
    head = ReaderKeys(subjects=("S0001", "head@stoswins.example"), roles=(Role.HEAD,))
    assert ids(school, closed_to=head) == [other]
    assert ids(school, closed_to=head, case_ids=(about_head, by_role_only)) == []
    assert ids(school, closed_to=head, addresses=("xharveyx32@inbox.example",)) == [other]
    with school.opened.store.reading() as transaction:
        assert transaction.queue.count(QueueFilter(closed_to=head)) == 1
        assert not transaction.queue.has(about_head, QueueFilter(closed_to=head))
        assert transaction.queue.has(other, QueueFilter(closed_to=head))
    assert ids(school, only_closed_to=head) == [about_head, by_role_only]


def test_the_chair_has_the_cases_closed_to_the_head_and_those_the_chair_was_told_of(school: School):
    about_head = opened(school, "about", decision(subjects=("S0001",), withheld=(Role.HEAD,)))
    told = opened(school, "told")
    opened(school, "neither")
    with school.opened.store.transaction() as transaction:
        (report,) = transaction.effects.matching(case_id=told, kinds={EffectKind.REPORT})
        transaction.effects.add(
            NewEffect(
                kind=report.kind,
                key="report:chair",
                due_at=report.due_at,
                case_id=told,
                role=Role.CHAIR.value,
            )
        )
    head = ReaderKeys(subjects=("S0001",), roles=(Role.HEAD,))
    assert ids(school, only_closed_to=head, or_told=Role.CHAIR) == [about_head, told]
    assert ids(school, only_closed_to=NOBODY) == []


def test_filters_narrow_and_alternatives_widen(school: School):
    platform = replace(HELD, verdict=Verdict.PLATFORM_NOTIFICATION, platform={"id": "instagram"})
    notification = opened(school, "n", platform, sender="x@instagram.example")
    letter = opened(school, "l")
    assert ids(school, platform="instagram") == [notification]
    assert ids(school, verdicts={Verdict.CHILD_CONTACT}) == [letter]
    assert ids(school, rows={"P9"}) == [notification]
    assert ids(school, level=3) == [letter]
    assert ids(school, staff_id="S0002") == [letter, notification]
    assert ids(school, staff_id="S0009") == []
    assert ids(school, addresses=("X@instagram.example",), case_ids=(letter,)) == [letter, notification]
    assert ids(school, person_ids=("P0003",), level=2) == [notification]
    start = school.clock.now()
    assert ids(school, opened_before=start) == [letter, notification]
    assert ids(school, opened_from=start) == []


def test_a_case_with_many_recipients_is_one_row_with_counts_and_an_unread_mark(school: School):
    several = [f"teacher{number}@stoswins.example" for number in range(5)]
    case_id = opened(school, "to many", to=several)
    filter_ = QueueFilter(closed_to=NOBODY)
    with school.opened.store.transaction() as transaction:
        (entry,) = transaction.queue.page(filter_, person="S1")
        assert (entry.message_count, entry.recipient_count, entry.held_count) == (1, 5, 5)
        assert [each.address for each in entry.first_recipients] == several[:2]
        assert entry.sender == "xharveyx32@inbox.example"
        assert entry.is_unread
        transaction.queue.see(case_id, person="S1")
    with school.opened.store.reading() as transaction:
        assert not transaction.queue.page(filter_, person="S1")[0].is_unread
        assert transaction.queue.page(filter_, person="S2")[0].is_unread
    school.clock.turn(minutes=1)
    school.casebook.acknowledge(case_id, by="S2")
    with school.opened.store.reading() as transaction:
        assert transaction.queue.page(filter_, person="S1")[0].is_unread


def test_the_subjects_of_opened_cases_are_those_of_this_reader_last_opened_first(school: School):
    first, second, third = (opened(school, words) for words in ("one", "two", "three"))
    for case_id, person in ((first, "S1"), (second, "S1"), (third, "S2")):
        school.clock.turn(minutes=1)
        with school.opened.store.transaction() as transaction:
            transaction.queue.see(case_id, person=person)
    with school.opened.store.reading() as transaction:
        found = transaction.queue.opened_subjects(person="S1", most_cases=9)
        assert [each.case_id for each in found] == [second, first]
        assert {each.subject for each in found} == {opening("one").subject}
        newest = transaction.queue.opened_subjects(person="S1", most_cases=1)
        assert [each.case_id for each in newest] == [second]
        assert transaction.queue.opened_subjects(person="S3", most_cases=9) == ()


def test_cases_of_an_older_store_are_indexed_when_it_is_opened(school: School):
    case_id = opened(school, "old", decision(withheld=(Role.HEAD,), subjects=("S0001",)))
    with school.opened.store._connected(school.opened.store._engines.writing) as connection:
        connection.execute(text("DELETE FROM case_index"))
        connection.execute(text("UPDATE cases SET queue_place = ''"))
        connection.execute(text("DELETE FROM states"))
    again = open_school(school.settings, school.clock)
    head = ReaderKeys(roles=(Role.HEAD,))
    assert ids(again, closed_to=head) == []
    assert ids(again, groups={QueueGroup.UNACKNOWLEDGED}) == [case_id]
    again.opened.store.close()


@pytest.mark.parametrize("limit", [1, 2])
def test_a_limit_is_kept(school: School, limit: int):
    for number in range(3):
        opened(school, str(number))
    assert len(ids(school, limit=limit)) == limit


def test_the_times_of_cases_tell_when_and_leave_out_what_is_closed(school: School):
    first = opened(school, "first")
    opened(school, "about", decision(subjects=("S0001",), withheld=(Role.HEAD,)))
    opened(school, "held", HELD)
    began = school.clock.now()
    school.casebook.acknowledge(first, by="S0009")
    school.clock.turn(minutes=5)
    school.casebook.confirm(first, by="S0009")
    with school.opened.store.reading() as transaction:
        every = transaction.queue.times(QueueFilter(closed_to=NOBODY))
        head = transaction.queue.times(QueueFilter(closed_to=ReaderKeys(roles=(Role.HEAD,))))
        late = transaction.queue.times(QueueFilter(closed_to=NOBODY, opened_from=began))
    assert (len(every), len(head), len(late)) == (3, 2, 0)
    (done,) = (each for each in every if each.decided_at is not None)
    assert done.acknowledged_at == began
    assert (done.decided_as, done.level, done.report_when) == (
        CaseDecision.CONFIRM, Level.NOW, ReportWhen.NOW,
    )  # fmt: skip
    assert sorted(each.report_when for each in head) == [ReportWhen.DIGEST, ReportWhen.NOW]
