"""How mailguard is: one row a part, each with its fix, from what the store knows.

Doctor, the digest, the review page and the metrics all show these rows, so that none of them says another
thing than the others. What needs a socket or a file is doctor's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from mailguard.app.digest_calendar import digest_key, digest_moment, latest_digest_day, next_digest_at
from mailguard.app.drift import Drift, drift
from mailguard.app.drift_words import drift_problems, drift_state
from mailguard.app.effects_health import EffectsHealth, effects_health
from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.ports_store import Transaction
from mailguard.app.sightings import EFFECTS, RELAY, ModelFaults, RunningFacts, Sightings, sightings
from mailguard.domain.audit import time_from_text, time_text
from mailguard.domain.case import EffectState
from mailguard.domain.words import Role

_SILENT = timedelta(minutes=5)
_MAILBOX_SILENT = timedelta(minutes=15)
_DIGEST_LATE = timedelta(hours=1)
_CHECKPOINT_LATE = timedelta(hours=3)
_LISTS_OLD_DAYS = 180
_MODEL_OLD_DAYS = 540
_MANY_FAULTS = 0.1
_NAMED = 5
_START = "Start it: systemctl start mailguard. Its log says why it ended: journalctl -u mailguard"

PartRuns = Callable[[str], bool | None]
"""Whether a part of the daemon, by its name in ``sightings``, runs now; None when that is not known."""


class State(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """``what``: the part; ``says``: how it is, in words; ``fix``: what to do, "" when nothing is wrong."""

    state: State
    what: str
    says: str
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """``findings`` in the order in which faults build on one another; the rest is what they were made of."""

    at: datetime
    findings: tuple[Finding, ...]
    effects: EffectsHealth
    sightings: Sightings
    mailboxes: int
    mailboxes_silent: int
    last_digest_at: datetime | None
    newest_checkpoint_at: datetime | None
    events: int
    drift: Drift

    @property
    def failed(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.state is State.FAIL)

    @property
    def warned(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.state is State.WARN)


def note_digest_sent(transaction: Transaction, reader: str) -> None:
    """The heartbeat: ``reader`` is a role's word or "admin"."""
    transaction.ledger.put_state(_digest_key(reader), time_text(transaction.now))


def digest_sent_at(transaction: Transaction, reader: str) -> datetime | None:
    stored = transaction.ledger.state(_digest_key(reader))
    return time_from_text(stored) if stored else None


def unknown(_part: str) -> bool | None:
    """A ``PartRuns`` where only the signs of life in the store are at hand."""
    return None


def health(
    transaction: Transaction,
    settings: EffectsSettings,
    *,
    may_know: Callable[[str], bool] | None = None,
    is_running: PartRuns = unknown,
) -> Health:
    """From one consistent state of the store. ``may_know``: as for ``effects_health``."""
    now = transaction.now
    seen = sightings(transaction.ledger)
    effects = effects_health(transaction, settings, may_know=may_know)
    silent = [
        address
        for account, address in settings.watched_mailboxes.items()
        if (at := seen.seen.get(account)) is None or now - at > _MAILBOX_SILENT
    ]
    last_digest = digest_sent_at(transaction, Role.HEAD.value)
    checkpoint = transaction.audit.newest_checkpoint()
    checkpoint_at = _checkpoint_time(checkpoint) if checkpoint is not None else None
    head = transaction.audit.head()
    model = seen.running.model if seen.running is not None else ""
    changes = drift(transaction, model=model, today=now.astimezone(settings.hours.zone).date())
    findings = (
        *_daemon(seen, now, settings, is_running),
        *_relay(seen, now, settings, is_running),
        *_mailboxes(seen, silent, now, settings),
        *_effects(effects, settings),
        *_contacts(effects),
        _second_channel(settings),
        _digest(last_digest, transaction, settings),
        _checkpoint(checkpoint_at, head.size, now, settings),
        *_in_use(seen.running, now),
        *_model_faults(seen.model_faults),
        *_drift(changes),
    )
    return Health(
        at=now,
        findings=findings,
        effects=effects,
        sightings=seen,
        mailboxes=len(settings.watched_mailboxes),
        mailboxes_silent=len(silent),
        last_digest_at=last_digest,
        newest_checkpoint_at=checkpoint_at,
        events=head.size,
        drift=changes,
    )


def when_words(at: datetime, settings: EffectsSettings, *, now: datetime) -> str:
    """Local time: 06:58 of today, Mon 16:41 within a week, else with the date."""
    local, today = at.astimezone(settings.hours.zone), now.astimezone(settings.hours.zone)
    days = (today.date() - local.date()).days
    if days == 0:
        return local.strftime("%H:%M")
    if 0 < days < 7:
        return local.strftime("%a %H:%M")
    return (
        f"{local:%a} {local.day} {local:%b %H:%M}" if local.year == today.year else f"{local:%d %b %Y %H:%M}"
    )


