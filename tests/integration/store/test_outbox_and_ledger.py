import threading
from datetime import date, timedelta

import pytest

from mailguard.app.ports_store import CounterRecord, EffectRecord, ImapCheckpoint, NewEffect
from mailguard.domain.case import EffectKind, EffectState
from tests.storing import START, School, one_report, opening


def add(school: School, key: str, **fields: object) -> EffectRecord | None:
    defaults: dict = {"kind": EffectKind.REPORT, "due_at": school.clock.at}
    with school.opened.store.transaction() as transaction:
        return transaction.effects.add(NewEffect(key=key, **(defaults | fields)))


def lease(school: School, owner: str = "w", **fields: object) -> EffectRecord | None:
    options: dict = {"lease_seconds": 60}
    return school.opened.store.lease_due(owner=owner, **(options | fields))


def test_an_effect_with_a_known_key_is_not_added_again(school: School):
    first = add(school, "report:1", address="head@stoswins.example", payload={"attach": (True, "ż")})
    assert add(school, "report:1") is None
    assert first is not None
    assert first.payload == {"attach": [True, "ż"]}
    assert first.header_message_id.endswith("@mg.example>")
    with school.opened.store.reading() as transaction:
        assert transaction.effects.by_key("report:1") == first
        assert transaction.effects.by_key("report:2") is None


def test_the_longest_due_effect_is_leased_first_and_only_when_due(school: School):
    add(school, "later", due_at=START + timedelta(seconds=5))
    add(school, "second", due_at=START - timedelta(seconds=1))
    add(school, "first", due_at=START - timedelta(seconds=2))
    taken = [lease(school), lease(school), lease(school)]
    assert [effect.key if effect else None for effect in taken] == ["first", "second", None]
    school.clock.turn(seconds=5)
    assert (effect := lease(school)) is not None
    assert effect.key == "later"


def test_only_wanted_kinds_are_leased(school: School):
    add(school, "move", kind=EffectKind.MOVE)
    assert lease(school, kinds={EffectKind.REPORT}) is None
    assert lease(school, kinds={EffectKind.REPORT, EffectKind.MOVE}) is not None


def test_a_lease_that_ran_out_goes_to_another_worker_and_the_first_can_no_longer_finish(school: School):
    add(school, "report")
    first = lease(school, "one")
    assert first is not None
    assert lease(school, "two") is None
    school.clock.turn(seconds=61)
    second = lease(school, "two")
    assert second is not None
    assert (second.attempts, second.header_message_id) == (2, first.header_message_id)
    assert not school.casebook.effect_done(first)
    assert not school.casebook.effect_retry(first, due_at=START, error="x")
    assert not school.casebook.effect_failed(first, error="x")
    assert school.opened.store.renew_lease(first, lease_seconds=60) is None
    assert school.casebook.effect_done(second)
    assert not school.casebook.effect_done(second)
    assert school.trail.head().size == 1


def test_a_renewed_lease_holds_longer(school: School):
    add(school, "report")
    effect = lease(school)
    assert effect is not None
    school.clock.turn(seconds=50)
    assert school.opened.store.renew_lease(effect, lease_seconds=60) is not None
    school.clock.turn(seconds=50)
    assert lease(school, "two") is None


def test_a_retry_comes_back_when_due_with_its_error_kept(school: School):
    add(school, "report")
    effect = lease(school)
    assert effect is not None
    due_at = school.clock.at + timedelta(minutes=1)
    assert school.casebook.effect_retry(effect, due_at=due_at, error="451 4.3.0 try later")
    assert lease(school) is None
    school.clock.turn(minutes=1)
    again = lease(school)
    assert again is not None
    assert (again.last_error, again.attempts) == ("451 4.3.0 try later", 2)


def test_a_failed_effect_is_followed_by_the_next_in_the_chain_and_both_are_on_the_record(school: School):
    add(school, "report:head")
    effect = lease(school)
    assert effect is not None
    following = NewEffect(kind=EffectKind.REPORT, key="report:deputy", due_at=school.clock.at)
    assert school.casebook.effect_failed(effect, error="550", detail={"reply": 550}, then=[following])
    with school.opened.store.reading() as transaction:
        (event,) = transaction.audit.events()
        failed = transaction.effects.matching(states={EffectState.FAILED})
    assert (event.tag, event.detail["reply"]) == ("effects:report:failed", 550)
    assert [each.key for each in failed] == ["report:head"]
    assert (successor := lease(school)) is not None
    assert successor.key == "report:deputy"


def test_an_effect_nobody_began_can_be_amended_and_cancelled_and_one_begun_cannot(school: School):
    case_id = school.casebook.open_or_join(opening(), one_report).case_id
    later = school.clock.at + timedelta(seconds=45)
    with school.opened.store.transaction() as transaction:
        (report,) = transaction.effects.matching(case_id=case_id, kinds={EffectKind.REPORT})
        assert transaction.effects.amend(report.id, payload={"messages": 2}, due_at=later)
    assert lease(school) is None
    school.clock.at = later
    begun = lease(school)
    assert begun is not None
    assert begun.payload == {"messages": 2}
    with school.opened.store.transaction() as transaction:
        assert not transaction.effects.amend(report.id, payload={}, due_at=later)
        cancelled = transaction.effects.cancel(case_id=case_id)
        assert transaction.effects.cancel(case_id=case_id) == ()
    assert [each.kind for each in cancelled] == [EffectKind.ESCALATE]
    with pytest.raises(ValueError), school.opened.store.transaction() as transaction:
        transaction.effects.cancel()


