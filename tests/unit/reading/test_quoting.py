from __future__ import annotations

import pytest

from mailguard.reading.message import read
from tests.unit.reading.composing import html, mail

REPLY = ("Subject: Re: homework", "In-Reply-To: <1@stoswins.example>")


def split(body: str, *fields: str) -> tuple[str, str, str, str]:
    facts = read(mail(body.replace("\n", "\r\n"), *fields))
    return facts.own_text, facts.quoted_text, facts.forwarded_text, facts.signature_text


@pytest.mark.parametrize(
    "attribution",
    [
        "On Tue, 3 Nov 2026 at 09:20, Ann Lee <a.lee@stoswins.example> wrote:",
        "On Tue, 3 Nov 2026 at 09:20, Ann Lee\n<a.lee@stoswins.example> wrote:",
        "Am 03.11.2026 um 09:20 schrieb Ann Lee:",
        "Le mar. 3 nov. 2026 à 09:20, Ann Lee <a.lee@stoswins.example> a écrit :",
        "El mar, 3 nov 2026 a las 9:20, Ann Lee (<a.lee@stoswins.example>) escribió:",
        "Il giorno mar 3 nov 2026 alle ore 09:20 Ann Lee <a.lee@stoswins.example> ha scritto:",
        "Em ter., 3 de nov. de 2026 às 09:20, Ann Lee <a.lee@stoswins.example> escreveu:",
        "Op di 3 nov 2026 om 09:20 schreef Ann Lee <a.lee@stoswins.example>:",
        "wt., 3 lis 2026 o 09:20 Ann Lee <a.lee@stoswins.example> napisał(a):",
        "Den tis 3 nov. 2026 kl 09:20 skrev Ann Lee <a.lee@stoswins.example>:",
        "вт, 3 нояб. 2026 г. в 09:20, Ann Lee <a.lee@stoswins.example>:",
        "Ann Lee wrote:",
        "Ann Lee <a.lee@stoswins.example> 于2026年11月3日周二 09:20写道：",
        "Ann Lee <a.lee@stoswins.example> 於 2026年11月3日 週二 上午9:20寫道：",
        "2026年11月3日(火) 9:20 Ann Lee <a.lee@stoswins.example>さんは書きました:",
        "2026년 11월 3일 (화) 09:20, Ann Lee <a.lee@stoswins.example>님이 작성:",
    ],
)
def test_quoted_lines_and_who_wrote_them_are_quoted(attribution: str) -> None:
    own, quoted, _, _ = split(f"ok thanks\n\n{attribution}\n> please hand it in\n>> nested\n", *REPLY)
    assert "please hand it in" in quoted
    assert "nested" in quoted
    assert own.startswith("ok thanks")
    assert "please" not in own


def test_answers_between_quoted_lines_are_own_words() -> None:
    own, quoted, _, _ = split("On 3 Nov 2026, A wrote:\n> one?\nyes\n> two?\nno\n", *REPLY)
    assert own.split() == ["yes", "no"]
    assert "one?" in quoted
    assert "two?" in quoted


def test_other_quotation_marks_are_found_by_their_repetition() -> None:
    own, quoted, _, _ = split("On 3 Nov 2026, A wrote:\n| one?\n| two?\n\nboth\n", *REPLY)
    assert own.strip() == "both"
    assert "two?" in quoted


def test_unmarked_old_text_below_who_wrote_it_is_quoted() -> None:
    own, quoted, _, _ = split(
        "its erin lol\n\nOn Mon, 2 Nov 2026 at 12:10, L <l@stoswins.example> wrote:\nDear Mrs R\n", *REPLY
    )
    assert own == "its erin lol"
    assert "Dear Mrs R" in quoted


def test_an_answer_below_an_unmarked_quotation_is_not_lost() -> None:
    own, _, _, _ = split(
        "On Mon, 2 Nov 2026 at 12:10, L <l@stoswins.example> wrote:\nDear Mrs R\n\nmy insta is kian\n", *REPLY
    )
    assert "my insta is kian" in own


