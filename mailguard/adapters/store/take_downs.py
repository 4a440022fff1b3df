"""Requests to take something down, and the notes on their way, in SQL."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from mailguard.adapters.store.sealing import Sealer
from mailguard.adapters.store.tables import take_down_notes, take_downs
from mailguard.app.take_down_letter import About, Letter
from mailguard.app.take_down_records import TakeDown, TakeDownNote
from mailguard.domain.take_down import TakeDownState

_ROWS_AT_A_TIME = 50
_OVER = [state for state in TakeDownState if state.is_over]


class SqlTakeDowns:
    """``app.take_down_records.TakeDowns`` over one open transaction."""

    def __init__(self, connection: Connection, *, school: str, sealer: Sealer, now: datetime) -> None:
        self._connection = connection
        self._school = school
        self._sealer = sealer
        self._now = now

    def add(self, take_down: TakeDown) -> None:
        content = {
            "quoted": take_down.quoted,
            "letter": _letter_to_json(take_down.letter),
            "text": take_down.text,
        }
        self._connection.execute(
            take_downs.insert().values(
                school=self._school,
                id=take_down.id,
                case_id=take_down.case_id,
                state=take_down.state,
                made_at=take_down.made_at,
                made_by=take_down.made_by,
                updated_at=take_down.updated_at,
                remind_on=_day_text(take_down.remind_on),
                sealed=self._sealer.seal(content, table="take_downs", row=take_down.id),
            )
        )

    def find(self, take_down_id: str) -> TakeDown | None:
        query = select(take_downs).where(take_downs.c.school == self._school, take_downs.c.id == take_down_id)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else self._take_down(row)

    def of_case(self, case_id: str) -> tuple[TakeDown, ...]:
        query = (
            select(take_downs)
            .where(take_downs.c.school == self._school, take_downs.c.case_id == case_id)
            .order_by(take_downs.c.made_at, take_downs.c.id)
        )
        return tuple(self._take_down(row) for row in self._connection.execute(query).mappings())

    def unfinished(self) -> tuple[TakeDown, ...]:
        query = (
            select(take_downs)
            .where(take_downs.c.school == self._school, take_downs.c.state.not_in(_OVER))
            # "" for never sorts before every day, and a letter without a reminder may still be unsent.
            .order_by(take_downs.c.remind_on, take_downs.c.made_at)
        )
        return tuple(self._take_down(row) for row in self._connection.execute(query).mappings())

    def all(self) -> Iterator[TakeDown]:
        query = (
            select(take_downs)
            .where(take_downs.c.school == self._school)
            .order_by(take_downs.c.made_at.desc(), take_downs.c.id)
            .execution_options(yield_per=_ROWS_AT_A_TIME)
        )
        for row in self._connection.execute(query).mappings():
            yield self._take_down(row)

    def move(
        self, take_down_id: str, *, expected: TakeDownState, state: TakeDownState, remind_on: date | None
    ) -> bool:
        statement = (
            take_downs.update()
            .where(
                take_downs.c.school == self._school,
                take_downs.c.id == take_down_id,
                take_downs.c.state == expected,
            )
            .values(state=state, remind_on=_day_text(remind_on), updated_at=self._now)
        )
        return self._connection.execute(statement).rowcount == 1

    def add_note(self, note: TakeDownNote) -> None:
        note_id = secrets.token_hex(16)
        before = (
            select(func.count())
            .select_from(take_down_notes)
            .where(
                take_down_notes.c.school == self._school,
                take_down_notes.c.take_down_id == note.take_down_id,
            )
        )
        self._connection.execute(
            take_down_notes.insert().values(
                school=self._school,
                id=note_id,
                take_down_id=note.take_down_id,
                position=int(self._connection.execute(before).scalar_one()) + 1,
                at=note.at,
                by=note.by,
                state=note.state,
                sealed=self._sealer.seal(note.note, table="take_down_notes", row=note_id),
            )
        )

    def notes(self, take_down_id: str) -> tuple[TakeDownNote, ...]:
        query = (
            select(take_down_notes)
            .where(take_down_notes.c.school == self._school, take_down_notes.c.take_down_id == take_down_id)
            .order_by(take_down_notes.c.position)
        )
        return tuple(
            TakeDownNote(
                take_down_id=row["take_down_id"],
                at=row["at"],
                by=row["by"],
                state=TakeDownState(row["state"]),
                note=self._sealer.open(row["sealed"], table="take_down_notes", row=row["id"]),
            )
            for row in self._connection.execute(query).mappings()
        )

    def _take_down(self, row: RowMapping) -> TakeDown:
        content = self._sealer.open(row["sealed"], table="take_downs", row=row["id"])
        return TakeDown(
            id=row["id"],
            case_id=row["case_id"],
            state=TakeDownState(row["state"]),
            made_at=row["made_at"],
            made_by=row["made_by"],
            updated_at=row["updated_at"],
            remind_on=_day(row["remind_on"]),
            quoted=content["quoted"],
            letter=_letter_from_json(content["letter"]),
            text=content["text"],
        )


def _letter_to_json(letter: Letter) -> dict[str, Any]:
    fields = asdict(letter)
    return {
        **fields,
        "written_on": letter.written_on.isoformat(),
        "by_day": _day_text(letter.by_day),
    }


def _letter_from_json(fields: dict[str, Any]) -> Letter:
    return Letter(
        **{
            **fields,
            "about": About(fields["about"]),
            "written_on": date.fromisoformat(fields["written_on"]),
            "by_day": _day(fields["by_day"]),
        }
    )


def _day_text(day: date | None) -> str:
    return "" if day is None else day.isoformat()


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
