"""Which events of the trail one reader may see: on a page, and in a copy of the whole.

Closed is every event that names a case which is closed to the reader, alone or among others; that somebody else looked
for the reader; and, to all but the auditor, who asked for a link to write a concern: nobody shall count who speaks to
whom. Closed to everybody are blank events (``trail_blanks``). Source: DECISIONS.md, rule 3.
"""

from __future__ import annotations

from collections.abc import Callable

from mailguard.app.audit_trail import Opening
from mailguard.app.concern_links import TAG_ASKED
from mailguard.app.effects_settings import DirectoryNow, EffectsSettings
from mailguard.app.export_making import Maker, OpenCases
from mailguard.app.person_cases import UnknownPerson, sought
from mailguard.app.ports_store import AuditRecord, Transaction
from mailguard.app.readers import Readers
from mailguard.domain.account import SiteRole
from mailguard.domain.audit import AuditTag
from mailguard.domain.case import CASE_ID, EffectKind
from mailguard.domain.words import Role


def open_to(by: Maker, settings: EffectsSettings, directory: DirectoryNow, *, shows_links: bool) -> Opening:
    """``shows_links``: who asked for a link to write a concern."""

    def opening(transaction: Transaction) -> Callable[[AuditRecord], bool]:
        open_cases = OpenCases(settings, directory)
        own_ids = Readers(settings=settings, directory=directory()).person_ids(by.address)
        seen: dict[str, bool] = {}

        def is_open_case(case_id: str) -> bool:
            if case_id not in seen:
                case = transaction.cases.find(case_id)
                seen[case_id] = case is None or open_cases.may_see(case, by)
            return seen[case_id]

        def is_open(event: AuditRecord) -> bool:
            if event.tag == AuditTag.CASES_SEARCHED and event.actor == by.actor:
                # What they typed themself; left out, it would tell that there is such a case.
                return True
            return (
                event.tag != AuditTag.BLANK
                and all(map(is_open_case, _cases_named(event)))
                and not own_ids & _persons_sought(event)
                and (shows_links or not _is_of_link(event))
            )

        return is_open

    return opening


def open_to_named(
    word: str, settings: EffectsSettings, directory: DirectoryNow, transaction: Transaction
) -> Opening | None:
    """For a role, the id or address of an account, or a person's id or address; None for nobody known, of whom no
    case can be about.
    """
    contact = settings.contacts.get(Role(word)) if word in set(Role) else None
    if contact is not None:
        by = Maker(actor=word, address=contact.address, title=word, role=Role(word))
        return open_to(by, settings, directory, shows_links=False)
    for account in transaction.accounts.all():
        if word.lower() in {account.id.lower(), account.address.lower()}:
            by = Maker(actor=word, address=account.address, title=word, role=account.role.chain_role)
            is_auditor = account.role is SiteRole.AUDITOR
            return open_to(by, settings, directory, shows_links=is_auditor)
    try:
        who = sought(word, directory())
    except UnknownPerson:
        return None
    by = Maker(actor=word, address=next(iter(who.addresses), ""), title=word)
    return open_to(by, settings, directory, shows_links=False)


def _cases_named(event: AuditRecord) -> list[str]:
    listed = [*_listed(event, "cases"), *_listed(event, "case_ids")]
    return [each for each in (event.case_id, *listed) if CASE_ID.fullmatch(each)]


def _persons_sought(event: AuditRecord) -> set[str]:
    return set(_listed(event, "persons")) if event.tag == AuditTag.CASES_SEARCHED else set()


def _is_of_link(event: AuditRecord) -> bool:
    return event.tag == TAG_ASKED or event.detail.get("kind") == EffectKind.CONCERN_LINK


def _listed(event: AuditRecord, name: str) -> list[str]:
    named = event.detail.get(name) or ()
    return [str(each) for each in named] if isinstance(named, (list, tuple)) else []
