"""Fetching from a server that does not give everything: nothing is taken for done that may still be there."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Semaphore
from typing import cast

import pytest

from mailguard.adapters.imap_fetch import MessageFetcher
from mailguard.adapters.imap_session import ConnectionGone, ImapRefused, ImapSession, MessageHead


@dataclass
class Server:
    """A folder in memory. ``refused`` makes a FETCH of any of them fail; ``mute`` answers without them."""

    messages: dict[int, bytes]
    refused: set[int] = field(default_factory=set)
    mute: set[int] = field(default_factory=set)
    deadly: set[int] = field(default_factory=set)

    def heads(self, uids: Sequence[int]) -> list[MessageHead]:
        return [
            MessageHead(uid, len(self.messages[uid]), None, ())
            for uid in uids
            if uid in self.messages and uid not in self.mute
        ]

    def bodies(self, uids: Sequence[int]) -> dict[int, bytes]:
        if self.deadly & set(uids):
            raise ConnectionGone("the server died")
        if self.refused & set(uids):
            raise ImapRefused("FETCH: NO")
        return {uid: self.messages[uid] for uid in uids if uid in self.messages and uid not in self.mute}

    def has_uid(self, uid: int) -> bool:
        return uid in self.messages


@dataclass
class Bench:
    server: Server
    alarms: list[str] = field(default_factory=list)
    large: Semaphore = field(default_factory=lambda: Semaphore(1))

    def __post_init__(self) -> None:
        self.fetcher = MessageFetcher(
            account_id="m-1",
            batch_messages=10,
            batch_bytes=100,
            large=self.large,
            on_alarm=lambda word, about: self.alarms.append(word),
        )

    def fetch(self, *uids: int, one_by_one: bool = False) -> dict[int, bytes]:
        session = cast(ImapSession, self.server)
        found = {}
        for batch in self.fetcher.batches(session, uids):
            for head, raw in self.fetcher.fetch(session, batch, one_by_one=one_by_one):
                found[head.uid] = raw
        return found


def test_batches_are_few_messages_and_few_bytes() -> None:
    server = Server({uid: b"x" * (60 if uid < 4 else 500) for uid in range(1, 6)})
    bench = Bench(server)
    batches = bench.fetcher.batches(cast(ImapSession, server), [1, 2, 3, 4, 5])
    assert [[head.uid for head in batch] for batch in batches] == [[1], [2], [3], [4], [5]]
    assert set(bench.fetch(1, 2, 3, 4, 5)) == {1, 2, 3, 4, 5}
    assert bench.large.acquire(blocking=False)


def test_message_that_has_gone_is_told_from_one_that_is_not_given() -> None:
    bench = Bench(Server({1: b"a", 2: b"b"}, mute={2}))
    assert bench.fetch(1, 2, 3) == {1: b"a"}
    assert bench.fetcher.gone == {3}
    assert bench.fetcher.has_failed


def test_one_refused_message_does_not_keep_the_others_back() -> None:
    bench = Bench(Server({1: b"a", 2: b"b", 3: b"c"}, refused={2}))
    assert set(bench.fetch(1, 2, 3)) == {1, 3}
    assert bench.fetcher.gone == set()


def test_unfetchable_message_is_left_out_for_a_while_and_somebody_is_told() -> None:
    bench = Bench(Server({1: b"a", 2: b"b"}, deadly={1}))
    for _ in range(3):
        with pytest.raises(ConnectionGone):
            bench.fetch(1, 2, one_by_one=True)
    assert bench.alarms == ["mailbox_message_unfetchable"]
    assert bench.fetch(1, 2) == {2: b"b"}
    assert bench.fetcher.has_failed


def test_message_fetched_after_all_is_forgotten_as_failed() -> None:
    bench = Bench(Server({1: b"a"}, refused={1}))
    assert bench.fetch(1) == {}
    bench.server.refused.clear()
    assert bench.fetch(1) == {1: b"a"}
    assert not bench.fetcher.has_failed
