"""What counts as words of a child's own in an automatic answer (row X3): anything that no program wrote."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from mailguard.domain.automatic_words import has_own_words
from mailguard.domain.message import (
    Attachment,
    AttachmentFamily,
    AutomaticMark,
    Calendar,
    Link,
    Mailbox,
    MessageFacts,
    TextSource,
)

WORDS = "meet me at the park at five"
RECEIPT = """Your message

   To: Niamh Lewis
   Subject: portfolio deadline
   Sent: Monday, November 9, 2026 3:20:00 PM (UTC+00:00) Dublin, Edinburgh, Lisbon, London

was read on 9 November 2026 20:51."""
THUNDERBIRD = """This is a Return Receipt for the mail that you sent to niamh@pupils.hill.example.

Note: This Return Receipt only acknowledges that the message was displayed on the recipient's computer.
There is no guarantee that the recipient has read or understood the message contents."""


# Subject and text as Outlook writes them, in the language of who read the mail.
ABROAD = {
    "pl": (
        "Przeczytano: portfolio",
        "Twoja wiadomość\n\n   Do: Niamh Lewis\n   Temat: portfolio\n   Wysłano: 29 września 2026 09:12\n\n"
        "została przeczytana 29 września 2026 18:10.",
    ),
    "de": (
        "Gelesen: portfolio",
        "Ihre Nachricht\n\n   An: Niamh Lewis\n   Betreff: portfolio\n   Gesendet: Dienstag, 29. September 2026 09:12\n\n"
        "wurde am Dienstag, 29. Oktober 2026 18:10 gelesen.",
    ),
    "fr": (
        "Lu : portfolio",
        "Votre message\n\n   À : Niamh Lewis\n   Objet : portfolio\n   Envoyé : mardi 29 septembre 2026 09:12\n\n"
        "a été lu le mardi 29 septembre 2026 18:10.",
    ),
    "es": (
        "Leído: portfolio",
        "El mensaje\n\n   Para: Niamh Lewis\n   Asunto: portfolio\n   Enviado: martes, 29 de septiembre de 2026 9:12\n\n"
        "fue leído el martes, 29 de septiembre de 2026 18:10.",
    ),
    "it": (
        "Letto: portfolio",
        "Il messaggio\n\n   A: Niamh Lewis\n   Oggetto: portfolio\n   Inviato: martedì 29 settembre 2026 09:12\n\n"
        "è stato letto il martedì 29 settembre 2026 18:10.",
    ),
    "pt": (
        "Lida: portfolio",
        "A sua mensagem\n\n   Para: Niamh Lewis\n   Assunto: portfolio\n   Enviada: terça-feira, 29 de setembro de 2026 09:12\n\n"
        "foi lida em terça-feira, 29 de setembro de 2026 18:10.",
    ),
    "ro": (
        "Citit: portfolio",
        "Mesajul dvs.\n\n   Către: Niamh Lewis\n   Subiect: portfolio\n   Trimis: marți, 29 septembrie 2026 09:12\n\n"
        "a fost citit marți, 29 septembrie 2026 18:10.",
    ),
    "uk": (
        "Прочитано: portfolio",
        "Ваше повідомлення\n\n   Кому: Niamh Lewis\n   Тема: portfolio\n   Надіслано: вівторок, 29 вересня 2026 09:12\n\n"
        "було прочитано вівторок, 29 вересня 2026 18:10.",
    ),
}


def facts(mark: AutomaticMark = AutomaticMark.REPORT, **more: Any) -> MessageFacts:
    basic: dict[str, Any] = {
        "sha256": "0" * 64,
        "content_sha256": "0" * 64,
        "size_bytes": 900,
        "subject": "Read: portfolio deadline" if mark is AutomaticMark.REPORT else "",
        "mailboxes": (Mailbox("niamh@pupils.hill.example", "Niamh Lewis", "From"),),
        "automatic": mark,
        "attachments": (enclosed("message/disposition-notification"),)
        if mark is AutomaticMark.REPORT
        else (),
    }
    return MessageFacts(**(basic | more))


def enclosed(
    declared_type: str, size_bytes: int = 300, family: AttachmentFamily = AttachmentFamily.OTHER
) -> Attachment:
    return Attachment("", declared_type, "", family, size_bytes, "0" * 64)


def calendar(summary: str, comment: str = "") -> Calendar:
    return Calendar("REPLY", "t.brown@hill.example", ("niamh@pupils.hill.example",), summary, comment)


@pytest.mark.parametrize(
    "text", ["", RECEIPT, THUNDERBIRD, "Your message was displayed on 9 Nov 2026 at 20:51"]
)
def test_a_receipt_as_programs_write_it_has_no_words_of_its_own(text: str) -> None:
    assert not has_own_words(facts(own_text=text))


@pytest.mark.parametrize("language", ABROAD)
def test_a_receipt_in_the_language_of_its_reader_has_no_words_of_its_own(language: str) -> None:
    subject, text = ABROAD[language]
    assert not has_own_words(facts(subject=subject, own_text=text))


@pytest.mark.parametrize("language", ABROAD)
def test_a_receipt_in_another_language_may_name_the_zone(language: str) -> None:
    subject, text = ABROAD[language]
    zoned = re.sub(r"(\d\d?:\d\d)", r"\1:05 (UTC+00:00) Dublin, Edinburgh, Lisbon, London", text)
    assert not has_own_words(facts(subject=subject, own_text=zoned))


@pytest.mark.parametrize("language", ABROAD)
@pytest.mark.parametrize(
    "word",
    [
        "jutro",
        "mai",
        "gelesen",
        "do:",
        "a",
        "lunes",
        "ok",
        "5. dezember um 17:30",
        "0770 0900 123",
        "😘",
        "P.S.",
    ],
)
def test_words_in_a_receipt_in_another_language_are_the_childs(language: str, word: str) -> None:
    subject, text = ABROAD[language]
    place = text.index(":")
    for said in (
        f"{text} {word}",
        f"{word} {text}",
        f"{text[:place]} {word} {text[place:]}",
        f"{text}\n{text}",
    ):
        assert has_own_words(facts(subject=subject, own_text=said))


@pytest.mark.parametrize("language", ABROAD)
def test_a_receipt_in_another_language_is_of_the_subject_in_the_header_and_for_somebody_there(
    language: str,
) -> None:
    subject, text = ABROAD[language]
    before = subject.partition(":")[0]
    assert has_own_words(facts(subject=f"{before}: {WORDS}", own_text=text))
    assert has_own_words(facts(subject=f"{before} - portfolio", own_text=text))
    assert has_own_words(facts(subject=f"{subject} {WORDS}", own_text=""))
    assert has_own_words(facts(subject=subject, own_text=text.replace("Niamh Lewis", WORDS)))
    assert has_own_words(facts(subject=subject, own_text=text, quoted_text=WORDS))


@pytest.mark.parametrize(
    "text",
    [
        "sábado, 5 de diciembre a las 7 pm",
        "5. dezember um 17:30",
        "domenica 6 dicembre alle 17 0770 0900 123",
        "an: 0770 0900 123 gelesen",
        "a: do: an: à: para:",
    ],
)
def test_an_appointment_in_another_language_is_no_receipt(text: str) -> None:
    for subject in ("", "Gelesen: portfolio", "Read: portfolio deadline"):
        assert has_own_words(facts(subject=subject, own_text=text))


@pytest.mark.parametrize(
    "subject", ["Accepted: Poetry rehearsal", "Declined: Poetry rehearsal @ Mon 9 Nov 2026 15:20"]
)
def test_a_calendar_answer_that_names_its_meeting_has_no_words_of_its_own(subject: str) -> None:
    answer = facts(AutomaticMark.CALENDAR_REPLY, subject=subject, calendar=calendar("Poetry rehearsal"))
    assert not has_own_words(answer)


# As Google Calendar writes it, then and now.
GOOGLE = """Niamh Lewis has {answer} this invitation{note}.

