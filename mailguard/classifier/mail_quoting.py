"""Older mail below, above or between the words of a letter, as programs of many makes and languages put it there."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape

from mailguard.classifier import mail_phrases as phrases
from mailguard.classifier.corpus import parse_records
from mailguard.classifier.mail_html import Rewrite, apple_html, gmail_html, outlook_html, paragraphs_html
from mailguard.domain.words import Kind, Nature
from mailguard.shipped import shipped_path

_HARMLESS = frozenset({Nature.ADMIN, Nature.SCHOOLWORK, Nature.OTHER})
_EVERY_FILE = 5  # some thousands of texts are enough to differ
_LONGEST = 500
_MONTH_NUMBERS = (9, 10, 11, 12, 1, 2, 3, 5, 6)


@dataclass(frozen=True, slots=True)
class Block:
    """The same words as plain text and as HTML."""

    plain: str
    html: str


@dataclass(frozen=True, slots=True)
class OldMail:
    """Somebody else's mail that is quoted or passed on. ``when``: as the program's language writes it."""

    name: str
    address: str
    recipient: str
    subject: str
    body: str
    language: str
    when: dict[str, str]

    @property
    def sent(self) -> str:
        return f"{self.when['d']} {self.when['mon']} {self.when['y']} {self.when['t']}"


@cache
def harmless_texts() -> tuple[str, ...]:
    """Bodies of harmless letters of the shipped corpus, in its order: what people quote is mostly ordinary."""
    folder = shipped_path("corpus") / "direct"
    found: list[str] = []
    for path in sorted(folder.glob("*.txt"))[::_EVERY_FILE]:
        records, _ = parse_records(path.read_text("utf-8-sig"), file=path.name)
        found.extend(
            record.body
            for record in records
            if record.kind is Kind.DIRECT and _HARMLESS.issuperset(record.natures) and record.body.strip()
        )
    return tuple(found)


def old_mail(text: str, subject: str, recipient: str, language: str, rng: random.Random) -> OldMail:
    """A mail that `text` may answer or pass on; never the text itself."""
    texts = harmless_texts()
    body = rng.choice(texts)
    while body.strip() == text.strip():
        body = rng.choice(texts)
    if len(body) > _LONGEST:
        body = body[:_LONGEST].rpartition(" ")[0]
    if rng.random() < 0.12:
        body = f"{body}\n\n{_marked(rng.choice(texts)[:_LONGEST])}"
    name = rng.choice(phrases.NAMES)
    local = "".join(letter for letter in name.lower() if letter.isascii() and letter.isalpha()) or "post"
    month = rng.randrange(len(_MONTH_NUMBERS))
    months, days = phrases.MONTHS.get(language), phrases.WEEKDAYS.get(language)
    return OldMail(
        name=name,
        address=f"{local}@{rng.choice(('post.example', 'mail.example', 'school.example', 'office.example'))}",
        recipient=recipient,
        subject=subject or rng.choice(phrases.QUOTED_SUBJECTS),
        body=body,
        language=language,
        when={
            "d": str(rng.randrange(1, 29)),
            "m": str(_MONTH_NUMBERS[month]),
            "mon": (months or phrases.MONTHS["en"]).split()[month],
            "wd": rng.choice((days or phrases.WEEKDAYS["en"]).split()),
            "y": str(rng.choice((2024, 2025, 2026))),
            "t": f"{rng.randrange(7, 22):02}:{rng.randrange(60):02}",
        },
    )


def program_language(language: str, rng: random.Random) -> str:
    """The language of the writer's program: mostly English or the text's own, now and then any."""
    chance = rng.random()
    own = language.partition("-")[0]
    if chance < 0.08:
        return rng.choice(tuple(phrases.ATTRIBUTIONS))
    return own if chance < 0.7 and own in phrases.ATTRIBUTIONS else "en"


def _attribution(old: OldMail, rng: random.Random) -> str:
    template = rng.choice(phrases.ATTRIBUTIONS[old.language])
    return template.format(name=old.name, address=old.address, **old.when)


def _marked(text: str) -> str:
    return "\n".join(f"> {line}" if line else ">" for line in text.split("\n"))


def _gmail(old: OldMail, rng: random.Random, rewrite: Rewrite) -> Block:
    said = _attribution(old, rng)
    shown = escape(said, quote=False).replace(
        f"&lt;{old.address}&gt;", f'&lt;<a href="mailto:{old.address}">{old.address}</a>&gt;'
    )
    html = (
        f'<br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">{shown}<br></div>'
        '<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);'
        f'padding-left:1ex">{gmail_html(old.body, rewrite)}</blockquote></div>'
    )
    return Block(f"{said}\n\n{_marked(old.body)}", html)


def _apple(old: OldMail, rng: random.Random, rewrite: Rewrite) -> Block:
    said = _attribution(old, rng)
    html = (
        f'<div><br><blockquote type="cite"><div>{escape(said, quote=False)}</div><br class="Apple-interchange-newline">'
        f"<div>{apple_html(old.body, rewrite)}</div></blockquote></div>"
    )
    return Block(f"{_marked(said)}\n> \n{_marked(old.body)}", html)


def _thunderbird(old: OldMail, rng: random.Random, rewrite: Rewrite) -> Block:
    said = _attribution(old, rng)
    html = (
        f'<div class="moz-cite-prefix">{escape(said, quote=False)}<br></div><blockquote type="cite" '
        f'cite="mid:{rng.getrandbits(40):x}@{old.address.partition("@")[2]}">{paragraphs_html(old.body, rewrite)}</blockquote>'
    )
    return Block(f"{said}\n{_marked(old.body)}", html)


def _header_lines(old: OldMail) -> list[tuple[str, str]]:
    labels = phrases.HEADER_LABELS.get(old.language) or phrases.HEADER_LABELS["en"]
    values = (f"{old.name} <{old.address}>", old.sent, old.recipient, old.subject)
    return list(zip(labels, values, strict=True))


def _header_html(old: OldMail) -> str:
    return "<br>\n".join(
        f"<b>{escape(label)}</b> {escape(value, quote=False)}" for label, value in _header_lines(old)
    )


def _outlook(old: OldMail, rng: random.Random, rewrite: Rewrite) -> Block:
    lines = "\n".join(f"{label} {value}" for label, value in _header_lines(old))
    above = rng.choice(
        ("", "________________________________\n", f"{phrases.ORIGINALS.get(old.language, '')}\n".lstrip())
    )
    html = (
        '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal">'
        f"{_header_html(old)}<o:p></o:p></p></div>\n{outlook_html(old.body, rewrite)}"
    )
    return Block(f"{above}{lines}\n\n{old.body}", html)


def _outlook_web(old: OldMail, rng: random.Random, rewrite: Rewrite) -> Block:
    lines = "\n".join(f"{label} {value}" for label, value in _header_lines(old))
    html = (
        '<hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr"><font '
        f'face="Calibri, sans-serif" style="font-size:11pt" color="#000000">{_header_html(old)}</font><div>&nbsp;</div></div>'
        f"<div>{paragraphs_html(old.body, rewrite)}</div>"
    )
    return Block(f"________________________________\n{lines}\n\n{old.body}", html)


def _samsung(old: OldMail, rng: random.Random, rewrite: Rewrite) -> Block:
    mark = phrases.SAMSUNG_ORIGINALS.get(old.language) or phrases.SAMSUNG_ORIGINALS["en"]
    lines = [
        f"From: {old.name} <{old.address}>",
        f"Date: {old.when['d']}/{old.when['m']}/{old.when['y']} {old.when['t']} (GMT+00:00)",
        f"To: {old.recipient}",
        f"Subject: {old.subject}",
    ]
    html = (
        f'<div style="font-size:100%;color:#000000" dir="auto"><div>{mark}</div>'
        f"{''.join(f'<div>{escape(line, quote=False)} </div>' for line in lines)}<div><br></div></div>"
        f"{paragraphs_html(old.body, rewrite)}"
    )
    return Block("\n".join([mark, *lines, "", old.body]), html)


def _yahoo(old: OldMail, rng: random.Random, rewrite: Rewrite) -> Block:
    said = _attribution(old, rng)
    html = (
        '<div id="yahoo_quoted_1" class="yahoo_quoted"><div style="font-family:Helvetica;font-size:13px">'
        f"<div>{escape(said, quote=False)}</div><div><br></div><div>{paragraphs_html(old.body, rewrite)}</div></div></div>"
    )
    return Block(f"{said}\n\n{_marked(old.body)}", html)


_Way = Callable[[OldMail, random.Random, Rewrite], Block]
_WAYS: dict[str, Sequence[_Way]] = {
    "outlook": (_outlook,),
    "outlook-web": (_outlook_web,),
    "gmail": (_gmail,),
    "phone": (_samsung, _outlook_web, _gmail, _yahoo),
    "apple": (_apple,),
    "paragraphs": (_thunderbird, _gmail, _outlook),
    "table": (_gmail, _thunderbird),
}


def quotation(old: OldMail, layout: str, rng: random.Random, rewrite: Rewrite) -> Block:
    """`old` as a program of this layout quotes it below an answer."""
    return rng.choice(_WAYS[layout])(old, rng, rewrite)


def marked_quotation(old: OldMail, rng: random.Random, rewrite: Rewrite) -> Block:
    """`old` under an attribution with a mark at every line, so that words may stand below or between."""
    return rng.choice((_gmail, _thunderbird))(old, rng, rewrite)


def interleaved(old: OldMail, text: str, html_of: Callable[[str], str], rng: random.Random) -> Block:
    """The paragraphs of `text` between quoted lines."""
    asked = [line for line in old.body.split("\n") if line.strip()] or [old.body]
    answers = [part for part in text.split("\n\n") if part.strip()] or [text]
    said = _attribution(old, rng)
    plain, html = [said], [f"<div>{escape(said, quote=False)}</div>"]
    for number, answer in enumerate(answers):
        line = asked[number % len(asked)]
        plain += [_marked(line), "", answer, ""]
        html.append(
            f'<blockquote type="cite">{escape(line, quote=False)}</blockquote><div>{html_of(answer)}</div>'
        )
    return Block("\n".join(plain).rstrip("\n"), "\n".join(html))


def forwarded(old: OldMail, layout: str, rng: random.Random, rewrite: Rewrite) -> Block:
    """`old` passed on below a word of the sender's."""
    match layout:
        case "apple":
            return _apple_forward(old, rewrite)
        case "outlook" | "outlook-web":
            return quotation(old, layout, rng, rewrite)
        case _:
            return _gmail_forward(old, rewrite)