@pytest.mark.parametrize(
    "separator",
    [
        "-----Original Message-----\nFrom: Ann Lee\nSent: Tuesday",
        "-----Ursprüngliche Nachricht-----\nVon: Ann Lee",
        "----- Mensaje original -----\nDe: Ann Lee",
        "________________________________\nFrom: Ann Lee <a@stoswins.example>\nSent: 3 November 2026\nTo: "
        "Kian\nSubject: homework",
        "From: Ann Lee <a@stoswins.example>\nDate: 3 November 2026\nTo: Kian\nSubject: homework",
        "*From:* Ann Lee <a@stoswins.example>\n*Sent:* 3 November 2026\n*To:* Kian\n*Subject:* homework",
        "Von: Ann Lee\nGesendet: Dienstag\nAn: Kian\nBetreff: homework",
        "De : Ann Lee\nEnvoyé : mardi\nÀ : Kian\nObjet : homework",
        "Od: Ann Lee\nWysłano: wtorek\nDo: Kian\nTemat: homework",
    ],
)
def test_a_separator_starts_the_old_mail(separator: str) -> None:
    own, quoted, _, _ = split(f"ok thanks\n\n{separator}\n\nplease hand it in\n", *REPLY)
    assert own == "ok thanks"
    assert "please hand it in" in quoted


@pytest.mark.parametrize(
    ("marker", "senders"),
    [
        (
            "---------- Forwarded message ---------\nFrom: Ava <ava@pupils.example>\nDate: today\nSubject: "
            "x\nTo: y",
            ["ava@pupils.example"],
        ),
        ("Begin forwarded message:\n\nFrom: Ava <ava@pupils.example>\nSubject: x", ["ava@pupils.example"]),
        (
            "-------- Weitergeleitete Nachricht --------\nVon: Ava <ava@pupils.example>\nBetreff: x",
            ["ava@pupils.example"],
        ),
        (
            "-------- Message transféré --------\nDe : Ava <ava@pupils.example>\nObjet : x",
            ["ava@pupils.example"],
        ),
        ("---- Forwarded by A on 3 Nov ----", []),
    ],
)
def test_forwarded_words_and_their_sender_are_apart(marker: str, senders: list[str]) -> None:
    facts = read(mail(f"see below\n\n{marker}\n\nhelp me please\n".replace("\n", "\r\n"), "Subject: Fwd: x"))
    assert facts.own_text == "see below"
    assert "help me please" in facts.forwarded_text
    assert [one.address for one in facts.forwarded_senders] == senders


def test_outlooks_header_block_in_a_forward_is_forwarded() -> None:
    body = (
        "Helen, see this\r\n\r\nFrom: Ava <ava@pupils.example>\r\nSent: today\r\nTo: A\r\nSubject: hi\r\n"
        "\r\nhelp me\r\n"
    )
    facts = read(mail(body, "Subject: FW: hi", "In-Reply-To: <1@x.example>"))
    assert facts.own_text == "Helen, see this"
    assert "help me" in facts.forwarded_text
    assert facts.forwarded_senders[0].address == "ava@pupils.example"