Poetry rehearsal

Wednesday 2 Dec 2026 ⋅ 12:30 – 13:10
United Kingdom Time

Invitation from Google Calendar: https://calendar.google.com/calendar/"""
GOOGLE_ONCE = """Niamh Lewis has {answer} this invitation{note}.

Poetry rehearsal
Wed 2 Dec 2026 12:30 – 13:10

Invitation from Google Calendar: https://www.google.com/calendar/

You are receiving this email at the account t.brown@hill.example because you are subscribed for invitation replies on
calendar t.brown@hill.example.

To stop receiving these emails, please log in to https://www.google.com/calendar/ and change your notification settings for
calendar t.brown@hill.example."""


def google_answer(text: str, *, answer: str = "accepted", note: str = "") -> MessageFacts:
    return facts(
        AutomaticMark.CALENDAR_REPLY,
        subject="Accepted: Poetry rehearsal @ Wed 2 Dec 2026 12:30 - 13:10 (GMT) (t.brown@hill.example)",
        mailboxes=(
            Mailbox("niamh@pupils.hill.example", "Niamh Lewis", "From"),
            Mailbox("t.brown@hill.example", "", "To"),
        ),
        calendar=calendar("Poetry rehearsal"),
        own_text=text.format(answer=answer, note=note),
    )


