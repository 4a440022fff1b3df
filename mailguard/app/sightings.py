"""When each part of the system was last seen at work, and when mail last came through it.

The daemon writes it down three times a minute, as JSON in named states; doctor, the digest, the review page and the
metrics read it, so that all of them say the same. Names: a part of the daemon ("relay", "mailboxes",
"effects") or an account id; no address.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime

from mailguard.app.ports_store import Ledger
from mailguard.domain.audit import time_from_text, time_text

_SEEN = "health-seen"
_NEWEST = "health-newest-mail"
_RUNNING = "health-running"
_MODEL_FAULTS = "health-model-faults"
RELAY, MAILBOXES, EFFECTS = "relay", "mailboxes", "effects"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningFacts:
    """What the daemon works with. Times aware UTC; ``model_problem`` "" when the model is in use, else ``model_fix`` says what to do.

    ``lists_changed_at``: when the pupils' list was last written; ``lists_problems``: in files that were refused.
    """

    started_at: datetime
    program: str
    policy: str
    lists: str
    lists_changed_at: datetime | None = None
    lists_problems: int = 0
    model: str = ""
    model_signed_at: datetime | None = None
    model_problem: str = ""
    model_fix: str = ""


@dataclass(frozen=True, slots=True)
class ModelFaults:
    """Since the daemon's start, of all its processes: messages that a model was asked about, and those it could not score."""

    judged: int = 0
    faults: int = 0


@dataclass(frozen=True, slots=True)
class Sightings:
    """``seen`` and ``newest_mail`` by name; a name that is missing was never seen. ``running`` None: never ran."""

    seen: Mapping[str, datetime] = field(default_factory=dict)
    newest_mail: Mapping[str, datetime] = field(default_factory=dict)
    running: RunningFacts | None = None
    model_faults: ModelFaults = ModelFaults()

    def newest_of(self, names: tuple[str, ...]) -> datetime | None:
        return max((self.newest_mail[name] for name in names if name in self.newest_mail), default=None)


def note_seen(ledger: Ledger, seen: Mapping[str, datetime]) -> None:
    """Add to what is known; a time never goes back."""
    _merge(ledger, _SEEN, seen)


def note_newest_mail(ledger: Ledger, newest: Mapping[str, datetime]) -> None:
    """Add to what is known; a time never goes back."""
    _merge(ledger, _NEWEST, newest)


def note_running(ledger: Ledger, facts: RunningFacts) -> None:
    values = {
        name: time_text(value) if isinstance(value, datetime) else value
        for name, value in asdict(facts).items()
    }
    ledger.put_state(_RUNNING, json.dumps(values))


def note_model_in_use(ledger: Ledger, *, model: str, problem: str, fix: str = "") -> None:
    """A change of the model is known at once, not only from the next heartbeat on. Nothing before the first."""
    facts = _running(ledger)
    if facts is not None:
        changed = replace(facts, model=model, model_problem=problem, model_fix=fix, model_signed_at=None)
        note_running(ledger, changed)


def add_model_faults(ledger: Ledger, more: ModelFaults) -> None:
    """Each process that judges mail adds its own: the relay's workers have no other way to tell."""
    known = _model_faults(ledger)
    _put_model_faults(ledger, ModelFaults(known.judged + more.judged, known.faults + more.faults))


def begin_model_faults(ledger: Ledger) -> None:
    """At the daemon's start they are counted anew."""
    _put_model_faults(ledger, ModelFaults())


def sightings(ledger: Ledger) -> Sightings:
    return Sightings(
        seen=_times(ledger, _SEEN),
        newest_mail=_times(ledger, _NEWEST),
        running=_running(ledger),
        model_faults=_model_faults(ledger),
    )


def _model_faults(ledger: Ledger) -> ModelFaults:
    stored = ledger.state(_MODEL_FAULTS)
    return ModelFaults(**json.loads(stored)) if stored else ModelFaults()


def _put_model_faults(ledger: Ledger, faults: ModelFaults) -> None:
    ledger.put_state(_MODEL_FAULTS, json.dumps(asdict(faults)))


def _merge(ledger: Ledger, key: str, times: Mapping[str, datetime]) -> None:
    known = _times(ledger, key)
    changed = {name: at for name, at in times.items() if name not in known or known[name] < at}
    if changed:
        merged = {**known, **changed}
        ledger.put_state(key, json.dumps({name: time_text(at) for name, at in sorted(merged.items())}))


def _times(ledger: Ledger, key: str) -> dict[str, datetime]:
    stored = ledger.state(key)
    return {name: time_from_text(text) for name, text in json.loads(stored).items()} if stored else {}


def _running(ledger: Ledger) -> RunningFacts | None:
    stored = ledger.state(_RUNNING)
    if stored is None:
        return None
    values = json.loads(stored)
    for name in ("started_at", "lists_changed_at", "model_signed_at"):
        if values.get(name):
            values[name] = time_from_text(values[name])
    return RunningFacts(**values)
