"""One school's store over SQLAlchemy Core.

FAILURE: killed inside a block, nothing of it is there; killed after it, all of it is (WAL with
synchronous=FULL, or PostgreSQL's synchronous_commit). Writers of a school queue: on SQLite by BEGIN
IMMEDIATE, on PostgreSQL by a lock on the row of the audit chain's head, so no gap or fork of the chain can
arise and T1's look-ups stay true.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection, Engine, select, text, union_all

from mailguard.adapters.keys import SchoolKeys
from mailguard.adapters.store.accounts import SqlAccounts
from mailguard.adapters.store.audit_log import SqlAuditLog
from mailguard.adapters.store.cases import SqlCases
from mailguard.adapters.store.effects import SqlEffects
from mailguard.adapters.store.engines import Engines, database_errors_as_failures
from mailguard.adapters.store.exports import SqlExports
from mailguard.adapters.store.learning import SqlLearning, SqlScoreCounts
from mailguard.adapters.store.ledger import SqlLedger
from mailguard.adapters.store.links import SqlLinks
from mailguard.adapters.store.list_history import SqlListHistory
from mailguard.adapters.store.review_queue import SqlReviewQueue
from mailguard.adapters.store.rota import SqlGlass, SqlRota
from mailguard.adapters.store.samples import SqlSamples
from mailguard.adapters.store.sealing import Sealer
from mailguard.adapters.store.sessions import SqlSessions
from mailguard.adapters.store.tables import audit_heads, blobs, messages
from mailguard.adapters.store.tables_learning import labelled_examples, samples
from mailguard.adapters.store.take_downs import SqlTakeDowns
from mailguard.app.failpoints import reach
from mailguard.app.ports import Clock
from mailguard.app.ports_learning import Withdrawn
from mailguard.app.ports_store import EffectRecord
from mailguard.domain.case import EffectKind


class SqlTransaction:
    """``app.ports_store.Transaction``."""

    def __init__(
        self,
        connection: Connection,
        *,
        school: str,
        sealer: Sealer,
        now: datetime,
        message_id_domain: str,
        draw_number: Callable[[int], int],
    ) -> None:
        self.now = now
        self.cases = SqlCases(connection, school=school, sealer=sealer, now=now, draw_number=draw_number)
        self.effects = SqlEffects(
            connection, school=school, sealer=sealer, now=now, message_id_domain=message_id_domain
        )
        self.audit = SqlAuditLog(connection, school=school, now=now)
        self.ledger = SqlLedger(connection, school=school, sealer=sealer, now=now)
        self.exports = SqlExports(connection, school=school, sealer=sealer)
        self.links = SqlLinks(connection, school=school, now=now)
        self.queue = SqlReviewQueue(connection, school=school, sealer=sealer, cases=self.cases, now=now)
        self.accounts = SqlAccounts(connection, school=school, sealer=sealer, now=now)
        self.sessions = SqlSessions(connection, school=school, sealer=sealer, now=now)
        self.rota = SqlRota(connection, school=school, sealer=sealer, now=now)
        self.glass = SqlGlass(connection, school=school, sealer=sealer)
        self.learning = SqlLearning(connection, school=school, sealer=sealer, now=now)
        self.samples = SqlSamples(connection, school=school, sealer=sealer, now=now)
        self.scores = SqlScoreCounts(connection, school=school)
        self.lists = SqlListHistory(connection, school=school, sealer=sealer)
        self.take_downs = SqlTakeDowns(connection, school=school, sealer=sealer, now=now)


class SqlStore:
    """``app.ports_store.Store`` and ``BlobKeys``; made by ``opening.open_store``.

    ``keys`` are the school's; ``schema`` is the number of the schema, which opening has made the newest.
    """

    def __init__(
        self,
        engines: Engines,
        *,
        school: str,
        keys: SchoolKeys,
        clock: Clock,
        message_id_domain: str,
        schema: int,
        draw_number: Callable[[int], int],
    ) -> None:
        self._engines = engines
        self._sealer = Sealer(keys, school)
        self._clock = clock
        self._message_id_domain = message_id_domain
        self._draw_number = draw_number
        self.school = school
        self.keys = keys
        self.schema = schema

    @property
    def place(self) -> str:
        """The database's file or address, without a password."""
        return self._engines.place

    def close(self) -> None:
        """Give the connections back; SQLite's write-ahead log is folded in by the last one."""
        self._engines.dispose()

    @contextmanager
    def transaction(self, name: str = "") -> Iterator[SqlTransaction]:
        with self._open(self._engines.writing, is_serialised=True) as transaction:
            yield transaction
            if name:
                reach(f"{name}-before-commit")
        if name:
            reach(f"{name}-committed")

    @contextmanager
    def reading(self) -> Iterator[SqlTransaction]:
        with self._open(self._engines.reading, is_serialised=False) as transaction:
            yield transaction

    def lease_due(
        self, *, owner: str, lease_seconds: float, kinds: Collection[EffectKind] | None = None
    ) -> EffectRecord | None:
        with self.reading() as transaction:
            if not transaction.effects.has_due(kinds):
                return None
        with self._open(self._engines.writing, is_serialised=False) as transaction:
            effect = transaction.effects.lease(owner=owner, lease_seconds=lease_seconds, kinds=kinds)
        if effect is not None:
            reach("effect-leased")
        return effect

    def renew_lease(self, effect: EffectRecord, *, lease_seconds: float) -> EffectRecord | None:
        with self._open(self._engines.writing, is_serialised=False) as transaction:
            return transaction.effects.renew(effect, lease_seconds=lease_seconds)

    def put_blob_key(self, blob_id: str, *, wrapped_key: bytes, sha256: str, size_bytes: int) -> None:
        with self._connected(self._engines.writing) as connection:
            connection.execute(
                blobs.insert().values(
                    school=self.school,
                    blob_id=blob_id,
                    wrapped_key=wrapped_key,
                    sha256=sha256,
                    size_bytes=size_bytes,
                    put_at=self._clock.now(),
                )
            )

    def blob_key(self, blob_id: str) -> tuple[bytes, str] | None:
        query = select(blobs.c.wrapped_key, blobs.c.sha256).where(
            blobs.c.school == self.school, blobs.c.blob_id == blob_id
        )
        with self._connected(self._engines.reading) as connection:
            row = connection.execute(query).first()
        return None if row is None or row.wrapped_key is None else (bytes(row.wrapped_key), row.sha256)

    def drop_blob_key(self, blob_id: str) -> None:
        statement = (
            blobs.update()
            .where(blobs.c.school == self.school, blobs.c.blob_id == blob_id)
            .values(wrapped_key=None)
        )
        # What cannot be read teaches nothing any more, whoever let the key go and why.
        withdrawn = (
            labelled_examples.update()
            .where(
                labelled_examples.c.school == self.school,
                labelled_examples.c.blob_id == blob_id,
                labelled_examples.c.withdrawn_at.is_(None),
            )
            .values(withdrawn_at=self._clock.now(), withdrawn_why=Withdrawn.SHREDDED.value)
        )
        with self._connected(self._engines.writing) as connection:
            connection.execute(statement)
            connection.execute(withdrawn)

    def unused_blobs(self, *, before: datetime) -> Sequence[str]:
        used = union_all(
            select(messages.c.blob_id).where(messages.c.school == self.school),
            select(samples.c.blob_id).where(samples.c.school == self.school),
            select(labelled_examples.c.blob_id).where(
                labelled_examples.c.school == self.school, labelled_examples.c.withdrawn_at.is_(None)
            ),
        )
        query = select(blobs.c.blob_id).where(
            blobs.c.school == self.school,
            blobs.c.put_at < before,
            blobs.c.wrapped_key.is_not(None),
            blobs.c.blob_id.not_in(used),
        )
        with self._connected(self._engines.reading) as connection:
            return tuple(connection.execute(query).scalars())

    def is_sound(self) -> bool:
        """SQLite's own quick check of the file; PostgreSQL answers for itself by answering."""
        with self._connected(self._engines.reading) as connection:
            if not self._engines.is_sqlite:
                return bool(connection.execute(text("SELECT true")).scalar_one())
            return str(connection.execute(text("PRAGMA quick_check(1)")).scalar_one()) == "ok"

    @contextmanager
    def _connected(self, engine: Engine) -> Iterator[Connection]:
        with (
            database_errors_as_failures(self._engines.place),
            engine.connect() as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def _open(self, engine: Engine, *, is_serialised: bool) -> Iterator[SqlTransaction]:
        with self._connected(engine) as connection:
            if is_serialised and not self._engines.is_sqlite:
                head = select(audit_heads.c.size).where(audit_heads.c.school == self.school)
                connection.execute(head.with_for_update())
            yield SqlTransaction(
                connection,
                school=self.school,
                sealer=self._sealer,
                # After the queue, so that times in the trail never run backwards.
                now=self._clock.now(),
                message_id_domain=self._message_id_domain,
                draw_number=self._draw_number,
            )
