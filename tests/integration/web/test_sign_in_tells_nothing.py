"""Refused sign-ins cost the same, whatever was wrong: hashes, statements and commits are counted, not timed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from argon2 import extract_parameters
from sqlalchemy import Engine, event

from mailguard.adapters.passwords import Argon2Cost, Argon2Passwords
from mailguard.app.account_records import Invitation
from mailguard.app.sign_in import Credentials, NotRecognised, SignIn, TooManyTries, Welcome
from mailguard.app.tokens import code_hash
from mailguard.domain.account import AccountState, SiteRole
from tests.schooling import CHAIR, DEPUTY, HEAD
from tests.web_site import PASSWORD, PEOPLE, WebSchool, make_web_school

NOBODY = "nobody@hill.example"
WRONG = "another battery staple horse"


@dataclass(slots=True)
class CountingPasswords:
    """Says right or wrong as the real one, and counts."""

    real: Argon2Passwords
    asked: int = 0

    def hash(self, password: str) -> str:
        return self.real.hash(password)

    def is_match(self, password_hash: str, password: str) -> bool:
        self.asked += 1
        return self.real.is_match(password_hash, password)


@dataclass(slots=True)
class Cost:
    """What one try did. ``writes``: that change a row, so that the commit waits for the disk."""

    hashes: int = 0
    reads: int = 0
    changes: int = 0
    commits: int = 0
    answer: object = None
    statements: list[str] = field(default_factory=list)


@pytest.fixture
def school(tmp_path: Path) -> Iterator[WebSchool]:
    with make_web_school(tmp_path) as made:
        yield made


def try_once(school: WebSchool, *, address: str = HEAD, password: str = PASSWORD, code: str = "") -> Cost:
    passwords = CountingPasswords(Argon2Passwords(Argon2Cost(memory_kib=64, passes=1)))
    sign_in = SignIn(school.opened.store, passwords, school.site.sessions, effects=school.site.effects)
    cost = Cost()

    def saw(connection, cursor, statement, parameters, context, many):
        cost.statements.append(re.sub(r"\s+", " ", statement)[:70])
        if statement.startswith("SELECT"):
            cost.reads += 1
        elif statement.startswith(("INSERT", "UPDATE", "DELETE")):
            cost.changes += 1

    def committed(connection):
        cost.commits += 1

    event.listen(Engine, "before_cursor_execute", saw)
    event.listen(Engine, "commit", committed)
    try:
        typed = Credentials(
            address=address, password=password, code=code, client_ip="192.0.2.9", client="a browser"
        )
        cost.answer = sign_in.try_to(typed)
    finally:
        event.remove(Engine, "before_cursor_execute", saw)
        event.remove(Engine, "commit", committed)
    cost.hashes = passwords.asked
    return cost


def switch_off(school: WebSchool, role: SiteRole) -> None:
    with school.opened.store.transaction() as transaction:
        account = school.accounts[role]
        transaction.accounts.replace(replace(account, state=AccountState.DISABLED))


def invite(school: WebSchool, role: SiteRole) -> None:
    """Somebody who has never signed in: neither password nor telephone."""
    with school.opened.store.transaction() as transaction:
        account = school.accounts[role]
        blank = replace(account, state=AccountState.INVITED, password_hash="", totp_secret="")
        transaction.accounts.replace(blank)


def used_code(school: WebSchool) -> str:
    """One of the Deputy's telephone that has done its duty."""
    code = school.code(SiteRole.DEPUTY)
    assert try_once(school, address=DEPUTY, code=code).answer is not None
    return code


def test_every_refusal_costs_one_hash_and_the_same_statements_and_commits(school: WebSchool):
    # The first of each takes part in nothing that only the first needs (a row that is new, a cache).
    for address in (NOBODY, HEAD):
        try_once(school, address=address, password=WRONG, code="000000")
    right = school.code(SiteRole.HEAD)
    replayed = used_code(school)
    switch_off(school, SiteRole.CHAIR)
    invite(school, SiteRole.ADMIN)
    it = PEOPLE[SiteRole.ADMIN][1]
    tries: dict[str, dict[str, str]] = {
        "unknown name": {"address": NOBODY, "password": PASSWORD, "code": right},
        "unknown name, no code": {"address": NOBODY, "password": WRONG},
        "wrong password": {"password": WRONG, "code": "000000"},
        "wrong password, right code": {"password": WRONG, "code": right},
        "right password, wrong code": {"code": "000000"},
        "right password, no code": {"code": ""},
        "right password, used code": {"address": DEPUTY, "code": replayed},
        "switched off": {"address": CHAIR, "code": school.code(SiteRole.CHAIR)},
        "never signed in": {"address": it, "password": WRONG, "code": "000000"},
    }
    costs = {name: try_once(school, **given) for name, given in tries.items()}
    usual = costs["wrong password"]
    for name, cost in costs.items():
        assert cost.answer == NotRecognised(), name
        assert cost.hashes == 1, name
        assert cost.commits == usual.commits, name
        # An audit event is two changes (the event and the chain's head), a nobody's number is one.
        assert abs(cost.changes - usual.changes) <= 1, (name, cost.statements, usual.statements)
        assert abs(cost.reads - usual.reads) <= 1, (name, cost.statements, usual.statements)


