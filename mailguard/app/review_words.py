"""A case in a few words for whoever may read it: who, to whom, what, and how it stands. One glossary, UX.md's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mailguard.app.effects_settings import Directory
from mailguard.app.own_mail import one_line
from mailguard.app.ports_store import CaseRecord, DecisionRecord, RecipientRecord
from mailguard.app.report_words import is_outgoing, is_written
from mailguard.domain import concern
from mailguard.domain.case import CaseDecision, CaseState, Mode, Outcome, RecipientState
from mailguard.domain.words import Nature, PersonList, ReportWhen, Verdict

OUTCOME_WORDS: Mapping[Outcome, str] = {
    Outcome.SUBSTANTIATED: "Substantiated: there is enough evidence to prove it",
    Outcome.MALICIOUS: "Malicious: there is enough evidence that it is untrue and meant to deceive",
    Outcome.FALSE: "False: there is enough evidence that it is untrue",
    Outcome.UNSUBSTANTIATED: "Unsubstantiated: there is not enough evidence either way",
    Outcome.UNFOUNDED: "Unfounded: nothing supports it",
}
RECIPIENT_WORDS: Mapping[RecipientState, str] = {
    RecipientState.DELIVERED: "delivered",
    RecipientState.WOULD_HOLD: "delivered (would have been held)",
    RecipientState.HELD: "held: has not got it",
    RecipientState.TAKE_OUT_PENDING: "being taken out of the mailbox",
    RecipientState.TAKEN_OUT: "held: taken out of the mailbox",
    RecipientState.RELEASE_PENDING: "release is on its way",
    RecipientState.RELEASED: "released: has it",
}
_CHILD_VERDICTS = frozenset(
    {Verdict.CHILD_CONTACT, Verdict.PROBABLE_CHILD_CONTACT, Verdict.THIRD_PARTY_CONCERN}
)
_STAFF_TO_CHILD_ROWS = frozenset({"O1", "P5"})
_ALLEGATION_SIGNALS = frozenset({"accused-named", "accused-unnamed"})


def is_child_contact(decision: DecisionRecord) -> bool:
    return decision.verdict in {Verdict.CHILD_CONTACT, Verdict.PROBABLE_CHILD_CONTACT}


def may_endanger_a_child(case: CaseRecord) -> bool:
    """What red is for: a child may be unsafe, and nobody has acknowledged."""
    decision = case.decision
    concerns_child = decision.verdict in _CHILD_VERDICTS or decision.row in _STAFF_TO_CHILD_ROWS
    return (
        case.state is CaseState.NEW
        and case.mode is Mode.ENFORCE
        and decision.report_when is ReportWhen.NOW
        and concerns_child
    )


def has_outcome(decision: DecisionRecord) -> bool:
    """Whether the words of allegation management fit: an adult may have done wrong."""
    codes = {str(signal.get("code")) for signal in decision.signals}
    return (
        decision.verdict is Verdict.STAFF_INITIATED
        or decision.nature == Nature.ALLEGATION.value
        or bool(codes & _ALLEGATION_SIGNALS)
    )


def confirm_words(decision: DecisionRecord) -> str:
    return "Confirm contact" if is_child_contact(decision) else "Confirm"


def dismiss_words(decision: DecisionRecord) -> str:
    return "Dismiss (not a contact)" if is_child_contact(decision) else "Dismiss"


def decided_words(decided_as: CaseDecision, decision: DecisionRecord) -> str:
    """How it stands after the button of confirm_words or dismiss_words, in the same words."""
    is_contact = is_child_contact(decision)
    return {
        CaseDecision.CONFIRM: "contact confirmed" if is_contact else "confirmed",
        CaseDecision.RELEASE: "released",
        CaseDecision.DISMISS: "dismissed (not a contact)" if is_contact else "dismissed",
    }[decided_as]


def who_words(decision: DecisionRecord, sender: str, *, platform: str = "") -> str:
    """Who it comes from: people on the lists by name, else a platform's actor, else the platform or the address.

    Of a written concern: who wrote it down, and whom it is about.
    """
    if is_written(decision):
        about = ", ".join(dict.fromkeys(_short(person) for person in decision.persons[:3]))
        writer = one_line(sender, limit=100).partition(" <")[0] or "somebody"
        return f"{writer}, about {about}" if about else writer
    wanted = {PersonList.STAFF.value} if is_outgoing(decision) else {"pupils", "parents", ""}
    named = [person for person in decision.persons if str(person.get("list", "")) in wanted]
    if named:
        return " or ".join(dict.fromkeys(_short(person) for person in named[:3]))
    actor = one_line(str((decision.platform or {}).get("actor") or ""), limit=80)
    return actor or platform or one_line(sender, limit=100) or "no sender given"


def _short(person: Mapping[str, object]) -> str:
    name = one_line(str(person.get("name") or person.get("id") or ""), limit=80)
    kind = {"pupils": "pupil", "parents": "parent"}.get(str(person.get("list")), "")
    likely = "" if person.get("certainty") in {"exact", None} else ", by name"
    return f"{name} ({kind}{likely})" if kind else name


def recipient_name(recipient: RecipientRecord, directory: Directory) -> str:
    if recipient.row == concern.ROW:
        return "child protection"
    person = directory.person(recipient.person_id) if recipient.person_id else None
    return one_line(person.name if person is not None else recipient.address, limit=100)


def recipient_says(recipient: RecipientRecord) -> str:
    """Where the copy is; a written concern has none."""
    return "told by the report" if recipient.row == concern.ROW else RECIPIENT_WORDS[recipient.state]


def to_words(recipients: Sequence[RecipientRecord], count: int, directory: Directory) -> str:
    """The first two by name, and how many more."""
    names = list(dict.fromkeys(recipient_name(each, directory) for each in recipients[:2]))
    if not names:
        return "nobody"
    more = count - min(len(recipients), 2)
    if more > 0:
        return f"{', '.join(names)} and {more} more"
    return " and ".join(names)


def held_words(held: int, recipients: int) -> str:
    if not held:
        return "nothing held"
    return "held" if held == recipients == 1 else f"{held} of {recipients} held"
