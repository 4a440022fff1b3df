"""A running daemon's store decided again by ``mailguard policy replay``."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailguard.app.list_files import ListName
from tests.daemon import Daemon, installed
from tests.mixed_mail import mixture
from tests.schooling import FILES, PUPIL_AT_HOME
from tests.servers import CollectingNextHop
from tests.whole_way import KINDS, assert_trail_is_whole, audit_tags, post, send_until_taken


@pytest.fixture
def daemon(tmp_path: Path, next_hop: CollectingNextHop) -> Iterator[Daemon]:
    with installed(tmp_path, next_hop_port=next_hop.port, parts=("relay", "effects")) as installation:
        yield installation


def replay(daemon: Daemon, *words: str, status: int = 0) -> list[dict]:
    said = daemon.command(
        "policy", "replay", "--json", "--since", "1d", "--state", str(daemon.state), *words, status=status
    )
    return [json.loads(line) for line in said.splitlines()]


def test_a_running_daemon_s_decisions_are_repeated_and_a_worse_list_is_found_out(
    daemon: Daemon, next_hop: CollectingNextHop
):
    daemon.start()
    for kind in KINDS:
        send_until_taken(daemon.port, post(kind))
    for mixed in mixture(25, seed=8):
        send_until_taken(daemon.port, mixed)  # type: ignore[arg-type]
    with daemon.store() as opened:
        tags = audit_tags(opened)
    (last,) = replay(daemon)
    assert last["summary"]["changed"] == 0, last
    assert last["summary"]["messages"] > 10
    worse = daemon.folder / "worse"
    worse.mkdir()
    (worse / "pupils.csv").write_text(FILES[ListName.PUPILS].replace(f" {PUPIL_AT_HOME}", ""), "utf-8")
    *changed, last = replay(daemon, "--lists", str(worse), status=3)
    assert last["summary"]["child_report_lost"] == len(changed) > 0
    daemon.stop()
    with daemon.store() as opened:
        assert [tag for tag in audit_tags(opened) if tag == "cli:policy:replayed"] == 2 * [
            "cli:policy:replayed"
        ]
        assert tags == audit_tags(opened)[: len(tags)]
        assert_trail_is_whole(opened)
