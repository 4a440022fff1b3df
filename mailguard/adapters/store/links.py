"""Single-use links in SQL."""

from __future__ import annotations

import base64
import hashlib
import secrets
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from mailguard.adapters.store.dialects import insert_if_new
from mailguard.adapters.store.tables import links
from mailguard.app.ports_links import LinkRecord

_TOKEN_BYTES = 16


class SqlLinks:
    """``app.ports_links.Links`` over one open transaction."""

    def __init__(self, connection: Connection, *, school: str, now: datetime) -> None:
        self._connection = connection
        self._school = school
        self._now = now

    def issue(self, *, action: str, item: str, person_id: str, expires_at: datetime) -> str:
        token = base64.b32encode(secrets.token_bytes(_TOKEN_BYTES)).decode().rstrip("=").lower()
        self._connection.execute(
            links.insert().values(
                school=self._school,
                token_hash=_token_hash(token),
                action=action,
                item=item,
                person_id=person_id,
                case_id="",
                expires_at=expires_at,
                used_at=None,
            )
        )
        return token

    def find(self, token: str, *, action: str) -> LinkRecord | None:
        is_of_use = or_(links.c.used_at.is_not(None), links.c.expires_at > self._now)
        query = select(
            links.c.action,
            links.c.item,
            links.c.person_id,
            links.c.expires_at,
            links.c.used_at,
            links.c.case_id,
        ).where(self._is(token, action), is_of_use)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else LinkRecord(**row)

    def is_open(self, token: str, *, action: str) -> bool:
        found = self.find(token, action=action)
        return found is not None and found.used_at is None

    def spend(self, token: str, *, action: str, case_id: str) -> bool:
        statement = (
            links.update()
            .where(self._is(token, action), links.c.used_at.is_(None), links.c.expires_at > self._now)
            .values(used_at=self._now, case_id=case_id)
        )
        return self._connection.execute(statement).rowcount == 1

    def use_up(self, token: str, *, action: str, expires_at: datetime) -> bool:
        return insert_if_new(
            self._connection,
            links,
            school=self._school,
            token_hash=_token_hash(token),
            action=action,
            item="",
            person_id="",
            case_id="",
            expires_at=expires_at,
            used_at=self._now,
        )

    def forget_old(self, *, expired_before: datetime) -> int:
        statement = links.delete().where(links.c.school == self._school, links.c.expires_at < expired_before)
        return self._connection.execute(statement).rowcount

    def _is(self, token: str, action: str) -> ColumnElement[bool]:
        return and_(
            links.c.school == self._school,
            links.c.token_hash == _token_hash(token),
            links.c.action == action,
        )


def _token_hash(token: str) -> str:
    """128 random bits need no salt and no slow hash."""
    return hashlib.sha256(token.strip().lower().encode("utf-8", "replace")).hexdigest()
