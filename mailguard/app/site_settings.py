"""What the review page needs of the settings, apart from how they are written in a file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSettings:
    """``url``: the site's canonical address, "" when none is set. ``has_certificate``: it does TLS itself. Times in seconds.

    ``idle_seconds``: a session unused for so long ends; ``absolute_seconds``: every session ends after so long;
    ``fresh_seconds``: for so long after proving who they are, a person may open sealed parts and change accounts.
    ``undo_seconds``: so long a release waits before it leaves, so that it can be taken back.
    """

    url: str = ""
    has_certificate: bool = False
    idle_seconds: int = 1_800
    absolute_seconds: int = 36_000
    fresh_seconds: int = 600
    enrolment_seconds: int = 1_800
    invitation_seconds: int = 259_200
    glass_seconds: int = 14_400
    page_rows: int = 50
    undo_seconds: int = 30

    @property
    def is_https(self) -> bool:
        return self.has_certificate or self.url.startswith("https://")
