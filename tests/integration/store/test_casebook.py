import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from mailguard.adapters.store.opening import StoreSettings, drawn_number
from mailguard.app.case_deciding import UnknownCase
from mailguard.app.ports import ImapLocation, TemporaryFailure
from mailguard.app.ports_store import CaseFilter
from mailguard.domain.case import (
    CASE_ID,
    CaseDecision,
    CaseState,
    EffectKind,
    EffectState,
    Mode,
    Outcome,
    RecipientState,
)
from mailguard.domain.words import Disposition, Level, ReportWhen, Role
from tests.storing import School, counted, decision, one_report, open_school, opening

INBOX = ImapLocation(
    account="p.nair", folder="INBOX", uidvalidity=4_294_967_295, uid=4_294_967_294, flags=("\\Seen",)
)


def recipients_of(school: School, case_id: str):
    with school.opened.store.reading() as transaction:
        return transaction.cases.recipients(case_id)


def effects_of(school: School, case_id: str, *kinds: EffectKind):
    with school.opened.store.reading() as transaction:
        return transaction.effects.matching(case_id=case_id, kinds=kinds or None)


def tags_of(school: School) -> list[str]:
    with school.opened.store.reading() as transaction:
        return [event.tag for event in transaction.audit.events()]


def perform(school: School, kind: EffectKind) -> bool:
    effect = school.opened.store.lease_due(owner="worker", lease_seconds=60, kinds={kind})
    assert effect is not None
    return school.casebook.effect_done(effect)


def test_a_held_message_is_a_case_with_everything_that_was_known(school: School):
    wanted = opening(to=("p.nair@stoswins.example", "t.halliwell@stoswins.example"))
    opened = school.casebook.open_or_join(wanted, one_report)
    assert (opened.case_id, opened.newly, opened.is_new_case) == ("MG-2026-0001", True, True)
    with school.opened.store.reading() as transaction:
        case = transaction.cases.find(opened.case_id)
        (message,) = transaction.cases.messages(opened.case_id)
        first, second = transaction.cases.recipients(opened.case_id)
    assert case is not None
    assert (case.state, case.decision, case.via) == (CaseState.NEW, wanted.decision, "relay")
    assert (message.sha256, message.subject, message.authentication_results) == (
        wanted.sha256,
        "hi",
        wanted.authentication_results,
    )
    assert message.decision == wanted.decision
    assert school.opened.blobs.get(message.blob_id) == wanted.raw
    assert (first.address, second.address) == wanted.addresses[1:]
    assert first.state is RecipientState.HELD
    assert first.receipt == wanted.receipt
    assert [effect.kind for effect in effects_of(school, opened.case_id)] == [
        EffectKind.REPORT,
        EffectKind.ESCALATE,
    ]
    assert tags_of(school) == ["gate:case:opened"]


def test_a_retry_changes_nothing(school: School):
    first = school.casebook.open_or_join(opening(), one_report)
    again = school.casebook.open_or_join(opening(), one_report)
    assert (again.case_id, again.newly) == (first.case_id, False)
    assert len(recipients_of(school, first.case_id)) == 1
    assert tags_of(school) == ["gate:case:opened"]


def test_the_same_bytes_for_another_recipient_join_the_case_and_share_the_blob(school: School):
    first = school.casebook.open_or_join(opening(to=("a@stoswins.example",)), one_report)
    second = school.casebook.open_or_join(opening(to=("b@stoswins.example",)), one_report)
    assert (second.case_id, second.newly, second.is_new_case) == (first.case_id, True, False)
    with school.opened.store.reading() as transaction:
        assert len(transaction.cases.messages(first.case_id)) == 1
    assert [each.address for each in recipients_of(school, first.case_id)] == [
        "a@stoswins.example",
        "b@stoswins.example",
    ]
    assert len(effects_of(school, first.case_id, EffectKind.REPORT)) == 1


