"""Exactly what a decision will do, before it is made: who gets what, what stays, what is sent, what is recorded.

Pure. The page that shows it sends back the very recipients it named; nobody else is released.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mailguard.app.effects_settings import Directory
from mailguard.app.ports_store import CaseRecord, RecipientRecord
from mailguard.app.report_words import is_outgoing
from mailguard.app.review_words import (
    confirm_words,
    dismiss_words,
    has_outcome,
    is_child_contact,
    recipient_name,
)
from mailguard.domain.case import CaseDecision, CaseState, Outcome, RecipientState
from mailguard.domain.signal import SignalCode
from mailguard.domain.words import Level

_SEALED_PARTS = SignalCode.SEALED_PARTS.code
REASONS: Mapping[CaseDecision, tuple[str, ...]] = {
    CaseDecision.CONFIRM: (
        "Read; the safeguarding procedure has begun",
        "Read; I have spoken with the member of staff",
        "Read; no further step is needed",
    ),
    CaseDecision.RELEASE: (
        "School business: the recipient should have it",
        "The school knows of this contact and has agreed to it",
    ),
    CaseDecision.DISMISS: (
        "Not from a pupil or a parent",
        "A service's automatic mail or advertising",
        "Held by mistake",
    ),
}
_OUTCOMES: Mapping[CaseDecision, tuple[Outcome, ...]] = {
    CaseDecision.CONFIRM: (Outcome.SUBSTANTIATED, Outcome.UNSUBSTANTIATED),
    CaseDecision.RELEASE: (Outcome.UNSUBSTANTIATED, Outcome.UNFOUNDED),
    CaseDecision.DISMISS: (Outcome.UNFOUNDED, Outcome.FALSE, Outcome.MALICIOUS, Outcome.UNSUBSTANTIATED),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One recipient's copy. ``is_choice``: the person may still give it or keep it; ``is_chosen`` at first."""

    recipient: RecipientRecord
    name: str
    says: str
    is_choice: bool
    is_chosen: bool
    is_subject: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionPreview:
    """``will``: sentences in the order in which things happen. ``warnings``: what to think of first."""

    decision: CaseDecision
    title: str
    button: str
    copies: tuple[Copy, ...]
    will: tuple[str, ...]
    recorded: tuple[str, ...]
    warnings: tuple[str, ...]
    reasons: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    delay_seconds: int

    @property
    def gives(self) -> tuple[Copy, ...]:
        """Copies that go out unless the person unticks them."""
        return tuple(copy for copy in self.copies if copy.is_choice)


def preview_decision(
    case: CaseRecord,
    recipients: Sequence[RecipientRecord],
    decision: CaseDecision,
    *,
    directory: Directory,
    delay_seconds: int,
) -> DecisionPreview:
    gives = decision is not CaseDecision.CONFIRM
    copies = tuple(_copy(each, case, gives=gives, directory=directory) for each in recipients)
    title = {
        CaseDecision.CONFIRM: confirm_words(case.decision),
        CaseDecision.RELEASE: "Release",
        CaseDecision.DISMISS: dismiss_words(case.decision),
    }[decision]
    held = [copy for copy in copies if copy.recipient.state.is_held]
    going = [copy for copy in copies if copy.is_choice]
    return DecisionPreview(
        decision=decision,
        title=title,
        button=f"{title} {case.id}" if not going else f"{title}: send {_copies(len(going))}",
        copies=copies,
        will=tuple(_will(case, held, going, decision, delay_seconds)),
        recorded=tuple(_recorded(case, decision, going)),
        warnings=tuple(_warnings(case, going, decision)),
        reasons=REASONS[decision],
        outcomes=_OUTCOMES[decision] if has_outcome(case.decision) else (),
        delay_seconds=delay_seconds if going else 0,
    )


