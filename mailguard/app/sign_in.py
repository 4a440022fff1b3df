"""Signing in: address, password and a code, judged together, so that nobody learns which of them was wrong.

A one-time password of an invitation, typed where the password goes, opens the pages of the first sign-in. A recovery
code, typed where the code goes, serves in place of the telephone, once.
SECURITY: hostile callers guess passwords here, in any number, from any address. Refusals look alike and cost alike: one
Argon2, the same statements and one commit, whether the name, the password or the code was wrong or the account is off.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from mailguard.app.account_records import Account, Invitation, Throttle
from mailguard.app.chain_notice import tell_chain
from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.one_time_codes import matching_step, new_totp_secret
from mailguard.app.ports_accounts import PasswordHasher
from mailguard.app.ports_store import AuditEntry, Store, Transaction
from mailguard.app.sessions import BegunSession, SessionBook
from mailguard.app.throttling import Tried, count_try, forgive, locked_until, tries_of
from mailguard.app.tokens import code_hash
from mailguard.domain.account import AccountState, SessionStage

_LONGEST_PASSWORD = 1_000
_ANYBODY = "anybody"  # an actor who proved nothing
_NOBODYS_SECRET = new_totp_secret()
_NO_STEP = -1
_NOBODYS_KEY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """As typed. ``client_ip`` and ``client`` (its words for the list of sessions) are the server's;

    ``known_browser``: the id of the account that this browser has signed in to before, with its mark, or "".
    """

    address: str
    password: str
    code: str
    client_ip: str
    client: str
    known_browsers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Welcome:
    """``used_recovery_code``: then ``codes_left`` of them remain."""

    begun: BegunSession
    account: Account
    used_recovery_code: bool = False
    codes_left: int = 0


@dataclass(frozen=True, slots=True)
class NotRecognised:
    """Address, password or code is wrong; nobody is told which."""


@dataclass(frozen=True, slots=True)
class TooManyTries:
    until: datetime


@dataclass(frozen=True, slots=True)
class WaitsForSecond:
    """The one-time password is right, but nobody has approved the invitation yet."""


SignInAnswer = Welcome | NotRecognised | TooManyTries | WaitsForSecond


class SignIn:
    def __init__(
        self, store: Store, passwords: PasswordHasher, sessions: SessionBook, *, effects: EffectsSettings
    ) -> None:
        self._effects = effects
        self._store = store
        self._passwords = passwords
        self._sessions = sessions

    def try_to(self, credentials: Credentials) -> SignInAnswer:
        """Blocking, costly. Raises TemporaryFailure when too many try at a time."""
        with self._store.reading() as transaction:
            account = transaction.accounts.by_address(credentials.address)
            tries = _tries(credentials, account)
            until = locked_until(transaction, tries)
            if until is not None:
                return TooManyTries(until)
        with self._store.transaction() as transaction:
            # Again, because others may have tried since.
            until = locked_until(transaction, tries)
            if until is not None:
                return TooManyTries(until)
            lock = _count(transaction, tries)
        password = credentials.password[:_LONGEST_PASSWORD]
        is_password = self._passwords.is_match(account.password_hash if account is not None else "", password)
        known = None if account is None or account.state is AccountState.DISABLED else account
        with self._store.transaction() as transaction:
            # From here on everybody costs the same look-ups and spendings until they are refused, known or not: what
            # must not be spent is asked for by a step and a code that there cannot be.
            account_id = account.id if account is not None else ""
            invitation = _invitation_for(transaction, account_id, password)
            if invitation is not None and known is not None:
                return self._welcome_to_enrol(transaction, known, invitation, credentials, tries)
            is_proved = is_password and known is not None and known.is_enrolled
            secret = account.totp_secret if account is not None else ""
            step = matching_step(secret or _NOBODYS_SECRET, credentials.code, transaction.now)
            spent = step if step is not None and is_proved else _NO_STEP
            is_step = transaction.accounts.use_totp_step(account_id, spent)
            code = "" if is_step or not is_proved else code_hash(credentials.code)
            recovery = transaction.accounts.use_recovery_code(account_id, code)
            if known is None or not (is_step or recovery):
                return _refused(transaction, account, lock)
            forgive(transaction, tries)
            signed_in = replace(known, signed_in_at=transaction.now)
            transaction.accounts.replace(signed_in)
            begun = self._sessions.begin(
                transaction, signed_in, stage=SessionStage.FULL, client=credentials.client
            )
            left = transaction.accounts.recovery_codes_left(known.id)
            detail = {"session": begun.session.id, "by": "recovery-code" if recovery else "totp"}
            _audit(transaction, "review:account:signed-in", known, detail)
            if recovery and known.reads_content:
                self._tell_of_recovery(transaction, known, begun.session.id, left)
            return Welcome(begun=begun, account=signed_in, used_recovery_code=recovery, codes_left=left)

    def confirm(
        self, account: Account, *, session_id: str, password: str, code: str, client_ip: str
    ) -> bool | datetime:
        """Prove again who is there: True, False, or until when no more tries count."""
        tries = tries_of(
            client_ip=client_ip, account_address=account.address, browser=f"session:{session_id}"
        )
        with self._store.transaction() as transaction:
            until = locked_until(transaction, tries)
            if until is not None:
                return until
            lock = _count(transaction, tries)
        is_password = self._passwords.is_match(account.password_hash, password[:_LONGEST_PASSWORD])
        with self._store.transaction() as transaction:
            step = matching_step(account.totp_secret, code, transaction.now)
            if not is_password or step is None or not transaction.accounts.use_totp_step(account.id, step):
                _refused(transaction, account, lock)
                return False
            forgive(transaction, tries)
            self._sessions.freshen(transaction, session_id)
            _audit(transaction, "review:account:confirmed", account, {"session": session_id})
            return True

    def _tell_of_recovery(
        self, transaction: Transaction, account: Account, session_id: str, left: int
    ) -> None:
        """Whoever has found somebody's paper with the codes signs in like this, too."""
        tell_chain(
            transaction,
            self._effects,
            key=f"recovery:{session_id}",
            subject="An account that reads cases",
            lines=[
                f"{account.name} has signed in with a recovery code in place of the phone; {left} are left.",
                "If it was not them, switch the account off at once.",
            ],
            also_to=(account.address,),
        )

    def _welcome_to_enrol(
        self,
        transaction: Transaction,
        account: Account,
        invitation: Invitation,
        credentials: Credentials,
        tries: tuple[Tried, ...],
    ) -> SignInAnswer:
        forgive(transaction, tries)
        if not invitation.opens_at(transaction.now):
            return WaitsForSecond()
        begun = self._sessions.begin(
            transaction, account, stage=SessionStage.ENROLLING, client=credentials.client
        )
        transaction.sessions.note(begun.session.id, {"invitation": invitation.id})
        detail = {"session": begun.session.id, "invitation": invitation.id}
        _audit(transaction, "review:account:enrolment-begun", account, detail)
        return Welcome(begun=begun, account=account)


