from collections.abc import Iterator
from pathlib import Path

import pytest

from mailguard.domain.account import SiteRole
from mailguard.web.csrf import FIELD
from tests.schooling import HEAD
from tests.web_site import PASSWORD, SiteClient, WebSchool, make_web_school


@pytest.fixture
def school(tmp_path: Path) -> Iterator[WebSchool]:
    with make_web_school(tmp_path) as made:
        yield made


def token_of(page: str) -> str:
    return page.split(f'name="{FIELD}" value="')[1].split('"')[0]


def try_to_sign_in(client: SiteClient, **fields: str):
    page = client.get("/sign-in")
    return client.post("/sign-in", data={FIELD: token_of(page.text), **fields})


def test_password_and_code_together_sign_in(school: WebSchool):
    client = school.client()
    answer = try_to_sign_in(client, address=HEAD, password=PASSWORD, code=school.code(SiteRole.HEAD))
    assert answer.status_code == 303
    assert client.get("/account").status_code == 200


@pytest.mark.parametrize(
    ("address", "password", "code"),
    [
        (HEAD, "wrong", None),
        (HEAD, PASSWORD, "000000"),
        (HEAD, PASSWORD, ""),
        ("nobody@hill.example", PASSWORD, None),
    ],
)
def test_nobody_learns_which_part_was_wrong(school: WebSchool, address: str, password: str, code: str | None):
    code = school.code(SiteRole.HEAD) if code is None else code
    answer = try_to_sign_in(school.client(), address=address, password=password, code=code)
    assert answer.status_code == 401
    assert "Address, password or code is not right" in answer.text


def test_a_code_works_once(school: WebSchool):
    code = school.code(SiteRole.HEAD)
    assert try_to_sign_in(school.client(), address=HEAD, password=PASSWORD, code=code).status_code == 303
    assert try_to_sign_in(school.client(), address=HEAD, password=PASSWORD, code=code).status_code == 401


def test_whoever_has_not_signed_in_is_led_back_after_signing_in(school: WebSchool):
    client = school.client()
    assert client.get("/account").headers["location"] == "/sign-in?next=%2Faccount"
    answer = try_to_sign_in(
        client, address=HEAD, password=PASSWORD, code=school.code(SiteRole.HEAD), next="/account"
    )
    assert answer.headers["location"] == "/account"


def test_nobody_is_led_to_another_site(school: WebSchool):
    code = school.code(SiteRole.HEAD)
    answer = try_to_sign_in(
        school.client(), address=HEAD, password=PASSWORD, code=code, next="//evil.example/"
    )
    assert answer.headers["location"] == "/"
