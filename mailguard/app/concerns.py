"""Opening a case for a written concern: by somebody signed in, or through a link mailed to a member of staff.

The case is like any other: its message is encrypted in the store, its report goes out at once through the
outbox, and it is closed to whom it is about. Nothing is held, because nothing came by mail.
FAILURE: a death before the commit leaves a blob that nothing refers to, the link unspent and the form in the
writer's browser; after it, sending the form again finds the case.
Source: DECISIONS.md, rule 3; policy, section 3.b5; docs/adr/0011-written-concerns.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from mailguard.app.case_opening import (
    NewRecipient,
    Opening,
    PlanEffects,
    case_of_known_deliveries,
    record_opening,
)
from mailguard.app.concern_form import StaffFinder
from mailguard.app.concern_message import (
    KIND_WORDS,
    compose_concern,
    concern_message_id,
    concern_subject,
)
from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.lists import IndexedLists
from mailguard.app.ports import BlobStore, Clock, Receipt, Versions
from mailguard.app.ports_store import AuditEntry, DecisionRecord, Store
from mailguard.domain.concern import ROW, VIA, Concern, Reporter, WrittenConcern
from mailguard.domain.people import Person
from mailguard.domain.routing import report_route
from mailguard.domain.signal import SignalCode
from mailguard.domain.words import (
    Certainty,
    Direction,
    Disposition,
    Initiator,
    PersonList,
    ReportWhen,
    Role,
    Verdict,
)

LINK_ACTION = "write-concern"
TAG_WRITTEN = "review:concern:written"
_PUPILS = frozenset({PersonList.PUPILS})


class LinkSpent(Exception):
    """The link was used, has expired, or never was one: nobody is told which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedConcern:
    """``told``: the roles to which its report goes first. ``newly`` False when this form was sent before."""

    case_id: str
    newly: bool
    told: tuple[Role, ...] = ()