def _tries(credentials: Credentials, account: Account | None) -> tuple[Tried, ...]:
    marks = dict(credentials.known_browsers)
    mark = marks.get(account.id, "") if account is not None else ""
    return tries_of(client_ip=credentials.client_ip, account_address=credentials.address, browser=mark)


def _invitation_for(transaction: Transaction, account_id: str, password: str) -> Invitation | None:
    given = code_hash(password)
    for invitation in transaction.accounts.invitations(account_id):
        if invitation.is_open(transaction.now) and hmac.compare_digest(invitation.secret_hash, given):
            return invitation
    return None


def _count(transaction: Transaction, tries: tuple[Tried, ...]) -> str:
    """For whom this try locks the account, should it be refused: "strangers", "one browser", or "" for nobody."""
    locked = [key for key in count_try(transaction, tries) if not key.startswith("client:")]
    if not locked:
        return ""
    return "strangers" if any(key.startswith("account:") for key in locked) else "one browser"


def _refused(transaction: Transaction, account: Account | None, lock: str) -> NotRecognised:
    """On the record for an account, in one event, whether it locks (``lock``: for whom) or not: the time tells nobody.

    Tries at names that nobody has are one number: strangers shall not fill the trail.
    """
    if account is None:
        transaction.audit.head()
        begun = transaction.accounts.throttle(_NOBODYS_KEY) or Throttle(
            failures=0, first_at=transaction.now, locked_until=None
        )
        transaction.accounts.put_throttle(_NOBODYS_KEY, replace(begun, failures=begun.failures + 1))
        return NotRecognised()
    if lock:
        _audit(transaction, "review:account:locked", account, {"for": lock}, actor=_ANYBODY)
    else:
        _audit(transaction, "review:account:sign-in-failed", account, {}, actor=_ANYBODY)
    return NotRecognised()


def _audit(
    transaction: Transaction, tag: str, account: Account, detail: Mapping[str, object], *, actor: str = ""
) -> None:
    transaction.audit.append(
        AuditEntry(tag=tag, actor=actor or account.id, detail={"account": account.id, **detail})
    )
