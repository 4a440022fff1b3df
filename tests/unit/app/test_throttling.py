"""Who tries too often waits some minutes; nobody can keep somebody else out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailguard.app.throttling import (
    ACCOUNT_RULE,
    ADDRESS_RULE,
    BROWSER_RULE,
    Tried,
    count_try,
    forgive,
    locked_until,
    tries_of,
)
from tests.storing import School, open_school, school_settings


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    opened = open_school(school_settings(tmp_path / "state"))
    yield opened
    opened.opened.store.close()


def fail(school: School, tries: tuple[Tried, ...], times: int = 1) -> None:
    for _ in range(times):
        with school.opened.store.transaction() as transaction:
            count_try(transaction, tries)


def minutes_locked(school: School, tries: tuple[Tried, ...]) -> float | None:
    with school.opened.store.reading() as transaction:
        until = locked_until(transaction, tries)
        return None if until is None else (until - transaction.now).total_seconds() / 60


def stranger(ip: str = "192.0.2.7") -> tuple[Tried, ...]:
    return tries_of(client_ip=ip, account_address="head@school.example", browser="")


def known(ip: str = "192.0.2.8") -> tuple[Tried, ...]:
    return tries_of(client_ip=ip, account_address="head@school.example", browser="a-mark")


def test_an_account_locks_for_strangers_after_a_few_failures_from_wherever_they_come(school: School):
    for number in range(ACCOUNT_RULE.failures - 1):
        fail(school, stranger(f"192.0.2.{number}"))
    assert minutes_locked(school, stranger("198.51.100.1")) is None
    fail(school, stranger("198.51.100.1"))
    assert minutes_locked(school, stranger("198.51.100.2")) == 15


def test_a_browser_that_signed_in_before_is_not_locked_with_the_strangers(school: School):
    fail(school, stranger(), times=ACCOUNT_RULE.failures)
    assert minutes_locked(school, known()) is None
    fail(school, known(), times=BROWSER_RULE.failures)
    assert minutes_locked(school, known()) == 5


def test_a_lock_ends_by_itself_and_is_not_prolonged_by_whoever_goes_on(school: School):
    fail(school, stranger(), times=ACCOUNT_RULE.failures)
    school.clock.turn(minutes=14)
    assert minutes_locked(school, stranger()) == 1
    school.clock.turn(minutes=2)
    assert minutes_locked(school, stranger()) is None


def test_letter_case_of_the_address_makes_no_other_account(school: School):
    fail(school, stranger(), times=ACCOUNT_RULE.failures)
    shouted = tries_of(client_ip="198.51.100.9", account_address=" HEAD@school.example ", browser="")
    assert minutes_locked(school, shouted) == 15


def test_one_address_on_the_network_cannot_go_through_all_accounts(school: School):
    for number in range(ADDRESS_RULE.failures):
        fail(school, tries_of(client_ip="192.0.2.7", account_address=f"a{number}@school.example", browser=""))
    fresh = tries_of(client_ip="192.0.2.7", account_address="other@school.example", browser="")
    assert minutes_locked(school, fresh) == 10


def test_the_addresses_of_one_ipv6_network_count_as_one(school: School):
    for number in range(ADDRESS_RULE.failures):
        fail(
            school,
            tries_of(client_ip=f"2001:db8::{number:x}", account_address=f"a{number}@x.example", browser=""),
        )
    same = tries_of(client_ip="2001:db8::ffff:1", account_address="b@x.example", browser="")
    other = tries_of(client_ip="2001:db8:0:1::1", account_address="b@x.example", browser="")
    assert minutes_locked(school, same) == 10
    assert minutes_locked(school, other) is None


def test_signing_in_to_ones_own_account_resets_no_count_of_the_network_address(school: School):
    fail(school, stranger(), times=5)
    own = tries_of(client_ip="192.0.2.7", account_address="guesser@school.example", browser="")
    fail(school, own)
    with school.opened.store.transaction() as transaction:
        forgive(transaction, own)
        throttle = transaction.accounts.throttle("client:192.0.2.7")
    assert throttle is not None
    assert throttle.failures == 5


def test_old_failures_are_forgotten(school: School):
    fail(school, stranger(), times=ACCOUNT_RULE.failures - 1)
    school.clock.turn(minutes=16)
    fail(school, stranger())
    assert minutes_locked(school, stranger()) is None
