"""When no model can be used, people are told by mail at once, and once; and again when one is in use and stays so.

Told are the chain, because what no list knows goes unnoticed meanwhile, and whoever gets the digest of health, who can mend it.
What was told stands in the store, which is the school's, not a machine's: a restart, a container under a new name, a relay worker
or a second look does not tell it again. A model that comes and goes (weights on a share that flaps) is one time, not many:
it is over when one has been in use for ten minutes without a break, and that mail counts how often it went.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

from mailguard.app.chain_notice import tell_chain
from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.health import local_day_time
from mailguard.app.ports_store import Ledger, Transaction
from mailguard.domain.audit import time_from_text, time_text

_STATE = "model-alarm"
_STEADY_MINUTES = 10
_SEE = ("The model", "/model")
_BECAUSE = "You get this mail because you are in the school's chain of readers, or look after its mail."


@dataclass(frozen=True, slots=True)
class _Told:
    """That it is dark: since when, since when a model is in use again ("" while none is), and how often it went."""

    since: str
    bright_since: str = ""
    times: int = 1


def tell_dark(
    transaction: Transaction, settings: EffectsSettings, *, machine: str, reason: str, fix: str
) -> bool:
    """Whether anybody had to be told. ``machine``: its name; ``reason`` and ``fix`` in words for IT."""
    ledger, now = transaction.ledger, transaction.now
    told = _told(ledger)
    if told is not None:
        if told.bright_since:
            _keep(ledger, replace(told, bright_since="", times=told.times + 1))
        return False
    _keep(ledger, _Told(since=time_text(now)))
    _tell(
        transaction,
        settings,
        key=f"model-dark:{time_text(now)}",
        subject="No model is in use: the lists decide alone",
        lines=[
            f"Since {local_day_time(now, settings)} no model is in use on {machine}.",
            "Children, parents and colleagues on the lists are recognised and reported as always. What no list knows may pass "
            "unnoticed until this is mended: a child at another address, grave words of an adult, a service nobody listed.",
            "",
            f"Why: {reason}.",
            f"For IT: {fix or 'see mailguard model status.'}",
            "",
            f"You get another mail when a model has been in use again for {_STEADY_MINUTES} minutes.",
        ],
    )
    return True


def tell_bright(transaction: Transaction, settings: EffectsSettings, *, machine: str, model: str) -> bool:
    """Whether anybody had to be told: only where ``tell_dark`` told, and once it has lasted. Ask again until then."""
    ledger, now = transaction.ledger, transaction.now
    told = _told(ledger)
    if told is None:
        return False
    if not told.bright_since:
        _keep(ledger, replace(told, bright_since=time_text(now)))
        return False
    again = time_from_text(told.bright_since)
    if now - again < timedelta(minutes=_STEADY_MINUTES):
        return False
    _keep(ledger, None)
    began = local_day_time(time_from_text(told.since), settings)
    before = (
        f"There was none since {began}."
        if told.times == 1
        else f"From {began} on it went and came back {told.times} times: what holds its files may not be reliable."
    )
    _tell(
        transaction,
        settings,
        key=f"model-bright:{time_text(now)}",
        subject="A model is in use again",
        lines=[
            f"Since {local_day_time(again, settings)} a model ({model}) is in use on {machine}. {before}",
            "What came in between was decided by the lists alone. Where that mail is still in an archive, IT can see what "
            "would have been decided otherwise: mailguard policy replay (docs/how-to/back-test.md).",
        ],
    )
    return True


def _told(ledger: Ledger) -> _Told | None:
    stored = ledger.state(_STATE)
    return _Told(**json.loads(stored)) if stored else None


def _keep(ledger: Ledger, told: _Told | None) -> None:
    ledger.put_state(_STATE, json.dumps(asdict(told)) if told is not None else "")


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
