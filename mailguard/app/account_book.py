"""Accounts: made, reset, approved, switched off. Whatever concerns an account that reads content takes two people.

An invitation gives leave to set a password and a telephone anew. For the Head, a deputy or the chair it opens nothing
before another member of the chain has approved it, and only that member sees the one-time password and hands it over:
so neither the admin nor the one who asked can sign in as somebody else. Only on the server's console, and only while
nobody could approve (the first accounts of all), it opens at once. Every such act is on the record, and the whole chain
gets mail about it.
SECURITY: hostile is an admin who wants to read content, and a member of the chain who wants to act as another: who
switches the others off, or asks through an account of IT that they made for themselves, is alone as before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from mailguard.app.account_records import Account, Invitation
from mailguard.app.chain_notice import tell_chain
from mailguard.app.effects_settings import DirectoryNow, EffectsSettings
from mailguard.app.ports_store import AuditEntry, Store, Transaction
from mailguard.app.sessions import SessionBook
from mailguard.app.site_settings import SiteSettings
from mailguard.app.tokens import code_hash, new_id, new_one_time_password
from mailguard.domain.account import AccountState, SiteRole
from mailguard.domain.words import PersonList

CONSOLE = "console"


class AccountProblem(Exception):
    """It may not be done, or makes no sense; the words are for the person who wanted it."""


@dataclass(frozen=True, slots=True)
class Issued:
    """``one_time_password`` "" while another member has to approve first: they will see it, nobody else."""

    account: Account
    invitation: Invitation
    one_time_password: str


class AccountBook:
    def __init__(
        self,
        store: Store,
        sessions: SessionBook,
        *,
        settings: SiteSettings,
        effects: EffectsSettings,
        directory: DirectoryNow,
    ) -> None:
        self._directory = directory
        self._store = store
        self._sessions = sessions
        self._settings = settings
        self._effects = effects

    def all(self) -> tuple[Account, ...]:
        with self._store.reading() as transaction:
            return transaction.accounts.all()

    def find(self, account_id: str) -> Account | None:
        with self._store.reading() as transaction:
            return transaction.accounts.find(account_id)

    def open_invitations(self) -> tuple[Invitation, ...]:
        """Neither used, withdrawn nor expired; newest first."""
        with self._store.reading() as transaction:
            found = transaction.accounts.invitations()
            return tuple(invitation for invitation in found if invitation.is_open(transaction.now))

    def may_approve(self, invitation: Invitation, by: Account) -> bool:
        """A member of the chain who is neither who asked, nor had that one's password in hand, nor whose account it is."""
        with self._store.reading() as transaction:
            return _may_approve(transaction, invitation, by)

    def names(self) -> Mapping[str, str]:
        """How to show an actor of the trail: account id → name."""
        return {account.id: account.name for account in self.all()}

    def create(
        self, *, name: str, address: str, role: SiteRole, by: Account | None, reason: str = ""
    ) -> Issued:
        """``by`` None: on the server's console. Raises AccountProblem."""
        name, address = " ".join(name.split()), address.strip()
        if not name or len(name) > 200:
            raise AccountProblem("Write the person's name.")
        if len(address) > 254 or not _is_address(address):
            raise AccountProblem("Write one e-mail address such as head@school.example.")
        if role.reads_content and not self._is_known(address):
            raise AccountProblem(
                "Somebody who reads cases needs the address that the staff list or the settings have for them: "
                "else a case about them could not be closed to them."
            )
        with self._store.transaction() as transaction:
            now = transaction.now
            account = Account(
                id=new_id("acc"),
                role=role,
                state=AccountState.INVITED,
                name=name,
                address=address,
                created_at=now,
                updated_at=now,
                created_by=_actor(by),
            )
            if not transaction.accounts.add(account):
                raise AccountProblem("There is an account with that address. Reset it instead.")
            _audit(transaction, "accounts:account:created", by, account, {"role": role.value})
            return self._invite(transaction, account, by, reason, what="A new account")

    def reset(self, account_id: str, *, by: Account | None, reason: str = "") -> Issued:
        """Leave to set up password and telephone anew. Until that is used, the old ones work. Raises AccountProblem."""
        with self._store.transaction() as transaction:
            account = _existing(transaction, account_id)
            if by is not None and by.id == account.id:
                raise AccountProblem("Your own password and phone are changed under Account.")
            for invitation in transaction.accounts.invitations(account.id):
                if invitation.is_open(transaction.now):
                    withdrawn = replace(invitation, withdrawn_at=transaction.now)
                    transaction.accounts.replace_invitation(withdrawn)
            if account.state is AccountState.DISABLED:
                # What opened it before it was switched off never does again.
                account = replace(
                    account,
                    state=AccountState.INVITED,
                    password_hash="",
                    totp_secret="",
                    updated_at=transaction.now,
                )
                transaction.accounts.replace(account)
            return self._invite(transaction, account, by, reason, what="A new password and phone")

    def approve(self, invitation_id: str, *, by: Account) -> Issued:
        """The second member says yes and gets the one-time password to hand over. Raises AccountProblem."""
        with self._store.transaction() as transaction:
            invitation = transaction.accounts.invitation(invitation_id)
            if invitation is None or not invitation.is_open(transaction.now):
                raise AccountProblem("This invitation was used, withdrawn, or has expired.")
            if not invitation.needs_second or invitation.approved_at is not None:
                raise AccountProblem("This invitation waits for nobody.")
            account = _existing(transaction, invitation.account_id)
            if not _may_approve(transaction, invitation, by):
                raise AccountProblem(
                    "Another member of the chain has to approve it: neither who asked for it, nor who made the "
                    "account that asked, nor whose account it is."
                )
            password = new_one_time_password()
            approved = replace(
                invitation,
                secret_hash=code_hash(password),
                approved_by=by.id,
                approved_at=transaction.now,
                expires_at=transaction.now + timedelta(seconds=self._settings.invitation_seconds),
            )
            transaction.accounts.replace_invitation(approved)
            _audit(transaction, "accounts:invitation:approved", by, account, {"invitation": invitation.id})
            self._tell(transaction, account, f"approved:{invitation.id}", [
                f"{by.name} approved that {account.name} ({self._title(account.role)}) sets up password and phone.",
            ])  # fmt: skip
            return Issued(account=account, invitation=approved, one_time_password=password)

    def withdraw(self, invitation_id: str, *, by: Account) -> None:
        """Refuse an invitation, or take it back. Raises AccountProblem."""
        with self._store.transaction() as transaction:
            invitation = transaction.accounts.invitation(invitation_id)
            if invitation is None or not invitation.is_open(transaction.now):
                raise AccountProblem("This invitation was used, withdrawn, or has expired.")
            account = _existing(transaction, invitation.account_id)
            if not by.reads_content and invitation.created_by != by.id and account.reads_content:
                raise AccountProblem("Only a member of the chain, or who asked for it, may take it back.")
            transaction.accounts.replace_invitation(replace(invitation, withdrawn_at=transaction.now))
            _audit(transaction, "accounts:invitation:withdrawn", by, account, {"invitation": invitation.id})

    def disable(self, account_id: str, *, by: Account | None) -> None:
        """Ends the account's sessions, too. It comes back by a reset. Raises AccountProblem."""
        with self._store.transaction() as transaction:
            account = _existing(transaction, account_id)
            if by is not None and by.id == account.id:
                raise AccountProblem("You cannot switch off your own account.")
            if by is not None and account.reads_content and not by.reads_content:
                raise AccountProblem(
                    "Only a member of the chain may switch off an account that reads content."
                )
            if account.state is AccountState.DISABLED:
                raise AccountProblem("This account is switched off already.")
            if account.reads_content and not _other_readers(transaction, account):
                raise AccountProblem("This is the last account that can read cases: make another one first.")
            transaction.accounts.replace(
                replace(account, state=AccountState.DISABLED, updated_at=transaction.now)
            )
            for invitation in transaction.accounts.invitations(account.id):
                if invitation.is_open(transaction.now):
                    withdrawn = replace(invitation, withdrawn_at=transaction.now)
                    transaction.accounts.replace_invitation(withdrawn)
            ended = self._sessions.end_all(transaction, account.id)
            _audit(transaction, "accounts:account:disabled", by, account, {"sessions_ended": ended})
            self._tell(transaction, account, f"disabled:{account.id}:{transaction.now:%Y%m%dT%H%M%S}", [
                f"{_who(by)} switched off the account of {account.name} ({self._title(account.role)}).",
            ])  # fmt: skip

    def end_sessions(self, account_id: str, *, by: Account | None) -> int:
        """Sign an account out everywhere. Raises AccountProblem."""
        with self._store.transaction() as transaction:
            account = _existing(transaction, account_id)
            ended = self._sessions.end_all(transaction, account.id)
            _audit(transaction, "accounts:account:signed-out", by, account, {"sessions_ended": ended})
            return ended

    def _is_known(self, address: str) -> bool:
        contacts = {contact.address.lower() for contact in self._effects.contacts.values()}
        people = self._directory().by_address(address)
        is_staff = bool(people) and all(person.list is PersonList.STAFF for person in people)
        return address.lower() in contacts or is_staff

    def _invite(
        self, transaction: Transaction, account: Account, by: Account | None, reason: str, *, what: str
    ) -> Issued:
        needs_second = account.reads_content and bool(_possible_seconds(transaction, account, by))
        if account.reads_content and not needs_second and by is not None:
            raise AccountProblem(
                "Nobody could approve this: it takes a member of the chain besides who asks, who made the account "
                "that asks, and whose account it is. IT does it on the server instead: mailguard account create, "
                "or reset."
            )
        password = "" if needs_second else new_one_time_password()
        invitation = Invitation(
            id=new_id("inv"),
            account_id=account.id,
            secret_hash=code_hash(password) if password else "",
            created_by=_actor(by),
            created_at=transaction.now,
            expires_at=transaction.now + timedelta(seconds=self._settings.invitation_seconds),
            needs_second=needs_second,
            reason=" ".join(reason.split())[:500],
        )
        transaction.accounts.add_invitation(invitation)
        detail = {"invitation": invitation.id, "needs_second": needs_second}
        _audit(transaction, "accounts:invitation:made", by, account, detail)
        lines = [f"{what} for {account.name} ({self._title(account.role)}), asked for by {_who(by)}."]
        if invitation.reason:
            lines.append(f"Reason given: {invitation.reason}")
        if needs_second:
            lines.append(
                "It opens nothing before another member of the chain approves it on the review page."
            )
        self._tell(transaction, account, f"invited:{invitation.id}", lines)
        return Issued(account=account, invitation=invitation, one_time_password=password)

    def _tell(self, transaction: Transaction, account: Account, key: str, lines: list[str]) -> None:
        """The chain and the account's owner: an account of IT or an auditor, too, would be a way in that nobody knew of."""
        reads = "reads cases" if account.reads_content else "reads no cases"
        tell_chain(
            transaction,
            self._effects,
            key=f"account:{key}",
            subject=f"An account that {reads}",
            lines=[*lines, "If this surprises you, ask the person named, and switch the account off."],
            also_to=(account.address,),
        )

    def _title(self, role: SiteRole) -> str:
        chain_role = role.chain_role
        return self._effects.title(chain_role) if chain_role is not None else role.value.capitalize()


