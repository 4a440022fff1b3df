"""Training texts as reading gives them from real-shaped mail: seeded, the same for everyone.

What a model learns from is never the text as it was written but what ``mailguard.reading`` makes of the bytes of a mail, as it
will be of the mail that the model reads later. The shapes are drawn by :mod:`mailguard.classifier.mail_shapes`.
"""

from __future__ import annotations

from mailguard.classifier.corpus import Record
from mailguard.classifier.mail_shapes import compose_mail
from mailguard.domain.message import MessageFacts
from mailguard.reading.message import read


def compose(record: Record, *, seed: int, variant: int) -> MessageFacts:
    """`record` as a message that was read. Variant 0 is nearly as written; others are disturbed. Equal arguments give equal facts."""
    return read(compose_mail(record, seed=seed, variant=variant))
