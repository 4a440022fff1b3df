"""A store with very many cases, for measuring: one message each, as a busy school has them.

The rows are those that ``SqlCases`` writes, but many in one statement: by its own methods 100,000 cases take
ten minutes.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table

from mailguard.adapters.store.cases import SqlCases
from mailguard.adapters.store.opening import drawn_number
from mailguard.adapters.store.sealing import Sealer
from mailguard.adapters.store.sql_store import SqlStore
from mailguard.adapters.store.tables import case_index, cases, messages, recipients
from mailguard.app.ports import Receipt, Versions
from mailguard.app.ports_store import CaseRecord, DecisionRecord
from mailguard.app.record_json import decision_to_json, receipt_to_json
from mailguard.domain.case import CaseDecision, CaseState, Mode, RecipientState, case_id
from mailguard.domain.words import Disposition, Level, ReportWhen, Role, Verdict

FIRST = datetime.fromisoformat("2020-09-01T08:00:00+00:00")
ABOUT_HEAD_EACH = 500
STAFF = 96
PUPILS = 1500
PLATFORMS = ("instagram", "facebook", "tiktok", "discord", "linkedin")
_EACH_TRANSACTION = 5_000
_KINDS = (
    ("P9", Verdict.PLATFORM_NOTIFICATION, Level.DIGEST, ReportWhen.DIGEST, "3.b1"),
    ("P9", Verdict.PLATFORM_NOTIFICATION, Level.DIGEST, ReportWhen.DIGEST, "3.b1"),
    ("P8", Verdict.PARENT_SOCIAL_CONTACT, Level.DIGEST, ReportWhen.DIGEST, "3.b1"),
    ("D6", Verdict.PARENT_SOCIAL_CONTACT, Level.DIGEST, ReportWhen.DIGEST, "3.b1"),
    ("P7", Verdict.CHILD_CONTACT, Level.NOW, ReportWhen.NOW, "3.b2"),
    ("D2", Verdict.CHILD_CONTACT, Level.NOW, ReportWhen.NOW, "3.b2"),
    ("D1", Verdict.CHILD_CONTACT, Level.EMERGENCY, ReportWhen.NOW, "3.b2"),
)
Rows = list[dict[str, Any]]


def fill(store: SqlStore, count: int, *, undecided_each: int = 20) -> None:
    """``count`` cases, one each half-hour: every ``undecided_each``-th waits, and half of those are acknowledged;
    every ``ABOUT_HEAD_EACH``-th is closed to the head, who is S0001.
    """
    blob_id = secrets.token_hex(16)
    store.put_blob_key(blob_id, wrapped_key=b"none", sha256="0" * 64, size_bytes=900)
    for start in range(0, count, _EACH_TRANSACTION):
        rows: dict[Table, Rows] = {cases: [], messages: [], recipients: [], case_index: []}
        for number in range(start, min(count, start + _EACH_TRANSACTION)):
            case = _case(number, undecided_each)
            for table, row in _rows(case, number, store._sealer, blob_id):
                rows[table].append({"school": store.school, **row})
        with store._connected(store._engines.writing) as connection:
            written = SqlCases(
                connection, school=store.school, sealer=store._sealer, now=FIRST, draw_number=drawn_number
            )
            for row in rows[cases]:
                row.update(written._case_columns(row.pop("record")))
            for table, several in rows.items():
                connection.execute(table.insert(), several)


def _case(number: int, undecided_each: int) -> CaseRecord:
    row, verdict, level, report_when, clause = _KINDS[number % len(_KINDS)]
    opened_at = FIRST + timedelta(minutes=30 * number)
    is_decided = number % undecided_each != 0
    is_read = is_decided or number % (2 * undecided_each) == 0
    is_about_head = number % ABOUT_HEAD_EACH == 0
    decision = DecisionRecord(
        verdict=verdict,
        row=row,
        clause=clause,
        level=level,
        disposition=Disposition.HOLD,
        report_when=report_when,
        report_roles=(Role.DEPUTY, Role.CHAIR) if is_about_head else (Role.HEAD,),
        withheld_roles=(Role.HEAD,) if is_about_head else (),
        subjects=("S0001",) if is_about_head else (_teacher(number),),
        direction="inbound",
        initiator="child" if row[0] == "D" else "other",
        nature="personal",
        platform={"id": PLATFORMS[number % len(PLATFORMS)], "event": "follow"} if row[0] == "P" else None,
        persons=({"id": f"P{number % PUPILS:04}", "name": "Harvey Doyle", "list": "pupils"},),
        signals=({"code": "pupil-address", "says": "header From is a pupil", "source": "pupils.csv:4"},) * 4,
        scores={"kind": {"direct": 0.99}},
        versions=Versions(policy="7f3c1a", lists="22ab90", model="m1"),
    )
    return CaseRecord(
        id=case_id(FIRST.year, number + 1),
        state=CaseState.DECIDED if is_decided else CaseState.ACKNOWLEDGED if is_read else CaseState.NEW,
        mode=Mode.ENFORCE,
        opened_at=opened_at,
        updated_at=opened_at,
        via="relay",
        is_backlog=False,
        decision=decision,
        decided_by="S0001" if is_decided else "",
        decided_at=opened_at + timedelta(hours=3) if is_decided else None,
        decided_as=CaseDecision.CONFIRM if is_decided else None,
    )


def _teacher(number: int) -> str:
    return f"S{2 + number % STAFF:04}"


def _rows(
    case: CaseRecord, number: int, sealer: Sealer, blob_id: str
) -> Iterator[tuple[Table, dict[str, Any]]]:
    message_id, recipient_id = secrets.token_hex(16), secrets.token_hex(16)
    sender, teacher = f"child{number % PUPILS}@inbox.example", f"teacher{number % STAFF}@stoswins.example"
    yield cases, {"id": case.id, "record": case}
    yield (
        messages,
        {
            "id": message_id,
            "case_id": case.id,
            "position": 1,
            "sha256": f"{number:064x}",
            "size_bytes": 900,
            "blob_id": blob_id,
            "received_at": case.opened_at,
            "is_outbound": False,
            "sealed": sealer.seal(
                {
                    "content_key": f"{number:064x}",
                    "header_message_id": f"<{number}@inbox.example>",
                    "subject": "hi",
                    "sender": sender,
                    "mail_from": sender,
                    "addresses": [sender, teacher],
                    "authentication_results": [],
                    "decision": decision_to_json(case.decision),
                },
                table="messages",
                row=message_id,
            ),
        },
    )
    yield (
        recipients,
        {
            "id": recipient_id,
            "case_id": case.id,
            "message_id": message_id,
            "position": 1,
            "delivery_blind": sealer.blind("delivery", str(number)),
            "disposition": Disposition.HOLD,
            "row": case.decision.row,
            "state": RecipientState.HELD,
            "updated_at": case.opened_at,
            "sealed": sealer.seal(
                {
                    "delivery_key": str(number),
                    "address": teacher,
                    "person_id": _teacher(number),
                    "tag": "",
                    "receipt": receipt_to_json(Receipt(via="relay", received_at=case.opened_at)),
                },
                table="recipients",
                row=recipient_id,
            ),
        },
    )
    for kind, blind in _blinds(case, number, sealer, sender, teacher):
        yield case_index, {"kind": kind, "blind": blind, "case_id": case.id}


def _blinds(
    case: CaseRecord, number: int, sealer: Sealer, sender: str, teacher: str
) -> Iterator[tuple[str, str]]:
    for person in {_teacher(number), *case.decision.subjects, str(case.decision.persons[0]["id"])}:
        yield "person", sealer.blind("person", person)
    for subject in case.decision.subjects:
        yield "subject", sealer.blind("person", subject)
    for role in case.decision.withheld_roles:
        yield "withheld", sealer.blind("withheld", role.value)
    for address in (sender, teacher):
        yield "address", sealer.blind_address(address)
    if case.decision.platform is not None:
        yield "platform", sealer.blind("platform", str(case.decision.platform["id"]))
