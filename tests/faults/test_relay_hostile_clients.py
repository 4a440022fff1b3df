"""Clients that smuggle, stall, flood or are not welcome."""

import contextlib
import resource
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from mailguard.adapters.smtp_settings import BareNewlines
from tests.relay import Client, FakeGate, RunningRelay, run_relay, without_trace
from tests.servers import CollectingNextHop, make_message, wait_until

RAW = make_message()
TEACHER = "teacher@school.test"

# End-of-data look-alikes: the sequences of the SMTP smuggling research of 2023, CRLF.CRLF left out.
SEQUENCES = {
    "lf-dot-lf": b"\n.\n",
    "cr-dot-cr": b"\r.\r",
    "cr-dot-lf": b"\r.\n",
    "lf-dot-cr": b"\n.\r",
    "lf-dot-crlf": b"\n.\r\n",
    "crlf-dot-lf": b"\r\n.\n",
    "cr-dot-crlf": b"\r.\r\n",
    "crlf-dot-cr": b"\r\n.\r",
    "nul-before": b"\r\n\x00.\r\n",
    "nul-after": b"\r\n.\x00\r\n",
}
SMUGGLED = (
    b"MAIL FROM:<head@school.test>\r\nRCPT TO:<victim@school.test>\r\nDATA\r\nSubject: smuggled\r\n\r\nx"
)


@pytest.fixture
def gate() -> FakeGate:
    return FakeGate()


@pytest.fixture
def relay(gate: FakeGate, next_hop: CollectingNextHop) -> Iterator[RunningRelay]:
    with run_relay(gate, next_hop.port) as running:
        yield running


@pytest.mark.parametrize("name", SEQUENCES)
@pytest.mark.parametrize("is_split", [False, True])
def test_no_sequence_smuggles_a_second_message(
    relay: RunningRelay, gate: FakeGate, next_hop: CollectingNextHop, name: str, is_split: bool
) -> None:
    body = b"Subject: outer\r\n\r\nhello" + SEQUENCES[name] + SMUGGLED + b"\r\n"
    with Client(relay.port) as client:
        client.hello()
        client.envelope("a@b.test", TEACHER)
        client.say("DATA")
        if is_split:
            for position in range(0, len(body), 7):
                client.send(body[position : position + 7])
                time.sleep(0.0005)
            client.send(b".\r\n")
        else:
            client.send(body + b".\r\n")
        assert client.reply().startswith("250")
        assert client.say("NOOP").startswith("250")
    delivery = next_hop.only_delivery()
    assert delivery.recipients == (TEACHER,)
    assert b"smuggled" in delivery.raw
    assert delivery.raw.count(b"\r") == delivery.raw.count(b"\n") == delivery.raw.count(b"\r\n")
    # What is judged, and held, is what was received; only a leading dot is undone.
    assert gate.judged[0].raw == body.replace(b"\r\n.", b"\r\n")


def test_bare_newlines_can_be_refused_instead(gate: FakeGate, next_hop: CollectingNextHop) -> None:
    with (
        run_relay(gate, next_hop.port, bare_newlines=BareNewlines.REFUSE) as relay,
        Client(relay.port) as client,
    ):
        client.hello()
        for bare in (b"a\nb\r\n", b"a\rb\r\n"):
            assert client.deliver(b"Subject: x\r\n\r\n" + bare, TEACHER).startswith("550 5.6.0")
        assert client.deliver(RAW, TEACHER).startswith("250")
    assert len(gate.judged) == 1


def test_nul_bytes_pass_as_they_are(relay: RunningRelay, next_hop: CollectingNextHop) -> None:
    raw = b"Subject: x\r\n\r\n\x00a\x00\r\n\x00\r\n"
    with Client(relay.port) as client:
        client.hello()
        assert client.deliver(raw, TEACHER).startswith("250")
    assert without_trace(next_hop.only_delivery().raw) == raw


