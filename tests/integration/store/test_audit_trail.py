import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError

from mailguard.adapters.keys import is_genuine_signature
from mailguard.adapters.store.opening import SQLITE_NAME
from mailguard.app.audit_trail import verify_export
from mailguard.app.ports_store import AuditFilter, AuditRecord, Transaction
from mailguard.domain.audit import Verification, canonical_json, parse_verifier_key
from tests.storing import School, one_report, opening


@pytest.fixture
def busy_school(school: School) -> School:
    """A school with a few events and a checkpoint behind it."""
    for number in range(5):
        school.casebook.open_or_join(opening(f"words {number}"), one_report)
        school.clock.turn(seconds=1)
    school.trail.checkpoint()
    return school


def run_sql(school: School, *statements: str) -> None:
    """As an administrator with the database's password would."""
    if school.settings.url:
        engine = create_engine(school.settings.url)
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
        engine.dispose()
    else:
        with sqlite3.connect(school.settings.state_folder / SQLITE_NAME) as file:
            for statement in statements:
                file.execute(statement)
        file.close()


def without_triggers(school: School, *statements: str) -> None:
    if school.settings.url:
        run_sql(school, "ALTER TABLE audit_events DISABLE TRIGGER USER", *statements)
    else:
        drop = [f"DROP TRIGGER audit_events_no_{act}" for act in ("update", "delete")]
        run_sql(school, *drop, *statements)


