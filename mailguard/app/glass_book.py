"""Breaking the glass: the admin sees the content of one case, for a few hours, with a reason and a second person.

Asked for in the admin's words; given by a member of the chain whom the case is not closed to; ended by time or by any
of them. Asking, giving, ending and every look are on the record, and the chain gets mail, less whoever the case is about.
SECURITY: the admin runs the server; this is the way that leaves a trace, so that no other is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from mailguard.app.account_records import Account, GlassGrant
from mailguard.app.chain_notice import tell_chain
from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.ports_store import AuditEntry, CaseRecord, Store, Transaction
from mailguard.app.readers import Readers
from mailguard.app.site_settings import SiteSettings
from mailguard.app.tokens import new_id
from mailguard.domain.account import SiteRole

_LONGEST_REASON = 500
_SHORTEST_REASON = 10
_SHOWN = 50


class GlassProblem(Exception):
    """It may not be done, or makes no sense; the words are for the person who wanted it."""


@dataclass(frozen=True, slots=True)
class GlassRow:
    """A grant as somebody may see it. ``may_decide``: give or refuse it, or end it."""

    grant: GlassGrant
    may_decide: bool
    is_open: bool


class GlassBook:
    """``is_open_to(case_id, account, transaction)``: whether a case exists for somebody; ``readers``: of the moment."""

    def __init__(
        self,
        store: Store,
        *,
        settings: SiteSettings,
        effects: EffectsSettings,
        readers: Callable[[], Readers],
        is_open_to: Callable[[str, Account, Transaction], bool],
    ) -> None:
        self._is_open_to = is_open_to
        self._store = store
        self._settings = settings
        self._effects = effects
        self._readers = readers

    def ask(self, case_id: str, reason: str, *, by: Account) -> GlassGrant:
        """Raises GlassProblem; in the same words for a case that does not exist and one closed to ``by``."""
        reason = " ".join(reason.split())
        if by.role is not SiteRole.ADMIN:
            raise GlassProblem("Only the IT admin has to ask: who reads cases sees them in the queue.")
        if not _SHORTEST_REASON <= len(reason) <= _LONGEST_REASON:
            raise GlassProblem("Say in a sentence why you need to see this case.")
        readers = self._readers()
        with self._store.transaction() as transaction:
            case = transaction.cases.find(case_id.strip().upper())
            if case is None or not self._is_open_to(case.id, by, transaction):
                raise GlassProblem("There is no such case.")
            if any(
                each.case_id == case.id and each.is_waiting for each in transaction.glass.of_account(by.id)
            ):
                raise GlassProblem("You have asked for this case already.")
            grant = GlassGrant(
                id=new_id("gls"),
                case_id=case.id,
                account_id=by.id,
                reason=reason,
                asked_at=transaction.now,
            )
            transaction.glass.add(grant)
            _audit(transaction, "glass:case:asked", by, grant, {"has_reason": True})
            line = f"{by.name} (IT admin) asks to see the content of case {case.id}. Reason given: {reason}"
            ask = "A member of the chain may allow it on the review page, for some hours, or refuse it."
            self._tell(transaction, readers, case, f"asked:{grant.id}", [line, ask])
            return grant

    def approve(self, grant_id: str, *, by: Account) -> GlassGrant:
        """Raises GlassProblem."""
        readers = self._readers()
        with self._store.transaction() as transaction:
            grant, case = self._waiting(transaction, grant_id, by)
            hours = self._settings.glass_seconds
            approved = replace(
                grant,
                approved_by=by.id,
                approved_at=transaction.now,
                expires_at=transaction.now + timedelta(seconds=hours),
            )
            transaction.glass.replace(approved)
            _audit(transaction, "glass:case:approved", by, grant, {"seconds": hours})
            asker = transaction.accounts.find(grant.account_id)
            name = asker.name if asker is not None else grant.account_id
            line = f"{by.name} has allowed {name} to see the content of case {case.id} for {hours // 3600} hours."
            self._tell(
                transaction,
                readers,
                case,
                f"approved:{grant.id}",
                [line],
                also_to=(asker.address,) if asker is not None else (),
            )
            return approved

    def end(self, grant_id: str, *, by: Account) -> None:
        """Refuse it, or end it before its time. Raises GlassProblem."""
        with self._store.transaction() as transaction:
            grant = transaction.glass.find(grant_id)
            case = transaction.cases.find(grant.case_id) if grant is not None else None
            if grant is None or case is None or not self._may_decide(by, grant, transaction):
                raise GlassProblem("There is nothing to end.")
            if grant.ended_at is not None:
                raise GlassProblem("That has ended already.")
            transaction.glass.replace(replace(grant, ended_by=by.id, ended_at=transaction.now))
            tag = "glass:case:refused" if grant.approved_at is None else "glass:case:ended"
            _audit(transaction, tag, by, grant, {})

    def rows(self, account: Account) -> tuple[GlassRow, ...]:
        """The account's own; for the chain everybody's, less those of cases that are closed to it. Newest first."""
        with self._store.reading() as transaction:
            if account.reads_content:
                grants = transaction.glass.recent(limit=_SHOWN)
            else:
                grants = transaction.glass.of_account(account.id)
            rows = []
            for grant in grants:
                if not self._is_open_to(grant.case_id, account, transaction):
                    continue
                rows.append(
                    GlassRow(
                        grant=grant,
                        may_decide=grant.ended_at is None and self._may_decide(account, grant, transaction),
                        is_open=grant.opens_at(transaction.now),
                    )
                )
            return tuple(rows)

    def opened(self, grant_id: str, *, account: Account) -> CaseRecord | None:
        """The case that this grant opens to its holder now; None when it opens nothing (any more)."""
        with self._store.reading() as transaction:
            grant = transaction.glass.find(grant_id)
            if grant is None or grant.account_id != account.id or not grant.opens_at(transaction.now):
                return None
            if not self._is_open_to(grant.case_id, account, transaction):
                return None
            return transaction.cases.find(grant.case_id)

    def record_look(self, grant_id: str, case: CaseRecord, *, by: Account) -> None:
        """Before anything of it is shown."""
        with self._store.transaction() as transaction:
            entry = AuditEntry(
                tag="glass:case:viewed", actor=by.id, case_id=case.id, detail={"grant": grant_id}
            )
            transaction.audit.append(entry)

    def _may_decide(self, by: Account, grant: GlassGrant, transaction: Transaction) -> bool:
        is_second = by.reads_content and by.id != grant.account_id
        return is_second and self._is_open_to(grant.case_id, by, transaction)

    def _waiting(self, transaction: Transaction, grant_id: str, by: Account) -> tuple[GlassGrant, CaseRecord]:
        grant = transaction.glass.find(grant_id)
        case = transaction.cases.find(grant.case_id) if grant is not None else None
        if grant is None or case is None or not self._may_decide(by, grant, transaction):
            raise GlassProblem("There is nothing to allow.")
        if not grant.is_waiting:
            raise GlassProblem("That was decided already.")
        return grant, case

    def _tell(
        self,
        transaction: Transaction,
        readers: Readers,
        case: CaseRecord,
        key: str,
        lines: list[str],
        *,
        also_to: tuple[str, ...] = (),
    ) -> None:
        tell_chain(
            transaction,
            self._effects,
            key=f"glass:{key}",
            subject="The content of a case",
            lines=lines,
            closed_to=readers.withheld_roles(case.decision),
            also_to=also_to,
            case_id=case.id,
        )


def _audit(
    transaction: Transaction, tag: str, by: Account, grant: GlassGrant, detail: dict[str, object]
) -> None:
    entry = AuditEntry(
        tag=tag,
        actor=by.id,
        case_id=grant.case_id,
        detail={"grant": grant.id, "account": grant.account_id, **detail},
    )
    transaction.audit.append(entry)
