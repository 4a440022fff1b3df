"""Cookies, seals, headers, paths and times: the small things at the site's edge."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from mailguard.web.browser_words import browser_words
from mailguard.web.cookies import Cookies
from mailguard.web.headers import SecurityHeaders, host_name
from mailguard.web.rendering import STATIC, TEMPLATES, local_path, plural
from mailguard.web.seals import Seals
from mailguard.web.times import distance, full_time, time_element

LONDON = ZoneInfo("Europe/London")
NOW = datetime(2026, 9, 28, 22, 40, tzinfo=UTC)


def seals(name: str = "one") -> Seals:
    return Seals(lambda purpose: f"{name}:{purpose}".encode().ljust(32, b".")[:32])


@pytest.mark.parametrize("path", ["/queue", "/cases/MG-2026-0001?tab=2", "/"])
def test_paths_of_this_site_are_followed(path: str):
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "queue",
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "/a\nSet-Cookie: x",
        "/a\\b",
        "/" * 600,
    ],
)
def test_nothing_else_is(path: str):
    assert local_path(path) == ""


@given(st.text(max_size=60))
def test_no_text_unwraps_that_was_not_wrapped_here(text: str):
    assert seals().unwrap("flash", text) is None


def test_what_was_wrapped_for_one_thing_does_not_unwrap_for_another_or_under_another_key():
    text = seals().wrap("flash", ["said", False])
    assert seals().unwrap("flash", text) == ["said", False]
    assert seals().unwrap("browser", text) is None
    assert seals("other").unwrap("flash", text) is None


def test_a_forms_token_fits_one_session_only():
    token = seals().csrf_token("session")
    assert seals().is_csrf_token(token, "session")
    assert not seals().is_csrf_token(token, "other")
    assert not seals().is_csrf_token(token, "")
    assert not seals().is_csrf_token("", "session")
    assert not seals().is_csrf_token("é", "session")


def test_cookies_over_https_are_secure_strict_and_of_this_host_alone():
    response = Response()
    Cookies(seals(), is_https=True).set_token(response, "token")
    cookie = response.headers["set-cookie"]
    assert cookie.startswith("__Host-mailguard=token")
    for word in ("HttpOnly", "Secure", "SameSite=strict", "Path=/"):
        assert word in cookie
    assert "Domain" not in cookie
    assert "Max-Age" not in cookie


def guarded(*, is_https: bool = True) -> TestClient:
    async def endpoint(request: Request) -> Response:
        own = {"Content-Security-Policy": "sandbox"} if request.query_params else {}
        return PlainTextResponse(str(len(await request.body())), headers=own)

    app = Starlette(routes=[Route("/", endpoint, methods=["GET", "POST"])])
    return TestClient(
        SecurityHeaders(app, hosts=frozenset({"review.example"}), is_https=is_https),
        base_url="https://review.example",
        raise_server_exceptions=False,
    )


def test_every_answer_carries_the_strict_policy_and_stays_in_no_cache():
    answer = guarded().get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["strict-transport-security"]
    assert "strict-transport-security" not in guarded(is_https=False).get("/").headers


def test_a_page_may_be_stricter_about_itself():
    assert guarded().get("/?own=1").headers["content-security-policy"] == "sandbox"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "",
        "review.example.evil.example",
        "127.0.0.1",
        "review.example:8460@evil.example",
        "review.example:evil",
        "review.example/evil",
        "[review.example",
    ],
)
def test_another_hosts_name_is_not_answered(host: str):
    answer = guarded().get("/", headers={"Host": host})
    assert answer.status_code == 400
    assert answer.headers["content-security-policy"]


def test_a_body_beyond_the_bound_is_refused_whether_it_says_its_length_or_not():
    client = guarded()
    large = b"x" * (33 * 1024 * 1024)
    assert client.post("/", content=large).status_code == 413
    assert client.post("/", headers={"Content-Length": "-1"}, content=b"").status_code == 413

    def pieces() -> Iterator[bytes]:
        for _ in range(33):
            yield b"x" * (1024 * 1024)

    assert client.post("/", content=pieces()).status_code >= 400
    assert client.post("/", content=b"x" * 1000).text == "1000"


def test_hosts_are_read_with_ports_and_brackets():
    assert host_name("Review.Example:8460") == "review.example"
    assert host_name("[::1]:8460") == "::1"
    assert host_name("") == ""


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(minutes=12), "12 min ago"),
        (timedelta(hours=3, minutes=50), "3 h ago"),
        (timedelta(days=1, hours=2), "1 day ago"),
        (timedelta(days=9), "9 days ago"),
        (timedelta(seconds=-20), "in a moment"),
        (timedelta(minutes=-15), "in 15 min"),
        (timedelta(hours=-4, seconds=1), "in 4 h"),
        (timedelta(seconds=-3590), "in 1 h"),
        (timedelta(hours=-2, minutes=-40), "in 3 h"),
        (timedelta(hours=-24, seconds=2), "in 1 day"),
    ],
)
def test_times_are_said_as_people_say_them(ago: timedelta, words: str):
    assert distance(NOW - ago, NOW) == words


def test_a_times_element_has_the_local_time_for_the_mouse_and_utc_for_machines():
    element = time_element(NOW, NOW + timedelta(hours=3), LONDON)
    assert element == (
        '<time datetime="2026-09-28T22:40:00Z" title="Mon 28 Sep 2026, 23:40 (Europe/London)">3 h ago</time>'
    )
    assert full_time(datetime(2026, 12, 1, 9, 5, tzinfo=UTC), LONDON) == "Tue 1 Dec 2026, 09:05"


def test_counts_have_their_plural():
    assert plural(1, "case") == "1 case"
    assert plural(2104, "case") == "2,104 cases"
    assert plural(2, "copy", "copies") == "2 copies"


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("curl/8", "a browser"),
        ("", "a browser"),
    ],
)  # fmt: skip
def test_browsers_are_named_as_people_know_them(agent: str, words: str):
    assert browser_words(agent) == words


TEMPLATE_FILES = sorted(TEMPLATES.glob("*.html"))


@pytest.mark.parametrize("path", TEMPLATE_FILES, ids=lambda path: path.name)
def test_templates_have_nothing_inline_nothing_remote_and_nothing_unescaped(path: Path):
    text = path.read_text(encoding="utf-8")
    for word in (" style=", " onclick=", " onload=", "<style", "javascript:", "|safe", "autoescape false"):
        assert word not in text, word
    for line in text.splitlines():
        if "<script" in line:
            assert 'src="{{ static(' in line, line
        assert 'src="http' not in line
        assert 'href="http' not in line


def test_the_style_fetches_nothing():
    text = (STATIC / "site.css").read_text(encoding="utf-8")
    assert "url(" not in text
    assert "@import" not in text
