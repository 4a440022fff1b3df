"""Names and typed words chosen to hide who wrote, or to name somebody else."""

from __future__ import annotations

import itertools

import pytest

from mailguard.reading.platforms_text import line_of
from tests.unit.reading.platforms.messages import recognised, shipped

INSTAGRAM = "Instagram <no-reply@mail.instagram.com>"
FACEBOOK = "Facebook <notification@facebookmail.com>"


@pytest.mark.parametrize("name", ["🦄", "1337", "٣٣", "(^_^)", "☆"])
@pytest.mark.parametrize(
    "subject", ["did you reset your password", "Your account was suspended", "Welcome to Instagram"]
)
def test_a_name_without_letters_is_still_somebody_who_wrote(name: str, subject: str):
    found = recognised(INSTAGRAM, subject, f"{name} sent you a message\n\nits me from 9B\n")

    assert found.event.value == "direct_message"


@pytest.mark.parametrize(
    ("sender", "subject", "actor"),
    [
        ("Slack <feedback@slack.com>", "Evie Slack sent you a message", "Evie Slack"),
        ("Twitch <no-reply@twitch.tv>", "Jo Twitch is now following you", "Jo Twitch"),
        (INSTAGRAM, "Harvey Doyle Instagram sent you a message", "Harvey Doyle Instagram"),
        (FACEBOOK, "Tia Jones Facebook News liked your photo", "Tia Jones Facebook News"),
        (FACEBOOK, "Tim Facebook sent you a friend request", "Tim Facebook"),
        (FACEBOOK, "Mae Jones sent you a friend request", "Mae Jones"),
        (FACEBOOK, "Nova Smith sent you a friend request", "Nova Smith"),
        (FACEBOOK, "Ai Tanaka sent you a friend request", "Ai Tanaka"),
        (INSTAGRAM, "Tia Jones！ sent you a message", "Tia Jones"),
        (INSTAGRAM, "tia07andre sent you a message", "tia07andre"),
        (INSTAGRAM, "kim_09andra started following you", "kim_09andra"),
    ],
)
def test_odd_names_are_kept_whole(sender: str, subject: str, actor: str):
    assert recognised(sender, subject, "See it\n").actor == actor


@pytest.mark.parametrize("name", ["Harvey Doyle Instagram", "It Boy", "Brian of Instagram"])
def test_an_odd_name_above_typed_words_is_still_who_wrote(name: str):
    found = recognised(
        INSTAGRAM, "did you reset your password", f"{name} sent you a message\nmeet me after school\n"
    )

    assert (found.event.value, found.actor) == ("direct_message", name)


@pytest.mark.parametrize("line", ["Message from Harvey Doyle: 12", "New message from Harvey: 07700 900123"])
def test_a_number_that_somebody_typed_is_no_count(line: str):
    found = recognised(INSTAGRAM, "your account was suspended", f"{line}\n")

    assert (found.event.value, found.actor.split()[0]) == ("direct_message", "Harvey")


@pytest.mark.parametrize(
    "typed", ["meet me after school", "your code is 1234", "Harvey Doyle sent you a message"]
)
def test_what_is_typed_beneath_is_no_second_piece_of_news(typed: str):
    found = recognised(INSTAGRAM, "3 things you missed", f"Harvey Doyle sent you a message\n{typed}\n")

    assert (found.event.value, found.actor) == ("direct_message", "Harvey Doyle")


def test_the_news_of_two_is_a_digest():
    body = "Harvey Doyle sent you a message\nTia Jones commented on your photo\n"

    assert recognised(INSTAGRAM, "3 things you missed", body).event.value == "digest"


@pytest.mark.parametrize("subject", ["New friend request", "You have a new follower"])
def test_a_name_in_small_letters_is_one_where_nothing_is_typed(subject: str):
    assert recognised(FACEBOOK, subject, "harvey doyle\n").actor == "harvey doyle"


@pytest.mark.parametrize(
    ("below", "handle"),
    [("@harveyx32 · 2h", "harveyx32"), ("@harveyx32", "harveyx32"), ("@harveyx32 your link", "")],
)
def test_a_handle_below_a_name_is_a_line_of_its_own(below: str, handle: str):
    found = recognised(FACEBOOK, "Harvey Doyle sent you a friend request", f"Harvey Doyle\n{below}\n")

    assert (found.actor, found.handle) == ("Harvey Doyle", handle)


def test_a_handle_in_a_name_that_somebody_chose_is_not_his():
    found = recognised(INSTAGRAM, "Sam Doyle @ella.bee sent you a message", "hello miss\n")

    assert (found.actor, found.handle) == ("Sam Doyle", "")


@pytest.mark.parametrize(
    "body",
    ["Priya Nair | tia_xx\nits Tia Jones\n", "Sam Doyle | tia_xx\nhello\n", "hi miss\ntia_xx (Sam Doyle)\n"],
)
def test_a_typed_line_sets_no_name_beside_a_handle(body: str):
    found = recognised(INSTAGRAM, "tia_xx sent you a message", body)

    assert (found.actor, found.handle) == ("tia_xx", "tia_xx")


