"""Times, counts and cases as a digest says them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from mailguard.app.case_words import ROLE_WORDS
from mailguard.app.digest_content import Entry
from mailguard.app.digest_material import ListedCase
from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.health import when_words

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True, slots=True)
class DigestWords:
    """Times and entries as one reader sees them."""

    settings: EffectsSettings
    now: datetime

    def at(self, moment: datetime) -> str:
        return when_words(moment, self.settings, now=self.now)

    def since(self, moment: datetime) -> str:
        """As in a sentence: "from yesterday 16:41"."""
        zone = self.settings.hours.zone
        days = (self.now.astimezone(zone).date() - moment.astimezone(zone).date()).days
        named = {0: "today", 1: "yesterday"}
        if days in named:
            return f"{named[days]} {moment.astimezone(zone):%H:%M}"
        return self.at(moment)

    def entry(self, listed: ListedCase, *, when: str, notes: Sequence[str]) -> Entry:
        case = listed.case
        url = self.settings.review_url.rstrip("/")
        return Entry(
            case_id=case.id,
            what=f"{listed.noun} {listed.staff}".strip(),
            when=when,
            notes=tuple(filter(None, notes)),
            url=f"{url}/cases/{case.id}" if url else "",
        )

    def told(self, listed: ListedCase) -> str:
        """ "sent Head 16:41, deputy 17:41"."""
        if not listed.told:
            return "not delivered to anybody yet: it is being tried"
        zone = self.settings.hours.zone
        words, before = [], listed.case.opened_at.astimezone(zone).date()
        for role, at in listed.told:
            local = at.astimezone(zone)
            day = "" if local.date() == before else f"{local:%a} "
            words.append(f"{ROLE_WORDS.get(role, role)} {day}{local:%H:%M}")
            before = local.date()
        return f"sent {', '.join(words)}"


def span_words(first: date, last: date) -> str:
    return day_words(first) if first == last else f"{day_words(first)} to {day_words(last)}"


def day_words(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"


def number_word(count: int) -> str:
    return _NUMBERS[count] if count < len(_NUMBERS) else f"{count:,}"


def count_words(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
