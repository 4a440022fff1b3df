"""Staff mailboxes in a real Dovecot, with and without MOVE, beside the relay: the real daemon takes out what must be held.

Everything else stays as it was: the same bytes, the same UIDs, the same flags.
"""

import contextlib
import smtplib
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import pytest

from mailguard.domain.case import EffectKind, EffectState, RecipientState
from tests.daemon import Daemon, installed
from tests.mixed_mail import Mixed, mixture
from tests.schooling import (
    CHAIR,
    DEPUTY,
    HEAD,
    OFFICE,
    PUPIL,
    PUPIL_AT_HOME,
    SECOND_TEACHER,
    STRANGER,
    TEACHER,
)
from tests.servers import (
    HOST,
    QUARANTINE_FOLDER,
    CollectingNextHop,
    DovecotServer,
    deliver_by_lmtp,
    free_port,
    make_message,
    wait_until,
)
from tests.tables import rows
from tests.whole_way import (
    all_cases,
    all_effects,
    assert_trail_is_whole,
    held_bytes,
    message_ids,
    reports_to,
    wait_for_reports,
)

STAFF = (HEAD, DEPUTY, CHAIR, TEACHER, SECOND_TEACHER, OFFICE)
MASTER_PLACE = "MG_TEST_MASTER"
BY_LMTP, BY_RELAY = 110, 40
SERVERS = [
    ("store", frozenset[str]()),
    ("folder", frozenset[str]()),
    ("folder", frozenset({"MOVE"})),
    ("store", frozenset({"MOVE"})),
]


def user_of(address: str) -> str:
    return address.partition("@")[0]


def section(server: DovecotServer, *, hold: str, users: dict[str, str], more: str = "") -> str:
    """``users``: address → Dovecot's user. All are read through the master user."""
    accounts = "\n".join(
        f'[[mailboxes.account]]\naddress = "{address}"\nusername = "{user}"'
        for address, user in users.items()
    )
    return f"""
[mailboxes]
host = "{HOST}"
port = {server.imap_port}
security = "none"
hold = "{hold}"
sweep_seconds = 1
master_user = "{server.master[0]}"
master_password = {{ environment = "{MASTER_PLACE}" }}
{more}
{accounts}
"""


def token_of(raw: bytes) -> bytes:
    start = raw.find(b"token-")
    return raw[start : start + 13] if start >= 0 else b""


def mailbox(
    server: DovecotServer, user: str, folder: str = "INBOX"
) -> dict[bytes, tuple[int, bytes, frozenset]]:
    """Token → (UID, bytes, flags), of the test's own messages; nothing is marked read by looking."""
    with server.client(user) as client:
        client.select_folder(folder, readonly=True)
        uids = client.search()
        fetched = client.fetch(uids, ["BODY.PEEK[]", "FLAGS"]) if uids else {}
    return {
        token: (uid, item[b"BODY[]"], frozenset(item[b"FLAGS"]) - {b"\\Recent"})
        for uid, item in fetched.items()
        # None: taken out between the two commands.
        if (token := token_of(item[b"BODY[]"] or b""))
    }


def deliver(server: DovecotServer, each: Mixed) -> None:
    """Straight into the mailboxes, past the relay. smtplib knows one recipient only where LMTP answers for each."""
    for address in each.recipients:
        deliver_by_lmtp(server.lmtp_port, each.mail_from, [address], each.raw)


def flag_some(server: DovecotServer, user: str) -> None:
    """Every third message was read, every fifth flagged; the rest nobody has seen."""
    with server.client(user) as client:
        client.select_folder("INBOX")
        uids = client.search()
        for flag, nth in ((b"\\Seen", 3), (b"\\Flagged", 5)):
            if chosen := uids[::nth]:
                client.add_flags(chosen, [flag])