def test_words_below_apples_marked_forward_are_own_again() -> None:
    body = (
        "Begin forwarded message:\r\n\r\n> From: A <a@x.example>\r\n> Subject: x\r\n> hello\r\n\r\nwhat do "
        "you think\r\n"
    )
    facts = read(mail(body))
    assert facts.own_text == "what do you think"
    assert "hello" in facts.forwarded_text
    assert facts.forwarded_senders[0].address == "a@x.example"


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        ("words\n-- \nSam\nx.example", "Sam"),
        ("words\n\nSent from my iPhone", "Sent from my iPhone"),
        ("words\n\nGet Outlook for iOS<https://aka.ms/o0ukef>", "Get Outlook"),
        ("words\n\nEnvoyé de mon iPhone", "iPhone"),
        ("words\n\nVon meinem iPhone gesendet", "iPhone"),
        (
            "words\n\nThis email and any attachments are confidential and intended for\nthe addressee only.",
            "addressee only",
        ),
        (
            "words\n\nGwen Parry\nSchool Office\nTel: 0151 496 0100\nFollow us: facebook.com/x",
            "facebook.com/x",
        ),
        ("words\n-----BEGIN PGP SIGNATURE-----\nabc\n-----END PGP SIGNATURE-----", "abc"),
    ],
)
def test_signatures_are_apart(body: str, signature: str) -> None:
    own, _, _, found = split(body)
    assert own == "words"
    assert signature in found


@pytest.mark.parametrize(
    "body",
    [
        "words\n\nTyler\nsnap: tyler.j09\n07700 900123",
        "thanks\ntyler\nhttps://chat.whatsapp.com/abc",
        "-- \n" + "\n".join(f"line {number} of a long letter" for number in range(40)),
        "> please can you add me\n> on snap",
        "he wrote: hello\nand she said:\nnothing",
        "I sent from my phone the picture you wanted to see, the long one, remember? and this sentence is "
        "not a signature at all because it is so long",
        "From: the heart, To: you",
        "this email is confidential miss dont show anyone",
        "Sent from my phone add me on snap kian.plays",
    ],
)
def test_what_cannot_be_told_apart_is_own(body: str) -> None:
    own, _, _, _ = split(body)
    assert own.split() == [word for word in body.split() if word != ">"]


def test_gmails_quotation_is_quoted_and_answers_in_it_are_own() -> None:
    facts = read(
        html(
            '<div dir="ltr">top</div><div class="gmail_quote"><div class="gmail_attr">On Tue, 3 Nov 2026 '
            "at 09:20, A &lt;a@x.example&gt; wrote:"
            '</div><blockquote class="gmail_quote">old one</blockquote><div>between</div><blockquote '
            'class="gmail_quote">old two</blockquote>'
            "</div><div>bottom</div>",
            *REPLY,
        )
    )
    assert facts.own_text.split() == ["top", "between", "bottom"]
    assert "old one" in facts.quoted_text
    assert "old two" in facts.quoted_text


def test_gmails_forward_ends_with_its_container() -> None:
    facts = read(
        html(
            '<div>see</div><div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message '
            "---------<br>From: <b>Ava</b> "
            "&lt;<a href='mailto:ava@pupils.example'>ava@pupils.example</a>&gt;<br>Subject: hi<br></div>"
            "help me</div><div>bye</div>",
            "Subject: Fwd: hi",
        )
    )
    assert facts.own_text.split() == ["see", "bye"]
    assert "help me" in facts.forwarded_text
    assert facts.forwarded_senders[0].address == "ava@pupils.example"


def test_outlooks_old_mail_is_quoted_to_the_end() -> None:
    facts = read(
        html(
            '<div>thanks</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>From:</b> A<br>'
            "<b>Sent:</b> today<br>"
            "<b>To:</b> B<br><b>Subject:</b> x</div><div>old words</div>",
            *REPLY,
        )
    )
    assert facts.own_text == "thanks"
    assert "old words" in facts.quoted_text


def test_apples_and_yahoos_quotations_are_quoted() -> None:
    apple = read(
        html('<div>hi</div><div><blockquote type="cite">On 3 Nov, A wrote:<br>old</blockquote></div>', *REPLY)
    )
    yahoo = read(
        html(
            '<div>hi</div><div class="yahoo_quoted"><div>On Tuesday A wrote:</div><div>old</div></div>',
            *REPLY,
        )
    )
    for facts in (apple, yahoo):
        assert facts.own_text == "hi"
        assert "old" in facts.quoted_text


