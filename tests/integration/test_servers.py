"""The test servers themselves: a message really goes through each."""

import smtplib
import ssl
import threading
from collections.abc import Callable

import psycopg
import pytest
from imapclient import IMAPClient

from tests.servers import (
    HOST,
    QUARANTINE_FOLDER,
    CollectingNextHop,
    DovecotServer,
    PostfixServer,
    ServerMissing,
    free_port,
    make_message,
    send_by_smtp,
    wait_until,
)
from tests.servers.process import require_program

StartPostfix = Callable[..., PostfixServer]
StartDovecot = Callable[..., DovecotServer]
StartNextHop = Callable[..., CollectingNextHop]


def test_next_hop_keeps_envelope_and_bytes_as_sent(next_hop: CollectingNextHop) -> None:
    raw = make_message(body=".a line with a dot\r\n..and two\r\nand é")
    send_by_smtp(next_hop.port, raw, mail_from="a@b.test", recipients=["x@c.test", "y@c.test"])
    delivery = next_hop.only_delivery()
    assert (delivery.mail_from, delivery.recipients, delivery.raw) == (
        "a@b.test",
        ("x@c.test", "y@c.test"),
        raw,
    )


def test_next_hop_refuses_the_recipients_it_is_told_to(next_hop: CollectingNextHop) -> None:
    next_hop.script.recipients["x@c.test"] = "550 5.1.1 no such person"
    refused = send_by_smtp(next_hop.port, make_message(), recipients=["x@c.test", "y@c.test"])
    assert refused == {"x@c.test": (550, b"5.1.1 no such person")}
    assert next_hop.only_delivery().recipients == ("y@c.test",)


def test_next_hop_uses_up_scripted_content_replies(next_hop: CollectingNextHop) -> None:
    next_hop.script.next_contents.append("451 4.3.0 later")
    with pytest.raises(smtplib.SMTPDataError, match="4\\.3\\.0 later"):
        send_by_smtp(next_hop.port, make_message())
    send_by_smtp(next_hop.port, make_message())
    assert len(next_hop.deliveries) == 1


@pytest.mark.parametrize(("stage", "kept"), [("content", 0), ("after-content", 1)])
def test_next_hop_hangs_up_before_or_after_keeping(
    next_hop: CollectingNextHop, stage: str, kept: int
) -> None:
    next_hop.script.hang_up_at = stage  # type: ignore[assignment]
    with pytest.raises(smtplib.SMTPServerDisconnected):
        send_by_smtp(next_hop.port, make_message())
    assert len(next_hop.deliveries) == kept


def test_next_hop_goes_down_and_comes_up_on_the_same_port(next_hop: CollectingNextHop) -> None:
    next_hop.go_down()
    with pytest.raises(ConnectionRefusedError):
        send_by_smtp(next_hop.port, make_message())
    next_hop.come_up()
    send_by_smtp(next_hop.port, make_message())
    next_hop.only_delivery()


def test_next_hop_takes_only_parameters_it_announced(start_next_hop: StartNextHop) -> None:
    hop = start_next_hop(extensions=("8BITMIME",))
    with pytest.raises(smtplib.SMTPSenderRefused, match="RET=HDRS was not announced"):
        send_by_smtp(hop.port, make_message(), mail_options=["RET=HDRS"])


def test_lmtp_next_hop_answers_for_each_recipient(start_next_hop: StartNextHop) -> None:
    hop = start_next_hop(protocol="lmtp")
    hop.script.recipient_contents["x@c.test"] = "452 4.2.2 full"
    with smtplib.LMTP(HOST, hop.port) as client:
        client.mail("a@b.test")
        client.rcpt("x@c.test")
        client.rcpt("y@c.test")
        first = client.data(make_message())
        assert client.getreply() == (250, b"2.0.0 kept")
    assert first == (452, b"4.2.2 full")
    assert hop.only_delivery().recipients == ("y@c.test",)


def test_plain_postfix_delivers_to_the_next_hop(
    start_postfix: StartPostfix, next_hop: CollectingNextHop
) -> None:
    postfix = start_postfix("plain", next_hop=next_hop.transport)
    raw = make_message()
    send_by_smtp(postfix.smtp_port, raw)
    assert next_hop.only_delivery().raw.endswith(raw)
    postfix.wait_until_queue_is_empty()


def test_postfix_retries_what_the_next_hop_defers(
    start_postfix: StartPostfix, next_hop: CollectingNextHop
) -> None:
    next_hop.script.next_contents.append("451 4.3.0 later")
    postfix = start_postfix("plain", next_hop=next_hop.transport)
    send_by_smtp(postfix.smtp_port, make_message())
    wait_until(lambda: "status=deferred" in postfix.log(), "the message is deferred")
    postfix.flush()
    next_hop.only_delivery()