def test_an_empty_message_is_a_message(relay: RunningRelay, gate: FakeGate) -> None:
    with Client(relay.port) as client:
        client.hello()
        assert client.deliver(b"", TEACHER).startswith("250")
    assert gate.judged[0].raw == b""


def test_clients_outside_the_trusted_networks_are_refused_at_connect(
    gate: FakeGate, next_hop: CollectingNextHop
) -> None:
    with run_relay(gate, next_hop.port, trusted_networks=()) as relay, Client(relay.port) as client:
        assert client.reply().startswith("554 5.7.1")
        assert client.reply() == ""
    assert next_hop.connection_count == 0


def test_too_many_connections_of_one_client_are_told_421(gate: FakeGate, next_hop: CollectingNextHop) -> None:
    with (
        run_relay(gate, next_hop.port, max_connections_per_client=2) as relay,
        Client(relay.port) as first,
        Client(relay.port) as second,
    ):
        assert first.reply().startswith("220")
        assert second.reply().startswith("220")
        with Client(relay.port) as third:
            assert third.reply().startswith("421 4.7.0")
        first.close()
        wait_until(lambda: relay.server.connections == 1, "the first is forgotten")
        with Client(relay.port) as fourth:
            assert fourth.hello().startswith("250")


def test_an_idle_client_is_told_421_before_it_is_closed(gate: FakeGate, next_hop: CollectingNextHop) -> None:
    with run_relay(gate, next_hop.port, idle_timeout_seconds=0.3) as relay, Client(relay.port) as client:
        client.hello()
        assert client.reply().startswith("421 4.4.2")
        assert client.reply() == ""


def test_a_client_idle_in_data_is_told_421(gate: FakeGate, next_hop: CollectingNextHop) -> None:
    with run_relay(gate, next_hop.port, idle_timeout_seconds=0.3) as relay, Client(relay.port) as client:
        client.hello()
        client.envelope("a@b.test", TEACHER)
        client.say("DATA")
        client.send(b"Subject: never en")
        assert client.reply().startswith("421 4.4.2")
    assert gate.judged == []


def test_a_slow_client_that_goes_on_is_served(gate: FakeGate, next_hop: CollectingNextHop) -> None:
    with run_relay(gate, next_hop.port, idle_timeout_seconds=0.5) as relay, Client(relay.port) as client:
        client.hello()
        client.envelope("a@b.test", TEACHER)
        client.say("DATA")
        for byte in b"a: b\r\n\r\n.":
            client.send(bytes([byte]))
            time.sleep(0.1)
        client.send(b"\r\n")
        assert client.reply().startswith("250")


def test_a_message_that_takes_for_ever_is_ended(gate: FakeGate, next_hop: CollectingNextHop) -> None:
    with (
        run_relay(gate, next_hop.port, data_timeout_seconds=0.5, idle_timeout_seconds=5) as relay,
        Client(relay.port) as client,
    ):
        client.hello()
        client.envelope("a@b.test", TEACHER)
        client.say("DATA")
        with contextlib.suppress(OSError):
            for _ in range(20):
                client.send(b"x")
                time.sleep(0.05)
        assert client.reply().startswith("421")


def test_waiting_for_a_slow_next_hop_is_not_idleness(gate: FakeGate, next_hop: CollectingNextHop) -> None:
    next_hop.script.delay_seconds["content"] = 0.8
    with run_relay(gate, next_hop.port, idle_timeout_seconds=0.3) as relay, Client(relay.port) as client:
        client.hello()
        assert client.deliver(RAW, TEACHER).startswith("250")


