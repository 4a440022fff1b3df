"""The running daemon takes another model under traffic, goes dark when it is altered, and comes back by a rollback."""

import contextlib
import json
import smtplib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from mailguard.adapters.store.opening import OpenedStore
from mailguard.classifier.registry import SHIPPED, VERSIONS, ModelRegistry
from mailguard.config import load_config
from mailguard.model_wiring import MODEL_DARK, MODEL_REPLACED, promoter_of, registry_of
from tests.daemon import Daemon, installed
from tests.models import SIGNED_AT, alter
from tests.schooling import CHAIR, DEPUTY, HEAD, STRANGER
from tests.servers import HOST, CollectingNextHop, wait_until
from tests.whole_way import all_cases, assert_trail_is_whole, audit_tags, held_bytes, post, try_to_send

_IT = "it@hill.example"


@pytest.fixture
def daemon(tmp_path: Path, next_hop: CollectingNextHop) -> Iterator[Daemon]:
    with installed(tmp_path, next_hop_port=next_hop.port) as installation:
        yield installation


def registry_at(daemon: Daemon, opened: OpenedStore) -> ModelRegistry:
    return registry_of(load_config(daemon.config), daemon.state, opened.store.keys)


def add_like_shipped(daemon: Daemon, note: str) -> str:
    """A candidate of this school that answers as the shipped model does, under an id of its own."""
    with daemon.store() as opened:
        registry = registry_at(daemon, opened)
        shipped = registry.folder_of(SHIPPED)
        manifest = json.loads((shipped / "manifest.json").read_bytes())
        return registry.add(
            weights=(shipped / "weights.npz").read_bytes(),
            manifest={
                **manifest,
                "note": note,
                "gates": [{"name": "kind-right", "set": "test", "pass": True}],
            },
            key=opened.store.keys.model_key,
            signed_at=SIGNED_AT,
        )


def promote(daemon: Daemon, model_id: str) -> None:
    """As the command does after it has measured, which tests/unit/cli/test_model.py sees."""
    with daemon.store() as opened:
        promoter = promoter_of(load_config(daemon.config), daemon.state, opened.store)
        serial = promoter.current().serial
        promoter.promote(model_id, by="I. Admin", reason="a test", is_forced=False, expected_serial=serial)


@dataclass(slots=True)
class Client:
    """One connection that is kept for its whole life, and sends clear mail over it."""

    port: int
    sent: list[bytes] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        try:
            with contextlib.closing(smtplib.SMTP(HOST, self.port, "client.test", timeout=30)) as client:
                while not self.stopping.is_set():
                    each = post("clear")
                    client.sendmail(each.mail_from, list(each.recipients), each.raw)
                    self.sent.append(each.raw)
                    self.stopping.wait(0.02)
        except (OSError, smtplib.SMTPException) as error:
            self.faults.append(repr(error))


@contextlib.contextmanager
def traffic(port: int, *, clients: int) -> Iterator[list[Client]]:
    running = [Client(port) for _ in range(clients)]
    threads = [threading.Thread(target=client.run) for client in running]
    for thread in threads:
        thread.start()
    try:
        yield running
    finally:
        for client in running:
            client.stopping.set()
        for thread in threads:
            thread.join(30)


def test_a_model_is_promoted_and_rolled_back_under_traffic_and_no_connection_is_dropped(
    daemon: Daemon, next_hop: CollectingNextHop
):
    daemon.start()
    model_id = add_like_shipped(daemon, "one")
    with traffic(daemon.port, clients=3) as clients, daemon.store() as opened:
        wait_until(lambda: all(len(client.sent) > 3 for client in clients), "traffic", seconds=30)
        promote(daemon, model_id)
        wait_until(lambda: MODEL_REPLACED in audit_tags(opened), "the new model in force", seconds=20)
        wait_until(lambda: try_to_send(daemon.port, post("held")), "a held message")
        wait_until(lambda: all_cases(opened) != (), "its case")
        daemon.command("model", "rollback", "--by", "I. Admin", "--reason", "a test")
        wait_until(lambda: audit_tags(opened).count(MODEL_REPLACED) == 2, "the old one again", seconds=20)
        (case,) = all_cases(opened)
        assert case.decision.versions.model == model_id
        counts = [len(client.sent) for client in clients]
        wait_until(
            lambda: all(len(client.sent) > count for client, count in zip(clients, counts, strict=True)),
            "traffic goes on",
        )
    assert [client.faults for client in clients] == [[], [], []]
    sent = {raw for client in clients for raw in client.sent}
    got = [each.raw for each in next_hop.deliveries]
    assert all(any(delivered.endswith(raw) for delivered in got) for raw in sent)
    with daemon.store() as opened:
        tags = audit_tags(opened)
        assert tags.count("model:version:promoted") == tags.count("model:version:rolled-back") == 1
        assert_trail_is_whole(opened)


