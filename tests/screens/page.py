"""docs/explanation/screens.md, made of the pictures that are there."""

from __future__ import annotations

from pathlib import Path

from tests.screens.shots import SHOTS

_INTRODUCTION = """# The screens

Every screen of the review page, at the width of a phone and of a desktop, and the two mails that lead to it. The school
is made up, and so is everybody in it. `make screenshots` takes the pictures anew.
"""
_MAILS = (
    ("mail-digest", "The digest, as the Head gets it on a school day."),
    ("mail-report", "A report, as it comes within a minute."),
)


def screens_page(pictures: Path) -> str:
    """Markdown: one heading a screen, the desktop's picture and the phone's."""
    parts = [_INTRODUCTION]
    for name, says in (*((shot.name, shot.says) for shot in SHOTS), *_MAILS):
        if not (pictures / f"{name}-desktop.png").exists():
            continue
        parts.append(
            f"## {says}\n\n![{says} On a desktop.](../screenshots/{name}-desktop.png)\n\n"
            f"![{says} On a phone.](../screenshots/{name}-phone.png)\n"
        )
    return "\n".join(parts)
