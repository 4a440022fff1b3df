"""Accounts, sessions, the rota and broken glass, on both databases; nothing that tells about people stands in clear."""

from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import select

from mailguard.adapters.store import tables_accounts
from mailguard.adapters.store.columns import metadata
from mailguard.app.account_records import (
    Account,
    GlassGrant,
    Invitation,
    Passkey,
    RoleAbsence,
    Session,
    Throttle,
)
from mailguard.domain.account import AccountState, SessionStage, SiteRole
from mailguard.domain.words import Role
from tests.storing import START, School, one_report, opening

ACCOUNT = Account(
    id="acc-1",
    role=SiteRole.HEAD,
    state=AccountState.ACTIVE,
    name="Alicia Unmistakable",
    address="Head.Unmistakable@school.example",
    created_at=START,
    updated_at=START,
    created_by="console",
    password_hash="$argon2id$unmistakable",
    totp_secret="UNMISTAKABLE",
    password_set_at=START,
)
SESSION = Session(
    id="ses-1",
    account_id="acc-1",
    token_hash="a" * 64,
    stage=SessionStage.FULL,
    created_at=START,
    last_seen_at=START,
    expires_at=START + timedelta(hours=10),
    fresh_until=START + timedelta(minutes=10),
    client="192.0.2.1 Unmistakable browser",
    notes={"recovery_codes": ["unmistakable"]},
)
INVITATION = Invitation(
    id="inv-1",
    account_id="acc-1",
    secret_hash="b" * 64,
    created_by="console",
    created_at=START,
    expires_at=START + timedelta(days=3),
    needs_second=True,
    reason="unmistakable reason",
)


def add_account(school: School) -> None:
    with school.opened.store.transaction() as transaction:
        assert transaction.accounts.add(ACCOUNT)


def test_an_account_is_found_by_id_and_by_address_however_it_is_written(school: School):
    add_account(school)
    with school.opened.store.reading() as transaction:
        assert transaction.accounts.find("acc-1") == ACCOUNT
        assert transaction.accounts.by_address(" head.unmistakable@SCHOOL.example") == ACCOUNT
        assert transaction.accounts.by_address("other@school.example") is None
        assert transaction.accounts.all() == (ACCOUNT,)


def test_one_address_has_one_account(school: School):
    add_account(school)
    with school.opened.store.transaction() as transaction:
        twin = replace(ACCOUNT, id="acc-2", address=ACCOUNT.address.upper())
        assert not transaction.accounts.add(twin)


def test_a_time_step_is_spent_once_and_no_earlier_one_after_it(school: School):
    add_account(school)
    with school.opened.store.transaction() as transaction:
        assert transaction.accounts.use_totp_step("acc-1", 59_000_001)
        assert not transaction.accounts.use_totp_step("acc-1", 59_000_001)
        assert not transaction.accounts.use_totp_step("acc-1", 59_000_000)
        assert transaction.accounts.use_totp_step("acc-1", 59_000_002)


def test_recovery_codes_are_spent_once_and_replaced_together(school: School):
    add_account(school)
    with school.opened.store.transaction() as transaction:
        transaction.accounts.put_recovery_codes("acc-1", ("c" * 64, "d" * 64))
        assert transaction.accounts.use_recovery_code("acc-1", "c" * 64)
        assert not transaction.accounts.use_recovery_code("acc-1", "c" * 64)
        assert transaction.accounts.recovery_codes_left("acc-1") == 1
        transaction.accounts.put_recovery_codes("acc-1", ("e" * 64,))
        assert not transaction.accounts.use_recovery_code("acc-1", "d" * 64)
        assert transaction.accounts.recovery_codes_left("acc-1") == 1


def test_an_invitation_opens_only_approved_unused_and_in_time(school: School):
    add_account(school)
    approved = replace(INVITATION, approved_by="acc-9", approved_at=START)
    with school.opened.store.transaction() as transaction:
        transaction.accounts.add_invitation(INVITATION)
        transaction.accounts.replace_invitation(approved)
    with school.opened.store.reading() as transaction:
        assert transaction.accounts.invitation("inv-1") == approved
        assert transaction.accounts.invitations("acc-1") == transaction.accounts.invitations() == (approved,)
    assert not INVITATION.opens_at(START)
    assert approved.opens_at(START)
    assert not approved.opens_at(START + timedelta(days=3))
    assert not replace(approved, used_at=START).opens_at(START)
    assert not replace(approved, withdrawn_at=START).opens_at(START)


