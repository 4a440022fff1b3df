"""A challenge is good once: for every process of the site, after a restart, and whatever it was used for."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mailguard.adapters.store.opening import open_store
from mailguard.adapters.store.sql_store import SqlStore
from mailguard.app.account_records import Account, Passkey
from mailguard.app.passkeys import Challenge, Passkeys
from mailguard.app.sessions import SessionBook
from mailguard.daemon_settings import store_settings
from mailguard.domain.account import SiteRole
from tests.web_site import WebSchool, make_web_school

KEY = b"\x01" * 16


class AnyAnswer:
    """``app.passkeys.WebAuthn`` of a device whose count never moves, as those of synchronised passkeys do not."""

    def creation_options(
        self, account: Account, challenge: bytes, known: tuple[bytes, ...]
    ) -> dict[str, Any]:
        return {}

    def request_options(self, challenge: bytes) -> dict[str, Any]:
        return {}

    def created(self, answer: str, challenge: bytes) -> tuple[bytes, bytes, int] | None:
        return answer.encode(), b"public", 0

    def credential_id(self, answer: str) -> bytes:
        return answer.encode()

    def used(self, answer: str, challenge: bytes, passkey: Passkey) -> int | None:
        return 0


@pytest.fixture(params=["sqlite", "postgresql"])
def school(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WebSchool]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    with make_web_school(tmp_path, store_url=url) as made:
        yield made


def passkeys_over(school: WebSchool, store: SqlStore) -> Passkeys:
    sessions = SessionBook(store, school.site.settings)
    return Passkeys(store, sessions, AnyAnswer(), effects=school.site.effects)


@pytest.fixture
def passkeys(school: WebSchool) -> Passkeys:
    """With one of the Head's."""
    made = passkeys_over(school, school.opened.store)
    head = school.accounts[SiteRole.HEAD]
    assert made.add(school.begin(SiteRole.HEAD).session, head, "mine", challenge(school), name="mine") == ""
    return made


def challenge(school: WebSchool, value: bytes = KEY) -> Challenge:
    return Challenge(value, expires_at=school.clock.now() + timedelta(minutes=10))


def test_it_signs_in_once(school: WebSchool, passkeys: Passkeys):
    asked = challenge(school, b"\x02" * 16)
    assert passkeys.sign_in("mine", asked, client="a browser") is not None
    assert passkeys.sign_in("mine", asked, client="a browser") is None
    assert passkeys.sign_in("mine", challenge(school, b"\x03" * 16), client="a browser") is not None


def test_another_process_and_one_started_later_know_that_it_was_used(school: WebSchool, passkeys: Passkeys):
    asked = challenge(school, b"\x02" * 16)
    assert passkeys.sign_in("mine", asked, client="a browser") is not None
    settings = store_settings(school.loaded, school.folder / "state", may_make=False)
    other = open_store(settings, school.clock)
    try:
        theirs = passkeys_over(school, other.store)
        assert theirs.sign_in("mine", asked, client="a browser") is None
        assert theirs.sign_in("mine", challenge(school, b"\x03" * 16), client="a browser") is not None
    finally:
        other.store.close()


def test_what_signed_in_confirms_nothing_and_sets_up_nothing(school: WebSchool, passkeys: Passkeys):
    asked = challenge(school, b"\x02" * 16)
    assert passkeys.sign_in("mine", asked, client="a browser") is not None
    head, session = school.accounts[SiteRole.HEAD], school.begin(SiteRole.HEAD).session
    assert passkeys.confirm(session, head, "mine", asked) is False
    assert passkeys.add(session, head, "another", asked, name="") != ""
    assert len(passkeys.of(head)) == 1
    assert passkeys.confirm(session, head, "mine", challenge(school, b"\x03" * 16)) is True


def test_strangers_who_have_no_passkey_use_nothing_up(school: WebSchool, passkeys: Passkeys):
    asked = challenge(school, b"\x02" * 16)
    assert passkeys.sign_in("a strangers", asked, client="a browser") is None
    assert passkeys.sign_in("mine", asked, client="a browser") is not None


def test_what_was_used_is_forgotten_when_it_is_long_over(school: WebSchool, passkeys: Passkeys):
    school.clock.turn(days=31)
    with school.opened.store.transaction() as transaction:
        old = school.clock.now() - timedelta(days=30)
        assert transaction.links.forget_old(expired_before=old) == 1
