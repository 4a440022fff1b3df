"""The audit trail put to the proof: verified as it is, then with one event altered in a copy of the store.

Only the copy is touched: it is what somebody with root on the server could do to the real one.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass

from pysqlite3 import dbapi2 as sqlite

from mailguard.adapters.store.opening import SQLITE_NAME
from mailguard.demo.checks import Check
from mailguard.demo.school import SchoolFolder

_PROBLEMS = 3


@dataclass(frozen=True, slots=True)
class Verified:
    """What ``mailguard audit verify`` answered. ``says`` is its own line for people."""

    status: int
    events: int
    says: str
    problem_events: frozenset[int]


def verify(school: SchoolFolder, *, is_altered: bool = False) -> Verified:
    """Run ``mailguard audit verify`` on the state folder, or on the altered copy."""
    state = school.altered_state if is_altered else school.state
    answered = school.run_command("audit", "verify", "--json", state=state)
    if not answered.stdout.startswith("{"):
        return Verified(answered.returncode, 0, answered.stderr.strip(), frozenset())
    answer = json.loads(answered.stdout)
    problems = answer["problems"]
    says = (
        "; ".join(f"event {problem['seq']}: {problem['says']}" for problem in problems[:2])
        if problems
        else f"{answer['events']} events, chain intact, head {answer['head'][:16]}…"
    )
    return Verified(
        answered.returncode, answer["events"], says, frozenset(problem["seq"] for problem in problems)
    )


def alter_copy(school: SchoolFolder, *, seq: int) -> str:
    """Copy the state folder, drop the triggers there and change what event ``seq`` says. Gives the change in words."""
    shutil.copytree(
        school.state, school.altered_state, ignore=shutil.ignore_patterns(f"{SQLITE_NAME}*", "blobs")
    )
    source = sqlite.connect(f"file:{school.state / SQLITE_NAME}?mode=ro", uri=True)
    copy = sqlite.connect(school.altered_state / SQLITE_NAME)
    try:
        source.backup(copy)
        triggers = copy.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_events'"
        ).fetchall()
        for (name,) in triggers:
            copy.execute(f'DROP TRIGGER "{name}"')
        copy.execute(
            "UPDATE audit_events SET detail = replace(detail, '\"hold\"', '\"deliver\"') WHERE seq = ?",
            (seq,),
        )
        if copy.execute("SELECT changes()").fetchone() != (1,):
            raise LookupError(f"no audit event {seq} in the copy")
        copy.commit()
    finally:
        copy.close()
        source.close()
    return f"in a copy, its {len(triggers)} triggers dropped, event {seq} changed from hold to deliver"


def check_trail(genuine: Verified, altered: Verified, *, seq: int) -> tuple[Check, Check]:
    genuine_problems = () if genuine.status == 0 else (f"status {genuine.status}: {genuine.says}",)
    is_found = altered.status == _PROBLEMS and seq in altered.problem_events
    altered_problems = () if is_found else (f"status {altered.status}: {altered.says}",)
    return (
        Check("the audit trail verifies", genuine_problems),
        Check(f"one altered event (number {seq}) in a copy is found and named", altered_problems),
    )