@pytest.mark.parametrize("table", ["audit_events", "audit_checkpoints"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET school = 'x'", "DELETE FROM {}"])
def test_the_database_itself_refuses_to_change_the_trail(busy_school: School, table: str, statement: str):
    with pytest.raises((DBAPIError, sqlite3.IntegrityError), match="append-only"):
        run_sql(busy_school, statement.format(table))
    assert busy_school.trail.verify().is_intact


def test_an_untouched_trail_verifies_and_says_how_much_is_vouched_for(busy_school: School):
    result = busy_school.trail.verify()
    assert (result.is_intact, result.checkpoints, result.checkpointed_size, result.head.size) == (
        True,
        1,
        6,
        6,
    )


@pytest.mark.parametrize(
    ("statement", "seq"),
    [
        ("UPDATE audit_events SET actor = 'nobody' WHERE seq = 3", 3),
        ("""UPDATE audit_events SET detail = '{"level":0}' WHERE seq = 4""", 4),
        ("DELETE FROM audit_events WHERE seq = 2", 3),
        ("UPDATE audit_events SET seq = CASE seq WHEN 2 THEN 93 ELSE 92 END WHERE seq IN (2, 3)", 93),
        ("DELETE FROM audit_events WHERE seq >= 5", 4),
    ],
    ids=["actor altered", "detail altered", "removed", "reordered", "truncated"],
)
def test_tampering_in_the_database_is_found_where_it_is(busy_school: School, statement: str, seq: int):
    without_triggers(busy_school, statement)
    result = busy_school.trail.verify()
    assert seq in [problem.seq for problem in result.problems]


def test_a_cut_end_is_found_by_the_checkpoint_even_when_the_head_was_set_back(busy_school: School):
    with busy_school.opened.store.reading() as transaction:
        fourth = list(transaction.audit.events())[3]
    without_triggers(
        busy_school,
        "DELETE FROM audit_events WHERE seq > 4",
        f"UPDATE audit_heads SET size = 4, hash = '{fourth.hash}'",
    )
    assert [problem.says for problem in busy_school.trail.verify().problems] == [
        "the trail ends here; a checkpoint vouches for 6 events"
    ]


def test_a_checkpoint_kept_elsewhere_finds_what_the_database_no_longer_shows(busy_school: School):
    kept = busy_school.trail.checkpoint()
    assert busy_school.trail.verify(further_notes=[kept]).is_intact
    forged = kept.replace("\n7\n", "\n8\n", 1)
    result = busy_school.trail.verify(further_notes=[forged])
    assert ["no genuine signature" in problem.says for problem in result.problems] == [True]


def exported(school: School) -> list[str]:
    return list(school.trail.export(actor="S0009"))


def verified(school: School, lines: list[str]) -> Verification:
    key = parse_verifier_key(str(school.trail.verifier_key))
    return verify_export(lines, key=key, check_signature=is_genuine_signature)


def test_an_export_verifies_with_the_public_key_alone_and_is_itself_on_the_record(
    busy_school: School, tmp_path: Path
):
    path = tmp_path / "trail.jsonl"
    path.write_text("".join(exported(busy_school)), encoding="utf-8")
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    result = verified(busy_school, lines)
    assert result.problems == ()
    assert result.checkpointed_size == result.head.size == 8
    assert json.loads(lines[7])["event"]["tag"] == "cli:audit:exported"


def alter(lines: list[str], number: int, change: Callable[[dict], None]) -> list[str]:
    value = json.loads(lines[number])
    change(value)
    return [*lines[:number], canonical_json(value) + "\n", *lines[number + 1 :]]


@pytest.mark.parametrize(
    "tamper",
    [
        lambda lines: alter(lines, 3, lambda value: value["event"].update(actor="nobody")),
        lambda lines: alter(lines, 3, lambda value: value["event"]["detail"].update(level=0)),
        lambda lines: alter(lines, 3, lambda value: value["event"].update(seq=True)),
        lambda lines: alter(lines, 0, lambda value: value.update(size=3)),
        lambda lines: lines[:2] + lines[3:],
        lambda lines: [lines[0], lines[2], lines[1], *lines[3:]],
        lambda lines: lines[:-3] + lines[-2:],
        lambda lines: lines[:-2],
        lambda lines: lines[:6],
        lambda lines: lines[1:],
        lambda lines: [*lines, "[" * 100_000],
        lambda lines: [*lines, '{"event": null}'],
        lambda lines: [],
    ],
    ids=[
        "altered",
        "detail",
        "seq of another type",
        "head",
        "removed",
        "reordered",
        "last event removed",
        "no checkpoints",
        "cut",
        "no header",
        "deep line",
        "null event",
        "empty",
    ],
)
def test_tampering_with_an_export_is_found(busy_school: School, tamper: Callable[[list[str]], list[str]]):
    assert not verified(busy_school, tamper(exported(busy_school))).is_intact


def withheld_export(school: School) -> list[str]:
    """A copy for somebody to whom the second and third case are closed."""
    with school.opened.store.reading() as transaction:
        closed = {event.case_id for event in transaction.audit.events(first=2, last=3)}

    def opening_of(transaction: Transaction) -> Callable[[AuditRecord], bool]:
        # Looks into the store while events are streamed from it, as the real one does.
        return lambda event: (case := transaction.cases.find(event.case_id)) is None or case.id not in closed

    return list(school.trail.export(actor="S0009", opening=opening_of))


def test_a_copy_with_withheld_events_verifies_and_says_how_many(busy_school: School):
    lines = withheld_export(busy_school)
    result = verified(busy_school, lines)
    assert result.problems == ()
    assert (result.withheld, result.unlinked, result.head.size) == (2, 0, 8)
    for number in (2, 3):
        assert set(json.loads(lines[number])) == {"withheld"}
        assert set(json.loads(lines[number])["withheld"]) == {"seq", "content", "hash"}
    whole = verified(busy_school, exported(busy_school))
    assert (whole.withheld, whole.is_intact) == (0, True)


@pytest.mark.parametrize("field", ["content", "hash", "seq"])
@pytest.mark.parametrize("number", [2, 3])
def test_tampering_with_a_withheld_event_is_found_where_it_is(busy_school: School, field: str, number: int):
    def change(value: dict) -> None:
        held = value["withheld"]
        held[field] = (
            held[field] + 7 if field == "seq" else held[field][:-1] + ("0" if held[field][-1] != "0" else "1")
        )

    result = verified(busy_school, alter(withheld_export(busy_school), number, change))
    assert {number, number + 7} & {problem.seq for problem in result.problems}


def test_a_withheld_event_says_nothing_more_than_its_hashes(busy_school: School):
    lines = withheld_export(busy_school)
    added = alter(lines, 2, lambda value: value["withheld"].update(at="2026-09-28T22:40:00.000000Z"))
    assert not verified(busy_school, added).is_intact
    assert not verified(busy_school, lines[:2] + lines[3:]).is_intact
    assert not verified(busy_school, [*lines[:2], lines[3], lines[2], *lines[4:]]).is_intact


def test_an_export_signed_by_another_key_is_refused(busy_school: School):
    key = parse_verifier_key(str(busy_school.trail.verifier_key))
    other = type(key)(name=key.name, public_key=bytes(32))
    result = verify_export(exported(busy_school), key=other, check_signature=is_genuine_signature)
    assert not result.is_intact


def test_content_stands_nowhere_in_clear(school: School):
    school.casebook.open_or_join(opening("a very clandestine thing"), one_report)
    lines = "".join(exported(school))
    for word in ("clandestine", "xharveyx32", "nair", "Harvey"):
        assert word not in lines
    if not school.settings.url:
        school.opened.store.close()
        files = [path for path in school.settings.state_folder.rglob("*") if path.is_file()]
        stored = b"".join(path.read_bytes() for path in files)
        for octets in (b"clandestine", b"xharveyx32", b"nair", b"Harvey", b"head@stoswins"):
            assert octets not in stored


def test_events_are_found_by_case_tag_actor_and_time_newest_first(busy_school: School):
    with busy_school.opened.store.reading() as transaction:
        every = list(transaction.audit.events())
        newest = transaction.audit.newest

        def seqs(**wanted: Any) -> list[int]:
            return [event.seq for event in newest(AuditFilter(**wanted))]

        assert seqs() == [event.seq for event in reversed(every)]
        assert seqs(limit=2, before_seq=4) == [3, 2]
        assert seqs(tag_start="gate:case:") == [5, 4, 3, 2, 1]
        assert seqs(tag_start="gate:%") == []
        assert seqs(actor="daemon") == [6]
        assert seqs(case_ids={every[1].case_id}) == [2]
        assert seqs(case_ids=()) == []
        assert seqs(at_from=every[2].at, at_before=every[4].at) == [4, 3]


def test_the_newest_checkpoint_is_the_last_one_signed(school: School):
    with school.opened.store.reading() as transaction:
        assert transaction.audit.newest_checkpoint() is None
    for _ in range(3):
        school.trail.append("review:case:viewed", actor="S0009")
        newest = school.trail.checkpoint()
        with school.opened.store.reading() as transaction:
            assert transaction.audit.newest_checkpoint() == newest == transaction.audit.checkpoints()[-1]