def held_tokens(mail: list[Mixed], address: str) -> set[bytes]:
    return {each.token for each in mail if address in each.held_from}


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("hold", "without"), rows(SERVERS, 2))
def test_mailboxes_and_relay_together_hold_what_must_be_held_and_leave_the_rest_untouched(
    tmp_path: Path, start_dovecot, start_postfix, hold, without
):
    server = start_dovecot(users={user_of(each): "pw" for each in STAFF}, without=without)
    reinject = free_port()
    accounts = section(server, hold=hold, users={each: user_of(each) for each in STAFF})
    mail = mixture(BY_LMTP + BY_RELAY, seed=11)
    straight, relayed = mail[:BY_LMTP], mail[BY_LMTP:]
    with installed(tmp_path, next_hop_port=reinject, more=accounts) as daemon:
        postfix = start_postfix(
            "after", filter_port=daemon.port, next_hop=server.transport, reinject_port=reinject
        )
        for each in straight[: BY_LMTP // 2]:
            deliver(server, each)
        for address in STAFF:
            flag_some(server, user_of(address))
        before = {address: mailbox(server, user_of(address)) for address in STAFF}
        daemon.start(environment={MASTER_PLACE: server.master[1]})
        with smtplib.SMTP(HOST, postfix.smtp_port, timeout=60) as client:
            for each in relayed:
                client.sendmail(
                    each.mail_from, list(each.recipients), each.raw, mail_options=["BODY=8BITMIME"]
                )
        for each in straight[BY_LMTP // 2 :]:
            deliver(server, each)

        def is_settled() -> bool:
            time.sleep(0.3)
            return all(
                set(mailbox(server, user_of(address)))
                == {each.token for each in mail if address in each.recipients} - held_tokens(mail, address)
                for address in STAFF
            )

        wait_until(is_settled, "each mailbox has what it may have", seconds=90)
        wait_for_reports(daemon)
        assert_rest_is_untouched(server, before, mail)
        assert_held_is_kept(server, daemon, straight, hold=hold)
        assert_each_was_judged_once(daemon, straight, relayed)
        released_stays_in_the_mailbox(server, daemon, straight)
        with daemon.store() as opened:
            assert_trail_is_whole(opened)


def assert_rest_is_untouched(server: DovecotServer, before: dict, mail: list[Mixed]) -> None:
    by_token = {each.token: each.raw for each in mail}
    for address in STAFF:
        now = mailbox(server, user_of(address))
        for token, kept in before[address].items():
            if token not in held_tokens(mail, address):
                assert now[token] == kept
        for token, (_, raw, flags) in now.items():
            assert raw.endswith(by_token[token])
            assert token in before[address] or not flags


def assert_held_is_kept(server: DovecotServer, daemon: Daemon, straight: list[Mixed], *, hold: str) -> None:
    """In the store byte for byte, whatever the mailbox keeps; in the quarantine folder only when that was asked."""
    with daemon.store() as opened:
        held = held_bytes(opened)
    for address in STAFF:
        of_mailbox = {
            each.token: each.raw
            for each in straight
            if address in each.held_from and address in each.recipients
        }
        stored = {token_of(raw): raw for raw in held.get(address, [])}
        for token, raw in of_mailbox.items():
            assert stored[token].endswith(raw)
        quarantined = mailbox(server, user_of(address), QUARANTINE_FOLDER)
        assert set(quarantined) == (set(of_mailbox) if hold == "folder" else set())
        for token, (_, raw, _) in quarantined.items():
            assert raw == stored[token]


def assert_each_was_judged_once(daemon: Daemon, straight: list[Mixed], relayed: list[Mixed]) -> None:
    """What the relay has marked, the mailbox side does not judge again: each copy is counted once."""
    copies = sum(len(each.recipients) for each in (*straight, *relayed))
    today = datetime.now(UTC).date()

    def counted() -> int:
        with daemon.store() as opened, opened.store.reading() as transaction:
            counters = transaction.ledger.counts(
                first_day=today - timedelta(days=1), last_day=today + timedelta(days=1)
            )
        return sum(each.count for each in counters)

    wait_until(lambda: counted() >= copies, "every copy counted", seconds=20)
    assert counted() == copies
    with daemon.store() as opened, opened.store.reading() as transaction:
        for case in all_cases(opened):
            keys = [each.delivery_key for each in transaction.cases.recipients(case.id)]
            assert len(keys) == len(set(keys))
        reports = transaction.effects.matching(kinds={EffectKind.REPORT})
    # One report a case and role, and follow-ups of the follower whom several staff have.
    first = [each for each in reports if each.payload.get("purpose") == "first"]
    assert len(first) == len({(each.case_id, each.role) for each in first})
    assert {each.case_id for each in first} == {case.id for case in all_cases(opened)}


def released_stays_in_the_mailbox(server: DovecotServer, daemon: Daemon, straight: list[Mixed]) -> None:
    """Let go by a person, it comes back by mail, and the next sweeps leave it there."""
    chosen = next(each for each in straight if each.mail_from == PUPIL and each.recipients == (TEACHER,))
    with daemon.store() as opened, opened.store.reading() as transaction:
        case_id = next(
            case.id
            for case in all_cases(opened)
            for message in transaction.cases.messages(case.id)
            if token_of(opened.blobs.get(message.blob_id)) == chosen.token
        )
    daemon.command("case", "release", case_id, "--by", "S1")
    user = user_of(TEACHER)
    wait_until(lambda: chosen.token in mailbox(server, user), "released", seconds=20)
    canary = mixture(1000, seed=99)[-1]
    raw = make_message(sender=PUPIL, to=TEACHER, subject="hi", body=canary.token.decode() + " hello sir")
    deliver_by_lmtp(server.lmtp_port, PUPIL, [TEACHER], raw)
    wait_until(lambda: is_held_for(daemon, TEACHER, canary.token), "a later message held", seconds=20)
    wait_until(lambda: canary.token not in mailbox(server, user), "a later message taken out", seconds=20)
    assert mailbox(server, user)[chosen.token][1].endswith(chosen.raw)


def is_held_for(daemon: Daemon, address: str, token: bytes) -> bool:
    with daemon.store() as opened:
        return any(token_of(raw) == token for raw in held_bytes(opened).get(address, []))


def test_a_released_message_of_a_mailbox_is_handed_on_as_it_lay_there_byte_for_byte(
    tmp_path: Path, dovecot: DovecotServer, next_hop: CollectingNextHop
):
    user = dovecot.new_user()
    raw = make_message(sender=PUPIL, to=TEACHER, subject="hi", body="hello sir,  \r\n.dot\r\ncafé\t")
    dovecot.deliver(user, raw, PUPIL)
    (lay_there,) = dovecot.messages(user).values()
    with daemon_over(tmp_path, dovecot, next_hop, {TEACHER: user}) as daemon:
        wait_until(lambda: not dovecot.messages(user), "taken out", seconds=20)
        wait_for_reports(daemon)
        with daemon.store() as opened:
            (case,) = all_cases(opened)
        daemon.command("case", "release", case.id, "--by", "S1")
        wait_until(
            lambda: any(each.recipients == (TEACHER,) for each in list(next_hop.deliveries)),
            "released",
            seconds=20,
        )
        (released,) = [each for each in next_hop.deliveries if each.recipients == (TEACHER,)]
        assert released.raw.endswith(lay_there)
        assert released.mail_from == ""
        # Back in the mailbox by way of the mail server, it is left alone.
        dovecot.deliver(user, released.raw, "")
        dovecot.deliver(user, make_message(sender=PUPIL, to=TEACHER, subject="two", body="sir?"), PUPIL)
        wait_until(lambda: len(known_recipients(daemon)) == 2, "the next one held", seconds=20)
        wait_until(lambda: len(dovecot.messages(user)) == 1, "the next one taken out", seconds=20)
        (left,) = dovecot.messages(user).values()
        assert left.endswith(raw)


def test_mail_older_than_a_week_is_reported_in_one_list_and_mail_before_since_is_not_read(
    tmp_path: Path, dovecot: DovecotServer, next_hop: CollectingNextHop
):
    user = dovecot.new_user()
    now = datetime.now(UTC)
    with dovecot.client(user) as client:
        for number, days in enumerate((60, 20, 15, 10, 1)):
            raw = make_message(
                sender=PUPIL, to=TEACHER, subject=f"{days} days ago", body=f"hello sir, number {number}"
            )
            client.append("INBOX", raw, msg_time=now - timedelta(days=days))
    since = f"since = {(now - timedelta(days=30)).date()}"
    with daemon_over(tmp_path, dovecot, next_hop, {TEACHER: user}, more=since) as daemon:
        wait_until(lambda: len(known_recipients(daemon)) == 4, "everything since then", seconds=30)
        wait_until(lambda: len(dovecot.messages(user)) == 1, "taken out", seconds=30)
        (left,) = dovecot.messages(user).values()
        assert b"60 days ago" in left
        with daemon.store() as opened:
            cases = all_cases(opened)
            assert [case.is_backlog for case in cases].count(True) == 3
            reports = all_effects(opened, EffectKind.REPORT)
            (gathered,) = [each for each in reports if each.payload.get("purpose") == "gathered"]
            assert len(gathered.payload["cases"]) == 3
            assert len(reports) == 2
            with opened.store.transaction() as transaction:
                transaction.effects.amend(gathered.id, payload=gathered.payload, due_at=transaction.now)
        wait_for_reports(daemon)
        assert len(message_ids(reports_to(next_hop))) == 2
        lists = [each for each in reports_to(next_hop) if b"older mail" in each]
        assert len(lists) == 1


def test_what_went_out_to_a_child_through_a_sent_folder_is_reported_and_stays_there(
    tmp_path: Path, dovecot: DovecotServer, next_hop: CollectingNextHop
):
    user = dovecot.new_user()
    raw = make_message(
        sender=TEACHER,
        to=PUPIL_AT_HOME,
        subject="hey",
        body="Hey Ella, add me on Snapchat, my name there is tombo. Our little secret, tell nobody.",
    )
    with dovecot.client(user) as client:
        client.create_folder("Sent")
        client.append("Sent", raw, [b"\\Seen"], datetime.now(UTC))
    with daemon_over(tmp_path, dovecot, next_hop, {TEACHER: user}) as daemon:
        wait_until(lambda: reports_to(next_hop), "reported", seconds=30)
        with daemon.store() as opened:
            (case,) = all_cases(opened)
            assert case.decision.row == "O1"
            assert held_bytes(opened) == {}
            assert all_effects(opened, EffectKind.MOVE) == ()
        assert list(dovecot.messages(user, "Sent").values()) == [raw]
        (report,) = reports_to(next_hop)
        assert TEACHER not in str(message_from_bytes(report)["To"])


def test_a_mailbox_whose_login_is_refused_does_not_keep_the_others_from_being_read(
    tmp_path: Path, dovecot: DovecotServer, next_hop: CollectingNextHop
):
    user = dovecot.new_user()
    dovecot.deliver(user, make_message(sender=PUPIL, to=TEACHER, subject="hi", body="hello sir"), PUPIL)
    dovecot.deliver(user, make_message(sender=STRANGER, to=TEACHER, subject="Order", body="Ready."), STRANGER)
    users = {SECOND_TEACHER: "nobody-of-this-name", TEACHER: user}
    with daemon_over(tmp_path, dovecot, next_hop, users) as daemon:
        wait_until(lambda: len(dovecot.messages(user)) == 1, "taken out", seconds=20)
        wait_for_reports(daemon)
        assert daemon.is_running
        assert "olive" not in daemon.log_text.lower()
        assert SECOND_TEACHER not in daemon.log_text


@contextlib.contextmanager
def daemon_over(
    folder: Path, server: DovecotServer, next_hop: CollectingNextHop, users: dict[str, str], *, more: str = ""
) -> Iterator[Daemon]:
    """Mailboxes and effects over those users, running."""
    accounts = section(server, hold="store", users=users, more=more)
    with installed(
        folder, next_hop_port=next_hop.port, more=accounts, parts=("mailboxes", "effects")
    ) as daemon:
        yield daemon.start(environment={MASTER_PLACE: server.master[1]})


def known_recipients(daemon: Daemon) -> list[str]:
    with daemon.store() as opened, opened.store.reading() as transaction:
        return [each.address for case in all_cases(opened) for each in transaction.cases.recipients(case.id)]


def test_in_shadow_mode_mailboxes_stay_as_they_are_and_what_would_be_held_is_on_the_record(
    tmp_path: Path, dovecot: DovecotServer, next_hop: CollectingNextHop
):
    user = dovecot.new_user()
    dovecot.deliver(user, make_message(sender=PUPIL, to=TEACHER, subject="hi", body="hello sir"), PUPIL)
    before = dovecot.messages(user)
    accounts = section(dovecot, hold="store", users={TEACHER: user})
    with installed(
        tmp_path, next_hop_port=next_hop.port, more=accounts, parts=("mailboxes", "effects")
    ) as daemon:
        daemon.config.write_text('mode = "shadow"\n' + daemon.config.read_text())
        daemon.start(environment={MASTER_PLACE: dovecot.master[1]})
        wait_until(lambda: known_recipients(daemon), "on the record", seconds=20)
        with daemon.store() as opened:
            (case,) = all_cases(opened)
            with opened.store.reading() as transaction:
                (recipient,) = transaction.cases.recipients(case.id)
            assert recipient.state is RecipientState.WOULD_HOLD
            assert all_effects(opened) == ()
        assert dovecot.messages(user) == before
    assert not next_hop.deliveries


def move_states(daemon: Daemon) -> list[EffectState]:
    with daemon.store() as opened:
        return [each.state for each in all_effects(opened, EffectKind.MOVE)]


def test_no_effect_is_left_over_after_mailboxes_and_effects_have_done_their_work(
    tmp_path: Path, dovecot: DovecotServer, next_hop: CollectingNextHop
):
    user = dovecot.new_user()
    for number in range(12):
        raw = make_message(sender=PUPIL, to=TEACHER, subject=f"hi {number}", body=f"sir, number {number}?")
        dovecot.deliver(user, raw, PUPIL)
    with daemon_over(tmp_path, dovecot, next_hop, {TEACHER: user}) as daemon:
        wait_until(lambda: not dovecot.messages(user), "taken out", seconds=30)
        wait_for_reports(daemon)
        # A message is out of the folder a moment before its effect is written down as done.
        wait_until(lambda: move_states(daemon) == [EffectState.DONE] * 12, "every move done", seconds=30)
        with daemon.store() as opened:
            assert len(all_cases(opened)) == 12
        assert len(message_ids(reports_to(next_hop))) == 12
        assert daemon.stop() == 0
