"""The same tests on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailguard.adapters.store.opening import StoreSettings
from tests.storing import School, open_school, school_settings


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> StoreSettings:
    """Of a store that does not exist yet."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    return school_settings(tmp_path / "state", url=url)


@pytest.fixture
def school(settings: StoreSettings) -> Iterator[School]:
    opened = open_school(settings)
    yield opened
    opened.opened.store.close()
