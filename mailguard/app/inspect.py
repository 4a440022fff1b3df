"""Read, look up, score, assess, decide: one message from bytes to a decision, with no effect outside.

Used alike by the relay, the mailboxes and ``mailguard explain``, so that what is explained is what was done.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

from mailguard.app.lists import IndexedLists
from mailguard.app.ports import Classifier, Clock, Versions
from mailguard.domain.assess import Assessment, Material, assess, excluded_standing
from mailguard.domain.decide import Decision, Outcome, decide
from mailguard.domain.message import Authentication, Envelope, MessageFacts
from mailguard.domain.parties import find_parties
from mailguard.domain.platform import PlatformFacts, PostingGateway
from mailguard.domain.platform_actor import STAFF_EVENTS, find_actor
from mailguard.domain.policy import Policy
from mailguard.domain.roll import School
from mailguard.domain.routing import Route, report_route
from mailguard.domain.scores import Scores
from mailguard.domain.situation import Sender, Situation
from mailguard.domain.web_form import is_web_form
from mailguard.domain.words import (
    CONTACT_EVENTS,
    Direction,
    Event,
    Initiator,
    Level,
    PersonList,
    ReportWhen,
)
from mailguard.reading.automatic import has_auto_reply_marks
from mailguard.reading.message import read
from mailguard.reading.platforms import Recognisers

_MODEL_DECIDES_EVENT = 0.5
# Services word their news anew every year, and a wording of one event may fit another's ("tagged you" in a photo, or in a remark).
_MODEL_OVERRULES_WORDING = 0.98
# A code is delivered and nobody is told, so the model's word alone must be far surer, and nobody act in it: it is held otherwise.
_MODEL_DELIVERS = 0.9
# Of these a listed child's name makes a contact just the same (P7), but not of a suggestion: the model neither makes nor unmakes one.
_NO_CONTACTS = frozenset({Event.DIGEST, Event.MARKETING, Event.OTHER})
_STAYS_AS_WORDED = STAFF_EVENTS | {Event.SUGGESTION}
_PUPILS = frozenset({PersonList.PUPILS})
_BEGUN_BY_ANOTHER = CONTACT_EVENTS - STAFF_EVENTS
_CHILDREN = frozenset({Initiator.CHILD, Initiator.PROBABLE_CHILD})
_CHILD_SENDERS = frozenset({Sender.CHILD, Sender.PROBABLE_CHILD})
# Nobody writes to anybody in these, and a letter's row would not be closed to the one whose account it is.
_OF_OWN_ACCOUNT = frozenset({Event.SIGN_UP, Event.UPLOAD, Event.LIVE})

INSPECTION_FAILED = "inspection-failed"
"""The defect of a message that was decided by its envelope alone."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """Everything known and decided about one message.

    ``route``: who is told; ``subjects``: addresses the case is closed to, ``subject_ids`` those of persons on the lists.
    """

    facts: MessageFacts
    envelope: Envelope
    authentication: Authentication
    assessment: Assessment
    decision: Decision
    route: Route
    subjects: frozenset[str]
    scores: Scores
    versions: Versions
    school: School
    subject_ids: tuple[str, ...] = ()

    @property
    def headline(self) -> Outcome:
        return self.decision.headline


@dataclass(frozen=True, slots=True)
class Inspector:
    """``lists`` and ``classifier`` are asked for each message, so a reload takes effect at the next one.

    ``trusted_authserv_ids``: whose Authentication-Results count, lower case.
    """

    school: School
    policy: Policy
    recognisers: Recognisers
    lists: Callable[[], IndexedLists]
    classifier: Callable[[], Classifier]
    clock: Clock
    trusted_authserv_ids: frozenset[str]

    def inspect(
        self, raw: bytes, envelope: Envelope, *, verified: Authentication | None = None
    ) -> Inspection:
        """Total: every input gives a decision. ``verified`` replaces what Authentication-Results say."""
        lists = self.lists()
        head_only = self._excluded_by_header(raw, envelope, lists, verified)
        facts = head_only or read(raw, trusted_authserv_ids=self.trusted_authserv_ids)
        envelope = envelope if envelope.rcpt_tos or envelope.mail_from else envelope_of(facts)
        authentication = verified if verified is not None else facts.authentication
        classifier = self.classifier()
        scores = Scores() if head_only else classifier.predict(facts)
        platform = None if head_only else self._platform(facts, scores, authentication, classifier, lists)
        if platform is None:
            return self._decided(facts, envelope, authentication, scores, None, lists, classifier)
        typed = self._scores_of_user_text(facts, platform, classifier, scores)
        notified = self._decided(facts, envelope, authentication, typed, platform, lists, classifier)
        if platform.is_listed:
            return notified
        # DECISIONS, rule 1: the model may never lower. Where its word alone makes this a notification, and the same
        # words as a letter would be graver (somebody tells of harm to a child), they are judged as a letter.
        written = self._decided(facts, envelope, authentication, scores, None, lists, classifier)
        is_graver = written.headline.rank[:2] > notified.headline.rank[:2]
        # A form on a site relays a letter, whatever its words look like; unless they say that a child acted.
        if is_web_form(facts) and notified.assessment.initiator not in _CHILDREN:
            return written
        if not is_graver:
            return notified
        # What is news of somebody's own account stays closed to its owner.
        return (
            self._closed_to(written, notified.subjects, lists)
            if platform.event in _OF_OWN_ACCOUNT
            else written
        )

    def _closed_to(self, inspection: Inspection, more: frozenset[str], lists: IndexedLists) -> Inspection:
        subjects = inspection.subjects | more
        ids = {person.id: None for address in sorted(subjects) for person in lists.by_address(address)}
        return replace(
            inspection,
            subjects=subjects,
            subject_ids=tuple(ids),
            route=self._route(inspection.decision, subjects),
        )

    def inspect_envelope_only(self, raw: bytes, envelope: Envelope) -> Inspection:
        """For a message on which inspection fails: the lists still see its envelope; nothing else is looked at."""
        digest = self.digest(raw)
        facts = MessageFacts(
            sha256=digest,
            content_sha256=digest,
            size_bytes=len(raw),
            is_readable=False,
            defects=(INSPECTION_FAILED,),
        )
        return self._decided(
            facts, envelope, Authentication(), Scores(), None, self.lists(), None, is_held_unless_childs=True
        )

    def read(self, raw: bytes) -> MessageFacts:
        """Bytes to facts, with this school's trusted verifiers."""
        return read(raw, trusted_authserv_ids=self.trusted_authserv_ids)

    @staticmethod
    def digest(raw: bytes) -> str:
        """Hex SHA-256."""
        return hashlib.sha256(raw).hexdigest()

    def _decided(
        self,
        facts: MessageFacts,
        envelope: Envelope,
        authentication: Authentication,
        scores: Scores,
        platform: PlatformFacts | None,
        lists: IndexedLists,
        classifier: Classifier | None,
        *,
        is_held_unless_childs: bool = False,
    ) -> Inspection:
        material = Material(
            facts=facts,
            envelope=envelope,
            authentication=authentication,
            school=self.school,
            lists=lists,
            scores=scores,
            today=self.clock.now().astimezone(ZoneInfo(self.school.timezone)).date(),
            platform=platform,
            gateways=self._gateways(facts, envelope),
            has_null_sender_marks=has_auto_reply_marks(facts),
            retold=self._scores_of_forwarded(facts, classifier)
            if scores.model_id and classifier is not None
            else None,
            signed_names=lists.signed_names,
            staff_in_text=lists.staff_in_text,
            social_link=self.recognisers.social_link,
        )
        assessment = assess(material)
        if is_held_unless_childs and assessment.sender is not Sender.CHILD:
            unread = Situation(direction=Direction.INBOUND, sender=Sender.OTHER, is_readable=False)
            assessment = replace(assessment, situations=dict.fromkeys(assessment.situations, (unread,)))
        decision = decide(assessment.situations, self.policy)
        subjects = subjects_of(assessment, decision)
        ids = {person.id: None for address in sorted(subjects) for person in lists.by_address(address)}
        return Inspection(
            facts=facts,
            envelope=envelope,
            authentication=authentication,
            assessment=assessment,
            decision=decision,
            route=self._route(decision, subjects),
            subjects=subjects,
            scores=scores,
            versions=Versions(
                policy=self.policy.version,
                lists=lists.version,
                model=classifier.model_id if classifier is not None else "",
            ),
            school=self.school,
            subject_ids=tuple(ids),
        )

    def _excluded_by_header(
        self, raw: bytes, envelope: Envelope, lists: IndexedLists, verified: Authentication | None
    ) -> MessageFacts | None:
        """Row X1 is decided before the content is read: the facts of the header alone, or None when X1 does not hold."""
        named = (envelope.mail_from, *envelope.rcpt_tos)
        if any(named) and not any(address and lists.excluded(address) for address in named):
            return None
        head = read(header_block(raw), trusted_authserv_ids=self.trusted_authserv_ids)
        known = envelope if any(named) else envelope_of(head)
        authentication = verified if verified is not None else head.authentication
        if not excluded_standing(find_parties(head, known), lists, authentication.overall):
            return None
        return replace(
            head,
            sha256=hashlib.sha256(raw).hexdigest(),
            size_bytes=len(raw),
            own_text="",
            is_readable=True,
            defects=(),
        )

    def _platform(
        self,
        facts: MessageFacts,
        scores: Scores,
        authentication: Authentication,
        classifier: Classifier,
        lists: IndexedLists,
    ) -> PlatformFacts | None:
        platform = self.recognisers.recognise(facts)
        if platform is None:
            platform = self.recognisers.recognise_unlisted(facts, scores)
        if (
            platform is None
            and scores.model_id
            and (bare := self.recognisers.service_words(facts)) is not None
        ):
            scores = classifier.predict(bare)
            platform = self.recognisers.recognise_unlisted(facts, scores)
        if platform is None or (not platform.is_listed and platform.event not in CONTACT_EVENTS):
            today = self.clock.now().astimezone(ZoneInfo(self.school.timezone)).date()
            platform = _of_a_child(self.recognisers.contact_by_wording(facts), lists, today) or platform
        if platform is None:
            return None
        platform = _said_by_a_pupil(_with_models_event(platform, scores), lists)
        return replace(platform, authenticated=authentication.overall)

    def _scores_of_forwarded(self, facts: MessageFacts, classifier: Classifier) -> Scores | None:
        """What somebody else wrote and this message passes on; None when it passes on nothing."""
        if not facts.forwarded_text.strip():
            return None
        passed_on = replace(
            facts,
            subject="",
            own_text=facts.forwarded_text,
            quoted_text="",
            attachments=(),
            links=(),
            headers=(),
        )
        return classifier.predict(passed_on)

    def _scores_of_user_text(
        self, facts: MessageFacts, platform: PlatformFacts, classifier: Classifier, scores: Scores
    ) -> Scores:
        """Text a user typed inside a platform's mail is the user's: its nature is judged, the platform's wording is not."""
        if not platform.user_text.strip():
            # The platform's own wording has no nature and no writer.
            return Scores(model_id=scores.model_id, kind=scores.kind, event=scores.event)
        words = replace(
            facts,
            subject="",
            own_text=platform.user_text,
            quoted_text="",
            attachments=(),
            links=(),
            headers=(),
        )
        typed = classifier.predict(words)
        return replace(
            typed, kind=scores.kind, event=scores.event, is_child_voice=False, is_likely_child=False
        )

    def _gateways(self, facts: MessageFacts, envelope: Envelope) -> dict[str, PostingGateway]:
        addresses = {*envelope.rcpt_tos, *(mailbox.address for mailbox in facts.named("To", "Cc", "Bcc"))}
        found = ((address.lower(), self.recognisers.gateway(address)) for address in addresses if address)
        return {address: gateway for address, gateway in found if gateway is not None}

    def _route(self, decision: Decision, subjects: frozenset[str]) -> Route:
        roles = frozenset(role for address in subjects if (role := self.school.role_of(address)) is not None)
        available = frozenset(self.school.role_addresses or {})
        route = report_route(subjects=roles, available=available)
        if decision.headline.report is ReportWhen.NONE:
            return Route(to=(), withheld_from=route.withheld_from)
        return route