def _daemon(
    seen: Sightings, now: datetime, settings: EffectsSettings, is_running: PartRuns
) -> Iterator[Finding]:
    at = seen.seen.get(EFFECTS)
    if at is None:
        yield Finding(State.WARN, "daemon", "has not run here yet", _START)
    elif is_running(EFFECTS) is False:
        says = f"does not run, last seen {when_words(at, settings, now=now)}: no report goes out"
        yield Finding(State.FAIL, "daemon", says, _START)
    elif now - at > _SILENT:
        says = f"has not been seen since {when_words(at, settings, now=now)}: no report goes out"
        yield Finding(State.FAIL, "daemon", says, _START)
    else:
        started = seen.running.started_at if seen.running is not None else at
        yield Finding(State.OK, "daemon", f"runs since {when_words(started, settings, now=now)}")


def _relay(
    seen: Sightings, now: datetime, settings: EffectsSettings, is_running: PartRuns
) -> Iterator[Finding]:
    if not settings.has_relay:
        return
    at, newest = seen.seen.get(RELAY), seen.newest_mail.get(RELAY)
    mail = (
        f"newest mail {when_words(newest, settings, now=now)}" if newest is not None else "no mail seen yet"
    )
    if at is None:
        if seen.seen:
            yield Finding(
                State.WARN, "relay", "has not run here yet", "Start it, if mail is to pass through it."
            )
    elif is_running(RELAY) is False:
        says = f"does not run, last seen {when_words(at, settings, now=now)}; {mail}"
        yield Finding(State.FAIL, "relay", says, _START)
    elif now - at > _SILENT:
        yield Finding(
            State.FAIL,
            "relay",
            f"has not been seen since {when_words(at, settings, now=now)}; {mail}",
            _START,
        )
    elif newest is not None and settings.hours.after_school_time(newest, settings.hours.day_length) < now:
        yield Finding(
            State.WARN,
            "relay",
            f"runs, but {mail}: none for a whole school day",
            "See that the mail server still hands its mail to mailguard: postconf content_filter smtpd_proxy_filter",
        )
    else:
        yield Finding(State.OK, "relay", f"seen {when_words(at, settings, now=now)}; {mail}")


def _mailboxes(
    seen: Sightings, silent: Sequence[str], now: datetime, settings: EffectsSettings
) -> Iterator[Finding]:
    watched = settings.watched_mailboxes
    if not watched:
        return
    newest = seen.newest_of(tuple(watched))
    mail = (
        f"newest mail {when_words(newest, settings, now=now)}" if newest is not None else "no mail seen yet"
    )
    if not silent:
        yield Finding(State.OK, "mailboxes", f"{_all_of(len(watched))} read; {mail}")
        return
    times = [
        at for account in watched if (at := seen.seen.get(account)) is not None and watched[account] in silent
    ]
    since = f", the first since {when_words(min(times), settings, now=now)}" if times else " so far"
    more = f" and {len(silent) - _NAMED} more" if len(silent) > _NAMED else ""
    yield Finding(
        State.FAIL,
        "mailboxes",
        f"{len(silent)} of {len(watched)} not read{since}; {mail}",
        f"Look at {', '.join(sorted(silent)[:_NAMED])}{more}: mailguard doctor says what their server answers.",
    )


def _effects(effects: EffectsHealth, settings: EffectsSettings) -> Iterator[Finding]:
    problems = effects.problems()
    for says, fix in problems:
        yield Finding(State.FAIL, "effects", says, fix)
    if not problems:
        last = effects.last_report_at
        said = (
            f"last report delivered {local_day_time(last, settings)}"
            if last
            else "no report has been due yet"
        )
        yield Finding(State.OK, "effects", f"0 overdue; {said}")


def local_day_time(at: datetime, settings: EffectsSettings) -> str:
    local = at.astimezone(settings.hours.zone)
    return f"{local:%a} {local.day} {local:%b %H:%M}"


def _contacts(effects: EffectsHealth) -> Iterator[Finding]:
    names = ", ".join(role.value for role in Role if role in effects.tested)
    if effects.has_tested_contacts:
        yield Finding(State.OK, "contacts", f"tested: {names}")
    else:
        says = f"fewer than two contacts have been tested{f' (only {names})' if names else ''}"
        yield Finding(State.WARN, "contacts", says, "Run: mailguard report test")


def _second_channel(settings: EffectsSettings) -> Finding:
    if settings.has_second_channel:
        return Finding(State.OK, "second channel", "configured for level 5")
    return Finding(
        State.WARN,
        "second channel",
        "none: a report at level 5 goes by the school's mail alone",
        "Set roles.NAME.second_channel or [second_channel].",
    )


