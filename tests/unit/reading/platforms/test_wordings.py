"""Lines as services send them in many languages: each tells its event, and its person.

``tests/wordings``: event, language, line, who acts ("" where nobody is named), with tabs between.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from mailguard.reading.platforms_actor import name_of
from mailguard.reading.platforms_text import line_of, subject_readings
from tests.unit.reading.platforms.messages import facts_of, recognised, shipped

WORDINGS = Path(__file__).parents[3] / "wordings"


def examples(path: Path) -> list[tuple[str, str, str]]:
    rows = [
        line.split("\t")
        for line in path.read_text("utf-8").splitlines()
        if line.strip() and not line.startswith("#")
    ]
    return [(event, line, who.strip().strip('"')) for event, _, line, who in rows]


def told(line: str) -> tuple[str, str]:
    wordings, rules = shipped()._wordings[""], shipped()._rules
    found = next(filter(None, (wordings.find(reading) for reading in subject_readings(line, []))), None)
    if found is None:
        return "", ""
    return found.event.value, name_of(found.who, None, rules).shown if found.who else ""


@pytest.mark.parametrize("path", sorted(WORDINGS.glob("*.txt")), ids=lambda path: path.stem)
def test_every_line_tells_its_event_and_its_person(path: Path):
    rows = examples(path)

    wrong = [(line, event, who, told(line)) for event, line, who in rows if told(line) != (event, who)]

    assert len(rows) > 100
    assert not wrong


NO_CONTACTS = (
    "security",
    "moderation",
    "sign_up",
    "suggestion",
    "digest",
    "upload",
    "live",
    "marketing",
    "other",
)


def lines_of(*events: str) -> list[str]:
    """Lines of these events that say of nobody that he did something."""
    return [
        line
        for path in sorted(WORDINGS.glob("*.txt"))
        for event, line, who in examples(path)
        if event in events and (not who or event == "suggestion")
    ]


def test_what_a_person_types_behind_a_contact_makes_nothing_else_of_it():
    wordings = shipped()._wordings[""]
    typed = lines_of("security", "moderation")

    lost = [
        (line, found)
        for line in typed
        if (found := wordings.find(line_of(f"Tia Jones sent you a message: {line}"))) is None
        or (found.event.value, found.who) != ("direct_message", "Tia Jones")
    ]

    assert len(typed) > 200
    assert not lost


def test_a_subject_that_names_nobody_hides_no_contact_that_the_text_names():
    subjects = [line for line in lines_of(*NO_CONTACTS) if len(line) < 120]

    lost = [
        (subject, found and (found.event.value, found.actor))
        for subject in subjects
        if not (
            (
                found := shipped().recognise(
                    facts_of(
                        "Instagram <no-reply@mail.instagram.com>",
                        subject,
                        "Harvey Doyle sent you a message\n\nmiss its me\n\nReply\n",
                    )
                )
            )
            and found.actor == "Harvey Doyle"
            and found.event.value == "direct_message"
        )
    ]

    assert len(subjects) > 500
    assert not lost


# domain, subject, body (" / ": a line break), event, who acts
OF_ONE_SERVICE = (
    ("yammer.com", "News in Saltcombe Trust", "Christine Bowker praised Tom Yelland", "reaction", "Christine Bowker"),
    ("bebo.com", "Gemma O. drew on your Whiteboard", "Gemma O. left you a drawing and shared some Luv", "comment", "Gemma O."),
    ("bebo.com", "You've got mail from Gemma O.", "See it", "direct_message", "Gemma O"),
    ("bebo.com", "Gemma O. shared the Luv with you!", "See it", "reaction", "Gemma O."),
    ("quizlet.com", "your future self says thanks (40% off inside) 🧠", "See it", "marketing", ""),
    ("yubo.live", "Noa attend ta réponse 👀", "Noa t'a envoyé 2 messages sur Yubo.", "direct_message", "Noa"),
    ("yubo.live", "Noa is waiting for your reply", "Open Yubo", "direct_message", "Noa"),
    ("foursquare.com", "Dom P. checked you in at The Brass Monkey", "Dom P. says you're with them!", "mention", "Dom P."),
    ("foursquare.com", "Dom P. te ha registrado en La Mona", "Abrir", "mention", "Dom P."),
    ("ustream.tv", "chema_radio se ha unido a tu público (Crowd)", "¡Hola!", "follow", "chema_radio"),
    ("ustream.tv", "chema_radio has joined your crowd", "See it", "follow", "chema_radio"),
    ("wechat.com", "微信", "你正在将此邮箱绑定到微信帐号，请点击以下链接完成验证：", "security", ""),
    ("quora.com", "Perché il latte nel tè?", "Le storie migliori per Daria / Risposta di Oreste Bandini", "digest", ""),
    ("quora.com", "Warum Milch im Tee?", "Die besten Antworten für Daria / Antwort von Oreste Bandini", "digest", ""),
    ("quora.com", "चाय में दूध क्यों?", "आपके लिए आज के उत्तर", "digest", ""),
    ("quora.com", "Oreste Bandini ha risposto alla tua domanda", "Leggi", "comment", "Oreste Bandini"),
    ("photobucket.com", "We're holding 1,218 of your memories. Act before 1 March", "Your account is over its limit", "other", ""),
    ("vimeo.com", 'Jun Takeda invited you to review "Mud"', "See it", "share", "Jun Takeda"),
    ("riotgames.com", "You've received a penalty", "Text chat restricted", "moderation", ""),
    ("battle.net", "Suspensión de la cuenta: aviso", "Saludos", "moderation", ""),
    ("academia.edu", 'Tia Moss requested your paper "Mud"', "See it", "direct_message", "Tia Moss"),
    ("researchgate.net", "Bartosz Wilk has requested the full-text of your article", "See it", "direct_message", "Bartosz Wilk"),
    ("seesaw.me", "11 items are waiting for approval in P3", "Here's what happened in your class", "digest", ""),
    ("showbie.com", "Imogen Quill added a note in Music > Mud", "Imogen Quill wrote a note on her work:", "comment", "Imogen Quill"),
    ("tapestryjournal.com", "An observation you added has been liked", "Sam Dee and 1 other have liked it", "reaction", "Sam Dee"),
    ("parentpay.com", "ParentPay alert: your balance is low", "Dear customer", "other", ""),
    ("edmodo.com", "Edmodo: New Direct Post from Jalen T.", "Jalen T. › You", "direct_message", "Jalen T"),
    ("line.me", "[LINE] Email registration: your verification code", "See it", "security", ""),
    ("wechat.com", "微信安全中心：邮箱验证", "See it", "security", ""),
    ("whatsapp.com", "Koodhkaaga xaqiijinta ee WhatsApp", "Kood", "security", ""),
    ("lichess.org", "Log in to lichess.org", "Use this link", "security", ""),
    ("youtube.com", 'Dein Video "Mud" ist jetzt auf YouTube', "Ansehen", "upload", ""),
    ("ustream.tv", 'Your channel "Mud Cam" is on the air!', "See it", "live", ""),
    ("substack.com", "Celeste Roux just signed up to Damp Squib", "See it", "follow", "Celeste Roux"),
    ("steampowered.com", "Dein Steam-Account: Zugriff von neuem Computer", "Hallo", "security", ""),
    ("soundcloud.com", "tia_m reposted Mud", "See it", "reaction", "tia_m"),
    ("plus.google.com", "Hester Quill added you on Google+", "Follow and share", "follow", "Hester Quill"),
    ("plus.google.com", "Hester Quill added you on Google", "Follow and share", "follow", "Hester Quill"),
    ("yammer.com", "Kai Moos hat dich gelobt", "Ansehen", "reaction", "Kai Moos"),
    ("vimeo.com", 'Jun Takeda ha dejado una nota en "Mud"', "Ver", "comment", "Jun Takeda"),
    ("mastodon.social", "Mención privada de Odo Pike", "Hola", "direct_message", "Odo Pike"),
)  # fmt: skip


@pytest.mark.parametrize(("domain", "subject", "body", "event", "actor"), OF_ONE_SERVICE)
def test_what_one_service_says_in_its_own_way_tells_its_event_and_its_person(
    domain: str, subject: str, body: str, event: str, actor: str
):
    found = recognised(f"noreply@{domain}", subject, body.replace(" / ", "\n") + "\n")

    assert (found.event.value, found.actor) == (event, actor)


@pytest.mark.parametrize("name", ["Bob left a note on", "tia visitor message", "Luv", "your future self"])
def test_a_name_like_a_wording_hides_no_message(name: str):
    found = shipped()._wordings[""].find(line_of(f"{name} sent you a message"))

    assert found is not None
    assert (found.event.value, found.who) == ("direct_message", name)
