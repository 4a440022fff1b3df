"""Passkeys: signing in by fingerprint or face, without password and code. An extra (``mailguard[passkeys]``).

A passkey replaces both factors only because the device itself asks for the person (user verification is required). What
the browser signs holds this site's name, so a look-alike site gains nothing.
SECURITY: a challenge is random, signed by us into the form, short-lived, and good for one session or visitor, once: the
store remembers it as used until it has expired, in the transaction that uses it, for every process of the site.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from mailguard.app.account_records import Account, Passkey, Session
from mailguard.app.chain_notice import tell_chain
from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.ports_store import AuditEntry, Store, Transaction
from mailguard.app.sessions import BegunSession, SessionBook
from mailguard.domain.account import AccountState, SessionStage

_MOST_PASSKEYS = 10
_MOST_NAME = 60
_USED = "passkey-challenge"
_NOT_MADE = "Your browser did not make a passkey. Try again."


class WebAuthn(Protocol):
    """The standard's arithmetic, for one site (``adapters.webauthn``)."""

    def creation_options(
        self, account: Account, challenge: bytes, known: tuple[bytes, ...]
    ) -> dict[str, Any]: ...

    def request_options(self, challenge: bytes) -> dict[str, Any]: ...

    def created(self, answer: str, challenge: bytes) -> tuple[bytes, bytes, int] | None:
        """(credential id, public key, sign count) of what a browser made; None when it is not genuine."""
        ...

    def credential_id(self, answer: str) -> bytes:
        """Which passkey a browser says it has used; b"" when it says nothing of the kind."""
        ...

    def used(self, answer: str, challenge: bytes, passkey: Passkey) -> int | None:
        """The new sign count; None when it is not genuine."""
        ...


@dataclass(frozen=True, slots=True)
class Challenge:
    """What the browser is asked to sign. ``expires_at``: from then on the site itself refuses it."""

    value: bytes
    expires_at: datetime

    def use_up(self, transaction: Transaction) -> bool:
        """False when it was used before."""
        return transaction.links.use_up(self.value.hex(), action=_USED, expires_at=self.expires_at)


@dataclass(frozen=True, slots=True)
class PasskeyWelcome:
    begun: BegunSession
    account: Account


class Passkeys:
    """``webauthn`` None: the extra is not installed, or the site has no https address."""

    def __init__(
        self, store: Store, sessions: SessionBook, webauthn: WebAuthn | None, *, effects: EffectsSettings
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._webauthn = webauthn
        self._effects = effects

    @property
    def is_available(self) -> bool:
        return self._webauthn is not None

    def of(self, account: Account) -> tuple[Passkey, ...]:
        with self._store.reading() as transaction:
            return transaction.accounts.passkeys(account.id)

    def creation_options(self, account: Account, challenge: bytes) -> str:
        """JSON for the browser. Only where ``is_available``."""
        assert self._webauthn is not None
        known = tuple(passkey.credential_id for passkey in self.of(account))
        return json.dumps(self._webauthn.creation_options(account, challenge, known))

    def request_options(self, challenge: bytes) -> str:
        """JSON for the browser. Only where ``is_available``."""
        assert self._webauthn is not None
        return json.dumps(self._webauthn.request_options(challenge))

    def add(self, session: Session, account: Account, answer: str, challenge: Challenge, *, name: str) -> str:
        """The problem, or "" and the passkey is the account's."""
        made = self._webauthn.created(answer, challenge.value) if self._webauthn is not None else None
        if made is None:
            return _NOT_MADE
        credential_id, public_key, sign_count = made
        with self._store.transaction() as transaction:
            if not challenge.use_up(transaction):
                return _NOT_MADE
            if len(transaction.accounts.passkeys(account.id)) >= _MOST_PASSKEYS:
                return "Remove a passkey that you no longer use first."
            passkey = Passkey(
                credential_id=credential_id,
                account_id=account.id,
                public_key=public_key,
                sign_count=sign_count,
                name=" ".join(name.split())[:_MOST_NAME] or "Passkey",
                created_at=transaction.now,
            )
            if not transaction.accounts.add_passkey(passkey):
                return "This passkey is known already."
            detail = {"account": account.id, "session": session.id}
            transaction.audit.append(
                AuditEntry(tag="accounts:passkey:added", actor=account.id, detail=detail)
            )
            if account.reads_content:
                tell_chain(
                    transaction,
                    self._effects,
                    key=f"passkey:{credential_id.hex()}",
                    subject="An account that reads cases",
                    lines=[
                        f"{account.name} has set up a passkey on the review page.",
                        "If it was not them, switch the account off at once.",
                    ],
                    also_to=(account.address,),
                )
        return ""

    def remove(self, account: Account, credential_id: bytes) -> bool:
        """False when it is not theirs."""
        with self._store.transaction() as transaction:
            if not transaction.accounts.drop_passkey(account.id, credential_id):
                return False
            detail = {"account": account.id}
            transaction.audit.append(
                AuditEntry(tag="accounts:passkey:removed", actor=account.id, detail=detail)
            )
            return True

    def sign_in(self, answer: str, challenge: Challenge, *, client: str) -> PasskeyWelcome | None:
        """None when it is not genuine, or the account is not active. Nothing can be guessed here, so nothing is counted."""
        if self._webauthn is None:
            return None
        credential_id = self._webauthn.credential_id(answer)
        with self._store.transaction() as transaction:
            passkey = transaction.accounts.passkey(credential_id) if credential_id else None
            account = transaction.accounts.find(passkey.account_id) if passkey is not None else None
            if passkey is None or account is None or account.state is not AccountState.ACTIVE:
                return None
            if not challenge.use_up(transaction):
                return None
            sign_count = self._webauthn.used(answer, challenge.value, passkey)
            if sign_count is None:
                return None
            transaction.accounts.use_passkey(passkey.credential_id, sign_count=sign_count)
            signed_in = replace(account, signed_in_at=transaction.now)
            transaction.accounts.replace(signed_in)
            begun = self._sessions.begin(transaction, signed_in, stage=SessionStage.FULL, client=client)
            detail = {"account": account.id, "session": begun.session.id, "by": "passkey"}
            transaction.audit.append(
                AuditEntry(tag="review:account:signed-in", actor=account.id, detail=detail)
            )
            return PasskeyWelcome(begun=begun, account=signed_in)

    def confirm(self, session: Session, account: Account, answer: str, challenge: Challenge) -> bool:
        """Prove again who is there."""
        if self._webauthn is None:
            return False
        credential_id = self._webauthn.credential_id(answer)
        with self._store.transaction() as transaction:
            passkey = transaction.accounts.passkey(credential_id) if credential_id else None
            if passkey is None or passkey.account_id != account.id or not challenge.use_up(transaction):
                return False
            sign_count = self._webauthn.used(answer, challenge.value, passkey)
            if sign_count is None:
                return False
            transaction.accounts.use_passkey(passkey.credential_id, sign_count=sign_count)
            self._sessions.freshen(transaction, session.id)
            detail = {"account": account.id, "session": session.id, "by": "passkey"}
            transaction.audit.append(
                AuditEntry(tag="review:account:confirmed", actor=account.id, detail=detail)
            )
            return True
