"""Drift for people: one row of health, and the figures for monitoring."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mailguard.app.drift import CERTAIN, CHILD, DRIFTED, KIND, NATURE, UNKNOWN_RISE, Drift, SeriesDrift

LOOK = (
    "Look at what was held and what the sample shows. If mail has changed for good: mailguard model train, then compare "
    "(docs/how-to/retrain.md)."
)
ADD = "See which services they are (verdict platform-notification) and tell mailguard's makers, or list them in platforms.toml."
SERIES_WORDS: Mapping[str, str] = {
    CHILD: "how much messages read like a child's",
    KIND: "what kinds of messages come",
    NATURE: "what letters are about",
    CERTAIN: "how often the model is unsure",
}
# Bins in words; several may share the same, and are added up.
_BINS: Mapping[str, Mapping[str, str]] = {
    CHILD: {
        "0.0": "letters that do not read like a child's",
        **dict.fromkeys(("0.1", "0.2", "0.3", "0.4"), "letters that read a little like a child's"),
        **dict.fromkeys(("0.5", "0.6", "0.7", "0.8"), "letters that may well be a child's"),
        "0.9": "letters that read clearly like a child's",
    },
    KIND: {
        "direct": "letters from a person",
        "notification": "notifications of a service",
        "bulk": "circulars and advertising",
        "automatic": "automatic answers",
    },
    NATURE: {
        "none": "letters in which the model finds nothing in particular",
        "disclosure": "letters that may tell of harm",
        "allegation": "letters that may accuse an adult",
        "threat": "letters that may threaten somebody",
        "meeting_or_secrecy": "letters that ask to meet or to keep a secret",
        "image": "pictures, videos and voice notes",
        "social_invite": "invitations off the school's channels",
        "personal": "personal letters",
        "complaint": "complaints",
        "admin": "letters about school business",
        "schoolwork": "letters about schoolwork",
        "automatic": "automatic answers",
        "other": "letters about something else",
    },
    CERTAIN: {
        "certain": "letters of which the model is sure",
        "uncertain": "letters of which the model is unsure",
    },
}
_WORTH_NAMING = 0.01


def series_words(drift: SeriesDrift) -> str:
    """What has moved most, as counts of a hundred; where nothing has within these words, that something has."""
    before, now = _in_words(drift.series, drift.before), _in_words(drift.series, drift.now)
    if drift.series == CERTAIN:
        moved = _BINS[CERTAIN]["uncertain"]
    else:

        def move(words: str) -> tuple[float, bool]:
            was, is_now = before.get(words, 0.0), now.get(words, 0.0)
            # Of two that moved as far, what there is more of says more.
            return round(abs(is_now - was), 6), is_now > was

        moved = max(sorted(before.keys() | now.keys()), key=move)
    then, lately = before.get(moved, 0.0), now.get(moved, 0.0)
    if abs(lately - then) < _WORTH_NAMING:
        return f"{SERIES_WORDS[drift.series]} has shifted"
    return f"{moved}: {_of_hundred(then)} in the model's first weeks here, {_of_hundred(lately)} now"


def _in_words(series: str, shares: Mapping[str, float]) -> dict[str, float]:
    found = dict.fromkeys(_BINS[series].values(), 0.0)
    for each, share in shares.items():
        words = _BINS[series].get(each, each)
        found[words] = found.get(words, 0.0) + share
    return found


def _of_hundred(share: float) -> str:
    count = round(share * 100)
    return f"{count} of 100" if count else "fewer than 1 of 100" if share else "none"


def drift_problems(drift: Drift) -> Iterator[tuple[str, str]]:
    """(what is so, what to do) each; none while nothing can be said."""
    for each in drift.drifted:
        yield series_words(each), LOOK
    if drift.has_more_unknown_platforms and drift.unknown_platforms is not None:
        before, now = drift.unknown_platforms
        yield (
            f"notifications of services nobody listed: {_of_hundred(before)} in the first weeks here, {_of_hundred(now)} now",
            ADD,
        )


def drift_state(drift: Drift) -> str:
    """When there is no problem."""
    if drift.missing:
        return f"not known yet: {drift.missing}"
    return "mail looks to the model as it did in its first weeks here"


def drift_figures(drift: Drift) -> Iterator[tuple[str, str, float, str, str]]:
    """(name, what it says, value, label, value of the label) of each gauge."""
    for each in drift.series:
        yield (
            "model_drift_index",
            f"Population stability index of what the model says; {DRIFTED} is a change.",
            round(each.index, 4),
            "series",
            each.series,
        )
    if drift.unknown_platforms is not None:
        yield (
            "unknown_platform_share",
            f"Share of notifications from services nobody listed; a rise of {UNKNOWN_RISE} is a change.",
            round(drift.unknown_platforms[1], 4),
            "",
            "",
        )