def test_a_lock_is_the_same_for_a_name_that_nobody_has(school: WebSchool):
    answers = {}
    for address in (HEAD, NOBODY):
        answers[address] = [try_once(school, address=address, password=WRONG) for _ in range(9)]
    for tried in answers.values():
        assert [each.answer for each in tried[:8]] == [NotRecognised()] * 8
        assert isinstance(tried[8].answer, TooManyTries)
        assert tried[8].hashes == 0
    known, unknown = (answers[address][8] for address in (HEAD, NOBODY))
    assert known.answer == unknown.answer
    assert (known.reads, known.changes) == (unknown.reads, unknown.changes)
    # The try that locks writes what the one before it wrote, for a name that is known and for one that is not.
    for tried in answers.values():
        before, locking = tried[6:8]
        assert (locking.reads, locking.changes, locking.commits) == (
            before.reads,
            before.changes,
            before.commits,
        )


def test_the_try_that_locks_is_one_event_and_a_right_one_is_no_lock(school: WebSchool):
    def tags() -> list[str]:
        with school.opened.store.reading() as transaction:
            return [
                event.tag for event in transaction.audit.events() if event.tag.startswith("review:account")
            ]

    before = len(tags())
    for _ in range(7):
        try_once(school, password=WRONG)
    welcome = try_once(school, code=school.code(SiteRole.HEAD))
    assert isinstance(welcome.answer, Welcome)
    assert tags()[before:] == ["review:account:sign-in-failed"] * 7 + ["review:account:signed-in"]
    before = len(tags())
    for _ in range(8):
        try_once(school, password=WRONG)
    assert tags()[before:] == ["review:account:sign-in-failed"] * 7 + ["review:account:locked"]


def test_tries_at_names_that_nobody_has_do_not_fill_the_trail(school: WebSchool):
    with school.opened.store.reading() as transaction:
        before = transaction.audit.head().size
    for number in range(10):
        try_once(school, address=f"{number}@hill.example", password=WRONG)
    with school.opened.store.reading() as transaction:
        assert transaction.audit.head().size == before
        counted = transaction.accounts.throttle("nobody")
    assert counted is not None
    assert counted.failures == 10


def test_a_wrong_password_spends_neither_code(school: WebSchool):
    with school.opened.store.transaction() as transaction:
        transaction.accounts.put_recovery_codes("acc-head", (code_hash("aaaa-bbbb-cccc-dddd"),))
    code = school.code(SiteRole.HEAD)
    for spent in (code, "aaaa-bbbb-cccc-dddd"):
        assert try_once(school, password=WRONG, code=spent).answer == NotRecognised()
        assert try_once(school, code=spent).answer != NotRecognised()


def test_a_one_time_password_of_an_account_that_is_off_opens_nothing(school: WebSchool):
    now = school.clock.now()
    with school.opened.store.transaction() as transaction:
        transaction.accounts.add_invitation(
            Invitation(
                id="inv-1",
                account_id="acc-chair",
                secret_hash=code_hash("one-time"),
                created_by="console",
                created_at=now,
                expires_at=now.replace(year=now.year + 1),
                needs_second=False,
                reason="",
            )
        )
    switch_off(school, SiteRole.CHAIR)
    assert try_once(school, address=CHAIR, password="one-time").answer == NotRecognised()


def test_nobodys_hash_takes_what_a_real_one_takes():
    passwords = Argon2Passwords()
    assert passwords.is_match("", "any") is False
    real = extract_parameters(Argon2Passwords().hash("a real one"))
    assert extract_parameters(passwords.nobodys) == real
