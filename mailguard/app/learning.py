"""What people decide becomes what the model may learn from: labels of messages, never their texts.

Only a person's word teaches, and only where that person said it was to: a decision with a label, or "Teach the model". It is
written in the transaction of the decision and withdrawn in that of its undoing. A message whose blob is shredded teaches
nothing from that moment on (the store sees to it).
"""

from __future__ import annotations

from mailguard.app.ports_learning import ExampleRecord, Withdrawn
from mailguard.app.ports_store import CaseRecord, Transaction
from mailguard.domain.label import Label, Said, label_of

# A concern that somebody wrote into a form is no mail: its words are the form's.
_MAIL = frozenset({"relay", "mailbox"})


def teaches(case: CaseRecord) -> bool:
    """Whether there is a message from which the model could learn."""
    return case.via in _MAIL


def learn_from_case(transaction: Transaction, case: CaseRecord, *, said: Said, by: str) -> Label | None:
    """Label a decided case's message with what a person said it was, in place of what was said before; None for nothing.

    What joins a case is the same message or the same words again (``case_opening``), so one label is said of all its copies,
    and one of them teaches: forty copies of a letter are no forty letters.
    """
    if not teaches(case):
        return None
    message = next(iter(transaction.cases.messages(case.id)), None)
    if message is None:
        return None
    decision = message.decision
    label = label_of(
        said,
        is_platform=decision.platform is not None,
        direction=decision.direction,
        initiator=decision.initiator,
    )
    if label is None:
        transaction.learning.withdraw(case_id=case.id, why=Withdrawn.BY_HAND)
        return None
    transaction.learning.put(
        ExampleRecord(
            blob_id=message.blob_id,
            label=label,
            by=by,
            labelled_at=transaction.now,
            case_id=case.id,
            message_id=message.id,
        )
    )
    return label


def unlearn_case(transaction: Transaction, case_id: str, *, why: Withdrawn = Withdrawn.UNDONE) -> int:
    """The decision was undone, or the label taken back: what it taught is withdrawn; how many."""
    return transaction.learning.withdraw(case_id=case_id, why=why)
