"""When no model can be used, people are told by mail at once, and once; and again when one is in use.

Told are the chain, because what no list knows goes unnoticed meanwhile, and whoever gets the digest of health, who can mend it.
One mail each for each time that it goes dark: what was told stands in the store by machine, so that a restart, a relay worker or
a second look does not tell it again.
"""

from __future__ import annotations

from mailguard.app.chain_notice import tell_chain
from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.health import local_day_time
from mailguard.app.ports_store import Transaction
from mailguard.domain.audit import time_from_text, time_text

_SEE = ("The model", "/model")
_BECAUSE = "You get this mail because you are in the school's chain of readers, or look after its mail."


def tell_dark(
    transaction: Transaction, settings: EffectsSettings, *, machine: str, reason: str, fix: str
) -> bool:
    """Whether anybody had to be told. ``machine``: its name; ``reason`` and ``fix`` in words for IT."""
    if transaction.ledger.state(_key(machine)):
        return False
    now = transaction.now
    transaction.ledger.put_state(_key(machine), time_text(now))
    _tell(
        transaction,
        settings,
        key=f"model-dark:{machine}:{time_text(now)}",
        subject="No model is in use: the lists decide alone",
        lines=[
            f"Since {local_day_time(now, settings)} no model is in use on {machine}.",
            "Children, parents and colleagues on the lists are recognised and reported as always. What no list knows may pass "
            "unnoticed until this is mended: a child at another address, grave words of an adult, a service nobody listed.",
            "",
            f"Why: {reason}.",
            f"For IT: {fix or 'see mailguard model status.'}",
            "",
            "You get another mail when a model is in use again.",
        ],
    )
    return True


def tell_bright(transaction: Transaction, settings: EffectsSettings, *, machine: str, model: str) -> bool:
    """Whether anybody had to be told: only where ``tell_dark`` told."""
    since = transaction.ledger.state(_key(machine))
    if not since:
        return False
    now = transaction.now
    transaction.ledger.put_state(_key(machine), "")
    began = local_day_time(time_from_text(since), settings)
    _tell(
        transaction,
        settings,
        key=f"model-bright:{machine}:{time_text(now)}",
        subject="A model is in use again",
        lines=[
            f"Since {local_day_time(now, settings)} a model ({model}) is in use on {machine}. There was none since {began}.",
            "What came in between was decided by the lists alone. Where that mail is still in an archive, IT can see what "
            "would have been decided otherwise: mailguard policy replay (docs/how-to/back-test.md).",
        ],
    )
    return True


def _tell(
    transaction: Transaction, settings: EffectsSettings, *, key: str, subject: str, lines: list[str]
) -> None:
    admin = settings.digest.admin_address
    tell_chain(
        transaction,
        settings,
        key=key,
        subject=subject,
        lines=lines,
        also_to=[admin] if admin else [],
        see=_SEE,
        because=_BECAUSE,
    )


def _key(machine: str) -> str:
    return f"model-dark:{machine}"
