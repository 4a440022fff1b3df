"""The relay between a client and a next hop, both of which the test plays."""

from collections.abc import Iterator

import pytest

from mailguard.adapters.smtp_settings import RelayMode
from mailguard.app.ports import TemporaryFailure
from tests.relay import Client, FakeGate, RunningRelay, run_relay, without_trace
from tests.servers import CollectingNextHop, make_message, wait_until

RAW = make_message()
TEACHER = "teacher@school.test"
OTHER = "other@school.test"


@pytest.fixture
def gate() -> FakeGate:
    return FakeGate()


@pytest.fixture
def relay(gate: FakeGate, next_hop: CollectingNextHop) -> Iterator[RunningRelay]:
    with run_relay(gate, next_hop.port) as running:
        yield running


@pytest.fixture
def client(relay: RunningRelay) -> Iterator[Client]:
    with Client(relay.port) as connected:
        connected.hello()
        yield connected


def test_clear_mail_reaches_the_next_hop_unchanged_below_one_header(
    client: Client, gate: FakeGate, next_hop: CollectingNextHop
) -> None:
    assert client.deliver(RAW, TEACHER) == "250 2.0.0 kept"
    delivery = next_hop.only_delivery()
    assert delivery.raw.startswith(b"X-Mailguard: v1 id=")
    assert without_trace(delivery.raw) == RAW
    assert delivery.raw.count(b"X-Mailguard") == 1
    assert gate.judged[0].raw == RAW
    assert len(gate.counted) == 1
    assert gate.recorded == []


def test_outbound_mail_gets_no_header_at_all(
    client: Client, gate: FakeGate, next_hop: CollectingNextHop
) -> None:
    gate.is_outbound = True
    gate.tags[TEACHER] = "spoofed-platform"
    client.deliver(RAW, TEACHER)
    assert next_hop.only_delivery().raw == RAW


def test_a_tagged_message_says_so_at_the_top(
    client: Client, gate: FakeGate, next_hop: CollectingNextHop
) -> None:
    gate.tags[TEACHER] = "spoofed-platform"
    client.deliver(RAW, TEACHER)
    raw = next_hop.only_delivery().raw
    assert b"\r\nX-Mailguard-Tag: spoofed-platform\r\n" in raw
    assert without_trace(raw) == RAW


def test_ehlo_announces_only_what_the_next_hop_announces(client: Client, relay: RunningRelay) -> None:
    with Client(relay.port) as another:
        full = set(another.hello().replace("-", " ").splitlines()[1:])
    assert {line[4:] for line in full} == {
        "PIPELINING", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES", "SIZE 52428800",
        "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE",
    }  # fmt: skip


def test_ehlo_of_a_plain_next_hop_is_plain(start_next_hop: object, gate: FakeGate) -> None:
    hop = start_next_hop(extensions=())  # type: ignore[operator]
    with run_relay(gate, hop.port) as relay, Client(relay.port) as client:
        words = client.hello()
        for extension in ("8BITMIME", "SMTPUTF8", "DSN", "SIZE", "ENHANCEDSTATUSCODES", "STARTTLS"):
            assert extension not in words
        for parameter in ("BODY=8BITMIME", "SMTPUTF8", "RET=FULL", "SIZE=100"):
            assert client.say(f"MAIL FROM:<a@b.test> {parameter}").startswith("555 5.5.4")
        assert client.deliver(RAW, TEACHER).startswith("250")


def test_the_smaller_size_limit_is_announced(start_next_hop: object, gate: FakeGate) -> None:
    hop = start_next_hop(extensions=("SIZE 1000",))  # type: ignore[operator]
    with run_relay(gate, hop.port) as relay, Client(relay.port) as client:
        assert "SIZE 1000" in client.hello()
        assert client.say("MAIL FROM:<a@b.test> SIZE=1001").startswith("552")
    hop = start_next_hop(extensions=("SIZE 99999999999",))  # type: ignore[operator]
    with run_relay(gate, hop.port, max_message_bytes=5000) as relay, Client(relay.port) as client:
        assert "SIZE 5000" in client.hello()


