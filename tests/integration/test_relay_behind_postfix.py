"""The relay where it works: between two halves of a real Postfix, after the queue and before it."""

import random
import re
import smtplib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailguard.adapters.clock import SystemClock
from mailguard.app import mark
from tests.relay import MARK_KEY, Client, FakeGate, RunningRelay, run_relay, without_trace
from tests.servers import (
    HOST,
    CollectingNextHop,
    PostfixServer,
    free_port,
    make_message,
    run_postfix,
    wait_until,
)

Start = Callable[..., PostfixServer]
TEACHER = "teacher@school.test"
OTHER = "other@school.test"
# Postfix folds nothing, adds nothing: what it prepends are trace fields, up to this marker.
FIRST_FIELD = b"X-Test-Number: "
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "postfix.md"


class Around:
    """Postfix, the relay as its filter, and the next hop behind it."""

    def __init__(
        self, postfix: PostfixServer, relay: RunningRelay, gate: FakeGate, hop: CollectingNextHop
    ) -> None:
        self.postfix = postfix
        self.relay = relay
        self.gate = gate
        self.hop = hop


@pytest.fixture(params=["after", "before"])
def around(request: pytest.FixtureRequest, next_hop: CollectingNextHop) -> Iterator[Around]:
    filter_port, reinject_port = free_port(), free_port()
    gate = FakeGate()
    with (
        run_relay(gate, reinject_port, port=filter_port) as relay,
        run_postfix(
            request.param, filter_port=filter_port, reinject_port=reinject_port, next_hop=next_hop.transport
        ) as postfix,
    ):
        yield Around(postfix, relay, gate, next_hop)


def odd_messages(count: int) -> list[bytes]:
    """Bodies with dots, long lines, eight-bit bytes, white space at line ends and no final thought."""
    source = random.Random(20261123)
    pieces = [
        b".", b"..", b". .", b"", b" ", b"\t", b"From me", b"\xff\xfe\x80", "zoë ✓".encode(), b"trailing   ",
        b"=3D=20", b"--boundary", b"x" * 990, b".x" * 200,
        b"Content-Type: fake/part", b"\x7f\x1b[0m",
    ]  # fmt: skip
    messages = []
    for number in range(count):
        lines = [source.choice(pieces) for _ in range(source.randrange(0, 30))]
        extra = source.choice([b"", b"X-Odd:\r\n", b"X-Odd: a\r\n\tb\r\n  c\r\n", b"x-mailguard: forged\r\n"])
        messages.append(
            FIRST_FIELD + str(number).encode() + b"\r\n" + extra + make_message(subject=f"odd {number}")
            + b"".join(line + b"\r\n" for line in lines)
        )  # fmt: skip
    return messages


def test_three_hundred_odd_messages_arrive_byte_for_byte(around: Around) -> None:
    messages = odd_messages(300)
    with smtplib.SMTP(HOST, around.postfix.smtp_port, local_hostname="client.test") as client:
        for raw in messages:
            client.sendmail("parent@outside.test", [TEACHER], raw, mail_options=["BODY=8BITMIME"])
    deliveries = around.hop.wait_for(len(messages), seconds=60)
    arrived = {}
    for delivery in deliveries:
        trace, marker, rest = delivery.raw.partition(FIRST_FIELD)
        assert trace.count(b"X-Mailguard: v1 ") == 1
        arrived[int(rest.split(b"\r\n")[0])] = marker + rest
    assert [arrived[number] for number in range(len(messages))] == messages
    assert len(deliveries) == len(messages)
    assert len(around.gate.counted) == len(messages)


def test_held_recipients_get_nothing_and_the_others_get_it_once(around: Around) -> None:
    around.gate.held = {TEACHER}
    raw = FIRST_FIELD + b"1\r\n" + make_message()
    with smtplib.SMTP(HOST, around.postfix.smtp_port, local_hostname="client.test") as client:
        client.sendmail("pupil@outside.test", [TEACHER, OTHER], raw)
        client.sendmail("pupil@outside.test", [TEACHER], raw)
    around.hop.wait_for(1)
    around.postfix.wait_until_queue_is_empty()
    recipients = [address for delivery in around.hop.deliveries for address in delivery.recipients]
    assert recipients == [OTHER]
    held = {judged.envelope.rcpt_tos for judged in around.gate.recorded}
    assert any(TEACHER in addresses for addresses in held)