@pytest.mark.parametrize("text", [GOOGLE, GOOGLE_ONCE])
@pytest.mark.parametrize(
    "answer", ["accepted", "declined", "tentatively accepted", 'replied "Maybe" to', "replied “Yes” to"]
)
def test_a_calendar_answer_as_google_writes_it_has_no_words_of_its_own(text: str, answer: str) -> None:
    assert not has_own_words(google_answer(text, answer=answer))


@pytest.mark.parametrize("text", [GOOGLE, GOOGLE_ONCE])
@pytest.mark.parametrize(
    "note", [f' with this note: "{WORDS}"', " – see you", ' with this note: "😘"', f"\n{WORDS}"]
)
def test_a_note_in_a_calendar_answer_as_google_writes_it_is_the_childs(text: str, note: str) -> None:
    assert has_own_words(google_answer(text, note=note))
    assert has_own_words(google_answer(f"{text}{WORDS}"))


@pytest.mark.parametrize("typed", ["143 – 143", "07700 ⋅ 900123", "𝟭𝟰𝟯 – 𝟭𝟰𝟯", "25 Nov 2026 – 143"])
def test_dashes_that_no_program_sets_are_the_childs(typed: str) -> None:
    assert has_own_words(google_answer(GOOGLE.replace("Poetry rehearsal", f"Poetry rehearsal {typed}")))


def test_numbers_that_go_on_googles_page_are_the_childs() -> None:
    assert has_own_words(google_answer(f"{GOOGLE}1234"))


def test_a_name_behind_googles_page_makes_no_other_page_of_it() -> None:
    answer = replace(
        google_answer(f"{GOOGLE}u/0?cid=abc"),
        mailboxes=(
            Mailbox("niamh@pupils.hill.example", "Niamh Lewis", "From"),
            Mailbox("t.brown@hill.example", "u/0?cid=abc", "To"),
        ),
    )
    assert has_own_words(answer)


@pytest.mark.parametrize(
    ("url", "is_typed"),
    [
        ("https://calendar.google.com/calendar/", False),
        ("https://calendar.google.com/calendar/event?action=VIEW&eid=abc", False),
        ("https://www.google.com/calendar/", False),
        ("https://calendar.google.com/calendar/u/0?cid=abc", True),
        ("https://discord.example/abc", True),
        ("http://calendar.google.com.evil.example/calendar/", True),
    ],
)
def test_a_link_in_a_calendar_answer_leads_to_its_own_page_or_is_the_childs(url: str, is_typed: bool) -> None:
    link = Link(url, url.split("/")[2], "", TextSource.OWN)
    assert has_own_words(replace(google_answer(GOOGLE), links=(link,))) is is_typed


