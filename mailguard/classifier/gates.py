"""What a candidate must show before a person may promote it: rows of name, value, bound and pass.

Bounds follow the better of the model in force and the shipped one on the same texts, because what counts is whether a school
gets a worse model than it had; where neither can be measured there are fixed ones. Of calibration something is promised too
(an error of at most 3 %), so there the fixed bound is the bound, unless both are worse than that already. Listed children
need no gate: lists decide about them, and no model can lower what they decide (tests/unit/app/test_hostile_model.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from mailguard.classifier.frozen import Measured

# Expected calibration error: what was asked for of every head.
PROMISED_ERROR = 0.03


@dataclass(frozen=True, slots=True)
class Gate:
    """``tolerance``: how much worse than the better of the others; ``fixed``: what is good enough anyway (at most) or the least
    that is wanted where no other model can be compared with (at least). ``is_promised``: a promise that ``tolerance`` widens
    only where the others do not keep it."""

    name: str
    says: str
    is_at_least: bool
    tolerance: float
    fixed: float
    is_promised: bool = False


GATES = (
    Gate("probable-child-found", "children's messages that are recognised by their words", True, 0.01, 0.2),
    Gate(
        "grave-words-of-children-found",
        "children's grave messages (harm, threats, secret meetings, pictures) whose gravity is seen",
        True,
        0.02,
        0.4,
    ),
    Gate("grave-words-of-adults-found", "adults' grave messages whose gravity is seen", True, 0.03, 0.3),
    Gate("adults-taken-for-children", "adults' letters taken for a child's", False, 0.005, 0.01),
    Gate(
        "parents-letters-held", "parents' ordinary letters that would be held or reported", False, 0.005, 0.03
    ),
    Gate("office-mail-held", "ordinary office mail that would be held", False, 0.0005, 0.001),
    Gate("events-of-known-platforms", "notifications whose event is right, known platforms", True, 0.02, 0.6),
    Gate(
        "events-of-unseen-platforms", "notifications whose event is right, unknown platforms", True, 0.03, 0.5
    ),
    Gate(
        "kind-right", "texts whose kind is right (letter, notification, mass mail, machine)", True, 0.01, 0.8
    ),
    Gate("calibration-kind", "error of the stated certainty, kind", False, 0.005, PROMISED_ERROR, True),
    Gate("calibration-event", "error of the stated certainty, event", False, 0.005, PROMISED_ERROR, True),
    Gate(
        "calibration-initiator",
        "error of the stated certainty, who writes",
        False,
        0.005,
        PROMISED_ERROR,
        True,
    ),
    Gate("calibration-nature", "error of the stated certainty, natures", False, 0.005, PROMISED_ERROR, True),
)


@dataclass(frozen=True, slots=True)
class GateRow:
    """One gate on one set. ``before``: the model in force, None where it was not measured."""

    name: str
    set: str
    says: str
    value: float
    before: float | None
    bound: float
    is_at_least: bool
    passed: bool

    def as_dict(self) -> dict[str, object]:
        """For the manifest: ``pass`` as its key."""
        plain = asdict(self)
        plain["pass"] = plain.pop("passed")
        return plain

    @property
    def in_words(self) -> str:
        mark = "passed" if self.passed else "FAILED"
        bound = "at least" if self.is_at_least else "at most"
        before = "" if self.before is None else f", in force {_percent(self.before)}"
        return f"{mark}  {self.says} ({self.set}): {_percent(self.value)}; {bound} {_percent(self.bound)}{before}"


def gate_rows(
    candidate: Sequence[Measured],
    *,
    in_force: Sequence[Measured] | None = None,
    shipped: Sequence[Measured] | None = None,
) -> tuple[GateRow, ...]:
    """Every gate on every set that has texts for it. The bound follows the better of the two others."""
    before = {measured.set_name: measured for measured in in_force or ()}
    first = {measured.set_name: measured for measured in shipped or ()}
    return tuple(
        _row(gate, measured, before.get(measured.set_name), first.get(measured.set_name))
        for gate in GATES
        for measured in candidate
        if measured.value(gate.name) is not None
    )


def gate_row_of(stored: Mapping[str, object]) -> GateRow:
    """From a manifest."""
    plain = dict(stored)
    return GateRow(passed=bool(plain.pop("pass")), **plain)  # type: ignore[arg-type]


def figures_object(measured: Sequence[Measured]) -> dict[str, object]:
    """For the manifest and JSON: set → figure → value and counts."""
    return {
        each.set_name: {
            "sha256": each.sha256,
            "texts": len(each.answers),
            "figures": {
                name: {"value": figure.value, "right": figure.right, "of": figure.of}
                for name, figure in sorted(each.figures.items())
            },
        }
        for each in measured
    }


def _row(gate: Gate, measured: Measured, before: Measured | None, first: Measured | None) -> GateRow:
    value = measured.value(gate.name) or 0.0
    known = before.value(gate.name) if before is not None else None
    # The shipped model counts too: else each promotion could lose a little, and many of them much.
    others = [
        each for each in (known, first.value(gate.name) if first is not None else None) if each is not None
    ]
    if not others:
        bound = gate.fixed
    elif gate.is_at_least:
        bound = max(others) - gate.tolerance
    elif gate.is_promised:
        bound = gate.fixed if min(others) <= gate.fixed else min(others) + gate.tolerance
    else:
        bound = max(min(others) + gate.tolerance, gate.fixed)
    bound = round(bound, 4)
    return GateRow(
        name=gate.name,
        set=measured.set_name,
        says=gate.says,
        value=value,
        before=known,
        bound=bound,
        is_at_least=gate.is_at_least,
        passed=value >= bound if gate.is_at_least else value <= bound,
    )


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"