def test_relay_and_mailbox_copies_are_one_case_and_each_keeps_its_own_bytes(school: School):
    relayed = opening()
    fetched = opening(trace="Received: from mx\r\n", location=INBOX)
    first = school.casebook.open_or_join(relayed, one_report)
    second = school.casebook.open_or_join(fetched, one_report)
    assert first.case_id == second.case_id
    with school.opened.store.reading() as transaction:
        messages = transaction.cases.messages(first.case_id)
    assert [school.opened.blobs.get(each.blob_id) for each in messages] == [relayed.raw, fetched.raw]


def test_one_notification_to_many_is_one_case_until_somebody_decides_it(school: School):
    def notify(name: str) -> str:
        wanted = opening(f"dear {name}", to=(f"{name}@stoswins.example",), cluster_key="same")
        return school.casebook.open_or_join(wanted, one_report).case_id

    first = notify("a")
    assert notify("b") == first
    with school.opened.store.reading() as transaction:
        assert len(transaction.cases.messages(first)) == 2
    school.casebook.confirm(first, by="head")
    later = notify("c")
    assert later != first
    assert notify("d") == later


def test_a_message_of_a_decided_case_for_somebody_else_makes_it_new_again(school: School):
    first = school.casebook.open_or_join(opening(to=("a@stoswins.example",)), one_report)
    school.casebook.confirm(first.case_id, by="head")
    school.casebook.open_or_join(opening(to=("b@stoswins.example",)), one_report)
    with school.opened.store.reading() as transaction:
        case = transaction.cases.find(first.case_id)
    assert case is not None
    assert (case.state, case.decided_as, case.acknowledged_by) == (CaseState.NEW, None, "")
    assert "gate:case:reopened" in tags_of(school)


def test_a_graver_message_raises_the_case_and_its_subjects_only_grow(school: School):
    mild = decision(row="P9", level=Level.DIGEST, report_when=ReportWhen.DIGEST, subjects=("S0001",))
    grave = decision(
        row="D1", level=Level.EMERGENCY, subjects=("S0002",), withheld=(Role.HEAD,), roles=(Role.DEPUTY,)
    )
    case_id = school.casebook.open_or_join(
        opening(to=("a@stoswins.example",), made=grave), one_report
    ).case_id
    school.casebook.open_or_join(opening(to=("b@stoswins.example",), made=mild), one_report)
    with school.opened.store.reading() as transaction:
        case = transaction.cases.find(case_id)
        hidden = [
            transaction.cases.count(CaseFilter(not_about=(person,))) for person in ("S0001", "S0002", "S0009")
        ]
    assert case is not None
    assert (case.decision.row, case.decision.subjects) == ("D1", ("S0002", "S0001"))
    assert (case.decision.report_roles, case.decision.withheld_roles) == ((Role.DEPUTY,), (Role.HEAD,))
    assert hidden == [0, 0, 1]


def test_shadow_mode_holds_nothing_and_says_what_would_have_been_held(school: School):
    wanted = opening(mode=Mode.SHADOW, location=INBOX)
    case_id = school.casebook.open_or_join(wanted, one_report).case_id
    assert [each.state for each in recipients_of(school, case_id)] == [RecipientState.WOULD_HOLD]
    assert effects_of(school, case_id, EffectKind.MOVE) == ()


def test_a_delivered_recipient_is_recorded_as_delivered(school: School):
    wanted = opening(made=decision(disposition=Disposition.DELIVER))
    case_id = school.casebook.open_or_join(wanted, one_report).case_id
    assert [each.state for each in recipients_of(school, case_id)] == [RecipientState.DELIVERED]


def test_a_mailbox_hold_is_taken_out_by_an_effect_and_the_state_follows_it(school: School):
    case_id = school.casebook.open_or_join(opening(location=INBOX), one_report).case_id
    (recipient,) = recipients_of(school, case_id)
    assert (recipient.state, recipient.location) == (RecipientState.TAKE_OUT_PENDING, INBOX)
    assert perform(school, EffectKind.MOVE)
    assert [each.state for each in recipients_of(school, case_id)] == [RecipientState.TAKEN_OUT]
    assert tags_of(school)[-1] == "effects:message:moved"