def _digest(last: datetime | None, transaction: Transaction, settings: EffectsSettings) -> Finding:
    now, plan, hours = transaction.now, settings.digest, settings.hours
    frequency = plan.frequency(Role.HEAD.value)
    upcoming = next_digest_at(now, frequency, plan, hours)
    follows = f"next {local_day_time(upcoming, settings)}" if upcoming is not None else "none in sight"
    stored = transaction.ledger.state("digest-since")
    day = latest_digest_day(now, frequency, plan, hours)
    due_at = digest_moment(day, plan, hours) if day is not None else None
    is_expected = due_at is not None and stored is not None and day is not None and day.isoformat() >= stored
    said = f"last sent {when_words(last, settings, now=now)}" if last is not None else "none sent yet"
    is_missing = due_at is not None and now - due_at > _DIGEST_LATE and (last is None or last < due_at)
    if (
        is_expected
        and is_missing
        and due_at is not None
        and day is not None
        and not _is_on_its_way(day, transaction)
    ):
        return Finding(
            State.FAIL,
            "digest",
            f"{said}; that of {local_day_time(due_at, settings)} has not gone out",
            "See that the daemon runs and the Head's address takes mail: mailguard report test",
        )
    if upcoming is None:
        return Finding(State.WARN, "digest", f"{said}; {follows}", "Correct hours.terms and hours.holidays.")
    return Finding(State.OK, "digest", f"{said}; {follows}")


def _is_on_its_way(day: date, transaction: Transaction) -> bool:
    """True while it is being sent for the first time: the digest itself must not say that it is missing."""
    effect = transaction.effects.by_key(digest_key(day, Role.HEAD.value))
    return effect is not None and effect.state is EffectState.PENDING and effect.attempts <= 1


def _checkpoint(at: datetime | None, events: int, now: datetime, settings: EffectsSettings) -> Finding:
    if at is None:
        return Finding(State.OK, "checkpoint", f"{events:,} events; none signed yet")
    says = f"{events:,} events; newest checkpoint {when_words(at, settings, now=now)}"
    if now - at > _CHECKPOINT_LATE:
        return Finding(State.WARN, "checkpoint", says, "The daemon signs one each hour: see that it runs.")
    return Finding(State.OK, "checkpoint", says)


def _in_use(running: RunningFacts | None, now: datetime) -> Iterator[Finding]:
    if running is None:
        return
    if running.model_problem:
        fix = f"The lists go on deciding. {running.model_fix or 'See: mailguard model status'}"
        yield Finding(State.FAIL, "model in use", f"none: {running.model_problem}", fix)
    else:
        days = _days(running.model_signed_at, now)
        old = days is not None and days > _MODEL_OLD_DAYS
        yield Finding(
            State.WARN if old else State.OK,
            "model in use",
            f"{running.model}{f', {_age(days)} old' if days is not None else ''}",
            "Retrain it, or install the one of a newer mailguard." if old else "",
        )
    days = _days(running.lists_changed_at, now)
    says = f"{running.lists}{f', {_age(days)} old' if days is not None else ''}"
    if running.lists_problems:
        yield Finding(
            State.FAIL,
            "lists in use",
            f"{says}; the files as they are now were refused ({running.lists_problems} faults)",
            "Run: mailguard addresses check",
        )
    elif days is not None and days > _LISTS_OLD_DAYS:
        fix = "Export the lists from the MIS again: a pupil who is on no list is found by name only."
        yield Finding(State.WARN, "lists in use", says, fix)
    else:
        yield Finding(State.OK, "lists in use", says)


def _model_faults(found: ModelFaults) -> Iterator[Finding]:
    if found.faults:
        yield Finding(
            State.FAIL if found.faults > _MANY_FAULTS * found.judged else State.WARN,
            "model faults",
            f"{found.faults} of {found.judged} messages since the start could not be scored: the lists decided them alone",
            "It is a fault of the program or its model: report it. If it began with another model: mailguard model rollback",
        )


def _drift(changes: Drift) -> Iterator[Finding]:
    problems = list(drift_problems(changes))
    for says, fix in problems:
        yield Finding(State.WARN, "model drift", says, fix)
    if not problems and changes.model:
        yield Finding(State.OK, "model drift", drift_state(changes))


def _days(at: datetime | None, now: datetime) -> int | None:
    return None if at is None else max(0, (now - at).days)


def _age(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days"


def _all_of(count: int) -> str:
    return "the one mailbox" if count == 1 else f"all {count} mailboxes"


def _digest_key(reader: str) -> str:
    return f"digest-sent:{reader}"


def _checkpoint_time(note: str) -> datetime | None:
    """When a note of our own was signed; its fourth line says so. None when it cannot be read."""
    lines = note.splitlines()
    try:
        return time_from_text(lines[3].removeprefix("time "))
    except (IndexError, ValueError):
        return None
