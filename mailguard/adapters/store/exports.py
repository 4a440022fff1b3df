"""Exports in SQL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from mailguard.adapters.store.sealing import Sealer
from mailguard.adapters.store.tables import exports
from mailguard.app.export_records import ExportKind, ExportPurpose, ExportRecord, ExportState
from mailguard.app.record_json import plain

_ROWS_AT_A_TIME = 50
_EXPORT_ID = re.compile(r"[0-9a-f]{32}")


class SqlExports:
    """``app.export_records.Exports`` over one open transaction."""

    def __init__(self, connection: Connection, *, school: str, sealer: Sealer) -> None:
        self._connection = connection
        self._school = school
        self._sealer = sealer

    def add(self, export: ExportRecord) -> None:
        values = {"school": self._school, "id": export.id, **self._columns(export)}
        self._connection.execute(exports.insert().values(values))

    def find(self, export_id: str) -> ExportRecord | None:
        if not _EXPORT_ID.fullmatch(export_id):
            return None
        query = select(exports).where(exports.c.school == self._school, exports.c.id == export_id)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else self._record(row)

    def replace(self, export: ExportRecord) -> bool:
        statement = (
            exports.update()
            .where(
                exports.c.school == self._school,
                exports.c.id == export.id,
                exports.c.state == ExportState.DRAFT.value,
            )
            .values(self._columns(export))
        )
        return self._connection.execute(statement).rowcount == 1

    def newest(self) -> Iterator[ExportRecord]:
        query = (
            select(exports)
            .where(exports.c.school == self._school)
            .order_by(exports.c.at.desc(), exports.c.id)
            .execution_options(yield_per=_ROWS_AT_A_TIME)
        )
        for row in self._connection.execute(query).mappings():
            yield self._record(row)

    def _columns(self, export: ExportRecord) -> dict[str, Any]:
        content = {"about": export.about, "reason": export.reason, "choices": plain(export.choices)}
        return {
            "kind": export.kind.value,
            "state": export.state.value,
            "at": export.at,
            "made_by": export.by,
            "purpose": export.purpose.value,
            "case_id": export.case_id,
            "form": export.form,
            "sha256": export.sha256,
            "sealed": self._sealer.seal(content, table="exports", row=export.id),
        }

    def _record(self, row: RowMapping) -> ExportRecord:
        content = self._sealer.open(row["sealed"], table="exports", row=row["id"])
        return ExportRecord(
            id=row["id"],
            kind=ExportKind(row["kind"]),
            state=ExportState(row["state"]),
            at=row["at"],
            by=row["made_by"],
            purpose=ExportPurpose(row["purpose"]),
            case_id=row["case_id"],
            form=row["form"],
            sha256=row["sha256"],
            **content,
        )