def test_release_is_true_only_when_the_effect_is_done(school: School):
    case_id = school.casebook.open_or_join(opening(), one_report).case_id
    changed = school.casebook.release(case_id, by="head", reason="school trip")
    assert changed.case.decided_as is CaseDecision.RELEASE
    assert [each.state for each in recipients_of(school, case_id)] == [RecipientState.RELEASE_PENDING]
    assert perform(school, EffectKind.RELEASE)
    assert [each.state for each in recipients_of(school, case_id)] == [RecipientState.RELEASED]
    with school.opened.store.reading() as transaction:
        (review,) = transaction.cases.reviews(case_id)
    assert (review.by, review.reason, review.decision) == ("head", "school trip", CaseDecision.RELEASE)


def test_a_release_before_the_move_began_leaves_the_message_where_it_is(school: School):
    case_id = school.casebook.open_or_join(opening(location=INBOX), one_report).case_id
    school.casebook.release(case_id, by="head")
    assert [each.state for each in recipients_of(school, case_id)] == [RecipientState.DELIVERED]
    assert [each.state for each in effects_of(school, case_id, EffectKind.MOVE)] == [EffectState.CANCELLED]
    assert effects_of(school, case_id, EffectKind.RELEASE) == ()


def test_a_release_during_the_move_waits_until_its_lease_is_over(school: School):
    case_id = school.casebook.open_or_join(opening(location=INBOX), one_report).case_id
    move = school.opened.store.lease_due(owner="w", lease_seconds=60, kinds={EffectKind.MOVE})
    assert move is not None
    school.casebook.release(case_id, by="head")
    (release,) = effects_of(school, case_id, EffectKind.RELEASE)
    assert move.lease_until is not None
    assert release.due_at > move.lease_until
    assert school.casebook.effect_done(move)
    assert [each.state for each in recipients_of(school, case_id)] == [RecipientState.RELEASE_PENDING]


def test_acknowledging_twice_shows_who_was_first_and_stops_the_escalation(school: School):
    case_id = school.casebook.open_or_join(opening(), one_report).case_id
    first = school.casebook.acknowledge(case_id, by="S0001", role="head", through="cli")
    school.clock.turn(minutes=1)
    second = school.casebook.acknowledge(case_id, by="S0005", role="deputy", through="reply")
    assert (first.is_changed, second.is_changed) == (True, False)
    assert second.case.acknowledged_by == "S0001"
    assert [each.state for each in effects_of(school, case_id, EffectKind.ESCALATE)] == [
        EffectState.CANCELLED
    ]
    assert tags_of(school).count("review:case:acknowledged") == 1


def test_deciding_twice_keeps_the_first_decision_but_a_confirmed_case_may_be_released(school: School):
    case_id = school.casebook.open_or_join(opening(), one_report).case_id
    assert school.casebook.confirm(case_id, by="head").is_changed
    refused = school.casebook.dismiss(case_id, by="deputy")
    assert (refused.is_changed, refused.case.decided_by) == (False, "head")
    released = school.casebook.release(case_id, by="deputy")
    assert (released.is_changed, released.case.decided_as) == (True, CaseDecision.CONFIRM)
    assert not school.casebook.release(case_id, by="deputy").is_changed


def test_a_dismissed_message_goes_to_its_recipient(school: School):
    case_id = school.casebook.open_or_join(opening(), one_report).case_id
    changed = school.casebook.dismiss(case_id, by="head", label="clear")
    assert [effect.kind for effect in changed.effects] == [EffectKind.RELEASE]


def test_an_outcome_may_be_set_again_and_each_time_is_on_the_record(school: School):
    case_id = school.casebook.open_or_join(opening(), one_report).case_id
    school.casebook.set_outcome(case_id, Outcome.UNSUBSTANTIATED, by="head")
    changed = school.casebook.set_outcome(case_id, Outcome.MALICIOUS, by="head")
    assert changed.case.outcome is Outcome.MALICIOUS
    assert tags_of(school).count("review:case:outcome-set") == 2


