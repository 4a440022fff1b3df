"""Drafts and versions of the lists in SQL; their contents are sealed, for they are personal data."""

from __future__ import annotations

import base64
import secrets
import zlib
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from mailguard.adapters.store.sealing import Sealer
from mailguard.adapters.store.tables import list_drafts, list_versions
from mailguard.app.list_files import ListName
from mailguard.app.list_records import ListDraft, ListVersion

_COUNTS = ("rows", "added", "removed", "changed")


class SqlListHistory:
    """``app.list_records.ListHistory`` over one open transaction."""

    def __init__(self, connection: Connection, *, school: str, sealer: Sealer) -> None:
        self._connection = connection
        self._school = school
        self._sealer = sealer

    def put_draft(self, draft: ListDraft) -> None:
        self._connection.execute(
            list_drafts.insert().values(
                school=self._school,
                id=draft.id,
                list=draft.list,
                base_version=draft.base_version,
                made_at=draft.made_at,
                made_by=draft.made_by,
                says=draft.says,
                sealed=self._seal(draft.content, "list_drafts", draft.id),
            )
        )

    def draft(self, draft_id: str) -> ListDraft | None:
        query = select(list_drafts).where(list_drafts.c.school == self._school, list_drafts.c.id == draft_id)
        row = self._connection.execute(query).mappings().first()
        if row is None:
            return None
        return ListDraft(
            id=row["id"],
            list=ListName(row["list"]),
            base_version=row["base_version"],
            made_at=row["made_at"],
            made_by=row["made_by"],
            says=row["says"],
            content=self._open(row["sealed"], "list_drafts", row["id"]),
        )

    def drop_draft(self, draft_id: str) -> bool:
        statement = list_drafts.delete().where(
            list_drafts.c.school == self._school, list_drafts.c.id == draft_id
        )
        return self._connection.execute(statement).rowcount == 1

    def drop_drafts(self, *, made_before: datetime) -> int:
        statement = list_drafts.delete().where(
            list_drafts.c.school == self._school, list_drafts.c.made_at < made_before
        )
        return self._connection.execute(statement).rowcount

    def add_version(self, version: ListVersion, content: bytes) -> int:
        last = select(func.max(list_versions.c.number)).where(
            list_versions.c.school == self._school, list_versions.c.list == version.list
        )
        number = int(self._connection.execute(last).scalar_one() or 0) + 1
        version_id = secrets.token_hex(16)
        self._connection.execute(
            list_versions.insert().values(
                school=self._school,
                list=version.list,
                number=number,
                id=version_id,
                at=version.at,
                by=version.by,
                says=version.says,
                lists_version=version.lists_version,
                sha256=version.sha256,
                is_lowering=version.is_lowering,
                sealed_reason=self._sealer.seal(
                    version.reason, table="list_versions", row=f"{version_id}/reason"
                ),
                sealed=self._seal(content, "list_versions", version_id),
                **{name: getattr(version, name) for name in _COUNTS},
            )
        )
        return number

    def versions(self, name: ListName, *, limit: int = 0) -> tuple[ListVersion, ...]:
        query = (
            select(list_versions)
            .where(list_versions.c.school == self._school, list_versions.c.list == name)
            .order_by(list_versions.c.number.desc())
        )
        if limit:
            query = query.limit(limit)
        return tuple(self._version(row) for row in self._connection.execute(query).mappings())

    def lowered_since(self, at: datetime) -> tuple[ListVersion, ...]:
        query = (
            select(list_versions)
            .where(
                list_versions.c.school == self._school,
                list_versions.c.at >= at,
                list_versions.c.is_lowering.is_(True),
            )
            .order_by(list_versions.c.at, list_versions.c.list, list_versions.c.number)
        )
        return tuple(self._version(row) for row in self._connection.execute(query).mappings())

    def content(self, name: ListName, number: int) -> bytes | None:
        query = select(list_versions.c.id, list_versions.c.sealed).where(
            list_versions.c.school == self._school,
            list_versions.c.list == name,
            list_versions.c.number == number,
        )
        row = self._connection.execute(query).first()
        return None if row is None else self._open(row.sealed, "list_versions", row.id)

    def forget_old(self, *, before: datetime, kept: int) -> int:
        dropped = 0
        for name in ListName:
            newest = (
                select(list_versions.c.number)
                .where(list_versions.c.school == self._school, list_versions.c.list == name)
                .order_by(list_versions.c.number.desc())
                .limit(kept)
            )
            numbers = list(self._connection.execute(newest).scalars())
            statement = list_versions.delete().where(
                list_versions.c.school == self._school,
                list_versions.c.list == name,
                list_versions.c.at < before,
                list_versions.c.number.not_in(numbers),
            )
            dropped += self._connection.execute(statement).rowcount
        return dropped

    def _version(self, row: RowMapping) -> ListVersion:
        counts: dict[str, Any] = {name: row[name] for name in _COUNTS}
        return ListVersion(
            list=ListName(row["list"]),
            number=row["number"],
            at=row["at"],
            by=row["by"],
            says=row["says"],
            lists_version=row["lists_version"],
            sha256=row["sha256"],
            is_lowering=row["is_lowering"],
            reason=self._sealer.open(row["sealed_reason"], table="list_versions", row=f"{row['id']}/reason"),
            **counts,
        )

    def _seal(self, content: bytes, table: str, row: str) -> bytes:
        packed = base64.b64encode(zlib.compress(content)).decode("ascii")
        return self._sealer.seal(packed, table=table, row=row)

    def _open(self, sealed: bytes, table: str, row: str) -> bytes:
        return zlib.decompress(base64.b64decode(self._sealer.open(sealed, table=table, row=row)))
