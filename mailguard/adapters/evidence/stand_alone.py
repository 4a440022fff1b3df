"""The program that goes along with every pack, as bytes."""

from __future__ import annotations

from importlib import resources


def stand_alone_verifier() -> bytes:
    return (resources.files("mailguard.adapters.evidence") / "verify.py").read_bytes()