def test_an_unknown_case_is_said_to_be_unknown(school: School):
    for case_id in ("MG-2026-0999", "x\0y", ""):
        with pytest.raises(UnknownCase):
            school.casebook.acknowledge(case_id, by="head")


def test_the_first_report_sent_begins_the_thread(school: School):
    case_id = school.casebook.open_or_join(opening(), one_report).case_id
    assert perform(school, EffectKind.REPORT)
    (report,) = effects_of(school, case_id, EffectKind.REPORT)
    with school.opened.store.reading() as transaction:
        case = transaction.cases.find(case_id)
        found = transaction.effects.by_header_message_id(report.header_message_id)
    assert case is not None
    assert case.thread_message_id == report.header_message_id
    assert found == report


def test_cases_are_found_by_what_they_name_whatever_the_letter_case(school: School):
    case_id = school.casebook.open_or_join(opening(), one_report).case_id
    filters = [
        CaseFilter(address="XHarveyX32@inbox.example"),
        CaseFilter(address="p.nair@stoswins.example"),
        CaseFilter(person_id="P0003"),
        CaseFilter(person_id="S0002"),
        CaseFilter(header_message_id=opening().header_message_id),
        CaseFilter(min_level=3, states={CaseState.NEW}, modes={Mode.ENFORCE}, is_backlog=False),
    ]
    with school.opened.store.reading() as transaction:
        for wanted in filters:
            assert [case.id for case in transaction.cases.matching(wanted)] == [case_id], wanted
        for unwanted in (
            CaseFilter(address="x@y.example"),
            CaseFilter(person_id="P9"),
            CaseFilter(min_level=4),
        ):
            assert transaction.cases.count(unwanted) == 0


def test_a_listing_goes_on_where_it_stopped_in_both_orders(school: School):
    ids = []
    for number in range(5):
        ids.append(school.casebook.open_or_join(opening(f"words {number}"), one_report).case_id)
        school.clock.turn(seconds=number % 2)
    for is_oldest_first, expected in ((True, ids), (False, ids[::-1])):
        listed: list[str] = []
        while True:
            page_filter = CaseFilter(
                limit=2, after_id=listed[-1] if listed else "", is_oldest_first=is_oldest_first
            )
            with school.opened.store.reading() as transaction:
                page = [case.id for case in transaction.cases.matching(page_filter)]
            if not page:
                break
            listed += page
        assert listed == expected


def test_case_ids_have_the_local_year_and_a_number_that_is_drawn_and_free(settings: StoreSettings):
    drawn = iter([480317, 480317, 120055, 480317])
    school = open_school(replace(settings, draw_number=lambda _digits: next(drawn)))
    try:
        ids = [school.casebook.open_or_join(opening(f"{each}"), one_report).case_id for each in range(2)]
        school.clock.at = school.clock.at.replace(year=2027, month=1, day=1, hour=0)
        ids.append(school.casebook.open_or_join(opening("next year"), one_report).case_id)
    finally:
        school.opened.store.close()
    assert ids == ["MG-2026-480317", "MG-2026-120055", "MG-2027-480317"]


def test_case_ids_of_an_installed_store_tell_nothing_of_how_many_there_are(settings: StoreSettings):
    school = open_school(replace(settings, draw_number=drawn_number))
    try:
        ids = [school.casebook.open_or_join(opening(f"{each}"), one_report).case_id for each in range(12)]
    finally:
        school.opened.store.close()
    numbers = [int(match.group(2)) for match in map(CASE_ID.fullmatch, ids) if match]
    assert len(set(numbers)) == 12
    assert all(100_000 <= number <= 999_999 for number in numbers)
    # Twelve that came in order, one after the other, are what a counter gives.
    assert [second - first for first, second in itertools.pairwise(numbers)] != [1] * 11
    assert numbers != sorted(numbers)


def test_a_year_that_fills_up_gets_longer_numbers(settings: StoreSettings):
    asked = []

    def draw(digits: int) -> int:
        asked.append(digits)
        return int(10 ** (digits - 1))

    school = open_school(replace(settings, draw_number=draw))
    try:
        ids = [school.casebook.open_or_join(opening(f"{each}"), one_report).case_id for each in range(2)]
    finally:
        school.opened.store.close()
    assert ids == ["MG-2026-100000", "MG-2026-1000000"]
    assert asked == [6] * 21 + [7]