def test_dsn_parameters_and_smtputf8_go_all_the_way(around: Around) -> None:
    with Client(around.postfix.smtp_port) as client:
        client.hello()
        assert client.say(
            "MAIL FROM:<zoë@outside.test> SMTPUTF8 BODY=8BITMIME RET=HDRS ENVID=QQ314159"
        ).startswith("250")
        assert client.say(f"RCPT TO:<{TEACHER}> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;t@orig.test").startswith(
            "250"
        )
        assert client.data(make_message(subject="grüße")).startswith("250")
    delivery = around.hop.only_delivery()
    assert delivery.mail_from == "zoë@outside.test"
    assert {"SMTPUTF8", "BODY=8BITMIME", "RET=HDRS", "ENVID=QQ314159"} <= set(delivery.mail_parameters)
    assert {"NOTIFY=SUCCESS,DELAY", "ORCPT=rfc822;t@orig.test"} <= set(delivery.recipient_parameters[0])


def test_the_relay_learns_who_the_client_was(around: Around) -> None:
    with smtplib.SMTP(HOST, around.postfix.smtp_port, local_hostname="helo-of-client.test") as client:
        client.sendmail("parent@outside.test", [TEACHER], make_message())
    around.hop.wait_for(1)
    receipt = around.gate.judged[0].receipt
    assert (receipt.client_ip, receipt.helo) == (HOST, "helo-of-client.test")
    assert receipt.protocol == "ESMTP"
    assert receipt.queue_id or around.postfix.mode == "before"


def test_a_gate_that_fails_keeps_the_mail_with_postfix_or_its_client(around: Around) -> None:
    def fail() -> None:
        raise RuntimeError("secret")

    around.gate.judging = fail
    raw = FIRST_FIELD + b"1\r\n" + make_message()
    with smtplib.SMTP(HOST, around.postfix.smtp_port, local_hostname="client.test") as client:
        if around.postfix.mode == "before":
            with pytest.raises(smtplib.SMTPDataError) as refused:
                client.sendmail("parent@outside.test", [TEACHER], raw)
            assert refused.value.smtp_code == 451
            assert b"secret" not in refused.value.smtp_error
        else:
            client.sendmail("parent@outside.test", [TEACHER], raw)
            wait_until(lambda: "status=deferred" in around.postfix.log(), "the message is deferred")
        assert around.hop.deliveries == []
        around.gate.judging = lambda: None
        if around.postfix.mode == "before":
            client.sendmail("parent@outside.test", [TEACHER], raw)
    around.postfix.flush()
    assert around.hop.only_delivery().raw.endswith(raw)


def test_a_next_hop_that_is_down_keeps_the_mail_with_postfix(
    start_postfix: Start, next_hop: CollectingNextHop
) -> None:
    filter_port, dead_port = free_port(), next_hop.port
    next_hop.go_down()
    with run_relay(FakeGate(), dead_port, port=filter_port):
        postfix = start_postfix("after", filter_port=filter_port, next_hop=next_hop.transport)
        with smtplib.SMTP(HOST, postfix.smtp_port, local_hostname="client.test") as client:
            client.sendmail("parent@outside.test", [TEACHER], make_message())
        wait_until(lambda: "status=deferred" in postfix.log(), "the message is deferred")
        assert "status=bounced" not in postfix.log()
        next_hop.come_up()
        postfix.flush()
        next_hop.only_delivery()
        postfix.wait_until_queue_is_empty()


def test_a_relay_that_is_down_keeps_the_mail_with_postfix(
    start_postfix: Start, next_hop: CollectingNextHop
) -> None:
    filter_port = free_port()
    postfix = start_postfix("after", filter_port=filter_port, next_hop=next_hop.transport)
    with smtplib.SMTP(HOST, postfix.smtp_port, local_hostname="client.test") as client:
        client.sendmail("parent@outside.test", [TEACHER], make_message())
    wait_until(lambda: "status=deferred" in postfix.log(), "the message is deferred")
    with run_relay(FakeGate(), postfix.reinject_port, port=filter_port):
        postfix.flush()
        next_hop.only_delivery()


