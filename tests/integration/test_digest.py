"""The digest by the real daemon and a real next hop: sent at its hour, or at the next look, and seen by doctor."""

import email
import email.policy
import json
from collections import Counter
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailguard.domain.case import EffectKind, EffectState
from tests.daemon import Daemon, installed
from tests.schooling import DEPUTY, HEAD, TEACHER
from tests.servers import CollectingNextHop, wait_until
from tests.whole_way import all_effects, post, send_until_taken, wait_for_reports

IT = "it@hill.example"
SETTINGS = f"""
[hours]
digest_at = "00:00"
[digest]
admin_address = "{IT}"
[metrics]
textfile = "mailguard.prom"
"""


@pytest.fixture
def daemon(tmp_path: Path, next_hop: CollectingNextHop) -> Iterator[Daemon]:
    """Installed long ago, and not running at the last digest's hour."""
    with installed(tmp_path, next_hop_port=next_hop.port, more=SETTINGS) as installation:
        installation.start()
        send_until_taken(installation.port, post("held"))
        wait_for_reports(installation)
        assert installation.stop() == 0
        with installation.store() as opened, opened.store.transaction() as transaction:
            transaction.ledger.put_state("digest-since", "2026-01-01")
        next_hop.deliveries.clear()
        yield installation


def digests(next_hop: CollectingNextHop, address: str) -> list[EmailMessage]:
    found = []
    for delivery in next_hop.deliveries:
        message = email.message_from_bytes(delivery.raw, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        if delivery.recipients == (address,) and "digest" in str(message["List-Id"]):
            found.append(message)
    return found


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def is_sent(daemon: Daemon) -> bool:
    with daemon.store() as opened:
        sent = [
            each.role
            for each in all_effects(opened)
            if each.kind is EffectKind.DIGEST and each.state is EffectState.DONE
        ]
    return {"head", "admin"} <= set(sent)


def test_a_digest_missed_while_nobody_ran_is_sent_at_the_next_look_and_doctor_knows_it(
    daemon: Daemon, next_hop: CollectingNextHop
) -> None:
    daemon.start()
    wait_until(lambda: is_sent(daemon), "the digests are sent", seconds=30)
    (head,), (admin,) = digests(next_hop, HEAD), digests(next_hop, IT)
    assert "1 report not acknowledged" in head["Subject"]
    assert "child contact to T. Brown" in text_of(head)
    assert str(admin["Subject"]).startswith("[mailguard] health:")
    assert "MG-" not in text_of(admin)
    # Nothing is closed to the Head, so nobody else gets one.
    assert digests(next_hop, DEPUTY) == []
    for message in (head, admin):
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["X-Mailguard"]
        assert TEACHER not in str(message)
    rows = {row["what"]: row for row in json.loads(daemon.command("doctor", "--json", status=None))}
    assert rows["daemon"]["state"] == "ok"
    assert rows["relay"]["state"] == "ok"
    assert rows["digest"]["state"] == "ok"
    assert "last sent" in rows["digest"]["says"]
    metrics = (daemon.folder / "mailguard.prom").read_text("utf-8")
    assert "mailguard_effects_overdue 0.0" in metrics
    assert 'mailguard_cases{state="new"} 1.0' in metrics
    assert daemon.stop() == 0


@pytest.mark.parametrize(("point", "copies"), [("digest-before-send", 1), ("digest-sent", 2)])
def test_killed_at_the_digests_hour_it_comes_after_the_restart_with_one_message_id(
    daemon: Daemon, next_hop: CollectingNextHop, point: str, copies: int
) -> None:
    daemon.start(environment={"MAILGUARD_FAILPOINTS": f"{point}=kill"}, wait=False)
    wait_until(lambda: not daemon.is_running, f"the daemon dies at {point}", seconds=30)
    daemon.start()
    wait_until(lambda: is_sent(daemon), "the digests are sent", seconds=60)
    assert daemon.stop() == 0
    sent = Counter(
        str(message["Message-ID"]) for address in (HEAD, IT) for message in digests(next_hop, address)
    )
    # Both may be on their way when the first of them kills the daemon, so each may come again.
    assert len(sent) == 2
    assert max(sent.values()) <= copies
    with daemon.store() as opened, opened.store.reading() as transaction:
        tags = [event.tag for event in transaction.audit.events()]
    assert tags.count("effects:digest:sent") == 2