def _said_by_a_pupil(platform: PlatformFacts, lists: IndexedLists) -> PlatformFacts:
    """A message where a pupil's whole name or handle stands beside what else would be the service's code.

    DECISIONS, rule 1: the lists decide this, after the model has had its word.
    """
    if platform.event is not Event.SECURITY:
        return platform
    for name in platform.said_by:
        pupils = lists.by_handle(platform.id, name) or [
            person for person in lists.named(name, _PUPILS) if len(person.name.split()) == len(name.split())
        ]
        if pupils:
            return replace(
                platform,
                event=Event.DIRECT_MESSAGE,
                actor=name,
                user_text=platform.said,
                event_is_certain=True,
                event_is_stated=False,
                evidence=f"{platform.evidence}; a pupil is named beside it",
            )
    return platform


def _of_a_child(platform: PlatformFacts | None, lists: IndexedLists, today: date) -> PlatformFacts | None:
    """A contact that wording tells of, where the lists say that a child acted: they decide that, not the model (DECISIONS, rule 1)."""
    if platform is None or find_actor(platform, (), [], lists, today).as_sender not in _CHILD_SENDERS:
        return None
    return replace(platform, evidence=f"{platform.evidence}; a pupil acts in it")


def _with_models_event(platform: PlatformFacts, scores: Scores) -> PlatformFacts:
    """The model's event where wording only guesses, and where the model is all but sure of another than wording found.

    What wording calls a contact, a suggestion or the staff's own doing stays that, and so does what the service states: the model may
    change which contact of another's it is, and raise what is none.
    """
    event = Event(max(scores.event, key=scores.event.__getitem__, default=platform.event.value))
    likely = scores.event.get(event.value, 0.0)
    is_open = not platform.event_is_certain and platform.event not in CONTACT_EVENTS
    if is_open and platform.actor and event not in STAFF_EVENTS:
        # Somebody did something that no wording tells: where it is rather a contact than not, the likeliest contact it is.
        contacts = {contact: scores.event.get(contact.value, 0.0) for contact in _BEGUN_BY_ANOTHER}
        if (of_all := sum(contacts.values())) >= _MODEL_DECIDES_EVENT:
            event, likely = max(contacts, key=lambda contact: (contacts[contact], contact.value)), of_all
    if event is platform.event:
        return platform
    if platform.event_is_certain:
        may_change = event in _BEGUN_BY_ANOTHER or {event, platform.event} <= _NO_CONTACTS
        is_fixed = platform.event_is_stated or platform.event in _STAYS_AS_WORDED
        if not platform.is_listed or is_fixed or not may_change:
            return platform
    is_unmade = platform.event in CONTACT_EVENTS and event not in CONTACT_EVENTS and bool(platform.actor)
    least = _MODEL_OVERRULES_WORDING if platform.event_is_certain or is_unmade else _MODEL_DECIDES_EVENT
    if event is Event.SECURITY:
        if platform.actor or platform.handle:
            return platform
        least = max(least, _MODEL_DELIVERS)
    if not likely >= least:
        return platform
    return replace(platform, event=event, evidence=f"{platform.evidence}; event by the model")


