"""The courier against servers that accept, refuse, hang up and speak TLS."""

import asyncio
import concurrent.futures
import re
from pathlib import Path
from typing import Any

import pytest

from mailguard.adapters.smtp_out import SmtpCourier
from mailguard.adapters.smtp_settings import CourierSettings, HostPort, TransportSecurity
from mailguard.app.ports import OutgoingMessage, PermanentFailure, TemporaryFailure
from tests.relay import Client, FakeGate, run_relay, without_trace
from tests.servers import HOST, CollectingNextHop, free_port, make_message
from tests.servers.dovecot import _make_certificate

RAW = make_message(body=".\r\n..two dots\r\n zoë \r\n" + "x" * 3000)
HEAD = "head@school.test"


def message(raw: bytes = RAW, *, rcpt_to: str = HEAD, mail_from: str = "") -> OutgoingMessage:
    return OutgoingMessage(mail_from=mail_from, rcpt_to=rcpt_to, raw=raw, message_id="<1@mailguard.test>")


def courier(port: int, **options: object) -> SmtpCourier:
    return SmtpCourier(CourierSettings(server=HostPort(HOST, port), timeout_seconds=2.0, **options))  # type: ignore[arg-type]


def test_a_message_arrives_unchanged_and_the_servers_words_come_back(next_hop: CollectingNextHop) -> None:
    assert courier(next_hop.port).send(message()) == "250 2.0.0 kept"
    delivery = next_hop.only_delivery()
    assert (delivery.mail_from, delivery.recipients, delivery.raw) == ("", (HEAD,), RAW)
    assert set(delivery.mail_parameters) == {"BODY=8BITMIME", f"SIZE={len(RAW)}"}
    assert "QUIT" in next_hop.commands


def test_bare_line_ends_cannot_smuggle(next_hop: CollectingNextHop) -> None:
    raw = b"Subject: x\r\n\r\na\n.\nMAIL FROM:<x@y.test>\r.\rb\r\n"
    courier(next_hop.port).send(message(raw))
    assert next_hop.only_delivery().raw == (b"Subject: x\r\n\r\na\r\n.\r\nMAIL FROM:<x@y.test>\r\n.\r\nb\r\n")


def test_smtputf8_is_said_when_an_address_needs_it(next_hop: CollectingNextHop) -> None:
    courier(next_hop.port).send(message(rcpt_to="zoë@school.test"))
    delivery = next_hop.only_delivery()
    assert "SMTPUTF8" in delivery.mail_parameters
    assert delivery.recipients == ("zoë@school.test",)


def test_an_address_that_the_server_cannot_carry_is_a_permanent_failure(start_next_hop: object) -> None:
    hop = start_next_hop(extensions=())  # type: ignore[operator]
    with pytest.raises(PermanentFailure, match="SMTPUTF8"):
        courier(hop.port).send(message(rcpt_to="zoë@school.test"))
    assert courier(hop.port).send(message()).startswith("250")
    assert hop.only_delivery().mail_parameters == ()


@pytest.mark.parametrize(
    ("where", "words", "failure"),
    [
        ("recipient", "550 5.1.1 user unknown", PermanentFailure),
        ("recipient", "550 <head@school.test> is no 5.1.1 of ours", PermanentFailure),
        ("recipient", "450 4.2.0 greylisted", TemporaryFailure),
        ("mail", "553 5.1.8 no such sender", PermanentFailure),
        ("data", "421 4.3.2 going down", TemporaryFailure),
        ("content", "554 5.7.1 looks like spam", PermanentFailure),
        ("content", "452 4.3.1 disk full", TemporaryFailure),
    ],
)
def test_refusals_carry_the_servers_words(
    next_hop: CollectingNextHop, where: str, words: str, failure: type[Exception]
) -> None:
    if where == "recipient":
        next_hop.script.recipients[HEAD] = words
    else:
        setattr(next_hop.script, where, words)
    with pytest.raises(failure, match=re.escape(words)) as raised:
        courier(next_hop.port).send(message())
    assert str(next_hop.port) in str(raised.value)
    codes = re.match(r"\d+( \d+\.\d+\.\d+)?", words)
    assert codes is not None
    assert raised.value.reply == codes[0]  # type: ignore[attr-defined]