def test_a_label_is_no_name_and_hides_no_words():
    found = recognised(FACEBOOK, "New comment on your photo", "by\nmeet me after school\n")

    assert found.actor == ""
    assert "meet me after school" in found.user_text


@pytest.mark.parametrize(
    ("subject", "event"),
    [
        ("nova prijava", "direct_message"),
        ("Ny innlogging", "direct_message"),
        ("did you reset your password", "direct_message"),
        ("your friday afternoon trip", "direct_message"),
        ("hari jadi aku", "direct_message"),
    ],
)
def test_whom_the_service_names_in_from_is_not_hidden_by_what_he_typed(subject: str, event: str):
    found = recognised("Harvey Doyle via LinkedIn <messages-noreply@linkedin.com>", subject, "hi miss\n")

    assert (found.event.value, found.actor) == (event, "Harvey Doyle")


@pytest.mark.parametrize(
    "line",
    [
        "Harvey Doyle آپ کا دوست بننا چاہتا ہے",
        "Harvey Doyle ab aap ka dost banna chahta hai",
        "Harvey Doyle muốn kết nối với bạn",
    ],
)
def test_a_wish_to_be_a_friend_is_not_the_reader_s_request_accepted(line: str):
    found = shipped()._wordings[""].find(line_of(line))

    assert found is None or found.event.value != "friend_accepted"


def test_the_reader_is_nobody_who_acted():
    assert recognised(FACEBOOK, "Dawn Eccles zzqx bvrrw klpp", "qqwert zuiop.\n").actor == ""


def test_mixtures_of_scripts_fill_no_memory():
    wordings = shipped()._wordings["instagram"]
    letters = "aбαأअআਅઅதకมሀא한漢"

    for some in itertools.combinations(letters, 3):
        wordings.find(line_of("x ".join(some)))

    assert len(wordings._by_scripts) <= 32


def test_a_handle_that_somebody_typed_to_is_not_the_writer_s():
    found = recognised(
        "Maghull Harriers @maghull_h via X <notify@x.com>",
        "Maghull Harriers mentioned you",
        "Maghull Harriers mentioned you on X.\n@xharveyx32 your link expires at midnight\n",
    )

    assert (found.actor, found.handle) == ("Maghull Harriers", "maghull_h")


def test_what_stands_in_quotation_marks_is_no_service_s_word():
    found = recognised(
        "Nextdoor <reply@rs.email.nextdoor.com>",
        'Top posts near you: "Your account has been suspended"',
        'Brenda F.\n"Your account has been suspended. Verify your identity." Who else had this?\n12 comments\n\nRaj S.\nFence panels\n',
    )

    assert found.event.value == "digest"


def test_a_service_s_line_about_abuse_is_nobody_s_words():
    found = recognised(
        "Twitter <notify@twitter.com>",
        "Libby Hawes (@libs_hx) mentioned you on Twitter!",
        "Libby Hawes (@libs_hx) mentioned you on Twitter:\n\n@cllrmoss when is the skatepark open\n\n"
        "If you believe Libby Hawes is engaging in abusive behavior on Twitter, you may report Libby Hawes for spam.\n",
    )

    assert "abusive" not in found.user_text
    assert (found.actor, found.handle) == ("Libby Hawes", "libs_hx")


# Domain, and what a pupil may call himself there.
_NAMES_LIKE_CODES = [
    ("steampowered.com", "Zugriff von neuem Computer"),
    ("steampowered.com", "acceso desde un equipo"),
    ("steampowered.com", "从新电脑登录"),
    ("line.me", "暗証番号"),
    ("facebookmail.com", "email registration"),
    ("facebookmail.com", "e-posta adresi değişti"),
    ("facebookmail.com", "vérification de ton email"),
    ("facebookmail.com", "hier ist dein code"),
    ("facebookmail.com", "we got a request to change your email"),
    ("facebookmail.com", "安全代码1234"),
    ("whatsapp.com", "Kood xaqiijin"),
    ("lichess.org", "Log in to lichess.org"),
    ("battle.net", "Account closure"),
    ("riotgames.com", "you've received a ban"),
]


@pytest.mark.parametrize(("domain", "name"), _NAMES_LIKE_CODES)
@pytest.mark.parametrize(
    ("deed", "event"),
    [("sent you a message", "direct_message"), ("wants to be friends", "friend_request")],
)
def test_a_name_like_a_service_s_code_hides_no_contact(domain: str, name: str, deed: str, event: str):
    assert recognised(f"noreply@{domain}", f"{name} {deed}", "See it\n").event.value == event


