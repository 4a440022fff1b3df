"""Past messages from files: an archive has no record of what was decided, so two sets of parts are compared."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial

from mailguard.app.inspect import envelope_of, header_block
from mailguard.app.replay import PastMessage, Replayed, Replayer
from mailguard.app.replay_store import Unread
from mailguard.cli.mail_sources import FoundMessage, find_messages, read_message
from mailguard.domain.message import Envelope, MessageFacts
from mailguard.reading.message import read

# Below this many messages a second process costs more than it saves.
_WORTH_A_POOL = 150

_worker: Replayer | None = None


def replayed_archive(
    paths: tuple[str, ...], replayer: Replayer, *, since: datetime | None, now: datetime, total: int
) -> Iterator[Replayed | Unread]:
    """Every message in the order given. ``since`` None: all of them; those that came before are left out."""
    cores = len(os.sched_getaffinity(0))
    messages = find_messages(paths)
    if total < _WORTH_A_POOL or cores < 2:
        answers = (replay_file(found, replayer, since=since, now=now) for found in messages)
        yield from (answer for answer in answers if answer is not None)
        return
    # Forked workers share what was just loaded; answers stream back in the order given.
    global _worker
    _worker = replayer
    with multiprocessing.get_context("fork").Pool(cores) as pool:
        for answer in pool.imap(partial(_work, since=since, now=now), messages, chunksize=16):
            if answer is not None:
                yield answer


def _work(found: FoundMessage, *, since: datetime | None, now: datetime) -> Replayed | Unread | None:
    assert _worker is not None
    return replay_file(found, _worker, since=since, now=now)


def replay_file(
    found: FoundMessage, replayer: Replayer, *, since: datetime | None, now: datetime
) -> Replayed | Unread | None:
    """One message of an archive; None when it came before `since`."""
    loaded = read_message(found)
    if loaded.raw is None:
        return Unread(loaded.label, loaded.error)
    head = read(header_block(loaded.raw))
    came_at = came(head, otherwise=now)
    if since is not None and came_at < since:
        return None
    envelope = envelope_of(head)
    if not (envelope.mail_from and envelope.rcpt_tos):
        envelope = envelope_of(read(loaded.raw))
    return replayer.replay(
        PastMessage(label=loaded.label, raw=loaded.raw, envelope=_arrived(envelope), came_at=came_at)
    )


def _arrived(envelope: Envelope) -> Envelope:
    return Envelope(mail_from=envelope.mail_from, rcpt_tos=envelope.rcpt_tos, received_via="relay")


def came(head: MessageFacts, *, otherwise: datetime) -> datetime:
    """When a message came, as the topmost Received says, else its Date, else `otherwise`.

    A header is a claim. Here it dates a question about the past; nothing is granted by it.
    """
    for value in (head.header("received").rpartition(";")[2], head.date_header):
        try:
            at = parsedate_to_datetime(value.strip())
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        aware = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
        if aware <= otherwise:
            return aware.astimezone(UTC)
    return otherwise
