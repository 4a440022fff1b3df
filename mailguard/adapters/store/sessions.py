"""Signed-in browsers, over SQLAlchemy Core: ``app.ports_accounts.Sessions``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from mailguard.adapters.store.sealing import Sealer
from mailguard.adapters.store.tables_accounts import sessions
from mailguard.app.account_records import Session
from mailguard.domain.account import SessionStage


class SqlSessions:
    def __init__(self, connection: Connection, *, school: str, sealer: Sealer, now: datetime) -> None:
        self._connection = connection
        self._school = school
        self._sealer = sealer
        self._now = now

    def add(self, session: Session) -> None:
        self._connection.execute(
            sessions.insert().values(
                school=self._school,
                id=session.id,
                token_hash=session.token_hash,
                account_id=session.account_id,
                stage=session.stage,
                created_at=session.created_at,
                last_seen_at=session.last_seen_at,
                expires_at=session.expires_at,
                fresh_until=session.fresh_until,
                ended_at=session.ended_at,
                sealed=self._seal(session.id, {"client": session.client}),
                sealed_notes=self._seal(session.id, dict(session.notes)),
            )
        )

    def by_token_hash(self, token_hash: str) -> Session | None:
        query = select(sessions).where(sessions.c.school == self._school, sessions.c.token_hash == token_hash)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else self._session(row)

    def find(self, session_id: str) -> Session | None:
        query = select(sessions).where(sessions.c.school == self._school, sessions.c.id == session_id)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else self._session(row)

    def open_of(self, account_id: str) -> tuple[Session, ...]:
        query = (
            select(sessions)
            .where(
                sessions.c.school == self._school,
                sessions.c.account_id == account_id,
                sessions.c.ended_at.is_(None),
            )
            .order_by(sessions.c.last_seen_at.desc(), sessions.c.id)
        )
        return tuple(self._session(row) for row in self._connection.execute(query).mappings())

    def see(self, session_id: str) -> None:
        self._change(session_id, last_seen_at=self._now)

    def freshen(self, session_id: str, *, until: datetime) -> None:
        self._change(session_id, fresh_until=until)

    def note(self, session_id: str, notes: Mapping[str, Any]) -> None:
        self._change(session_id, sealed_notes=self._seal(session_id, dict(notes)))

    def end(self, session_id: str) -> bool:
        statement = (
            sessions.update()
            .where(
                sessions.c.school == self._school,
                sessions.c.id == session_id,
                sessions.c.ended_at.is_(None),
            )
            .values(ended_at=self._now, sealed_notes=self._seal(session_id, {}))
        )
        return self._connection.execute(statement).rowcount == 1

    def forget_ended(self, *, before: datetime) -> int:
        statement = sessions.delete().where(
            sessions.c.school == self._school,
            (sessions.c.ended_at < before) | (sessions.c.expires_at < before),
        )
        return self._connection.execute(statement).rowcount

    def _change(self, session_id: str, **values: Any) -> None:
        self._connection.execute(
            sessions.update()
            .where(sessions.c.school == self._school, sessions.c.id == session_id)
            .values(**values)
        )

    def _session(self, row: RowMapping) -> Session:
        return Session(
            id=row["id"],
            account_id=row["account_id"],
            token_hash=row["token_hash"],
            stage=SessionStage(row["stage"]),
            created_at=row["created_at"],
            last_seen_at=row["last_seen_at"],
            expires_at=row["expires_at"],
            fresh_until=row["fresh_until"],
            ended_at=row["ended_at"],
            client=self._sealer.open(row["sealed"], table="sessions", row=row["id"])["client"],
            notes=self._sealer.open(row["sealed_notes"], table="sessions", row=row["id"]),
        )

    def _seal(self, session_id: str, value: Mapping[str, Any]) -> bytes:
        return self._sealer.seal(dict(value), table="sessions", row=session_id)
