"""What a stranger may send in a form: bounded in bytes, fields, codes and time, before anything looks at it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailguard.domain.account import SiteRole
from tests.web_site import URL, WebSchool, make_web_school

FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSchool]:
    with make_web_school(Path(tmp_path_factory.mktemp("bounds"))) as made:
        yield made


def test_a_strangers_form_of_a_million_fields_is_refused_at_once(school: WebSchool):
    body = b"a&" * 1_000_000
    began = time.monotonic()
    answer = school.client().post("/sign-in", content=body, headers={"Content-Type": FORM})
    assert answer.status_code == 403
    assert time.monotonic() - began < 2


def test_a_plain_form_beyond_two_megabytes_is_refused(school: WebSchool):
    body = b"address=" + b"a" * (2 * 1024 * 1024)
    answer = school.client().post("/sign-in", content=body, headers={"Content-Type": FORM})
    assert answer.status_code == 413


def test_a_stranger_sends_no_parts_and_chooses_no_code(school: WebSchool):
    """A code such as punycode takes time by the square of its length, and runs on everybody's loop."""
    client = school.client()
    client.get("/sign-in")
    body = (
        b'--b\r\nContent-Disposition: form-data; name="address"\r\n\r\n' + b"a" * 500_000 + b"\r\n--b--\r\n"
    )
    kind = "multipart/form-data; boundary=b; charset=punycode"
    began = time.monotonic()
    answer = client.post("/sign-in", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 403
    assert time.monotonic() - began < 2
    head = school.client(SiteRole.HEAD)
    answer = head.post("/lists/pupils/import", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 403
    assert "could not be read" in answer.text


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "//", ""])
def test_an_origin_that_is_no_address_is_another_origin(school: WebSchool, origin: str):
    client = school.client(SiteRole.HEAD)
    answer = client.submit("/sign-out", headers={"Origin": origin})
    assert answer.status_code == 403


def test_a_form_says_its_fields_in_any_letters(school: WebSchool):
    client = school.client(SiteRole.HEAD)
    words = "Zoë “ĸ” 😀 & = + %"
    answer = client.submit("/accounts/new", {"name": words, "role": "nobody"}, headers={"Origin": URL})
    assert answer.status_code == 422
    assert "Zoë “ĸ” 😀 &amp; = + %" in answer.text