def test_schools_of_one_database_do_not_see_each_other(school: School):
    other_settings = replace(school.settings, school="other", draw_number=counted())
    other = open_school(other_settings, school.clock)
    try:
        mine = school.casebook.open_or_join(opening(), one_report)
        theirs = other.casebook.open_or_join(opening(), one_report)
        assert (mine.case_id, theirs.case_id) == ("MG-2026-0001", "MG-2026-0001")
        assert theirs.newly
        assert other.opened.store.keys.public_key != school.opened.store.keys.public_key
        assert (other.trail.head().size, school.trail.head().size) == (1, 1)
    finally:
        other.opened.store.close()


def test_odd_bytes_in_headers_are_kept(school: School):
    odd = replace(opening(), subject="nul \0 and \udcff", addresses=("a\0b\udc80@x.example",))
    case_id = school.casebook.open_or_join(odd, one_report).case_id
    with school.opened.store.reading() as transaction:
        (message,) = transaction.cases.messages(case_id)
        assert transaction.cases.count(CaseFilter(address="A\0b\udc80@x.example")) == 1
        assert transaction.effects.by_header_message_id("<\0\udcff@x.example>") is None
    assert (message.subject, message.addresses) == (odd.subject, odd.addresses)


def test_a_full_disk_is_a_temporary_failure_and_leaves_no_case(school: School):
    settings = replace(school.settings, min_free_bytes=0)
    opened = open_school(settings, school.clock)
    blobs = type(opened.opened.blobs)(
        settings.state_folder / "blobs",
        keys=opened.opened.store,
        key_encryption_key=opened.opened.key_encryption_key,
        min_free_bytes=1 << 60,
    )
    casebook = type(opened.casebook)(opened.opened.store, blobs, zone=school.casebook._zone)
    with pytest.raises(TemporaryFailure, match="must stay free"):
        casebook.open_or_join(opening(), one_report)
    assert tags_of(school) == []
    opened.opened.store.close()


def test_blobs_that_no_message_refers_to_are_swept_and_the_rest_stays(school: School):
    case_id = school.casebook.open_or_join(opening(), one_report).case_id
    school.opened.blobs.put(b"left by a death before T1")
    assert school.opened.blobs.sweep(before=school.clock.at) == 0
    school.clock.turn(hours=2)
    assert school.opened.blobs.sweep(before=school.clock.at - timedelta(hours=1)) == 1
    with school.opened.store.reading() as transaction:
        (message,) = transaction.cases.messages(case_id)
    assert school.opened.blobs.get(message.blob_id) == opening().raw


def test_decided_cases_are_found_by_when_as_what_and_whether_they_can_still_be_read(school: School):
    ids = [school.casebook.open_or_join(opening(f"{each}"), one_report).case_id for each in range(4)]
    school.casebook.dismiss(ids[0], by="head")
    school.casebook.confirm(ids[1], by="head")
    school.clock.turn(days=2)
    school.casebook.dismiss(ids[2], by="head")
    later = school.clock.at
    school.clock.turn(days=1)
    with school.opened.store.reading() as transaction:

        def found(**wanted: Any) -> list[str]:
            wanted |= {"states": {CaseState.DECIDED}, "is_oldest_first": True}
            return sorted(case.id for case in transaction.cases.matching(CaseFilter(**wanted)))

        assert found() == found(has_bytes=True) == ids[:3]
        assert found(decided_before=later) == ids[:2]
        assert found(decided_as={CaseDecision.DISMISS, CaseDecision.RELEASE}) == [ids[0], ids[2]]
        (message,) = transaction.cases.messages(ids[0])
    school.opened.blobs.shred(message.blob_id)
    with school.opened.store.reading() as transaction:
        assert found(has_bytes=True) == ids[1:3]
        assert transaction.cases.count(CaseFilter(has_bytes=True)) == 3
