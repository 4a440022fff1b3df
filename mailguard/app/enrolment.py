"""The first sign-in (or the first after a reset), in three steps: password, telephone, recovery codes.

What the steps give is kept with the session until the last one; then all of it becomes the account's in one
transaction, or none. The session of the steps ends with them and a new one begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from mailguard.app.account_records import Account, Session
from mailguard.app.chain_notice import tell_chain
from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.one_time_codes import matching_step, new_totp_secret, totp_address
from mailguard.app.password_rules import password_problem, words_of
from mailguard.app.ports_accounts import PasswordHasher
from mailguard.app.ports_store import AuditEntry, Store
from mailguard.app.sessions import BegunSession, SessionBook
from mailguard.app.tokens import code_hash, new_recovery_codes
from mailguard.domain.account import AccountState, SessionStage


class EnrolmentStep(StrEnum):
    PASSWORD = "password"  # noqa: S105 - the name of a step
    PHONE = "phone"
    CODES = "codes"


@dataclass(frozen=True, slots=True)
class PhoneSecret:
    """``address`` is what the QR code says; ``secret`` base32, for who types it."""

    secret: str
    address: str


class Enrolment:
    def __init__(
        self,
        store: Store,
        passwords: PasswordHasher,
        sessions: SessionBook,
        *,
        effects: EffectsSettings,
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._sessions = sessions
        self._effects = effects

    def step(self, session: Session) -> EnrolmentStep:
        """Which comes next."""
        if "recovery_codes" in session.notes:
            return EnrolmentStep.CODES
        return EnrolmentStep.PHONE if "password_hash" in session.notes else EnrolmentStep.PASSWORD

    def problem_with(self, password: str, account: Account) -> str:
        """ "" when the password is taken."""
        words = words_of(account.name, account.address, self._effects.school_name, self._effects.domain)
        return password_problem(password, forbidden_words=words)

    def set_password(self, session: Session, account: Account, password: str) -> str:
        """First step. The problem, or "" and the telephone's secret is made. Costly."""
        problem = self.problem_with(password, account)
        if not problem:
            made = {"password_hash": self._passwords.hash(password), "totp_secret": new_totp_secret()}
            self._sessions.note(session, {**_kept(session.notes), **made})
        return problem

    def phone_secret(self, session: Session, account: Account) -> PhoneSecret:
        secret = str(session.notes["totp_secret"])
        address = totp_address(secret, account=account.address, school=self._effects.school_name)
        return PhoneSecret(secret=secret, address=address)

    def prove_phone(self, session: Session, code: str) -> bool:
        """Second step: the telephone shows the right code. Recovery codes are made then."""
        with self._store.transaction() as transaction:
            step = matching_step(str(session.notes.get("totp_secret", "")), code, transaction.now)
            if step is None:
                return False
            codes = list(new_recovery_codes())
            notes = {**_kept(session.notes), "recovery_codes": codes, "totp_step": step}
            transaction.sessions.note(session.id, notes)
            return True

    def finish(self, session: Session, account: Account, *, client: str) -> BegunSession | None:
        """Third step: the codes are kept. None when the invitation was withdrawn, expired or used meanwhile."""
        notes = session.notes
        with self._store.transaction() as transaction:
            now = transaction.now
            invitation = transaction.accounts.invitation(str(notes.get("invitation", "")))
            if invitation is None or not invitation.opens_at(now) or "recovery_codes" not in notes:
                return None
            enrolled = replace(
                account,
                state=AccountState.ACTIVE,
                password_hash=str(notes["password_hash"]),
                totp_secret=str(notes["totp_secret"]),
                password_set_at=now,
                signed_in_at=now,
                updated_at=now,
            )
            transaction.accounts.replace(enrolled)
            # The code of the second step is spent for signing in.
            transaction.accounts.use_totp_step(account.id, int(notes["totp_step"]))
            hashes = tuple(code_hash(str(code)) for code in notes["recovery_codes"])
            transaction.accounts.put_recovery_codes(account.id, hashes)
            for passkey in transaction.accounts.passkeys(account.id):
                transaction.accounts.drop_passkey(account.id, passkey.credential_id)
            transaction.accounts.replace_invitation(replace(invitation, used_at=now))
            ended = self._sessions.end_all(transaction, account.id)
            begun = self._sessions.begin(transaction, enrolled, stage=SessionStage.FULL, client=client)
            detail = {
                "account": account.id,
                "invitation": invitation.id,
                "session": begun.session.id,
                "sessions_ended": ended,
            }
            transaction.audit.append(
                AuditEntry(tag="accounts:account:enrolled", actor=account.id, detail=detail)
            )
            if account.reads_content:
                tell_chain(
                    transaction,
                    self._effects,
                    key=f"enrolled:{invitation.id}",
                    subject="An account that reads cases",
                    lines=[f"{account.name} has set a password and a phone and can sign in now."],
                    also_to=(account.address,),
                )
            return begun


def _kept(notes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: notes[name] for name in ("invitation", "password_hash", "totp_secret") if name in notes}
