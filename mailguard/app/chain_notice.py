"""Mail to the members of the chain about what was done to accounts, and what else must not happen in silence.

An account made or reset, a wrong hand at the door, broken glass: each member is told by mail, at the address of the
settings, whether or not they use the review page. No message text, no child's name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.own_mail import OwnMail, outgoing
from mailguard.app.performing import Performed
from mailguard.app.ports import Clock, Courier
from mailguard.app.ports_store import EffectRecord, NewEffect, Transaction
from mailguard.domain.case import EffectKind
from mailguard.domain.words import Role

_CHAIN = (Role.HEAD, Role.DEPUTY, Role.CHAIR)
_ACCOUNTS = ("The accounts", "/accounts")
_BECAUSE = "You get this mail because you are in the school's chain of readers, or it is your account."


def tell_chain(
    transaction: Transaction,
    settings: EffectsSettings,
    *,
    key: str,
    subject: str,
    lines: Sequence[str],
    closed_to: Iterable[Role] = (),
    also_to: Iterable[str] = (),
    case_id: str = "",
    see: tuple[str, str] = _ACCOUNTS,
    because: str = _BECAUSE,
) -> None:
    """Add the notices to the outbox of this transaction.

    ``key``: what it is about, told once. ``closed_to``: roles that may not know (of a case about them).
    ``also_to``: further addresses, such as the account's owner. ``case_id``: of a notice about one case, so that what the
    trail tells of the notice is closed to whom the case is closed to. ``see``: which page of the review site it names, in words
    and by its path; ``because``: why the reader gets it.
    """
    closed = frozenset(closed_to)
    addresses = [
        settings.contacts[role].address for role in _CHAIN if role in settings.contacts and role not in closed
    ]
    for address in dict.fromkeys(address.lower() for address in [*addresses, *also_to]):
        transaction.effects.add(
            NewEffect(
                kind=EffectKind.CHAIN_NOTICE,
                key=f"chain-notice:{key}:{address}",
                due_at=transaction.now,
                case_id=case_id,
                address=address,
                payload={"subject": subject, "lines": list(lines), "see": list(see), "because": because},
            )
        )


class ChainNoticePerformer:
    """Performs CHAIN_NOTICE."""

    def __init__(self, *, courier: Courier, settings: EffectsSettings, clock: Clock) -> None:
        self._courier = courier
        self._settings = settings
        self._clock = clock

    def perform(self, effect: EffectRecord) -> Performed:
        """Raises TemporaryFailure, PermanentFailure."""
        lines = [str(line) for line in effect.payload.get("lines", ())]
        if self._settings.review_url:
            words, path = effect.payload.get("see", _ACCOUNTS)
            lines += ["", f"{words}: {self._settings.review_url.rstrip('/')}{path} (sign in there)."]
        lines += ["", str(effect.payload.get("because", _BECAUSE))]
        mail = OwnMail(
            to_address=effect.address,
            to_name="",
            subject=f"[mailguard] {effect.payload.get('subject', 'Accounts')}",
            text="\n".join(lines) + "\n",
            header_message_id=effect.header_message_id,
            list_name="notices",
        )
        reply = self._courier.send(outgoing(mail, self._settings, now=self._clock.now()))
        return Performed(detail={"reply": reply[:80]})
