"""Words that mean alike, in several languages: what a small corpus cannot teach, people can say.

``concepts.txt`` beside this module lists them: lower case, straight apostrophes, no letter more than twice, as ``plain`` leaves
words. The model weighs concepts, and pairs of concepts that stand close together, like any other feature; nothing here decides
by itself. A changed list makes older models stale (``CONCEPTS_HASH`` is part of the features' version).
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final


def read_concepts(content: str) -> dict[str, tuple[str, ...]]:
    """Words by concept, in the file's order. Raises ValueError for words before the first concept."""
    found: dict[str, list[str]] = {}
    words: list[str] | None = None
    for number, line in enumerate(content.splitlines(), start=1):
        if line.startswith("#") or not line.strip():
            continue
        if line.startswith("[") and line.endswith("]"):
            words = found.setdefault(line[1:-1], [])
        elif words is None:
            raise ValueError(f"line {number}: words before the first [concept]")
        else:
            words.extend(line.split())
    return {concept: tuple(dict.fromkeys(words)) for concept, words in found.items()}


_CONTENT = Path(__file__).with_name("concepts.txt").read_bytes()
CONCEPTS: Final = read_concepts(_CONTENT.decode("utf-8"))
CONCEPTS_HASH: Final = hashlib.sha256(_CONTENT).hexdigest()[:8]
