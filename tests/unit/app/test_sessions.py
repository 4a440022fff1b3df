"""A session ends when unused, after a day's work, by hand, and with its account."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mailguard.app.account_records import Account
from mailguard.app.sessions import BegunSession, SessionBook
from mailguard.app.site_settings import SiteSettings
from mailguard.domain.account import AccountState, SessionStage, SiteRole
from tests.storing import START, School, open_school, school_settings

ACCOUNT = Account(
    id="acc-1",
    role=SiteRole.HEAD,
    state=AccountState.ACTIVE,
    name="Alice Head",
    address="head@school.example",
    created_at=START,
    updated_at=START,
    created_by="console",
)
OTHER = replace(ACCOUNT, id="acc-2", address="deputy@school.example")
SETTINGS = SiteSettings(idle_seconds=1_800, absolute_seconds=36_000)


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    opened = open_school(school_settings(tmp_path / "state"))
    with opened.opened.store.transaction() as transaction:
        transaction.accounts.add(ACCOUNT)
        transaction.accounts.add(OTHER)
    yield opened
    opened.opened.store.close()


@pytest.fixture
def book(school: School) -> SessionBook:
    return SessionBook(school.opened.store, SETTINGS)


def begin(school: School, book: SessionBook, account: Account = ACCOUNT) -> BegunSession:
    with school.opened.store.transaction() as transaction:
        return book.begin(transaction, account, stage=SessionStage.FULL, client="a browser")


def test_the_store_never_has_the_token(school: School, book: SessionBook):
    begun = begin(school, book)
    database = (school.settings.state_folder / "mailguard.sqlite3").read_bytes()
    journal = (school.settings.state_folder / "mailguard.sqlite3-wal").read_bytes()
    assert begun.token.encode() not in database + journal
    assert len(begun.token) >= 43


def test_an_unknown_or_empty_token_opens_nothing(school: School, book: SessionBook):
    begin(school, book)
    assert book.resume("") is None
    assert book.resume("x" * 43) is None


def test_a_session_in_use_goes_on_and_an_unused_one_ends(school: School, book: SessionBook):
    begun = begin(school, book)
    for _ in range(4):
        school.clock.turn(minutes=20)
        assert book.resume(begun.token) is not None
    school.clock.turn(minutes=30)
    assert book.resume(begun.token) is None


def test_even_a_session_in_use_ends_after_a_days_work(school: School, book: SessionBook):
    begun = begin(school, book)
    for _ in range(39):
        school.clock.turn(minutes=15)
        assert book.resume(begun.token) is not None
    school.clock.turn(minutes=15)
    assert book.resume(begun.token) is None


def test_a_disabled_accounts_session_opens_nothing(school: School, book: SessionBook):
    begun = begin(school, book)
    with school.opened.store.transaction() as transaction:
        transaction.accounts.replace(replace(ACCOUNT, state=AccountState.DISABLED))
    assert book.resume(begun.token) is None


def test_only_ones_own_session_can_be_ended(school: School, book: SessionBook):
    begun = begin(school, book)
    assert not book.end(begun.session.id, by=OTHER)
    assert book.resume(begun.token) is not None
    assert book.end(begun.session.id, by=ACCOUNT)
    assert book.resume(begun.token) is None
    assert not book.end(begun.session.id, by=ACCOUNT)


def test_being_there_is_noted_once_a_minute_not_at_every_page(school: School, book: SessionBook):
    begun = begin(school, book)
    school.clock.turn(seconds=30)
    first = book.resume(begun.token)
    school.clock.turn(seconds=40)
    second = book.resume(begun.token)
    assert first is not None
    assert second is not None
    assert first.session.last_seen_at == START
    assert second.session.last_seen_at == school.clock.now()


def test_what_ended_long_ago_is_dropped(school: School, book: SessionBook):
    begun = begin(school, book)
    book.end(begun.session.id, by=ACCOUNT)
    school.clock.turn(days=31)
    with school.opened.store.transaction() as transaction:
        assert transaction.sessions.forget_ended(before=START) == 0
        assert transaction.sessions.forget_ended(before=school.clock.now()) == 1