def test_dsn_smtputf8_and_8bitmime_parameters_are_carried_with_their_case(
    client: Client, next_hop: CollectingNextHop
) -> None:
    assert client.say(
        "MAIL FROM:<zoë@außen.test> SIZE=500 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=Qq+2Bx"
    ).startswith("250")
    assert client.say(
        "RCPT TO:<Teacher@school.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Teacher@School.test"
    ).startswith("250")
    assert client.data(RAW).startswith("250")
    delivery = next_hop.only_delivery()
    assert delivery.mail_from == "zoë@außen.test"
    assert delivery.mail_parameters == ("SIZE=500", "BODY=8BITMIME", "SMTPUTF8", "RET=HDRS", "ENVID=Qq+2Bx")
    assert delivery.recipients == ("Teacher@school.test",)
    assert delivery.recipient_parameters == (("NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;Teacher@School.test"),)


def test_null_sender_and_quoted_local_parts_pass_as_they_are(
    client: Client, gate: FakeGate, next_hop: CollectingNextHop
) -> None:
    assert client.deliver(RAW, '"odd > name"@school.test', mail_from="").startswith("250")
    delivery = next_hop.only_delivery()
    assert (delivery.mail_from, delivery.recipients) == ("", ('"odd > name"@school.test',))
    assert gate.judged[0].envelope.mail_from == ""


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("MAIL FROM:<zoë@b.test>", "553 5.6.7"),
        (b"MAIL FROM:<\xff\xfe@b.test> SMTPUTF8", "501"),
        ("MAIL FROM:<a@b.test> BODY=BINARYMIME", "501"),
        ("MAIL FROM:<a@b.test> SIZE=ten", "501"),
        ("MAIL FROM:<a@b.test> AUTH=<>", "555"),
        ("MAIL FROM:<a@b.test> SIZE=1 SIZE=2", "555"),
        ("MAIL FROM:a@b.test", "501"),
        ("MAIL FROM:<a\x01b@b.test>", "501"),
        ("MAIL", "501"),
        ("RCPT TO:<a@b.test>", "503"),
        ("DATA", "503"),
        ("AUTH PLAIN AGEAYg==", "502"),
        ("BDAT 10 LAST", "500"),
        ("XCLIENT ADDR=1.2.3.4", "500"),
        ("STARTTLS", "503"),
        ("VRFY teacher", "252"),
        ("XFORWARD", "501"),
        ("XFORWARD COLOUR=red", "501"),
    ],
)
def test_wrong_commands_are_refused_and_the_session_goes_on(
    client: Client, command: str | bytes, code: str
) -> None:
    assert client.say(command).startswith(code)
    assert client.deliver(RAW, TEACHER).startswith("250")


def test_refusals_of_the_next_hop_come_at_rcpt_in_its_own_words(
    client: Client, next_hop: CollectingNextHop
) -> None:
    next_hop.script.recipients[OTHER] = "550 5.1.1 nobody of that name"
    assert client.envelope("a@b.test", TEACHER, OTHER)[1:] == [
        "250 2.1.5 ok",
        "550 5.1.1 nobody of that name",
    ]
    assert client.data(RAW).startswith("250")
    assert next_hop.only_delivery().recipients == (TEACHER,)


def test_when_every_recipient_was_refused_data_is_refused(
    client: Client, next_hop: CollectingNextHop
) -> None:
    next_hop.script.recipients[OTHER] = "450 4.2.0 later"
    assert client.deliver(RAW, OTHER).startswith("554 5.5.1")


@pytest.mark.parametrize("said", ["552 5.3.4 too large for me", "451 4.7.1 greylisted"])
def test_the_next_hops_final_refusal_is_the_reply(
    client: Client, next_hop: CollectingNextHop, gate: FakeGate, said: str
) -> None:
    next_hop.script.content = said
    assert client.deliver(RAW, TEACHER) == said
    assert gate.counted == []
    next_hop.script.content = None
    assert client.deliver(RAW, TEACHER).startswith("250")