def _copy(recipient: RecipientRecord, case: CaseRecord, *, gives: bool, directory: Directory) -> Copy:
    subjects = {subject.lower() for subject in case.decision.subjects}
    is_subject = recipient.address.lower() in subjects or recipient.person_id.lower() in subjects
    is_choice = gives and recipient.state.is_held
    return Copy(
        recipient=recipient,
        name=recipient_name(recipient, directory),
        says=_says(recipient, is_choice=is_choice),
        is_choice=is_choice,
        is_chosen=is_choice,
        is_subject=is_subject,
    )


def _says(recipient: RecipientRecord, *, is_choice: bool) -> str:
    match recipient.state:
        case RecipientState.TAKE_OUT_PENDING if is_choice:
            return "keeps the message: it is still in the mailbox"
        case RecipientState.HELD | RecipientState.TAKEN_OUT | RecipientState.TAKE_OUT_PENDING:
            return "gets the message, unchanged" if is_choice else "does not get it: it stays held"
        case RecipientState.RELEASE_PENDING:
            return "is getting it: it was released before"
        case RecipientState.DELIVERED | RecipientState.WOULD_HOLD | RecipientState.RELEASED:
            return "has it already"


def _will(
    case: CaseRecord,
    held: Sequence[Copy],
    going: Sequence[Copy],
    decision: CaseDecision,
    delay_seconds: int,
) -> list[str]:
    said = []
    if going:
        wait = (
            f" It leaves {delay_seconds} seconds after you decide; until then you can take it back."
            if delay_seconds
            else ""
        )
        said.append(f"Whoever is ticked gets the message exactly as it was sent.{wait}")
        said.append("It carries mailguard's mark, so that it is not held again.")
    elif held:
        count = len(held)
        said.append(
            "The message stays held. Nobody gets it."
            if count == 1
            else f"The message stays held for all {count} recipients. Nobody gets it."
        )
    else:
        said.append("Nothing is held, so nothing is sent. The case is closed.")
    if case.state is CaseState.NEW:
        said.append("The case counts as acknowledged by you; nobody else in the chain is told any more.")
    if is_outgoing(case.decision):
        said.append("The person it was written to is told nothing by mailguard.")
    else:
        said.append("The sender is told nothing: mailguard never answers a child or a parent.")
    if decision is CaseDecision.CONFIRM:
        said.append("Nothing is deleted. You can still release it later.")
    return said


def _recorded(case: CaseRecord, decision: CaseDecision, going: Sequence[Copy]) -> list[str]:
    said = ["Your name and the time, in the audit trail, for good.", "Your reason, encrypted with the case."]
    if going:
        said.append("Each copy that went out, with the mail server's answer.")
    if case.decision.level >= Level.NOW and decision is not CaseDecision.CONFIRM:
        said.append("That a report was not confirmed; the governors' report counts it.")
    return said


def _warnings(case: CaseRecord, going: Sequence[Copy], decision: CaseDecision) -> list[str]:
    return [*_picture_warnings(case, going), *_subject_warnings(case, going, decision)]


def _picture_warnings(case: CaseRecord, going: Sequence[Copy]) -> list[str]:
    codes = {str(signal.get("code")) for signal in case.decision.signals}
    if not going or _SEALED_PARTS not in codes:
        return []
    return [
        "Pictures, videos or archives go along, opened by nobody here. If one may be an indecent image of a child, "
        "sending it on is an offence: keep it held and ring the police."
    ]


def _subject_warnings(case: CaseRecord, going: Sequence[Copy], decision: CaseDecision) -> list[str]:
    subjects = [copy for copy in going if copy.is_subject]
    if not subjects:
        return []
    names = " and ".join(dict.fromkeys(copy.name for copy in subjects[:3]))
    if has_outcome(case.decision):
        return [
            f"This case is about {names}. Sending it shows them what was said about them: speak with the "
            "Local Authority Designated Officer before."
        ]
    if not is_child_contact(case.decision):
        return []
    after = f"After this {names} {'has' if len(subjects) == 1 else 'have'} the message and can answer it."
    if decision is CaseDecision.DISMISS:
        return [f"If a child may have written it after all, go back and confirm the contact. {after}"]
    return [f"A child wrote to {names} in person. {after}"]


def _copies(count: int) -> str:
    return "1 copy" if count == 1 else f"{count} copies"
