"""Boxes: products of value sets over the policy's dimensions, and the space left when one is taken out of others.

A row's condition is a box; so "what reaches row N" is a list of disjoint boxes, exact and small, where counting single
points of the space would take minutes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod

Box = dict[str, frozenset[str]]


def whole(dimensions: Mapping[str, Iterable[str]]) -> Box:
    return {name: frozenset(values) for name, values in dimensions.items()}


def narrowed(box: Box, condition: Mapping[str, frozenset[str]]) -> Box | None:
    """The part of ``box`` in which ``condition`` holds; None when empty."""
    result = dict(box)
    for name, values in condition.items():
        kept = box[name] & values
        if not kept:
            return None
        result[name] = kept
    return result


def without(box: Box, condition: Mapping[str, frozenset[str]]) -> list[Box]:
    """``box`` less the part in which ``condition`` holds, as disjoint boxes."""
    if narrowed(box, condition) is None:
        return [box]
    pieces: list[Box] = []
    rest = dict(box)
    for name, values in condition.items():
        outside = rest[name] - values
        if outside:
            pieces.append({**rest, name: outside})
        rest[name] = rest[name] & values
    return pieces


def size(box: Box) -> int:
    """How many points of the space the box holds."""
    return prod(len(values) for values in box.values())


def example(box: Box, dimensions: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """One point of the box: in each dimension the first value in the dimension's own order."""
    return {
        name: next(value for value in dimensions[name] if value in values) for name, values in box.items()
    }