class Concerns:
    """``policy_version``: of the table in force, kept with the case as with any other."""

    def __init__(
        self,
        *,
        store: Store,
        blobs: BlobStore,
        settings: EffectsSettings,
        lists: Callable[[], IndexedLists],
        plan_effects: PlanEffects,
        clock: Clock,
        policy_version: str,
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._settings = settings
        self._lists = lists
        self._plan_effects = plan_effects
        self._clock = clock
        self._policy_version = policy_version

    def finder(self) -> StaffFinder:
        """Over the lists as they are now."""
        return StaffFinder(lists=self._lists(), contacts=self._settings.contacts)

    def record(
        self, concern: Concern, reporter: Reporter, *, item: str, actor: str, link: str = ""
    ) -> RecordedConcern:
        """One transaction: {link spent, case, report, audit}. Idempotent by ``item``, random for each form.

        ``actor``: the account's id, or the id of the member of staff whose ``link`` it is. Raises LinkSpent,
        TemporaryFailure.
        """
        written = WrittenConcern(concern=concern, reporter=reporter, item=item, at=self._clock.now())
        opening = self._opening(written)
        with self._store.reading() as transaction:
            known = case_of_known_deliveries(opening, transaction)
            if known is not None:
                return RecordedConcern(case_id=known, newly=False)
            if link and not transaction.links.is_open(link, action=LINK_ACTION):
                raise LinkSpent
        blob_id = self._blobs.put(opening.raw)
        with self._store.transaction("t1") as transaction:
            known = case_of_known_deliveries(opening, transaction)
            if known is not None:
                return RecordedConcern(case_id=known, newly=False)
            opened = record_opening(
                opening, blob_id, self._plan_effects, transaction, zone=self._settings.hours.zone
            )
            if link and not transaction.links.spend(link, action=LINK_ACTION, case_id=opened.case_id):
                raise LinkSpent
            detail = {
                "kind": concern.kind,
                "through": reporter.through,
                "reporter": reporter.person_id,
                "staff": list(concern.staff_ids),
                "is_danger": concern.is_danger,
            }
            transaction.audit.append(
                AuditEntry(tag=TAG_WRITTEN, actor=actor, case_id=opened.case_id, detail=detail)
            )
        return RecordedConcern(case_id=opened.case_id, newly=True, told=opening.decision.report_roles)

    def _opening(self, written: WrittenConcern) -> Opening:
        finder = self.finder()
        staff = [person for each in written.concern.staff_ids if (person := finder.person(each)) is not None]
        raw = compose_concern(
            written,
            to_address=self._settings.from_address,
            zone=self._settings.hours.zone,
            staff_names={person.id: person.name for person in staff},
        )
        reporter = written.reporter
        domain = self._settings.from_address.rpartition("@")[2]
        return Opening(
            raw=raw,
            content_key=f"concern:{written.item}",
            sha256=hashlib.sha256(raw).hexdigest(),
            receipt=Receipt(via=VIA, received_at=written.at, protocol=reporter.through),
            decision=self._decision(written, staff, finder.lists),
            recipients=(
                NewRecipient(
                    delivery_key=f"concern:{written.item}",
                    address=self._settings.from_address,
                    disposition=Disposition.DELIVER,
                    row=ROW,
                ),
            ),
            header_message_id=concern_message_id(written, domain=domain),
            subject=concern_subject(written.concern.kind),
            sender=f"{reporter.name} <{reporter.address}>",
            mail_from=reporter.address,
            addresses=(reporter.address,),
        )

    def _decision(self, written: WrittenConcern, staff: list[Person], lists: IndexedLists) -> DecisionRecord:
        concern, reporter = written.concern, written.reporter
        weight = concern.weight
        subjects = staff if concern.is_closed_to_staff else []
        route = report_route(subjects=self._roles_of(subjects), available=frozenset(self._settings.contacts))
        return DecisionRecord(
            verdict=Verdict.THIRD_PARTY_CONCERN,
            row=ROW,
            clause=weight.clause,
            level=weight.level,
            disposition=Disposition.DELIVER,
            report_when=ReportWhen.NOW,
            report_roles=route.to,
            withheld_roles=route.withheld_from,
            subjects=tuple(
                person.addresses[0] if person.id.startswith("roles.") else person.id for person in subjects
            ),
            direction=Direction.INTERNAL.value,
            initiator=Initiator.STAFF.value,
            nature=weight.nature.value,
            persons=(*_children(concern, lists), *(_person(each, "named in the form") for each in staff)),
            signals=tuple(_signals(concern, reporter, staff)),
            versions=Versions(policy=self._policy_version, lists=lists.version),
            further={
                "kind": concern.kind.value,
                "authentication": "written",
                "clause_words": KIND_WORDS[concern.kind],
                "reporter": reporter.person_id,
                "through": reporter.through,
                "is_danger": concern.is_danger,
                "platform_name": concern.platform,
                "url": concern.url,
                "quoted": concern.quoted,
                "quoted_sha256": hashlib.sha256(concern.quoted.encode()).hexdigest()
                if concern.quoted
                else "",
                "recipients": [],
                "attachments": [],
                "is_sealed": False,
            },
        )

    def _roles_of(self, people: list[Person]) -> frozenset[Role]:
        addresses = {address.lower() for person in people for address in person.addresses}
        return frozenset(
            role for role, contact in self._settings.contacts.items() if contact.address.lower() in addresses
        )


def _children(concern: Concern, lists: IndexedLists) -> list[dict[str, str]]:
    """Those of the roll whom a name given in the form fits."""
    found: dict[str, dict[str, str]] = {}
    for name in concern.children:
        people = lists.named(name, _PUPILS)
        certainty = Certainty.NAME if len(people) == 1 else Certainty.ONE_OF
        for person in people:
            found.setdefault(person.id, _person(person, "named in the form", certainty))
    return list(found.values())


def _person(person: Person, matched: str, certainty: Certainty = Certainty.EXACT) -> dict[str, str]:
    return {
        "id": person.id,
        "name": person.name,
        "list": person.list.value,
        "matched": matched,
        "certainty": certainty.value,
    }


def _signals(concern: Concern, reporter: Reporter, staff: list[Person]) -> list[dict[str, str]]:
    written = {
        "code": SignalCode.WRITTEN_CONCERN.code,
        "says": f"a person reported it: “{KIND_WORDS[concern.kind]}”",
        "source": reporter.through,
    }
    signals = [written]
    if concern.is_danger:
        signals.append({**written, "says": "the writer says that a child is in immediate danger"})
    if concern.accuses and staff:
        names = ", ".join(f"{person.name} ({person.id})" for person in staff)
        signals.append(
            {"code": SignalCode.ACCUSED_NAMED.code, "says": f"it is about {names}", "source": "the form"}
        )
    if concern.accuses and concern.is_staff_unnamed:
        says = "it is about an adult of the school whom the writer cannot name"
        signals.append({"code": SignalCode.ACCUSED_UNNAMED.code, "says": says, "source": "the form"})
    return signals