def test_after_queue_filter_gets_one_recipient_a_transaction(
    start_postfix: StartPostfix, start_next_hop: StartNextHop, next_hop: CollectingNextHop
) -> None:
    scanner = start_next_hop()
    postfix = start_postfix("after", filter_port=scanner.port, next_hop=next_hop.transport)
    send_by_smtp(postfix.smtp_port, make_message(), recipients=["x@school.test", "y@school.test"])
    scanned = scanner.wait_for(2)
    assert sorted(delivery.recipients for delivery in scanned) == [("x@school.test",), ("y@school.test",)]
    assert scanned[0].xforward["ADDR"] == HOST
    send_by_smtp(postfix.reinject_port, scanned[0].raw, recipients=scanned[0].recipients)
    assert next_hop.only_delivery().raw.endswith(scanned[0].raw)


def test_before_queue_filter_s_refusal_reaches_the_client(
    start_postfix: StartPostfix, start_next_hop: StartNextHop, next_hop: CollectingNextHop
) -> None:
    scanner = start_next_hop()
    scanner.script.next_contents.append("451 4.3.0 the filter is busy")
    postfix = start_postfix("before", filter_port=scanner.port, next_hop=next_hop.transport)
    with pytest.raises(smtplib.SMTPDataError, match="the filter is busy"):
        send_by_smtp(postfix.smtp_port, make_message())
    send_by_smtp(postfix.smtp_port, make_message())
    kept = scanner.only_delivery()
    send_by_smtp(postfix.reinject_port, kept.raw, recipients=kept.recipients)
    next_hop.only_delivery()


def test_postfix_delivers_to_dovecot_over_lmtp(start_postfix: StartPostfix, dovecot: DovecotServer) -> None:
    user = dovecot.new_user()
    postfix = start_postfix("plain", next_hop=dovecot.transport)
    raw = make_message()
    send_by_smtp(postfix.smtp_port, raw, recipients=[f"{user}@school.test"])
    wait_until(lambda: dovecot.messages(user), "the message is in the mailbox")
    (stored,) = dovecot.messages(user).values()
    assert stored.endswith(raw)


def test_dovecot_moves_to_quarantine(dovecot: DovecotServer) -> None:
    user = dovecot.new_user()
    dovecot.deliver(user, make_message())
    with dovecot.client(user) as client:
        assert {b"MOVE", b"UIDPLUS", b"IDLE"} <= set(client.capabilities())
        client.select_folder("INBOX")
        client.move(client.search(), QUARANTINE_FOLDER)
    assert not dovecot.messages(user)
    assert len(dovecot.messages(user, QUARANTINE_FOLDER)) == 1


def test_master_user_reads_a_user_s_mailbox_without_marking_it(dovecot: DovecotServer) -> None:
    user = dovecot.new_user()
    dovecot.deliver(user, make_message())
    with dovecot.master_client(user) as client:
        client.select_folder("INBOX", readonly=True)
        fetched = client.fetch(client.search(), ["BODY.PEEK[]"])
        flags = client.get_flags(list(fetched))
    assert [b"\\Seen" in of_one for of_one in flags.values()] == [False]


def test_dovecot_hides_the_capabilities_it_is_told_to(start_dovecot: StartDovecot) -> None:
    server = start_dovecot(without=frozenset({"MOVE", "UIDPLUS"}), users={"alice": "pw"})
    with server.client("alice") as client:
        announced = set(client.capabilities())
    assert b"IDLE" in announced
    assert not {b"MOVE", b"UIDPLUS"} & announced


def test_dovecot_speaks_imaps_with_a_certificate_that_can_be_trusted(start_dovecot: StartDovecot) -> None:
    server = start_dovecot(imaps=True, users={"alice": "pw"})
    context = ssl.create_default_context(cafile=str(server.certificate))
    with IMAPClient("localhost", server.imaps_port, ssl=True, ssl_context=context, timeout=20) as client:
        client.login("alice", "pw")
        assert client.folder_exists(QUARANTINE_FOLDER)


def test_dovecot_keeps_its_mail_over_a_restart(start_dovecot: StartDovecot) -> None:
    server = start_dovecot(users={"alice": "pw"})
    server.deliver("alice", make_message())
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        server.anonymous_client()
    server.start()
    assert len(server.messages("alice")) == 1


def test_kick_cuts_an_idle_connection(dovecot: DovecotServer) -> None:
    user = dovecot.new_user()
    client = dovecot.client(user)
    client.select_folder("INBOX")
    client.idle()
    dovecot.kick(user)
    wait_until(lambda: not client.idle_check(timeout=0.2) or client._imap.state == "LOGOUT", "cut")
    with pytest.raises(Exception, match=r"EOF|closed|abort|BYE|reset|[Bb]roken"):
        client.idle_done()
    client.shutdown()


def test_each_test_has_an_empty_database_of_its_own(postgres_url: str) -> None:
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as link:
        link.execute("CREATE TABLE proof (id int PRIMARY KEY)")
        assert link.execute("SELECT current_setting('server_encoding')").fetchone() == ("UTF8",)


def test_free_ports_are_never_given_twice() -> None:
    ports: list[int] = []
    threads = [threading.Thread(target=lambda: ports.append(free_port())) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ports)) == 10


def test_missing_program_says_what_installs_it() -> None:
    with pytest.raises(ServerMissing, match="make test"):
        require_program("/usr/sbin/no-such-server")
