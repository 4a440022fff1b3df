from __future__ import annotations

import resource

import pytest

from mailguard.domain.message import TextSource
from mailguard.reading.message import read
from tests.unit.reading.composing import html, multipart, part


@pytest.mark.parametrize(
    "hiding",
    [
        '<div style="display:none">secret</div>',
        '<div style="DISPLAY : none !important">secret</div>',
        '<div style="dis/**/play:none;visibility:hidden">secret</div>',
        '<div style="d\\69splay:none">secret</div>',
        '<div style="visibility:hidden">secret</div>',
        '<div style="font-size:0">secret</div>',
        '<div style="font-size:1px;line-height:1px">secret</div>',
        '<div style="font:0/0 a">secret</div>',
        '<div style="opacity:0">secret</div>',
        '<div style="color:#ffffff">secret</div>',
        '<div style="color:transparent">secret</div>',
        '<div style="color:#fefefe;background:#fff">secret</div>',
        '<font color="white">secret</font>',
        '<table bgcolor="#112233"><tr><td><font color="#112233">secret</font></td></tr></table>',
        '<div style="max-height:0;overflow:hidden">secret</div>',
        '<div style="height:0;overflow:hidden">secret</div>',
        '<div style="mso-hide:all">secret</div>',
        '<div style="text-indent:-9999px">secret</div>',
        '<div style="position:absolute;left:-9999px">secret</div>',
        '<div style="transform:scale(0)">secret</div>',
        "<div hidden>secret</div>",
        "<div style='display:none'><p>se<b>cr</b>et</p></div>",
        "<style>.pre{display:none}</style><div class='x pre'>secret</div>",
        "<style>#pre{font-size:0}</style><div id=pre>secret</div>",
        "<style>/* a } */ .pre, .other { color:#fff }</style><div class=pre>secret</div>",
        "<!--[if mso]><p>secret</p><![endif]-->",
    ],
)
def test_words_that_cannot_be_seen_are_hidden_words(hiding: str) -> None:
    facts = read(html(f"<html><body><p>seen</p>{hiding}<p>end</p></body></html>"))
    assert facts.own_text == "seen\nend"
    assert facts.hidden_text == "secret"


@pytest.mark.parametrize(
    "showing",
    [
        '<div style="display:block">words</div>',
        '<div style="font-size:0"><span style="font-size:14px">words</span></div>',
        '<div style="visibility:hidden"><span style="visibility:visible">words</span></div>',
        '<td bgcolor="#3b5998"><a style="color:#fff">words</a></td>',
        '<div style="background:#3b5998;color:white">words</div>',
        '<div style="background-image:url(x)"><p style="color:#fff">words</p></div>',
        "<style>.dark{background-color:#000}</style><div class=dark style='color:#fff'>words</div>",
        "<style>.m{display:none} @media screen{.m{display:block}}</style><p class=m>words</p>",
        "<style>.m{display:block !important}</style><p class=m style='display:none'>words</p>",
        "<style>a:hover{display:none} td .x{display:none}</style><p class=x>words</p>",
        '<p style="max-height:400px;height:20px;opacity:0.9;font-size:11px">words</p>',
        "<noscript>words</noscript>",
        '<img src="cid:1" alt="words">',
        '<input type="submit" value="words">',
    ],
)
def test_words_that_can_be_seen_are_own_words(showing: str) -> None:
    facts = read(html(f"<body><table><tr>{showing}</tr></table></body>"))
    assert facts.own_text == "words"
    assert facts.hidden_text == ""


def test_inline_tags_do_not_split_words_and_block_tags_do() -> None:
    facts = read(html("<p>sn<b>ap</b>ch<span>at</span></p><div>one</div>two<br>three<ul><li>a<li>b</ul>"))
    assert facts.own_text == "snapchat\none\ntwo\nthree\na\nb"


def test_hidden_filler_inside_a_word_does_not_split_it() -> None:
    facts = read(html('<p>sn<span style="display:none">xyz</span>ap &#8203;me&#8203;</p>'))
    assert facts.own_text == "snap me"
    assert facts.hidden_text == "xyz"


