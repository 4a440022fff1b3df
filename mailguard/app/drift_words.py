"""Drift for people: one row of health, and the figures for monitoring."""

from __future__ import annotations

from collections.abc import Iterator

from mailguard.app.drift import DRIFTED, UNKNOWN_RISE, Drift

LOOK = (
    "Look at what was held and what the sample shows. If mail has changed for good: mailguard model train, then compare "
    "(docs/how-to/retrain.md)."
)
ADD = "See which services they are (verdict platform-notification) and tell mailguard's makers, or list them in platforms.toml."


def drift_problems(drift: Drift) -> Iterator[tuple[str, str]]:
    """(what is so, what to do) each; none while nothing can be said."""
    for each in drift.drifted:
        yield f"since the model's first weeks here: {each.says}", LOOK
    if drift.has_more_unknown_platforms and drift.unknown_platforms is not None:
        before, now = drift.unknown_platforms
        yield (
            f"{now * 100:.0f} % of notifications come from services nobody listed, at first {before * 100:.0f} %",
            ADD,
        )


def drift_state(drift: Drift) -> str:
    """When there is no problem."""
    if drift.missing:
        return f"not known yet: {drift.missing}"
    largest = max((each.index for each in drift.series), default=0.0)
    return f"as in the model's first weeks here (largest index {largest:.2f}, {DRIFTED} would be a change)"


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