def test_a_passkey_is_one_accounts_and_counts_its_uses(school: School):
    add_account(school)
    passkey = Passkey(
        credential_id=b"\x00credential",
        account_id="acc-1",
        public_key=b"\x01key",
        sign_count=3,
        name="my phone",
        created_at=START,
    )
    with school.opened.store.transaction() as transaction:
        assert transaction.accounts.add_passkey(passkey)
        assert not transaction.accounts.add_passkey(replace(passkey, name="again"))
        transaction.accounts.use_passkey(passkey.credential_id, sign_count=4)
        used = transaction.accounts.passkey(passkey.credential_id)
        assert used == replace(passkey, sign_count=4, last_used_at=START)
        assert not transaction.accounts.drop_passkey("acc-2", passkey.credential_id)
        assert transaction.accounts.drop_passkey("acc-1", passkey.credential_id)
        assert transaction.accounts.passkeys("acc-1") == ()


def test_a_session_is_found_by_its_tokens_hash_until_it_is_dropped(school: School):
    add_account(school)
    with school.opened.store.transaction() as transaction:
        transaction.sessions.add(SESSION)
        transaction.sessions.note("ses-1", {"step": 2})
        transaction.sessions.freshen("ses-1", until=START + timedelta(minutes=20))
    school.clock.turn(minutes=5)
    with school.opened.store.transaction() as transaction:
        transaction.sessions.see("ses-1")
        found = transaction.sessions.by_token_hash("a" * 64)
        assert found == replace(
            SESSION,
            notes={"step": 2},
            fresh_until=START + timedelta(minutes=20),
            last_seen_at=START + timedelta(minutes=5),
        )
        assert transaction.sessions.open_of("acc-1") == (found,)
        assert transaction.sessions.end("ses-1")
        assert not transaction.sessions.end("ses-1")
        assert transaction.sessions.open_of("acc-1") == ()
        ended = transaction.sessions.find("ses-1")
        assert ended is not None
        assert ended.notes == {}


def test_failures_are_counted_by_key_and_forgotten_when_they_lock_nobody(school: School):
    with school.opened.store.transaction() as transaction:
        transaction.accounts.put_throttle(
            "account:x", Throttle(failures=2, first_at=START, locked_until=None)
        )
        locking = Throttle(failures=0, first_at=START, locked_until=START + timedelta(minutes=15))
        transaction.accounts.put_throttle("account:y", locking)
        assert transaction.accounts.throttle("account:y") == locking
        assert transaction.accounts.forget_throttles(first_before=START + timedelta(hours=1)) == 1
        assert transaction.accounts.throttle("account:x") is None
        transaction.accounts.clear_throttle("account:y")
        assert transaction.accounts.throttle("account:y") is None


def test_absences_stand_until_they_are_taken_back(school: School):
    absence = RoleAbsence(
        id="abs-1",
        role=Role.HEAD,
        first_day=date(2026, 11, 24),
        last_day=date(2026, 11, 26),
        acting_name="Otto Unmistakable",
        acting_address="otto.unmistakable@school.example",
        created_by="acc-1",
        created_at=START,
    )
    with school.opened.store.transaction() as transaction:
        transaction.rota.add(absence)
        assert transaction.rota.absences() == (absence,)
        assert transaction.rota.withdraw("abs-1", by="acc-2")
        assert not transaction.rota.withdraw("abs-1", by="acc-2")
        assert transaction.rota.absences() == ()
        kept = transaction.rota.find("abs-1")
        assert kept == replace(absence, withdrawn_by="acc-2", withdrawn_at=START)


def test_a_grant_opens_between_its_approval_and_its_end(school: School):
    add_account(school)
    case_id = school.casebook.open_or_join(opening(), one_report).case_id
    grant = GlassGrant(
        id="gls-1", case_id=case_id, account_id="acc-1", reason="unmistakable fault", asked_at=START
    )
    given = replace(grant, approved_by="acc-2", approved_at=START, expires_at=START + timedelta(hours=4))
    with school.opened.store.transaction() as transaction:
        transaction.glass.add(grant)
        assert transaction.glass.find("gls-1") == grant
        transaction.glass.replace(given)
        assert transaction.glass.of_account("acc-1") == transaction.glass.recent(limit=5) == (given,)
    assert not grant.opens_at(START)
    assert given.opens_at(START)
    assert not given.opens_at(START + timedelta(hours=4))
    assert not replace(given, ended_at=START).opens_at(START)


def test_names_addresses_secrets_and_reasons_stand_nowhere_in_clear(school: School):
    add_account(school)
    case_id = school.casebook.open_or_join(opening(), one_report).case_id
    with school.opened.store.transaction() as transaction:
        transaction.sessions.add(SESSION)
        transaction.accounts.add_invitation(INVITATION)
        transaction.accounts.put_throttle(
            "account:unmistakable", Throttle(failures=1, first_at=START, locked_until=None)
        )
        transaction.glass.add(
            GlassGrant(id="gls-1", case_id=case_id, account_id="acc-1", reason="unmistakable", asked_at=START)
        )
    assert tables_accounts.accounts.name in metadata.tables
    with school.opened.store._engines.reading.connect() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(select(table)):
                assert "unmistakable" not in repr(tuple(row)).lower(), table.name
