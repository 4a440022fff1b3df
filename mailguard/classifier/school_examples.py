"""This school's own examples: messages that people labelled, and its ordinary mail. Texts are read in memory and not kept.

Of a child's message only the words teach: its pictures and other parts are left out before anything looks at them, and so is
a message that is encrypted or could not be read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from mailguard.app.ports import BlobStore, PermanentFailure
from mailguard.app.ports_learning import ExampleRecord
from mailguard.app.ports_store import Store
from mailguard.classifier.examples import Example, Progress, no_progress, office_example
from mailguard.domain.case import words_key
from mailguard.domain.label import Label
from mailguard.domain.message import MessageFacts
from mailguard.domain.words import Initiator, Kind

Read = Callable[[bytes], MessageFacts]
# One word of a reviewer counts like some texts of the corpus; it would else be lost among thousands.
_COPIES = 3


def labelled_examples(
    store: Store, blobs: BlobStore, read: Read, *, progress: Progress = no_progress
) -> tuple[list[Example], dict[str, object]]:
    """What people have labelled, and what the manifest says of it: a count and a hash over ids and labels.

    Raises TemporaryFailure.
    """
    with store.reading() as transaction:
        records = transaction.learning.examples()
    # The newest word about the same words counts, and once: a letter that came in several cases is one letter.
    distinct: dict[str, tuple[ExampleRecord, MessageFacts]] = {}
    for number, record in enumerate(records):
        progress("reading labelled messages", number, len(records))
        try:
            facts = read(blobs.get(record.blob_id))
        except PermanentFailure:
            # Shredded or damaged since it was labelled: it teaches nothing.
            continue
        if not facts.is_readable or facts.is_encrypted:
            continue
        distinct.pop(words := _words(facts), None)
        distinct[words] = record, facts
    used = [record for record, _ in distinct.values()]
    found = [
        example
        for record, facts in distinct.values()
        for example in examples_of(facts, record.label, source=_source(record))
    ]
    return found, {"labelled": len(used), "labels_sha256": _digest(used)}


def ordinary_examples(messages: Iterable[tuple[str, MessageFacts]]) -> list[Example]:
    """(name, facts) of mail that the lists and the wording make clear: examples of what is no child's contact."""
    return [office_example(facts, name=name) for name, facts in messages]


def examples_of(facts: MessageFacts, label: Label, *, source: str) -> Iterator[Example]:
    """The message several times, so that it counts; mail of one sender is held out together."""
    if label.initiator is Initiator.CHILD:
        facts = replace(facts, attachments=())
    like_office = office_example(facts, name=source)
    sender = next((mailbox.address.lower() for mailbox in facts.named("From")), source)
    kind = label.kind or like_office.kind
    initiator = label.initiator
    if initiator is None and kind in (Kind.BULK, Kind.NOTIFICATION, Kind.AUTOMATIC):
        initiator = Initiator.NONE
    elif initiator is None and label.kind is None:
        # "Nothing for the school to look at": an adult from outside, as ordinary mail is.
        initiator = Initiator.OTHER
    for variant in range(_COPIES):
        yield replace(
            like_office,
            kind=kind,
            event=label.event if kind is Kind.NOTIFICATION else None,
            natures=label.natures if kind is not Kind.NOTIFICATION else None,
            only_grave=label.is_only_not_grave,
            initiator=initiator,
            group=f"school:{hashlib.sha256(sender.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}",
            source=source,
            is_office=False,
            variant=variant,
        )


def _words(facts: MessageFacts) -> str:
    """Equal for the same words of the same sender; of a message without words, for the same message."""
    text = f"{facts.subject}\n{facts.own_text}"
    sender = next((mailbox.address for mailbox in facts.named("From")), "")
    return words_key(sender=sender, text=text, files=()) if text.strip() else facts.content_sha256


def _source(record: ExampleRecord) -> str:
    return f"case {record.case_id}" if record.case_id else f"sample {record.sample_id[:8]}"


def _digest(records: Sequence[ExampleRecord]) -> str:
    said = [[record.id, record.label.as_dict()] for record in records]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
