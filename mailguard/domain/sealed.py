"""Which parts of a child's message nobody looks at without a reason: pictures, videos, archives, and what is encrypted.

Source: SAFEGUARDING.md, "Images"; DESIGN promise 7.
"""

from __future__ import annotations

from mailguard.domain.message import Attachment, AttachmentFamily, MessageFacts

_FAMILIES = frozenset(
    {AttachmentFamily.IMAGE, AttachmentFamily.VIDEO, AttachmentFamily.ARCHIVE, AttachmentFamily.ENCRYPTED}
)


def sealed_parts(facts: MessageFacts) -> tuple[Attachment, ...]:
    """The attachments that are sealed when a child sent them."""
    return tuple(part for part in facts.attachments if part.family in _FAMILIES or part.is_encrypted)