def test_an_indented_paragraph_is_no_quotation() -> None:
    facts = read(
        html(
            '<div>hi</div><blockquote style="margin:0 0 0 40px;border:none;padding:0px">my '
            "words</blockquote>",
            *REPLY,
        )
    )
    assert facts.own_text == "hi\nmy words"


def test_a_signature_container_is_signature() -> None:
    facts = read(html('<div>hi</div><div class="gmail_signature">Sam<br>x.example</div>'))
    assert facts.own_text == "hi"
    assert facts.signature_text == "Sam\nx.example"


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "line",
    [
        "> x",
        "-- ",
        "On 1, a wrote:",
        "From: a",
        "-----Original Message-----",
        "This email is confidential",
        "wrote:",
    ],
)
def test_hostile_lines_take_bounded_time(line: str) -> None:
    assert read(mail(f"{line}\r\n" * 30_000)).is_readable


@pytest.mark.parametrize(
    "own",
    [
        "Am scared to go home, he hits me",
        "On 2 nights he came in",
        "A man follows me at 3.30",
        "12 of them hit me today",
        "El hombre me pega",
        "On Tuesday 3 March 2026 he was waiting again",
    ],
)
def test_words_right_above_an_attribution_are_the_senders(own: str) -> None:
    attribution = "On 2 Feb 2025, at 15:00, Mr Holt <h@school.example> wrote:"
    plain = f"From: a@b.example\r\nSubject: Re: x\r\n\r\n{own}\r\n{attribution}\r\n> see you\r\n"
    assert read(plain.encode()).own_text == own
    page = f'<p>{own}</p><div class="moz-cite-prefix">{attribution}</div><blockquote type="cite">see you</blockquote>'
    header = "From: a@b.example\r\nSubject: Re: x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    found = read(f"{header}{page}".encode())
    assert found.own_text == own
    assert "see you" in found.quoted_text


@pytest.mark.parametrize(
    "attribution",
    [
        "On Mon, 2 Feb 2025 at 15:00, A Very Long Name Of Somebody <\r\nverylong@school.example> wrote:",
        "Am 02.02.2025 um 15:00 schrieb Frau Sehr Langer Name\r\n<a@b.example>:",
        "On Tuesday, April 14, 2026, Jo Smith\r\n<jo@x.example>\r\nwrote:",
    ],
)
def test_an_attribution_may_go_on_over_lines(attribution: str) -> None:
    found = read(f"From: a@b.example\r\n\r\nthanks\r\n\r\n{attribution}\r\n> old\r\n".encode())
    assert found.own_text.strip() == "thanks"


@pytest.mark.parametrize("subject", ["Help", "Re: homework"])
@pytest.mark.parametrize(
    "told",
    [
        "On 14 November Mr Brown said to him:\nif you tell anybody I will hurt you",
        "On 2 nights last week my uncle came to my room\nand then he wrote this to me on my phone:\nyou are mine dont tell",
        "In 2025 he wrote to me:\nyou are mine",
        "What he said, in his own words:\n| you are mine",
    ],
)
def test_what_somebody_said_or_wrote_is_told_in_the_senders_own_words(subject: str, told: str) -> None:
    own, quoted, _, _ = split(f"I need help miss\n{told}\nim so scared\n", f"Subject: {subject}")
    assert own == f"I need help miss\n{told}\nim so scared"
    assert quoted == ""


@pytest.mark.parametrize(
    "attribution",
    [
        "On Monday, Ella Smith\n<ella@x.example> wrote:",
        "El viernes, 27 de noviembre de\n2026 a las 10:02, Ella escribió:",
    ],
)
def test_attributions_of_programs_are_known_in_answers_without_marks(attribution: str) -> None:
    own, quoted, _, _ = split(f"thanks\n\n{attribution}\n\nplease meet me\n", *REPLY)
    assert own.strip() == "thanks"
    assert "please meet me" in quoted