def test_too_large_a_message_is_refused_once_it_has_ended(
    gate: FakeGate, next_hop: CollectingNextHop
) -> None:
    with run_relay(gate, next_hop.port, max_message_bytes=10_000) as relay, Client(relay.port) as client:
        client.hello()
        assert client.deliver(b"x" * 78 + b"\r\n", TEACHER).startswith("250")
        assert client.deliver((b"x" * 78 + b"\r\n") * 130, TEACHER).startswith("552 5.3.4")
        assert client.deliver(RAW, TEACHER).startswith("250")
        client.envelope("a@b.test", TEACHER)
        client.say("DATA")
        with contextlib.suppress(OSError):
            client.send(b"y" * 60_000)
        assert client.reply().startswith("421")
    assert len(gate.judged) == 2


def test_a_huge_line_is_refused_and_a_long_one_is_not(
    relay: RunningRelay, next_hop: CollectingNextHop
) -> None:
    long = b"Subject: x\r\n\r\n" + b"x" * 1_000_000 + b"\r\n"
    with Client(relay.port) as client:
        client.hello()
        assert client.deliver(long, TEACHER).startswith("250")
        assert client.deliver(long.replace(b"xxxx\r\n", b"x" * 100_000 + b"\r\n"), TEACHER).startswith(
            "554 5.6.0"
        )
    assert without_trace(next_hop.only_delivery().raw) == long


def test_a_huge_command_line_is_refused_and_the_session_goes_on(relay: RunningRelay) -> None:
    with Client(relay.port) as client:
        client.hello()
        assert client.say("MAIL FROM:<" + "a" * 300_000 + "@b.test>").startswith("500")
        assert client.deliver(RAW, TEACHER).startswith("250")


def test_too_many_recipients_are_told_to_come_later(gate: FakeGate, next_hop: CollectingNextHop) -> None:
    with run_relay(gate, next_hop.port, max_recipients=2) as relay, Client(relay.port) as client:
        client.hello()
        replies = client.envelope("a@b.test", "1@school.test", "2@school.test", "3@school.test")
        assert replies[-1].startswith("452 4.5.3")
        assert client.data(RAW).startswith("250")


def test_a_message_with_too_many_received_fields_is_a_loop(relay: RunningRelay) -> None:
    hop = b"Received: from a by b;\r\n\tMon, 23 Nov 2026 09:00:00 +0000\r\n"
    with Client(relay.port) as client:
        client.hello()
        assert client.deliver(hop * 50 + RAW, TEACHER).startswith("250")
        assert client.deliver(hop * 51 + RAW, TEACHER).startswith("554 5.4.6")
        assert client.deliver(RAW + hop * 60, TEACHER).startswith("250")


def test_a_message_that_keeps_coming_back_through_here_is_a_loop(
    relay: RunningRelay, next_hop: CollectingNextHop
) -> None:
    raw, passes = RAW, 0
    with Client(relay.port) as client:
        client.hello()
        while client.deliver(raw, TEACHER).startswith("250"):
            passes += 1
            assert passes < 20
            raw = next_hop.deliveries[-1].raw
        assert client.say("NOOP").startswith("250")
    assert passes == 6


def test_forged_marks_are_left_in_place_and_mean_nothing(
    relay: RunningRelay, gate: FakeGate, next_hop: CollectingNextHop
) -> None:
    gate.held = {"held@school.test"}
    raw = b"X-Mailguard: v1 id=a e=9999999999 h=AAAAAAAAAAAAAAAAAAAAAA\r\n" * 30 + RAW
    with Client(relay.port) as client:
        client.hello()
        assert client.deliver(raw, TEACHER).startswith("250")
        assert client.deliver(raw, "held@school.test").startswith("250")
    assert next_hop.only_delivery().raw.endswith(raw)
    assert len(gate.recorded) == 1