def test_a_refusal_behind_the_relay_reaches_the_client_at_rcpt_before_the_queue(
    start_postfix: Start, next_hop: CollectingNextHop
) -> None:
    filter_port = free_port()
    next_hop.script.recipients[OTHER] = "550 5.1.1 nobody of that name"
    with run_relay(FakeGate(), next_hop.port, port=filter_port):
        postfix = start_postfix("before", filter_port=filter_port, next_hop=next_hop.transport)
        with Client(postfix.smtp_port) as client:
            client.hello()
            replies = client.envelope("a@outside.test", TEACHER, OTHER)
            assert replies[2].startswith("550 5.1.1")
            assert client.data(make_message()).startswith("250")
    assert next_hop.only_delivery().recipients == (TEACHER,)


def test_marks_hold_for_what_finally_arrives(around: Around) -> None:
    with smtplib.SMTP(HOST, around.postfix.smtp_port, local_hostname="client.test") as client:
        client.sendmail("parent@outside.test", [TEACHER, OTHER], make_message())
    for delivery in around.hop.wait_for(1):
        raw = delivery.raw
        value = (
            raw.partition(b"X-Mailguard:")[2]
            .partition(b"\r\nFrom:")[0]
            .partition(b"\r\nReceived:")[0]
            .decode()
        )
        for address in delivery.recipients:
            assert mark.is_valid_for(
                value,
                key=MARK_KEY,
                body_digest=mark.body_sha256(raw),
                recipients=[address],
                now=SystemClock().now(),
            )
        assert without_trace(raw[raw.index(b"X-Mailguard") :]).startswith((b"From:", b"Received:"))


@pytest.mark.parametrize("mode", ["after", "before"])
def test_the_lines_of_the_page_carry_mail_even_where_main_cf_wants_tls_of_everyone(
    mode: str, next_hop: CollectingNextHop
) -> None:
    filter_port, reinject_port = free_port(), free_port()

    def of_page(name: str, number: int) -> str:
        blocks = re.findall(rf"^```cf {name}\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
        return str(blocks[number]).replace("10025", str(filter_port)).replace("10026", str(reinject_port))

    def services(smtp_port: int) -> str:
        outer = f"{HOST}:{smtp_port} inet n - n - - smtpd\n  -o smtpd_tls_security_level=none\n"
        # What faces the tests' own servers, which speak no TLS.
        plain = "plain unix - - n - - smtp\n  -o smtp_tls_security_level=none\n"
        if mode == "after":
            return outer + plain + of_page("master.cf", 0)
        return plain + of_page("master.cf", 1).replace(
            "smtp      inet  n       -       n       -       20      smtpd\n", outer
        )

    settings = {
        "smtp_tls_security_level": "encrypt",
        "smtpd_tls_security_level": "encrypt",
        "default_transport": f"plain:{next_hop.transport.partition(':')[2]}",
        "relay_transport": f"plain:{next_hop.transport.partition(':')[2]}",
    }
    if mode == "after":
        lines = of_page("main.cf", 0).splitlines()
        settings |= {name: value for name, _, value in (each.partition(" = ") for each in lines) if value}
    gate = FakeGate()
    with (
        run_relay(gate, reinject_port, port=filter_port),
        run_postfix(
            mode,  # type: ignore[arg-type]
            filter_port=filter_port,
            reinject_port=reinject_port,
            next_hop=next_hop.transport,
            settings=settings,
            services=services,
        ) as postfix,
    ):
        with smtplib.SMTP(HOST, postfix.smtp_port, local_hostname="client.test") as client:
            client.sendmail("parent@outside.test", [TEACHER, OTHER], FIRST_FIELD + b"1\r\n" + make_message())
        if mode == "after":
            next_hop.wait_for(2)
        postfix.wait_until_queue_is_empty()
    recipients = [address for delivery in next_hop.deliveries for address in delivery.recipients]
    assert sorted(recipients) == [OTHER, TEACHER]
    judged = [address for each in gate.counted for address in each.envelope.rcpt_tos]
    assert sorted(judged) == [OTHER, TEACHER]
    if mode == "after":
        assert {len(each.envelope.rcpt_tos) for each in gate.counted} == {1}
