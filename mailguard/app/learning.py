"""What people decide becomes what the model may learn from: labels of messages, never their texts.

Only a person's word teaches, and only where that person said it was to: a decision with a label, or "Teach the model". It is
written in the transaction of the decision and withdrawn in that of its undoing. A message whose blob is shredded teaches
nothing from that moment on (the store sees to it).
"""

from __future__ import annotations

from mailguard.app.ports_learning import ExampleRecord, Withdrawn
from mailguard.app.ports_store import CaseRecord, Transaction
from mailguard.domain.label import label_of_verdict

# A concern that somebody wrote into a form is no mail: its words are the form's.
_MAIL = frozenset({"relay", "mailbox"})


def learn_from_case(transaction: Transaction, case: CaseRecord, *, word: str, by: str) -> int:
    """Label every message of a decided case with what a person said it was; how many teach something."""
    if case.via not in _MAIL:
        return 0
    count = 0
    for message in transaction.cases.messages(case.id):
        decision = message.decision
        label = label_of_verdict(
            word, is_platform=decision.platform is not None, direction=decision.direction
        )
        if label is None:
            continue
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
        count += 1
    return count


def unlearn_case(transaction: Transaction, case_id: str) -> int:
    """The decision was undone: what it taught is withdrawn; how many."""
    return transaction.learning.withdraw(case_id=case_id, why=Withdrawn.UNDONE)
