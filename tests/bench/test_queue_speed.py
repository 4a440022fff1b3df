"""How fast the review page's queue answers with 100,000 cases on SQLite: printed by ``make bench``, no pass or failure on time.

What is measured is one request in the server: session, matrix, queue, counts, page. The aim is under 100 ms.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from mailguard.domain.account import SiteRole
from tests.bench.test_speed import repeated
from tests.many_cases import FIRST, fill
from tests.web_site import SiteClient, WebSchool, make_web_school

CASES = 100_000
ASKED = {
    "waiting": "/queue",
    "all": "/queue?show=all",
    "decided": "/queue?show=decided",
    "level_and_kind": "/queue?show=all&level=5&verdict=child-contact",
    "nothing_fits": "/queue?show=all&level=4",
    "platform": "/queue?show=all&platform=instagram",
    "search_address": "/queue?show=all&words=child7@inbox.example",
    "case_number": "/queue?show=all&words=MG-2020-50001",
    "live_count": "/queue/count",
}


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSchool]:
    """Five thousand cases wait, the others are decided; every five-hundredth is closed to the Head."""
    with make_web_school(tmp_path_factory.mktemp("many")) as made:
        fill(made.opened.store, CASES)
        made.clock.at = max(made.clock.at, FIRST)
        yield made


@pytest.fixture
def head(school: WebSchool) -> SiteClient:
    return school.client(SiteRole.HEAD)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("asked", ASKED)
def test_queue_with_100_000_cases(benchmark: BenchmarkFixture, head: SiteClient, asked: str) -> None:
    answer = repeated(benchmark, partial(head.get, ASKED[asked]), rounds=20)
    assert answer.status_code == 200


@pytest.mark.timeout(600)
def test_last_page_of_100_000_cases(benchmark: BenchmarkFixture, head: SiteClient) -> None:
    """Keyset pagination: the last page costs what the first does."""
    answer = repeated(benchmark, partial(head.get, "/queue?show=all&after=90" + "9" * 17 + ".MG"), rounds=20)
    assert answer.status_code == 200


@pytest.mark.timeout(600)
def test_chairs_queue_with_100_000_cases(benchmark: BenchmarkFixture, school: WebSchool) -> None:
    chair = school.client(SiteRole.CHAIR)
    answer = repeated(benchmark, partial(chair.get, "/queue?show=all"), rounds=20)
    assert answer.status_code == 200