def _may_approve(transaction: Transaction, invitation: Invitation, by: Account) -> bool:
    is_other = by.id not in (invitation.created_by, invitation.account_id)
    is_member = by.reads_content and by.state is AccountState.ACTIVE
    return is_member and is_other and by.id not in _makers(transaction, invitation.created_by)


def _makers(transaction: Transaction, account_id: str) -> frozenset[str]:
    """Who has had a one-time password for this account in hand, or for one that had: it may be they who ask.

    Of accounts that read no content; one that does was approved by a second member, or begun on the console.
    """
    found: set[str] = set()
    pending = [account_id]
    while pending:
        account = transaction.accounts.find(pending.pop())
        if account is None or account.reads_content:
            continue
        used = [each for each in transaction.accounts.invitations(account.id) if each.used_at is not None]
        new = {each.created_by for each in used} - found
        found |= new
        pending += new
    return frozenset(found)


def _possible_seconds(transaction: Transaction, account: Account, by: Account | None) -> list[Account]:
    alone = {_actor(by), *_makers(transaction, _actor(by))}
    return [each for each in _other_readers(transaction, account) if each.id not in alone]


def _other_readers(transaction: Transaction, account: Account) -> list[Account]:
    """Active accounts that read content, but this one."""
    return [
        each
        for each in transaction.accounts.all()
        if each.reads_content and each.state is AccountState.ACTIVE and each.id != account.id
    ]


def _existing(transaction: Transaction, account_id: str) -> Account:
    account = transaction.accounts.find(account_id)
    if account is None:
        raise AccountProblem("There is no such account.")
    return account


def _actor(by: Account | None) -> str:
    return CONSOLE if by is None else by.id


def _who(by: Account | None) -> str:
    return "somebody on the server's console" if by is None else by.name


def _is_address(address: str) -> bool:
    local, at, domain = address.rpartition("@")
    return bool(
        local and at and "." in domain and not any(sign.isspace() or sign in "<>,;" for sign in address)
    )


def _audit(
    transaction: Transaction, tag: str, by: Account | None, account: Account, detail: Mapping[str, Any]
) -> None:
    transaction.audit.append(AuditEntry(tag=tag, actor=_actor(by), detail={"account": account.id, **detail}))
