"""The pictures of the screens: each is shown, and each that is shown is there."""

import re
import struct
from pathlib import Path

from tests.screens.page import screens_page
from tests.screens.shots import SHOTS

DOCS = Path(__file__).parents[3] / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
PICTURES = DOCS / "screenshots"
_MOST_BYTES = 250_000


def pictures_in(page: Path) -> set[Path]:
    return {
        (page.parent / name).resolve()
        for name in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text("utf-8"))
    }


def test_the_page_of_the_screens_is_made_of_the_pictures_that_are_there():
    assert (DOCS / "explanation" / "screens.md").read_text("utf-8") == screens_page(PICTURES), (
        "run: make screenshots"
    )


def test_every_picture_that_a_page_shows_is_there():
    missing = [path for page in PAGES for path in pictures_in(page) if not path.is_file()]
    assert missing == []


def test_every_picture_is_shown_and_small():
    shown = set().union(*map(pictures_in, PAGES))
    for path in sorted(PICTURES.glob("*.png")):
        assert path.resolve() in shown, path.name
        assert path.stat().st_size < _MOST_BYTES, path.name


def test_every_picture_has_the_width_of_its_kind():
    for path in sorted(PICTURES.glob("*.png")):
        (width,) = struct.unpack(">I", path.read_bytes()[16:20])
        assert width == {"phone": 360, "desktop": 1280}[path.stem.rpartition("-")[2]], path.name


def test_every_screen_has_another_name_and_says_what_it_shows():
    assert len({shot.name for shot in SHOTS}) == len(SHOTS)
    assert all(shot.says.endswith(".") for shot in SHOTS)
