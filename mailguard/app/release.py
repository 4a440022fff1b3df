"""Performs RELEASE: the held message, byte for byte, to its recipient, with the mark that keeps it from being
held again.

The envelope sender is null: a bounce of a released message would talk to a child or parent (DESIGN promise
8).
FAILURE: killed after the server's yes and before T2 the recipient gets it twice, never not at all.
"""

from __future__ import annotations

from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.failpoints import reach
from mailguard.app.newlines import to_crlf
from mailguard.app.own_mail import mark_id_of, own_mark
from mailguard.app.performing import Performed, not_needed
from mailguard.app.ports import BlobStore, Clock, Courier, MailboxMover, OutgoingMessage, PermanentFailure
from mailguard.app.ports_store import EffectRecord, Store
from mailguard.domain.case import RecipientState


class ReleasePerformer:
    def __init__(
        self, *, store: Store, blobs: BlobStore, courier: Courier, settings: EffectsSettings, clock: Clock
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._courier = courier
        self._settings = settings
        self._clock = clock

    def perform(self, effect: EffectRecord) -> Performed:
        """Raises TemporaryFailure, PermanentFailure (the recipient's copy then stays "release pending")."""
        with self._store.reading() as transaction:
            recipient = transaction.cases.recipient(effect.recipient_id)
            message = transaction.cases.message(effect.message_id)
        if recipient is None or message is None:
            raise PermanentFailure(f"effect {effect.id}: its message is not in the store")
        if recipient.state is not RecipientState.RELEASE_PENDING:
            return not_needed(f"the copy is {recipient.state.value}")
        raw = to_crlf(self._blobs.get(message.blob_id))
        mark = own_mark(
            raw,
            self._settings,
            mark_id=mark_id_of(effect.header_message_id),
            recipient=recipient.address,
            now=self._clock.now(),
        )
        reply = self._courier.send(
            OutgoingMessage(
                mail_from="", rcpt_to=recipient.address, raw=mark + raw, message_id=message.header_message_id
            )
        )
        reach("release-sent")
        return Performed(detail={"reply": reply[:80], "sha256": message.sha256})


class MovePerformer:
    """Performs MOVE: a held message out of its mailbox. The store has it already."""

    def __init__(self, *, store: Store, mover: MailboxMover) -> None:
        self._store = store
        self._mover = mover

    def perform(self, effect: EffectRecord) -> Performed:
        """Raises TemporaryFailure, PermanentFailure."""
        with self._store.reading() as transaction:
            recipient = transaction.cases.recipient(effect.recipient_id)
            message = transaction.cases.message(effect.message_id)
        if recipient is None or message is None or recipient.location is None:
            raise PermanentFailure(f"effect {effect.id}: it does not say where the message lies")
        if recipient.state is not RecipientState.TAKE_OUT_PENDING:
            return not_needed(f"the copy is {recipient.state.value}")
        how = self._mover.take_out(recipient.location, expected_sha256=message.sha256)
        return Performed(detail={"how": how})
