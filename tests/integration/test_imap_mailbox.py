"""Scanning a folder of a real Dovecot: what is judged, what is remembered, what is left as it was."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailguard.adapters.imap_mailbox import ATTEMPTS_BEFORE_UNREAD, FolderScanner
from mailguard.app import mark
from mailguard.app.ports import TemporaryFailure
from tests.mailboxes import MARK_KEY, MailboxBench, imap_session, mailbox_bench, renumber, sweep
from tests.servers import DovecotServer, make_message


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[MailboxBench]:
    with mailbox_bench(tmp_path) as made:
        yield made


def put(dovecot: DovecotServer, user: str, raw: bytes, *, folder: str = "INBOX", **options: object) -> None:
    """APPEND: the very bytes, as a client would put them."""
    with dovecot.client(user) as client:
        if not client.folder_exists(folder):
            client.create_folder(folder)
        client.append(folder, raw, **options)


def test_new_mail_is_judged_once_with_its_very_bytes_and_stays_unread(
    dovecot: DovecotServer, bench: MailboxBench
) -> None:
    user = dovecot.new_user()
    settings = bench.settings(bench.account(dovecot, user))
    for number in range(3):
        dovecot.deliver(user, make_message(subject=f"number {number}"))
    assert sweep(bench, settings).judged == 3
    assert sweep(bench, settings).judged == 0
    dovecot.deliver(user, make_message(subject="one more"))
    assert sweep(bench, settings).judged == 1
    assert [judged.raw for judged in bench.gate.counted] == list(dovecot.messages(user).values())
    with dovecot.client(user) as client:
        client.select_folder("INBOX", readonly=True)
        assert all(b"\\Seen" not in flags for flags in client.get_flags(client.search()).values())


def test_envelope_and_state_at_hold_are_recorded(dovecot: DovecotServer, bench: MailboxBench) -> None:
    user = dovecot.new_user()
    dovecot.deliver(user, make_message(body="please hold"), mail_from="pupil@outside.test")
    with dovecot.client(user) as client:
        client.select_folder("INBOX")
        client.add_flags(client.search(), [b"\\Seen", b"\\Answered"])
    sweep(bench, bench.settings(bench.account(dovecot, user)))
    judged = bench.gate.only_recorded()
    assert judged.envelope.mail_from == "pupil@outside.test"
    assert judged.envelope.rcpt_tos == (f"{user}@school.test",)
    assert (judged.envelope.received_via, judged.envelope.mailbox_address) == (
        "mailbox",
        f"{user}@school.test",
    )
    assert {"\\Seen", "\\Answered"} <= set(judged.location.flags)
    assert judged.location.internal_date is not None
    assert abs(judged.location.internal_date - datetime.now(UTC)) < timedelta(minutes=1)
    assert not judged.receipt.is_backlog


def test_first_pass_starts_at_since_and_old_mail_is_backlog(
    dovecot: DovecotServer, bench: MailboxBench
) -> None:
    user = dovecot.new_user()
    now = datetime.now(UTC)
    for age in (60, 20, 2):
        put(dovecot, user, make_message(subject=f"{age} days"), msg_time=now - timedelta(days=age))
    settings = bench.settings(
        bench.account(dovecot, user), since=(now - timedelta(days=30)).date(), batch_messages=1
    )
    sweep(bench, settings)
    assert [judged.receipt.is_backlog for judged in bench.gate.counted] == [True, False]
    assert [(each.done, each.total) for each in bench.progress] == [(1, 2), (2, 2)]
    # Later mail with an old date is no backlog: it comes one by one.
    put(dovecot, user, make_message(), msg_time=now - timedelta(days=20))
    sweep(bench, settings)
    assert [judged.receipt.is_backlog for judged in bench.gate.counted] == [True, False, False]


def test_without_since_old_mail_is_left_alone(dovecot: DovecotServer, bench: MailboxBench) -> None:
    user = dovecot.new_user()
    put(dovecot, user, make_message(subject="old"), msg_time=datetime.now(UTC) - timedelta(days=9))
    dovecot.deliver(user, make_message(subject="new"))
    sweep(bench, bench.settings(bench.account(dovecot, user)))
    assert [b"Subject: new" in judged.raw for judged in bench.gate.counted] == [True]


def test_sent_folder_makes_the_owner_the_sender_and_names_all_recipients(
    dovecot: DovecotServer, bench: MailboxBench
) -> None:
    user = dovecot.new_user()
    raw = make_message(
        sender=f"{user}@school.test",
        to="pupil@outside.test, Ann <ann@outside.test>",
        headers=[("Bcc", "b@outside.test")],
    )
    put(dovecot, user, raw, folder="Sent")
    sweep(bench, bench.settings(bench.account(dovecot, user)), "Sent", is_sent=True)
    (judged,) = bench.gate.counted
    assert judged.envelope.is_sent_folder
    assert judged.envelope.mail_from == f"{user}@school.test"
    assert judged.envelope.rcpt_tos == ("pupil@outside.test", "ann@outside.test", "b@outside.test")


def test_message_with_our_own_mark_for_this_mailbox_is_skipped_and_another_s_is_not(
    dovecot: DovecotServer, bench: MailboxBench
) -> None:
    user = dovecot.new_user()
    raw = make_message(body="please hold")

    def marked(address: str, key: bytes = MARK_KEY) -> bytes:
        value = mark.make(
            key=key,
            mark_id="abc",
            body_digest=mark.body_sha256(raw),
            recipients=[address],
            expires_at=datetime.now(UTC) + timedelta(days=1),
        )
        return mark.header_field(value) + raw

    dovecot.deliver(user, marked(f"{user}@school.test"))
    settings = bench.settings(bench.account(dovecot, user))
    count = sweep(bench, settings)
    assert (count.marked, count.judged) == (1, 0)
    dovecot.deliver(user, marked("somebody.else@school.test"))
    dovecot.deliver(user, marked(f"{user}@school.test", key=b"x" * 32))
    assert sweep(bench, settings).recorded == 2


def test_renumbered_folder_is_read_again_but_nothing_delivered_is_judged_twice(
    dovecot: DovecotServer, bench: MailboxBench
) -> None:
    user = dovecot.new_user()
    dovecot.deliver(user, make_message(body="nothing much"))
    dovecot.deliver(user, make_message(body="please report"))
    dovecot.deliver(user, make_message(body="please hold"))
    settings = bench.settings(bench.account(dovecot, user))
    sweep(bench, settings)
    assert len(bench.gate.judged) == 3
    renumber(dovecot, user)
    dovecot.deliver(user, make_message(body="came in between"))
    before = {judged.location.uidvalidity for judged in bench.gate.judged}
    count = sweep(bench, settings)
    # What is held must go again: its move was for a UID that is no more.
    assert (count.known, count.judged) == (2, 2)
    assert {judged.location.uidvalidity for judged in bench.gate.judged} > before
    assert sweep(bench, settings).judged == 0


def test_checkpoint_stays_before_what_could_not_be_recorded(
    dovecot: DovecotServer, bench: MailboxBench
) -> None:
    user = dovecot.new_user()
    settings = bench.settings(bench.account(dovecot, user))
    dovecot.deliver(user, make_message(body="one"))
    dovecot.deliver(user, make_message(body="please hold"))
    dovecot.deliver(user, make_message(body="three"))
    bench.gate.is_broken = True
    with pytest.raises(TemporaryFailure, match="the store is away"):
        sweep(bench, settings)
    assert len(bench.gate.counted) == 2
    with bench.store.reading() as transaction:
        checkpoint = transaction.ledger.imap_checkpoint(settings.accounts[0].id, "INBOX")
    assert checkpoint is not None
    assert checkpoint.last_uid == 1
    bench.gate.is_broken = False
    sweep(bench, settings)
    assert bench.gate.only_recorded().location.uid == 2


class Killed(BaseException):
    """What a SIGKILL looks like to a test that must live on: nobody in the product catches it."""


def test_message_that_kills_every_time_is_recorded_unread_and_the_rest_is_judged(
    dovecot: DovecotServer, bench: MailboxBench
) -> None:
    user = dovecot.new_user()
    settings = bench.settings(bench.account(dovecot, user))
    for body in ("fine", "poison", "fine too"):
        dovecot.deliver(user, make_message(body=body))

    def die(raw: bytes) -> None:
        if b"\r\npoison" in raw:
            raise Killed

    bench.gate.on_judge = die
    deaths = 0
    for _ in range(10):
        try:
            sweep(bench, settings)
            break
        except Killed:
            deaths += 1
    assert deaths == ATTEMPTS_BEFORE_UNREAD
    assert bench.gate.only_recorded().location.uid == 2
    assert bench.gate.unread == [bench.gate.only_recorded().key]
    assert bench.alarms == [("mailbox_message_poisonous", bench.gate.only_recorded().key)]
    assert {judged.location.uid for judged in bench.gate.counted} == {1, 3}
    assert sweep(bench, settings).judged == 0


def test_large_message_comes_alone_and_whole(dovecot: DovecotServer, bench: MailboxBench) -> None:
    user = dovecot.new_user()
    settings = bench.settings(bench.account(dovecot, user), batch_bytes=20_000)
    for size in (10, 100_000, 10):
        dovecot.deliver(user, make_message(body="\r\n".join(["x" * 70] * (size // 70 + 1))))
    assert sweep(bench, settings).judged == 3
    assert max(len(judged.raw) for judged in bench.gate.counted) > 100_000


def test_renumbering_after_a_failed_sweep_hides_no_mail(dovecot: DovecotServer, bench: MailboxBench) -> None:
    user = dovecot.new_user()
    settings = bench.settings(bench.account(dovecot, user))
    scanner = FolderScanner(settings.accounts[0], "INBOX", is_sent=False, parts=bench.parts(settings))

    def sweep_again() -> None:
        with imap_session(settings.accounts[0]) as session:
            scanner.sweep(session, seconds=30, is_stopping=lambda: False)

    dovecot.deliver(user, make_message(body="please hold"))
    dovecot.deliver(user, make_message(body="second"))
    bench.gate.is_broken = True
    with pytest.raises(TemporaryFailure):
        sweep_again()
    bench.gate.is_broken = False
    renumber(dovecot, user)
    dovecot.deliver(user, make_message(body="third"))
    sweep_again()
    assert len(bench.gate.recorded) == 1
    assert any(b"third" in judged.raw for judged in bench.gate.counted)


def test_copy_to_oneself_does_not_hide_what_was_sent(dovecot: DovecotServer, bench: MailboxBench) -> None:
    user = dovecot.new_user()
    settings = bench.settings(bench.account(dovecot, user))
    raw = make_message(sender=f"{user}@school.test", to="pupil@outside.test")
    dovecot.deliver(user, raw)
    put(dovecot, user, raw, folder="Sent")
    sweep(bench, settings)
    assert sweep(bench, settings, "Sent", is_sent=True).judged == 1


def test_stop_in_the_middle_of_a_batch_goes_on_from_there(
    dovecot: DovecotServer, bench: MailboxBench
) -> None:
    user = dovecot.new_user()
    settings = bench.settings(bench.account(dovecot, user))
    for number in range(5):
        dovecot.deliver(user, make_message(subject=str(number)))
    scanner = FolderScanner(settings.accounts[0], "INBOX", is_sent=False, parts=bench.parts(settings))
    with imap_session(settings.accounts[0]) as session:
        scanner.sweep(session, seconds=30, is_stopping=lambda: len(bench.gate.counted) >= 2)
    assert len(bench.gate.counted) == 2
    sweep(bench, settings)
    assert sorted(judged.location.uid for judged in bench.gate.counted) == [1, 2, 3, 4, 5]
