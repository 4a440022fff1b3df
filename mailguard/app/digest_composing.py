"""Composes a digest: its subject, its first sentence and its blocks, in words.

The first sentence says whether anything needs attention. No name in the subject; in the body members of staff alone.
Source: UX.md "digest"; issue "Digest".
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from mailguard.app.digest_calendar import digest_moment, next_digest_at
from mailguard.app.digest_cases import case_blocks
from mailguard.app.digest_content import Block, DigestContent, Occasion, Tone
from mailguard.app.digest_health import audit_block, finding_line, health_block
from mailguard.app.digest_material import DigestMaterial
from mailguard.app.digest_words import DigestWords, count_words, day_words, number_word
from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.health import Health, State
from mailguard.domain.audit import AuditHead

_LATE = timedelta(hours=1)


def compose_digest(material: DigestMaterial, occasion: Occasion, settings: EffectsSettings) -> DigestContent:
    """For a reader of cases."""
    words = DigestWords(settings, occasion.now)
    found = material.health
    tone = (
        Tone.URGENT
        if material.late
        else Tone.ATTENTION
        if material.to_decide
        or material.clutter
        or material.take_downs
        or material.not_understood.is_any
        or found.failed
        else Tone.CALM
    )
    return DigestContent(
        subject=f"[mailguard] {subject(material)} - {day_words(occasion.day)}",
        first_line=first_line(material, words),
        because=occasion.because,
        tone=tone,
        blocks=(
            *case_blocks(material, words),
            health_block(found, words),
            audit_block(material.head, material.checkpoint, occasion),
        ),
        notes=tuple(_notes(occasion, settings)),
        url=f"{settings.review_url.rstrip('/')}/queue" if settings.review_url else "",
    )


def compose_health_digest(
    found: Health, head: AuditHead, checkpoint: str, occasion: Occasion, settings: EffectsSettings
) -> DigestContent:
    """For the admin: how mailguard is, and no case, not even their number."""
    failed, warned = len(found.failed), len(found.warned)
    parts = [f"{failed} failed"] * bool(failed) + [count_words(warned, "warning")] * bool(warned)
    first = (
        f"{number_word(failed).capitalize()} {'part has' if failed == 1 else 'parts have'} failed and must be mended."
        if failed
        else f"Everything works; {number_word(warned)} {'warning' if warned == 1 else 'warnings'} to look at."
        if warned
        else "Everything works; there is nothing to do."
    )
    ordered = sorted(found.findings, key=lambda each: list(State)[::-1].index(each.state))
    rows = Block(
        title="Health",
        lines=tuple(finding_line(each, has_fix=True) for each in ordered),
        tone=Tone.ATTENTION if failed else Tone.CALM,
    )
    return DigestContent(
        subject=f"[mailguard] health: {', '.join(parts) or 'all ok'} - {day_words(occasion.day)}",
        first_line=first,
        because="",
        tone=Tone.ATTENTION if failed else Tone.CALM,
        blocks=(rows, audit_block(head, checkpoint, occasion)),
        notes=tuple(_notes(occasion, settings)),
        url=f"{settings.review_url.rstrip('/')}/health" if settings.review_url else "",
    )


def subject(material: DigestMaterial) -> str:
    parts = []
    if material.to_decide:
        parts.append(f"{material.to_decide} to decide")
    if material.late:
        parts.append(f"{count_words(len(material.late), 'report')} not acknowledged")
    if material.not_understood.waiting:
        parts.append(f"{count_words(material.not_understood.waiting, 'letter')} to read")
    if material.clutter and not parts:
        parts.append(f"{count_words(sum(material.clutter.values()), 'platform mail')} held")
    if material.health.failed:
        parts.append("IT must look")
    return ", ".join(parts) or "nothing waits for you"


def first_line(material: DigestMaterial, words: DigestWords) -> str:
    sentences = []
    if material.late:
        oldest = words.since(material.late[0].case.opened_at)
        if len(material.late) == 1:
            sentences.append(f"One report from {oldest} has not been acknowledged.")
        else:
            sentences.append(
                f"{number_word(len(material.late)).capitalize()} reports have not been acknowledged, the oldest from {oldest}."
            )
    if material.acknowledged:
        sentences.append(_waits(len(material.acknowledged), "acknowledged report"))
    if material.waiting:
        sentences.append(_waits(len(material.waiting), "held message"))
    if material.take_downs:
        count = len(material.take_downs)
        sentences.append(
            f"{number_word(count).capitalize()} take-down {'request waits' if count == 1 else 'requests wait'} "
            "for you to follow up."
        )
    if material.not_understood.waiting:
        count = material.not_understood.waiting
        sentences.append(
            f"{number_word(count).capitalize()} delivered {'letter that' if count == 1 else 'letters that'} the program did not "
            f"understand {'waits' if count == 1 else 'wait'} to be read."
        )
    if material.clutter and not sentences:
        sentences.append(
            f"Nothing waits but {count_words(sum(material.clutter.values()), 'held platform mail')} that name nobody."
        )
    if material.shadowed:
        sentences.append(
            f"In shadow mode {count_words(len(material.shadowed), 'message')} would have been held or reported."
        )
    if material.health.failed:
        first = material.health.failed[0]
        sentences.append(f"IT must look at mailguard: {first.what} {first.says}.")
    if not sentences:
        return "Nothing needs your attention. mailguard is at work, and this mail comes even so."
    return " ".join(sentences)


def _waits(count: int, noun: str) -> str:
    nouns, waits = (noun, "waits") if count == 1 else (f"{noun}s", "wait")
    return f"{number_word(count).capitalize()} {nouns} {waits} for your decision."


def _notes(occasion: Occasion, settings: EffectsSettings) -> Iterator[str]:
    plan, hours = settings.digest, settings.hours
    due_at = digest_moment(occasion.day, plan, hours)
    if occasion.now - due_at > _LATE:
        yield (
            f"This digest is late: it was due {day_words(occasion.day)} {plan.at:%H:%M}. mailguard was not running "
            "then, or the mail server did not take it."
        )
    upcoming = next_digest_at(max(occasion.now, due_at), occasion.frequency, plan, hours)
    if upcoming is None:
        yield "No further digest is in sight: the term dates in the settings have run out. IT must add the next."
        return
    local = upcoming.astimezone(hours.zone)
    said = f"The next digest comes on {day_words(local.date())} at {local:%H:%M}."
    if local.date() - occasion.now.astimezone(hours.zone).date() > timedelta(days=1):
        said += " Reports at level 3 and above come at once, on every day."
    yield said