def test_mail_held_for_all_is_recorded_and_never_leaves(
    client: Client, gate: FakeGate, next_hop: CollectingNextHop
) -> None:
    gate.held = {TEACHER, OTHER}
    assert client.deliver(RAW, TEACHER, OTHER).startswith("250 2.0.0 Ok")
    assert len(gate.recorded) == 1
    assert gate.recorded[0].raw == RAW
    assert next_hop.deliveries == []
    assert "DATA" not in next_hop.commands
    gate.held = set()
    assert client.deliver(RAW, TEACHER).startswith("250")
    assert next_hop.only_delivery().recipients == (TEACHER,)


def test_mail_held_for_one_reaches_the_others_in_a_second_transaction(
    client: Client, gate: FakeGate, next_hop: CollectingNextHop
) -> None:
    gate.held = {TEACHER}
    assert client.deliver(RAW, OTHER, TEACHER, "third@school.test") == "250 2.0.0 kept"
    delivery = next_hop.only_delivery()
    assert delivery.recipients == (OTHER, "third@school.test")
    assert without_trace(delivery.raw) == RAW
    assert len(gate.recorded) == 1


def test_when_the_second_transaction_fails_the_hold_stands_and_a_retry_makes_no_second_case(
    client: Client, gate: FakeGate, next_hop: CollectingNextHop
) -> None:
    gate.held = {TEACHER}
    client.envelope("parent@outside.test", OTHER, TEACHER)
    next_hop.script.recipients[OTHER] = "452 4.2.2 mailbox full"
    assert client.data(RAW) == "452 4.2.2 mailbox full"
    assert len(gate.cases) == 2
    next_hop.script.recipients.clear()
    assert client.deliver(RAW, OTHER, TEACHER).startswith("250")
    assert len(gate.cases) == 2
    assert next_hop.only_delivery().recipients == (OTHER,)


def test_a_case_is_durable_before_the_next_hop_hears_data(
    gate: FakeGate, next_hop: CollectingNextHop
) -> None:
    seen: list[list[str]] = []
    gate.reports_everything = True
    gate.recording = lambda: seen.append(list(next_hop.commands))
    with run_relay(gate, next_hop.port) as relay, Client(relay.port) as client:
        client.hello()
        assert client.deliver(RAW, TEACHER).startswith("250")
    assert "DATA" not in seen[0]
    assert gate.counted == []


def test_shadow_mode_records_and_delivers_everything(gate: FakeGate, next_hop: CollectingNextHop) -> None:
    gate.held = {TEACHER}
    with run_relay(gate, next_hop.port, mode=RelayMode.SHADOW) as relay, Client(relay.port) as client:
        client.hello()
        assert client.deliver(RAW, TEACHER, OTHER) == "250 2.0.0 kept"
    assert len(gate.recorded) == 1
    assert next_hop.only_delivery().recipients == (TEACHER, OTHER)


@pytest.mark.parametrize("where", ["judging", "recording"])
@pytest.mark.parametrize("error", [ValueError("secret words"), TemporaryFailure("disk /secret is full")])
def test_any_failure_inside_is_451_without_its_words(
    client: Client, gate: FakeGate, next_hop: CollectingNextHop, where: str, error: Exception
) -> None:
    def fail() -> None:
        raise error

    gate.held = {TEACHER}
    setattr(gate, where, fail)
    said = client.deliver(RAW, TEACHER)
    assert said.startswith("451 4.3.0")
    assert "secret" not in said
    assert next_hop.deliveries == []
    setattr(gate, where, lambda: None)
    assert client.deliver(RAW, TEACHER).startswith("250")


@pytest.mark.parametrize("name", ["data-received", "judged", "next-hop-before-data", "next-hop-accepted"])
def test_a_failure_at_any_failpoint_is_451_and_the_session_goes_on(
    gate: FakeGate, next_hop: CollectingNextHop, name: str
) -> None:
    is_armed = True

    def reach(reached: str) -> None:
        if is_armed and reached == name:
            raise RuntimeError("failpoint")

    with run_relay(gate, next_hop.port, failpoint=reach) as relay, Client(relay.port) as client:
        client.hello()
        assert client.deliver(RAW, TEACHER).startswith("451 4.3.0")
        is_armed = False
        assert client.deliver(RAW, TEACHER).startswith("250")


