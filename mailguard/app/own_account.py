"""What people change of their own account: password, telephone, recovery codes. Each needs fresh proof of who they are.

A change ends the account's other sessions, is on the record, and its owner (and for a reader the chain) gets mail.
"""

from __future__ import annotations

from dataclasses import replace

from mailguard.app.account_records import Account, Session
from mailguard.app.chain_notice import tell_chain
from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.enrolment import Enrolment, PhoneSecret
from mailguard.app.one_time_codes import matching_step, new_totp_secret, totp_address
from mailguard.app.ports_accounts import PasswordHasher
from mailguard.app.ports_store import AuditEntry, Store, Transaction
from mailguard.app.sessions import SessionBook
from mailguard.app.tokens import code_hash, new_recovery_codes


class OwnAccount:
    def __init__(
        self,
        store: Store,
        passwords: PasswordHasher,
        sessions: SessionBook,
        enrolment: Enrolment,
        *,
        effects: EffectsSettings,
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._sessions = sessions
        self._enrolment = enrolment
        self._effects = effects

    def recovery_codes_left(self, account: Account) -> int:
        with self._store.reading() as transaction:
            return transaction.accounts.recovery_codes_left(account.id)

    def set_password(self, session: Session, account: Account, password: str) -> str:
        """The problem, or "" and it is done. Costly."""
        problem = self._enrolment.problem_with(password, account)
        if problem:
            return problem
        password_hash = self._passwords.hash(password)
        with self._store.transaction() as transaction:
            now = transaction.now
            current = transaction.accounts.find(account.id) or account
            transaction.accounts.replace(
                replace(current, password_hash=password_hash, password_set_at=now, updated_at=now)
            )
            self._changed(transaction, session, account, "password-changed", "a new password")
        return ""

    def begin_phone(self, session: Session) -> None:
        """Make the secret of a new telephone; the old one works until the new one has proved itself."""
        self._sessions.note(session, {**session.notes, "new_totp_secret": new_totp_secret()})

    def phone_secret(self, session: Session, account: Account) -> PhoneSecret | None:
        """None when no change of telephone was begun."""
        secret = str(session.notes.get("new_totp_secret", ""))
        if not secret:
            return None
        address = totp_address(secret, account=account.address, school=self._effects.school_name)
        return PhoneSecret(secret=secret, address=address)

    def prove_phone(self, session: Session, account: Account, code: str) -> bool:
        """The new telephone shows the right code: from now on it is the account's."""
        secret = str(session.notes.get("new_totp_secret", ""))
        with self._store.transaction() as transaction:
            step = matching_step(secret, code, transaction.now)
            if step is None:
                return False
            current = transaction.accounts.find(account.id) or account
            transaction.accounts.replace(replace(current, totp_secret=secret, updated_at=transaction.now))
            transaction.accounts.use_totp_step(account.id, step)
            kept = {name: value for name, value in session.notes.items() if name != "new_totp_secret"}
            transaction.sessions.note(session.id, kept)
            self._changed(transaction, session, account, "phone-changed", "a new phone")
            return True

    def new_recovery_codes(self, session: Session, account: Account) -> tuple[str, ...]:
        """In place of all earlier ones. They are shown once and kept as hashes."""
        codes = new_recovery_codes()
        with self._store.transaction() as transaction:
            transaction.accounts.put_recovery_codes(account.id, tuple(map(code_hash, codes)))
            self._changed(
                transaction, session, account, "recovery-codes-made", "new recovery codes", ends_others=False
            )
        return codes

    def end_other_sessions(self, session: Session, account: Account) -> int:
        with self._store.transaction() as transaction:
            ended = self._sessions.end_all(transaction, account.id, but=session.id)
            _audit(transaction, account, "others-signed-out", {"sessions_ended": ended})
            return ended

    def _changed(
        self,
        transaction: Transaction,
        session: Session,
        account: Account,
        act: str,
        words: str,
        *,
        ends_others: bool = True,
    ) -> None:
        ended = self._sessions.end_all(transaction, account.id, but=session.id) if ends_others else 0
        _audit(transaction, account, act, {"session": session.id, "sessions_ended": ended})
        lines = [
            f"{account.name} has set {words} on the review page.",
            "If it was not them, switch the account off at once, or have the IT admin do it on the server.",
        ]
        key = f"own:{account.id}:{act}:{transaction.now:%Y%m%dT%H%M%S}"
        if account.reads_content:
            tell_chain(
                transaction,
                self._effects,
                key=key,
                subject="An account that reads cases",
                lines=lines,
                also_to=(account.address,),
            )


def _audit(transaction: Transaction, account: Account, act: str, detail: dict[str, object]) -> None:
    transaction.audit.append(
        AuditEntry(tag=f"accounts:account:{act}", actor=account.id, detail={"account": account.id, **detail})
    )
