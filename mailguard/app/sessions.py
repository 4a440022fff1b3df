"""Signed-in browsers: begun, resumed, made fresh, ended. The browser's token is never kept, only its hash.

SECURITY: a token is 256 random bits, new at every sign-in, so none that a stranger planted or saw before is ever
worth anything. A session ends by itself when unused, and in any case after some hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from mailguard.app.account_records import Account, Session
from mailguard.app.ports_store import AuditEntry, Store, Transaction
from mailguard.app.site_settings import SiteSettings
from mailguard.app.tokens import new_id, new_token, token_hash
from mailguard.domain.account import AccountState, SessionStage

_SEE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class BegunSession:
    """``token`` goes into the browser's cookie and nowhere else."""

    session: Session
    token: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is there, by which session."""

    session: Session
    account: Account


class SessionBook:
    """The sessions of one school's review page."""

    def __init__(self, store: Store, settings: SiteSettings) -> None:
        self._store = store
        self._settings = settings

    def begin(
        self, transaction: Transaction, account: Account, *, stage: SessionStage, client: str
    ) -> BegunSession:
        """Within the transaction that says why."""
        now, token = transaction.now, new_token()
        is_full = stage is SessionStage.FULL
        seconds = self._settings.absolute_seconds if is_full else self._settings.enrolment_seconds
        session = Session(
            id=new_id("ses"),
            account_id=account.id,
            token_hash=token_hash(token),
            stage=stage,
            created_at=now,
            last_seen_at=now,
            expires_at=now + timedelta(seconds=seconds),
            fresh_until=now + timedelta(seconds=self._settings.fresh_seconds),
            client=client,
        )
        transaction.sessions.add(session)
        return BegunSession(session=session, token=token)

    def resume(self, token: str, *, is_use: bool = True) -> SignedIn | None:
        """Who holds this token; None when nobody does (any more). Notes once a minute that the session is used.

        ``is_use`` False: only a script of an open page asks, and the person may have gone.
        """
        with self._store.reading() as transaction:
            session = transaction.sessions.by_token_hash(token_hash(token))
            if session is None or not self._is_open(session, transaction):
                return None
            account = transaction.accounts.find(session.account_id)
            now = transaction.now
        if account is None or account.state is AccountState.DISABLED:
            return None
        if is_use and (now - session.last_seen_at).total_seconds() >= _SEE_SECONDS:
            with self._store.transaction() as transaction:
                transaction.sessions.see(session.id)
            session = replace(session, last_seen_at=now)
        return SignedIn(session=session, account=account)

    def of(self, account_id: str) -> tuple[Session, ...]:
        """The account's sessions that still open something, last used first."""
        with self._store.reading() as transaction:
            sessions = transaction.sessions.open_of(account_id)
            return tuple(session for session in sessions if self._is_open(session, transaction))

    def note(self, session: Session, notes: Mapping[str, Any]) -> None:
        with self._store.transaction() as transaction:
            transaction.sessions.note(session.id, notes)

    def freshen(self, transaction: Transaction, session_id: str) -> None:
        """The person has just proved who they are. Within the transaction that says how."""
        until = transaction.now + timedelta(seconds=self._settings.fresh_seconds)
        transaction.sessions.freshen(session_id, until=until)

    def end(self, session_id: str, *, by: Account) -> bool:
        """End one of ``by``'s own sessions. False when it is not theirs or had ended."""
        with self._store.transaction() as transaction:
            session = transaction.sessions.find(session_id)
            if session is None or session.account_id != by.id or not transaction.sessions.end(session_id):
                return False
            entry = AuditEntry(
                tag="review:session:ended", actor=by.id, detail={"session": session_id, "account": by.id}
            )
            transaction.audit.append(entry)
            return True

    def end_all(self, transaction: Transaction, account_id: str, *, but: str = "") -> int:
        """Within the transaction that says why. ``but``: the session id that stays. How many ended."""
        others = [each for each in transaction.sessions.open_of(account_id) if each.id != but]
        return sum(transaction.sessions.end(session.id) for session in others)

    def _is_open(self, session: Session, transaction: Transaction) -> bool:
        unused = (transaction.now - session.last_seen_at).total_seconds()
        return (
            session.ended_at is None
            and transaction.now < session.expires_at
            and unused < self._settings.idle_seconds
        )