def test_an_altered_model_goes_dark_with_an_alarm_lists_go_on_and_a_rollback_ends_it(
    daemon: Daemon, next_hop: CollectingNextHop
):
    def told(words: bytes) -> list[str]:
        return sorted(
            address for each in next_hop.deliveries if words in each.raw for address in each.recipients
        )

    daemon.config.write_text(daemon.config.read_text() + f'\n[digest]\nadmin_address = "{_IT}"\n')
    daemon.start()
    model_id = add_like_shipped(daemon, "two")
    promote(daemon, model_id)
    with daemon.store() as opened:
        wait_until(lambda: MODEL_REPLACED in audit_tags(opened), "the new model in force", seconds=20)
        alter(registry_at(daemon, opened).folder / VERSIONS / model_id / "weights.npz", 0.5)
        wait_until(lambda: MODEL_DARK in audit_tags(opened), "dark", seconds=20)
    assert '"model_dark"' in daemon.log_text
    everybody = sorted([HEAD, DEPUTY, CHAIR, _IT])
    wait_until(lambda: told(b"[mailguard] No model is in use") == everybody, "mail to people", seconds=20)
    doctor = daemon.command("doctor", status=None)
    assert "FAIL  model" in doctor
    assert "not the file that was signed" in doctor
    assert json.loads(daemon.command("model", "status", "--json", status=3))["problem"]
    sent = post("held")
    assert try_to_send(daemon.port, sent)
    with daemon.store() as opened:
        wait_until(lambda: all_cases(opened) != (), "the case")
        assert list(held_bytes(opened).values()) == [[sent.raw]]
        (case,) = all_cases(opened)
        assert case.decision.versions.model == ""
        assert int(case.decision.level) == 3
    daemon.command("model", "rollback", "--by", "I. Admin", "--reason", "altered files")
    with daemon.store() as opened:
        wait_until(lambda: audit_tags(opened).count(MODEL_REPLACED) == 2, "the shipped one", seconds=20)
        assert_trail_is_whole(opened)
    assert "FAIL  model" not in daemon.command("doctor", status=None)
    # Told only when it has lasted ten minutes: tests/unit/app/test_model_alarm.py.
    assert told(b"[mailguard] A model is in use again") == []


def test_every_relay_worker_takes_the_new_model_and_one_event_is_on_the_record(
    daemon: Daemon, next_hop: CollectingNextHop
):
    daemon.config.write_text(daemon.config.read_text().replace("[relay]", "[relay]\nworkers = 2"))
    daemon.start()
    wait_until(lambda: daemon.log_text.count('"relay_started"') >= 2, "two workers", seconds=40)
    model_id = add_like_shipped(daemon, "three")
    promote(daemon, model_id)
    wait_until(lambda: daemon.log_text.count('"model_replaced"') >= 3, "parent and workers", seconds=30)
    for _ in range(6):
        assert try_to_send(daemon.port, post("held"))
    with daemon.store() as opened:
        wait_until(lambda: len(all_cases(opened)) >= 1, "cases")
        assert {case.decision.versions.model for case in all_cases(opened)} == {model_id}
        assert audit_tags(opened).count(MODEL_REPLACED) == 1


def test_a_pointer_removed_under_a_running_daemon_is_put_back_with_an_alarm(
    daemon: Daemon, next_hop: CollectingNextHop
):
    daemon.start()
    model_id = add_like_shipped(daemon, "four")
    promote(daemon, model_id)
    with daemon.store() as opened:
        wait_until(lambda: MODEL_REPLACED in audit_tags(opened), "the new model in force", seconds=20)
        registry = registry_at(daemon, opened)
        (registry.folder / "promoted.json").unlink()
        wait_until(lambda: "model:pointer:restored" in audit_tags(opened), "restored", seconds=20)
        assert registry.pointer().promoted == model_id
    assert '"model_pointer_restored"' in daemon.log_text
    time.sleep(1.0)
    assert '"model_dark"' not in daemon.log_text


def test_a_daemon_counts_what_the_model_says_and_draws_a_sample_of_delivered_mail(
    daemon: Daemon, next_hop: CollectingNextHop
):
    daemon.config.write_text(
        daemon.config.read_text() + "\n[labelling]\nblind_per_week = 4\nuncertain_per_week = 0\n"
    )
    daemon.start()
    # Seven letters: copies of one would be one.
    clear = [replace(each := post("clear"), raw=each.raw + b"number %d\r\n" % number) for number in range(7)]
    for each in (*clear, post("held"), post("reported")):
        assert try_to_send(daemon.port, each)
    assert daemon.stop() == 0
    with daemon.store() as opened, opened.store.reading() as transaction:
        samples = transaction.samples.waiting()
        assert len(samples) == 4
        kept = [opened.blobs.get(each.blob_id) for each in samples]
        model = registry_at(daemon, opened).classifier().model_id
        counts = transaction.scores.of_model(model)
    assert all(raw in [each.raw for each in clear] for raw in kept)
    assert sum(each.count for each in counts if each.series == "kind") == 9
    assert STRANGER not in daemon.log_text