def _gmail_forward(old: OldMail, rewrite: Rewrite) -> Block:
    lines = [
        "---------- Forwarded message ---------",
        f"From: {old.name} <{old.address}>",
        f"Date: {old.sent}",
        f"Subject: {old.subject}",
        f"To: {old.recipient}",
    ]
    html = (
        '<br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">'
        f"{'<br>'.join(escape(line, quote=False) for line in lines)}<br></div><br><br>{gmail_html(old.body, rewrite)}</div>"
    )
    return Block("\n".join([*lines, "", "", old.body]), html)


def _apple_forward(old: OldMail, rewrite: Rewrite) -> Block:
    mark = phrases.APPLE_FORWARDS.get(old.language) or phrases.APPLE_FORWARDS["en"]
    subject, date = f"Subject: {old.subject}", f"Date: {old.sent}"
    lines = [f"From: {old.name} <{old.address}>", subject, date, f"To: {old.recipient}"]
    html = (
        f'<div><br><blockquote type="cite"><div>{mark}</div><br class="Apple-interchange-newline">'
        f"{''.join(f'<div>{escape(line, quote=False)}</div>' for line in lines)}<br>"
        f"<div>{apple_html(old.body, rewrite)}</div></blockquote></div>"
    )
    return Block(f"{mark}\n\n{_marked(chr(10).join([*lines, '', old.body]))}", html)