def subjects_of(assessment: Assessment, decision: Decision) -> frozenset[str]:
    """The addresses of everyone the case is about, by each outcome's row and level (DECISIONS, rule 3)."""
    subjects: set[str] = set()
    for outcome in decision.outcomes:
        counts_recipients = outcome.level >= Level.NOW
        match outcome.row.subjects:
            case "actor":
                subjects |= assessment.acting_addresses
            case "recipients" if counts_recipients:
                subjects |= assessment.recipient_addresses
            case "recipients-and-accused":
                subjects |= assessment.accused_addresses
                if counts_recipients:
                    subjects |= assessment.recipient_addresses
            case "accused":
                subjects |= assessment.accused_addresses
            case _:
                continue
    return frozenset(subjects)


def envelope_of(facts: MessageFacts) -> Envelope:
    """The envelope of a message found in a file: DECISIONS.md, "Asking"."""
    return_paths = facts.header_all("return-path")
    if return_paths:
        mailboxes = facts.named("Return-Path")
        is_null = not return_paths[0].strip(' \t<>"')
        mail_from = "" if is_null or not mailboxes else mailboxes[0].address
    else:
        senders = facts.named("Sender") or facts.named("From")
        mail_from = next((mailbox.address for mailbox in senders if mailbox.address), "")
    recipients = facts.named("X-Envelope-To", "Delivered-To") or facts.named("To", "Cc", "Bcc")
    addresses = dict.fromkeys(mailbox.address for mailbox in recipients if "@" in mailbox.address)
    return Envelope(mail_from=mail_from, rcpt_tos=tuple(addresses))


def header_block(raw: bytes) -> bytes:
    """Everything before the first empty line, and the empty line."""
    ends = [index for mark in (b"\r\n\r\n", b"\n\n") if (index := raw.find(mark)) >= 0]
    return raw[: min(ends) + 2] + b"\r\n" if ends else raw