@pytest.mark.parametrize("stage", ["connect", "ehlo", "mail", "rcpt", "data", "content", "after-content"])
def test_hanging_up_anywhere_is_temporary(next_hop: CollectingNextHop, stage: str) -> None:
    next_hop.script.hang_up_at = stage  # type: ignore[assignment]
    with pytest.raises(TemporaryFailure):
        courier(next_hop.port).send(message())


def test_no_server_at_all_is_temporary() -> None:
    with pytest.raises(TemporaryFailure, match="connecting"):
        courier(free_port()).send(message())


def test_a_silent_server_is_given_up_in_time(next_hop: CollectingNextHop) -> None:
    next_hop.script.delay_seconds["content"] = 1.0
    with pytest.raises(TemporaryFailure, match="no answer in time"):
        courier(next_hop.port, total_seconds=0.3).send(message())


def test_a_server_that_thinks_long_about_the_end_of_data_is_waited_for(next_hop: CollectingNextHop) -> None:
    """Who gives up sends again, and the reader gets it twice."""
    next_hop.script.delay_seconds["content"] = 3.0
    assert courier(next_hop.port).send(message()).startswith("250")
    with pytest.raises(TemporaryFailure):
        courier(next_hop.port, final_reply_seconds=0.5).send(message())


def test_a_probe_that_hears_nothing_says_so(next_hop: CollectingNextHop) -> None:
    next_hop.script.delay_seconds["mail"] = 5.0
    sender = SmtpCourier(CourierSettings(server=HostPort(HOST, next_hop.port), timeout_seconds=0.4))
    with pytest.raises(TemporaryFailure, match=r"asking .*: .*(?:no answer|[Tt]imed out|timeout)"):
        sender.probe(mail_from="a@hill.example", rcpt_to=HEAD)


def test_an_address_with_a_line_break_never_reaches_a_server(next_hop: CollectingNextHop) -> None:
    with pytest.raises(PermanentFailure, match="control character"):
        courier(next_hop.port).send(message(rcpt_to="a@b.test>\r\nRCPT TO:<c@d.test"))
    assert not [command for command in next_hop.commands if "d.test" in command]


def test_many_threads_can_send_at_once(next_hop: CollectingNextHop) -> None:
    sender = courier(next_hop.port)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        words = list(pool.map(sender.send, [message()] * 24))
    assert words == ["250 2.0.0 kept"] * 24


def test_a_password_is_never_sent_in_clear_beyond_loopback() -> None:
    with pytest.raises(ValueError, match="in clear"):
        SmtpCourier(CourierSettings(server=HostPort("192.0.2.1", 25), username="a", password="b"))


def test_starttls_is_verified_and_carries_a_message(tmp_path: Path, next_hop: CollectingNextHop) -> None:
    certificate = _make_certificate(tmp_path)
    gate = FakeGate()
    tls: dict[str, Any] = {"tls_certificate": certificate, "tls_key": tmp_path / "key.pem"}
    with run_relay(gate, next_hop.port, **tls) as relay:
        sender = courier(relay.port, security=TransportSecurity.STARTTLS, ca_file=certificate)
        assert sender.send(message()) == "250 2.0.0 kept"
        with pytest.raises(TemporaryFailure):
            courier(relay.port, security=TransportSecurity.STARTTLS).send(message())
        with pytest.raises(TemporaryFailure):
            courier(next_hop.port, security=TransportSecurity.STARTTLS, ca_file=certificate).send(message())
    assert without_trace(next_hop.only_delivery().raw) == RAW
    assert gate.judged[0].receipt.tls.startswith("TLSv1")


def test_what_was_said_before_starttls_does_not_count(tmp_path: Path, next_hop: CollectingNextHop) -> None:
    certificate = _make_certificate(tmp_path)
    with (
        run_relay(
            FakeGate(), next_hop.port, tls_certificate=certificate, tls_key=tmp_path / "key.pem"
        ) as relay,
        Client(relay.port) as client,
    ):
        assert "STARTTLS" in client.hello()
        client.envelope("a@b.test", HEAD)
        client.send(b"STARTTLS\r\nRCPT TO:<injected@b.test>\r\n")
        assert client.reply().startswith("220")
    assert not [command for command in next_hop.commands if "injected" in command]


async def test_a_courier_works_in_a_thread_beside_a_running_loop(next_hop: CollectingNextHop) -> None:
    words = await asyncio.to_thread(courier(next_hop.port).send, message())
    assert words.startswith("250")
