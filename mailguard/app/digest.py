"""Performs DIGEST: the scheduled mail to the Head, to deputy and chair, and to the admin. It comes when empty.

The Head's tells of every case that is not closed to its reader. Deputy and chair get one of their own, or, by
default, only while something waits that is closed to the Head. The admin's tells of health alone.
FAILURE: killed before T2 it is sent again with the same Message-ID; nobody running at its hour, it is sent at
the next look (``schedule``); the Head's address refusing it, it goes to the next in the school.
Source: UX.md "digest"; DESIGN promises 5, 7 and 9.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from mailguard.app.digest_calendar import ADMIN, Frequency
from mailguard.app.digest_composing import compose_digest, compose_health_digest
from mailguard.app.digest_content import DigestContent, Occasion
from mailguard.app.digest_html import write_digest_html
from mailguard.app.digest_material import gather
from mailguard.app.digest_text import write_digest_text
from mailguard.app.effects_settings import DirectoryNow, EffectsSettings
from mailguard.app.failpoints import reach
from mailguard.app.health import digest_sent_at, health
from mailguard.app.own_mail import OwnMail, outgoing
from mailguard.app.performing import Performed, not_needed
from mailguard.app.ports import Clock, Courier, PermanentFailure
from mailguard.app.ports_store import EffectRecord, NewEffect, Store, Transaction
from mailguard.app.readers import Reader, Readers, readers_now
from mailguard.domain.audit import AuditHead
from mailguard.domain.case import EffectKind
from mailguard.domain.words import Role

_INSTEAD = "instead_of"
_FIRST_LOOK_BACK = timedelta(days=1)


class DigestPerformer:
    """``public_key``: the trail's, as ``mailguard audit verify --key`` wants it."""

    def __init__(
        self,
        *,
        store: Store,
        courier: Courier,
        settings: EffectsSettings,
        directory: DirectoryNow,
        clock: Clock,
        public_key: str = "",
    ) -> None:
        self._public_key = public_key
        self._store = store
        self._courier = courier
        self._settings = settings
        self._directory = directory
        self._clock = clock

    def perform(self, effect: EffectRecord) -> Performed:
        """Raises TemporaryFailure, PermanentFailure."""
        day = date.fromisoformat(str(effect.payload["day"]))
        occasion = Occasion(
            day=day,
            now=self._clock.now(),
            reader=effect.role,
            frequency=self._settings.digest.frequency(effect.role),
            because=self._because(effect, self._settings.digest.frequency(effect.role)),
            public_key=self._public_key,
        )
        if effect.role == ADMIN:
            return self._perform_for_admin(effect, occasion)
        role = Role(effect.role)
        readers = readers_now(self._store, self._settings, self._directory)
        today = occasion.now.astimezone(self._settings.hours.zone).date()
        reader = readers.daily_reader(role, today)
        if reader is None:
            raise PermanentFailure(f"effect {effect.id}: role {role.value} is not configured")
        is_for_all = (
            role is Role.HEAD
            or bool(effect.payload.get(_INSTEAD))
            or occasion.frequency is not Frequency.WHEN_NEEDED
        )
        if role is not Role.HEAD and self._reads_the_heads(reader, readers, today):
            return not_needed("reads the Head's digest today")
        with self._store.reading() as transaction:
            material = gather(
                transaction,
                settings=self._settings,
                readers=readers,
                reader=reader,
                is_for_all=is_for_all,
                day=day,
                since=self._since(transaction, role.value),
            )
        if not is_for_all and material.is_empty:
            return not_needed("nothing that is closed to the Head")
        content = compose_digest(material, occasion, self._settings)
        return self._send(effect, content, material.head, address=reader.address, name=reader.name)

    def after_failure(self, effect: EffectRecord, *, is_permanent: bool) -> tuple[NewEffect, ...]:
        """The Head's digest, refused for good, goes to the next in the school: silence would look like peace."""
        if not is_permanent or effect.role != Role.HEAD.value:
            return ()
        others = [role for role in (Role.DEPUTY, Role.CHAIR) if role in self._settings.contacts]
        return tuple(
            NewEffect(
                kind=EffectKind.DIGEST,
                key=f"{effect.key}:instead:{role.value}",
                due_at=self._clock.now(),
                role=role.value,
                payload={"day": effect.payload["day"], _INSTEAD: effect.role},
            )
            for role in others[:1]
        )

    def _perform_for_admin(self, effect: EffectRecord, occasion: Occasion) -> Performed:
        address = self._settings.digest.admin_address
        if not address:
            return not_needed("digest.admin_address is not set any more")
        with self._store.reading() as transaction:
            found = health(transaction, self._settings)
            head = transaction.audit.head()
            checkpoint = transaction.audit.newest_checkpoint() or ""
        content = compose_health_digest(found, head, checkpoint, occasion, self._settings)
        return self._send(effect, content, head, address=address, name="")

    def _send(
        self, effect: EffectRecord, content: DigestContent, head: AuditHead, *, address: str, name: str
    ) -> Performed:
        mail = OwnMail(
            to_address=address,
            to_name=name,
            subject=content.subject,
            text=write_digest_text(content),
            html=write_digest_html(content),
            header_message_id=effect.header_message_id,
            list_name="digest",
        )
        message = outgoing(mail, self._settings, now=self._clock.now())
        reach("digest-before-send")
        reply = self._courier.send(message)
        reach("digest-sent")
        return Performed(detail={"reply": reply[:80], "head": head.hash, "size": head.size})

    def _since(self, transaction: Transaction, reader: str) -> datetime:
        """When this reader's last digest went out; at the first, a day ago."""
        return digest_sent_at(transaction, reader) or transaction.now - _FIRST_LOOK_BACK

    def _reads_the_heads(self, reader: Reader, readers: Readers, day: date) -> bool:
        stands_in = readers.daily_reader(Role.HEAD, day)
        return stands_in is not None and stands_in.address.lower() == reader.address.lower()

    def _because(self, effect: EffectRecord, frequency: Frequency) -> str:
        if effect.payload.get(_INSTEAD):
            return "You get this because the Head's address refuses mail. Tell whoever looks after the school's mail."
        if frequency is Frequency.WHEN_NEEDED:
            return "You get this because what follows is closed to the Head. Do not forward it to the Head."
        return ""
