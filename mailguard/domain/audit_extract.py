"""A stretch of the audit trail in which foreign events are withheld: what a stranger may be given of one case.

It runs from the first event shown to the end of the trail. A withheld event is given by its content hash alone;
with the hash before it that makes its hash, so the chain is followed across it without a word of it. What is
proved: the events shown stand in the signed trail as they are, in this order and number, and nothing was put
in, taken out or changed between the first of them and the checkpoint at the end.
Events of the first schema have no salt: where one is withheld, only its hash can be given, and the link across
it rests on the checkpoint's word; such places are counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mailguard.domain.audit import (
    AuditEvent,
    AuditHead,
    AuditProblem,
    Checkpoint,
    Link,
    SignatureCheck,
    VerifierKey,
    link_problems,
    read_checkpoint,
    time_text,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractVerification:
    """``after``: where the stretch begins; ``head``: where it ends. ``unlinked``: withheld events without a salt.

    ``checkpoint_at``: when the newest checkpoint over the end was signed, None when there is none.
    """

    after: AuditHead
    head: AuditHead
    shown: tuple[AuditEvent, ...]
    withheld: int
    unlinked: int
    checkpoints: int
    checkpoint: Checkpoint | None
    problems: tuple[AuditProblem, ...]

    @property
    def is_intact(self) -> bool:
        return not self.problems


def verify_extract(
    links: Iterable[Link],
    *,
    after: AuditHead,
    notes: Sequence[str],
    key: VerifierKey,
    is_genuine: SignatureCheck,
) -> ExtractVerification:
    """Follow the chain from ``after`` to the end and hold it against the checkpoints.

    Notes over more or fewer events than the stretch holds are checked for their signature only. Total.
    """
    problems: list[AuditProblem] = []
    vouched: dict[int, list[Checkpoint]] = {}
    for number, note in enumerate(notes, start=1):
        try:
            checkpoint = read_checkpoint(note, key=key, is_genuine=is_genuine)
        except ValueError as error:
            problems.append(AuditProblem(seq=0, says=f"checkpoint {number}: {error}"))
        else:
            vouched.setdefault(checkpoint.size, []).append(checkpoint)
    head = after
    shown: list[AuditEvent] = []
    withheld = unlinked = held_against = 0
    problems += _against(head, vouched.get(head.size, []))
    for link in links:
        problems += link_problems(head, link, trail=key.name)
        if isinstance(link, AuditEvent):
            shown.append(link)
        else:
            withheld += 1
            unlinked += not link.content
        head = AuditHead(size=link.seq, hash=link.hash)
        here = vouched.get(head.size, [])
        held_against += len(here)
        problems += _against(head, here)
    at_end = vouched.get(head.size, [])
    if not at_end:
        problems.append(AuditProblem(seq=head.size, says="no genuine checkpoint vouches for the end"))
    return ExtractVerification(
        after=after,
        head=head,
        shown=tuple(shown),
        withheld=withheld,
        unlinked=unlinked,
        checkpoints=held_against,
        checkpoint=max(at_end, key=lambda each: each.at, default=None),
        problems=tuple(problems),
    )


def _against(head: AuditHead, checkpoints: Sequence[Checkpoint]) -> list[AuditProblem]:
    return [
        AuditProblem(seq=head.size, says=f"the head differs from the checkpoint of {time_text(each.at)}")
        for each in checkpoints
        if each.hash != head.hash
    ]
