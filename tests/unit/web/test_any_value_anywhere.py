"""Whatever is typed or sent into any field of any page, the answer is a page: never a failure of the server.

The names of fields are taken from the pages' own source, so a new page is tried without being listed here.
"""

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from mailguard.domain.account import SiteRole
from mailguard.domain.typed import calendar_day, whole_number
from mailguard.web.access import access_of
from mailguard.web.pages import PAGES
from mailguard.web.routing import Method, PageRoute
from tests.web_site import WebSchool, make_web_school

DIGITS = "9" * 5000
VALUES = (DIGITS, "²", "9999-12-31", "0001-01-01", "\x00'\"<é😀", "9999999999999999999")
READERS = {"text", "raw", "texts", "query", "queries", "_given"}


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSchool]:
    with make_web_school(tmp_path_factory.mktemp("values")) as made:
        yield made


def field_names(page: PageRoute) -> list[str]:
    """Every literal that the page's module asks a form or an address for, and its tuples of field names."""
    endpoint = page.endpoint.func if isinstance(page.endpoint, partial) else page.endpoint
    tree = ast.parse(inspect.getsource(sys.modules[endpoint.__module__]))
    found = {"page", "next"}
    for node in ast.walk(tree):
        asked: list[ast.expr] = []
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            asked = node.args if name in READERS else []
        elif isinstance(node, ast.Tuple):
            asked = node.elts
        found |= {str(each.value) for each in asked if isinstance(each, ast.Constant) and is_name(each.value)}
    return sorted(found)


def is_name(value: object) -> bool:
    return isinstance(value, str) and value.isidentifier() and value.islower() and len(value) < 20


def path_of(page: PageRoute, case_id: str, value: str) -> str:
    parts = []
    for part in page.path.split("/"):
        is_parameter = part.startswith("{")
        known = {"{case_id}": case_id, "{name}": "pupils"}.get(part, value[:200].replace("/", ""))
        parts.append(known.replace("\x00", "%00") if is_parameter else part)
    return "/".join(parts)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_value_in_any_field_is_a_failure(school: WebSchool, page: PageRoute):
    case_id = school.receive_from_pupil(f"are you there, about {page.name}")
    access = access_of(page.name)
    role = next((each for each in SiteRole if each in access.roles), None)
    names = field_names(page)
    client = school.client(role)
    for value in VALUES:
        # Long ones by themselves: an address has an end, and one odd field may hide another.
        tries = [{name: value} for name in names] if value == DIGITS else [dict.fromkeys(names, value)]
        for fields in tries:
            path = path_of(page, case_id, value)
            if page.method is Method.GET:
                answer = client.get(path, params=fields)
            elif client.begun is not None:
                answer = client.submit(path, fields)
            else:
                answer = client.post(path, data=fields)
            assert answer.status_code < 500, (page.name, fields, answer.status_code)


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("12", 12), ("2147483647", 2_147_483_647), ("2147483648", None), ("", None), ("-1", None),
     ("1.5", None), ("²", None), ("٣", None), (" 1", None), (DIGITS, None), ("1_0", None)],
)  # fmt: skip
def test_a_whole_number_is_one_of_plain_digits_within_bounds(text: str, number: int | None):
    assert whole_number(text) == number


def test_a_day_is_one_that_has_a_midnight_everywhere():
    assert str(calendar_day("2026-09-28")) == "2026-09-28"
    for text in ("0001-01-01", "9999-12-31", "28 September", "2026-13-01", "", DIGITS):
        assert calendar_day(text) is None


def test_the_pages_read_numbers_and_days_in_one_place():
    """``int`` of what somebody typed raises for some texts: pages ask ``domain.typed``."""
    pages = Path(inspect.getfile(sys.modules["mailguard.web.pages"])).parent
    for path in sorted(pages.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        for word in ("int(visit.", "int(form", "int(text", "date.fromisoformat("):
            assert word not in text, f"{path.name}: {word}"
