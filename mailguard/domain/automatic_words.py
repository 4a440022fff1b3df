"""Whether an automatic answer carries words somebody typed.

A read receipt or a calendar answer brings sentences its program wrote; a child's own words in one are the child's. What
a program wrote is known by its wording; everything else counts as typed: in the text, its signature, what it quotes or
hides, its subject, its enclosures.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from mailguard.domain.message import AutomaticMark, MessageFacts

# Whole sentences and nothing open-ended: what follows one of them must be a program's as well.
_PROGRAM_WROTE = re.compile(
    r"""(?:
      \b your \s (?:message|mail)
    | \b (?:was|has \s been|were) \s (?:read|opened|displayed|deleted(?: \s without \s being \s read)?|delivered) \b (?: \s on \b)?
    | \b this \s is \s (?:a|the) \s (?:return \s |read \s )? receipt \s for \s the \s (?:mail|e-?mail|message) \s
        (?:that \s )? you \s sent (?: \s to \b)?
    | \b note: \s this \s return \s receipt \s only \s acknowledges \s that \s the \s (?:message|mail) \s was \s displayed
        \s on \s the \s recipient['’]s \s (?:computer|machine)
    | \b (?:this|there) \s is \s no \s guarantee \s that \s the \s (?:recipient|message) \s has (?: \s been)? \s read
        \s (?:or|and) \s understood (?: \s the \s message \s contents)?
    | \b has \s (?:accepted|declined|tentatively \s accepted) \s (?:this|the|your) \s invitation \b
    | \b has \s replied \s ["“](?:yes|no|maybe)["”] \s to \s this \s invitation \b
    | \b you \s are \s receiving \s this \s e-?mail \s at \s the \s account \s because \s you \s are \s subscribed \s for
        \s invitation \s replies \s on \s calendar \b
    | \b (?:accepted|declined|tentative(?:ly \s accepted)?|not \s read|read) \s? :
    | \b (?:to|cc|from|subject|sent|date|when) \s? :
    )""",
    re.IGNORECASE | re.VERBOSE,
)
# Where it names its own page; looked for before names are left out, one of which might stand behind the address.
_GOOGLE = r"https://(?:www|calendar)\.google\.com/calendar/"
_GOOGLE_WROTE = re.compile(
    rf"""\b (?: invitation \s from \s google \s calendar: \s {_GOOGLE} (?!\S)
      | to \s stop \s receiving \s these \s e-?mails, \s please \s log \s in \s to \s {_GOOGLE}
        \s and \s change \s your \s notification \s settings \s for \s calendar \b )""",
    re.IGNORECASE | re.VERBOSE,
)
_GOOGLE_PAGE = re.compile(rf"{_GOOGLE}(?:event\?\S*)?", re.IGNORECASE)
_DATES = re.compile(
    r"""\b(?: \d{1,4} (?:st|nd|rd|th|am|pm)? | \d{1,2}:\d{2} (?::\d{2})? (?:am|pm)? | am | pm | gmt | bst | utc | at
      | (?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?
      | jan(?:uary)? | feb(?:ruary)? | mar(?:ch)? | apr(?:il)? | may | june? | july? | aug(?:ust)?
      | sept?(?:ember)? | oct(?:ober)? | nov(?:ember)? | dec(?:ember)? )\b
    | \(utc[+-]?[\d:]{0,6}\) (?: \s dublin, \s edinburgh, \s lisbon, \s london)? | \b united \s kingdom \s time \b
    # Between day and hour, and between hours.
    | (?<=\d{4}) \s ⋅ \s (?=\d{1,2}(?::\d\d|[ap]m)) | (?:(?<=:\d\d)|(?<=\d[ap]m)) \s – \s (?=\d{1,2}(?::\d\d|[ap]m))""",
    re.IGNORECASE | re.VERBOSE,
)
# A receipt is in the language of who read it: Outlook's in those of the homes of British pupils, each as a whole, with nothing
# else in it.
_MONTHS_ABROAD = (
    "stycznia|lutego|marca|kwietnia|maja|czerwca|lipca|sierpnia|września|października|listopada|grudnia"
    "|januar|februar|märz|april|mai|juni|juli|august|september|oktober|november|dezember"
    "|janvier|février|mars|avril|juin|juillet|août|septembre|octobre|novembre|décembre"
    "|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre"
    "|gennaio|febbraio|aprile|maggio|giugno|luglio|settembre|ottobre|dicembre"
    "|janeiro|fevereiro|março|maio|junho|julho|setembro|outubro|novembro|dezembro"
    "|ianuarie|februarie|martie|aprilie|iunie|iulie|septembrie|octombrie|noiembrie|decembrie"
    "|січня|лютого|березня|квітня|травня|червня|липня|серпня|вересня|жовтня|листопада|грудня"
)
_DAYS_ABROAD = (
    "poniedziałek|wtorek|środa|czwartek|piątek|sobota|niedziela"
    "|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag"
    "|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche"
    "|lunes|martes|miércoles|jueves|viernes|sábado|domingo"
    "|lunedì|martedì|mercoledì|giovedì|venerdì|sabato|domenica"
    "|segunda-feira|terça-feira|quarta-feira|quinta-feira|sexta-feira"
    "|luni|mar[țţ]i|miercuri|joi|vineri|sâmbătă|duminică"
    "|понеділок|вівторок|середа|четвер|п['’]ятниця|субота|неділя"
)
_ZONE_ABROAD = (
    r"\(utc[+-]?[\d:]{0,6}\)(?: (?:dublin|dublín|dublino|дублін), (?:edinburgh|édimbourg|edynburg|edimburgo?|единбург), "
    r"(?:lisbon|lissabon|lisbonne|lizbona|lisboa|lisbona|lisabona|лісабон), (?:london|londres|londyn|londra|лондон))?"
)
_DATE_ABROAD = (
    rf"(?:(?:{_DAYS_ABROAD}),? )?\d{{1,2}}(?:\.|er|º)? (?:de )?(?:{_MONTHS_ABROAD}) (?:de )?\d{{4}},?"
    rf" (?:(?:um|à|alle|às|a las|la|ora|о) )?\d{{1,2}}[:.]\d{{2}}(?:[:.]\d{{2}})?(?: (?:am|pm|uhr))?(?: {_ZONE_ABROAD})?"
)
# What stands before the subject that was read, and the text: to whom the mail was, its subject, when it was sent and read.
_RECEIPTS_ABROAD = (
    ("przeczytano", "twoja wiadomość do: <to> temat: <subject> wysłano: <date> została przeczytana <date>"),
    (
        "gelesen",
        "(?:ihre|deine) nachricht an: <to> betreff: <subject> gesendet: <date> wurde am <date> gelesen",
    ),
    ("lu", "votre message à ?: <to> objet ?: <subject> (?:envoyé|date) ?: <date> a été lu le <date>"),
    ("leído", "(?:el|su) mensaje para: <to> asunto: <subject> enviado(?: el)?: <date> fue leído el <date>"),
    ("letto", "il messaggio a: <to> oggetto: <subject> inviato: <date> è stato letto(?: il)? <date>"),
    ("lida", "(?:a )?sua mensagem para: <to> assunto: <subject> enviad[ao]: <date> foi lida(?: em)? <date>"),
    (
        "citit",
        "mesajul (?:dvs\\.?|dumneavoastră) către: <to> subiect: <subject> trimis: <date> a fost citit(?: la| pe)? <date>",
    ),
    ("прочитано", "ваше повідомлення кому: <to> тема: <subject> надіслано: <date> було прочитано <date>"),
)
_RECEIPT_SUBJECT = re.compile(
    r"\s*(?:(?:not )?read|read receipt|return receipt(?: \(displayed\))?|delivered|undeliverable)\s*(?::|-)",
    re.IGNORECASE,
)
# What mail systems put before the subject of what they answer by themselves. Not "Away:" or "Out of office:", which people type.
_ANSWER_SUBJECT = re.compile(
    r"\s*(?:automatic\ reply|out\ of\ office\ autoreply|automatische\ antwort|réponse\ automatique|respuesta\ automática"
    r"|odpowiedź\ automatyczna)\s*:",
    re.IGNORECASE,
)
# A letter, a digit, or a sign beyond ASCII: an emoji says something, too.
_SAYS_SOMETHING = re.compile(r"[^\W_]|[^\x00-\x7f]")
_STRUCTURE = frozenset(
    {
        "message/disposition-notification", "message/delivery-status", "message/global-delivery-status",
        "message/global-disposition-notification", "text/rfc822-headers", "message/global-headers",
        "text/calendar", "application/ics",
    }
)  # fmt: skip
_RECEIPT_CHARS = 2_000
_PIECES = re.compile(r"[^\W_]+")
_NAME_WORDS = 5  # who has more in the place of a name has typed something there
_ADDRESSEE_WORDS = 8  # address books name people with their office: "Mr T Brown (Head of Year 9, English)"
# The fields of a receipt take a few hundred bytes; a letter among them takes more.
_STRUCTURE_BYTES = 8_192


def has_own_words(facts: MessageFacts) -> bool:
    """True unless all that is left, after a program's own sentences, is nothing."""
    if facts.calendar is not None and facts.calendar.comment.strip():
        return True
    if _has_sentence_for_a_name(facts):
        return True
    aside = (facts.signature_text, facts.forwarded_text, facts.hidden_text)
    if any(_SAYS_SOMETHING.search(text) for text in aside) or _encloses_more(facts):
        return True
    if facts.automatic not in (AutomaticMark.REPORT, AutomaticMark.CALENDAR_REPLY):
        # Behind such a prefix stands what the other side had written, where this answers something.
        is_answer = bool(facts.header("in-reply-to")) and _ANSWER_SUBJECT.match(facts.subject) is not None
        texts = ("" if is_answer else facts.subject, facts.own_text, facts.quoted_text)
        return bool(facts.links) or any(_SAYS_SOMETHING.search(text) for text in texts)
    if facts.automatic is AutomaticMark.CALENDAR_REPLY and not all(
        _GOOGLE_PAGE.fullmatch(link.url) for link in facts.links
    ):
        return True
    if facts.automatic is AutomaticMark.REPORT and _is_receipt_abroad(facts):
        return False
    prefix = _RECEIPT_SUBJECT.match(facts.subject) if facts.automatic is AutomaticMark.REPORT else None
    # What was read is named by the subject it had; that is the other side's.
    answered = facts.subject[prefix.end() :] if prefix else ""
    known = [answered, facts.calendar.summary if facts.calendar is not None else ""]
    known += _names_of_reader(facts)
    subject = "" if prefix else facts.subject
    return any(_is_typed(text, known) for text in (subject, facts.own_text, facts.quoted_text))


def _has_sentence_for_a_name(facts: MessageFacts) -> bool:
    def longest(*fields: str) -> int:
        return max(
            (len(_PIECES.findall(mailbox.display_name)) for mailbox in facts.named(*fields)), default=0
        )

    return longest("From", "Sender", "Reply-To") > _NAME_WORDS or longest("To", "Cc") > _ADDRESSEE_WORDS


def _names_of_reader(facts: MessageFacts) -> list[str]:
    """Names and addresses of who answers and of whom is answered, as far as they are names: a receipt says who read what of whom."""
    return [
        name
        for mailbox in (*facts.named("From")[:1], *facts.named("To")[:1])
        for name in (mailbox.display_name, mailbox.address)
        if len(_PIECES.findall(name.partition("@")[0])) <= _NAME_WORDS
    ]


def _is_receipt_abroad(facts: MessageFacts) -> bool:
    """The text is a program's receipt from first word to last, of the subject in the header and for somebody in the headers."""
    before, colon, answered = facts.subject.partition(":")
    template = _compiled_receipts().get(before.strip().casefold()) if colon else None
    if template is None or facts.quoted_text.strip() or len(facts.own_text) > _RECEIPT_CHARS:
        return False
    match = template.fullmatch(" ".join(facts.own_text.split()).casefold().rstrip(". "))
    if match is None or match["subject"] != " ".join(answered.split()).casefold():
        return False
    return match["to"].strip("<>'\"") in {
        " ".join(name.split()).casefold() for name in _names_of_reader(facts)
    }


@cache
def _compiled_receipts() -> Mapping[str, re.Pattern[str]]:
    return {
        before: re.compile(
            text.replace("<to>", "(?P<to>.{1,120}?)")
            .replace("<subject>", "(?P<subject>.{1,400}?)")
            .replace("<date>", _DATE_ABROAD)
        )
        for before, text in _RECEIPTS_ABROAD
    }


def _encloses_more(facts: MessageFacts) -> bool:
    return any(
        part.declared_type not in _STRUCTURE or part.size_bytes > _STRUCTURE_BYTES
        for part in facts.attachments
    )


def _is_typed(text: str, known: list[str]) -> bool:
    """True when something is left of ``text`` without what a program writes and the ``known`` names."""
    rest = _GOOGLE_WROTE.sub(" ", " ".join(text.split())).casefold()
    for name in sorted({" ".join(name.split()).casefold() for name in known}, key=len, reverse=True):
        if len(name) > 1:
            rest = rest.replace(name, " ")
    rest = " ".join(_PROGRAM_WROTE.sub(" ", " ".join(rest.split())).split())
    return _SAYS_SOMETHING.search(_DATES.sub(" ", rest)) is not None
