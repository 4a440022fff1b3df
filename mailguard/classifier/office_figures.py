"""Real ordinary office mail through the model and through an invented school: every false alarm by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from mailguard.app.inspect import Inspector, envelope_of
from mailguard.app.ports import Classifier
from mailguard.classifier.examples import Progress, no_progress, office_messages
from mailguard.classifier.heads import GRAVE
from mailguard.domain.message import Envelope
from mailguard.domain.words import Disposition, Kind, Nature, ReportWhen, Role

_NOTIFICATION = 0.8
_NOT_COUNTED = frozenset({Nature.PERSONAL.value, Nature.SOCIAL_INVITE.value})


def office_figures(
    classifier: Classifier, archive: Path, school: Inspector, *, progress: Progress = no_progress
) -> dict[str, Any]:
    """``archive``: a tar of .eml. ``school`` decides each as mail from outside to its head teacher.

    ``held``, ``reported``, ``child_voice``, ``grave``, ``notification``: names of the messages, with what they were taken for.
    """
    recipient = (school.school.role_addresses or {})[Role.HEAD]
    found: dict[str, Any] = {
        "messages": 0,
        "held": [],
        "reported": [],
        "child_voice": [],
        "grave": [],
        "notification": [],
    }
    for number, (name, raw) in enumerate(office_messages(archive)):
        facts = school.read(raw)
        scores = classifier.predict(facts)
        found["messages"] += 1
        if scores.is_child_voice:
            found["child_voice"].append(name)
        grave = [
            word for word in scores.natures_of(is_child=False) if word in GRAVE and word not in _NOT_COUNTED
        ]
        if grave:
            found["grave"].append(f"{name} ({', '.join(grave)})")
        if scores.kind.get(Kind.NOTIFICATION.value, 0.0) >= _NOTIFICATION:
            found["notification"].append(name)
        envelope = replace(envelope_of(facts), rcpt_tos=(recipient,))
        inspection = school.inspect(
            raw, Envelope(envelope.mail_from or "unknown@elsewhere.example", (recipient,))
        )
        said = f"{name} ({inspection.headline.row.code})"
        if inspection.headline.disposition is Disposition.HOLD:
            found["held"].append(said)
        elif inspection.headline.report is not ReportWhen.NONE:
            found["reported"].append(said)
        if number % 50 == 0:
            progress("judging office mail", number, 0)
    return found