def test_scripts_styles_and_comments_are_no_text() -> None:
    facts = read(
        html("<style>p{}</style><script>var a='x'</script><!-- no --><p>yes</p><template>no</template>")
    )
    assert facts.own_text == "yes"
    assert facts.hidden_text == ""


def test_preformatted_lines_stay_apart() -> None:
    assert read(html("<pre>one\ntwo</pre><p>three\nfour</p>")).own_text == "one\ntwo\nthree four"


def test_links_know_what_they_stand_behind_and_where() -> None:
    facts = read(
        html(
            '<p>find me <a href="https://www.instagram.com/kian">here <b>now</b></a></p>'
            '<div style="display:none"><a href="https://t.me/x">join</a></div>'
            '<a href="mailto:a@x.example">mail</a><a href="#top">up</a><a href="cid:1">pic</a>'
        )
    )
    assert [(link.host, link.text, link.source) for link in facts.links] == [
        ("www.instagram.com", "here now", TextSource.OWN),
        ("t.me", "join", TextSource.HIDDEN),
    ]


def test_the_text_and_html_alternatives_are_one_text() -> None:
    raw = multipart(
        "alternative",
        part("Hello there\nMore: https://x.example/a"),
        part("<p>Hello <b>there</b></p><p><a href=https://x.example/b>More</a></p>", "text/html"),
    )
    assert read(raw).own_text == "Hello there\nMore"


def test_words_that_stand_in_one_alternative_only_are_not_lost() -> None:
    for order in (1, -1):
        parts = [part("my insta is kian.plays"), part("<p>see you tomorrow</p>", "text/html")][::order]
        own = read(multipart("alternative", *parts)).own_text
        assert "my insta is kian.plays" in own
        assert "see you tomorrow" in own


def test_an_empty_html_alternative_leaves_the_text() -> None:
    assert (
        read(multipart("alternative", part("words"), part("<html></html>", "text/html"))).own_text == "words"
    )


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "markup",
    [
        "<div>" * 50_000 + "words" + "</div>" * 50_000,
        "".join(f"<b id={number}>" for number in range(5_000)) + "<p>words" * 5_000,
        "<a href=x>" * 20_000 + "words",
        "<table><tr><td>" * 5_000 + "words",
        "<p>words" * 200_000,
        "<" * 100_000 + "words",
        "<!--" * 100_000 + "words",
        "<style>" + "/*" * 100_000 + "</style>words",
        "<style>" + "@media{" * 50_000 + "</style>words",
        '<p style="' + "a:b;" * 100_000 + '">words',
        "words" + "&#8203;" * 200_000,
        "<svg>" * 3_000 + "words",
        "<select>" * 3_000 + "words",
        "<a" * 500_000,
        "<a>" + "<!--" * 300_000 + ">" * 10,
        "<b>" * 10_000 + "<script>" * 100_000 + "words",
        "<div><!--</div>-->" * 100_000 + "words",
        '<div><img alt="</div>">' * 6_000 + "words",
    ],
)
def test_hostile_markup_is_read_in_bounded_time(markup: str) -> None:
    facts = read(html(markup))
    assert facts.is_readable
    assert not any(defect.startswith("reading-fault") for defect in facts.defects)
    if not any(swallowing in markup for swallowing in ("<!--", "<<", "<svg>", "<select>", "<a<a")):
        assert "words" in facts.own_text


def test_formatting_elements_do_not_multiply_in_memory() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    opened = "".join(f"<b id={number}>" for number in range(2_000))
    facts = read(html(f"<p>{opened}words" + "<p>more" * 15_000))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert "words" in facts.own_text
    assert grown < 200_000, "kilobytes"


def test_renamed_formatting_keeps_links_words_and_hidden_words() -> None:
    filler = "<p>x</p>" * 300
    facts = read(
        html(f'{filler}<p>sn<b>ap</b> <a href="https://t.me/k">me</a> <font color="white">secret</font></p>')
    )
    assert facts.own_text.endswith("snap me")
    assert facts.hidden_text == "secret"
    assert facts.links[0].host == "t.me"