def test_overdue_effects_are_counted(school: School):
    with school.opened.store.reading() as transaction:
        assert transaction.effects.oldest_due() is None
    add(school, "one")
    add(school, "two", due_at=START + timedelta(hours=1))
    with school.opened.store.reading() as transaction:
        assert transaction.effects.overdue(before=START) == 0
        assert transaction.effects.overdue(before=START + timedelta(seconds=60)) == 1
        assert transaction.effects.oldest_due() == START


def test_threads_never_lease_the_same_effect(school: School):
    for number in range(30):
        add(school, f"report:{number}")
    taken: list[str] = []

    def work(owner: str) -> None:
        while (effect := lease(school, owner)) is not None:
            taken.append(effect.key)

    threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(f"report:{number}" for number in range(30))


def test_threads_that_write_at_once_leave_one_whole_chain(school: School):
    def work(actor: str) -> None:
        for _ in range(10):
            school.trail.append("test:chain:grown", actor=actor)

    threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert school.trail.verify().is_intact
    assert school.trail.head().size == 40


def test_counters_add_up_by_day_row_and_verdict(school: School):
    monday, tuesday = date(2026, 9, 28), date(2026, 9, 29)
    with school.opened.store.transaction() as transaction:
        for day, count in ((monday, 1), (monday, 41), (tuesday, 5)):
            transaction.ledger.count(day=day, row="D7", verdict="parent-contact", count=count)
    with school.opened.store.reading() as transaction:
        counts = transaction.ledger.counts(first_day=monday, last_day=monday)
    assert counts == (CounterRecord(day=monday, row="D7", verdict="parent-contact", count=42),)


def test_mailbox_checkpoints_move_on(school: School):
    first = ImapCheckpoint(account="p.nair", folder="INBOX", uidvalidity=4_294_967_295, last_uid=7)
    second = ImapCheckpoint(
        account="p.nair", folder="INBOX", uidvalidity=4_294_967_295, last_uid=9, last_sweep_at=START
    )
    for checkpoint in (first, second):
        with school.opened.store.transaction() as transaction:
            transaction.ledger.put_imap_checkpoint(checkpoint)
    with school.opened.store.reading() as transaction:
        assert transaction.ledger.imap_checkpoint("p.nair", "INBOX") == second
        assert transaction.ledger.imap_checkpoint("p.nair", "Sent") is None
        assert transaction.ledger.imap_checkpoints() == (second,)


def test_a_message_is_seen_once_a_mailbox_until_it_is_forgotten(school: School):
    def see(account: str) -> bool:
        with school.opened.store.transaction() as transaction:
            return transaction.ledger.see(account, "key")

    assert [see("a"), see("a"), see("b")] == [True, False, True]
    school.clock.turn(days=40)
    with school.opened.store.transaction() as transaction:
        assert transaction.ledger.has_seen("a", "key")
        edge = school.clock.at - timedelta(days=30)
        assert transaction.ledger.forget_old(seen_before=edge, attempts_before=edge) == 2
        assert not transaction.ledger.has_seen("a", "key")


def test_attempts_are_counted_until_they_are_forgotten(school: School):
    def begin() -> int:
        with school.opened.store.transaction() as transaction:
            return transaction.ledger.begin_attempt("smtp:x")

    assert [begin(), begin()] == [1, 2]
    with school.opened.store.transaction() as transaction:
        transaction.ledger.forget_attempts("smtp:x")
    assert begin() == 1


def test_a_code_works_once_for_its_action_until_it_expires(school: School):
    case_id = school.casebook.open_or_join(opening(), one_report).case_id
    expires_at = school.clock.at + timedelta(days=1)

    def issue() -> str:
        with school.opened.store.transaction() as transaction:
            return transaction.ledger.issue_code(
                case_id=case_id, role="head", action="acknowledge", expires_at=expires_at
            )

    def use(code: str, action: str = "acknowledge"):
        with school.opened.store.transaction() as transaction:
            return transaction.ledger.use_code(code, action=action)

    code = issue()
    assert use(code, "release") is None
    grant = use(f" {code.upper()} ")
    assert grant is not None
    assert (grant.case_id, grant.role) == (case_id, "head")
    assert use(code) is None
    late = issue()
    assert use("aaaa-bbbb\0\udcff") is None
    school.clock.turn(days=1)
    assert use(late) is None


def test_named_states_are_replaced(school: School):
    for value in ("07:00", "08:00"):
        with school.opened.store.transaction() as transaction:
            transaction.ledger.put_state("digest.last", value)
    with school.opened.store.reading() as transaction:
        assert transaction.ledger.state("digest.last") == "08:00"
        assert transaction.ledger.state("none") is None
