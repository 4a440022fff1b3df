"""The blocks of a digest that speak of mailguard itself: how it is, and where its audit trail stands."""

from __future__ import annotations

from datetime import datetime

from mailguard.app.digest_content import Block, Occasion, Tone
from mailguard.app.digest_words import DigestWords, count_words
from mailguard.app.health import Finding, Health, State, when_words
from mailguard.app.sightings import RunningFacts
from mailguard.domain.audit import AuditHead


def health_block(found: Health, words: DigestWords) -> Block:
    """What is wrong first; then in one line what was seen."""
    wrong = [f"For IT: {finding_line(each)}" for each in (*found.failed, *found.warned)]
    return Block(
        title="Health",
        lines=(*wrong, _seen_line(found, words)),
        tone=Tone.ATTENTION if found.failed else Tone.CALM,
    )


def _seen_line(found: Health, words: DigestWords) -> str:
    settings = words.settings
    ok = {finding.what for finding in found.findings if finding.state is State.OK}
    seen = []
    if "relay" in ok:
        seen.append("relay")
    if "mailboxes" in ok:
        seen.append(f"all {found.mailboxes} mailboxes" if found.mailboxes > 1 else "the mailbox")
    parts = [f"{' and '.join(seen)} seen"] if seen else []
    newest = max(found.sightings.newest_mail.values(), default=None)
    if newest is not None:
        parts.append(f"newest mail {words.at(newest)}")
    parts += _ages(found.sightings.running, found.at)
    last = found.effects.last_report_at
    parts.append(
        f"last report delivered {when_words(last, settings, now=words.now)}"
        if last
        else "no report delivered yet"
    )
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."


def _ages(running: RunningFacts | None, now: datetime) -> list[str]:
    if running is None:
        return []
    ages = [("model", running.model_signed_at), ("lists", running.lists_changed_at)]
    said = [f"{name} {count_words(max(0, (now - at).days), 'day')}" for name, at in ages if at is not None]
    return [f"{', '.join(said)} old"] if said else []


def finding_line(finding: Finding, *, has_fix: bool = False) -> str:
    word = {State.OK: "ok", State.WARN: "warning", State.FAIL: "FAILED"}[finding.state]
    fix = f" {finding.fix}" if has_fix and finding.fix else ""
    end = "." if fix and not finding.says.endswith(".") else ""
    return (
        f"{word}: {finding.what}: {finding.says}{end}{fix}" if has_fix else f"{finding.what}: {finding.says}"
    )


def audit_block(head: AuditHead, checkpoint: str, occasion: Occasion) -> Block:
    key = (f"public key {occasion.public_key}",) if occasion.public_key else ()
    return Block(
        title="Audit",
        lines=(f"{head.size:,} events. Keep this mail: it dates the trail.",),
        code=(f"head {head.hash}", *checkpoint.splitlines(), *key),
    )
