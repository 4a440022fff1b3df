"""Taking messages out of a real Dovecot mailbox: every way, every crash point, and what must stay untouched.

Dovecot obeys MOVE and UID EXPUNGE even when it does not announce them, so these tests also look at the wire.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailguard.adapters.imap_mover import GONE, ImapMover
from mailguard.adapters.imap_settings import HoldIn, MailboxesSettings
from mailguard.app.ports import PermanentFailure, TemporaryFailure
from tests.mailboxes import MailboxBench, SaidJudgement, Wire, mailbox_bench, renumber, sweep, wire_to
from tests.servers import QUARANTINE_FOLDER, DovecotServer, make_message

StartDovecot = Callable[..., DovecotServer]

EVERYTHING: frozenset[str] = frozenset()
WITHOUT_MOVE = frozenset({"MOVE"})
WITHOUT_UIDPLUS = frozenset({"UIDPLUS"})
WITHOUT_BOTH = frozenset({"MOVE", "UIDPLUS"})


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[MailboxBench]:
    with mailbox_bench(tmp_path) as made:
        yield made


class Killed(BaseException):
    """A death at a failpoint."""


def die_at(name: str) -> Callable[[str], None]:
    def reach(point: str) -> None:
        if point == name:
            raise Killed

    return reach


class Scene:
    """A mailbox with two messages: one held, one that its owner has marked \\Deleted and must keep."""

    def __init__(self, dovecot: DovecotServer, bench: MailboxBench, wire: Wire, hold: HoldIn) -> None:
        self.dovecot, self.wire = dovecot, wire
        self.user = dovecot.new_user()
        self.settings: MailboxesSettings = bench.settings(
            bench.account(dovecot, self.user, port=wire.port), hold=hold
        )
        dovecot.deliver(self.user, make_message(body="the owner's own"))
        dovecot.deliver(self.user, make_message(body="please hold"))
        with dovecot.client(self.user) as client:
            client.select_folder("INBOX")
            client.add_flags([1], [b"\\Deleted"])
        sweep(bench, self.settings)
        self.held: SaidJudgement = bench.gate.only_recorded()
        wire.said = b""

    def take_out(self, *, expected_sha256: str = "", failpoint: Callable[[str], None] | None = None) -> str:
        """As a freshly started effects worker would."""
        mover = ImapMover(self.settings, failpoint=failpoint or (lambda name: None))
        try:
            return mover.take_out(self.held.location, expected_sha256=expected_sha256 or self.held.sha256)
        finally:
            mover.close()

    def inbox(self) -> set[int]:
        return set(self.dovecot.messages(self.user))

    def quarantine(self) -> list[bytes]:
        return list(self.dovecot.messages(self.user, QUARANTINE_FOLDER).values())


@pytest.fixture
def make_scene(
    start_dovecot: StartDovecot, dovecot: DovecotServer, bench: MailboxBench
) -> Iterator[Callable[..., Scene]]:
    wires = []

    def make(without: frozenset[str], hold: HoldIn) -> Scene:
        server = start_dovecot(without=without) if without else dovecot
        manager = wire_to(server.imap_port)
        wires.append(manager)
        return Scene(server, bench, manager.__enter__(), hold)

    yield make
    for manager in wires:
        manager.__exit__(None, None, None)


def test_store_removes_the_held_message_alone(make_scene: Callable[..., Scene]) -> None:
    scene = make_scene(EVERYTHING, HoldIn.STORE)
    assert "UID EXPUNGE" in scene.take_out()
    assert scene.inbox() == {1}
    assert scene.quarantine() == []
    assert scene.take_out() == GONE


def test_folder_moves_with_move_where_it_is_announced(make_scene: Callable[..., Scene]) -> None:
    scene = make_scene(EVERYTHING, HoldIn.FOLDER)
    assert "(MOVE, UID 1)" in scene.take_out()
    assert "UID MOVE" in scene.wire.commands()
    assert scene.inbox() == {1}
    assert scene.quarantine() == [scene.held.raw]
    assert scene.take_out() == GONE
    assert len(scene.quarantine()) == 1


def test_folder_without_move_copies_then_expunges_that_uid(make_scene: Callable[..., Scene]) -> None:
    scene = make_scene(WITHOUT_MOVE, HoldIn.FOLDER)
    assert "UID EXPUNGE" in scene.take_out()
    commands = scene.wire.commands()
    assert "UID MOVE" not in commands
    assert commands.index("UID COPY") < commands.index("UID STORE") < commands.index("UID EXPUNGE")
    assert scene.inbox() == {1}
    assert scene.quarantine() == [scene.held.raw]


def test_store_without_uidplus_moves_to_the_folder_and_says_so(make_scene: Callable[..., Scene]) -> None:
    scene = make_scene(WITHOUT_UIDPLUS, HoldIn.STORE)
    assert "has no UIDPLUS" in scene.take_out()
    assert not {"EXPUNGE", "UID EXPUNGE", "CLOSE"} & set(scene.wire.commands())
    assert scene.inbox() == {1}
    assert scene.quarantine() == [scene.held.raw]


@pytest.mark.parametrize("hold", list(HoldIn))
def test_without_move_and_uidplus_nothing_is_expunged(make_scene: Callable[..., Scene], hold: HoldIn) -> None:
    scene = make_scene(WITHOUT_BOTH, hold)
    assert "neither MOVE nor UIDPLUS" in scene.take_out()
    assert "neither MOVE nor UIDPLUS" in scene.take_out()
    assert not {"EXPUNGE", "UID EXPUNGE", "CLOSE", "UID MOVE"} & set(scene.wire.commands())
    with scene.dovecot.client(scene.user) as client:
        client.select_folder("INBOX", readonly=True)
        assert b"\\Deleted" in client.get_flags([2])[2]
    assert len(scene.quarantine()) == (1 if hold is HoldIn.FOLDER else 0)


@pytest.mark.parametrize("hold", list(HoldIn))
@pytest.mark.parametrize("without", [EVERYTHING, WITHOUT_MOVE, WITHOUT_UIDPLUS])
@pytest.mark.parametrize("point", ["imap-before-move", "imap-copied", "imap-moved"])
def test_death_at_any_step_leaves_one_copy_and_the_next_try_ends_it(
    make_scene: Callable[..., Scene], hold: HoldIn, without: frozenset[str], point: str
) -> None:
    scene = make_scene(without, hold)
    try:
        scene.take_out(failpoint=die_at(point))
        died = False
    except Killed:
        died = True
    assert died or point == "imap-copied"
    if point == "imap-before-move":
        assert scene.inbox() == {1, 2}
    scene.take_out()
    assert scene.inbox() == {1}
    is_in_folder = hold is HoldIn.FOLDER or without == WITHOUT_UIDPLUS
    assert scene.quarantine() == ([scene.held.raw] if is_in_folder else [])


@pytest.mark.parametrize("hold", list(HoldIn))
def test_other_bytes_under_that_uid_are_never_touched(make_scene: Callable[..., Scene], hold: HoldIn) -> None:
    scene = make_scene(EVERYTHING, hold)
    with pytest.raises(PermanentFailure, match="other bytes"):
        scene.take_out(expected_sha256="0" * 64)
    assert scene.inbox() == {1, 2}


def test_message_is_found_by_its_bytes_after_the_folder_was_numbered_anew(
    make_scene: Callable[..., Scene],
) -> None:
    scene = make_scene(EVERYTHING, HoldIn.STORE)
    renumber(scene.dovecot, scene.user)
    scene.dovecot.deliver(scene.user, make_message(body="newer"))
    scene.take_out()
    left = scene.dovecot.messages(scene.user).values()
    assert len(left) == 2
    assert scene.held.raw not in left


def test_quarantine_folder_is_made_where_it_is_missing(make_scene: Callable[..., Scene]) -> None:
    scene = make_scene(EVERYTHING, HoldIn.FOLDER)
    settings = MailboxesSettings(
        accounts=scene.settings.accounts, hold=HoldIn.FOLDER, quarantine_folder="Für später"
    )
    mover = ImapMover(settings, failpoint=lambda name: None)
    mover.take_out(scene.held.location, expected_sha256=scene.held.sha256)
    mover.close()
    assert list(scene.dovecot.messages(scene.user, "Für später").values()) == [scene.held.raw]


def test_pooled_connection_that_died_is_replaced_and_a_dead_server_is_temporary(
    start_dovecot: StartDovecot, bench: MailboxBench
) -> None:
    server = start_dovecot()
    user = server.new_user()
    settings = bench.settings(bench.account(server, user))
    for number in range(3):
        server.deliver(user, make_message(body=f"please hold {number}"))
    sweep(bench, settings)
    first, second, third = bench.gate.recorded.values()
    mover = ImapMover(settings, failpoint=lambda name: None)
    mover.take_out(first.location, expected_sha256=first.sha256)
    server.kick(user)
    mover.take_out(second.location, expected_sha256=second.sha256)
    mover.close()
    server.stop()
    with pytest.raises(TemporaryFailure):
        mover.take_out(third.location, expected_sha256=third.sha256)
    server.start()
    mover.take_out(third.location, expected_sha256=third.sha256)
    mover.close()
    assert server.messages(user) == {}


@pytest.mark.parametrize("hold", list(HoldIn))
def test_pooled_connection_that_dies_after_it_answered_is_replaced_at_once(
    make_scene: Callable[..., Scene], hold: HoldIn
) -> None:
    """A server that is closing may still answer the NOOP before it goes."""
    scene = make_scene(EVERYTHING, hold)
    mover = ImapMover(scene.settings, failpoint=lambda name: None)
    with pytest.raises(PermanentFailure, match="other bytes"):
        mover.take_out(scene.held.location, expected_sha256="0" * 64)
    scene.wire.cut_at = b"SELECT"
    mover.take_out(scene.held.location, expected_sha256=scene.held.sha256)
    mover.close()
    assert scene.inbox() == {1}
    assert scene.quarantine() == ([scene.held.raw] if hold is HoldIn.FOLDER else [])


def test_what_was_begun_on_a_pooled_connection_is_not_begun_again_at_once(
    make_scene: Callable[..., Scene],
) -> None:
    """The server may be at it still: the queue tries again, when it will be done."""
    scene = make_scene(EVERYTHING, HoldIn.FOLDER)
    mover = ImapMover(scene.settings, failpoint=lambda name: None)
    with pytest.raises(PermanentFailure, match="other bytes"):
        mover.take_out(scene.held.location, expected_sha256="0" * 64)
    scene.wire.cut_at = b"UID MOVE"
    with pytest.raises(TemporaryFailure):
        mover.take_out(scene.held.location, expected_sha256=scene.held.sha256)
    assert "MOVE" in mover.take_out(scene.held.location, expected_sha256=scene.held.sha256)
    mover.close()
    assert scene.quarantine() == [scene.held.raw]


def test_account_no_longer_in_the_settings_is_permanent(
    make_scene: Callable[..., Scene], bench: MailboxBench
) -> None:
    scene = make_scene(EVERYTHING, HoldIn.STORE)
    mover = ImapMover(bench.settings(), failpoint=lambda name: None)
    with pytest.raises(PermanentFailure, match="no longer in the settings"):
        mover.take_out(scene.held.location, expected_sha256=scene.held.sha256)
