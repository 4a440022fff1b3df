"""What a person can do when no model can be used: only what works as things are, the shortest first."""

from __future__ import annotations

from mailguard.classifier.artefact import DarkClassifier, ModelRefused
from mailguard.classifier.registry import ModelRegistry
from mailguard.classifier.versions import SHIPPED

REINSTALL = (
    "The files that came with mailguard are missing or were altered: install mailguard's package again "
    "(docs/how-to/retrain.md, When the model is dark)."
)
_BACK = "mailguard model rollback --by NAME --reason WHY"
_TO_SHIPPED = "mailguard model promote shipped --by NAME --reason WHY"


def way_out(registry: ModelRegistry) -> str:
    """In sentences; "" when the model in force can be used. It opens every model that it names. Never raises."""
    try:
        pointer = registry.pointer()
    except ModelRefused:
        if not registry.has_school_key:
            return "Ask again as a user who may open the school's store."
        return (
            "The running daemon puts the record's own pointer back within half a minute. Where it does not, the school's keys "
            "are not those of the record: restore both from one backup."
        )
    if _works(registry, pointer.promoted):
        return ""
    ways = [REINSTALL] if pointer.promoted == SHIPPED else []
    if pointer.previous and _works(registry, pointer.previous[0]):
        ways.append(f"To go back to {pointer.previous[0]}, which was in force before: {_BACK}.")
    elif pointer.promoted != SHIPPED and _works(registry, SHIPPED):
        ways.append(f"To put the one that came with mailguard in force: {_TO_SHIPPED}.")
    elif pointer.promoted != SHIPPED:
        ways.append(REINSTALL)
    return " ".join(ways)


def _works(registry: ModelRegistry, name: str) -> bool:
    return not isinstance(registry.open(name), DarkClassifier)