def test_a_gate_that_takes_too_long_is_451(gate: FakeGate, next_hop: CollectingNextHop) -> None:
    import time

    gate.judging = lambda: time.sleep(1.0)
    with run_relay(gate, next_hop.port, judge_timeout_seconds=0.2) as relay, Client(relay.port) as client:
        client.hello()
        assert client.deliver(RAW, TEACHER).startswith("451 4.3.0")


def test_next_hop_down_at_ehlo_is_421(gate: FakeGate, next_hop: CollectingNextHop) -> None:
    next_hop.go_down()
    with run_relay(gate, next_hop.port) as relay, Client(relay.port) as client:
        assert client.hello().startswith("421 4.4.1")
        assert client.reply() == ""


def test_next_hop_that_comes_back_is_found_again_by_the_next_mail(
    client: Client, next_hop: CollectingNextHop
) -> None:
    next_hop.go_down()
    assert client.say("MAIL FROM:<a@b.test>").startswith("451 4.4.1")
    next_hop.come_up()
    assert client.deliver(RAW, TEACHER).startswith("250")


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "content", "after-content"])
def test_next_hop_hanging_up_anywhere_is_temporary(
    client: Client, next_hop: CollectingNextHop, stage: str
) -> None:
    next_hop.script.hang_up_at = stage  # type: ignore[assignment]
    replies = [*client.envelope("a@b.test", TEACHER)]
    last = client.data(RAW) if replies[-1].startswith("250") else next(r for r in replies if r[0] != "2")
    assert last.startswith("451 4.4.1")
    next_hop.script.hang_up_at = None
    client.say("RSET")
    assert client.deliver(RAW, TEACHER).startswith("250")


def test_all_held_mail_needs_no_next_hop_at_the_end(
    gate: FakeGate, client: Client, next_hop: CollectingNextHop
) -> None:
    gate.held = {TEACHER}
    client.envelope("a@b.test", TEACHER)
    next_hop.go_down()
    assert client.data(RAW).startswith("250")
    assert len(gate.recorded) == 1


def test_xforward_is_evidence_and_goes_on_to_the_next_hop_in_both_transactions(
    client: Client, gate: FakeGate, next_hop: CollectingNextHop
) -> None:
    gate.held = {TEACHER}
    assert client.say("XFORWARD NAME=mail.outside.test ADDR=192.0.2.7 PORT=1234").startswith("250")
    assert client.say("XFORWARD PROTO=ESMTP HELO=helo+2Etest IDENT=ABC1 SOURCE=REMOTE").startswith("250")
    client.deliver(RAW, TEACHER, OTHER)
    delivery = next_hop.only_delivery()
    assert delivery.xforward["ADDR"] == "192.0.2.7"
    assert "IDENT" not in delivery.xforward
    receipt = gate.judged[0].receipt
    assert (receipt.client_ip, receipt.client_name, receipt.helo, receipt.queue_id) == (
        "192.0.2.7", "mail.outside.test", "helo.test", "ABC1",
    )  # fmt: skip
    client.deliver(RAW, OTHER)
    assert gate.judged[1].receipt.client_ip == "127.0.0.1"


def test_commands_sent_in_one_piece_are_answered_in_order(
    client: Client, next_hop: CollectingNextHop
) -> None:
    client.send(b"MAIL FROM:<a@b.test>\r\nRCPT TO:<t@school.test>\r\nDATA\r\n")
    assert [client.reply()[:3] for _ in range(3)] == ["250", "250", "354"]
    client.send(RAW + b".\r\nMAIL FROM:<c@d.test>\r\nRCPT TO:<u@school.test>\r\nNOOP\r\n")
    assert [client.reply()[:3] for _ in range(4)] == ["250", "250", "250", "250"]
    assert len(next_hop.wait_for(1)) == 1


def test_a_client_that_goes_away_in_data_leaves_no_message(
    relay: RunningRelay, gate: FakeGate, next_hop: CollectingNextHop
) -> None:
    with Client(relay.port) as client:
        client.hello()
        client.envelope("a@b.test", TEACHER)
        client.say("DATA")
        client.send(RAW)
    wait_until(lambda: relay.server.connections == 0, "the connection is forgotten")
    assert relay.server.bytes_in_flight == 0
    assert gate.judged == []
    assert next_hop.deliveries == []
