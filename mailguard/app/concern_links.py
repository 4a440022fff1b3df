"""A link by which a member of staff without an account writes down one concern.

Whoever asks hears the same words, whether the address is on the staff list or not; a link goes only to a
listed address, by the outbox, because the review page holds no mail credentials. The token is made when the
mail is sent and is stored hashed only.
SECURITY: anybody can ask. Asking is bounded for each client, each member of staff (by whichever spelling of their
address) and altogether; nobody is told when a bound is reached. Strangers who ask for addresses that are on no list use
up nobody's links. Opening a link changes nothing: mail scanners open links.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta

from mailguard.app.concerns import LINK_ACTION
from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.lists import IndexedLists
from mailguard.app.own_mail import OwnMail, outgoing
from mailguard.app.performing import Performed
from mailguard.app.ports import Clock, Courier, PermanentFailure
from mailguard.app.ports_links import LinkRecord
from mailguard.app.ports_store import AuditEntry, EffectRecord, NewEffect, Store
from mailguard.app.throttling import network_of
from mailguard.domain.case import EffectKind
from mailguard.domain.people import Person
from mailguard.domain.words import PersonList

TAG_ASKED = "review:concern-link:asked"
LINK_HOURS = 24
_MOST_EACH_PERSON = 3
_MOST_EACH_CLIENT = 20
_MOST_ALTOGETHER = 200
"""An hour, each."""


def concern_url(settings: EffectsSettings, token: str) -> str:
    return f"{settings.review_url.rstrip('/')}/concern/by-link/{token}"


class ConcernLinks:
    """The review page's side: asking for a link, and looking at one."""

    def __init__(self, *, store: Store, settings: EffectsSettings, lists: Callable[[], IndexedLists]) -> None:
        self._store = store
        self._settings = settings
        self._lists = lists

    @property
    def is_available(self) -> bool:
        """False while ``review.url`` is not set: a mail could not say where the form is."""
        return bool(self._settings.review_url)

    def ask(self, address: str, *, client: str) -> None:
        """Send a link if that is a staff address. Nothing is given back, so that nothing can be told by it.

        ``client``: the caller's network address. Raises TemporaryFailure.
        """
        person = self._listed(address)
        with self._store.transaction() as transaction:
            slot = transaction.now.strftime("%Y-%m-%dT%H")

            def is_within(name: str, most: int) -> bool:
                return transaction.ledger.begin_attempt(f"concern-link:{slot}:{name}") <= most

            if not is_within(f"client:{network_of(client)}", _MOST_EACH_CLIENT):
                return
            if person is None or not self.is_available:
                return
            # The person's own bound first: whoever is bombed uses up nobody else's.
            if not is_within(f"person:{person.id}", _MOST_EACH_PERSON) or not is_within(
                "all", _MOST_ALTOGETHER
            ):
                return
            transaction.effects.add(
                NewEffect(
                    kind=EffectKind.CONCERN_LINK,
                    key=f"concern-link:{secrets.token_hex(16)}",
                    due_at=transaction.now,
                    address=_own_address(person, address),
                    payload={"person": person.id},
                )
            )
            transaction.audit.append(AuditEntry(tag=TAG_ASKED, actor=person.id, detail={"hours": LINK_HOURS}))

    def look(self, token: str) -> tuple[LinkRecord, Person | None] | None:
        """What a link is, and whose (None when that person has left the staff list); None for no such link.

        Changes nothing. Raises TemporaryFailure.
        """
        with self._store.reading() as transaction:
            link = transaction.links.find(token, action=LINK_ACTION)
        if link is None:
            return None
        person = self._lists().person(link.person_id)
        return link, person if person is not None and person.list is PersonList.STAFF else None

    def _listed(self, address: str) -> Person | None:
        people = self._lists().by_address(address.strip()) if "@" in address else ()
        if any(person.list is PersonList.PUPILS for person in people):
            return None
        return next((person for person in people if person.list is PersonList.STAFF), None)


def _own_address(person: Person, typed: str) -> str:
    """The address as listed: what was typed may have a tag that leads elsewhere."""
    wanted = typed.strip().casefold()
    same = (address for address in person.addresses if address.casefold() == wanted)
    return next(same, person.addresses[0])


class ConcernLinkPerformer:
    """Performs CONCERN_LINK. Killed after the server's yes it is sent again; either link then opens one form."""

    def __init__(self, *, store: Store, courier: Courier, settings: EffectsSettings, clock: Clock) -> None:
        self._store = store
        self._courier = courier
        self._settings = settings
        self._clock = clock

    def perform(self, effect: EffectRecord) -> Performed:
        """Raises TemporaryFailure, PermanentFailure."""
        if not self._settings.review_url:
            raise PermanentFailure(f"effect {effect.id}: review.url is not set, the link would lead nowhere")
        with self._store.transaction() as transaction:
            token = transaction.links.issue(
                action=LINK_ACTION,
                item=effect.id,
                person_id=str(effect.payload["person"]),
                expires_at=transaction.now + timedelta(hours=LINK_HOURS),
            )
        mail = OwnMail(
            to_address=effect.address,
            to_name="",
            subject="[mailguard] Your link to report a concern",
            text="\n".join(_lines(self._settings, token)),
            header_message_id=effect.header_message_id,
            list_name="notices",
        )
        reply = self._courier.send(outgoing(mail, self._settings, now=self._clock.now()))
        return Performed(detail={"reply": reply[:80], "person": effect.payload["person"]})


def _lines(settings: EffectsSettings, token: str) -> list[str]:
    emergency = settings.emergency
    return [
        "Somebody, most likely you, asked for a link to report a concern at",
        f"{settings.school_name}. It opens one form, once, within {LINK_HOURS} hours:",
        "",
        concern_url(settings, token),
        "",
        "What you write is read by those who answer for child protection, and by nobody it is about.",
        "Do not pass the link on: what is written with it is recorded under your name.",
        "If you did not ask for it you need do nothing.",
        "",
        f"If a child is in immediate danger ring {emergency.police} first.",
        "",
    ]