@pytest.mark.parametrize("mark", [AutomaticMark.REPORT, AutomaticMark.CALENDAR_REPLY])
@pytest.mark.parametrize("field", ["To", "Cc", "Reply-To", "Sender"])
def test_a_sentence_in_the_place_of_any_name_counts(mark: AutomaticMark, field: str) -> None:
    sender = Mailbox("niamh@pupils.hill.example", "Niamh Lewis", "From")
    spoken = Mailbox("t.brown@hill.example", f"please miss {WORDS} tonight", field)
    assert has_own_words(facts(mark, mailboxes=(sender, spoken)))
    office = Mailbox("t.brown@hill.example", "Mr T Brown (Head of Year 9)", "To")
    assert not has_own_words(facts(mark, mailboxes=(sender, office)))


@pytest.mark.parametrize(
    "text",
    [
        WORDS,
        f"To: {WORDS}",
        f"On: {WORDS}",
        f"Accepted: {WORDS}",
        f"Ella has accepted this invitation {WORDS}",
        f"Your message was read. {WORDS}",
        f"This is a receipt {WORDS}",
        f"Return receipt {WORDS}",
        f"{RECEIPT}\n{WORDS}",
        f"{THUNDERBIRD} {WORDS}",
        "😘",
    ],
)
def test_words_among_a_programs_sentences_are_the_childs(text: str) -> None:
    assert has_own_words(facts(own_text=text))


def test_a_sentence_in_the_place_of_a_name_counts() -> None:
    sender = (Mailbox("niamh@pupils.hill.example", f"{WORDS} miss", "From"),)
    assert has_own_words(facts(mailboxes=sender, own_text=f"{WORDS} miss was read"))


@pytest.mark.parametrize("place", ["signature_text", "forwarded_text", "hidden_text", "quoted_text"])
@pytest.mark.parametrize("mark", [AutomaticMark.REPORT, AutomaticMark.CALENDAR_REPLY, AutomaticMark.NONE])
def test_words_count_wherever_in_the_message_they_stand(mark: AutomaticMark, place: str) -> None:
    assert has_own_words(facts(mark, **{place: WORDS}))


@pytest.mark.parametrize("mark", [AutomaticMark.REPORT, AutomaticMark.CALENDAR_REPLY, AutomaticMark.NONE])
def test_a_subject_of_the_childs_own_counts_even_when_the_text_repeats_it(mark: AutomaticMark) -> None:
    assert has_own_words(facts(mark, subject=WORDS))
    assert has_own_words(facts(mark, subject=WORDS, own_text=WORDS))


def test_a_calendar_answer_under_another_subject_than_its_meeting_has_words() -> None:
    answer = facts(
        AutomaticMark.CALENDAR_REPLY, subject=f"Accepted: {WORDS}", calendar=calendar("Poetry rehearsal")
    )
    assert has_own_words(answer)
    assert has_own_words(facts(AutomaticMark.CALENDAR_REPLY, calendar=calendar("Poetry", comment=WORDS)))


@pytest.mark.parametrize("mark", [AutomaticMark.REPORT, AutomaticMark.CALENDAR_REPLY, AutomaticMark.NONE])
@pytest.mark.parametrize(
    "kind", ["image/png", "text/plain", "application/pdf", "message/rfc822", "audio/ogg"]
)
def test_whatever_is_enclosed_beside_the_structure_counts(mark: AutomaticMark, kind: str) -> None:
    assert has_own_words(facts(mark, attachments=(enclosed(kind),)))


def test_a_status_part_too_large_for_its_fields_counts() -> None:
    assert has_own_words(facts(attachments=(enclosed("message/delivery-status", size_bytes=50_000),)))


def test_a_link_without_words_counts_under_a_null_sender() -> None:
    link = Link("https://a.example/", "a.example", "", TextSource.OWN)
    assert has_own_words(facts(AutomaticMark.NONE, links=(link,)))
    assert not has_own_words(facts(AutomaticMark.NONE))