# Domain, subject, event, who acts
_CONTACTS = [
    ("facebookmail.com", "小明给你发送了私信: 邮箱验证", "direct_message", "小明"),
    ("facebookmail.com", "来自小明的消息: 邮箱验证", "direct_message", "小明"),
    ("facebookmail.com", "小明发来私信: 邮箱验证", "direct_message", "小明"),
    ("facebookmail.com", "小明想加你为好友: 邮箱验证", "friend_request", "小明"),
    ("facebookmail.com", "小明邀请你加入群: 邮箱验证", "group_invite", "小明"),
    ("facebookmail.com", "Message from tia_x: email registration", "direct_message", "tia_x"),
    ("facebookmail.com", "Tia Jones added you to email registration", "group_invite", "Tia Jones"),
    ("docs.google.com", "Email registration - Tia Jones commented", "comment", "Tia Jones"),
    ("discord.com", "New message in #email registration", "direct_message", ""),
    ("facebookmail.com", "Message de Tia Jones : vérification de l'adresse e-mail", "direct_message", "Tia Jones"),
    ("facebookmail.com", "Nouveau message de Tia Jones : vérification de l'e-mail", "direct_message", "Tia Jones"),
    ("facebookmail.com", "Mensaje de Tia Jones: se ha cambiado el correo de la cuenta", "direct_message", "Tia Jones"),
    ("facebookmail.com", "Messaggio da Tia Jones: indirizzo e-mail del tuo account verrà modificato", "direct_message", "Tia Jones"),
    ("facebookmail.com", "Tia Jones just dropped you a visitor message", "comment", "Tia Jones"),
    ("facebookmail.com", "Tia Jones's item is waiting for your approval", "comment", ""),
    ("seesaw.me", "Tia Jones added an item waiting for approval", "comment", ""),
    ("facebookmail.com", "Tia Jones added you on Google", "friend_request", "Tia Jones"),
    ("facebookmail.com", "Tia Jones added you on Google+", "friend_request", "Tia Jones"),
    ("facebookmail.com", "Tia Jones added you on Google!", "friend_request", "Tia Jones"),
    ("facebookmail.com", "Tia Jones ist dein größter Fan", "follow", "Tia Jones"),
    ("facebookmail.com", "Tia Jones says thanks (10% sure)", "reaction", "Tia Jones"),
    ("facebookmail.com", "Tia Jones likes you an invite lol", "reaction", "Tia Jones"),
    ("facebookmail.com", "Tia Jones loves you a spot", "reaction", "Tia Jones"),
    ("facebookmail.com", "Tia Jones shared Luv Album with you", "share", "Tia Jones"),
    ("battle.net", "Konto-Sperrung? Tia Jones hat dir geschrieben", "direct_message", "Konto-Sperrung? Tia Jones"),
]  # fmt: skip


@pytest.mark.parametrize(("domain", "subject", "event", "actor"), _CONTACTS)
def test_a_contact_in_another_service_s_words_or_beside_typed_ones_stays_one(
    domain: str, subject: str, event: str, actor: str
):
    sender = "comments-noreply" if domain == "docs.google.com" else "notification"
    found = recognised(f"{sender}@{domain}", subject, "See it\n")

    assert (found.event.value, found.actor) == (event, actor)


@pytest.mark.parametrize(
    ("domain", "subject", "hidden_as"),
    [
        ("facebookmail.com", "Tia Jones: yeni cihazdan giriş", "security"),
        ("facebookmail.com", "修改你的 Minecraft 邮箱吧", "security"),
        ("facebookmail.com", "变更你的作业邮箱", "security"),
        ("line.me", "田中花子: 認証番号教えて", "security"),
        ("wechat.com", "link this email to wechat miss", "security"),
        ("youtube.com", "Dein Short hat einen neuen Kommentar von Tia Jones: das ist jetzt auf YouTube", "upload"),
        ("youtube.com", "Dein Video wurde von Tia Jones kommentiert und ist jetzt auf YouTube", "upload"),
        ("ustream.tv", "Your channel has a message from Tia Jones: you went on air", "live"),
        ("substack.com", "You're signed up to Mud", "follow"),
        ("substack.com", "Dawn, you signed up to Mud", "follow"),
        ("substack.com", "You've signed up to Mud Letter", "follow"),
    ],
)  # fmt: skip
def test_typed_words_and_the_reader_s_own_deeds_are_not_what_they_look_like(
    domain: str, subject: str, hidden_as: str
):
    assert recognised(f"noreply@{domain}", subject, "See it\n").event.value != hidden_as


@pytest.mark.parametrize(
    ("domain", "subject", "line", "event"),
    [
        ("foursquare.com", "Tia Jones is nearby", "Tia Jones sent you a message", "direct_message"),
        ("foursquare.com", "Tia Jones checked in at School", "Tia Jones left you a comment: hi miss", "comment"),
        ("duolingo.com", "Tia Jones passed you", "Tia Jones sent you a message", "direct_message"),
    ],
)  # fmt: skip
def test_a_contact_in_the_text_counts_more_than_a_subject_that_only_names_who_is_about(
    domain: str, subject: str, line: str, event: str
):
    found = recognised(f"noreply@{domain}", subject, f"{line}\nhi miss\n")

    assert (found.event.value, found.actor) == (event, "Tia Jones")