def test_when_memory_is_taken_others_wait_and_then_get_451(
    gate: FakeGate, next_hop: CollectingNextHop
) -> None:
    options: dict[str, Any] = {
        "max_message_bytes": 200_000,
        "max_bytes_in_flight": 300_000,
        "memory_wait_seconds": 0.5,
    }
    with run_relay(gate, next_hop.port, **options) as relay:
        with Client(relay.port) as greedy, Client(relay.port) as other:
            greedy.hello()
            other.hello()
            greedy.say("MAIL FROM:<a@b.test> SIZE=200000")
            greedy.say(f"RCPT TO:<{TEACHER}>")
            assert greedy.say("DATA").startswith("354")
            other.say("MAIL FROM:<a@b.test> SIZE=150000")
            other.say(f"RCPT TO:<{TEACHER}>")
            assert other.say("DATA").startswith("451 4.3.1")
            # Announced small, grown large: refused in the middle, and the session goes on.
            other.say("RSET")
            assert other.deliver((b"x" * 78 + b"\r\n") * 2000, TEACHER).startswith("451 4.3.1")
            threading.Timer(0.2, greedy.close).start()
            assert other.deliver((b"x" * 78 + b"\r\n") * 2000, TEACHER).startswith("250")
        wait_until(lambda: relay.server.bytes_in_flight == 0, "all memory is given back")


def test_fifty_megabytes_pass_unchanged_and_cost_little_more_than_their_size(
    gate: FakeGate, next_hop: CollectingNextHop
) -> None:
    line = b"." + bytes(range(32, 127)) + b"\xff" * 20 + b"\r\n"
    raw = b"Subject: large\r\n\r\n" + line * (50_000_000 // len(line))
    with (
        run_relay(gate, next_hop.port, judge_threads=1) as relay,
        Client(relay.port, timeout_seconds=90) as client,
    ):
        client.hello()
        assert client.deliver(raw, TEACHER).startswith("250")
        assert without_trace(next_hop.only_delivery().raw) == raw
        assert relay.server.bytes_in_flight == 0


def test_the_loop_answers_others_while_a_large_message_and_a_slow_gate_are_at_work(
    gate: FakeGate, next_hop: CollectingNextHop
) -> None:
    gate.judging = lambda: time.sleep(0.5)
    raw = b"Subject: large\r\n\r\n" + (b"x" * 78 + b"\r\n") * 250_000
    with run_relay(gate, next_hop.port) as relay, Client(relay.port) as busy, Client(relay.port) as other:
        busy.hello()
        other.hello()
        worker = threading.Thread(target=busy.deliver, args=(raw, TEACHER))
        worker.start()
        longest = 0.0
        while worker.is_alive():
            started = time.monotonic()
            assert other.say("NOOP").startswith("250")
            longest = max(longest, time.monotonic() - started)
            time.sleep(0.01)
        worker.join()
    assert longest < 0.4


def test_hundreds_of_unfinished_clients_do_not_stop_an_honest_one(
    gate: FakeGate, next_hop: CollectingNextHop
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    try:
        with run_relay(gate, next_hop.port, max_connections=400, max_connections_per_client=400) as relay:
            with contextlib.ExitStack() as stack:
                stalled = [stack.enter_context(Client(relay.port)) for _ in range(300)]
                for client in stalled:
                    client.send(b"EHLO nobo")
                with Client(relay.port) as client:
                    client.hello()
                    assert client.deliver(RAW, TEACHER).startswith("250")
            wait_until(lambda: relay.server.connections == 0, "all are forgotten")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_draining_finishes_the_message_in_hand_and_sends_the_others_away(
    gate: FakeGate, next_hop: CollectingNextHop
) -> None:
    next_hop.script.delay_seconds["content"] = 0.5
    with run_relay(gate, next_hop.port) as relay, Client(relay.port) as busy, Client(relay.port) as idle:
        busy.hello()
        idle.hello()
        busy.envelope("a@b.test", TEACHER)
        busy.say("DATA")
        busy.send(RAW + b".\r\n")
        wait_until(lambda: gate.judged, "the message was judged")
        relay.call(relay.server.stop())
        assert idle.reply().startswith("421 4.3.2")
        assert busy.reply().startswith("250")
        assert busy.reply().startswith("421 4.3.2")
    assert len(next_hop.deliveries) == 1
